//! Copies the files of a store that is being written, and keeps what earlier copies have of what is
//! damaged or lost by now.
//!
//! Archives never change under their names but for erasing, and the journal only grows, so a copy of
//! each in the order of what they hold is the store at a moment: whatever is left out of one file is
//! left out because of a record in a later one. A file that is gone when it is to be copied was
//! replaced by another, and then they are listed again.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{
    BackupError, ReadAt, copy, create_anew, files_of,
    manifest::{Kept, Manifest},
    restore,
    seen::Seen,
    take,
};
use crate::{
    clock::Timestamp,
    storage::{
        archive::Archive,
        disk::{self, Disk, DiskFile},
        files::{StoreFile, StoreFiles},
        journal,
        reading::Directories,
        record::FileKey,
        scan,
    },
};

/// How often the files are listed again because some were replaced. What was copied by then stays.
const ATTEMPTS: usize = 50;

/// How often the newest file is read before damage in it is believed: a write in progress looks so.
const LOOKS: usize = 5;

/// The last bytes of an archive: its tail.
const TAIL_BYTES: usize = 40;

/// An archive's length, and the CRC-32 of its last bytes.
pub(super) fn tail(file: &dyn DiskFile) -> io::Result<(u64, u32)> {
    let bytes = file.len()?;
    let start = bytes.saturating_sub(TAIL_BYTES as u64);
    let tail = disk::read_range_there_is(file, start, TAIL_BYTES)?.bytes;
    Ok((bytes, crc32fast::hash(&tail)))
}

/// Copies into a directory in which a backup may be.
pub(super) struct Copying<'a> {
    disk: &'a dyn Disk,
    directories: Directories,
    target: PathBuf,
    files: PathBuf,
    /// What the backup that was there has, with what it keeps aside.
    before: Vec<Kept>,
    /// What was copied by an attempt that failed, by its path in the store.
    fresh: BTreeMap<String, Kept>,
    /// Files that were copied.
    pub(super) copied: usize,
    /// Their bytes.
    pub(super) copied_bytes: u64,
}

/// A file of the backup, or more of them that stand for one of the store.
struct Found {
    kept: Vec<Kept>,
    /// What is wrong with the file in the store, a sentence each.
    damage: Vec<String>,
}

/// What the journal file before promises of the next one.
#[derive(Default)]
struct Promise {
    /// The commit that it must begin with.
    commit: Option<u64>,
    /// The same by what is in the store, where an earlier copy has more.
    without_copy: Option<u64>,
}

impl<'a> Copying<'a> {
    pub(super) fn new(
        disk: &'a dyn Disk,
        directories: Directories,
        target: &Path,
        before: Option<&Manifest>,
    ) -> Self {
        let before = before.into_iter().flat_map(|it| it.files.iter().chain(&it.aside));
        Self {
            disk,
            directories,
            target: target.to_owned(),
            files: files_of(target),
            before: before.cloned().collect(),
            fresh: BTreeMap::new(),
            copied: 0,
            copied_bytes: 0,
        }
    }

    /// Copies all.
    pub(super) fn copy_all(&mut self, begun: Timestamp) -> Result<Manifest, BackupError> {
        for attempt in 1..=ATTEMPTS {
            match self.attempt(begun, attempt == ATTEMPTS) {
                Ok(Some(manifest)) => return Ok(manifest),
                Ok(None) => {}
                Err(error) if error.is_vanished() => {}
                Err(error) => return Err(error),
            }
        }
        Err(BackupError::Restless(ATTEMPTS))
    }

