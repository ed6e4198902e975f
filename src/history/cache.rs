//! Finds the past of a document or builds it: one build per document, a bounded number of people in
//! line, a bounded number of bytes kept.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Semaphore;

use super::{HistoryError, Past, retention::Policy, threads::Threads};
use crate::{
    clock::Clock,
    ids::{DocumentId, Seq},
    limits::Limits,
    storage::Store,
    telemetry::{Meter, meter::Outcome},
};

/// Bytes of updates that are read from the store at a time. A segment unpacks to as much.
const PAGE_BYTES: usize = 1 << 20;

/// Entries applied between two turns of others on the same thread.
const TURN: usize = 2_000;

/// The pasts of all documents. Cheap to clone.
#[derive(Clone)]
pub struct History(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    threads: Threads,
    line: Arc<Semaphore>,
    /// Bytes of all pasts together, and so of one.
    bytes: usize,
    slots: Mutex<HashMap<DocumentId, Arc<Slot>>>,
    turns: AtomicU64,
    policy: Policy,
    measured: OnceLock<(Arc<Meter>, Arc<dyn Clock>)>,
}

/// The place of one document's past. Whoever holds the lock reads or builds it.
#[derive(Default)]
struct Slot {
    past: tokio::sync::Mutex<Option<Past>>,
    bytes: AtomicUsize,
    used: AtomicU64,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("pasts", &self.0.slots().len()).finish_non_exhaustive()
    }
}

impl History {
    /// Starts `threads` threads for the pasts of what is in a store.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn new(store: Arc<dyn Store>, limits: &Limits, threads: usize) -> io::Result<Self> {
        Self::keeping(store, limits, threads, Policy::Forever)
    }

    /// The same where pasts are kept as a policy says, unless documents have their own.
    ///
    /// # Errors
    /// As [`History::new`].
    pub fn keeping(
        store: Arc<dyn Store>,
        limits: &Limits,
        threads: usize,
        policy: Policy,
    ) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            store,
            threads: Threads::start(threads)?,
            line: Arc::new(Semaphore::new(limits.history_line)),
            bytes: limits.history_bytes,
            slots: Mutex::default(),
            turns: AtomicU64::new(0),
            policy,
            measured: OnceLock::new(),
        })))
    }

    /// Moves these numbers from now on, with the times that the clock tells.
    #[must_use]
    pub fn metered(self, meter: &Arc<Meter>, clock: &Arc<dyn Clock>) -> Self {
        // Whoever gave the first ones reads them.
        let _given_before = self.0.measured.set((Arc::clone(meter), Arc::clone(clock))).is_err();
        self
    }

    /// Works with a document's past up to its last durable entry, on a thread for that with a large
    /// stack. The work goes on if nobody waits for it any more.
    ///
    /// # Errors
    /// When the past cannot be read, or the work fails.
    pub async fn read<T: Send + 'static>(
        &self,
        id: DocumentId,
        work: impl FnOnce(&mut Past) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let place = Arc::clone(&self.0.line).try_acquire_owned();
        let place = place.map_err(|_| HistoryError::Busy)?;
        let shared = Arc::clone(&self.0);
        let working = self.0.threads.of(id).spawn(async move {
            let _place = place;
            let slot = shared.slot(id);
            let mut held = slot.past.lock().await;
            // Out of the slot while it is worked with: what fails halfway is not found by the next.
            let mut past = held.take().unwrap_or_else(|| Past::new(id));
            slot.bytes.store(0, Ordering::Relaxed);
            shared.catch_up(&mut past).await?;
            let outcome = work(&mut past);
            slot.bytes.store(past.memory(), Ordering::Relaxed);
            *held = Some(past);
            drop(held);
            shared.make_room(id);
            outcome
        });
        let broken = |_| HistoryError::Unreadable("reading it broke down".into());
        working.await.map_err(broken)?
    }

    /// Forgets what is kept of a document's past, for whoever changes the journal behind it.
    pub async fn forget(&self, id: DocumentId) {
        let slot = self.0.slots().remove(&id);
        if let Some(slot) = slot {
            slot.past.lock().await.take();
        }
    }

    /// How much of pasts is kept where documents do not say otherwise.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.0.policy
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.slots().values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum()
    }
}

impl Shared {
    fn slots(&self) -> MutexGuard<'_, HashMap<DocumentId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, id: DocumentId) -> Arc<Slot> {
        let slot = Arc::clone(self.slots().entry(id).or_default());
        slot.used.store(self.turns.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Applies what is new, and counts that unless nothing is.
    async fn catch_up(&self, past: &mut Past) -> Result<(), HistoryError> {
        let Some((meter, clock)) = self.measured.get() else { return self.read_on(past).await };
        let (began, before) = (clock.elapsed(), past.last());
        let outcome = self.read_on(past).await;
        match &outcome {
            Ok(()) if past.last() == before => {}
            Ok(()) => {
                meter.history_builds[Outcome::Done].add(1);
                meter.history_time.note(clock.elapsed().saturating_sub(began));
            }
            Err(_) => meter.history_builds[Outcome::Failed].add(1),
        }
        outcome
    }

    /// Applies what is new, a page of the journal at a time.
    async fn read_on(&self, past: &mut Past) -> Result<(), HistoryError> {
        loop {
            let floor = self.store.kept(past.id()).await?.floor;
            if past.last() > Seq(0) && past.floor() < floor {
                // What is in it was cut off since.
                *past = Past::new(past.id());
            }
            let page = self.store.history(past.id(), past.last(), PAGE_BYTES).await?;
            if page.is_empty() {
                return Ok(());
            }
            for entries in page.chunks(TURN) {
                entries.iter().try_for_each(|stored| past.push(stored))?;
                tokio::task::yield_now().await;
            }
            if past.memory() > self.bytes {
                return Err(HistoryError::TooLarge);
            }
        }
    }

    /// Drops what was not used for longest until the rest fits, except for one.
    fn make_room(&self, keep: DocumentId) {
        let mut slots = self.slots();
        let mut total: usize = slots.values().map(|it| it.bytes.load(Ordering::Relaxed)).sum();
        while total > self.bytes {
            let others = slots.iter().filter(|(id, _)| **id != keep);
            let oldest = others.min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed));
            let Some((id, slot)) = oldest.map(|(id, slot)| (*id, Arc::clone(slot))) else { return };
            total -= slot.bytes.load(Ordering::Relaxed);
            slots.remove(&id);
        }
    }
}
