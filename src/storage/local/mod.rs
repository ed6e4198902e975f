//! The default engine: a journal that acknowledgements depend on, archives for what is old, and an
//! index that only saves time. One process, one directory.
//!
//! A call decides under one short lock, hands its records to the committer in the order of the
//! calls, and waits outside. Reading happens on blocking threads, never on the committer.

mod compacting;
mod cutting;
mod opening;
#[cfg(feature = "conformance")]
pub mod stepped;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod power;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod tests;

pub use compacting::compact;
pub use opening::LocalOptions;
pub(crate) use opening::take_lock;

pub use crate::storage::recovery::{OpenError, Report};

use std::{future, sync::Arc};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        DocumentInfo, Entry, Health, Kept, Opened, Record, Store, StoreError, StoreFuture,
        StoredEntry,
        committer::{Committer, Done, Writing},
        disk::Lock,
        journal::Place,
        keeper::{Keeper, Shared, SnapshotJob},
        payload::Change,
        reading::{self, Trouble, Wanted},
        record::{self, RecordKind},
        tables::{Tables, Where},
    },
};

/// The engine. Dropping it closes it and blocks for that; [`Store::close`] does not block.
pub struct Local {
    engine: Arc<Engine>,
}

/// Dropped in the order of the fields: the committer tells the keeper, and the lock goes last.
struct Engine {
    committer: Committer,
    keeper: Keeper,
    shared: Arc<Shared>,
    readers: Arc<Semaphore>,
    lock: std::sync::Mutex<Option<Lock>>,
    /// Nothing works unless it is told to, and reading is done by whoever asks.
    stepped: bool,
}

/// Documents read at a time. A disk gains little from more, and each may be large.
const READERS: usize = 8;

/// How often reading is tried when sealing takes the very first file away meanwhile. Each time
/// something was sealed or merged, which takes much longer than looking up the places again.
const ATTEMPTS: usize = 8;

impl Local {
    /// Notes changes of one document in order and hands them to the committer. Nothing is noted
    /// when the committer would not take them.
    fn write(&self, tables: &mut Tables, id: DocumentId, changes: Vec<Change>) -> StoreFuture<Seq> {
        let mut last = tables.catalog.life(id).map_or(Seq(0), |life| life.last);
        let numbered = changes.into_iter().map(|change| {
            last = Seq(last.0 + u64::from(matches!(change, Change::Entry(_))));
            (last, change)
        });
        let numbered = numbered.collect();
        self.write_at(tables, id, numbered, None)
    }

    /// The same with the seqs as they are given, and what is kept of the past from then on.
    fn write_at(
        &self,
        tables: &mut Tables,
        id: DocumentId,
        changes: Vec<(Seq, Change)>,
        kept: Option<Kept>,
    ) -> StoreFuture<Seq> {
        let records = match self.note(tables, id, &changes) {
            Ok(records) => records,
            Err(error) => return ready(Err(error)),
        };
        let last = tables.catalog.life(id).map_or(Seq(0), |life| life.last);
        tables.pending(id, true);
        let seqs: Vec<_> = records.iter().map(|record| (record.kind, record.seq)).collect();
        let ends = changes.iter().any(|(_, change)| matches!(change, Change::Delete { .. }));
        if ends {
            tables.forget(id);
            tables.ending(id, true);
        }
        let (shared, desk) = (self.engine.shared.clone(), self.engine.keeper.desk().clone());
        let placed = move |outcome: &Result<&[Place], StoreError>| {
            let mut tables = shared.tables();
            tables.pending(id, false);
            let Ok(places) = outcome else { return tables.take_back(id) };
            for ((kind, seq), place) in seqs.iter().zip(*places) {
                match kind {
                    RecordKind::Entry => tables.place(id, *seq, *place),
                    RecordKind::Base => tables.place_base(id, *seq, Where::Fresh(*place)),
                    _ => {}
                }
            }
            if let Some(kept) = kept {
                tables.cut(id, kept);
            }
            if ends {
                tables.ending(id, false);
                desk.add_ended(id);
            }
        };
        let (done, outcome) = answer(placed);
        self.engine.committer.submit(records, done);
        Box::pin(async move { outcome.await.map(|()| last) })
    }

