//! Opening: reads archives and journal in order, fills the tables, cuts a torn tail, finishes what
//! a crash interrupted, and says what it found.
//!
//! Recovery changes only what a second run would change in the same way. The reader of a running
//! server's directory uses the same code and changes nothing.

use std::{fmt, io, ops::RangeInclusive, path::PathBuf};

use bytes::Bytes;

use crate::storage::{
    archive::{self, Archive, ArchiveError},
    disk::{self, Disk},
    files::{StoreFile, StoreFiles},
    journal, leftovers,
    reading::Directories,
    scan::{self, Scan},
    seal,
    tables::Tables,
};

/// What opening found, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Living documents.
    pub documents: usize,
    /// Journal files read.
    pub journal_files: usize,
    /// Archives read.
    pub archives: usize,
    /// Bytes of an unfinished last commit that were cut off. Nobody was told that they were saved.
    pub torn_bytes: u64,
    /// Damage, a sentence each.
    pub damage: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { documents, journal_files, archives, torn_bytes, damage } = self;
        write!(
            f,
            "{documents} documents in {journal_files} journal files and {archives} archives"
        )?;
        if *torn_bytes > 0 {
            write!(f, "; cut off {torn_bytes} bytes that were being written at the last stop")?;
        }
        if !damage.is_empty() {
            write!(f, "; found damage: {}", damage.join("; "))?;
        }
        Ok(())
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it.
    #[error(
        "{} is in use by another process{holder}; stop that process, or choose another data directory",
        directory.display()
    )]
    Locked {
        /// The store's directory.
        directory: PathBuf,
        /// Which process, as ` (process 17)`, if it says so.
        holder: String,
    },
    /// It was written by a newer version, or is no store.
    #[error("{} {problem}", path.display())]
    Format {
        /// The file that says so.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// An archive cannot be used at all.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
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

impl OpenError {
    pub(crate) fn disk(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Disk { doing, path, source }
    }

    /// Whether a file was not there any more.
    pub(crate) fn is_vanished(&self) -> bool {
        matches!(
            self,
            Self::Disk { source, .. } | Self::Archive(ArchiveError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound
        )
    }
}

/// What recovery gives the engine.
pub(crate) struct Recovered {
    /// Everything known.
    pub(crate) tables: Tables,
    /// The number of the next journal file.
    pub(crate) next_file: u64,
    /// The number of the next commit.
    pub(crate) next_commit: u64,
    /// Journal files that are full.
    pub(crate) full: Vec<u64>,
    /// What was found.
    pub(crate) report: Report,
}

/// Whether recovery may change files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It holds the lock and repairs.
    Repair,
    /// It only looks.
    Look,
}

/// Reads everything but the entries' contents in archives.
pub(crate) fn recover(
    disk: &dyn Disk,
    directories: &Directories,
    mode: Mode,
) -> Result<Recovered, OpenError> {
    let mut problems = Vec::new();
    if mode == Mode::Repair {
        // What a killed process renamed or created is only seen yet, not safe: before anything is
        // removed that it replaces, it must be.
        for directory in [&directories.log, &directories.archive] {
            disk.sync_dir(directory).map_err(OpenError::disk("sync", directory))?;
        }
        problems = seal::clean_up(disk, &directories.archive)?.problems;
        problems.extend(leftovers::clean_up(disk, directories)?);
    }
    let StoreFiles { list, newest } = StoreFiles::of(disk, directories)?;
    let mut recovery = Recovery {
        disk,
        directories,
        mode,
        tables: Tables::default(),
        report: Report::default(),
        next_file: 1,
        promise: None,
        next_commit: 1,
        full: Vec::new(),
    };
    for file in list {
        recovery.expect_file(*file.range().start());
        match file {
            StoreFile::Archive(range) => recovery.archive(&range)?,
            StoreFile::Journal(number) => recovery.journal(number, newest == Some(number))?,
        }
    }
    if newest.is_none() {
        recovery.tables.note_unknown("the newest journal file is missing");
    }
    let mut recovered = recovery.finish();
    recovered.report.damage.extend(problems);
    Ok(recovered)
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    directories: &'a Directories,
    mode: Mode,
    tables: Tables,
    report: Report,
    next_file: u64,
    promise: Option<u64>,
    next_commit: u64,
    full: Vec<u64>,
}

impl Recovery<'_> {
    /// Files are numbered without gaps, so a gap is a loss.
    fn expect_file(&mut self, number: u64) {
        if number != self.next_file {
            let missing = match number - 1 - self.next_file {
                0 => format!("journal file {} is missing", self.next_file),
                _ => format!("journal files {} to {} are missing", self.next_file, number - 1),
            };
            self.tables.note_unknown(&missing);
            self.promise = None;
        }
    }

    fn archive(&mut self, range: &RangeInclusive<u64>) -> Result<(), OpenError> {
        self.next_file = range.end() + 1;
        self.promise = None;
        self.report.archives += 1;
        let path = self.directories.archive.join(archive::file_name(range));
        let archive = match Archive::open(self.disk, &path) {
            Err(error) if is_local(&error) => {
                self.tables.note_unknown(&error.to_string());
                return Ok(());
            }
            archive => archive?,
        };
        let mut meta = Vec::new();
        for place in &archive.footer().segments {
            if place.kind != archive::SegmentKind::Meta {
                continue;
            }
            match archive.read_segment(place) {
                Ok(records) => meta.extend(records),
                Err(error) if is_local(&error) => self.tables.note_unknown(&error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        let sound = archive.damage().is_none();
        self.tables.note_archive(&meta, archive.footer(), sound);
        if archive.damage() == Some(archive::Damage::Incomplete) {
            self.tables.note_unknown(&format!("{} is damaged", path.display()));
        }
        Ok(())
    }

    fn journal(&mut self, number: u64, newest: bool) -> Result<(), OpenError> {
        self.next_file = number + 1;
        self.report.journal_files += 1;
        let path = journal::path(&self.directories.log, number);
        let write = newest && self.mode == Mode::Repair;
        let file = self.disk.open(&path, write).map_err(OpenError::disk("open", &path))?;
        let read = disk::read_what_there_is(&*file).map_err(OpenError::disk("read", &path))?;
        let bytes = Bytes::from(read.bytes);
        // What cannot be read may have been told to be saved, so none of it passes for a torn tail.
        let scan = scan::scan(number, &bytes, newest && read.whole, self.promise);
        if write && read.whole {
            self.settle(&scan, bytes.len() as u64, &*file, number)?;
        } else if write {
            file.sync().map_err(OpenError::disk("sync", &path))?;
        }
        let damaged = scan.items.iter().any(|item| matches!(item, scan::Item::Damage(_)));
        let Scan { header, items, next_commit, promise, torn, .. } = scan;
        if let Some(header) = header {
            self.tables.keys.insert(number, header.key);
        }
        if !newest && !damaged {
            self.full.push(number);
        }
        (self.next_commit, self.promise) = (next_commit, promise);
        self.report.torn_bytes += torn;
        self.tables.note_items(items);
        Ok(())
    }

    /// Cuts what is torn off the newest file and makes the rest durable: after a kill it is only in
    /// the system's memory, and from now on it counts as saved.
    fn settle(
        &mut self,
        scan: &Scan,
        length: u64,
        file: &dyn disk::DiskFile,
        number: u64,
    ) -> Result<(), OpenError> {
        let path = journal::path(&self.directories.log, number);
        if scan.header.is_none() && scan.items.is_empty() {
            // The file before stays the newest one, and the newest one is never sealed.
            self.next_file = number;
            self.full.retain(|full| full + 1 != number);
            self.disk.remove(&path).map_err(OpenError::disk("remove", &path))?;
            let log = &self.directories.log;
            return self.disk.sync_dir(log).map_err(OpenError::disk("sync", log));
        }
        if scan.header.is_some() && scan.end < length {
            file.set_len(scan.end).map_err(OpenError::disk("cut", &path))?;
        }
        file.sync().map_err(OpenError::disk("sync", &path))
    }

    fn finish(mut self) -> Recovered {
        self.tables.convict();
        self.report.documents = self.tables.catalog.lives().count();
        self.report.damage = self.tables.sentences();
        Recovered {
            tables: self.tables,
            next_file: self.next_file,
            next_commit: self.next_commit,
            full: self.full,
            report: self.report,
        }
    }
}

/// Whether an archive's error concerns what is in it, as damage and unreadable blocks do, rather
/// than the whole store.
fn is_local(error: &ArchiveError) -> bool {
    match error {
        ArchiveError::Io { source, .. } => source.kind() != io::ErrorKind::NotFound,
        error => error.is_damage(),
    }
}
