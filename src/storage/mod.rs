//! The contract every storage engine keeps: bytes in, bytes out, durable when acknowledged.
//!
//! Knows names, document ids, seqs and bytes. Knows no CRDT, no protocol and no user beyond the
//! author it is handed. Start with [`Store`]; `FORMAT.md` beside this file draws the bytes that
//! the local engine writes.

mod afresh;
pub mod archive;
pub mod backup;
mod catalog;
mod committer;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod cut;
pub mod disk;
#[cfg(any(test, feature = "conformance"))]
pub mod faulty;
mod fields;
mod files;
mod format;
mod gather;
#[cfg(test)]
pub(crate) mod held;
pub mod index;
pub mod insight;
mod journal;
mod keeper;
pub mod leaving;
mod leftovers;
mod lineage;
pub mod local;
pub mod memory;
pub mod payload;
pub mod reader;
mod reading;
mod recovery;
pub mod record;
pub mod repair;
mod scan;
pub mod seal;
mod snapshots;
pub mod swap;
mod tables;
pub mod versions;

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;

pub use cut::Kept;

use crate::{
    clock::Timestamp,
    identity::Author,
    ids::{DocumentId, DocumentName, Seq},
};

/// What a store's methods return: the work is handed over when the method is called, in the order
/// of the calls; the future only waits for its outcome.
pub type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Keeps documents.
///
/// # Contract
/// 1. A call takes its place when the method is called, not when its future is first polled; calls
///    for one document take effect in the order they were made.
/// 2. A future that resolves to `Ok` promises that what was written survives `kill -9` and power
///    loss.
/// 3. Nothing that was damaged is ever returned as if it were whole or empty.
/// 4. Dropping a future does not undo its work.
pub trait Store: Send + Sync {
    /// Gives the document of this name, if there is one.
    fn find(&self, name: &DocumentName) -> StoreFuture<Option<DocumentId>>;

    /// Gives the name to a new document, unless the name is taken; resolves to whoever holds it.
    fn create(
        &self,
        name: &DocumentName,
        id: DocumentId,
        time: Timestamp,
    ) -> StoreFuture<DocumentId>;

    /// Adds entries at the end of a document's log; resolves to the seq of the last one.
    ///
    /// Must not be called before [`Store::create`] was; need not wait for it to resolve.
    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq>;

    /// Reads what it takes to load a document: the newest sound snapshot and what came after.
    fn open(&self, id: DocumentId) -> StoreFuture<Opened>;

