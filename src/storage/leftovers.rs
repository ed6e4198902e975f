//! Journal files that an archive already stands for: a stop came before they were removed.
//!
//! Such a file is removed only when every byte of the archive was read and found sound. Otherwise it
//! is the better copy.

use std::ops::RangeInclusive;

use crate::storage::{
    archive::{self, ArchiveError},
    disk::Disk,
    journal,
    reading::Directories,
    recovery::OpenError,
    seal,
};

/// Removes the journal files that sound archives stand for. Where the archive was sealed from one
/// file that is still there and is damaged, the archive is set aside (renamed `….damaged`) and the
/// file is used. Gives a sentence for each thing an operator should know.
///
/// # Errors
/// When the disk fails. Called again, it goes on where it stopped.
pub(crate) fn clean_up(
    disk: &dyn Disk,
    directories: &Directories,
) -> Result<Vec<String>, OpenError> {
    let Directories { log, archive, .. } = directories;
    let paths = disk.list(log).map_err(OpenError::disk("list", log))?;
    let mut left: Vec<u64> = paths.iter().filter_map(|path| journal::number(path)).collect();
    left.sort_unstable();
    let ranges = archive::list_archives(disk, archive)?;
    let (mut problems, mut changed) = (Vec::new(), false);
    for number in left {
        let Some(range) = ranges.iter().find(|range| range.contains(&number)) else { continue };
        let path = journal::path(log, number);
        let Some(problem) = problem(disk, directories, range)? else {
            disk.remove(&path).map_err(OpenError::disk("remove", &path))?;
            changed = true;
            continue;
        };
        if range.start() == range.end() {
            let damaged = archive.join(archive::file_name(range));
            let aside = archive.join(archive::file_name(range) + ".damaged");
            disk.rename(&damaged, &aside).map_err(OpenError::disk("rename", &damaged))?;
            disk.sync_dir(archive).map_err(OpenError::disk("sync", archive))?;
            problems.push(format!(
                "{problem}; it is set aside as {} and {} is used, from which it was made",
                aside.display(),
                path.display()
            ));
        } else {
            problems.push(format!("{problem}; {} is kept beside it", path.display()));
        }
    }
    if changed {
        disk.sync_dir(log).map_err(OpenError::disk("sync", log))?;
    }
    Ok(problems)
}

/// What is wrong with an archive. One that cannot be read is no better than one that is damaged.
fn problem(
    disk: &dyn Disk,
    directories: &Directories,
    range: &RangeInclusive<u64>,
) -> Result<Option<String>, OpenError> {
    let path = directories.archive.join(archive::file_name(range));
    match seal::problem(disk, &path) {
        Err(error @ ArchiveError::Io { .. }) => Ok(Some(error.to_string())),
        outcome => Ok(outcome?),
    }
}
