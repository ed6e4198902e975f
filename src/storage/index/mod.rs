//! The index: snapshots, which make opening fast and may be thrown away at any time.
//!
//! Holds snapshots and nothing that cannot be made again: without it documents open from their
//! entries. Names, lives, places and small records are not here; they are read from journal and
//! archives into memory when the store is opened, at the cost that `tables.rs` tells. Nothing that
//! was acknowledged depends on this module or on sled, for which it is the only door.
//! `FORMAT-archive.md` in the folder above lists the keys.
//!
//! # Contract
//! 1. One thread writes ([`Index::put_snapshot`], [`Index::remove_snapshot`], [`Index::flush`]); any
//!    number read. Writers exclude each other by a lock all the same.
//! 2. Nothing read is wrong: a state is given only for the document, revision and seq it was put
//!    with, whole. What does not check is [`IndexError::Damaged`] and never "not there".
//! 3. sled panics on some damage. No panic leaves this module.
//! 4. `flush` blocks and promises nothing about power loss: a snapshot that was lost is an older one
//!    again, or none, or damaged, and each of these is told as what it is.

mod backend;
#[cfg(feature = "conformance")]
pub mod faulty;
mod open;
mod rows;
mod snapshot;

#[cfg(test)]
mod tests;

pub(super) use backend::text_of;
pub use open::IndexState;

use std::sync::Mutex;

use bytes::Bytes;

use backend::Backend;
use rows::Key;

/// The snapshots of all documents.
pub struct Index {
    backend: Box<dyn Backend>,
    writing: Mutex<()>,
}

/// Why the index does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Something it holds is not what was put there. What the caller wants is in the entries.
    #[error("the index is damaged: {0}")]
    Damaged(String),
    /// It cannot be read or written any more, or has no room.
    #[error("the index cannot be used: {0}")]
    Failed(String),
}

impl Index {
    /// Whether sled could not be used and everything is kept in memory until the process ends. There
    /// is room for little then, and what is too much is refused.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.backend.is_in_memory()
    }

    /// Hands everything to the operating system. Blocks. What it promises: see the contract.
    ///
    /// # Errors
    /// When sled cannot be written.
    pub fn flush(&self) -> Result<(), IndexError> {
        let _one = self.writing.lock().map_err(poisoned)?;
        self.backend.flush()
    }

    fn new(backend: Box<dyn Backend>) -> Self {
        Self { backend, writing: Mutex::new(()) }
    }

    /// A row whose checksum fits.
    fn row(&self, key: &Key) -> Result<Option<Bytes>, IndexError> {
        self.backend.get(key.bytes())?.map(|value| rows::unwrap(key, &value)).transpose()
    }

    /// Writes all rows or, when it fails, perhaps none. Rows without a value are removed.
    fn write(&self, rows: Vec<(Key, Option<Vec<u8>>)>) -> Result<(), IndexError> {
        let wrapped = rows.into_iter().map(|(key, value)| {
            let value = value.map(|value| rows::wrap(&key, &value));
            (key.bytes().to_vec(), value)
        });
        self.backend.apply(wrapped.collect())
    }
}

fn poisoned<T>(_: std::sync::PoisonError<T>) -> IndexError {
    IndexError::Failed("an earlier change of it was interrupted by a panic".to_owned())
}
