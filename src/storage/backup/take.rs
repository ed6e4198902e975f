//! Takes a backup: beside a running server, which need not know of it.
//!
//! Decides whether a backup may be taken into a directory, and what of that directory goes when there is
//! a newer one. [`Copying`] copies.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    BackupError,
    copying::Copying,
    files_of,
    manifest::{self, Kept, Manifest},
};
use crate::{
    clock::{Clock, Timestamp},
    ids::{DocumentId, Seq},
    storage::{
        archive::{self, Archive, SegmentKind},
        disk::{self, Disk, Lock},
        files::StoreFile,
        format::FORMATS,
        journal,
        lineage::{self, Lineage},
        reading::Directories,
        record::{FileKey, RecordKind},
        scan::{self, Item},
    },
};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Everything that was saved by then is in it.
    pub begun: Timestamp,
    /// Files of the backup.
    pub files: usize,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Those of them that were copied now; the others were there already.
    pub copied: usize,
    /// Bytes of those.
    pub copied_bytes: u64,
    /// What of the store is damaged, a sentence each. It was copied as it is, unless an earlier backup
    /// had a sound copy, which stays then.
    pub damage: Vec<String>,
}

/// Takes a backup of the store in `source` into the directory `target`, which is made if it is not
/// there, and in which nothing else but backups of this store may be.
///
/// # Errors
/// When there is no store, the directory holds something else, or a disk refuses. A backup that was
/// there before is as it was then.
pub fn take(
    disk: &dyn Disk,
    source: &Path,
    target: &Path,
    clock: &dyn Clock,
) -> Result<Taken, BackupError> {
    if !FORMATS.check(disk, source)? {
        return Err(BackupError::unfit(source, "holds no store: it has no file FORMAT"));
    }
    let directories = Directories::new(source);
    // Before anything is made in it: it may be somebody else's.
    look_into(disk, target)?;
    disk.create_dir(target).map_err(BackupError::disk("create", target))?;
    let _lock = lock(disk, target, clock)?;
    let before = look_into(disk, target)?;
    let path = source.join("ID");
    let now = lineage::read(disk, source).map_err(BackupError::disk("read", &path))?;
    if let Some(before) = &before {
        check_same_store(disk, &directories, target, (before, now.as_ref()))?;
    }
    let files = files_of(target);
    disk.create_dir(&files).map_err(BackupError::disk("create", &files))?;
    let mut copying = Copying::new(disk, directories.clone(), target, before.as_ref());
    let begun = clock.now();
    let mut manifest = copying.copy_all(begun)?;
    manifest.id = now.map(|lineage| lineage.id);
    if let Some(before) = &before {
        check_not_older(disk, &directories, target, (before, &manifest))?;
    }
    disk.sync_dir(&files).map_err(BackupError::disk("sync", &files))?;
    manifest::write(disk, target, &manifest)?;
    remove_others(disk, &files, &manifest)?;
    Ok(Taken {
        begun,
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|kept| kept.bytes).sum(),
        copied: copying.copied,
        copied_bytes: copying.copied_bytes,
        damage: manifest.damage,
    })
}

fn lock(disk: &dyn Disk, target: &Path, clock: &dyn Clock) -> Result<Lock, BackupError> {
    let path = target.join("LOCK");
    let holder = format!("process {} since {} ms after 1970\n", std::process::id(), clock.now().0);
    match disk.lock(&path, &holder).map_err(BackupError::disk("lock", &path))? {
        Lock::Held(holder) => {
            let problem = format!("is being written by another backup ({})", holder.trim());
            Err(BackupError::unfit(target, problem))
        }
        taken @ Lock::Taken(_) => Ok(taken),
    }
}

/// The backup that is in a directory; `None` when there is none, and nothing of anybody else either.
fn look_into(disk: &dyn Disk, target: &Path) -> Result<Option<Manifest>, BackupError> {
    if let Some(manifest) = manifest::read(disk, target)? {
        return Ok(Some(manifest));
    }
    let files = files_of(target);
    let list = |list: io::Result<Vec<PathBuf>>, directory: &Path| match list {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        list => list.map_err(BackupError::disk("list", directory)),
    };
    let mut found = list(disk.list(target), target)?;
    found.retain(|path| *path != target.join("LOCK") && *path != target.join("MANIFEST.tmp"));
    found.extend(list(disk.folders(target), target)?);
    found.retain(|path| *path != files);
    found.extend(list(disk.list(&files), &files)?.into_iter().filter(|path| !is_ours(path)));
    found.extend(list(disk.folders(&files), &files)?);
    if found.is_empty() {
        return Ok(None);
    }
    let problem = "is not empty and holds no backup; name a directory that is empty or not there";
    Err(BackupError::unfit(target, problem))
}

fn is_ours(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(manifest::is_ours)
}

