//! Rewrites neighbouring archives as one, segment by segment.

use std::{ops::RangeInclusive, path::Path};

use crate::{
    ids::DocumentId,
    storage::{
        archive::{
            Archive, ArchiveError, ArchiveFooter, ArchiveWriter, Measure, SEGMENT_BYTES,
            SegmentKind, SegmentPlace, file_name, list_archives,
        },
        disk::Disk,
        record::RecordKind,
    },
};

/// Segments of at least this many raw bytes are taken over as they are; smaller ones are joined.
const WHOLE_BYTES: usize = SEGMENT_BYTES / 2;

/// Writes the archive of a range from the archives within it, two at least, which stay until
/// [`retire`].
///
/// Of documents for which `drop` says yes, content, versions and small records are left out; when
/// they began, what they were called and that they ended stays. It must say yes only where the record
/// of the document's end is durable: otherwise a power cut brings the document back without its
/// content. Needs the memory of one segment and of the tables.
///
/// # Errors
/// When there are no two archives that cover the range without a gap, one of them is damaged (a merge must not
/// make the damage look like an absence), or the disk fails.
pub fn merge(
    disk: &dyn Disk,
    directory: &Path,
    range: &RangeInclusive<u64>,
    drop: &dyn Fn(DocumentId) -> bool,
    measure: &Measure,
) -> Result<ArchiveFooter, ArchiveError> {
    let archives = open_all(disk, directory, range)?;
    let mut writer = ArchiveWriter::begin(disk, directory, range.clone(), measure)?;
    for (archive, place) in places(&archives, SegmentKind::Meta) {
        for record in archive.read_segment(place)? {
            let kept =
                matches!(record.kind, RecordKind::Create | RecordKind::Rename | RecordKind::Delete);
            if kept || !drop(record.document) {
                writer.push(record)?;
            }
        }
    }
    let mut content: Vec<_> = places(&archives, SegmentKind::Content).collect();
    // Stable, so that each document's segments stay in the order of the archives.
    content.sort_by_key(|(_, place)| place.document);
    for (archive, place) in content {
        if drop(place.document) {
            continue;
        }
        if place.raw as usize >= WHOLE_BYTES {
            writer.copy(place, &archive.stored(place)?)?;
            continue;
        }
        for record in archive.read_segment(place)? {
            writer.push(record)?;
        }
    }
    writer.finish()
}

/// Removes the archives that a merged one of this range replaces.
///
/// # Errors
/// When the disk fails; what is left is removed by [`super::clean_up`].
pub fn retire(
    disk: &dyn Disk,
    directory: &Path,
    range: &RangeInclusive<u64>,
) -> Result<(), ArchiveError> {
    for inner in list_archives(disk, directory)? {
        if inner != *range && lies_within(&inner, range) {
            remove(disk, &directory.join(file_name(&inner)))?;
        }
    }
    sync_dir(disk, directory)
}

pub(super) fn lies_within(inner: &RangeInclusive<u64>, outer: &RangeInclusive<u64>) -> bool {
    outer.contains(inner.start()) && outer.contains(inner.end())
}

/// Whether these ranges, sorted, cover this one without gap or overlap.
pub(super) fn covers(ranges: &[RangeInclusive<u64>], range: &RangeInclusive<u64>) -> bool {
    let mut next = Some(*range.start());
    for inner in ranges {
        if next != Some(*inner.start()) {
            return false;
        }
        next = inner.end().checked_add(1);
    }
    !ranges.is_empty() && next == range.end().checked_add(1)
}

pub(super) fn remove(disk: &dyn Disk, path: &Path) -> Result<(), ArchiveError> {
    disk.remove(path).map_err(|source| ArchiveError::Io {
        doing: "remove",
        path: path.to_owned(),
        source,
    })
}

pub(super) fn sync_dir(disk: &dyn Disk, directory: &Path) -> Result<(), ArchiveError> {
    disk.sync_dir(directory).map_err(|source| ArchiveError::Io {
        doing: "sync",
        path: directory.to_owned(),
        source,
    })
}

fn open_all(
    disk: &dyn Disk,
    directory: &Path,
    range: &RangeInclusive<u64>,
) -> Result<Vec<Archive>, ArchiveError> {
    let damaged = |path: &Path, problem: &str| ArchiveError::File {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let mut inner = list_archives(disk, directory)?;
    inner.retain(|inner| inner != range && lies_within(inner, range));
    // Those that an earlier merge replaced and could not remove are no part of it.
    let all = inner.clone();
    inner.retain(|one| !all.iter().any(|other| other != one && lies_within(one, other)));
    if inner.len() < 2 || !covers(&inner, range) {
        return Err(damaged(
            &directory.join(file_name(range)),
            "there are no archives that it could be merged from",
        ));
    }
    let mut archives = Vec::with_capacity(inner.len());
    for range in inner {
        let path = directory.join(file_name(&range));
        let archive = Archive::open(disk, &path)?;
        if archive.damage().is_some() || archive.footer().range != range {
            return Err(damaged(&path, "its table is lost or that of another archive"));
        }
        archives.push(archive);
    }
    Ok(archives)
}

fn places(
    archives: &[Archive],
    kind: SegmentKind,
) -> impl Iterator<Item = (&Archive, &SegmentPlace)> {
    archives.iter().flat_map(move |archive| {
        archive
            .footer()
            .segments
            .iter()
            .filter(move |place| place.kind == kind)
            .map(move |place| (archive, place))
    })
}
