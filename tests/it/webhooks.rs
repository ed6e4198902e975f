//! Webhooks as an app gets them: a receiver that dies and comes back, a server that is killed, and
//! what arrived held against what was saved.
//!
//! Short unless `COSCRIBE_LONG` is set: then edits go on for a minute.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use coscribe::{
    client::{Client, Options},
    clock::{Clock, SystemClock},
    ids::DocumentName,
    random::{Random, SeededRandom},
    storage::{disk::StdDisk, reader::Reader},
};
use ring::hmac;
use serde_json::Value;
use tokio::{runtime::Runtime, sync::watch};

use crate::{examples, http};

const SECRET: &str = "a-secret-of-16-bytes-or-more";

/// Ends a program of ours however the test ends.
struct Running(Child);

impl Running {
    fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ended");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Starts a server that tells `receiver`; gives its address once it serves.
fn serve(data: &Path, listen: &str, receiver: SocketAddr) -> (Running, SocketAddr) {
    let child = Command::new(env!("CARGO_BIN_EXE_coscribe"))
        .args(["serve", "--listen", listen, "--log", "warn", "--data"])
        .arg(data)
        .args(["--webhook-url", &format!("http://{receiver}/"), "--webhook-name", "test"])
        .args([
            "--webhook-secret",
            SECRET,
            "--webhook-debounce",
            "20ms",
            "--webhook-content",
            "text",
        ])
        .current_dir(data.parent().expect("it has one"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut child = Running(child);
    let lines = BufReader::new(child.0.stdout.take().expect("it is piped")).lines();
    let at = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("Coscribe is at http://")?.parse().ok());
    (child, at.expect("it says where it is"))
}

/// What came in, as it came.
#[derive(Default)]
struct Inbox {
    /// Of each document, the events in the order in which they came; an event that came again is
    /// only counted.
    told: BTreeMap<String, Vec<Value>>,
    ids: HashMap<String, Value>,
    again: usize,
}

struct Shared {
    inbox: Mutex<Inbox>,
    forged: Mutex<usize>,
    count: watch::Sender<usize>,
    random: SeededRandom,
}

/// A receiver with threads of its own, so that it can be killed as a process is.
struct Receiver {
    runtime: Runtime,
    address: SocketAddr,
}

impl Receiver {
    fn start(address: &str, shared: &Arc<Shared>) -> Self {
        let runtime = Runtime::new().expect("there are threads");
        let app = Router::new().route("/", post(receive)).with_state(Arc::clone(shared));
        let bind = async { tokio::net::TcpListener::bind(address).await.expect("it is free") };
        let listener = std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(bind)).join().expect("no panic")
        });
        let address = listener.local_addr().expect("it listens");
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime, address }
    }

    fn kill(self) {
        // Its connections break and its address is free; what it was doing is not done.
        let runtime = self.runtime;
        let ending = std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(9)));
        ending.join().expect("no panic");
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(id) = verified(&headers, &body) else {
        *shared.forged.lock().expect("no panic") += 1;
        return StatusCode::UNAUTHORIZED;
    };
    // Refused before it is kept, and refused although it is kept: both happen to real ones.
    if shared.random.below(10) == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    let mut inbox = shared.inbox.lock().expect("no panic");
    if let Some(before) = inbox.ids.insert(id, event.clone()) {
        assert_eq!(before["data"]["to"], event["data"]["to"], "the same event says the same");
        inbox.again += 1;
    } else {
        let document = event["data"]["document"].as_str().expect("a name").to_owned();
        inbox.told.entry(document).or_default().push(event);
    }
    drop(inbox);
    let is_first = *shared.count.borrow() == 0;
    shared.count.send_modify(|count| *count += 1);
    if is_first || shared.random.below(20) == 0 {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::NO_CONTENT
    }
}

fn verified(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let header = |name| headers.get(name)?.to_str().ok();
    let (id, seconds) = (header("webhook-id")?, header("webhook-timestamp")?);
    let signature = STANDARD.decode(header("webhook-signature")?.strip_prefix("v1,")?).ok()?;
    let message = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&key, &message, &signature).ok().map(|()| id.to_owned())
}

/// Complaints about what a document's events leave out, repeat or put in the wrong order.
fn gaps(events: &[Value], last: u64) -> Vec<String> {
    let mut gaps = Vec::new();
    if events.first().is_none_or(|event| event["type"] != "document.created") {
        gaps.push("it does not begin with its creation".to_owned());
    }
    let mut next = 1;
    for event in events.iter().filter(|event| event["type"] == "document.changed") {
        let (from, to) = (event["data"]["from"].as_u64(), event["data"]["to"].as_u64());
        if from != Some(next) || to < from {
            gaps.push(format!("{next} should be next, not {from:?} to {to:?}"));
        }
        next = to.unwrap_or(0) + 1;
    }
    if next != last + 1 {
        gaps.push(format!("{} was the last told, {last} the last saved", next - 1));
    }
    gaps
}