    /// Copies what there is; `None` when the list of files was not that of one moment.
    fn attempt(&mut self, begun: Timestamp, last: bool) -> Result<Option<Manifest>, BackupError> {
        let StoreFiles { mut list, .. } = StoreFiles::of(self.disk, &self.directories)?;
        let missing = StoreFiles { list: list.clone(), newest: None }.missing();
        if !missing.is_empty() && !last {
            return Ok(None);
        }
        let Some(newest) = self.newest(&mut list)? else {
            if !last {
                return Ok(None);
            }
            let log = &self.directories.log;
            return Err(BackupError::unfit(log, "has no journal file that can be read"));
        };
        let mut manifest = Manifest::of(begun, newest);
        manifest.damage.extend(missing.iter().map(|range| match (range.start(), range.end()) {
            (first, last) if first == last => format!("journal file {first} is missing"),
            (first, last) => format!("journal files {first} to {last} are missing"),
        }));
        let (mut lost, mut promise, mut next) = (missing, Promise::default(), 1);
        for file in list {
            if *file.range().start() != next {
                promise = Promise::default();
            }
            next = file.range().end() + 1;
            let found = match &file {
                StoreFile::Archive(_) => {
                    promise = Promise::default();
                    self.archive(&file)?
                }
                StoreFile::Journal(number) => {
                    self.journal(&file, *number == newest.number, &mut promise)?
                }
            };
            if found.kept.iter().any(|kept| kept.flaws.as_ref().is_none_or(|it| !it.is_empty())) {
                lost.push(file.range());
            }
            manifest.damage.extend(found.damage);
            manifest.files.extend(found.kept);
        }
        self.carry_over(&mut manifest, &lost);
        manifest.damage.sort();
        manifest.damage.dedup();
        Ok(Some(manifest))
    }

    /// Keeps what earlier backups have of ranges that are lost: where the store has nothing, in place of
    /// it, and beside it where both may have something.
    fn carry_over(&self, manifest: &mut Manifest, lost: &[RangeInclusive<u64>]) {
        for kept in &self.before {
            let Some(range) = kept.file().map(|file| file.range()) else { continue };
            let touches =
                |it: &RangeInclusive<u64>| it.start() <= range.end() && range.start() <= it.end();
            let is_there = |it: &Kept| it.copy == kept.copy;
            if !lost.iter().any(touches) || manifest.files.iter().any(is_there) {
                continue;
            }
            let in_the_way = |it: &Kept| it.file().is_some_and(|file| touches(&file.range()));
            let is_part = |it: &Kept| {
                let part = it.file().map(|file| file.range());
                part.is_some_and(|it| range.start() <= it.start() && it.end() <= range.end())
            };
            let is_sound = kept.flaws.as_ref().is_some_and(Vec::is_empty) && !kept.growing;
            let mut others = manifest.files.iter().filter(|it| in_the_way(it)).peekable();
            let goes_in = others.peek().is_none() || is_sound && others.all(is_part);
            if goes_in && self.is_intact(kept) {
                manifest.damage.extend(kept.flaws.clone().unwrap_or_default());
                manifest.files.retain(|it| !in_the_way(it));
                manifest.files.push(kept.clone());
            } else {
                manifest.aside.push(kept.clone());
            }
        }
        let start = |kept: &Kept| kept.file().map(|file| *file.range().start());
        manifest.files.sort_by_key(start);
    }

    /// The newest journal file. One that has no header yet is just being made, and nothing was written
    /// to it.
    fn newest(&self, list: &mut Vec<StoreFile>) -> Result<Option<FileKey>, BackupError> {
        while let Some(StoreFile::Journal(number)) = list.last() {
            let number = *number;
            let path = journal::path(&self.directories.log, number);
            if let Some(key) = take::header(self.disk, &path, number)? {
                return Ok(Some(key));
            }
            let file = self.disk.open(&path, false).map_err(BackupError::disk("open", &path))?;
            let read =
                disk::read_what_there_is(&*file).map_err(BackupError::disk("read", &path))?;
            if !scan::scan(number, &read.bytes.into(), read.whole, None).items.is_empty() {
                // It is damaged, and is copied as it is.
                return Ok(Some(FileKey { number, salt: 0 }));
            }
            list.pop();
        }
        Ok(None)
    }

    fn archive(&mut self, file: &StoreFile) -> Result<Found, BackupError> {
        let path = file.path(&self.directories);
        let from = self.disk.open(&path, false).map_err(BackupError::disk("open", &path))?;
        let (bytes, tail) = tail(&*from).map_err(BackupError::disk("read", &path))?;
        let same = |kept: &Kept| (kept.bytes, kept.tail) == (bytes, Some(tail));
        if let Some(kept) = self.known(file, same) {
            let flaws = match &kept.flaws {
                Some(flaws) => flaws.clone(),
                None => self.flaws_of(&kept, &path)?,
            };
            // What was damaged when it was copied may have been read wrongly then.
            if flaws.is_empty() || !self.is_sound(&path) {
                return Ok(self.best(file, Kept { flaws: Some(flaws), ..kept }));
            }
        }
        let whole = Cell::new(true);
        let read = |at, count| {
            let read = disk::read_range_there_is(&*from, at, count)?;
            whole.set(whole.get() && read.whole);
            Ok(read.bytes)
        };
        let kept = self.keep(file, &read, bytes, Some(tail))?;
        let mut flaws = self.flaws_of(&kept, &path)?;
        if !whole.get() {
            flaws.push(format!("{} cannot be read whole", path.display()));
        }
        let kept = Kept { flaws: Some(flaws), ..kept };
        self.fresh.insert(kept.path.clone(), kept.clone());
        Ok(self.best(file, kept))
    }

