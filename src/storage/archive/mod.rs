//! Archives: journal files that are full, rewritten so that each document's entries lie together.
//!
//! Knows records, documents and seqs; no journal, no index, and nothing of what a payload says.
//! `FORMAT-archive.md` in the folder above draws the bytes. Start with [`write_archive`] and
//! [`Archive`].

mod layout;
mod read;
mod write;

#[cfg(test)]
pub(super) mod tests;

pub use read::{Archive, Damage};
pub use write::{ArchiveWriter, write_archive};

use std::{
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    storage::record::{Record, RecordKind},
};

/// Raw bytes after which a segment ends. Reading one entry costs unpacking this much at most, unless
/// the entry itself is larger.
pub const SEGMENT_BYTES: usize = 1 << 20;

/// What the archive keeps about a content record beside its bytes: when it was received, and how
/// many bytes of document it holds.
pub type Measure = dyn Fn(&Record) -> (Timestamp, u64);

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SegmentKind {
    /// A run of one document's content records.
    Content = 1,
    /// Records of all documents that are not content, in journal order.
    Meta = 2,
    /// A copy of a segment of those, far from it: names and ends of documents are told nowhere else.
    Spare = 4,
    /// One record of one document that stands for entries that were cut off.
    Base = 5,
}

impl SegmentKind {
    /// Where a record belongs.
    pub(crate) fn of(record: &Record) -> Self {
        match record.kind {
            RecordKind::Base => Self::Base,
            RecordKind::Entry => Self::Content,
            _ => Self::Meta,
        }
    }

    /// Whether it holds content of one document.
    #[must_use]
    pub fn is_content(self) -> bool {
        matches!(self, Self::Content | Self::Base)
    }
}

/// Where a segment lies in its archive, and what it must turn out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPlace {
    /// What it holds.
    pub kind: SegmentKind,
    /// Whose content; all zero for [`SegmentKind::Meta`].
    pub document: DocumentId,
    /// Seq of the first record; 0 for meta.
    pub first: Seq,
    /// Seq of the last record; 0 for meta.
    pub last: Seq,
    /// Number of records.
    pub count: u32,
    /// Bytes of the records, unpacked.
    pub raw: u32,
    /// Bytes of the records as they are stored, compressed.
    pub stored: u32,
    /// CRC-32 of the stored bytes.
    pub checksum: u32,
    /// When the last record was received; 0 for meta.
    pub time: Timestamp,
    /// Bytes of document in all records, as measured by the writer's caller; 0 for meta.
    pub bytes: u64,
    /// Offset of the segment's head in the file; the stored bytes follow the head.
    pub offset: u64,
}

/// What an archive covers and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFooter {
    /// Numbers of the journal files that it replaces.
    pub range: RangeInclusive<u64>,
    /// Its segments in the order of the file.
    pub segments: Vec<SegmentPlace>,
    /// Bytes of the whole file.
    pub length: u64,
}

/// Why an archive or a part of it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk refused.
    #[error("failed to {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb.
        doing: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer version of this program wrote it.
    #[error("{} has format {found}, this version reads up to {}", path.display(), layout::FORMAT)]
    Format {
        /// Which file.
        path: PathBuf,
        /// The format that it says it has.
        found: u32,
    },
    /// The file's frame is damaged, so that nobody can say which documents it holds.
    #[error("archive {} is damaged: {problem}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// One segment is damaged; the rest of the file is not concerned.
    #[error("archive {} is damaged at byte {offset}, {}: {problem}", path.display(), whose(*document))]
    Segment {
        /// Which file.
        path: PathBuf,
        /// Where the segment begins.
        offset: u64,
        /// Whose content it is; `None` for a segment of records that are not content.
        document: Option<DocumentId>,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Records that the format cannot hold.
    #[error(
        "a record of document {document} has {bytes} bytes, an archive holds at most {}",
        u32::MAX
    )]
    TooLarge {
        /// Whose record.
        document: DocumentId,
        /// Its size.
        bytes: usize,
    },
}

impl ArchiveError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether the bytes are wrong, rather than the disk out of order.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Segment { .. })
    }
}

/// The name of the archive that covers these journal files.
#[must_use]
pub fn file_name(range: &RangeInclusive<u64>) -> String {
    format!("{:08}-{:08}.arc", range.start(), range.end())
}

/// Reads a range back from such a name; `None` when it is not one.
#[must_use]
pub fn parse_file_name(path: &Path) -> Option<RangeInclusive<u64>> {
    let name = path.file_name()?.to_str()?;
    let (first, last) = name.strip_suffix(".arc")?.split_once('-')?;
    let range = first.parse().ok()?..=last.parse().ok()?;
    // The comparison refuses signs and missing zeros, which `parse` lets pass.
    (range.start() <= range.end() && file_name(&range) == name).then_some(range)
}

/// The archives of a directory by their names, in the order of what they cover.
///
/// # Errors
/// When the directory cannot be listed.
pub fn list_archives(
    disk: &dyn crate::storage::disk::Disk,
    directory: &Path,
) -> Result<Vec<RangeInclusive<u64>>, ArchiveError> {
    let paths = disk.list(directory).map_err(ArchiveError::io("list", directory))?;
    let mut ranges: Vec<_> = paths.iter().filter_map(|path| parse_file_name(path)).collect();
    ranges.sort_by_key(|range| (*range.start(), *range.end()));
    Ok(ranges)
}

fn whose(document: Option<DocumentId>) -> String {
    match document {
        Some(id) => format!("in document {id}"),
        None => "in the records of all documents".to_owned(),
    }
}
