//! A disk on which every sync takes longer than the most impatient clients wait: answers come late
//! and never early, nobody is given up on, and nothing that is answered is lost.

use std::time::Duration;

use coscribe::protocol::{ClientMessage, ServerMessage};
use tokio::time::{Instant, timeout};

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    judge,
    kill::has_strace,
    note,
    replica::Replica,
    rounds,
    server::Launch,
    skip,
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
        return skip("slow syncs need strace");
    }
    let (rounds, mut acked, mut lost) = (rounds(1, 10), 0, Vec::new());
    for round in 0..rounds {
        let mut editor = Editor::new("ann", "typed", Framing::Hocuspocus, 7 + round as u64);
        lost.extend(play(&mut editor).await);
        // Those of the editor, and the one of the y-sweet client.
        acked += editor.journal.acked + 1;
    }
    judge("slow disk", rounds, acked, &lost);
}

/// An editor types while a y-sweet client waits for its answer; gives what was then lost.
async fn play(editor: &mut Editor) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"));
    launch.start().await.kill();
    // The store is there: the next sync is that of an edit.
    let delay = SYNC_TAKES.as_micros();
    let slow =
        launch.fault("trace=fdatasync").fault(&format!("inject=fdatasync:delay_enter={delay}"));
    let server = slow.start().await;
    let typing = async {
        let mut online = editor.go_online(server.port).await.expect("the editor connects");
        let (pace, time) = (Duration::from_millis(2), Duration::from_secs(1));
        editor.type_for(&mut online, pace, time).await.expect("typing goes on");
        editor.settle(&mut online).await.expect("answers come");
    };
    tokio::join!(wait_for_answer(server.port), typing);
    assert_eq!((editor.refused, editor.journal.acked), (0, editor.journal.ops.len()));
    assert_eq!(read_fresh(server.port, "note").await.expect("others read").text, "words");
    server.kill();
    assert_eq!(export("note", &data).expect("it is there").text, "words");
    let content = export("typed", &data).expect("the document can be exported");
    violations(&[&editor.journal], &content)
}

/// Edits as a y-sweet client does and waits until it is called saved.
async fn wait_for_answer(port: u16) {
    let connecting = Wire::connect(port, Framing::YWebsocket, "note");
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
}