    /// A copy of an archive, or earlier ones that together have all of it if that is damaged.
    fn best(&self, file: &StoreFile, kept: Kept) -> Found {
        let damage = kept.flaws.clone().unwrap_or_default();
        let earlier = if damage.is_empty() { None } else { self.earlier(&file.range()) };
        Found { kept: earlier.unwrap_or_else(|| vec![kept]), damage }
    }

    /// Sound copies that together are what a range of journal files held.
    fn earlier(&self, range: &RangeInclusive<u64>) -> Option<Vec<Kept>> {
        let within = |kept: &&Kept| {
            let inside =
                |it: RangeInclusive<u64>| range.contains(it.start()) && range.contains(it.end());
            let is_sound = kept.flaws.as_ref().is_some_and(Vec::is_empty) && !kept.growing;
            is_sound && kept.file().is_some_and(|file| inside(file.range()))
        };
        let mut found: Vec<_> = self.before.iter().filter(within).cloned().collect();
        found.retain(|kept| self.is_intact(kept));
        if let Some(whole) =
            found.iter().find(|it| it.file().is_some_and(|it| it.range() == *range))
        {
            return Some(vec![whole.clone()]);
        }
        let mut list: Vec<_> = found.iter().filter_map(Kept::file).collect();
        list.sort_by_key(|file| *file.range().start());
        let mut next = *range.start();
        for file in list {
            if *file.range().start() <= next {
                next = next.max(file.range().end() + 1);
            }
        }
        (next > *range.end()).then_some(found)
    }

    fn is_sound(&self, archive: &Path) -> bool {
        let found = Archive::open(self.disk, archive).and_then(|archive| archive.verify());
        found.is_ok_and(|flaws| flaws.is_empty())
    }

    /// What is damaged in the copy of an archive, said of the archive.
    fn flaws_of(&self, kept: &Kept, archive: &Path) -> Result<Vec<String>, BackupError> {
        let copied = self.files.join(&kept.copy);
        let flaws = match Archive::open(self.disk, &copied).and_then(|archive| archive.verify()) {
            Ok(flaws) => flaws.iter().map(ToString::to_string).collect(),
            Err(error) if error.is_damage() => vec![error.to_string()],
            Err(error) => return Err(error.into()),
        };
        let (copied, archive) = (copied.display().to_string(), archive.display().to_string());
        Ok(flaws.into_iter().map(|flaw: String| flaw.replace(&copied, &archive)).collect())
    }

    fn journal(
        &mut self,
        file: &StoreFile,
        newest: bool,
        promise: &mut Promise,
    ) -> Result<Found, BackupError> {
        let path = file.path(&self.directories);
        let number = *file.range().start();
        let from = self.disk.open(&path, false).map_err(BackupError::disk("open", &path))?;
        let look = || -> Result<Seen, BackupError> {
            let read =
                disk::read_what_there_is(&*from).map_err(BackupError::disk("read", &path))?;
            Ok(Seen::of(number, read.bytes.into(), newest && read.whole, promise.commit))
        };
        let mut seen = look()?;
        for _ in 1..LOOKS {
            if newest && !seen.flaws.is_empty() {
                seen = look()?;
            }
        }
        if newest {
            // What is being written now has been promised to nobody, and what has been is on the disk
            // for sure after this.
            from.sync().map_err(BackupError::disk("sync", &path))?;
        }
        if seen.begins.is_some() && seen.begins == promise.without_copy {
            return Err(take::another(&self.target));
        }
        let mut damage = seen.flaws.clone();
        let without_copy = seen.promise;
        if let Some(mended) = self.mended(file, &seen, promise.commit)? {
            damage.push(format!(
                "journal file {number} lost something that an earlier backup has, which stays"
            ));
            seen = mended;
        }
        let changed = seen.promise != without_copy;
        *promise = Promise { commit: seen.promise, without_copy: without_copy.filter(|_| changed) };
        let Seen { bytes, flaws, .. } = seen;
        let (length, crc32) = (bytes.len() as u64, crc32fast::hash(&bytes));
        let kept = match self.known(file, |kept| (kept.bytes, kept.crc32) == (length, crc32)) {
            Some(kept) => kept,
            None => {
                let read = |at, count| {
                    let start = usize::try_from(at).unwrap_or(bytes.len()).min(bytes.len());
                    Ok(bytes[start..bytes.len().min(start + count)].to_vec())
                };
                self.keep(file, &read, length, None)?
            }
        };
        let kept = Kept { growing: newest, flaws: Some(flaws), ..kept };
        self.fresh.insert(kept.path.clone(), kept.clone());
        Ok(Found { kept: vec![kept], damage })
    }

