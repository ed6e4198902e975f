//! Edits before which something is missing, and deletions of what nobody wrote, without end: nothing
//! of them is kept, in memory or on the disk, and an editor beside them works on.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use coscribe::protocol::{ClientMessage, ServerMessage, varint};

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    judge, note, rounds,
    server::{Launch, Server},
    wire::{Framing, Gone, Wire},
};

/// Edits of each kind in a round, and those of them that are large.
const MANY: u64 = 25_000;
const LARGE: u64 = 2_000;
const LARGE_BYTES: usize = 50_000;

/// Edits between two questions, whose answers show that the edits were looked at.
const AT_ONCE: u64 = 250;

/// What a server may grow by: a quarter of what the large edits of one round say.
const BOUND_KIB: u64 = LARGE * LARGE_BYTES as u64 / 4 / 1024;

/// What it may write for one edit that it has called saved.
const WRITTEN: u64 = 2_048;

/// An edit that cannot be applied, the number so and so of its kind.
type Gap = fn(u64) -> Bytes;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_gaps_is_not_kept_and_stops_nobody() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"));
    let mut server = launch.seldom_sealing().start().await;
    let mut editor = Editor::new("ann", "holes", Framing::Hocuspocus, 8);
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    let (before, written) = (server.rss_kib(), written(&server));
    let rounds = rounds(1, 20);
    for round in 0..rounds {
        let floods: Vec<_> = floods(server.port, round as u64).map(tokio::spawn).collect();
        while floods.iter().any(|flood| !flood.is_finished()) {
            let (pace, stay) = (Duration::from_millis(5), Duration::from_millis(200));
            let typing = editor.type_for(&mut online, pace, stay);
            typing.await.expect("an editor beside them works on");
        }
        for flood in floods {
            flood.await.expect("an attacker does not panic").expect("the server goes on");
        }
        editor.settle(&mut online).await.expect("answers come");
        assert!(server.exited().is_none(), "it ended: {}", server.log_text());
    }
    let grown = server.peak_kib().saturating_sub(before);
    note(&format!("gaps: the server grew by at most {grown} KiB"));
    assert!(grown < BOUND_KIB, "grew by {grown} KiB, {BOUND_KIB} KiB are meant to be enough");
    assert_eq!((editor.refused, editor.journal.acked), (0, editor.journal.ops.len()));
    let (more, acked) = (self::written(&server) - written, editor.journal.acked as u64);
    assert!(more < acked * WRITTEN, "{more} bytes were written for {acked} edits");
    // Whoever reads it would notice if something in it were missing.
    let seen = read_fresh(server.port, "holes").await.expect("others read");
    assert_eq!(seen, editor.replica.content());
    server.kill();
    let content = export("holes", &data).expect("the document can be exported");
    judge("gaps", rounds, editor.journal.acked, &violations(&[&editor.journal], &content));
}

fn written(server: &Server) -> u64 {
    server.metric("coscribe_journal_bytes_written_total")
}

/// One for each kind, in both framings.
fn floods(port: u16, round: u64) -> impl Iterator<Item = impl Future<Output = Result<(), Gone>>> {
    let kinds: [(Gap, u64); 4] = [
        (|number| insertion(1_000_000 + number, 1, 1), MANY),
        (|number| insertion(9, 2 * number + 1, 1), MANY),
        (|number| insertion(2_000_000 + number, 1, LARGE_BYTES), LARGE),
        (|number| deletion(3_000_000 + number, 2 * number), MANY),
    ];
    let framings = [Framing::YWebsocket, Framing::Hocuspocus];
    kinds.into_iter().enumerate().map(move |(kind, (gap, count))| {
        flood(port, framings[(kind + round as usize) % 2], gap, round * count..(round + 1) * count)
    })
}

/// Sends them all, coming back when the server has had enough of a connection.
async fn flood(
    port: u16,
    framing: Framing,
    gap: Gap,
    mut numbers: std::ops::Range<u64>,
) -> Result<(), Gone> {
    while !numbers.is_empty() {
        let mut wire = Wire::connect(port, framing, "holes").await?;
        while let Some(first) = numbers.next() {
            let more = numbers.by_ref().take(AT_ONCE as usize - 1);
            let gaps = std::iter::once(first).chain(more).map(gap);
            match pour(&mut wire, gaps.collect()).await {
                Ok(()) => {}
                Err(Gone::Silent) => return Err(Gone::Silent),
                Err(_) => break,
            }
        }
    }
    Ok(())
}

/// Sends some and waits until they were looked at.
async fn pour(wire: &mut Wire, gaps: Vec<Bytes>) -> Result<(), Gone> {
    for gap in gaps {
        wire.send(&ClientMessage::Update(gap)).await?;
    }
    wire.send(&ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await?;
    while !matches!(wire.receive().await?, ServerMessage::SyncStep2(_)) {}
    Ok(())
}

/// A text of a client of whom everything before this clock is missing.
fn insertion(client: u64, clock: u64, length: usize) -> Bytes {
    let mut out = BytesMut::new();
    for number in [1, 1, client, clock] {
        varint::uint(&mut out, number);
    }
    // A string, the last of the root called `text`.
    out.put_slice(&[4, 1, 4]);
    out.put_slice(b"text");
    varint::bytes(&mut out, &vec![b'x'; length]);
    out.put_u8(0);
    out.freeze()
}

/// Deletes a letter that nobody has written.
fn deletion(client: u64, clock: u64) -> Bytes {
    let mut out = BytesMut::new();
    for number in [0, 1, client, 1, clock, 1] {
        varint::uint(&mut out, number);
    }
    out.freeze()
}
