//! The routes over real sockets.

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, protocol::Role},
};

use super::{
    listener::{Listener, Options},
    y_sweet::ClientAddress,
    *,
};
use crate::{
    auth::{Secret, y_sweet::YSweetTokens},
    clock::TestClock,
    document::{Documents, Setup},
    history::History,
    limits::Limits,
    random::SeededRandom,
    storage::memory::Memory,
};

/// A server on a free port whose sockets echo and whose acceptances can be watched.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) slots: slots::Slots,
    pub(super) stop: watch::Sender<bool>,
    pub(super) accepted: mpsc::Receiver<Accepted>,
    pub(super) running: JoinHandle<()>,
}

pub(super) async fn serve(limits: Limits, tls: Option<Arc<tls::Tls>>) -> Served {
    serve_in_health(limits, tls, Health::default()).await
}

/// The same of which the store says this.
async fn serve_in_health(limits: Limits, tls: Option<Arc<tls::Tls>>, health: Health) -> Served {
    let (stop, draining) = watch::channel(false);
    let (tell, accepted) = mpsc::channel(16);
    let site = Site {
        guard: Guard::default(),
        web_app: WebApp::embedded(),
        rights: Arc::new(Rights::open()),
        api: api(),
        y_sweet: y_sweet(),
        base: Base::default(),
        slots: Slots::new(100, 100),
        health: Box::new(move || health.clone()),
        draining: draining.clone(),
    };
    let echo = move |stream: Carrier, accepted| {
        let tell = tell.clone();
        async move {
            tell.send(accepted).await.unwrap();
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            while let Some(Ok(message)) = socket.next().await {
                if message.is_binary() && socket.send(message).await.is_err() {
                    break;
                }
            }
        }
    };
    let listener = Listener::bind(&[([127, 0, 0, 1], 0).into()]).await.unwrap();
    let address = listener.addresses()[0];
    let options = Options::new(&limits, tls);
    let slots = options.slots.clone();
    let routes = routes(Arc::new(site), echo);
    let running = tokio::spawn(listener.serve(routes, options, draining));
    Served { address, slots, stop, accepted, running }
}

/// What clients of y-sweet find, where everybody may do everything.
pub(super) fn y_sweet() -> Arc<YSweet> {
    let tokens = Arc::new(YSweetTokens::new(Vec::new(), Arc::new(TestClock::default())));
    let address = ClientAddress::AsAsked { secure: false };
    Arc::new(YSweet::new(documents(), Arc::new(Rights::open()), tokens, address))
}

/// An API to documents that are kept in memory.
pub(super) fn api() -> Arc<Api> {
    let documents = documents();
    let history = History::new(Arc::clone(documents.store()), documents.limits(), 1).unwrap();
    Arc::new(Api::new(documents, history, true))
}

/// Documents that are kept in memory.
pub(super) fn documents() -> Documents {
    let setup = Setup {
        store: Arc::new(Memory::new()),
        clock: Arc::new(TestClock::default()),
        random: Arc::new(SeededRandom::new(1)),
        limits: Limits::default(),
        threads: 1,
        hooks: crate::hooks::Runner::default(),
    };
    Documents::new(setup).unwrap()
}

/// Sends bytes and reads until the server closes.
pub(super) async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(served: &Served, line: &str, headers: &str) -> String {
    let request = format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
    exchange(served.address, &request).await
}

