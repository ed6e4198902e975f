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

/// How many rounds of a loop are played: `COSCRIBE_ROUNDS`, or the short or the long form.
fn rounds(short: usize, many: usize) -> usize {
    let asked = std::env::var_os("COSCRIBE_ROUNDS");
    let asked = asked.and_then(|rounds| rounds.to_str()?.parse().ok());
    asked.unwrap_or(if long() { many } else { short })
}

/// Says something to whoever runs the tests with `--nocapture`.
#[expect(clippy::print_stderr, reason = "the numbers are what these tests are run for")]
fn note(text: &str) {
    eprintln!("{text}");
}

/// Waits for the machine: memory is measured and disks are cut, so one test runs at a time.
async fn alone() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().await
}
