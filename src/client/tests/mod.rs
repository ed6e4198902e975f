//! The client against a server that does what each test tells it to, on a real socket.

mod server;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, crypto,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};
use tokio_tungstenite::{
    accept_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};

use super::{Client, End, Options, Refused, Status, document::Document};
use crate::{
    crdt::{PresenceEntry, encode_presence, parse_presence, replica::Replica},
    identity::Access,
    ids::{ClientId, DocumentName},
    protocol::{ClientMessage, ServerMessage, y_websocket},
};
use server::{EPOCH, OTHER_EPOCH, TestServer, barrier, hello};

async fn ended(client: &Client) -> End {
    let mut status = client.status();
    let end = status.wait_for(|status| matches!(status, Status::Ended(_))).await;
    match &*end.expect("the client lives") {
        Status::Ended(end) => end.clone(),
        other => panic!("waited for an end, got {other:?}"),
    }
}

#[tokio::test]
async fn an_edit_is_saved_when_the_server_says_so_and_not_before() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.synced().await.expect("in step");
    assert_eq!(*client.status().borrow(), Status::Online);
    assert_eq!(client.saved().now_or_never(), Some(Ok(())), "nothing was edited yet");

    client.edit(|text| text.push("hello")).expect("may edit");
    server.take(&mut peer).await;
    assert_eq!(server.document.text(), "hello");
    assert_eq!(client.saved().now_or_never(), None);

    peer.confirm(1).await;
    client.saved().await.expect("confirmed");
}

#[tokio::test]
async fn an_answer_covers_only_what_was_asked_about() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.edit(|text| text.push("a")).expect("may edit");
    server.take(&mut peer).await;
    assert_eq!(peer.receive().await, ClientMessage::Barrier(barrier(1)));
    let first = client.saved();
    tokio::pin!(first);
    assert_eq!((&mut first).now_or_never(), None);

    client.edit(|text| text.push("b")).expect("may edit");
    server.take(&mut peer).await;
    peer.send(&ServerMessage::Barrier(barrier(1))).await;
    first.await.expect("confirmed");
    assert_eq!(client.saved().now_or_never(), None, "the second edit is not");
    peer.confirm(2).await;
    client.saved().await.expect("confirmed");
}

#[tokio::test]
async fn an_answer_to_what_was_not_asked_saves_nothing() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.edit(|text| text.push("a")).expect("may edit");
    server.take(&mut peer).await;
    peer.send(&ServerMessage::Barrier(barrier(2))).await;
    while let Some(Ok(_)) = peer.socket.next().await {}
    let _peer = server.accept_and_sync().await;
    assert_eq!(client.saved().now_or_never(), None);
}

#[tokio::test]
async fn what_others_write_appears() {
    let mut server = TestServer::start().await;
    server.document.edit(|text| text.push("before "));
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.until(|text| text == "before ").await.expect("in step");
    server.tell(&mut peer, "after").await;
    client.until(|text| text == "before after").await.expect("told");
}

#[tokio::test]
async fn edits_made_while_offline_are_sent_and_saved_by_the_next_connection() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    client.edit(|text| text.push("early ")).expect("may edit");
    let mut peer = server.accept_and_sync().await;
    assert_eq!(server.document.text(), "early ");
    peer.confirm(1).await;
    client.edit(|text| text.push("unconfirmed ")).expect("may edit");
    drop(peer);

    let mut status = client.status();
    status.wait_for(|status| *status != Status::Online).await.expect("the client lives");
    client.edit(|text| text.push("offline")).expect("may edit");
    assert_eq!(client.saved().now_or_never(), None);
    let mut peer = server.accept_and_sync().await;
    assert_eq!(server.document.text(), "early unconfirmed offline");
    peer.confirm(3).await;
    client.saved().await.expect("confirmed");
}

#[tokio::test]
async fn a_restarting_server_is_found_again() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    server.accept_and_sync().await.close(1012, "restarting").await;
    let mut peer = server.accept_and_sync().await;
    client.edit(|text| text.push("x")).expect("may edit");
    server.take(&mut peer).await;
    assert_eq!(server.document.text(), "x");
}

#[tokio::test]
async fn a_denied_client_stops_and_everyone_who_waits_is_told() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let peer = server.accept_and_sync().await;
    client.edit(|text| text.push("x")).expect("may edit");
    let saved = client.saved();
    tokio::pin!(saved);
    assert_eq!((&mut saved).now_or_never(), None);
    peer.close(4403, "the owner removed you").await;

    let end = End::Denied { reason: "the owner removed you".into() };
    assert_eq!(saved.await, Err(Refused::Ended(end.clone())));
    assert_eq!(ended(&client).await, end);
    assert_eq!(client.edit(|text| text.push("y")), Err(Refused::Ended(end.clone())));
    assert_eq!(client.text(), "x", "what was written can still be read");
    assert_eq!(client.synced().await, Err(Refused::Ended(end)));
}

