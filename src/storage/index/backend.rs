//! A sorted map of bytes to bytes: sled's, or one in memory where sled cannot be had.
//!
//! Knows no keys. Turns sled's errors and panics into values.

use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;

use super::IndexError;

use crate::telemetry::warnings::IndexNotClosed;

/// sled's own cache: the index is small, and the system caches its file as well. Only as good as the rows
/// are small; see [`super::rows::PART_BYTES`].
const CACHE_BYTES: u64 = 4 << 20;

/// Most bytes of rows in memory. Snapshots of all documents would be as large as the documents.
pub(super) const MEMORY_BYTES: usize = 64 << 20;

/// sled's own threads keep the file locked for a moment after it was closed.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// A row to write, or to remove when there is no value.
pub(super) type Row = (Vec<u8>, Option<Vec<u8>>);

pub(super) trait Backend: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, IndexError>;

    /// The first keys that begin with `prefix`, in order, at most `limit`.
    fn keys(&self, prefix: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, IndexError>;

    /// Writes all rows or, when it fails, perhaps none.
    fn apply(&self, rows: Vec<Row>) -> Result<(), IndexError>;

    fn flush(&self) -> Result<(), IndexError>;

    fn is_in_memory(&self) -> bool;
}

/// Why sled could not be opened.
#[derive(Debug)]
pub(super) enum OpenError {
    /// The files are there and are not at fault: no space, no permission, another process.
    Unavailable(String),
    /// The files are at fault.
    Damaged(String),
}

/// Rows in sled's default tree.
pub(super) struct SledRows {
    /// There until it is dropped.
    db: Option<sled::Db>,
    /// After a panic nobody knows what sled's locks guard, so it is not called again.
    broken: AtomicBool,
}

impl SledRows {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .use_compression(false);
        for _ in 0..LOCK_ATTEMPTS {
            match catch_unwind(AssertUnwindSafe(|| config.open())) {
                Ok(Ok(db)) => return Ok(Self { db: Some(db), broken: AtomicBool::new(false) }),
                Ok(Err(error)) if is_locked(&error) => thread::sleep(LOCK_PAUSE),
                Ok(Err(error)) if is_unavailable(&error) => {
                    return Err(OpenError::Unavailable(error.to_string()));
                }
                Ok(Err(error)) => return Err(OpenError::Damaged(error.to_string())),
                Err(panic) => {
                    let problem = format!("sled gave up: {}", text_of(&*panic));
                    return Err(OpenError::Damaged(problem));
                }
            }
        }
        Err(OpenError::Unavailable("another process has locked it".to_owned()))
    }

    fn call<T>(&self, act: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, IndexError> {
        let usable = self.db.as_ref().filter(|_| !self.broken.load(Ordering::Acquire));
        let Some(db) = usable else {
            return Err(IndexError::Failed("sled gave up earlier".to_owned()));
        };
        match catch_unwind(AssertUnwindSafe(|| act(db))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error @ sled::Error::Corruption { .. })) => {
                Err(IndexError::Damaged(error.to_string()))
            }
            Ok(Err(error)) => Err(IndexError::Failed(error.to_string())),
            Err(panic) => {
                self.broken.store(true, Ordering::Release);
                Err(IndexError::Damaged(format!("sled gave up: {}", text_of(&*panic))))
            }
        }
    }
}

impl Drop for SledRows {
    /// Closing flushes. A broken sled is leaked rather than closed: its drop may panic or wait for
    /// ever.
    fn drop(&mut self) {
        let Some(db) = self.db.take() else { return };
        if self.broken.load(Ordering::Acquire) {
            std::mem::forget(db);
            return;
        }
        let close = AssertUnwindSafe(move || drop(db));
        if let Err(panic) = catch_unwind(close) {
            IndexNotClosed { reason: &text_of(&*panic) }.note();
        }
    }
}

impl Backend for SledRows {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, IndexError> {
        self.call(|db| Ok(db.get(key)?.map(|value| Bytes::copy_from_slice(&value))))
    }

    fn keys(&self, prefix: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, IndexError> {
        self.call(|db| {
            db.scan_prefix(prefix).keys().take(limit).map(|key| Ok(key?.to_vec())).collect()
        })
    }

    fn apply(&self, rows: Vec<Row>) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for (key, value) in rows {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.call(|db| db.apply_batch(batch))
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.call(|db| db.flush().map(drop))
    }

    fn is_in_memory(&self) -> bool {
        false
    }
}

/// Rows in memory, as long as there are few.
#[derive(Default)]
pub(super) struct MemoryRows(RwLock<Held>);

#[derive(Default)]
struct Held {
    rows: BTreeMap<Vec<u8>, Bytes>,
    bytes: usize,
}

impl Backend for MemoryRows {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, IndexError> {
        Ok(self.0.read().map_err(super::poisoned)?.rows.get(key).cloned())
    }

    fn keys(&self, prefix: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, IndexError> {
        let held = self.0.read().map_err(super::poisoned)?;
        let within = held.rows.range(prefix.to_vec()..).map(|(key, _)| key);
        Ok(within.take_while(|key| key.starts_with(prefix)).take(limit).cloned().collect())
    }

    fn apply(&self, rows: Vec<Row>) -> Result<(), IndexError> {
        let mut held = self.0.write().map_err(super::poisoned)?;
        let more = |(_, value): &Row| value.as_ref().map_or(0, Vec::len);
        let more: usize = rows.iter().map(more).sum();
        if more > 0 && held.bytes + more > MEMORY_BYTES {
            return Err(IndexError::Failed(format!(
                "it is kept in memory, where it may have {MEMORY_BYTES} bytes"
            )));
        }
        for (key, value) in rows {
            held.bytes += value.as_ref().map_or(0, Vec::len);
            let old = match value {
                Some(value) => held.rows.insert(key, value.into()),
                None => held.rows.remove(&key),
            };
            held.bytes -= old.map_or(0, |old| old.len());
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }

    fn is_in_memory(&self) -> bool {
        true
    }
}

fn is_unavailable(error: &sled::Error) -> bool {
    use io::ErrorKind::{
        PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WouldBlock,
    };
    let sled::Error::Io(error) = error else { return false };
    matches!(
        error.kind(),
        PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull | WouldBlock
    )
}

/// sled wraps the error of its file lock and loses the kind.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// What a panic says.
pub(in crate::storage) fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}
