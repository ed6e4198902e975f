//! The disk as a parameter: what the journal, archives and locks need of a file system, the real
//! one, and for tests one that fails, tears and forgets on purpose.
//!
//! Calls block; they are made from storage's own threads.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A file system. Paths are those the engine builds below its data directory.
pub trait Disk: Send + Sync {
    /// Creates a file that must not exist.
    ///
    /// # Errors
    /// As `std::fs::File::create_new`.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file that exists, for reading or for both.
    ///
    /// # Errors
    /// As `std::fs::File::open`.
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>>;

    /// Replaces `to` by `from` in one step; durable once both directories are synced.
    ///
    /// # Errors
    /// As `std::fs::rename`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As `std::fs::remove_file`.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Lists a directory's files (not directories) in no particular order.
    ///
    /// # Errors
    /// As `std::fs::read_dir`.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;

    /// Creates a directory and those above it; fine when it exists.
    ///
    /// # Errors
    /// As `std::fs::create_dir_all`.
    fn create_dir(&self, directory: &Path) -> io::Result<()>;

    /// Makes creations, renames and removals in a directory durable.
    ///
    /// # Errors
    /// When the directory cannot be opened or synced.
    fn sync_dir(&self, directory: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Reads up to `buffer.len()` bytes at `offset`; 0 at the end.
    ///
    /// # Errors
    /// As `pread`.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all bytes at `offset`. After an error any part of them may have been written.
    ///
    /// # Errors
    /// As `pwrite`; a write of nothing counts as a full disk.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the file's bytes and length durable (`fdatasync`).
    ///
    /// # Errors
    /// After one the file must not be trusted or synced again.
    fn sync(&self) -> io::Result<()>;

    /// Sets the length.
    ///
    /// # Errors
    /// As `ftruncate`.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Reserves space up to a length, which becomes the file's length; the new bytes read as 0.
    ///
    /// # Errors
    /// `StorageFull` when there is none.
    fn reserve(&self, bytes: u64) -> io::Result<()>;

    /// The length.
    ///
    /// # Errors
    /// As `fstat`.
    fn len(&self) -> io::Result<u64>;
}
