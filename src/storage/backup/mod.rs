//! A copy of a store that can be put back: taken beside a running server, whole or not at all, and
//! again and again into the same directory, where only what is new is copied.
//!
//! ```text
//! MANIFEST      what the backup consists of, with a checksum of each file and of itself
//! files/…       copies of archives and journal files, each with its checksum in its name
//! ```
//!
//! The manifest is replaced in one step when all that it names is on the disk, so that a backup that
//! was interrupted leaves the one before. Knows files and records; no CRDT, and not the index, which can
//! be made anew. [`take`] makes one, [`restore`] puts it back, [`restore_at`] as it
//! was at an earlier moment.

mod copying;
mod manifest;
mod moment;
mod restore;
mod seen;
mod take;

#[cfg(test)]
mod tests;

pub use moment::{Asked, RestoredMoment, restore_at};
pub use restore::{Restored, restore, verify};
pub use take::{Taken, take};

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::storage::{
    archive::ArchiveError,
    disk::{Disk, DiskFile},
    recovery::OpenError,
};

/// Why a backup cannot be made or put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A directory is not what it should be.
    #[error("{} {problem}", path.display())]
    Unfit {
        /// Which one.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Files of the backup are not what was written; nothing was restored.
    #[error("the backup in {} is damaged, and nothing was restored: {}", directory.display(), files.join("; "))]
    Damaged {
        /// Where the backup is.
        directory: PathBuf,
        /// What is wrong with each file, a sentence each.
        files: Vec<String>,
    },
    /// The server replaced files faster than they could be copied.
    #[error(
        "the store's files changed {0} times while they were copied; try again when less is going on"
    )]
    Restless(usize),
    /// The disk refused.
    #[error("failed to {doing} {}: {source}", path.display())]
    Disk {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BackupError {
    fn disk(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { doing, path, source }
    }

    fn unfit(path: &Path, problem: impl Into<String>) -> Self {
        Self::Unfit { path: path.to_owned(), problem: problem.into() }
    }

    /// Whether a file was not there any more.
    fn is_vanished(&self) -> bool {
        match self {
            Self::Disk { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Store(error) => error.is_vanished(),
            _ => false,
        }
    }
}

impl From<ArchiveError> for BackupError {
    fn from(error: ArchiveError) -> Self {
        Self::Store(error.into())
    }
}

/// Where the copies lie in a backup.
fn files_of(backup: &Path) -> PathBuf {
    backup.join("files")
}

/// Makes a file that is not there, or is left over from an attempt that failed.
fn create_anew(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskFile>, BackupError> {
    match disk.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(path).map_err(BackupError::disk("remove", path))?;
            disk.create(path).map_err(BackupError::disk("create", path))
        }
        created => created.map_err(BackupError::disk("create", path)),
    }
}

/// Copied at a time.
const PIECE: usize = 1 << 20;

/// Reads so many bytes at an offset, or what there is up to the end.
type ReadAt<'a> = &'a dyn Fn(u64, usize) -> io::Result<Vec<u8>>;

/// Writes the first `bytes` bytes of what is read into a file and makes them durable; gives their
/// CRC-32. It is a failure when there are not as many.
fn copy(
    read: ReadAt<'_>,
    (source, target): (&Path, &Path),
    to: &dyn DiskFile,
    bytes: u64,
) -> Result<u32, BackupError> {
    let mut hasher = crc32fast::Hasher::new();
    let mut done = 0;
    while done < bytes {
        let piece = usize::try_from(bytes - done).unwrap_or(PIECE).min(PIECE);
        let found = read(done, piece).map_err(BackupError::disk("read", source))?;
        if found.len() < piece {
            return Err(BackupError::disk("read", source)(io::ErrorKind::UnexpectedEof.into()));
        }
        to.write_at(&found, done).map_err(BackupError::disk("write", target))?;
        hasher.update(&found);
        done += piece as u64;
    }
    to.sync().map_err(BackupError::disk("sync", target))?;
    Ok(hasher.finalize())
}
