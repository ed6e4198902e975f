//! A store that notices what is done to it: whatever may be to tell, it marks the document for every
//! receiver that wants to know, and lets the call through.
//!
//! Marks when a call is made, before it is durable: whoever follows the mark writes to the same
//! store, whose order makes sure that what it tells of is durable by then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{
    Kind, Target, ended,
    schedule::Schedule,
    told::{BIN, PAGE},
};
use crate::{
    clock::{Clock, Timestamp},
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        DocumentInfo, Entry, Health, Kept, Opened, Record, Store, StoreError, StoreFuture,
        StoredEntry,
    },
    telemetry::{Meter, warnings::EndUntold},
};

/// What the keys of versions begin with.
const VERSION: &str = "version/";

/// A store, and what there is to tell of it.
pub(super) struct Watched {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lines: Vec<Line>,
    /// What documents are called, as far as is known: the store finds them by name only.
    names: Arc<Mutex<HashMap<DocumentId, Known>>>,
}

/// A receiver and what waits for it.
pub(super) struct Line {
    pub(super) target: Target,
    schedule: Mutex<Schedule>,
    pub(super) changed: Notify,
    /// What was counted of it last.
    counted: Mutex<i64>,
}

#[derive(Clone, Debug)]
struct Known {
    name: DocumentName,
    /// Whether it has entries. One without is a name that somebody reserves.
    filled: bool,
}

impl Line {
    /// What waits, for a moment.
    pub(super) fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the number of what waits, which all receivers share, by what changed here.
    pub(super) fn count(&self, meter: &Meter) {
        let mut counted = lock(&self.counted);
        let left = i64::try_from(self.schedule().left()).unwrap_or(i64::MAX);
        meter.webhooks_waiting.add(left - *counted);
        *counted = left;
    }
}

