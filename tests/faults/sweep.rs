//! The n-th call of its kind fails, or is the last, for one n after the other from the first on: every
//! place where the server writes has its turn, at a start, while people type, while files are sealed.
//!
//! `strace` counts the calls of each thread by themselves. A call that fails therefore does so in
//! every thread that comes so far; a kill comes from the first one.

use std::{os::unix::process::ExitStatusExt, path::Path, process::ExitStatus, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    alone,
    bench::export,
    checker::violations,
    editor::Editor,
    kill::has_strace,
    note, rounds,
    server::{Launch, Server},
    skip,
    wire::Framing,
};

const PACE: Duration = Duration::from_millis(2);

/// What is typed between two looks at what was struck, and after it.
const STAY: Duration = Duration::from_millis(300);

/// A server that has not come to the call by then does not come to it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Full after some dozens of edits, so that sealing has its turn, too.
const JOURNAL_FILE: &str = "4KiB";

/// What befalls the calls that storing makes: from the first to the last n, of which a short form takes
/// so many. A server makes more of them while somebody types.
struct Row {
    strike: Strike,
    calls: &'static str,
    last: usize,
    short: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strike {
    Error(&'static str),
    Kill,
}

const ROWS: [Row; 11] = [
    fails("EIO", "fdatasync,fsync", 60),
    fails("EIO", "pwrite64,ftruncate", 60),
    fails("ENOSPC", "pwrite64,fallocate", 60),
    fails("EIO", "/^(rename|unlink)", 20),
    // Each call by itself: the most frequent one would come to every n before the others do.
    is_last("fdatasync", 60),
    is_last("fsync", 60),
    is_last("pwrite64", 60),
    is_last("ftruncate", 20),
    is_last("fallocate", 20),
    is_last("/^rename", 20),
    is_last("/^unlink", 20),
];

const fn fails(error: &'static str, calls: &'static str, last: usize) -> Row {
    Row { strike: Strike::Error(error), calls, last, short: 4 }
}

const fn is_last(calls: &'static str, last: usize) -> Row {
    Row { strike: Strike::Kill, calls, last, short: 6 }
}

impl Row {
    /// So many n: all of them, again and again, or some, closer together where a server begins.
    fn places(&self, count: usize) -> Vec<usize> {
        let some = |step: usize| (1 + step * step * self.last / (count * count)).max(1 + step);
        let all = |step: usize| 1 + step % self.last;
        (0..count).map(|step| if count < self.last { some(step) } else { all(step) }).collect()
    }

    fn describe(&self) -> String {
        match self.strike {
            Strike::Error(error) => format!("{error} at the n-th of {}", self.calls),
            Strike::Kill => format!("SIGKILL at the n-th of {}", self.calls),
        }
    }

    /// Has strace do it at the n-th, and write down what it sees.
    fn inject(&self, launch: Launch, place: usize, seen: &Path) -> Launch {
        let calls = self.calls;
        let strike = match self.strike {
            Strike::Error(error) => format!("error={error}"),
            Strike::Kill => "signal=SIGKILL".to_owned(),
        };
        launch
            .noting_calls(seen)
            .fault(&format!("trace={calls}"))
            .fault(&format!("inject={calls}:{strike}:when={place}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_call_fails_no_answer_lies_and_a_restart_helps() {
    sweep(|strike| strike != Strike::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_call_is_the_last_nothing_acknowledged_is_lost_and_a_restart_works() {
    sweep(|strike| strike == Strike::Kill).await;
}

async fn sweep(which: impl Fn(Strike) -> bool) {
    let _turn = alone().await;
    if !has_strace() {
        return skip("striking at calls needs strace");
    }
    for row in ROWS.iter().filter(|row| which(row.strike)) {
        let places = row.places(rounds(row.short, row.last));
        let mut tally = Tally::default();
        for place in &places {
            tally.step(row, *place).await;
        }
        let Tally { acked, at_start } = tally;
        note(&format!(
            "{}: {} rounds, n from {} to {}, all struck, {at_start} of them at a start; {acked} \
             acknowledged edits checked, 0 lost",
            row.describe(),
            places.len(),
            places.iter().min().unwrap_or(&0),
            places.iter().max().unwrap_or(&0),
        ));
        assert!(acked > 0, "nothing was acknowledged");
    }
}

#[derive(Default)]
struct Tally {
    /// Of edits that were looked for in the store after the strike.
    acked: usize,
    /// How often the server did not come to serve.
    at_start: usize,
}

impl Tally {
    async fn step(&mut self, row: &Row, place: usize) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("store");
        let mut launch = Launch::new(&data, &directory.path().join("log"));
        launch.journal_file = JOURNAL_FILE;
        let seen = directory.path().join("calls");
        let what = format!("{}, n = {place}", row.describe());
        let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, place as u64);
        match row.inject(launch.clone(), place, &seen).try_start().await {
            Err(why) => {
                self.at_start += 1;
                let right = why.status.is_some_and(|status| row.may_end_a_start(status));
                assert!(right, "{what}: the start ends otherwise: {:?} {}", why.status, why.log);
            }
            Ok(mut server) => {
                row.play(&mut server, &mut editor, &seen, &what).await;
                server.kill();
            }
        }
        ended(&seen).await;
        assert!(row.has_struck(&seen), "{what}: the server did not come to it:\n{}", told(&seen));
        if editor.journal.acked > 0 {
            let content = export("note", &data).unwrap_or_else(|why| panic!("{what}: {why}"));
            let found = violations(&[&editor.journal], &content);
            assert_eq!(found, Vec::<String>::new(), "{what}");
            self.acked += editor.journal.acked;
        }
        let server = launch.start().await;
        assert_eq!(server.ready().0, 200, "{what}: a restart does not help");
        editor.go_online(server.port).await.expect("the editor comes back");
        assert_eq!(editor.journal.acked, editor.journal.ops.len(), "{what}");
        server.kill();
    }
}

impl Row {
    /// Somebody types until it has struck, and a little longer where the server lives on.
    async fn play(&self, server: &mut Server, editor: &mut Editor, seen: &Path, what: &str) {
        let deadline = Instant::now() + PATIENCE;
        let is_over = || self.has_struck(seen) || Instant::now() > deadline;
        while !is_over() {
            // How the connection goes on is not the question; whether answers are true is.
            let Ok(mut online) = editor.go_online(server.port).await else {
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            while !is_over() && editor.type_for(&mut online, PACE, STAY).await.is_ok() {}
            if self.strike != Strike::Kill {
                let _ = editor.type_for(&mut online, PACE, STAY).await;
            }
        }
        if self.strike == Strike::Kill {
            let end = server.ended(PATIENCE).await;
            let killed = end.is_some_and(|status| self.may_end_a_start(status));
            assert!(killed, "{what}: it was not killed: {end:?}\n{}", server.log_text());
            return;
        }
        assert!(server.exited().is_none(), "{what}: it ended: {}", server.log_text());
        assert_eq!(server.get("/healthz").map(|it| it.0), Some(200), "{what}");
    }

    fn may_end_a_start(&self, status: ExitStatus) -> bool {
        match self.strike {
            Strike::Error(_) => status.code() == Some(1),
            Strike::Kill => status.signal() == Some(9),
        }
    }

    /// Whether it came to it, as far as `strace` has told. Nobody else kills before that is known.
    fn has_struck(&self, seen: &Path) -> bool {
        match self.strike {
            Strike::Error(_) => told(seen).contains("(INJECTED)"),
            Strike::Kill => told(seen).contains("+++ killed by SIGKILL"),
        }
    }
}

fn told(seen: &Path) -> String {
    std::fs::read_to_string(seen).unwrap_or_default()
}

/// Waits until `strace` has told everything: the last thing is how the server ended.
async fn ended(seen: &Path) {
    let deadline = Instant::now() + PATIENCE;
    let is_told = || {
        let told = told(seen);
        told.contains("+++ killed") || told.contains("+++ exited")
    };
    while !is_told() {
        assert!(Instant::now() < deadline, "strace does not tell the end of the server");
        sleep(Duration::from_millis(5)).await;
    }
}
