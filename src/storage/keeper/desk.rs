//! What waits for the keeper, and what it could not do.
//!
//! Knows files by their numbers and when to try again; does no I/O itself.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    clock::Clock,
    ids::{DocumentId, Seq},
    storage::StoreError,
};

/// Most snapshots that may wait. Callers can do without one; memory cannot.
const WAITING: usize = 16;

/// Most ended documents whose snapshots wait to be removed. The next start removes what is left.
const ENDED: usize = 10_000;

/// Pause before files are tried again whose sealing failed, as on a full disk; it doubles. Each
/// attempt reads the whole file.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_LONGEST: Duration = Duration::from_secs(80);

/// Files that are told of one by one.
const TOLD: usize = 3;

/// A snapshot to keep.
pub(crate) struct SnapshotJob {
    /// Whose.
    pub(crate) id: DocumentId,
    /// The revision that its caller knows.
    pub(crate) expected: u64,
    /// The last entry in it.
    pub(crate) seq: Seq,
    /// The state.
    pub(crate) state: Bytes,
    /// Told the new revision.
    pub(crate) done: Box<dyn FnOnce(Result<u64, StoreError>) + Send>,
}

/// Work that waits.
pub(crate) struct Desk {
    tray: Mutex<Tray>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Tray {
    /// Journal files to seal now.
    full: BTreeSet<u64>,
    /// Those that could not be sealed, and why. They are tried again when it is time.
    failing: BTreeMap<u64, String>,
    retry_at: Duration,
    pause: Duration,
    snapshots: VecDeque<SnapshotJob>,
    ended: VecDeque<DocumentId>,
    cut: VecDeque<(DocumentId, Seq, Option<Bytes>)>,
    merge: bool,
    /// Whether archives may hold what was cut off.
    erase: bool,
    /// Whether the index may hold bytes of states from before a cut.
    renew: bool,
    erase_failed: Option<String>,
    merge_failed: Option<String>,
    stop: bool,
    panicked: bool,
    busy: bool,
}

/// A piece of work.
pub(super) enum Work {
    Seal(u64),
    Snapshot(SnapshotJob),
    Forget(DocumentId),
    /// The state at this seq takes the place of a snapshot from before it.
    Cut(DocumentId, Seq, Option<Bytes>),
    Merge,
    Erase,
    Renew,
}

impl Desk {
    /// An empty one.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let tray = Tray { pause: RETRY_FIRST, ..Tray::default() };
        Self { tray: Mutex::new(tray), changed: Condvar::new(), clock }
    }

    /// Hands over journal files that are full.
    pub(crate) fn add_full(&self, files: impl IntoIterator<Item = u64>) {
        let mut tray = self.lock();
        for file in files {
            if !tray.failing.contains_key(&file) {
                tray.full.insert(file);
            }
        }
        drop(tray);
        self.changed.notify_all();
    }

    /// Hands over the end of a document, whose snapshot can go.
    pub(crate) fn add_ended(&self, id: DocumentId) {
        let mut tray = self.lock();
        if tray.ended.len() < ENDED {
            tray.ended.push_back(id);
        }
        tray.merge = true;
        drop(tray);
        self.changed.notify_all();
    }

    /// Hands over a cut: the seq from which on the past is kept, and the state there. What is older
    /// goes from snapshots, archives and index.
    pub(crate) fn add_cut(&self, id: DocumentId, floor: Seq, state: Option<Bytes>) {
        let mut tray = self.lock();
        tray.cut.push_back((id, floor, state));
        (tray.erase, tray.renew) = (true, true);
        drop(tray);
        self.changed.notify_all();
    }

    /// Hands over what an earlier run has left to erase.
    pub(crate) fn add_stale(&self, snapshots: bool) {
        let mut tray = self.lock();
        (tray.erase, tray.renew) = (true, tray.renew | snapshots);
        drop(tray);
        self.changed.notify_all();
    }

    /// Hands over a snapshot; refuses it when too many wait.
    pub(crate) fn add_snapshot(&self, job: SnapshotJob) {
        let mut tray = self.lock();
        let refused = if tray.stop {
            Some(StoreError::Failed("it was closed".into()))
        } else if tray.snapshots.len() >= WAITING {
            Some(StoreError::Refused(format!("{WAITING} snapshots wait to be written")))
        } else {
            None
        };
        if let Some(error) = refused {
            drop(tray);
            return (job.done)(Err(error));
        }
        tray.snapshots.push_back(job);
        drop(tray);
        self.changed.notify_all();
    }

