//! The disk as a parameter: what the journal, archives and locks need of a file system, and the
//! real one. For tests there is one that fails, tears and forgets on purpose: see `faulty.rs`.
//!
//! Calls block; they are made from storage's own threads.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FallocateFlags, RenameFlags, fallocate, renameat_with},
    io::Errno,
};

use crate::telemetry::warnings::{FileUnreadable, LockUnnamed};

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

    /// Lists a directory's directories in no particular order.
    ///
    /// # Errors
    /// As `std::fs::read_dir`.
    fn folders(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let _ = directory;
        Ok(Vec::new())
    }

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

    /// Takes a lock that ends with the process, and leaves `holder` in the file for whoever is
    /// refused. A disk in memory has only one process, so it has nothing to lock.
    ///
    /// # Errors
    /// When the file cannot be made or locked.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock> {
        let _ = (path, holder);
        Ok(Lock::Taken(Box::new(())))
    }
}

/// The outcome of [`Disk::lock`].
pub enum Lock {
    /// It is ours until this is dropped.
    Taken(Box<dyn Send + Sync>),
    /// Another process has it, and left this.
    Held(String),
}

/// An open file.
#[expect(clippy::len_without_is_empty, reason = "asking the disk can fail, and nobody asks that")]
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

/// Reads exactly `bytes` bytes at `offset`, or what there is up to the end of the file.
///
/// # Errors
/// As [`DiskFile::read_at`].
pub fn read_range(file: &dyn DiskFile, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    let mut filled = 0;
    while filled < bytes {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

/// Reads a whole file.
///
/// # Errors
/// As [`DiskFile::read_at`] and [`DiskFile::len`]; `OutOfMemory` when it cannot fit in memory.
pub fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let bytes = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    read_range(file, 0, bytes)
}

/// What could be read of a file.
pub struct ReadBytes {
    /// As many as the file has. Blocks that the disk cannot give are full of [`UNREADABLE`].
    pub bytes: Vec<u8>,
    /// Whether the disk gave all of them.
    pub whole: bool,
}

/// Stands for a byte that cannot be read. Not 0, which looks like space that was only reserved.
pub const UNREADABLE: u8 = 0xff;

/// Reads a whole file, leaving out blocks that the disk cannot give; checksums tell of them.
///
/// # Errors
/// As [`read_all`], but for failing reads.
pub fn read_what_there_is(file: &dyn DiskFile) -> io::Result<ReadBytes> {
    let bytes = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    read_range_there_is(file, 0, bytes)
}

/// As [`read_range`], leaving out blocks that the disk cannot give.
///
/// # Errors
/// As [`DiskFile::len`].
pub fn read_range_there_is(
    file: &dyn DiskFile,
    offset: u64,
    bytes: usize,
) -> io::Result<ReadBytes> {
    /// What a disk loses at a time.
    const BLOCK: usize = 4096;
    let error = match read_range(file, offset, bytes) {
        Ok(bytes) => return Ok(ReadBytes { bytes, whole: true }),
        Err(error) => error,
    };
    FileUnreadable { reason: &error }.note();
    let left = usize::try_from(file.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
    let length = bytes.min(left);
    let mut bytes = vec![UNREADABLE; length];
    for start in (0..length).step_by(BLOCK) {
        let end = length.min(start + BLOCK);
        if let Ok(block) = read_range(file, offset + start as u64, end - start) {
            bytes[start..start + block.len()].copy_from_slice(&block);
        }
    }
    Ok(ReadBytes { bytes, whole: false })
}

/// Exchanges two directories of the machine's file system in one step.
///
/// # Errors
/// As `renameat2`; then both are where they were.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// The machine's file system. What is made on it is for its owner alone, whatever the process's mask
/// says: it is what people wrote.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdDisk;

/// Who may use a file that is made.
const FILE_MODE: u32 = 0o600;

/// Who may use a directory that is made.
const DIRECTORY_MODE: u32 = 0o700;

impl Disk for StdDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE);
        Ok(Box::new(StdFile(options.open(path)?)))
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        let file = fs::OpenOptions::new().read(true).write(write).open(path)?;
        Ok(Box::new(StdFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        entries(directory, false)
    }

    fn folders(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        entries(directory, true)
    }

    /// Also makes the new directories themselves durable, as a file in a directory that is lost is
    /// lost with it.
    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        let directory = std::path::absolute(directory)?;
        let missing: Vec<_> = directory.ancestors().take_while(|path| !path.exists()).collect();
        fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(&directory)?;
        for created in missing {
            if let Some(parent) = created.parent() {
                self.sync_dir(parent)?;
            }
        }
        Ok(())
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        fs::File::open(directory)?.sync_all()
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Lock> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Ok(Lock::Held(fs::read_to_string(path).unwrap_or_default()));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        // Only a hint for people. On a full disk there is none, and the lock holds all the same.
        let hint = file.set_len(0).and_then(|()| file.write_all_at(holder.as_bytes(), 0));
        if let Err(error) = hint {
            LockUnnamed { path: &path.display(), reason: &error }.note();
        }
        Ok(Lock::Taken(Box::new(file)))
    }
}

/// What is in a directory: the directories, or all but them.
fn entries(directory: &Path, directories: bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() == directories {
            found.push(entry.path());
        }
    }
    Ok(found)
}

struct StdFile(fs::File);

impl DiskFile for StdFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(&self.0, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::WriteZero => io::Error::new(io::ErrorKind::StorageFull, error),
            _ => error,
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        match fallocate(&self.0, FallocateFlags::empty(), 0, bytes) {
            // File systems without the call grow as they are written to; running out of space then
            // shows in the write, which is handled there.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.0.set_len(bytes),
            result => Ok(result?),
        }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