#[tokio::test]
async fn a_document_of_another_life_is_not_merged() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept().await;
    assert_eq!(peer.uri, "/ws/notes?coscribe=1");
    peer.send(&hello(None, "edit")).await;
    server.sync(&mut peer).await;
    peer.send(&hello(Some(EPOCH), "edit")).await;
    client.edit(|text| text.push("mine")).expect("may edit");
    server.take(&mut peer).await;
    peer.confirm(1).await;
    client.saved().await.expect("confirmed");
    assert_eq!(client.access(), Some(Access::Edit));
    peer.close(1012, "restarting").await;

    let mut peer = server.accept().await;
    assert_eq!(peer.uri, format!("/ws/notes?coscribe=1&epoch={EPOCH}"));
    assert!(matches!(peer.receive().await, ClientMessage::SyncStep1(_)));
    peer.send(&hello(Some(OTHER_EPOCH), "edit")).await;
    peer.send(&ServerMessage::SyncStep1(barrier(0))).await;
    let next = peer.socket.next().await;
    assert!(matches!(next, Some(Ok(Message::Close(_)))), "no content is sent: {next:?}");
    drop(peer);
    assert_eq!(ended(&client).await, End::Replaced);
    assert_eq!(client.text(), "mine");
}

#[tokio::test]
async fn a_client_that_is_told_of_another_life_stops() {
    let server = TestServer::start().await;
    let client = server.connect();
    server.accept().await.close(4409, "replaced").await;
    assert_eq!(ended(&client).await, End::Replaced);
}

#[tokio::test]
async fn a_reader_may_not_edit() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    client.edit(|text| text.push("too soon")).expect("nobody said anything yet");
    let mut peer = server.accept().await;
    peer.send(&hello(Some(EPOCH), "view")).await;
    server.sync(&mut peer).await;
    client.synced().await.expect("in step");
    assert_eq!(client.edit(|text| text.push("x")), Err(Refused::ReadOnly));
    assert_eq!(client.saved().await, Err(Refused::ReadOnly), "it never will be");
    assert_eq!(client.text(), "too soon");

    peer.send(&hello(Some(EPOCH), "edit")).await;
    server.document = Replica::new(ClientId(1), "text");
    server.take(&mut peer).await;
    assert_eq!(server.document.text(), "too soon", "what was dropped is sent again");
    peer.confirm(1).await;
    client.saved().await.expect("confirmed");
}

#[tokio::test]
async fn an_answer_after_the_right_to_edit_was_lost_saves_nothing() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.edit(|text| text.push("x")).expect("may edit");
    server.take(&mut peer).await;
    peer.send(&hello(Some(EPOCH), "view")).await;
    peer.confirm(1).await;
    server.tell(&mut peer, "after that").await;
    client.until(|text| text.contains("after that")).await.expect("told");
    assert_eq!(client.saved().await, Err(Refused::ReadOnly));
}

#[tokio::test]
async fn a_server_with_a_certificate_is_trusted_only_by_its_authority() {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../testdata/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../testdata/server.key"));
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("PEM")], key.expect("PEM"))
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let connect = |authorities: &[u8]| {
        let options = Options { authorities: authorities.to_vec(), ..TestServer::options() };
        let name = DocumentName::new("notes").expect("a name");
        Client::connect(&format!("wss://localhost:{port}/ws"), &name, options).expect("sound")
    };

    let stranger = connect(b"");
    let (stream, _) = listener.accept().await.expect("a connection");
    assert!(acceptor.accept(stream).await.is_err(), "the client hangs up");
    let mut status = stranger.status();
    let status = status.wait_for(|status| matches!(status, Status::Offline { .. })).await;
    assert!(format!("{:?}", *status.expect("it lives")).contains("certificate"));
    drop(stranger);

    let client = connect(include_bytes!("../testdata/authority.pem"));
    let mut socket = loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        // The stranger may have come once more.
        if let Ok(stream) = acceptor.accept(stream).await {
            break accept_async(stream).await.expect("an upgrade");
        }
    };
    let frame = socket.next().await.expect("a frame").expect("sound").into_data();
    assert!(matches!(y_websocket::decode(&frame), Ok(ClientMessage::SyncStep1(_))));
    drop(client);
}