/// A backup of another store must not give way to one of this.
fn check_same_store(
    disk: &dyn Disk,
    directories: &Directories,
    target: &Path,
    (before, now): (&Manifest, Option<&Lineage>),
) -> Result<(), BackupError> {
    let files = files_of(target);
    let same = match (&before.id, now) {
        (Some(before), Some(now)) if *before == now.id => true,
        // It was made of that very backup, and is what became of the store since.
        (_, Some(Lineage { origin: Some(origin), .. })) => *origin == before.calls_itself(),
        (Some(_), Some(_)) => false,
        // One of them is of before stores had ids.
        _ => before.files.iter().any(|kept| is_shared(disk, directories, &files, kept)),
    };
    match (same, now.and_then(|now| now.origin.as_ref())) {
        (true, _) => Ok(()),
        (false, None) => Err(another(target)),
        (false, Some(_)) => {
            let problem = "holds another backup than the one that this store was restored from; \
                           choose another directory for this backup";
            Err(BackupError::unfit(target, problem))
        }
    }
}

pub(super) fn another(target: &Path) -> BackupError {
    let problem = "holds a backup of another store, or of this one when it was newer; choose another \
                   directory for this backup";
    BackupError::unfit(target, problem)
}

/// Whether a file of the store is the one that was copied.
fn is_shared(disk: &dyn Disk, directories: &Directories, files: &Path, kept: &Kept) -> bool {
    let Some(file) = kept.file() else { return false };
    let (path, copy) = (file.path(directories), files.join(&kept.copy));
    match file {
        StoreFile::Journal(number) => {
            let here = header(disk, &path, number).ok().flatten();
            here.is_some() && here == header(disk, &copy, number).ok().flatten()
        }
        StoreFile::Archive(_) => {
            disk
            .open(&path, false)
            .and_then(|file| super::copying::tail(&*file))
            .is_ok_and(|(bytes, tail)| (bytes, Some(tail)) == (kept.bytes, kept.tail))
            // Those in which nothing is are alike everywhere.
            && Archive::open(disk, &path).is_ok_and(|it| !it.footer().segments.is_empty())
        }
    }
}

/// A backup of a later state of this store must not give way to this one.
fn check_not_older(
    disk: &dyn Disk,
    directories: &Directories,
    target: &Path,
    (before, now): (&Manifest, &Manifest),
) -> Result<(), BackupError> {
    let path = journal::path(&directories.log, before.journal);
    let newest = StoreFile::Journal(before.journal);
    let copied = before.files.iter().find(|kept| kept.file().as_ref() == Some(&newest));
    if copied.is_some_and(|kept| kept.bytes <= journal::START) {
        // One in which nothing was yet may have been made anew.
        return Ok(());
    }
    let older = match header(disk, &path, before.journal) {
        Ok(Some(key)) => before.salt != 0 && key.salt != before.salt,
        Ok(None) => false,
        Err(_) => {
            now.journal <= before.journal
                || copied.is_some_and(|kept| {
                    is_behind(disk, directories, &files_of(target).join(&kept.copy), before.journal)
                })
        }
    };
    if older { Err(another(target)) } else { Ok(()) }
}

/// Whether the archive that stands for a journal file ends before its copy does. What cannot be read does
/// not tell.
fn is_behind(disk: &dyn Disk, directories: &Directories, copy: &Path, number: u64) -> bool {
    let directory = &directories.archive;
    let ranges = archive::list_archives(disk, directory).unwrap_or_default();
    let Some(range) = ranges.iter().rev().find(|range| range.contains(&number)) else {
        return false;
    };
    let archive = Archive::open(disk, &directory.join(archive::file_name(range)));
    let Some(archive) = archive.ok().filter(|archive| archive.damage().is_none()) else {
        return false;
    };
    let copy = disk.open(copy, false).and_then(|copy| disk::read_all(&*copy)).unwrap_or_default();
    // What was cut off or deleted since is not there at all.
    let mut here: BTreeMap<DocumentId, Seq> = BTreeMap::new();
    for place in archive.footer().segments.iter().filter(|it| it.kind == SegmentKind::Content) {
        let last = here.entry(place.document).or_default();
        *last = place.last.max(*last);
    }
    scan::scan(number, &copy.into(), true, None).items.iter().any(|item| match item {
        Item::Record(_, it) if it.kind == RecordKind::Entry => {
            here.get(&it.document).is_some_and(|last| *last < it.seq)
        }
        _ => false,
    })
}

/// The number and salt that a journal file says it has; `None` when it cannot be understood.
pub(super) fn header(
    disk: &dyn Disk,
    path: &Path,
    number: u64,
) -> Result<Option<FileKey>, BackupError> {
    let file = disk.open(path, false).map_err(BackupError::disk("open", path))?;
    let start = usize::try_from(journal::START).unwrap_or_default();
    // Each half stands for the other.
    let read = disk::read_range_there_is(&*file, 0, start);
    let bytes = read.map_err(BackupError::disk("read", path))?.bytes;
    Ok(journal::header(&bytes, number).map(|header| header.key))
}

/// Removes copies that no backup needs any more, and nothing that is not ours.
fn remove_others(disk: &dyn Disk, files: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let needed = |path: &Path| {
        let mut copies = manifest.files.iter().chain(&manifest.aside);
        copies.any(|kept| files.join(&kept.copy) == path)
    };
    for path in disk.list(files).map_err(BackupError::disk("list", files))? {
        if is_ours(&path) && !needed(&path) {
            disk.remove(&path).map_err(BackupError::disk("remove", &path))?;
        }
    }
    disk.sync_dir(files).map_err(BackupError::disk("sync", files))
}