    fn note(
        &self,
        tables: &mut Tables,
        id: DocumentId,
        changes: &[(Seq, Change)],
    ) -> Result<Vec<record::Record>, StoreError> {
        let records: Vec<_> = changes.iter().map(|(seq, change)| change.record(id, *seq)).collect();
        let sizes: Vec<_> = records.iter().map(|record| record.payload.len()).collect();
        self.engine.committer.check(&sizes)?;
        for (seq, change) in changes {
            let noted = tables.catalog.note(id, *seq, change);
            noted.map_err(|misfit| StoreError::Conflict(misfit.to_string()))?;
        }
        Ok(records)
    }

    /// Resolves when everything handed over so far is durable.
    fn settled(&self) -> StoreFuture<()> {
        let (done, outcome) = answer(|_| {});
        self.engine.committer.submit(Vec::new(), done);
        outcome
    }

    /// Reads on a blocking thread once what was written of the document before is durable.
    fn read<T: Send + 'static>(
        &self,
        id: DocumentId,
        work: impl FnOnce(&Shared, Seq) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<T> {
        let shared = self.engine.shared.clone();
        let tables = shared.tables();
        let until = match tables.check(id).and_then(|()| tables.catalog.life(id)) {
            Ok(life) => life.last,
            Err(error) => return ready(Err(error)),
        };
        let settled = tables.is_pending(id).then(|| self.settled());
        drop(tables);
        let readers = self.engine.readers.clone();
        let stepped = self.engine.stepped;
        Box::pin(async move {
            if let Some(settled) = settled {
                settled.await?;
            }
            let permit = readers.acquire_owned().await;
            let permit = permit.map_err(|error| StoreError::Read(error.to_string()))?;
            let work = move || {
                let outcome = work(&shared, until);
                drop(permit);
                outcome
            };
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) if !stepped => runtime
                    .spawn_blocking(work)
                    .await
                    .unwrap_or_else(|error| Err(StoreError::Read(error.to_string()))),
                // Nobody shares this thread, as no runtime is driving it.
                _ => work(),
            }
        })
    }

    /// Closes and blocks for it: see [`Store::close`].
    ///
    /// # Errors
    /// When something could not be written.
    pub fn close_blocking(&self) -> Result<(), StoreError> {
        self.engine.close()
    }

    /// Blocks until sealing and merging have nothing left to do.
    #[cfg(test)]
    pub(crate) fn settle_for_test(&self) {
        // The second time another journal file was begun, if one was to be.
        for _ in 0..2 {
            let (tell, told) = std::sync::mpsc::sync_channel(1);
            let done =
                Box::new(move |_: Result<&[Place], StoreError>| tell.send(()).unwrap_or_default());
            self.engine.committer.submit(Vec::new(), done);
            let _closed = told.recv();
        }
        self.engine.keeper.desk().wait_until_idle();
    }

    /// Tries at once to write what a full disk holds up, rather than at the next regular attempt.
    pub fn retry_now(&self) {
        self.engine.committer.retry_now();
    }
}

impl Engine {
    fn close(&self) -> Result<(), StoreError> {
        let closed = self.committer.close();
        self.keeper.close();
        self.shared.snapshots.close();
        self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        closed
    }
}

impl Store for Local {
    fn find(&self, name: &DocumentName) -> StoreFuture<Option<DocumentId>> {
        ready(self.engine.shared.tables().find(name))
    }

    fn create(
        &self,
        name: &DocumentName,
        id: DocumentId,
        time: Timestamp,
    ) -> StoreFuture<DocumentId> {
        let mut tables = self.engine.shared.tables();
        match tables.find(name) {
            Err(error) => ready(Err(error)),
            // Whoever comes second must not be told before the name is safe.
            Ok(Some(holder)) if tables.is_pending(holder) => {
                let settled = self.settled();
                Box::pin(async move { settled.await.map(|()| holder) })
            }
            Ok(Some(holder)) => ready(Ok(holder)),
            Ok(None) => {
                let create = Change::Create { name: name.clone(), time };
                let written = self.write(&mut tables, id, vec![create]);
                Box::pin(async move { written.await.map(|_| id) })
            }
        }
    }

    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq> {
        let mut tables = self.engine.shared.tables();
        if let Err(error) = tables.check(id) {
            return ready(Err(error));
        }
        let changes: Vec<_> = entries.into_iter().map(Change::Entry).collect();
        self.write(&mut tables, id, changes)
    }

