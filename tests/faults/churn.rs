//! People who come and go while their document is unloaded under them, and a server that runs out
//! of open files: nothing acknowledged is lost, and everybody is served in the end.

use std::time::Duration;

use coscribe::random::{Random, SeededRandom};
use tokio::net::TcpStream;

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    journal::Journal,
    judge, long, rounds,
    server::{Launch, Server},
    wire::Framing,
};

const PACE: Duration = Duration::from_millis(2);

/// What the system says when there are no more open files.
const TOO_MANY: &str = "Too many open files";

#[tokio::test(flavor = "multi_thread")]
async fn people_who_come_and_go_lose_nothing_to_unloading() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log")).with(&["--unload-after", "1ms"]);
    let server = launch.start().await;
    let visits = if long() { 200 } else { 25 };
    let framings = [Framing::Hocuspocus, Framing::YWebsocket, Framing::Hocuspocus];
    let visiting = ["ann", "bob", "cem"].into_iter().zip(framings).zip(1..);
    let visiting = visiting.map(|((name, framing), seed)| {
        let editor = Editor::new(name, "square", framing, seed);
        tokio::spawn(visit(editor, server.port, visits, SeededRandom::new(seed)))
    });
    let mut editors = Vec::new();
    for visiting in visiting.collect::<Vec<_>>() {
        editors.push(visiting.await.expect("an editor does not panic"));
    }
    for editor in &mut editors {
        editor.go_online(server.port).await.expect("the editor comes a last time");
        assert_eq!(editor.journal.acked, editor.journal.ops.len());
    }
    let journals: Vec<&Journal> = editors.iter().map(|editor| &editor.journal).collect();
    let seen = read_fresh(server.port, "square").await.expect("the document opens");
    server.kill();
    let stored = export("square", &data).expect("the document can be exported");
    assert_eq!(violations(&journals, &stored), Vec::<String>::new());
    assert_eq!(seen, stored);
}

/// Comes, types a little, and leaves, often without waiting for answers.
async fn visit(mut editor: Editor, port: u16, visits: usize, random: SeededRandom) -> Editor {
    for _ in 0..visits {
        let mut online = editor.go_online(port).await.expect("the editor comes");
        let stay = Duration::from_millis(random.below(30));
        editor.type_for(&mut online, PACE, stay).await.expect("the editor types");
        if random.below(2) == 0 {
            editor.settle(&mut online).await.expect("the editor is answered");
        }
        drop(online);
        tokio::time::sleep(Duration::from_millis(random.below(10))).await;
    }
    editor
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_open_files_comes_back_by_itself() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log")).open_files(64);
    let (rounds, mut acked, mut lost) = (rounds(1, 20), 0, Vec::new());
    for round in 0..rounds {
        let document = format!("note-{round}");
        let mut editor = Editor::new("ann", &document, Framing::Hocuspocus, 4 + round as u64);
        let mut server = launch.start().await;
        run_out(&mut server, &mut editor).await;
        server.kill();
        let stored = export(&document, &data).expect("the document can be exported");
        acked += editor.journal.acked;
        lost.extend(violations(&[&editor.journal], &stored));
    }
    judge("open files", rounds, acked, &lost);
}

/// A crowd takes all open files while somebody types, and leaves again.
async fn run_out(server: &mut Server, editor: &mut Editor) {
    let refused = server.log_text().matches(TOO_MANY).count();
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    let mut crowd = Vec::new();
    // No more than wait to be accepted: the next would wait for one of them to be closed.
    for _ in 0..120 {
        crowd.push(TcpStream::connect(("127.0.0.1", server.port)).await.expect("a place in line"));
    }
    // Meanwhile journal files fill up and new ones cannot be opened.
    editor.type_for(&mut online, PACE, Duration::from_secs(2)).await.expect("typing goes on");
    drop(crowd);
    let settled = editor.settle(&mut online).await;
    settled.unwrap_or_else(|gone| panic!("{gone:?}\n{}", server.log_text()));
    assert_eq!((editor.refused, editor.journal.acked), (0, editor.journal.ops.len()));
    server.becomes(200, Duration::from_secs(15)).await.expect("the server recovers");
    assert!(server.exited().is_none());
    let more = server.log_text().matches(TOO_MANY).count();
    assert!(more > refused, "there were enough open files");
}
