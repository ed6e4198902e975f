//! The engine without disk: the same contract except that nothing outlives the process.
//!
//! For throw-away servers, for tests, and as the plain reading of what the contract means.

use std::{
    collections::HashMap,
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        DocumentInfo, Entry, Health, Kept, Opened, Record, Snapshot, Store, StoreError,
        StoreFuture, StoredEntry, catalog::Catalog, payload::Change,
    },
};

/// An engine that keeps everything in memory.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    catalog: Catalog,
    entries: HashMap<DocumentId, Vec<StoredEntry>>,
    snapshots: HashMap<DocumentId, Snapshot>,
    cuts: HashMap<DocumentId, (Kept, Vec<StoredEntry>)>,
    closed: bool,
}

impl Memory {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls take effect at once, under a lock that is never held while waiting.
    fn now<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> StoreFuture<T> {
        let mut state = self.lock();
        let outcome = if state.closed {
            Err(StoreError::Failed("it was closed".into()))
        } else {
            work(&mut state)
        };
        Box::pin(future::ready(outcome))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes a change that was checked before.
    fn note(&mut self, id: DocumentId, change: &Change) -> Result<(), StoreError> {
        let last = self.catalog.life(id).map_or(Seq(0), |life| life.last);
        let seq = if matches!(change, Change::Entry(_)) { Seq(last.0 + 1) } else { last };
        let noted = self.catalog.note(id, seq, change);
        noted.map_err(|misfit| StoreError::Conflict(misfit.to_string()))
    }
}

impl State {
    /// The entries after a seq, with the state that stands for those that were cut off.
    fn after(&self, id: DocumentId, after: Seq) -> impl Iterator<Item = &StoredEntry> {
        let entries = self.entries.get(&id).map_or(&[][..], Vec::as_slice);
        let rest = &entries[entries.partition_point(|stored| stored.seq <= after)..];
        let cut = self.cuts.get(&id).filter(|(kept, _)| after < kept.floor);
        let base = cut.and_then(|(kept, bases)| bases.iter().find(|it| it.seq == kept.floor));
        base.into_iter().chain(rest)
    }
}

impl Store for Memory {
    fn find(&self, name: &DocumentName) -> StoreFuture<Option<DocumentId>> {
        self.now(|state| Ok(state.catalog.find(name)))
    }

    fn create(
        &self,
        name: &DocumentName,
        id: DocumentId,
        time: Timestamp,
    ) -> StoreFuture<DocumentId> {
        self.now(|state| {
            if let Some(holder) = state.catalog.find(name) {
                return Ok(holder);
            }
            state.note(id, &Change::Create { name: name.clone(), time })?;
            Ok(id)
        })
    }

    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq> {
        self.now(|state| {
            let mut seq = state.catalog.life(id)?.last;
            for entry in entries {
                seq = Seq(seq.0 + 1);
                state.note(id, &Change::Entry(entry.clone()))?;
                state.entries.entry(id).or_default().push(StoredEntry { seq, entry });
            }
            Ok(seq)
        })
    }

    fn open(&self, id: DocumentId) -> StoreFuture<Opened> {
        self.now(|state| {
            let last = state.catalog.life(id)?.last;
            let snapshot = state.snapshots.get(&id).cloned();
            let after = snapshot.as_ref().map_or(Seq(0), |snapshot| snapshot.seq);
            Ok(Opened { snapshot, entries: state.after(id, after).cloned().collect(), last })
        })
    }