async fn open(
    served: &Served,
    target: &str,
    headers: &[(&'static str, &str)],
) -> Result<(), Error> {
    let mut request = format!("ws://{}{target}", served.address).into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(served.address).await.unwrap();
    client_async(request, stream).await.map(drop)
}

#[tokio::test]
async fn a_websocket_carries_messages_and_the_handler_learns_what_was_asked() {
    let mut served = serve(Limits::default(), None).await;
    let mut request = format!("ws://{}/ws/team%2Fnotes/a%20b?token=x%26y&z=", served.address)
        .into_client_request()
        .unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "first, second".parse().unwrap());
    let stream = TcpStream::connect(served.address).await.unwrap();
    let ours = stream.local_addr().unwrap();
    let (mut socket, response) = client_async(request, stream).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "first");
    assert!(!response.headers().contains_key("sec-websocket-extensions"));
    for size in [0, 1, 3000, 1 << 20] {
        let message = Message::binary(vec![7; size]);
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    let accepted = served.accepted.recv().await.unwrap();
    let query = vec![("token".into(), "x&y".into()), ("z".into(), String::new())];
    assert_eq!(
        accepted,
        Accepted {
            peer: Some(ours),
            document: Ok(Some(DocumentName::new("team/notes/a b").unwrap())),
            query,
            subprotocol: Some("first".into()),
            credentials: Credentials {
                tokens: vec![Secret::from("x&y")],
                address: Some(ours.ip()),
                ..Credentials::default()
            },
        }
    );
}

#[tokio::test]
async fn without_a_name_in_the_path_frames_name_the_document() {
    let mut served = serve(Limits::default(), None).await;
    for target in ["/ws", "/ws/"] {
        open(&served, target, &[]).await.unwrap();
        assert_eq!(served.accepted.recv().await.unwrap().document, Ok(None), "{target}");
    }
}

#[tokio::test]
async fn a_bad_name_is_accepted_so_that_its_sender_can_be_told_why() {
    let mut served = serve(Limits::default(), None).await;
    open(&served, "/ws/a%00b", &[]).await.unwrap();
    let document = served.accepted.recv().await.unwrap().document;
    assert_eq!(document, Err(NameError::Control('\0')));
}

#[tokio::test]
async fn a_websocket_is_refused_before_the_upgrade_with_the_reason() {
    let served = serve(Limits::default(), None).await;
    let refused = async |target: &str, headers: &[(&'static str, &str)]| {
        let Err(Error::Http(response)) = open(&served, target, headers).await else {
            panic!("{target} was not refused")
        };
        let body = response.body().clone().unwrap_or_default();
        (response.status().as_u16(), String::from_utf8(body).unwrap())
    };
    let (status, text) = refused("/ws/notes", &[("origin", "https://evil.example")]).await;
    assert_eq!(status, 403);
    assert!(text.contains("--allow-origin https://evil.example"), "{text}");
    let (status, text) = refused("/ws/notes", &[("host", "evil.example")]).await;
    assert_eq!(status, 421);
    assert!(text.contains("--allow-host evil.example"), "{text}");
}

#[tokio::test]
async fn plain_requests_to_a_websocket_address_are_told_what_it_is() {
    let served = serve(Limits::default(), None).await;
    let answer = ask(&served, "GET /ws/notes", "host: localhost\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("Yjs provider"), "{answer}");
}

#[tokio::test]
async fn while_the_server_stops_requests_already_connected_are_sent_away() {
    let (stop, draining) = watch::channel(true);
    let site = Site {
        guard: Guard::default(),
        web_app: WebApp::embedded(),
        rights: Arc::new(Rights::open()),
        api: api(),
        y_sweet: y_sweet(),
        base: Base::default(),
        slots: Slots::new(100, 100),
        health: Box::new(Health::default),
        draining,
    };
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost"));
    let refused = admit(&site, &headers).unwrap_err();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(RETRY_AFTER));
    stop.send(false).unwrap();
    assert!(admit(&site, &headers).is_ok());
}

#[tokio::test]
async fn health_answers_under_any_host_and_only_to_reading() {
    let served = serve(Limits::default(), None).await;
    for path in ["/healthz", "/readyz"] {
        let answer = ask(&served, &format!("GET {path}"), "host: probe.example\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let answer = ask(&served, "POST /healthz", "host: localhost\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[tokio::test]
async fn only_who_sits_at_the_machine_reads_what_the_system_said() {
    let unwritable = Some("writing to /srv/coscribe fails".to_owned());
    let health = Health { unwritable, ..Health::default() };
    let served = serve_in_health(Limits::default(), None, health).await;
    for (headers, whole) in [
        ("host: localhost\r\n", true),
        ("host: localhost\r\nx-forwarded-for: 192.0.2.1\r\n", false),
        ("host: probe.example\r\n", false),
    ] {
        let answer = ask(&served, "GET /readyz", headers).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert_eq!(answer.contains("/srv/coscribe"), whole, "{headers}: {answer}");
    }
}

#[tokio::test]
async fn what_no_route_wants_is_refused_early() {
    let served = serve(Limits::default(), None).await;
    let long = format!("GET /{}", "x".repeat(URI_BYTES));
    for (line, headers, status) in [
        ("GET /", "host: localhost\r\n", "200"),
        ("GET /nowhere", "host: localhost\r\n", "404"),
        ("GET /", "host: evil.example\r\n", "421"),
        ("GET /", "", "400"),
        ("POST /", "host: localhost\r\n", "405"),
        ("POST /", "host: localhost\r\norigin: https://evil.example\r\n", "403"),
        ("POST /", "host: localhost\r\ncontent-length: 5\r\n", "413"),
        ("POST /", "host: localhost\r\ntransfer-encoding: chunked\r\n", "413"),
        (&long, "host: localhost\r\n", "414"),
    ] {
        let answer = ask(&served, line, headers).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line:.20} {headers} {answer:.80}"
        );
    }
}
