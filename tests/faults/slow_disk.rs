//! A disk on which every sync takes longer than the most impatient clients wait: answers come late
//! and never early, and nobody is given up on.

use std::time::Duration;

use coscribe::protocol::{ClientMessage, ServerMessage};
use tokio::time::{Instant, timeout};

use crate::{
    alone,
    bench::{export, read_fresh},
    kill::has_strace,
    note,
    replica::Replica,
    server::Launch,
    wire::{Framing, Wire},
};

/// What a sync takes.
const SYNC_TAKES: Duration = Duration::from_secs(4);

/// y-sweet clients hang up when nothing came for so long after they asked, which `keepalive_y_sweet`
/// is below.
const Y_SWEET_WAITS: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_y_sweet_client_stays_while_the_disk_takes_longer_than_it_waits() {
    let _turn = alone().await;
    if !has_strace() {
        return note("SKIPPED: slow syncs need strace");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"));
    launch.start().await.kill();
    // The store is there: the next sync is that of the edit.
    let delay = SYNC_TAKES.as_micros();
    let slow =
        launch.fault("trace=fdatasync").fault(&format!("inject=fdatasync:delay_enter={delay}"));
    let server = slow.start().await;
    let connecting = Wire::connect(server.port, Framing::YWebsocket, "note");
    let mut wire = connecting.await.expect("a connection");
    wire.send(&ClientMessage::SyncStep1(vec![0].into())).await.expect("sent");
    while !matches!(wire.receive().await, Ok(ServerMessage::SyncStep2(_))) {}
    wire.send(&ClientMessage::SyncStep2(vec![0, 0].into())).await.expect("sent");
    let replica = Replica::new(7);
    wire.send(&ClientMessage::Update(replica.insert(0, "words"))).await.expect("sent");
    wire.send(&ClientMessage::Barrier(vec![1].into())).await.expect("sent");
    let asked = Instant::now();
    let (mut heard, mut silence) = (Instant::now(), Duration::ZERO);
    loop {
        let message = timeout(Y_SWEET_WAITS, wire.receive()).await;
        let message = message.expect("a client that hears nothing for 3 s hangs up").expect("open");
        silence = silence.max(heard.elapsed());
        heard = Instant::now();
        if matches!(message, ServerMessage::Barrier(_)) {
            break;
        }
    }
    let took = asked.elapsed();
    note(&format!("slow disk: saved after {took:.1?}, the longest silence was {silence:.1?}"));
    assert!(took >= SYNC_TAKES, "called saved after {took:?}, before the sync");
    assert_eq!(read_fresh(server.port, "note").await.expect("others read").text, "words");
    server.kill();
    assert_eq!(export("note", &data).expect("it is there").text, "words");
}