    fn open(&self, id: DocumentId) -> StoreFuture<Opened> {
        self.read(id, move |shared, until| {
            let snapshot = shared.snapshots.get(id);
            let last = shared.tables().catalog.life(id)?.last;
            if let Some(ahead) = snapshot.as_ref().map(|kept| kept.seq).filter(|seq| *seq > last) {
                let reason = format!(
                    "a snapshot has entry {ahead}, but the log ends at {last}; if that is because \
                     the log was restored from a backup, remove the directory of the index"
                );
                shared.tables().quarantine(id, &reason);
                return Err(StoreError::Damaged(reason));
            }
            // One of before a cut holds what was cut, and is on its way out.
            let floor = shared.tables().kept(id).floor;
            let whole = floor..=until;
            let snapshot = snapshot.filter(|snapshot| whole.contains(&snapshot.seq));
            let after = snapshot.as_ref().map_or(Seq(0), |snapshot| snapshot.seq);
            let mut all = Vec::new();
            let mut end = after;
            // Sealing may take a file away in the middle of a page, which ends there then.
            while end < until {
                let page = entries(shared, id, (end, until), usize::MAX)?;
                let Some(last) = page.last() else {
                    return Err(StoreError::Damaged(format!("entries after {end} are missing")));
                };
                end = last.seq;
                all.extend(page);
            }
            Ok(Opened { snapshot, entries: all, last: until })
        })
    }

