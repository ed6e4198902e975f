//! Puts a directory of archives in order: finishes or undoes what a crash interrupted.
//!
//! Removes nothing unless what replaces it was just read and found sound.

use std::{ops::RangeInclusive, path::Path};

use crate::storage::{
    archive::{Archive, ArchiveError, file_name, list_archives},
    disk::Disk,
};

use super::merge::{covers, lies_within, remove, sync_dir};

/// What is to be used after cleaning up, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanUp {
    /// The archives to use, in order; their ranges do not overlap.
    pub archives: Vec<RangeInclusive<u64>>,
    /// A sentence for each thing an operator should know; empty after an ordinary crash.
    pub problems: Vec<String>,
}

/// Removes `.tmp` files and archives whose range lies within a larger sound one. A larger one that
/// is damaged is set aside (renamed `….damaged`) when sound smaller ones cover its whole range;
/// otherwise it is used, all files stay, and the problem is told.
///
/// # Errors
/// When the disk fails. Called again, it goes on where it stopped.
pub fn clean_up(disk: &dyn Disk, directory: &Path) -> Result<CleanUp, ArchiveError> {
    let mut found = CleanUp::default();
    let paths = disk.list(directory).map_err(|source| ArchiveError::Io {
        doing: "list",
        path: directory.to_owned(),
        source,
    })?;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "tmp")) {
        remove(disk, path)?;
    }
    let mut left = list_archives(disk, directory)?;
    // The largest of those that begin first: nothing that is left reaches further back.
    while let Some(outer) =
        left.iter().min_by_key(|range| (*range.start(), u64::MAX - *range.end())).cloned()
    {
        let (inner, rest): (Vec<_>, Vec<_>) = left
            .into_iter()
            .filter(|range| *range != outer)
            .partition(|range| lies_within(range, &outer));
        left = rest;
        if settle(disk, directory, &outer, &inner, &mut found)? {
            left.retain(|range| {
                let apart = range.start() > outer.end();
                if !apart {
                    found.problems.push(format!(
                        "archive {} overlaps {} and is not used",
                        file_name(range),
                        file_name(&outer)
                    ));
                }
                apart
            });
            found.archives.push(outer);
        } else {
            left.extend(inner);
        }
    }
    sync_dir(disk, directory)?;
    Ok(found)
}

/// Decides between an archive and those within its range; `false` when it was set aside.
fn settle(
    disk: &dyn Disk,
    directory: &Path,
    outer: &RangeInclusive<u64>,
    inner: &[RangeInclusive<u64>],
    found: &mut CleanUp,
) -> Result<bool, ArchiveError> {
    let path = directory.join(file_name(outer));
    if inner.is_empty() {
        return Ok(true);
    }
    let Some(problem) = problem(disk, &path)? else {
        for range in inner {
            remove(disk, &directory.join(file_name(range)))?;
        }
        return Ok(true);
    };
    if !covers(inner, outer) || !all_sound(disk, directory, inner)? {
        found.problems.push(format!("{problem}; older archives of parts of it are kept beside it"));
        return Ok(true);
    }
    let aside = directory.join(file_name(outer) + ".damaged");
    disk.rename(&path, &aside).map_err(|source| ArchiveError::Io {
        doing: "rename",
        path: path.clone(),
        source,
    })?;
    found.problems.push(format!(
        "{problem}; it is set aside as {} and the archives it was made from are used",
        aside.display()
    ));
    Ok(false)
}

fn all_sound(
    disk: &dyn Disk,
    directory: &Path,
    ranges: &[RangeInclusive<u64>],
) -> Result<bool, ArchiveError> {
    for range in ranges {
        if problem(disk, &directory.join(file_name(range)))?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is wrong with an archive, `None` when every byte of it is sound.
///
/// # Errors
/// When the disk fails.
pub(crate) fn problem(disk: &dyn Disk, path: &Path) -> Result<Option<String>, ArchiveError> {
    let first = match Archive::open(disk, path) {
        Ok(archive) => archive.verify()?.into_iter().next(),
        Err(error) if error.is_damage() => Some(error),
        Err(error) => return Err(error),
    };
    Ok(first.map(|error| error.to_string()))
}
