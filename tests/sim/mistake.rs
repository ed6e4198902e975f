//! Mistakes that a server could have, made around it on purpose: each must turn the simulation red.
//!
//! None of them is in the server: a disk, an index, a store or a network of these tests does what a
//! server with the mistake would bring about.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use coscribe::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
    limits::Limits,
    storage::{
        DocumentInfo, Entry, Health, Opened, Record, Store, StoreFuture, StoredEntry,
        faulty::Faults, local::Local,
    },
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Edits are called saved before they are synced.
    AckBeforeSync,
    /// Directories are not synced.
    NoDirectorySync,
    /// A journal file goes before the archive in its place is synced.
    ArchiveNotSynced,
    /// What the index says is believed.
    IndexTrusted,
    /// What waits for somebody slow is dropped, and they are not caught up.
    QueueDropped,
    /// An edit is called saved twice, the second time in the name of the next.
    OneAckTooMany,
    /// More edits are let in than may be on their way.
    BudgetIgnored,
    /// More is queued for who does not read than may be.
    QueueUnbounded,
    /// Strangers hear what is said in other documents.
    Overheard,
}

impl Mistake {
    pub(crate) const ALL: [Self; 9] = [
        Self::AckBeforeSync,
        Self::NoDirectorySync,
        Self::ArchiveNotSynced,
        Self::IndexTrusted,
        Self::QueueDropped,
        Self::OneAckTooMany,
        Self::BudgetIgnored,
        Self::QueueUnbounded,
        Self::Overheard,
    ];

    /// What a disk does from now on.
    pub(crate) fn lie(self, faults: &mut Faults) {
        match self {
            Self::NoDirectorySync => faults.ignore_sync_dir = true,
            Self::ArchiveNotSynced => faults.ignore_sync_of = Some(".arc.tmp"),
            _ => {}
        }
    }

    /// What a server keeps to that is told to keep to these.
    pub(crate) fn limits(mistake: Option<Self>, told: Limits) -> Limits {
        let Limits { unsaved_bytes, outbox_bytes, .. } = Limits::default();
        match mistake {
            Some(Self::BudgetIgnored) => Limits { unsaved_bytes, ..told },
            Some(Self::QueueUnbounded) => Limits { outbox_bytes, ..told },
            _ => told,
        }
    }

    /// The store as documents see it.
    pub(crate) fn store(mistake: Option<Self>, local: Arc<Local>) -> Arc<dyn Store> {
        match mistake {
            Some(Self::AckBeforeSync) => Arc::new(Eager { local, last: Arc::default() }),
            _ => local,
        }
    }
}

/// Says that an edit is saved when it was handed over.
struct Eager {
    local: Arc<Local>,
    last: Arc<Mutex<HashMap<DocumentId, Seq>>>,
}

impl Eager {
    fn note(&self, id: DocumentId, more: u64) -> Seq {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.entry(id).or_default();
        last.0 += more;
        *last
    }
}

impl Store for Eager {
    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq> {
        let last = self.note(id, entries.len() as u64);
        drop(self.local.append(id, entries));
        Box::pin(std::future::ready(Ok(last)))
    }

    fn create(
        &self,
        name: &DocumentName,
        id: DocumentId,
        time: Timestamp,
    ) -> StoreFuture<DocumentId> {
        drop(self.local.create(name, id, time));
        Box::pin(std::future::ready(Ok(id)))
    }

    fn open(&self, id: DocumentId) -> StoreFuture<Opened> {
        let (opening, last) = (self.local.open(id), self.last.clone());
        Box::pin(async move {
            let opened = opening.await?;
            last.lock().unwrap_or_else(PoisonError::into_inner).insert(id, opened.last);
            Ok(opened)
        })
    }

    fn find(&self, name: &DocumentName) -> StoreFuture<Option<DocumentId>> {
        self.local.find(name)
    }
    fn snapshot(&self, id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64> {
        self.local.snapshot(id, expected, seq, state)
    }
    fn history(&self, id: DocumentId, after: Seq, max: usize) -> StoreFuture<Vec<StoredEntry>> {
        self.local.history(id, after, max)
    }
    fn delete(&self, id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()> {
        self.local.delete(id, time, clients)
    }
    fn retired_clients(&self, name: &DocumentName) -> StoreFuture<Arc<[u64]>> {
        self.local.retired_clients(name)
    }
    fn rename(&self, id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()> {
        self.local.rename(id, name, time)
    }
    fn record(&self, id: DocumentId, key: &str) -> StoreFuture<Option<Record>> {
        self.local.record(id, key)
    }
    fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        revision: u64,
        value: Option<Bytes>,
    ) -> StoreFuture<u64> {
        self.local.put_record(id, key, revision, value)
    }
    fn records(&self, id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>> {
        self.local.records(id, prefix)
    }
    fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> StoreFuture<Vec<DocumentInfo>> {
        self.local.list(prefix, after, limit)
    }
    fn health(&self) -> Health {
        self.local.health()
    }
    fn close(&self) -> StoreFuture<()> {
        self.local.close()
    }
}