    /// Keeps the whole state at `seq`, which replaces earlier snapshots. `expected` is the revision
    /// that the caller read or last wrote, 0 for none. Resolves to the new revision.
    ///
    /// A snapshot saves time when opening; nothing acknowledged depends on it.
    fn snapshot(&self, id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64>;

    /// Reads entries after a seq in order, about `max_bytes` of updates at a time and at least one
    /// entry while there are more.
    fn history(
        &self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>>;

    /// Ends this life of a document. Its name is free again; `clients` (the CRDT's numbers that
    /// wrote in it) are kept, so that old copies on devices cannot pour it into a later life.
    fn delete(&self, id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()>;

    /// Client ids that wrote in earlier lives of this name.
    fn retired_clients(&self, name: &DocumentName) -> StoreFuture<Arc<[u64]>>;

    /// Gives a document another name, unless that is taken ([`StoreError::Conflict`]).
    fn rename(&self, id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()>;

    /// Reads a small record kept beside the document (share links, settings, outbox), or beside none
    /// ([`DocumentId::STORE`]), which needs no [`Store::create`] and is in no list.
    fn record(&self, id: DocumentId, key: &str) -> StoreFuture<Option<Record>>;

    /// Writes (`Some`) or removes (`None`) such a record if its revision still is `expected`, 0 for
    /// none; resolves to the new revision, 0 after a removal.
    fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        expected: u64,
        value: Option<Bytes>,
    ) -> StoreFuture<u64>;

    /// All such records whose keys start with `prefix`, in the order of their keys' bytes.
    fn records(&self, id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>>;

    /// Lists living documents in the order of their names' bytes: those that start with `prefix`
    /// and come after `after`, at most `limit`.
    fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> StoreFuture<Vec<DocumentInfo>>;

    /// What retention left of a document's past. Cheap.
    fn kept(&self, id: DocumentId) -> StoreFuture<Kept> {
        let _ = id;
        Box::pin(std::future::ready(Ok(Kept::default())))
    }

    /// The whole state at a moment whose state is kept for itself ([`Kept::has_state`]), with the time
    /// of its last entry.
    fn base(&self, id: DocumentId, seq: Seq) -> StoreFuture<Option<StoredEntry>> {
        let _ = (id, seq);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Cuts off the past before `kept.floor`, whose state then stands for all entries up to it in
    /// [`Store::open`] and [`Store::history`]. `bases` are the states of those kept moments that had
    /// none yet. Refused as a conflict when a version would lose its moment, or something that was cut
    /// would be needed again. When it resolves, what was cut is never given out any more; it is gone
    /// from where it was kept as soon as that can be rewritten.
    fn cut(&self, id: DocumentId, kept: Kept, bases: Vec<StoredEntry>) -> StoreFuture<()> {
        let _ = (id, kept, bases);
        let refused = "this engine keeps every past whole".to_owned();
        Box::pin(std::future::ready(Err(StoreError::Refused(refused))))
    }

    /// How the engine is doing now; cheap.
    fn health(&self) -> Health;

    /// Makes everything durable and lets go of files and locks. Later calls fail.
    fn close(&self) -> StoreFuture<()>;
}

/// One accepted update with its time and author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When the server received it.
    pub time: Timestamp,
    /// Who delivered it.
    pub author: Arc<Author>,
    /// The CRDT's bytes (Yjs update, version 1).
    pub update: Bytes,
}

/// An entry and its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The place.
    pub seq: Seq,
    /// The entry.
    pub entry: Entry,
}

/// What it takes to load a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The newest sound snapshot.
    pub snapshot: Option<Snapshot>,
    /// All entries after it, in order.
    pub entries: Vec<StoredEntry>,
    /// The seq of the last entry, `Seq(0)` when there is none.
    pub last: Seq,
}

/// A whole state at a seq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Counts snapshots of this document, from 1.
    pub revision: u64,
    /// The last entry that the state contains.
    pub seq: Seq,
    /// The state as one update.
    pub state: Bytes,
}

/// A small record beside a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Counts writes of this key, from 1.
    pub revision: u64,
    /// What was written.
    pub value: Bytes,
}

/// A line of the list of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentInfo {
    /// Its name now.
    pub name: DocumentName,
    /// This life of it.
    pub id: DocumentId,
    /// When this life began.
    pub created: Timestamp,
    /// When the last entry was received.
    pub changed: Timestamp,
    /// The seq of the last entry.
    pub last: Seq,
    /// Bytes of all entries' updates, uncompressed.
    pub bytes: u64,
}

/// How an engine is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why nothing can be written now, in a sentence for the operator; `None` when all is well.
    pub unwritable: Option<String>,
    /// Whether that is for good: only a restart helps.
    pub failed: bool,
    /// Damage that was found, a sentence each.
    pub damage: Vec<String>,
    /// What keeps failing although edits are saved and documents open, a sentence each: such as
    /// journal files that cannot be archived. Names no document.
    pub warnings: Vec<String>,
    /// Why the index is not used, in a sentence; everything works without it, only slower.
    pub index: Option<String>,
}

/// Why a store could not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// What was stored for this document is damaged; nothing of it is given out.
    #[error("the stored document is damaged: {0}")]
    Damaged(String),
    /// A sync failed or the engine is closed: nothing is written any more until a restart.
    #[error("the store has stopped writing: {0}")]
    Failed(String),
    /// The disk could not be read.
    #[error("failed to read the store: {0}")]
    Read(String),
    /// A revision or a name was not as expected.
    #[error("changed in the meantime: {0}")]
    Conflict(String),
    /// The store does not take this now: too much is waiting already, or it is too large. Nothing
    /// was written.
    #[error("the store cannot take this: {0}")]
    Refused(String),
    /// There is no living document of this id.
    #[error("no such document")]
    Missing,
}

/// Whether a snapshot may replace the one found: `found` and `offered` are each a revision and a
/// seq, found's seq being that of the last entry.
fn check_snapshot(found: (u64, Seq), offered: (u64, Seq)) -> Result<(), StoreError> {
    if found.0 != offered.0 {
        return Err(StoreError::Conflict(format!(
            "the snapshot is at revision {}, not {}",
            found.0, offered.0
        )));
    }
    if offered.1 > found.1 {
        return Err(StoreError::Conflict(format!(
            "a snapshot of seq {} was offered, but the last entry is {}",
            offered.1, found.1
        )));
    }
    Ok(())
}
