//! What can happen to the files of a store, by chance from a seed, and what lies where it happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
};

use crate::{
    ids::DocumentId,
    random::{Random, SeededRandom},
    storage::{
        archive::{Archive, SegmentKind},
        faulty::FaultyDisk,
        journal,
        scan::{self, Item},
    },
};

/// The files of a store with their bytes.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Harm {
    Flip(PathBuf, usize, u8),
    Zeros(PathBuf, Range<usize>),
    Cut(PathBuf, usize),
    Gone(PathBuf),
    /// Two files have each other's names.
    Swapped(PathBuf, PathBuf),
    /// A file is there under the name of another, which is lost.
    Over(PathBuf, PathBuf),
    /// A file is there a second time.
    Twice(PathBuf, PathBuf),
}

/// What was there.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    pub(super) entries: BTreeSet<(DocumentId, u64)>,
    /// Whether there were small records.
    pub(super) small: bool,
    /// Whether it may look like a write that nobody was told of.
    pub(super) may_be_torn: bool,
}

impl Harm {
    pub(super) fn by_chance(random: &SeededRandom, files: &Files) -> Self {
        let holds =
            |path: &&PathBuf| path.starts_with("/store/log") || path.starts_with("/store/archive");
        let paths: Vec<_> = files.keys().filter(holds).cloned().collect();
        let below = |count: usize| usize::try_from(random.below(count as u64)).unwrap();
        let path = paths[below(paths.len())].clone();
        let length = files[&path].len();
        let from = below(length);
        match random.below(12) {
            0..=3 => Self::Flip(path, from, 1 << random.below(8)),
            4 | 5 => Self::Zeros(path, from..length.min(from + 1 + below(600))),
            6 => {
                let page = from / 4096 * 4096;
                Self::Zeros(path, page..length.min(page + 4096))
            }
            7 | 8 => Self::Cut(path, from),
            9 => Self::Gone(path),
            10 => {
                let other = paths[below(paths.len())].clone();
                match random.below(2) {
                    0 => Self::Swapped(path, other),
                    _ => Self::Over(path, other),
                }
            }
            _ => {
                let ending =
                    if path.starts_with("/store/log") { "99.log" } else { "99-00000099.arc" };
                let name = format!("000000{ending}");
                let copy = path.with_file_name(name);
                Self::Twice(path, copy)
            }
        }
    }

    pub(super) fn happen(&self, files: &mut Files) {
        match self {
            Self::Flip(path, at, bits) => files.get_mut(path).unwrap()[*at] ^= bits,
            Self::Zeros(path, range) => files.get_mut(path).unwrap()[range.clone()].fill(0),
            Self::Cut(path, length) => files.get_mut(path).unwrap().truncate(*length),
            Self::Gone(path) => drop(files.remove(path)),
            Self::Swapped(one, other) => {
                let bytes = (files[one].clone(), files[other].clone());
                files.insert(one.clone(), bytes.1);
                files.insert(other.clone(), bytes.0);
            }
            Self::Over(one, other) | Self::Twice(one, other) => {
                files.insert(other.clone(), files[one].clone());
            }
        }
    }

    /// What lay where it happened, by the files as they were.
    pub(super) fn touched(&self, files: &Files) -> Touched {
        let newest = files.keys().filter(|path| path.starts_with("/store/log")).max().unwrap();
        let (path, range) = match self {
            Self::Flip(path, at, _) => (path, *at..*at + 1),
            Self::Zeros(path, range) => (path, range.clone()),
            Self::Cut(path, length) => (path, *length..files[path].len()),
            Self::Gone(path) => (path, 0..files[path].len()),
            Self::Over(one, other) if one != other => (other, 0..files[other].len()),
            Self::Swapped(..) | Self::Over(..) | Self::Twice(..) => return Touched::default(),
        };
        let range = range.start as u64..range.end as u64;
        let touched = touched(&FaultyDisk::with_files(files), path, &range);
        Touched { may_be_torn: path == newest, ..touched }
    }
}

fn touched(disk: &FaultyDisk, path: &Path, range: &Range<u64>) -> Touched {
    let mut touched = Touched::default();
    let hit = |from: u64, bytes: u64| from < range.end && from + bytes > range.start;
    if let Some(number) = journal::number(path) {
        let bytes = disk.files()[path].clone();
        let all = hit(0, 40) && hit(512, 40);
        for item in scan::scan(number, &bytes.into(), true, None).items {
            let Item::Record(place, record) = item else { continue };
            if all || hit(place.offset, u64::from(place.bytes)) {
                match record.kind.is_content() {
                    true => drop(touched.entries.insert((record.document, record.seq.0))),
                    false => touched.small = true,
                }
            }
        }
        return touched;
    }
    let archive = Archive::open(disk, path).unwrap();
    for place in &archive.footer().segments {
        if hit(place.offset, 84 + u64::from(place.stored)) {
            match place.kind {
                SegmentKind::Content => touched
                    .entries
                    .extend((place.first.0..=place.last.0).map(|seq| (place.document, seq))),
                _ => touched.small = true,
            }
        }
    }
    touched
}