    /// What keeps failing, a sentence each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let tray = self.lock();
        let told = tray.failing.iter().take(TOLD).map(|(file, reason)| {
            format!("journal file {file} cannot be archived and stays as it is: {reason}")
        });
        let mut warnings: Vec<_> = told.collect();
        if tray.failing.len() > TOLD {
            warnings.push(format!("and {} more journal files", tray.failing.len() - TOLD));
        }
        warnings.extend(
            tray.merge_failed.iter().map(|reason| format!("archives cannot be merged: {reason}")),
        );
        warnings.extend(
            tray.erase_failed
                .iter()
                .map(|reason| format!("what retention cut off is not erased yet: {reason}")),
        );
        if tray.panicked {
            warnings
                .push("the keeper's thread panicked: nothing is archived until a restart".into());
        }
        warnings
    }

    /// Blocks until nothing is left to do, or nothing can be done now.
    #[cfg(test)]
    pub(crate) fn wait_until_idle(&self) {
        let mut tray = self.lock();
        while !tray.stop
            && (tray.busy
                || tray.merge
                || tray.erase
                || tray.renew
                || !tray.cut.is_empty()
                || !tray.full.is_empty()
                || !tray.snapshots.is_empty()
                || !tray.ended.is_empty())
        {
            tray = self.changed.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes it time to try again what failed.
    #[cfg(test)]
    pub(crate) fn retry_now(&self) {
        let mut tray = self.lock();
        let failing: Vec<u64> = tray.failing.keys().copied().collect();
        tray.full.extend(failing);
        drop(tray);
        self.changed.notify_all();
    }

    /// Waits for the next piece of work; `None` when the thread is to end.
    pub(super) fn next(&self) -> Option<Work> {
        let mut tray = self.lock();
        tray.busy = false;
        self.changed.notify_all();
        loop {
            let now = self.clock.elapsed();
            let work = tray.next(now);
            if work.is_some() || tray.stop {
                return work;
            }
            tray = self.wait(tray, now);
        }
    }

    /// The next piece of work, if there is one now.
    #[cfg(feature = "conformance")]
    pub(super) fn try_next(&self) -> Option<Work> {
        let mut tray = self.lock();
        tray.busy = false;
        tray.next(self.clock.elapsed())
    }

    /// Waits for work, or until it is time to try again what failed.
    fn wait<'a>(&self, tray: MutexGuard<'a, Tray>, now: Duration) -> MutexGuard<'a, Tray> {
        if tray.failing.is_empty() {
            return self.changed.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
        let pause = tray.retry_at.saturating_sub(now);
        let (mut tray, waited) =
            self.changed.wait_timeout(tray, pause).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            tray.retry_at = now;
        }
        tray
    }

    /// Notes that a file was dealt with.
    pub(super) fn sealed(&self, file: u64) {
        let mut tray = self.lock();
        tray.full.remove(&file);
        tray.failing.remove(&file);
        if tray.failing.is_empty() {
            tray.pause = RETRY_FIRST;
        }
        tray.merge = true;
        tray.erase |= tray.erase_failed.is_some();
    }

    /// Notes that a file could not be sealed. Others come first now.
    pub(super) fn seal_failed(&self, file: u64, reason: String) {
        let mut tray = self.lock();
        tray.full.remove(&file);
        tray.failing.insert(file, reason);
        tray.retry_at = self.clock.elapsed() + tray.pause;
    }

    /// Notes how a merge went, and whether there may be more to merge.
    pub(super) fn merged(&self, outcome: Result<bool, String>) {
        let mut tray = self.lock();
        tray.merge |= *outcome.as_ref().unwrap_or(&false);
        tray.merge_failed = outcome.err();
    }

    /// Notes how erasing went. What failed is tried again after the next seal or cut.
    pub(super) fn erased(&self, outcome: Result<(), String>) {
        self.lock().erase_failed = outcome.err();
    }

    /// From now on only what was handed over is done.
    pub(super) fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_all();
    }

    /// Answers those who wait for a thread that is gone.
    pub(super) fn give_up(&self) {
        let mut tray = self.lock();
        (tray.stop, tray.panicked) = (true, true);
        let snapshots = std::mem::take(&mut tray.snapshots);
        drop(tray);
        self.changed.notify_all();
        for job in snapshots {
            (job.done)(Err(StoreError::Failed("the keeper's thread panicked".into())));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tray {
    /// Takes the next piece of work, small ones first. After a stop only snapshots are left to do.
    fn next(&mut self, now: Duration) -> Option<Work> {
        if self.full.is_empty() && now >= self.retry_at {
            self.retry();
        }
        let work = if let Some(job) = self.snapshots.pop_front() {
            Work::Snapshot(job)
        } else if self.stop {
            return None;
        } else if let Some(id) = self.ended.pop_front() {
            Work::Forget(id)
        } else if let Some((id, floor, state)) = self.cut.pop_front() {
            Work::Cut(id, floor, state)
        } else if let Some(file) = self.full.first() {
            Work::Seal(*file)
        } else if std::mem::take(&mut self.erase) {
            Work::Erase
        } else if std::mem::take(&mut self.renew) {
            Work::Renew
        } else if std::mem::take(&mut self.merge) {
            Work::Merge
        } else {
            return None;
        };
        self.busy = true;
        Some(work)
    }

    fn retry(&mut self) {
        if !self.failing.is_empty() {
            self.full.extend(self.failing.keys());
            self.pause = (self.pause * 2).min(RETRY_LONGEST);
        }
    }
}
