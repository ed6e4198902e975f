//! Reads a document's entries from wherever they lie, and checks that none is missing.
//!
//! Works on a copy of the places, without locks: a file that sealing takes away meanwhile shows as
//! [`Trouble::Vanished`], and the caller asks for the places again. Never writes.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::{
        Entry, StoreError, StoredEntry,
        archive::{self, Archive, ArchiveError},
        disk::{self, Disk, DiskFile},
        journal::{self, Place},
        payload::{Authors, Change},
        record::{self, FileKey, HEAD, Record},
        tables::{Contents, Sealed, Where},
    },
};

/// The directories of a store.
#[derive(Clone, Debug)]
pub(crate) struct Directories {
    /// Everything.
    pub(crate) root: PathBuf,
    /// The journal.
    pub(crate) log: PathBuf,
    /// Sealed files.
    pub(crate) archive: PathBuf,
    /// sled.
    pub(crate) index: PathBuf,
}

impl Directories {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            log: root.join("log"),
            archive: root.join("archive"),
            index: root.join("index"),
        }
    }
}

/// Why entries could not be read.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A file is gone: it was sealed or merged since its place was looked up.
    Vanished,
    /// What was read is not what was written.
    Damaged(String),
    /// The disk refused.
    Read(String),
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Vanished => Self::Read("a file of the store is gone".into()),
            Trouble::Damaged(reason) => Self::Damaged(reason),
            Trouble::Read(reason) => Self::Read(reason),
        }
    }
}

/// What to read.
pub(crate) struct Wanted<'a> {
    /// Whose entries.
    pub(crate) id: DocumentId,
    /// Where they lie: [`Tables::contents`] after the same seq.
    ///
    /// [`Tables::contents`]: crate::storage::tables::Tables::contents
    pub(crate) contents: &'a Contents,
    /// The salt of a journal file.
    pub(crate) key: &'a dyn Fn(u64) -> Option<FileKey>,
    /// Only entries after this one.
    pub(crate) after: Seq,
    /// About how many bytes of updates; at least one entry is read while there are more.
    pub(crate) max_bytes: usize,
}

/// Reads entries in order. Where a file was taken away meanwhile the page ends early, with one entry
/// at least: whoever goes on from there makes progress however often that happens.
///
/// # Errors
/// When nothing could be read for that reason, or anything is damaged or cannot be read.
pub(crate) fn read_entries(
    disk: &dyn Disk,
    directories: &Directories,
    wanted: &Wanted<'_>,
) -> Result<Vec<StoredEntry>, Trouble> {
    let mut page = Page {
        after: wanted.after,
        room: wanted.max_bytes,
        entries: Vec::new(),
        authors: Authors::default(),
    };
    match fill(&mut page, disk, directories, wanted) {
        Err(Trouble::Vanished) if !page.entries.is_empty() => Ok(page.entries),
        outcome => outcome.map(|()| page.entries),
    }
}

fn fill(
    page: &mut Page,
    disk: &dyn Disk,
    directories: &Directories,
    wanted: &Wanted<'_>,
) -> Result<(), Trouble> {
    if let Some((seq, place)) = &wanted.contents.base {
        let base = read_base(disk, directories, wanted.key, wanted.id, (*seq, place))?;
        page.room = page.room.saturating_sub(base.entry.update.len());
        page.after = base.seq;
        page.entries.push(base);
    }
    let mut archive: Option<(PathBuf, Archive)> = None;
    let mut log: Option<OpenLog> = None;
    let mut fresh = wanted.contents.fresh.iter().peekable();
    let mut sealed = wanted.contents.sealed.iter().peekable();
    // A damaged journal file is never sealed, so what is fresh may lie between what is sealed.
    while !page.is_full() {
        let before = sealed.peek().map_or(Seq(u64::MAX), |sealed| sealed.place.first);
        if let Some((_, place)) = fresh.next_if(|(seq, _)| *seq < before) {
            let log = match &mut log {
                Some(log) if log.key.number == place.file => log,
                other => {
                    let key = (wanted.key)(place.file).ok_or(Trouble::Vanished)?;
                    other.insert(OpenLog::open(disk, directories, key)?)
                }
            };
            page.take(wanted.id, &[log.read(*place)?])?;
        } else if let Some(sealed) = sealed.next() {
            let records = read_sealed(disk, directories, sealed, &mut archive)?;
            page.take(wanted.id, &records)?;
        } else {
            break;
        }
    }
    Ok(())
}

