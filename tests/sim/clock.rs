//! The machine's clock: time that passes when the world says so, and a date that anybody may set.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use coscribe::clock::{Clock, Timestamp};

/// The date at which every world begins, in milliseconds since 1970.
const BEGINNING: u64 = 1_700_000_000_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct MachineClock {
    elapsed: AtomicU64,
    beginning: AtomicU64,
}

impl Default for MachineClock {
    fn default() -> Self {
        Self { elapsed: AtomicU64::new(0), beginning: AtomicU64::new(BEGINNING) }
    }
}

impl MachineClock {
    /// Lets time pass.
    pub(crate) fn pass(&self, millis: u64) {
        self.elapsed.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the date to one up to a year before or after the right one.
    pub(crate) fn jump(&self, chance: u64) {
        const YEAR: u64 = 365 * 24 * 3600 * 1000;
        self.beginning.store(BEGINNING - YEAR + chance % (2 * YEAR), Ordering::Relaxed);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let elapsed = self.elapsed.load(Ordering::Relaxed);
        Timestamp(self.beginning.load(Ordering::Relaxed) + elapsed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed.load(Ordering::Relaxed))
    }
}
