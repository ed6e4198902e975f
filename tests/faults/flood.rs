//! More than a server can swallow: edits faster than the disk, questions faster than the answers
//! are read. Memory stays bounded, and in the end everything is answered.

use std::time::Duration;

use bytes::Bytes;
use coscribe::{
    limits::Limits,
    protocol::{ClientMessage, ServerMessage},
};
use tokio::time::timeout;

use crate::{
    alone,
    bench::read_fresh,
    kill::has_strace,
    long, note,
    replica::Replica,
    server::{Launch, Server},
    skip,
    wire::{Framing, Wire},
};

const SYNC_TAKES: Duration = Duration::from_millis(100);

const WRITERS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn edits_wait_outside_while_the_disk_stands_still() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("slow syncs need strace");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let delay = SYNC_TAKES.as_micros();
    let launch = Launch::new(&directory.path().join("store"), &directory.path().join("log"))
        .seldom_sealing()
        .fault("trace=fdatasync")
        .fault(&format!("inject=fdatasync:delay_enter={delay}"));
    let server = launch.start().await;
    let before = server.rss_kib();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| tokio::spawn(pour(server.port, format!("poured-{number}"), number + 2)))
        .collect();
    let mut sent = 0;
    for writer in writers {
        sent += writer.await.expect("a writer does not panic");
    }
    let grown = server.peak_kib().saturating_sub(before);
    note(&format!("slow disk: {} MiB poured, the server grew by {} MiB", sent >> 20, grown >> 10));
    // Edits on their way to the disk, each also as it came from its socket, and their copies on the
    // way through the journal.
    let bound = 4 * Limits::default().unsaved_bytes as u64 / 1024;
    assert!(grown < bound, "grew by {grown} KiB, {bound} KiB are meant to be enough");
}

/// Inserts and deletes 800 kB again and again, waiting for nothing; then waits for all answers.
/// Gives how many bytes were sent.
async fn pour(port: u16, document: String, client: u64) -> usize {
    let connecting = Wire::connect(port, Framing::Hocuspocus, &document);
    let mut wire = connecting.await.expect("a connection");
    join(&mut wire).await;
    let (replica, chunk) = (Replica::new(client), "x".repeat(800_000));
    let (mut sent, mut unanswered) = (0, 0);
    for _ in 0..if long() { 100 } else { 50 } {
        for update in [replica.insert(0, &chunk), replica.delete(0, 800_000)] {
            sent += update.len();
            unanswered += 1;
            // While the server does not read, sending waits; that is the point.
            let message = ClientMessage::Update(update);
            while timeout(Duration::from_millis(1), hear(&mut wire, &mut unanswered)).await.is_ok()
            {
            }
            wire.send(&message).await.expect("the server reads again before long");
        }
    }
    while unanswered > 0 {
        hear(&mut wire, &mut unanswered).await;
    }
    sent
}

async fn hear(wire: &mut Wire, unanswered: &mut usize) {
    match wire.receive().await.expect("the connection outlives a slow disk") {
        ServerMessage::SyncStatus(stored) => {
            assert!(stored, "an edit was refused");
            *unanswered -= 1;
        }
        ServerMessage::PermissionDenied(reason) => panic!("refused: {reason}"),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_without_end_cost_one_answer_at_a_time() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let launch = Launch::new(&directory.path().join("store"), &directory.path().join("log"));
    let server = launch.seldom_sealing().start().await;
    let mut wire = large_document(&server, 3).await;
    let before = server.rss_kib();
    let question = wire.frame(&ClientMessage::SyncStep1(Bytes::from_static(&[0])));
    for _ in 0..20_000 {
        // Nobody reads the answers; the server may well stop reading the questions.
        let asked = timeout(Duration::from_millis(500), wire.send_frame(question.clone())).await;
        if asked.is_err() {
            break;
        }
    }
    read_fresh(server.port, "large").await.expect("others are served");
    let grown = server.peak_kib().saturating_sub(before);
    note(&format!("questions: the server grew by {grown} KiB"));
    let bound = 4 * Limits::default().outbox_bytes as u64 / 1024;
    assert!(grown < bound, "grew by {grown} KiB, {bound} KiB are meant to be enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_herd_that_joins_a_large_document_shares_what_it_is_sent() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let launch = Launch::new(&directory.path().join("store"), &directory.path().join("log"));
    let server = launch.seldom_sealing().start().await;
    drop(large_document(&server, 16).await);
    read_fresh(server.port, "large").await.expect("the document opens");
    let before = server.rss_kib();
    let mut herd = Vec::new();
    // Larger than what the system buffers for a socket.
    for number in 0..40 {
        let framing = [Framing::YWebsocket, Framing::Hocuspocus][number % 2];
        let connecting = Wire::connect(server.port, framing, "large");
        let mut wire = connecting.await.expect("a connection");
        let question = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
        wire.send(&question).await.expect("a question");
        herd.push(wire);
    }
    // Served after all of them, while none of them reads.
    read_fresh(server.port, "large").await.expect("the document opens");
    let grown = server.peak_kib().saturating_sub(before);
    note(&format!("herd: 40 first syncs of 16 MB, the server grew by {} MiB", grown >> 10));
    assert!(grown < 150 * 1024, "the server grew by {grown} KiB");
}

/// A document of so many MB, and a connection that has it open.
async fn large_document(server: &Server, megabytes: usize) -> Wire {
    let connecting = Wire::connect(server.port, Framing::Hocuspocus, "large");
    let mut wire = connecting.await.expect("a connection");
    join(&mut wire).await;
    let replica = Replica::new(2);
    for _ in 0..megabytes {
        let update = replica.insert(0, &"x".repeat(1_000_000));
        wire.send(&ClientMessage::Update(update)).await.expect("an edit");
        while !matches!(wire.receive().await.expect("an answer"), ServerMessage::SyncStatus(true)) {
        }
    }
    wire
}

async fn join(wire: &mut Wire) {
    wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await.expect("a question");
    while !matches!(wire.receive().await.expect("a sync"), ServerMessage::SyncStep2(_)) {}
}
