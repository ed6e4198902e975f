//! Faults and attacks against the real server: killed, cut from power, lied to by its disk, fed
//! hostile bytes, starved by slow readers. `README.md` beside this file says what each part proves
//! and how to run the long forms.
//!
//! Every test starts `coscribe serve` as a process of its own and talks to it over sockets; what it
//! kept is read with `coscribe export`, before any editor could heal a loss by reconnecting.

mod bench;
mod checker;
mod churn;
mod clock;
mod corpus;
mod damage;
mod disk;
mod editor;
mod flood;
mod gaps;
mod herd;
mod hostile;
mod idle;
mod journal;
mod kill;
mod loop_image;
mod memory;
mod power;
mod replica;
mod server;
mod slow_disk;
mod slow_reader;
mod soak;
mod sockets;
mod sweep;
mod wire;

use std::sync::OnceLock;

use tokio::sync::{Mutex, MutexGuard};

/// Whether the long forms are asked for, by setting `COSCRIBE_LONG` to anything.
fn long() -> bool {
    std::env::var_os("COSCRIBE_LONG").is_some()
}

/// How many rounds of a loop are asked for, by `COSCRIBE_ROUNDS`.
fn asked() -> Option<usize> {
    let asked = std::env::var_os("COSCRIBE_ROUNDS")?;
    Some(asked.to_str().and_then(|rounds| rounds.parse().ok()).expect("COSCRIBE_ROUNDS: a number"))
}

/// How many rounds of a loop are played: those that are asked for, or the short or the long form.
fn rounds(short: usize, many: usize) -> usize {
    asked().unwrap_or(if long() { many } else { short })
}

/// Leaves a test out where the machine lacks what it needs. Whoever asks for a loop or for the long
/// forms wants to know that it was played, so that then it fails.
fn skip(why: &str) {
    let wanted = asked().is_some() || long();
    assert!(!wanted, "it cannot be played: {why}");
    note(&format!("SKIPPED: {why}"));
}

/// Says something to whoever runs the tests with `--nocapture`.
#[expect(clippy::print_stderr, reason = "the numbers are what these tests are run for")]
fn note(text: &str) {
    eprintln!("{text}");
}

/// Says what came of a loop. Nothing may be lost.
fn judge(loop_name: &str, rounds: usize, acked: usize, lost: &[String]) {
    let count = lost.len();
    note(&format!(
        "{loop_name}: {rounds} rounds, {acked} acknowledged edits checked, {count} lost"
    ));
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert!(acked > 0, "nothing was acknowledged");
}

/// Waits for the machine: memory is measured and disks are cut, so one test runs at a time.
async fn alone() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().await
}
