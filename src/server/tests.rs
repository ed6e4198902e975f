//! A whole server, started and stopped.

use std::sync::atomic::Ordering;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::sleep,
};

use super::{config::Written, *};
use crate::{
    clock::TestClock,
    crdt::MetaChanges,
    history::History,
    identity::Author,
    ids::DocumentName,
    limits::{Limits, RETENTION_EVERY},
    random::SeededRandom,
    storage::{held::Held, memory::Memory},
};

/// A little while.
const MOMENT: Duration = Duration::from_secs(1);

fn throw_away() -> Config {
    let flag = |name, value: &str| (name, vec![value.to_owned()]);
    let flags = vec![flag("memory", "true"), flag("listen", "127.0.0.1:0")];
    Config::understand(&Written { flags, ..Written::default() }).unwrap()
}

const UPGRADE: &str = "GET /ws/notes HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn upgraded(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.addresses()[0]).await.unwrap();
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}

/// Reads frames of a server (RFC 6455 §5.2) until one closes, and gives its code.
async fn close_code(stream: &mut TcpStream) -> u16 {
    loop {
        let opcode = stream.read_u8().await.unwrap() & 0x0f;
        let length = match stream.read_u8().await.unwrap() {
            126 => usize::from(stream.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if opcode == 8 {
            return u16::from_be_bytes([payload[0], payload[1]]);
        }
    }
}

#[tokio::test]
async fn stopping_tells_clients_to_come_back_and_ends_in_order() {
    let server = Server::start(&throw_away()).await.unwrap();
    let mut client = upgraded(&server).await;
    let address = server.addresses()[0];
    let client = tokio::spawn(async move { close_code(&mut client).await });
    server.stop().await.unwrap();
    assert_eq!(client.await.unwrap(), 1012);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut config = throw_away();
    config.limits.shutdown = std::time::Duration::from_secs(3600);
    let server = Server::start(&config).await.unwrap();
    // It never answers the goodbye, so ending in order would take its half of the hour.
    let _stubborn = upgraded(&server).await;
    let (signal, signals) = mpsc::channel(3);
    for asked in [Signal::Stop(15), Signal::HangUp, Signal::Stop(2)] {
        signal.try_send(asked).unwrap();
    }
    let ended = server.until_told(Signals::from_channel(signals)).await.unwrap();
    assert_eq!(ended, Ended::Forced(2));
}

#[tokio::test]
async fn one_signal_ends_in_order_and_a_closed_terminal_is_one() {
    for asked in [Signal::Stop(15), Signal::HangUp] {
        let server = Server::start(&throw_away()).await.unwrap();
        let (signal, signals) = mpsc::channel(1);
        signal.try_send(asked).unwrap();
        let ended = server.until_told(Signals::from_channel(signals)).await.unwrap();
        assert_eq!(ended, Ended::InOrder);
    }
}

#[tokio::test]
async fn with_certificates_a_hang_up_reads_them_again_and_the_server_goes_on() {
    let mut config = throw_away();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/testdata");
    let certificate = folder.join("localhost.pem");
    config.tls =
        Some(crate::http::tls::TlsFiles { certificate, key: folder.join("localhost.key") });
    let server = Server::start(&config).await.unwrap();
    let address = server.addresses()[0];
    let (signal, signals) = mpsc::channel(1);
    let running = tokio::spawn(server.until_told(Signals::from_channel(signals)));
    signal.send(Signal::HangUp).await.unwrap();
    // The next place in the channel is free only when the first signal was taken.
    let next = signal.reserve().await.unwrap();
    assert!(TcpStream::connect(address).await.is_ok());
    next.send(Signal::Stop(15));
    assert_eq!(running.await.unwrap().unwrap(), Ended::InOrder);
}

#[tokio::test]
async fn the_greeting_says_where_to_go_and_what_is_kept() {
    let config = throw_away();
    let server = Server::start(&config).await.unwrap();
    let greeting = server.greeting(&config);
    assert!(greeting.contains(&format!("http://{}", server.addresses()[0])), "{greeting}");
    assert!(greeting.contains("in memory"), "{greeting}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_leaves_nothing_behind() {
    let first = Server::start(&throw_away()).await.unwrap();
    let mut config = throw_away();
    config.listen = first.addresses().to_vec();
    let error = Server::start(&config).await.unwrap_err();
    assert!(error.to_string().contains("--listen"), "{error}");
    first.stop().await.unwrap();
}

/// Documents where the test is, so that with a paused clock time goes on only when nothing else
/// does.
fn beside(clock: &Arc<TestClock>) -> document::Documents {
    let setup = document::Setup {
        store: Arc::new(Memory::new()),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(1)),
        limits: Limits::default(),
        threads: 0,
        hooks: crate::hooks::Runner::default(),
    };
    document::Documents::new(setup).unwrap()
}

async fn begin(documents: &document::Documents, name: &DocumentName) {
    let author = Arc::new(Author::server(""));
    let meta = MetaChanges { title: Some("Notes".into()), ..MetaChanges::default() };
    documents.create(name, None, meta, author).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_bin_is_looked_through_again_and_again() {
    let (clock, name) = (Arc::default(), DocumentName::new("notes").unwrap());
    let documents = beside(&clock);
    begin(&documents, &name).await;
    documents.put_into_bin(&name).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let sweeping = tokio::spawn(sweep(documents.clone(), stopped));
    let is_there = async || documents.summary(&name).await.unwrap().is_some();
    // Its time is over just after the first look.
    sleep(MOMENT).await;
    clock.advance(documents.limits().keep_deleted);
    sleep(SWEEP_EVERY - 2 * MOMENT).await;
    assert!(is_there().await);
    sleep(2 * MOMENT).await;
    assert!(!is_there().await);
    stop.send_replace(true);
    sweeping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_is_looked_again_and_again_for_what_is_no_longer_kept() {
    let (store, clock) = (Held::new(), Arc::new(TestClock::default()));
    let looks = || store.lists.load(Ordering::SeqCst);
    let history = History::new(Arc::clone(&store) as _, &Limits::default(), 1).unwrap();
    let (stop, stopped) = watch::channel(false);
    let keeping = tokio::spawn(retention::keep_to_policies(history, clock, stopped));
    sleep(RETENTION_EVERY - MOMENT).await;
    assert_eq!(looks(), 1);
    sleep(2 * MOMENT).await;
    assert_eq!(looks(), 2);
    stop.send_replace(true);
    keeping.await.unwrap();
}