impl Watched {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, targets: Vec<Target>) -> Self {
        let line = |target| Line {
            target,
            schedule: Mutex::default(),
            changed: Notify::new(),
            counted: Mutex::default(),
        };
        let lines = targets.into_iter().map(line).collect();
        Self { store, clock, lines, names: Arc::default() }
    }

    /// Marks a document for those who want to hear of one of these.
    pub(super) fn mark(&self, id: DocumentId, kinds: &[Kind]) {
        let now = self.clock.elapsed();
        for line in &self.lines {
            let wanted = |kind: &&Kind| line.target.kinds.has(**kind);
            let Some(kind) = kinds.iter().find(wanted) else { continue };
            let debounce = match kind {
                Kind::Changed => line.target.debounce,
                _ => Duration::ZERO,
            };
            line.schedule().nudge(id, now, debounce);
            line.changed.notify_one();
        }
    }

    /// Notes what all documents are called.
    pub(super) async fn learn_all(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.list("", after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.name.clone());
            page.iter().for_each(|info| self.learn(info));
            tokio::task::yield_now().await;
        }
    }

    /// Notes what a document is called.
    fn learn(&self, info: &DocumentInfo) {
        let known = Known { name: info.name.clone(), filled: info.last > Seq(0) };
        lock(&self.names).insert(info.id, known);
    }

    /// A living document.
    pub(super) async fn find_by_id(
        &self,
        id: DocumentId,
    ) -> Result<Option<DocumentInfo>, StoreError> {
        let known = lock(&self.names).get(&id).map(|known| known.name.clone());
        if let Some(name) = known {
            let found = self.store.list(name.as_str(), None, 1).await?;
            if let Some(info) = found.into_iter().find(|info| info.id == id) {
                return Ok(Some(info));
            }
        }
        match self.store.record(id, "").await {
            Err(StoreError::Missing) => {
                lock(&self.names).remove(&id);
                return Ok(None);
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        // Its name was changed at this very moment.
        let mut after = None;
        loop {
            let page = self.store.list("", after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(None) };
            after = Some(last.name.clone());
            if let Some(info) = page.into_iter().find(|info| info.id == id) {
                self.learn(&info);
                return Ok(Some(info));
            }
            tokio::task::yield_now().await;
        }
    }

    fn names_of(&self, kind: Kind) -> Vec<&super::TargetName> {
        let targets = self.lines.iter().map(|line| &line.target);
        targets.filter(|target| target.kinds.has(kind)).map(|target| &target.name).collect()
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for Watched {
    fn find(&self, name: &DocumentName) -> StoreFuture<Option<DocumentId>> {
        self.store.find(name)
    }

    fn create(
        &self,
        name: &DocumentName,
        id: DocumentId,
        time: Timestamp,
    ) -> StoreFuture<DocumentId> {
        lock(&self.names).insert(id, Known { name: name.clone(), filled: false });
        let (creating, names) = (self.store.create(name, id, time), Arc::clone(&self.names));
        Box::pin(async move {
            let holder = creating.await;
            if !matches!(holder, Ok(holder) if holder == id) {
                lock(&names).remove(&id);
            }
            holder
        })
    }

    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq> {
        let known =
            lock(&self.names).get_mut(&id).map(|it| std::mem::replace(&mut it.filled, true));
        let appending = self.store.append(id, entries);
        match known {
            Some(true) => self.mark(id, &[Kind::Changed]),
            _ => self.mark(id, &[Kind::Changed, Kind::Created]),
        }
        appending
    }

    fn open(&self, id: DocumentId) -> StoreFuture<Opened> {
        self.store.open(id)
    }

    fn snapshot(&self, id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64> {
        self.store.snapshot(id, expected, seq, state)
    }

    fn history(
        &self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.store.history(id, after, max_bytes)
    }

    fn delete(&self, id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()> {
        let known = lock(&self.names).get(&id).filter(|known| known.filled).cloned();
        let targets = self.names_of(Kind::Deleted);
        let Some(known) = known.filter(|_| !targets.is_empty()) else {
            return self.store.delete(id, time, clients);
        };
        let store = Arc::clone(&self.store);
        // Handed over first, so that it is durable whenever the end is; its own outcome changes nothing.
        let noting = ended::note(&*store, id, &known.name, time, &targets);
        let deleting = self.store.delete(id, time, clients);
        self.mark(id, &[Kind::Deleted]);
        Box::pin(async move {
            if let Err(error) = noting.await {
                EndUntold { document: &known.name, reason: &error }.note();
            }
            deleting.await
        })
    }

    fn retired_clients(&self, name: &DocumentName) -> StoreFuture<Arc<[u64]>> {
        self.store.retired_clients(name)
    }

    fn rename(&self, id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()> {
        let renaming = self.store.rename(id, name, time);
        self.mark(id, &[Kind::Renamed]);
        let (names, name) = (Arc::clone(&self.names), name.clone());
        Box::pin(async move {
            renaming.await?;
            if let Some(known) = lock(&names).get_mut(&id) {
                known.name = name;
            }
            Ok(())
        })
    }

    fn record(&self, id: DocumentId, key: &str) -> StoreFuture<Option<Record>> {
        self.store.record(id, key)
    }

    fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        expected: u64,
        value: Option<Bytes>,
    ) -> StoreFuture<u64> {
        let version = key.strip_prefix(VERSION).filter(|_| expected == 0 && value.is_some());
        let targets = if version.is_some() { self.names_of(Kind::Version) } else { Vec::new() };
        if let Some(version) = version.filter(|_| !targets.is_empty()) {
            // In the order of the calls: what is noted is durable whenever the version is. One that
            // is noted and was not kept is not told.
            drop(ended::note_version(&*self.store, id, version, &targets));
        }
        let putting = self.store.put_record(id, key, expected, value);
        if version.is_some() {
            self.mark(id, &[Kind::Version]);
        } else if key == BIN {
            self.mark(id, &[Kind::Deleted, Kind::Restored]);
        }
        putting
    }

    fn records(&self, id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>> {
        self.store.records(id, prefix)
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> StoreFuture<Vec<DocumentInfo>> {
        self.store.list(prefix, after, limit)
    }

    fn kept(&self, id: DocumentId) -> StoreFuture<Kept> {
        self.store.kept(id)
    }

    fn base(&self, id: DocumentId, seq: Seq) -> StoreFuture<Option<StoredEntry>> {
        self.store.base(id, seq)
    }

    fn cut(&self, id: DocumentId, kept: Kept, bases: Vec<StoredEntry>) -> StoreFuture<()> {
        self.store.cut(id, kept, bases)
    }

    fn health(&self) -> Health {
        self.store.health()
    }

    fn close(&self) -> StoreFuture<()> {
        self.store.close()
    }
}