/// Reads the state that is kept of a moment.
///
/// # Errors
/// When it is damaged or cannot be read.
pub(crate) fn read_base(
    disk: &dyn Disk,
    directories: &Directories,
    key: &dyn Fn(u64) -> Option<FileKey>,
    id: DocumentId,
    (seq, place): (Seq, &Where),
) -> Result<StoredEntry, Trouble> {
    let record = match place {
        Where::Fresh(place) => {
            let key = key(place.file).ok_or(Trouble::Vanished)?;
            Some(OpenLog::open(disk, directories, key)?.read(*place)?)
        }
        Where::Sealed(sealed) => {
            read_sealed(disk, directories, sealed, &mut None)?.into_iter().next()
        }
    };
    let damaged = || Trouble::Damaged(format!("the state of entry {seq} is another"));
    let record = record.filter(|it| it.document == id && it.seq == seq).ok_or_else(damaged)?;
    match Change::decode(&record, &mut Authors::default()) {
        Ok(Change::Base(entry)) => Ok(StoredEntry { seq, entry }),
        Ok(_) => Err(damaged()),
        Err(error) => Err(Trouble::Damaged(error.to_string())),
    }
}

/// The entries that are read, and whether they follow on each other.
struct Page {
    after: Seq,
    room: usize,
    entries: Vec<StoredEntry>,
    authors: Authors,
}

impl Page {
    fn is_full(&self) -> bool {
        self.room == 0 && !self.entries.is_empty()
    }

    fn take(&mut self, id: DocumentId, records: &[Record]) -> Result<(), Trouble> {
        for record in records.iter().filter(|record| record.seq > self.after) {
            if self.is_full() {
                return Ok(());
            }
            let previous = self.entries.last().map_or(self.after, |stored| stored.seq);
            if record.document != id {
                let other = record.document;
                return Err(Trouble::Damaged(format!(
                    "a record of document {other} is among its own"
                )));
            }
            let entry = match Change::decode(record, &mut self.authors) {
                Ok(Change::Entry(entry)) => entry,
                Ok(_) => {
                    return Err(Trouble::Damaged("a record that is no entry is among them".into()));
                }
                Err(error) => return Err(Trouble::Damaged(error.to_string())),
            };
            if record.seq.0 != previous.0 + 1 {
                return Err(Trouble::Damaged(format!(
                    "entry {} is followed by entry {}",
                    previous, record.seq
                )));
            }
            self.room = self.room.saturating_sub(entry.update.len());
            // The update's bytes are part of a whole segment, which must not live as long as they.
            let entry = Entry { update: Bytes::copy_from_slice(&entry.update), ..entry };
            self.entries.push(StoredEntry { seq: record.seq, entry });
        }
        Ok(())
    }
}

fn read_sealed(
    disk: &dyn Disk,
    directories: &Directories,
    sealed: &Sealed,
    open: &mut Option<(PathBuf, Archive)>,
) -> Result<Vec<Record>, Trouble> {
    let path = directories.archive.join(archive::file_name(&sealed.archive));
    let archive = match open {
        Some((known, archive)) if *known == path => archive,
        other => {
            let archive = Archive::open(disk, &path).map_err(trouble)?;
            &other.insert((path, archive)).1
        }
    };
    archive.read_segment(&sealed.place).map_err(trouble)
}

pub(crate) fn trouble(error: ArchiveError) -> Trouble {
    match error {
        ArchiveError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Trouble::Vanished
        }
        error if error.is_damage() => Trouble::Damaged(error.to_string()),
        error => Trouble::Read(error.to_string()),
    }
}

/// Read at once, as a document's records often lie close together.
const WINDOW: usize = 16 << 10;

/// A journal file that is being read.
struct OpenLog {
    file: Box<dyn DiskFile>,
    key: FileKey,
    window: Bytes,
    window_at: u64,
}

impl OpenLog {
    fn open(disk: &dyn Disk, directories: &Directories, key: FileKey) -> Result<Self, Trouble> {
        let path = journal::path(&directories.log, key.number);
        match disk.open(&path, false) {
            Ok(file) => Ok(Self { file, key, window: Bytes::new(), window_at: 0 }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Trouble::Vanished),
            Err(error) => Err(Trouble::Read(format!("{}: {error}", path.display()))),
        }
    }

    fn read(&mut self, place: Place) -> Result<Record, Trouble> {
        let Place { file: number, offset, bytes } = place;
        let end = offset + u64::from(bytes);
        if offset < self.window_at || end > self.window_at + self.window.len() as u64 {
            let window = disk::read_range(&*self.file, offset, WINDOW.max(bytes as usize))
                .map_err(|error| Trouble::Read(format!("journal file {number}: {error}")))?;
            (self.window, self.window_at) = (window.into(), offset);
        }
        let (key, window, base) = (self.key, &self.window, self.window_at);
        record::head_at(key, window, base, offset)
            .filter(|head| record::is_whole(key, window, base, offset, head))
            .and_then(|head| {
                let start = usize::try_from(offset - base).ok()? + HEAD;
                head.record(window.slice(start..start + head.length as usize))
            })
            .ok_or_else(|| {
                Trouble::Damaged(format!(
                    "the record at {offset} of journal file {number} is damaged"
                ))
            })
    }
}
