//! Rewrites neighbouring archives as one, segment by segment.

use std::{ops::RangeInclusive, path::Path};

use crate::storage::{
    archive::{
        Archive, ArchiveError, ArchiveFooter, ArchiveWriter, Measure, SEGMENT_BYTES, SegmentKind,
        SegmentPlace, file_name, list_archives,
    },
    disk::Disk,
    leaving::{Leaving, Share},
};

/// Segments of at least this many raw bytes are taken over as they are; smaller ones are joined.
const WHOLE_BYTES: usize = SEGMENT_BYTES / 2;

/// Writes the archive of a range from the archives within it, two at least, which stay until
/// [`retire`].
///
/// `leaving` says what is left out. Needs the memory of one segment and of the tables.
///
/// # Errors
/// When there are no two archives that cover the range without a gap, one of them is damaged (a merge must not
/// make the damage look like an absence), or the disk fails.
pub fn merge(
    disk: &dyn Disk,
    directory: &Path,
    range: &RangeInclusive<u64>,
    leaving: &Leaving,
    measure: &Measure,
) -> Result<ArchiveFooter, ArchiveError> {
    let archives = open_all(disk, directory, range)?;
    let writer = ArchiveWriter::begin(disk, directory, range.clone(), measure)?;
    write_all(&archives, writer, leaving)
}

/// Writes one archive again without what is left out; the new one takes its name when it is durable
/// and verified. `None`, and nothing is written, when nothing would be left out.
///
/// # Errors
/// As [`merge`].
pub fn rewrite(
    disk: &dyn Disk,
    directory: &Path,
    range: &RangeInclusive<u64>,
    leaving: &Leaving,
    measure: &Measure,
) -> Result<Option<ArchiveFooter>, ArchiveError> {
    let archives = [open_one(disk, directory, range)?];
    if !leaves_some(&archives[0], leaving)? {
        return Ok(None);
    }
    let writer = ArchiveWriter::begin(disk, directory, range.clone(), measure)?;
    write_all(&archives, writer, leaving).map(Some)
}

fn leaves_some(archive: &Archive, leaving: &Leaving) -> Result<bool, ArchiveError> {
    let mut content = archive.footer().segments.iter().filter(|place| place.kind.is_content());
    if content.any(|place| leaving.share(place) != Share::Nothing) {
        return Ok(true);
    }
    Ok(archive.meta_records()?.iter().any(|record| leaving.drops(record)))
}

fn write_all(
    archives: &[Archive],
    mut writer: ArchiveWriter<'_>,
    leaving: &Leaving,
) -> Result<ArchiveFooter, ArchiveError> {
    for (archive, place) in places(archives, |kind| kind == SegmentKind::Meta) {
        for record in archive.read_segment(place)? {
            if !leaving.drops(&record) {
                writer.push(record)?;
            }
        }
    }
    let mut content: Vec<_> = places(archives, SegmentKind::is_content).collect();
    // Stable, so that each document's segments stay in the order of the archives.
    content.sort_by_key(|(_, place)| place.document);
    for (archive, place) in content {
        let share = leaving.share(place);
        if share == Share::All {
            continue;
        }
        if share == Share::Nothing && place.raw as usize >= WHOLE_BYTES {
            writer.copy(place, &archive.stored(place)?)?;
            continue;
        }
        for record in archive.read_segment(place)? {
            if !leaving.drops(&record) {
                writer.push(record)?;
            }
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
    inner.iter().map(|range| open_one(disk, directory, range)).collect()
}

fn open_one(
    disk: &dyn Disk,
    directory: &Path,
    range: &RangeInclusive<u64>,
) -> Result<Archive, ArchiveError> {
    let path = directory.join(file_name(range));
    let archive = Archive::open(disk, &path)?;
    if archive.damage().is_some() || archive.footer().range != *range {
        return Err(damaged(&path, "its table is lost or that of another archive"));
    }
    Ok(archive)
}

fn damaged(path: &Path, problem: &str) -> ArchiveError {
    ArchiveError::File { path: path.to_owned(), problem: problem.to_owned() }
}

fn places(
    archives: &[Archive],
    kind: impl Fn(SegmentKind) -> bool + Copy,
) -> impl Iterator<Item = (&Archive, &SegmentPlace)> {
    archives.iter().flat_map(move |archive| {
        archive
            .footer()
            .segments
            .iter()
            .filter(move |place| kind(place.kind))
            .map(move |place| (archive, place))
    })
}
