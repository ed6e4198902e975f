//! A reader that stops reading while others type: it costs the server no more than its queue, and
//! finds everything when it reads again.

use bytes::Bytes;
use coscribe::{
    limits::Limits,
    protocol::{ClientMessage, ServerMessage},
};

use crate::{
    alone, note,
    replica::Replica,
    server::Launch,
    wire::{Framing, Wire},
};

/// Room for the queue of the reader, the caches of the writer's connection and the allocator.
const SLACK_KIB: u64 = 24 * 1024;

const CHUNK: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_reading_costs_its_queue_and_catches_up() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = directory.path().join("log");
    let launch = Launch::new(&directory.path().join("store"), &log);
    let server = launch.seldom_sealing().start().await;
    let mut writer = Typist::connect(server.port, 11).await;
    writer.churn(200).await;
    let (mut reader, copy) = join(server.port).await;
    let before = server.rss_kib();
    let chunks = 50_000_000 / CHUNK;
    let mut peak = before;
    for _ in 0..20 {
        writer.churn(chunks / 20).await;
        peak = peak.max(server.rss_kib());
    }
    let bound = u64::try_from(Limits::default().outbox_bytes / 1024).expect("a few MiB");
    let grown = peak - before;
    note(&format!("slow reader: 50 MB typed and deleted, the server grew by at most {grown} KiB"));
    assert!(grown < bound + SLACK_KIB, "grew by {grown} KiB, the queue holds {bound} KiB");

    writer.edit(|replica| replica.insert(0, "the end")).await;
    writer.settle().await;
    while copy.content() != writer.replica.content() {
        match reader.receive().await.expect("the same connection goes on") {
            ServerMessage::Update(update) | ServerMessage::SyncStep2(update) => {
                copy.apply(&update).expect("what the reader gets is whole and in order");
            }
            _ => {}
        }
    }
}

/// Connects and reads until synced.
async fn join(port: u16) -> (Wire, Replica) {
    let mut wire = Wire::connect(port, Framing::YWebsocket, "busy").await.expect("a connection");
    wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await.expect("a question");
    let copy = Replica::new(12);
    loop {
        match wire.receive().await.expect("a first sync") {
            ServerMessage::Update(update) => copy.apply(&update).expect("a sound update"),
            ServerMessage::SyncStep2(update) => {
                copy.apply(&update).expect("a sound update");
                return (wire, copy);
            }
            _ => {}
        }
    }
}

/// Types and deletes, a few answers behind at most.
struct Typist {
    wire: Wire,
    replica: Replica,
    unanswered: usize,
}

impl Typist {
    async fn connect(port: u16, client: u64) -> Self {
        let connecting = Wire::connect(port, Framing::Hocuspocus, "busy");
        let mut wire = connecting.await.expect("a connection");
        let question = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
        wire.send(&question).await.expect("a question");
        while !matches!(wire.receive().await.expect("a sync"), ServerMessage::SyncStep2(_)) {}
        Self { wire, replica: Replica::new(client), unanswered: 0 }
    }

    /// Inserts a chunk and deletes it, so many times.
    async fn churn(&mut self, times: usize) {
        let chunk = "x".repeat(CHUNK);
        for _ in 0..times {
            self.edit(|replica| replica.insert(0, &chunk)).await;
            self.edit(|replica| replica.delete(0, CHUNK as u32)).await;
        }
    }

    async fn edit(&mut self, edit: impl FnOnce(&Replica) -> Bytes) {
        let update = edit(&self.replica);
        self.wire.send(&ClientMessage::Update(update)).await.expect("the writer goes on");
        self.unanswered += 1;
        while self.unanswered > 100 {
            self.hear().await;
        }
    }

    async fn settle(&mut self) {
        while self.unanswered > 0 {
            self.hear().await;
        }
    }

    async fn hear(&mut self) {
        if let ServerMessage::SyncStatus(stored) = self.wire.receive().await.expect("an answer") {
            assert!(stored, "the writer was refused");
            self.unanswered -= 1;
        }
    }
}
