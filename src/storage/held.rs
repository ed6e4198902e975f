//! A store in memory for tests, whose appends wait while it is held, which fails when it is told to,
//! and which notes what it was asked for.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{
    DocumentInfo, Entry, Health, Opened, Record, Store, StoreError, StoreFuture, StoredEntry,
    memory::Memory,
};
use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
};

/// See the module.
pub(crate) struct Held {
    inner: Memory,
    held: Arc<AtomicBool>,
    /// Whether appends fail.
    pub(crate) fails: AtomicBool,
    /// Whether no document can be opened.
    pub(crate) damaged: AtomicBool,
    /// Whether appends panic.
    pub(crate) panics: AtomicBool,
    released: Arc<Notify>,
    /// How often something was appended.
    pub(crate) appends: AtomicU64,
    /// How often its documents were listed, page by page.
    pub(crate) lists: AtomicU64,
    /// Of how many bytes each page of a past was to be.
    pub(crate) pages: Mutex<Vec<usize>>,
}

impl Held {
    /// An empty one that holds nothing up.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: Memory::new(),
            held: Arc::default(),
            fails: AtomicBool::new(false),
            damaged: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            released: Arc::default(),
            appends: AtomicU64::new(0),
            lists: AtomicU64::new(0),
            pages: Mutex::default(),
        })
    }

    /// Appends wait from now on.
    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    /// Appends go on.
    pub(crate) fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
        self.released.notify_waiters();
    }
}

impl Store for Held {
    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "a store panics in the turn of a document");
        if self.fails.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::Failed("the disk is gone".into())) });
        }
        let (inner, held) = (self.inner.append(id, entries), Arc::clone(&self.held));
        let released = Arc::clone(&self.released);
        Box::pin(async move {
            loop {
                let waiting = released.notified();
                tokio::pin!(waiting);
                waiting.as_mut().enable();
                if !held.load(Ordering::SeqCst) {
                    return inner.await;
                }
                waiting.await;
            }
        })
    }

    fn find(&self, name: &DocumentName) -> StoreFuture<Option<DocumentId>> {
        self.inner.find(name)
    }
    fn create(
        &self,
        name: &DocumentName,
        id: DocumentId,
        time: Timestamp,
    ) -> StoreFuture<DocumentId> {
        self.inner.create(name, id, time)
    }
    fn open(&self, id: DocumentId) -> StoreFuture<Opened> {
        if self.damaged.load(Ordering::SeqCst) {
            return Box::pin(async {
                // Long enough for who opened it to get in line.
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(StoreError::Damaged("a bad checksum".into()))
            });
        }
        self.inner.open(id)
    }
    fn snapshot(&self, id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64> {
        self.inner.snapshot(id, expected, seq, state)
    }
    fn history(&self, id: DocumentId, after: Seq, max: usize) -> StoreFuture<Vec<StoredEntry>> {
        self.pages.lock().expect("nobody panics").push(max);
        self.inner.history(id, after, max)
    }
    fn delete(&self, id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()> {
        self.inner.delete(id, time, clients)
    }
    fn retired_clients(&self, name: &DocumentName) -> StoreFuture<Arc<[u64]>> {
        self.inner.retired_clients(name)
    }
    fn rename(&self, id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()> {
        self.inner.rename(id, name, time)
    }
    fn record(&self, id: DocumentId, key: &str) -> StoreFuture<Option<Record>> {
        self.inner.record(id, key)
    }
    fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        revision: u64,
        value: Option<Bytes>,
    ) -> StoreFuture<u64> {
        self.inner.put_record(id, key, revision, value)
    }
    fn records(&self, id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>> {
        self.inner.records(id, prefix)
    }
    fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> StoreFuture<Vec<DocumentInfo>> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        self.inner.list(prefix, after, limit)
    }
    fn health(&self) -> Health {
        self.inner.health()
    }
    fn close(&self) -> StoreFuture<()> {
        self.inner.close()
    }
}
