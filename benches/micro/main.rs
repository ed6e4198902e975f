//! What the single steps of an edit's way cost, each beside something that anybody can judge: the CRDT
//! without admission, a bare file, a plain queue, zstd alone. Ratios travel; nanoseconds do not.
//!
//!     cargo bench --all-features --bench micro            all of it
//!     cargo bench --all-features --bench micro -- seal    what has this in its name
//!
//! Plain programs and no framework: each step runs some rounds in turn with its measure, and the
//! fastest round of each counts, as everything that disturbs one only makes it slower.

mod edits;
mod queue;
mod store;

use std::{io::Write, time::Duration};

use coscribe::clock::{Clock, SystemClock};

/// Rounds of each step.
const ROUNDS: usize = 7;

/// Which steps are wanted, and where they tell.
struct Bench {
    wanted: Option<String>,
    clock: SystemClock,
}

/// One side of a comparison: its name, and what it does, which tells how often it did it.
struct Side<'a> {
    name: &'a str,
    run: &'a mut dyn FnMut() -> u64,
}

impl Bench {
    fn is_wanted(&self, name: &str) -> bool {
        self.wanted.as_deref().is_none_or(|wanted| name.contains(wanted))
    }

    /// Runs both sides in turn and tells of them.
    fn compare(&self, name: &str, ours: Side<'_>, measure: Side<'_>) {
        let (mut best, mut other) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            best = best.min(self.timed(ours.run));
            other = other.min(self.timed(measure.run));
        }
        let ratio = best.as_secs_f64() / other.as_secs_f64();
        let [best, other] = [best, other].map(|it| format!("{:.2} µs", it.as_secs_f64() * 1e6));
        let sides = format!("{} {best:>12}   {} {other:>12}", ours.name, measure.name);
        say(&format!("{name:<10} {ratio:>8.2} ×   {sides}"));
    }

    /// How long one of what it did took.
    fn timed(&self, run: &mut dyn FnMut() -> u64) -> Duration {
        let began = self.clock.elapsed();
        let done = run().max(1);
        let took = self.clock.elapsed() - began;
        Duration::from_secs_f64(took.as_secs_f64() / f64::from(u32::try_from(done).unwrap_or(1)))
    }
}

fn say(line: &str) {
    // Whoever reads may have read enough.
    let _unread = writeln!(std::io::stdout(), "{line}");
}

fn main() {
    // Cargo adds options of its own, such as --bench.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let bench = Bench { wanted, clock: SystemClock::new() };
    edits::run(&bench);
    queue::run(&bench);
    store::run(&bench);
}
