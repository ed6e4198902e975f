//! What an idle connection with a document of its own costs in memory: empty, and after 100 kB. And what a
//! document costs that nobody has open any more.
//!
//! A connection takes some 12 KiB in an optimised build, and is held to 16, as allocators differ; the
//! unoptimised one of a plain test run is only held to a generous bound.

use std::time::Duration;

use bytes::Bytes;
use coscribe::{
    protocol::{ClientMessage, ServerMessage},
    random::{Random, SeededRandom},
};
use tokio::time::Instant;

use crate::{
    alone, long, note,
    replica::Replica,
    server::{Launch, Server, raise_open_files},
    wire::{Framing, Wire},
};

/// KiB per connection with its empty document.
const BOUND: u64 = if cfg!(debug_assertions) { 64 } else { 16 };

/// KiB for a document that nobody has open, and the rounds in which caches fill before that is judged.
const KEPT: u64 = 8;
const ROUNDS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_costs_little() {
    let _turn = alone().await;
    raise_open_files();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let launch = Launch::new(&directory.path().join("store"), &log);
    let server = launch.seldom_sealing().start().await;
    let connections = if long() { 2_000 } else { 1_000 };
    for warm in 0..20 {
        drop(join(server.port, &format!("warm-{warm}")).await);
    }
    let before = server.rss_kib();
    let mut wires = Vec::new();
    for number in 0..connections {
        wires.push(join(server.port, &format!("idle-{number}")).await);
    }
    let each = server.rss_kib().saturating_sub(before) * 10 / connections;
    note(&format!("idle: {connections} connections, {}.{} KiB each", each / 10, each % 10));
    for (number, wire) in wires.iter_mut().enumerate() {
        paste(wire, number as u64 + 10).await;
    }
    // What the store and the allocator hold back is told, not hidden.
    let after = server.rss_kib().saturating_sub(before) / connections;
    note(&format!("idle: {after} KiB each after each has brought 100 kB"));
    assert!(each <= BOUND * 10, "an idle connection costs {} KiB", each / 10);
}

/// What people leave behind is in files. Caches and the allocator fill up to bounds that depend on the
/// machine, so it goes on until a round of documents adds next to nothing: names and places, about a KiB
/// for a document. Where something is kept of each, every round adds it.
#[tokio::test(flavor = "multi_thread")]
async fn documents_that_nobody_has_open_are_not_in_memory() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let launch = Launch::new(&directory.path().join("store"), &log);
    let server = launch.seldom_sealing().with(&["--unload-after", "1ms"]).start().await;
    let documents = if long() { 1_000 } else { 200 };
    let mut grew = Vec::new();
    for round in 0..ROUNDS {
        let before = server.rss_kib();
        for number in 0..documents {
            write(&server, round * documents + number).await;
        }
        let more = server.rss_kib().saturating_sub(before);
        note(&format!("idle: {more} KiB more for {documents} documents of 90 kB"));
        grew.push(more);
        if round > 0 && more <= KEPT * documents {
            return;
        }
    }
    panic!("{grew:?} KiB more in rounds of {documents} documents that nobody has open");
}

/// Writes what cannot be packed to much less, is saved, leaves, and waits until the document is unloaded.
async fn write(server: &Server, number: u64) {
    let mut wire = join(server.port, &format!("left-{number}")).await;
    let (replica, random) = (Replica::new(number + 10), SeededRandom::new(number));
    for _ in 0..30 {
        let letters = |_| char::from_u32(32 + random.below(90) as u32).expect("ASCII");
        let text: String = (0..3_000).map(letters).collect();
        let update = replica.insert(replica.length(), &text);
        wire.send(&ClientMessage::Update(update)).await.expect("an edit");
    }
    settle(&mut wire).await;
    drop(wire);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (_, metrics) = server.get("/metrics").expect("a running server tells what it counts");
        if metrics.lines().any(|line| line == "coscribe_documents_open 0") {
            return;
        }
        assert!(Instant::now() < deadline, "the document is not unloaded");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn join(port: u16, document: &str) -> Wire {
    let mut wire = Wire::connect(port, Framing::YWebsocket, document).await.expect("a connection");
    wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await.expect("a question");
    while !matches!(wire.receive().await.expect("a sync"), ServerMessage::SyncStep2(_)) {}
    // It did nothing while it was away, and nothing is saved before it has said so.
    let nothing = ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]));
    wire.send(&nothing).await.expect("an answer");
    wire
}

/// Brings 100 kB and waits until they are saved.
async fn paste(wire: &mut Wire, client: u64) {
    let update = Replica::new(client).insert(0, &"some text ".repeat(10_000));
    wire.send(&ClientMessage::Update(update)).await.expect("an edit");
    settle(wire).await;
}

/// Waits until everything is saved.
async fn settle(wire: &mut Wire) {
    wire.send(&ClientMessage::Barrier(Bytes::from_static(&[1]))).await.expect("a question");
    while !matches!(wire.receive().await.expect("an answer"), ServerMessage::Barrier(_)) {}
}
