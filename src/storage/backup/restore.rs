//! Puts a backup back, as the store it was taken from, into a directory that is empty.
//!
//! Every byte is checked before the first is written, and again as it is copied.

use std::path::{Path, PathBuf};

use super::{
    BackupError, copy, create_anew, files_of,
    manifest::{self, Kept, Manifest},
};
use crate::{
    clock::{Clock, Timestamp},
    random::Random,
    storage::{
        disk::{self, Disk, DiskFile},
        format::write_number,
        lineage,
        local::take_lock,
        reading::Directories,
    },
};

/// What was put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was begun: everything that was saved by then is in it.
    pub begun: Timestamp,
    /// Files.
    pub files: usize,
    /// Bytes of all of them.
    pub bytes: u64,
    /// What was damaged already when the backup was taken, a sentence each.
    pub damage: Vec<String>,
}

/// Reads every byte of a backup and compares it with what the manifest says.
///
/// # Errors
/// When there is none, or it is damaged: every file that is wrong is named.
pub fn verify(disk: &dyn Disk, backup: &Path) -> Result<Restored, BackupError> {
    read(disk, backup).map(|manifest| told(&manifest))
}

/// Verifies a backup and makes a store of it in a directory that is empty or not there. It is another
/// store than the one that was copied, which may still be at work, and says which backup it is from.
///
/// # Errors
/// When there is no backup, it is damaged, the directory is not empty, or a disk refuses.
pub fn restore(
    disk: &dyn Disk,
    backup: &Path,
    into: &Path,
    (random, clock): (&dyn Random, &dyn Clock),
) -> Result<Restored, BackupError> {
    let manifest = read(disk, backup)?;
    let directories = Directories::new(into);
    let Directories { root, log, archive, .. } = &directories;
    check_empty(disk, &directories)?;
    for directory in [root, log, archive] {
        disk.create_dir(directory).map_err(BackupError::disk("create", directory))?;
    }
    let _lock = take_lock(disk, root, clock)?;
    for kept in &manifest.files {
        put_back(disk, backup, root, kept)?;
    }
    for directory in [log, archive] {
        disk.sync_dir(directory).map_err(BackupError::disk("sync", directory))?;
    }
    let id = lineage::write(disk, root, Some(&manifest.calls_itself()), random);
    id.map_err(BackupError::disk("write", root.join("ID")))?;
    // Last, as nothing opens a store that has files and no format.
    let written = write_number(disk, root, manifest.store);
    written.map_err(BackupError::disk("write", root.join("FORMAT")))?;
    Ok(told(&manifest))
}

pub(super) fn told(manifest: &Manifest) -> Restored {
    Restored {
        begun: manifest.begun,
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|kept| kept.bytes).sum(),
        damage: manifest.damage.clone(),
    }
}

/// The manifest of a backup that is sound to its last byte.
pub(super) fn read(disk: &dyn Disk, backup: &Path) -> Result<Manifest, BackupError> {
    let Some(manifest) = manifest::read(disk, backup)? else {
        return Err(BackupError::unfit(backup, "holds no backup: it has no file MANIFEST"));
    };
    let mut wrong = Vec::new();
    for kept in &manifest.files {
        let path = copy_of(backup, kept);
        let problem = match disk.open(&path, false) {
            Ok(file) => problem(&*file, kept).map_err(BackupError::disk("read", &path))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("is missing"),
            Err(error) => return Err(BackupError::disk("open", path)(error)),
        };
        wrong.extend(problem.map(|problem| format!("files/{} {problem}", kept.copy)));
    }
    if wrong.is_empty() {
        return Ok(manifest);
    }
    Err(BackupError::Damaged { directory: backup.to_owned(), files: wrong })
}

pub(super) fn problem(file: &dyn DiskFile, kept: &Kept) -> std::io::Result<Option<&'static str>> {
    if file.len()? != kept.bytes {
        return Ok(Some("has another length"));
    }
    let (mut hasher, mut done) = (crc32fast::Hasher::new(), 0);
    while done < kept.bytes {
        let piece = disk::read_range(file, done, super::PIECE)?;
        if piece.is_empty() {
            return Ok(Some("ends too early"));
        }
        hasher.update(&piece);
        done += piece.len() as u64;
    }
    Ok((hasher.finalize() != kept.crc32).then_some("has other bytes than were written"))
}

fn copy_of(backup: &Path, kept: &Kept) -> PathBuf {
    files_of(backup).join(&kept.copy)
}

/// Refuses a directory in which something is.
pub(super) fn check_empty(disk: &dyn Disk, directories: &Directories) -> Result<(), BackupError> {
    let Directories { root, log, archive, index } = directories;
    for directory in [root, log, archive, index] {
        let mut listed = match disk.list(directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            listed => listed.map_err(BackupError::disk("list", directory))?,
        };
        // A lock alone is left behind by whoever looked in before.
        listed.retain(|path| *path != root.join("LOCK"));
        if !listed.is_empty() {
            let problem = "is not empty; a backup is restored into a directory that is empty or not \
                           there";
            return Err(BackupError::unfit(root, problem));
        }
    }
    Ok(())
}

fn put_back(disk: &dyn Disk, backup: &Path, root: &Path, kept: &Kept) -> Result<(), BackupError> {
    let (source, target) = (copy_of(backup, kept), root.join(&kept.path));
    let from = disk.open(&source, false).map_err(BackupError::disk("open", &source))?;
    let to = create_anew(disk, &target)?;
    let read = |at, count| disk::read_range(&*from, at, count);
    if copy(&read, (&source, &target), &*to, kept.bytes)? == kept.crc32 {
        return Ok(());
    }
    let files = vec![format!("files/{} changed while it was restored", kept.copy)];
    Err(BackupError::Damaged { directory: backup.to_owned(), files })
}
