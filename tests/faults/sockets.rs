//! Clients that waste a server's sockets: slow heads, silence, floods, crumbs, crowds.

use std::time::Duration;

use bytes::Bytes;
use coscribe::{
    limits::Limits,
    protocol::{ClientMessage, ServerMessage},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    alone,
    bench::read_fresh,
    editor::Editor,
    long, note,
    server::{Launch, Server},
    wire::{Framing, Gone, PATIENCE, Wire},
};

const PARTIAL: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
const WHOLE: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const PRIOR_KNOWLEDGE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

struct Running {
    server: Server,
    _directory: tempfile::TempDir,
}

async fn serve(arguments: &[&str]) -> Running {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let launch = Launch::new(&directory.path().join("store"), &directory.path().join("log"));
    Running { server: launch.with(arguments).start().await, _directory: directory }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_say_too_little_are_closed() {
    let _turn = alone().await;
    let running = serve(&[]).await;
    let mut sockets = Vec::new();
    for opening in ["", PARTIAL, WHOLE] {
        for _ in 0..20 {
            let mut socket = connect(&running.server).await;
            socket.write_all(opening.as_bytes()).await.expect("a fresh socket can be written");
            sockets.push((opening, socket));
        }
    }
    let mut answer = vec![0; 64];
    let mut unwanted = connect(&running.server).await;
    unwanted.write_all(PRIOR_KNOWLEDGE.as_bytes()).await.expect("a fresh socket can be written");
    let length = unwanted.read(&mut answer).await.unwrap_or(0);
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "HTTP/2 got {answer:?}");

    let patience = Limits::default().header_timeout + Duration::from_secs(5);
    let closing = sockets.into_iter().map(|(opening, mut socket)| async move {
        let mut answer = Vec::new();
        let closed = timeout(patience, socket.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "a socket that said {opening:?} is still open");
    });
    futures_util::future::join_all(closing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_that_never_speaks_is_closed() {
    let _turn = alone().await;
    if !long() {
        return note("SKIPPED: a silent WebSocket takes a minute, set COSCRIBE_LONG=1");
    }
    let running = serve(&[]).await;
    let connecting = Wire::connect(running.server.port, Framing::YWebsocket, "silent");
    let mut wire = connecting.await.expect("a connection");
    let limit = Limits::default().handshake_timeout + Duration::from_secs(10);
    let end = timeout(limit, async {
        loop {
            match wire.receive().await {
                Err(Gone::Silent) | Ok(_) => {}
                Err(gone) => return gone,
            }
        }
    });
    let end = end.await.expect("a silent WebSocket stays open");
    assert!(matches!(end, Gone::Closed(1013, _)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_told_to_wait_and_let_in_when_others_leave() {
    let _turn = alone().await;
    let running = serve(&["--max-connections", "20"]).await;
    let mut inside = Vec::new();
    let refused = loop {
        match Wire::connect(running.server.port, Framing::YWebsocket, "crowd").await {
            Ok(wire) => inside.push(wire),
            Err(gone) => break gone,
        }
        assert!(inside.len() <= 20, "more than 20 connections are open");
    };
    assert!(matches!(&refused, Gone::Broken(why) if why.contains("503")), "{refused:?}");
    inside.truncate(10);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while read_fresh(running.server.port, "crowd").await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "nobody is let in any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_pings_and_a_message_in_crumbs_hurt_nobody() {
    let _turn = alone().await;
    let mut running = serve(&[]).await;
    let port = running.server.port;
    let mut editor = Editor::new("ann", "flooded", Framing::Hocuspocus, 3);
    let mut online = editor.go_online(port).await.expect("the editor connects");
    let before = running.server.rss_kib();

    let connecting = Wire::connect(port, Framing::YWebsocket, "flooded");
    let mut flood = connecting.await.expect("a connection");
    let pings = masked(0x89, &[7; 100]).repeat(1_000);
    for _ in 0..200 {
        // The server stops reading once its answers are not taken; that is its right.
        let raw = flood.socket.get_mut();
        if timeout(Duration::from_millis(50), raw.write_all(&pings)).await.is_err() {
            break;
        }
    }
    editor.type_and_settle(&mut online).await.expect("the editor goes on under the flood");

    let connecting = Wire::connect(port, Framing::YWebsocket, "flooded");
    let mut crumbs = connecting.await.expect("a connection");
    let message = crumbs.frame(&ClientMessage::SyncStep1(Bytes::from_static(&[0])));
    let raw = crumbs.socket.get_mut();
    for (index, byte) in message.iter().enumerate() {
        let first = if index == 0 { 0x02 } else { 0x00 };
        let last = if index + 1 == message.len() { 0x80 } else { 0x00 };
        for byte in masked(first | last, &[*byte]) {
            raw.write_all(&[byte]).await.expect("crumbs are taken");
        }
    }
    while !matches!(crumbs.receive().await.expect("an answer"), ServerMessage::SyncStep2(_)) {}

    let endless = endless_message(port).await;
    assert!(matches!(endless, Gone::Closed(4413, _) | Gone::Broken(_)), "{endless:?}");
    editor.type_and_settle(&mut online).await.expect("the editor goes on");
    let grown = running.server.rss_kib().saturating_sub(before);
    note(&format!("floods: the server grew by {grown} KiB"));
    let bound = 2 * Limits::default().message_bytes as u64 / 1024;
    assert!(grown < bound, "the server grew by {grown} KiB");
    assert!(running.server.exited().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_leaves_nothing_behind_in_an_idle_connection() {
    let _turn = alone().await;
    let running = serve(&[]).await;
    let port = running.server.port;
    let before = running.server.rss_kib();
    let mut wires = Vec::new();
    for _ in 0..20 {
        let connecting = Wire::connect(port, Framing::YWebsocket, "visited");
        let mut wire = connecting.await.expect("a connection");
        // Of a type that nobody knows: read, and ignored.
        let message = Bytes::from([vec![99], vec![0; 8 << 20]].concat());
        wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await.expect("a question");
        wire.send_frame(message).await.expect("a large message");
        wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await.expect("a question");
        for _ in 0..2 {
            while !matches!(wire.receive().await.expect("an answer"), ServerMessage::SyncStep2(_)) {
            }
        }
        wires.push(wire);
    }
    let grown = running.server.rss_kib().saturating_sub(before);
    note(&format!("large messages: {grown} KiB left after 8 MiB on each of 20 connections"));
    // The allocator keeps a few for the next ones; the connections keep none.
    assert!(grown < 5 * 8 * 1024, "the server keeps {grown} KiB");
}

/// Sends a message that never ends until the server has had enough.
async fn endless_message(port: u16) -> Gone {
    let connecting = Wire::connect(port, Framing::YWebsocket, "flooded");
    let mut wire = connecting.await.expect("a connection");
    let piece = vec![0; 1 << 20];
    let raw = wire.socket.get_mut();
    for index in 0..80 {
        let frame = masked(if index == 0 { 0x02 } else { 0x00 }, &piece);
        match timeout(PATIENCE, raw.write_all(&frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => break,
            Err(_) => return Gone::Silent,
        }
    }
    loop {
        match wire.receive().await {
            Ok(_) => {}
            Err(gone) => return gone,
        }
    }
}

/// A client's frame, masked with zeros.
fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![head];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port)).await.expect("the server listens")
}