#[tokio::test]
async fn an_upgrade_that_is_refused_says_why_and_one_that_fails_is_tried_again() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut status = client.status();
    answer(&server, "503 Service Unavailable", "draining").await;
    let offline =
        Status::Offline { reason: "the server answered 503 Service Unavailable draining".into() };
    status.wait_for(|status| *status == offline).await.expect("the client lives");
    server.accept_and_sync().await.close(1012, "").await;
    answer(&server, "404 Not Found", "no such document").await;
    let reason = "404 Not Found no such document".to_owned();
    assert_eq!(ended(&client).await, End::Denied { reason });
}

async fn answer(server: &TestServer, status: &str, body: &str) {
    let (mut stream, _) = server.listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    let length = body.len();
    let response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(response.as_bytes()).await.expect("the client reads");
}

#[tokio::test]
async fn presence_goes_both_ways_and_ends_with_the_client() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.set_presence(Some(&json!({"name": "Ada"})));
    assert_eq!(presence_of(peer.receive().await), (client.id().0, "{\"name\":\"Ada\"}".into()));

    let bob =
        PresenceEntry { client: 7, clock: 1, state: Bytes::from_static(b"{\"name\":\"Bob\"}") };
    let mut changes = client.changes();
    peer.send(&ServerMessage::Awareness(encode_presence([&bob].into_iter()))).await;
    while client.presence().is_empty() {
        changes.changed().await.expect("the client lives");
    }
    assert_eq!(client.presence(), [(ClientId(7), json!({"name": "Bob"}))]);

    let id = client.id().0;
    let closing = tokio::spawn(client.close());
    assert_eq!(presence_of(peer.receive().await), (id, "null".into()));
    let Some(Ok(Message::Close(Some(frame)))) = peer.socket.next().await else {
        panic!("a goodbye");
    };
    assert_eq!(frame.code, CloseCode::Normal);
    assert!(peer.socket.next().await.is_none());
    closing.await.expect("closed");
}

fn presence_of(message: ClientMessage) -> (u64, String) {
    let ClientMessage::Awareness(states) = message else {
        panic!("expected presence, got {message:?}");
    };
    let entries = parse_presence(&states, 10, 1000).expect("sound");
    let state = String::from_utf8(entries[0].state.to_vec()).expect("JSON");
    (entries[0].client, state)
}

#[tokio::test]
async fn closing_sends_what_waits_first() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.synced().await.expect("in step");
    client.edit(|text| text.push("last words")).expect("may edit");
    let closing = tokio::spawn(client.close());
    server.take(&mut peer).await;
    assert_eq!(server.document.text(), "last words");
    while let Some(Ok(_)) = peer.socket.next().await {}
    closing.await.expect("closed");
}

#[tokio::test]
async fn an_edit_that_panics_is_sent_as_far_as_it_went() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept_and_sync().await;
    client.synced().await.expect("in step");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        client.edit(|text| {
            text.push("half");
            panic!("the caller's mistake");
        })
    }));
    assert!(panicked.is_err());
    client.edit(|text| text.push(" done")).expect("may edit");
    while server.document.text() != "half done" {
        server.take(&mut peer).await;
    }
    peer.confirm(2).await;
    client.saved().await.expect("confirmed");
}

#[tokio::test]
async fn bytes_that_make_no_sense_lead_to_a_new_connection() {
    let mut server = TestServer::start().await;
    let client = server.connect();
    let mut peer = server.accept().await;
    let broken = Message::Binary(Bytes::from_static(&[0, 2, 9]));
    peer.socket.send(broken).await.expect("the client reads");
    while let Some(Ok(_)) = peer.socket.next().await {}
    let _peer = server.accept_and_sync().await;
    client.synced().await.expect("in step");
}

#[test]
fn edits_that_the_socket_cannot_take_wait_in_bounded_memory_and_all_arrive() {
    let mut document = Document::new(ClientId(2), "text");
    let mut server = Replica::new(ClientId(1), "text");
    let now = Duration::ZERO;
    document.connected();
    let step1 = y_websocket::encode(&ServerMessage::SyncStep1(server.state_vector()));
    document.receive(&step1.expect("of the dialect"), now);
    let mut count = 0;
    let mut deliver = |document: &mut Document, server: &mut Replica| {
        while let Some(frame) = document.next_frame(now) {
            match y_websocket::decode(&frame).expect("sound") {
                ClientMessage::SyncStep2(update) | ClientMessage::Update(update) => {
                    server.apply(&update).expect("sound");
                    count += 1;
                }
                _ => {}
            }
        }
        count
    };
    deliver(&mut document, &mut server);
    let piece = "x".repeat(64 << 10);
    for _ in 0..100 {
        document.edit(|text| text.insert(0, &piece)).expect("may edit").expect("in range");
    }
    let frames = deliver(&mut document, &mut server);
    assert!(frames < 20, "{frames} frames waited");
    assert_eq!(server.text().len(), 100 * piece.len());
}