    fn snapshot(&self, id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64> {
        let tables = self.engine.shared.tables();
        let last = match tables.check(id).and_then(|()| tables.catalog.life(id)) {
            Ok(life) => life.last,
            Err(error) => return ready(Err(error)),
        };
        if let Err(error) = super::check_snapshot((expected, last), (expected, seq)) {
            return ready(Err(error));
        }
        let (sender, receiver) = oneshot::channel();
        let tell = move |outcome| drop(sender.send(outcome));
        let desk = self.engine.keeper.desk().clone();
        // A snapshot must not be ahead of the journal, so it goes through the same queue.
        let done: Done = Box::new(move |outcome| match outcome {
            Ok(_) => {
                let done = Box::new(tell);
                desk.add_snapshot(SnapshotJob { id, expected, seq, state, done });
            }
            Err(error) => tell(Err(error)),
        });
        self.engine.committer.submit(Vec::new(), done);
        waiting(receiver)
    }

    fn history(
        &self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.read(id, move |shared, until| {
            let page = entries(shared, id, (after, until), max_bytes)?;
            if page.is_empty() && after < until {
                return Err(StoreError::Damaged(format!("entries after {after} are missing")));
            }
            Ok(page)
        })
    }

    fn delete(&self, id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()> {
        let mut tables = self.engine.shared.tables();
        if let Err(error) = tables.catalog.life(id) {
            return ready(Err(error));
        }
        let delete = Change::Delete { time, clients: clients.into() };
        let written = self.write(&mut tables, id, vec![delete]);
        Box::pin(async move { written.await.map(drop) })
    }

    fn retired_clients(&self, name: &DocumentName) -> StoreFuture<Arc<[u64]>> {
        ready(Ok(self.engine.shared.tables().catalog.retired(name)))
    }

    fn rename(&self, id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()> {
        let mut tables = self.engine.shared.tables();
        let free = tables.find(name).and_then(|_| tables.catalog.check_name(name));
        if let Err(error) = tables.check(id).and(free) {
            return ready(Err(error));
        }
        let rename = Change::Rename { name: name.clone(), time };
        let written = self.write(&mut tables, id, vec![rename]);
        Box::pin(async move { written.await.map(drop) })
    }

    fn record(&self, id: DocumentId, key: &str) -> StoreFuture<Option<Record>> {
        let tables = self.engine.shared.tables();
        ready(tables.check(id).and_then(|()| tables.catalog.record(id, key)))
    }

    fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        expected: u64,
        value: Option<Bytes>,
    ) -> StoreFuture<u64> {
        let mut tables = self.engine.shared.tables();
        let change =
            tables.check(id).and_then(|()| tables.catalog.put_record(id, key, expected, value));
        let change = match change {
            Ok(change) => change.owned(),
            Err(error) => return ready(Err(error)),
        };
        let revision = if let Change::Keyed { revision, .. } = &change { *revision } else { 0 };
        let written = self.write(&mut tables, id, vec![change]);
        Box::pin(async move { written.await.map(|_| revision) })
    }

    fn records(&self, id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>> {
        let tables = self.engine.shared.tables();
        ready(tables.check(id).and_then(|()| tables.catalog.records(id, prefix)))
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> StoreFuture<Vec<DocumentInfo>> {
        ready(Ok(self.engine.shared.tables().catalog.list(prefix, after, limit)))
    }

    fn kept(&self, id: DocumentId) -> StoreFuture<Kept> {
        ready(self.kept_of(id))
    }

    fn base(&self, id: DocumentId, seq: Seq) -> StoreFuture<Option<StoredEntry>> {
        self.read_base(id, seq)
    }

    fn cut(&self, id: DocumentId, kept: Kept, bases: Vec<StoredEntry>) -> StoreFuture<()> {
        self.cut_off(id, kept, bases)
    }

    fn health(&self) -> Health {
        let Writing { unwritable, failed } = self.engine.committer.writing();
        let shared = &self.engine.shared;
        let mut warnings = self.engine.keeper.desk().warnings();
        warnings.extend(shared.reserve_warning.clone());
        let (damage, index) = (shared.tables().sentences(), shared.snapshots.warning());
        Health { unwritable, failed, damage, warnings, index }
    }

    fn close(&self) -> StoreFuture<()> {
        let (sender, receiver) = oneshot::channel();
        let engine = self.engine.clone();
        // Not a runtime's thread: closing must get done even if the runtime is ending.
        let spawned = std::thread::Builder::new().name("closing".into()).spawn(move || {
            drop(sender.send(engine.close()));
        });
        match spawned {
            Ok(_) => waiting(receiver),
            Err(_) => ready(self.engine.close()),
        }
    }
}

/// Entries in a range of seqs: after the first, up to the second.
fn entries(
    shared: &Shared,
    id: DocumentId,
    (after, until): (Seq, Seq),
    max_bytes: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let (contents, keys, rewritten) = {
            let tables = shared.tables();
            (tables.contents(id, after, max_bytes)?, tables.keys.clone(), tables.rewritten)
        };
        let key = |number| keys.get(&number).copied();
        let wanted = Wanted { id, contents: &contents, key: &key, after, max_bytes };
        match reading::read_entries(&*shared.disk, &shared.directories, &wanted) {
            Ok(mut entries) => {
                let end = entries.partition_point(|stored| stored.seq <= until);
                entries.truncate(end);
                return Ok(entries);
            }
            Err(Trouble::Vanished) if attempt < ATTEMPTS => {}
            // Another archive may have taken the name of the one that was to be read.
            Err(Trouble::Damaged(_))
                if attempt < ATTEMPTS && shared.has_rewritten_since(rewritten) => {}
            Err(trouble) => {
                if let Trouble::Damaged(reason) = &trouble {
                    shared.tables().quarantine(id, reason);
                }
                return Err(trouble.into());
            }
        }
    }
}

fn ready<T: Send + 'static>(outcome: Result<T, StoreError>) -> StoreFuture<T> {
    Box::pin(future::ready(outcome))
}

/// What the committer calls, and the future that waits for it. `note` runs first, on the committer's
/// thread.
fn answer(
    note: impl FnOnce(&Result<&[Place], StoreError>) + Send + 'static,
) -> (Done, StoreFuture<()>) {
    let (sender, receiver) = oneshot::channel();
    let done: Done = Box::new(move |outcome| {
        note(&outcome);
        let outcome = outcome.map(|_| ());
        // Whoever asked may have stopped waiting; the work is done all the same.
        drop(sender.send(outcome));
    });
    (done, waiting(receiver))
}

fn waiting<T: Send + 'static>(
    receiver: oneshot::Receiver<Result<T, StoreError>>,
) -> StoreFuture<T> {
    Box::pin(async move {
        receiver.await.unwrap_or_else(|_| Err(StoreError::Failed("it was closed".into())))
    })
}
