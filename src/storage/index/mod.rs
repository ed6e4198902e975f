//! The index: what makes opening and listing fast, and what may be thrown away at any time.
//!
//! Knows names, documents, where segments lie, small records and snapshots. All of it but the
//! snapshots can be rebuilt from the archives, and a snapshot only saves time; so nothing that was
//! acknowledged depends on this module or on sled, for which it is the only door.
//! `FORMAT-archive.md` in the folder above lists the keys.
//!
//! # Contract
//! 1. One thread writes ([`Index::apply`], [`Index::put_snapshot`], [`Index::rebuild`],
//!    [`Index::flush`]); any number read. Writers exclude each other by a lock all the same.
//! 2. Nothing read is wrong: what does not check is [`IndexError::Damaged`] and never "not there".
//! 3. sled panics on some damage. No panic leaves this module.
//! 4. `flush` blocks and promises nothing about power loss; [`Index::open`] finds out what was lost.

mod backend;
mod change;
mod open;
mod rebuild;
mod rows;
mod snapshot;

#[cfg(test)]
mod tests;

pub use change::Change;
pub use open::IndexState;
pub use rebuild::RebuildError;

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex},
};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        Record,
        archive::{ArchiveFooter, SegmentKind, SegmentPlace},
    },
};

use backend::Backend;
use rows::{Digest, Key};

/// Names, documents, places, small records, snapshots.
pub struct Index {
    backend: Box<dyn Backend>,
    digest: Mutex<Digest>,
}

/// Why the index does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Something it holds is not what was put there. What the caller wants is in the archives.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// sled cannot be read or written any more.
    #[error("the index cannot be used: {0}")]
    Failed(String),
}

/// What the index knows of a document, living or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its last name; `None` when the record that gave it was lost.
    pub name: Option<DocumentName>,
    /// When its life began.
    pub created: Timestamp,
    /// When its last entry was received.
    pub changed: Timestamp,
    /// The seq of the last entry.
    pub last: Seq,
    /// Bytes of all updates.
    pub bytes: u64,
    /// When its life ended.
    pub deleted: Option<Timestamp>,
}

/// An archive as the index remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedArchive {
    /// What it covers.
    pub range: RangeInclusive<u64>,
    /// Its [`ArchiveFooter::fingerprint`].
    pub fingerprint: u32,
}

/// A segment of a document's content and the archive it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The archive's range, which gives its file name.
    pub archive: RangeInclusive<u64>,
    /// Where in it.
    pub place: SegmentPlace,
}

impl IndexedArchive {
    /// The archive of this footer.
    #[must_use]
    pub fn of(footer: &ArchiveFooter) -> Self {
        Self { range: footer.range.clone(), fingerprint: footer.fingerprint }
    }
}

