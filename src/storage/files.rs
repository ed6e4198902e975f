//! The files that together are a store: archives and journal files, in the order of what they hold.
//!
//! Knows names and numbers; opens nothing.

use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf};

use crate::storage::{archive, disk::Disk, journal, reading::Directories, recovery::OpenError};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreFile {
    /// Stands for these journal files.
    Archive(RangeInclusive<u64>),
    /// A journal file.
    Journal(u64),
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreFiles {
    /// In order, without those that others stand for.
    pub(crate) list: Vec<StoreFile>,
    /// The number of the newest journal file.
    pub(crate) newest: Option<u64>,
}

impl StoreFile {
    /// The journal files that it is or stands for.
    pub(crate) fn range(&self) -> RangeInclusive<u64> {
        match self {
            Self::Archive(range) => range.clone(),
            Self::Journal(number) => *number..=*number,
        }
    }

    /// Where it is, from the store's directory.
    pub(crate) fn relative(&self) -> PathBuf {
        let directories = Directories::new(std::path::Path::new(""));
        self.path(&directories)
    }

    /// Where it is.
    pub(crate) fn path(&self, directories: &Directories) -> PathBuf {
        match self {
            Self::Archive(range) => directories.archive.join(archive::file_name(range)),
            Self::Journal(number) => journal::path(&directories.log, *number),
        }
    }
}

impl StoreFiles {
    /// Those of a directory. A journal file that an archive stands for is none of them, nor is an
    /// archive whose range lies within that of another.
    pub(crate) fn of(disk: &dyn Disk, directories: &Directories) -> Result<Self, OpenError> {
        let log = &directories.log;
        let paths = disk.list(log).map_err(OpenError::disk("list", log))?;
        let journals: Vec<u64> = paths.iter().filter_map(|path| journal::number(path)).collect();
        let ranges = archive::list_archives(disk, &directories.archive)?;
        let mut list = BTreeMap::new();
        for range in &ranges {
            let inside = |other: &RangeInclusive<u64>| {
                other != range && other.contains(range.start()) && other.contains(range.end())
            };
            if !ranges.iter().any(inside) {
                list.insert(*range.start(), StoreFile::Archive(range.clone()));
            }
        }
        for number in &journals {
            if !ranges.iter().any(|range| range.contains(number)) {
                list.insert(*number, StoreFile::Journal(*number));
            }
        }
        Ok(Self { list: list.into_values().collect(), newest: journals.into_iter().max() })
    }

    /// Numbers of journal files that are neither there nor in an archive. They count from 1.
    pub(crate) fn missing(&self) -> Vec<RangeInclusive<u64>> {
        let (mut next, mut missing) = (1, Vec::new());
        for file in &self.list {
            let range = file.range();
            if *range.start() > next {
                missing.push(next..=*range.start() - 1);
            }
            next = next.max(range.end() + 1);
        }
        missing
    }
}
