//! What an idle connection with a document of its own costs in memory: empty, and after 100 kB.
//!
//! The budget is 12 KiB for an optimised build; the unoptimised one of a plain test run is only
//! held to a generous bound.

use bytes::Bytes;
use coscribe::protocol::{ClientMessage, ServerMessage};

use crate::{
    alone, long, note,
    replica::Replica,
    server::Launch,
    wire::{Framing, Wire},
};

/// KiB per connection with its empty document.
const BOUND: u64 = if cfg!(debug_assertions) { 64 } else { 16 };

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_costs_little() {
    let _turn = alone().await;
    let limit = rustix::process::Rlimit { current: Some(16_384), maximum: Some(16_384) };
    if rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).is_err() {
        note("the limit of open files cannot be raised; this may run out of them");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let launch = Launch::new(&directory.path().join("store"), &log);
    let server = launch.seldom_sealing().start().await;
    let connections = if long() { 2_000 } else { 200 };
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
    wire.send(&ClientMessage::Barrier(Bytes::from_static(&[1]))).await.expect("a question");
    while !matches!(wire.receive().await.expect("an answer"), ServerMessage::Barrier(_)) {}
}