    fn snapshot(&self, id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64> {
        self.now(|tables| {
            let last = tables.catalog.life(id)?.last;
            let found = tables.snapshots.get(&id).map_or(0, |snapshot| snapshot.revision);
            super::check_snapshot((found, last), (expected, seq))?;
            let revision = found + 1;
            tables.snapshots.insert(id, Snapshot { revision, seq, state });
            Ok(revision)
        })
    }

    fn history(
        &self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.now(|state| {
            state.catalog.life(id)?;
            let mut bytes = 0;
            let page = state.after(id, after).take_while(|stored| {
                let wanted = bytes < max_bytes || bytes == 0;
                bytes += stored.entry.update.len();
                wanted
            });
            Ok(page.cloned().collect())
        })
    }

    fn delete(&self, id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()> {
        self.now(|state| {
            state.catalog.life(id)?;
            state.note(id, &Change::Delete { time, clients: clients.into() })?;
            state.entries.remove(&id);
            state.snapshots.remove(&id);
            state.cuts.remove(&id);
            Ok(())
        })
    }

    fn retired_clients(&self, name: &DocumentName) -> StoreFuture<Arc<[u64]>> {
        self.now(|state| Ok(state.catalog.retired(name)))
    }

    fn rename(&self, id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()> {
        self.now(|state| {
            state.catalog.life(id)?;
            state.catalog.check_name(name)?;
            state.note(id, &Change::Rename { name: name.clone(), time })
        })
    }

    fn record(&self, id: DocumentId, key: &str) -> StoreFuture<Option<Record>> {
        self.now(|state| state.catalog.record(id, key))
    }

    fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        expected: u64,
        value: Option<Bytes>,
    ) -> StoreFuture<u64> {
        self.now(|state| {
            let change = state.catalog.put_record(id, key, expected, value)?;
            state.note(id, &change)?;
            Ok(state.catalog.record(id, key)?.map_or(0, |record| record.revision))
        })
    }

    fn records(&self, id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>> {
        self.now(|state| state.catalog.records(id, prefix))
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> StoreFuture<Vec<DocumentInfo>> {
        self.now(|state| Ok(state.catalog.list(prefix, after, limit)))
    }

    fn kept(&self, id: DocumentId) -> StoreFuture<Kept> {
        self.now(|state| {
            state.catalog.life(id)?;
            Ok(state.cuts.get(&id).map(|(kept, _)| kept.clone()).unwrap_or_default())
        })
    }

    fn base(&self, id: DocumentId, seq: Seq) -> StoreFuture<Option<StoredEntry>> {
        self.now(|state| {
            state.catalog.life(id)?;
            let bases = state.cuts.get(&id).map_or(&[][..], |(_, bases)| bases);
            Ok(bases.iter().find(|stored| stored.seq == seq).cloned())
        })
    }

    fn cut(&self, id: DocumentId, kept: Kept, bases: Vec<StoredEntry>) -> StoreFuture<()> {
        self.now(|state| {
            let last = state.catalog.life(id)?.last;
            let (before, mut all) = state.cuts.get(&id).cloned().unwrap_or_default();
            let seqs: Vec<_> = bases.iter().map(|stored| stored.seq).collect();
            kept.check(&before, &seqs, last, &state.catalog.records(id, "")?)?;
            all.retain(|stored| !seqs.contains(&stored.seq));
            all.extend(bases);
            all.retain(|stored| kept.has_state(stored.seq));
            if let Some(entries) = state.entries.get_mut(&id) {
                entries.retain(|stored| stored.seq > kept.floor);
            }
            let base = all.iter().find(|stored| stored.seq == kept.floor).cloned();
            if let (Some(base), Some(snapshot)) = (base, state.snapshots.get_mut(&id))
                && snapshot.seq < kept.floor
            {
                (snapshot.seq, snapshot.state) = (base.seq, base.entry.update);
            }
            state.cuts.insert(id, (kept, all));
            Ok(())
        })
    }

    fn health(&self) -> Health {
        if self.lock().closed {
            Health {
                unwritable: Some("the store was closed".into()),
                failed: true,
                ..Health::default()
            }
        } else {
            Health::default()
        }
    }

    fn close(&self) -> StoreFuture<()> {
        *self.lock() = State { closed: true, ..State::default() };
        Box::pin(future::ready(Ok(())))
    }
}