    /// A journal file with what an earlier backup has of its beginning, where that has more than the
    /// store.
    fn mended(
        &self,
        file: &StoreFile,
        seen: &Seen,
        expected: Option<u64>,
    ) -> Result<Option<Seen>, BackupError> {
        let number = *file.range().start();
        let mut best: Option<Seen> = None;
        for kept in self.before.iter().filter(|kept| kept.file().as_ref() == Some(file)) {
            let length = usize::try_from(kept.bytes).unwrap_or(usize::MAX);
            let start = seen.whole_file.get(..length);
            let is_same = start.map(crc32fast::hash) == Some(kept.crc32);
            if is_same || kept.bytes <= journal::START || !self.is_intact(kept) {
                continue;
            }
            let path = self.files.join(&kept.copy);
            let copied = self.disk.open(&path, false).map_err(BackupError::disk("open", &path))?;
            let mut bytes = disk::read_all(&*copied).map_err(BackupError::disk("read", &path))?;
            let begins = journal::header(&bytes, number).map(|header| header.key);
            if seen.key.is_some() && begins.is_some() && begins != seen.key {
                return Err(take::another(&self.target));
            }
            bytes.extend_from_slice(seen.whole_file.get(length..).unwrap_or_default());
            let mended = Seen::of(number, Bytes::from(bytes), seen.newest, expected);
            if mended.rank() < best.as_ref().unwrap_or(seen).rank() {
                best = Some(mended);
            }
        }
        Ok(best)
    }

    /// A copy that is there, as far as can be told without reading it.
    fn known(&self, file: &StoreFile, is_same: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let path = file.relative().to_string_lossy().into_owned();
        let mut known = self.fresh.get(&path).into_iter().chain(&self.before);
        let there = |kept: &Kept| {
            let copy = self.disk.open(&self.files.join(&kept.copy), false);
            copy.and_then(|copy| copy.len()).is_ok_and(|bytes| bytes == kept.bytes)
        };
        known.find(|kept| kept.path == path && is_same(kept) && there(kept)).cloned()
    }

    /// Whether a copy is what was written.
    fn is_intact(&self, kept: &Kept) -> bool {
        let copy = self.disk.open(&self.files.join(&kept.copy), false);
        copy.and_then(|copy| restore::problem(&*copy, kept)).is_ok_and(|problem| problem.is_none())
    }

    /// Copies a file.
    fn keep(
        &mut self,
        file: &StoreFile,
        read: ReadAt<'_>,
        bytes: u64,
        tail: Option<u32>,
    ) -> Result<Kept, BackupError> {
        let relative = file.relative();
        let name = relative.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unfinished = self.files.join(format!("{name}.tmp"));
        let to = create_anew(self.disk, &unfinished)?;
        let source = file.path(&self.directories);
        let crc32 = copy(read, (&source, &unfinished), &*to, bytes)?;
        let kept = Kept {
            path: relative.to_string_lossy().into_owned(),
            copy: format!("{name}.{crc32:08x}"),
            bytes,
            crc32,
            tail,
            growing: false,
            flaws: None,
        };
        let path = self.files.join(&kept.copy);
        self.disk.rename(&unfinished, &path).map_err(BackupError::disk("rename", &unfinished))?;
        self.copied += 1;
        self.copied_bytes += bytes;
        Ok(kept)
    }
}