impl Index {
    /// Whether sled could not be used and everything is kept in memory until the process ends.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.backend.is_in_memory()
    }

    /// The living document of this name.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used.
    pub fn find(&self, name: &DocumentName) -> Result<Option<DocumentId>, IndexError> {
        let key = Key::name(name);
        self.row(&key)?.map(|value| rows::read_id(&key, &value)).transpose()
    }

    /// Living documents in the order of their names' bytes: those that start with `prefix` and come
    /// after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used.
    pub fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> Result<Vec<(DocumentName, DocumentId)>, IndexError> {
        let within = Key::names(prefix);
        let start = match after {
            Some(after) if after.as_str() >= prefix => Key::name(after).after(),
            _ => within.clone(),
        };
        self.rows(&start, &within, limit)?
            .into_iter()
            .map(|(key, value)| Ok((rows::read_name(&key)?, rows::read_id(&key, &value)?)))
            .collect()
    }

    /// What is known of a document.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used.
    pub fn facts(&self, id: DocumentId) -> Result<Option<Facts>, IndexError> {
        let key = Key::facts(id);
        self.row(&key)?.map(|value| rows::read_facts(&key, &value)).transpose()
    }

    /// Client ids of ended lives of this name, ascending.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used.
    pub fn retired_clients(&self, name: &DocumentName) -> Result<Arc<[u64]>, IndexError> {
        let mut all = Vec::new();
        for (key, value) in self.rows_within(&Key::retired_of(name))? {
            all.extend(rows::read_clients(&key, &value)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all.into())
    }

    /// Where the content of a document after a seq lies, ordered by first seq.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used; the caller then takes the places from the
    /// archives' footers.
    pub fn places(&self, id: DocumentId, after: Seq) -> Result<Vec<Located>, IndexError> {
        let mut places = Vec::new();
        for (key, value) in self.rows_within(&Key::places(id))? {
            let located = rows::read_place(&key, &value)?;
            if located.place.last > after {
                places.push(located);
            }
        }
        Ok(places)
    }

    /// A small record beside a document.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used.
    pub fn keyed(&self, id: DocumentId, key: &str) -> Result<Option<Record>, IndexError> {
        let row = Key::keyed(id, key);
        let Some(head) = self.row(&row)? else { return Ok(None) };
        let head = rows::read_keyed(&row, &head)?;
        let parts = (0..rows::chunks(head.length)).map(|at| Key::keyed_part(id, key, at));
        let value = self.join(&row, parts, head.length, head.checksum)?;
        Ok(Some(Record { revision: head.revision, value }))
    }

    /// Which archives the index contains, in order; `None` while it is being changed from one set to
    /// another, which after a crash means that it must be rebuilt.
    ///
    /// # Errors
    /// When the index is damaged or cannot be used.
    pub fn watermark(&self) -> Result<Option<Vec<IndexedArchive>>, IndexError> {
        let key = Key::watermark();
        self.row(&key)?.map(|value| rows::read_watermark(&key, &value)).transpose()
    }

    /// Hands everything to the operating system. Blocks. What it promises: see the contract.
    ///
    /// # Errors
    /// When sled cannot be written.
    pub fn flush(&self) -> Result<(), IndexError> {
        let _one = self.digest.lock().map_err(poisoned)?;
        self.backend.flush()
    }

    fn row(&self, key: &Key) -> Result<Option<Bytes>, IndexError> {
        self.backend.get(key.bytes())?.map(|value| rows::unwrap(key, &value)).transpose()
    }

    /// Rows from `start` on that lie within a prefix, at most `limit`.
    fn rows(
        &self,
        start: &Key,
        within: &Key,
        limit: usize,
    ) -> Result<Vec<(Key, Bytes)>, IndexError> {
        self.backend
            .range(start.bytes(), within.bytes(), limit)?
            .into_iter()
            .map(|(key, value)| {
                let key = Key::read(key);
                let value = rows::unwrap(&key, &value)?;
                Ok((key, value))
            })
            .collect()
    }

    fn rows_within(&self, prefix: &Key) -> Result<Vec<(Key, Bytes)>, IndexError> {
        self.rows(prefix, prefix, usize::MAX)
    }

    /// Puts a value together again from its parts.
    fn join(
        &self,
        of: &Key,
        parts: impl Iterator<Item = Key>,
        length: u64,
        checksum: u32,
    ) -> Result<Bytes, IndexError> {
        let mut value = Vec::new();
        for key in parts {
            let part = self.row(&key)?.ok_or_else(|| rows::damaged(of, "a part is missing"))?;
            value.extend_from_slice(&part);
        }
        if value.len() as u64 != length || crc32fast::hash(&value) != checksum {
            return Err(rows::damaged(of, "its parts do not add up"));
        }
        Ok(value.into())
    }
}

fn poisoned<T>(_: std::sync::PoisonError<T>) -> IndexError {
    IndexError::Failed("an earlier change of it was interrupted by a panic".to_owned())
}

/// A place is one of content, or it is not indexed.
fn content(footer: &ArchiveFooter) -> impl Iterator<Item = Located> + '_ {
    footer
        .segments
        .iter()
        .filter(|place| place.kind == SegmentKind::Content)
        .map(|place| Located { archive: footer.range.clone(), place: place.clone() })
}