/// What the store of a dead server has: the last entry of each document.
fn saved(data: &Path) -> BTreeMap<String, u64> {
    let reader = Reader::open(data, Arc::new(StdDisk)).expect("it is a store");
    let documents = reader.documents();
    documents.iter().map(|info| (info.name.as_str().to_owned(), info.last.0)).collect()
}

/// Holds what arrived against what was saved: nothing is missing, nothing forged, all in order.
fn check(shared: &Shared, saved: &BTreeMap<String, u64>, clients: &[Client]) {
    let inbox = shared.inbox.lock().expect("no panic");
    for ((name, last), client) in saved.iter().zip(clients) {
        let events = &inbox.told[name];
        assert_eq!(gaps(events, *last), Vec::<String>::new(), "{name}");
        let content = &events.last().expect("some")["data"]["content"]["value"];
        assert_eq!(content.as_str().map(str::trim_end), Some(&client.text()[..]), "{name}");
    }
    assert_eq!(*shared.forged.lock().expect("no panic"), 0);
    assert!(inbox.again > 0, "some came twice, and were known by their ids");
}

/// People type while receiver and server die in turns; every change arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_dies_under_load_and_a_server_that_is_killed_miss_nothing() {
    let long = std::env::var_os("COSCRIBE_LONG").is_some();
    let (documents, least, time) = if long { (8, 6, 60) } else { (3, 2, 0) };
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("store");
    let shared = Arc::new(Shared {
        inbox: Mutex::default(),
        forged: Mutex::default(),
        count: watch::channel(0).0,
        random: SeededRandom::new(11),
    });
    let mut counted = shared.count.subscribe();
    let mut receiver = Some(Receiver::start("127.0.0.1:0", &shared));
    let address = receiver.as_ref().expect("it runs").address;
    let (mut server, at) = serve(&data, "127.0.0.1:0", address);
    let names: Vec<_> = (0..documents).map(|number| format!("d{number}")).collect();
    let url = format!("ws://{at}/ws");
    let open = |name: &String| {
        Client::connect(&url, &DocumentName::new(name).expect("a name"), Options::default())
    };
    let clients: Vec<_> = names.iter().map(|name| open(name).expect("an address")).collect();

    let (begun, random, mut round) = (SystemClock::new(), SeededRandom::new(12), 0_u32);
    while round < 4 * least || begun.elapsed() < Duration::from_secs(time) {
        for client in &clients {
            for _ in 0..=random.below(5) {
                client.edit(|text| text.push("x")).expect("may edit");
                client.saved().await.expect("may edit");
            }
        }
        match round % 4 {
            0 => {
                // Under way, so that something is in the middle of being told.
                let so_far = *counted.borrow_and_update();
                counted.wait_for(|count| *count > so_far).await.expect("it counts");
            }
            1 => receiver.take().expect("it runs").kill(),
            2 => {
                server.kill();
                (server, _) = serve(&data, &at.to_string(), address);
            }
            _ => receiver = Some(Receiver::start(&address.to_string(), &shared)),
        }
        round += 1;
    }
    for client in &clients {
        client.saved().await.expect("may edit");
    }
    // Before any client comes back, whose memory could heal a loss.
    server.kill();
    let saved = saved(&data);
    assert_eq!(saved.len(), documents);
    let (server, _) = serve(&data, &at.to_string(), address);
    let receiver = receiver.unwrap_or_else(|| Receiver::start(&address.to_string(), &shared));
    let arrived = |shared: &Shared| {
        let inbox = shared.inbox.lock().expect("no panic");
        saved.iter().all(|(name, last)| {
            let told = inbox.told.get(name).and_then(|events| events.last());
            told.is_some_and(|event| event["data"]["to"].as_u64() == Some(*last))
        })
    };
    counted.wait_for(|_| arrived(&shared)).await.expect("it counts");

    check(&shared, &saved, &clients);
    eprintln!("{} edits in {round} rounds", saved.values().sum::<u64>());
    server.kill();
    receiver.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_takes_what_is_signed_and_nothing_else() {
    let mut child = Running(examples::start("webhooks_receiver", &["127.0.0.1:0", SECRET]));
    let stdout = child.0.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let line = lines.next().expect("it says where it is");
    let address: SocketAddr =
        line.strip_prefix("listening on ").expect("it says so").parse().expect("an address");
    let forged = http::exchange_at(
        address,
        b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\
          webhook-id: test_1\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AAAA\r\n\r\n{}",
    );
    assert_eq!(forged.await.status, 401);
    let directory = tempfile::tempdir().expect("a directory");
    let (server, at) = serve(&directory.path().join("store"), "127.0.0.1:0", address);
    let url = format!("ws://{at}/ws");
    let name = DocumentName::new("notes").expect("a name");
    let client = Client::connect(&url, &name, Options::default()).expect("an address");
    client.edit(|text| text.push("Hello")).expect("may edit");
    client.saved().await.expect("may edit");
    let told = tokio::task::spawn_blocking(move || [lines.next(), lines.next()]);
    let told = told.await.expect("no panic").map(Option::unwrap_or_default);
    assert_eq!(told[0], "document.created notes null");
    assert!(told[1].starts_with("document.changed notes "), "{told:?}");
    server.kill();
}
