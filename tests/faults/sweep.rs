//! The n-th call of its kind fails, for one n after the other: every place where the server writes
//! has its turn, at a start, while people type, while files are sealed.

use std::{path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    alone, bench::export, checker::violations, editor::Editor, kill::has_strace, note, rounds,
    server::Launch, wire::Framing,
};

const PACE: Duration = Duration::from_millis(2);

/// A stay goes on for as many of these until the call was reached.
const STAY: Duration = Duration::from_millis(400);
const STAYS: usize = 10;

/// Full after some dozens of edits, so that sealing has its turn, too.
const JOURNAL_FILE: &str = "4KiB";

/// What each kind of failure may do to the calls that storing makes, and how many of one kind a stay
/// comes to at least.
const SWEEPS: [(&str, &str, usize); 4] = [
    ("EIO", "fdatasync,fsync", 60),
    ("EIO", "pwrite64,ftruncate", 60),
    ("ENOSPC", "pwrite64,fallocate", 60),
    ("EIO", "/^(rename|unlink)", 6),
];

#[tokio::test(flavor = "multi_thread")]
async fn whichever_call_fails_no_answer_lies_and_a_restart_helps() {
    let _turn = alone().await;
    if !has_strace() {
        return note("SKIPPED: failing calls need strace");
    }
    for (error, calls, reach) in SWEEPS {
        let steps = rounds(3, 60);
        let mut sweep = Sweep::default();
        for step in 1..=steps {
            // The short form takes some of them; a long one comes to each more than once.
            let place = 1 + (step * 17) % reach;
            sweep.step(error, calls, place).await;
        }
        note(&format!(
            "{error} at the n-th of {calls}: {steps} places, {} reached, {} failed starts, {} acks checked, none lost",
            sweep.struck, sweep.failed_starts, sweep.acked
        ));
        assert!(sweep.struck * 2 > steps, "too few of the calls were reached");
        assert!(sweep.acked > 0, "nothing was acknowledged");
    }
}

#[derive(Default)]
struct Sweep {
    /// Of edits that were looked for in the store after the failure.
    acked: usize,
    /// How often a call did fail: a server may not get as far as the n-th.
    struck: usize,
    failed_starts: usize,
}

impl Sweep {
    async fn step(&mut self, error: &str, calls: &str, place: usize) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("store");
        let mut launch = Launch::new(&data, &directory.path().join("log"));
        launch.journal_file = JOURNAL_FILE;
        let calls_made = directory.path().join("calls");
        let faulty = launch
            .clone()
            .noting_calls(&calls_made)
            .fault(&format!("trace={calls}"))
            .fault(&format!("inject={calls}:error={error}:when={place}"));
        let what = format!("{error} at {calls} number {place}");
        let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, place as u64);
        match faulty.try_start().await {
            Err(why) => {
                self.failed_starts += 1;
                let code = why.status.and_then(|status| status.code());
                assert_eq!(code, Some(1), "{what}: the start ends otherwise: {}", why.log);
            }
            Ok(mut server) => {
                // How the connection goes on is not the question; whether answers are true is.
                if let Ok(mut online) = editor.go_online(server.port).await {
                    for _ in 0..STAYS {
                        let _ = editor.type_for(&mut online, PACE, STAY).await;
                        if has_struck(&calls_made) {
                            break;
                        }
                    }
                }
                assert!(server.exited().is_none(), "{what}: it ended: {}", server.log_text());
                assert_eq!(server.get("/healthz").map(|it| it.0), Some(200), "{what}");
                server.kill();
            }
        }
        ended(&calls_made).await;
        self.struck += usize::from(has_struck(&calls_made));
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

/// Whether a call was made to fail, as far as `strace` has told.
fn has_struck(calls: &Path) -> bool {
    std::fs::read_to_string(calls).is_ok_and(|made| made.contains("(INJECTED)"))
}

/// Waits until `strace` has told everything: the last thing is how the server ended.
async fn ended(calls: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let is_told = || {
        std::fs::read_to_string(calls)
            .is_ok_and(|made| made.contains("+++ killed") || made.contains("+++ exited"))
    };
    while !is_told() {
        assert!(Instant::now() < deadline, "strace does not tell the end of the server");
        sleep(Duration::from_millis(5)).await;
    }
}
