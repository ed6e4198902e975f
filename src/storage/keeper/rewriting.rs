//! An archive that is replaced under its own name: from the moment the new one has the name until the
//! tables know it, whoever reads by the old places finds other bytes there. That is no damage, and
//! can be told from it only by waiting for the end. Knows no archive.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Held while an archive is replaced, and until the tables know the new one.
#[derive(Debug, Default)]
pub(crate) struct Rewriting {
    lock: Mutex<()>,
    waiting: AtomicUsize,
}

impl Rewriting {
    /// Begins to replace one; it ends when the guard is dropped.
    pub(crate) fn begin(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until none is being replaced. For threads that may wait for the disk.
    pub(crate) fn wait(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(self.begin());
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether somebody waits.
    #[cfg(test)]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }
}
