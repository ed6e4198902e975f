//! Clocks that jump by a year, forwards and back, while people type: times in the past may be wrong,
//! edits and their order are not, and nobody is taken for dead.

use std::{path::Path, time::Duration};

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    journal::Journal,
    judge,
    replica::Content,
    rounds,
    server::{Launch, coscribe},
    skip,
    wire::Framing,
};

const PACE: Duration = Duration::from_millis(2);

/// In milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Where Debian and Fedora keep it.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib64/faketime/libfaketime.so.1",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_loses_nothing_and_ends_no_connection() {
    let _turn = alone().await;
    let Some(library) = LIBRARIES.into_iter().find(|path| Path::new(path).exists()) else {
        return skip("jumping clocks need libfaketime (package faketime)");
    };
    let (rounds, mut acked, mut lost) = (rounds(1, 20), 0, Vec::new());
    for round in 0..rounds {
        let editor = Editor::new("ann", "note", Framing::Hocuspocus, 8 + round as u64);
        let (journal, content) = jump(library, editor).await;
        acked += journal.acked;
        lost.extend(violations(&[&journal], &content));
    }
    judge("clock, six jumps each", rounds, acked, &lost);
}

/// Jumps six times, with a start in between; gives what the editor knows and what the store then holds.
async fn jump(library: &str, mut editor: Editor) -> (Journal, Content) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (data, clock) = (directory.path().join("store"), directory.path().join("clock"));
    let now_is = |shift: &str| std::fs::write(&clock, shift).expect("the clock can be set");
    now_is("+0d");
    let launch = Launch::new(&data, &directory.path().join("log"))
        .environment("LD_PRELOAD", library)
        .environment("FAKETIME_TIMESTAMP_FILE", clock.to_str().expect("a plain path"))
        .environment("FAKETIME_NO_CACHE", "1")
        // As on machines whose clock is set: time that only passes is not touched.
        .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut steps = ["+0d", "+365d", "-365d", "+1d", "-3600d", "+0d"].into_iter();
    let server = launch.start().await;
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    for shift in steps.by_ref().take(3) {
        now_is(shift);
        let typing = editor.type_for(&mut online, PACE, Duration::from_millis(400));
        typing.await.expect("nobody is taken for dead");
        editor.settle(&mut online).await.expect("answers come");
    }
    server.kill();
    // A start in the past of what is stored, and jumps with sealing on the way.
    let server = launch.start().await;
    let mut online = editor.go_online(server.port).await.expect("the editor comes back");
    for shift in steps {
        now_is(shift);
        let typing = editor.type_for(&mut online, PACE, Duration::from_millis(400));
        typing.await.expect("nobody is taken for dead");
        editor.settle(&mut online).await.expect("answers come");
    }
    assert_eq!((editor.refused, editor.journal.acked), (0, editor.journal.ops.len()));
    assert_eq!(server.ready().0, 200);
    let (status, page) =
        server.get("/api/v1/documents/note/history/entries?limit=1000").expect("answers");
    assert_eq!(status, 200, "the past cannot be told: {page}");
    let times: Vec<u64> = page
        .split("\"time\":")
        .skip(1)
        .filter_map(|rest| rest.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok())
        .collect();
    let (first, last) = (times.iter().min(), times.iter().max());
    let apart = last.zip(first).map_or(0, |(last, first)| last - first);
    assert!(apart > 300 * DAY, "the clock did not jump: {apart} ms lie between the edits");
    let seen = read_fresh(server.port, "note").await.expect("it opens");
    server.kill();
    let content = export("note", &data).expect("the document can be exported");
    assert_eq!(seen, content);
    let found = coscribe(&["inspect"], &data);
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stdout));
    (editor.journal, content)
}
