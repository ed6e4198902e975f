//! Writing a store as small as it can be, while nobody else uses it: every journal file is sealed and all
//! archives become few, without what nobody reads any more.
//!
//! Each step is one that a running server takes, in its order: whatever interrupts it, the store is whole
//! and holds the same.

use std::ops::RangeInclusive;

use super::{Failure, Hands, Shared, measure};
use crate::storage::{
    journal,
    leaving::Leaving,
    recovery::OpenError,
    seal::{self, ArchiveInfo, MERGED_BYTES},
};

impl Hands {
    /// Seals every journal file before this one, which holds nothing, and rewrites the archives.
    ///
    /// # Errors
    /// When something is damaged, or the disk refuses.
    pub(crate) fn compact(&self, newest: u64) -> Result<(), OpenError> {
        let Shared { directories, snapshots, .. } = &*self.shared;
        let files: Vec<u64> = self.shared.tables().keys.keys().copied().collect();
        for number in files.into_iter().filter(|number| *number < newest) {
            let path = journal::path(&directories.log, number);
            self.seal(number).map_err(|failure| told(failure, path))?;
        }
        let mut archives: Vec<_> = self.shared.tables().archives.values().cloned().collect();
        let mut is_first = true;
        while !archives.is_empty() {
            let rest = archives.split_off(together(&archives));
            let leaving = self.shared.tables().leaving_all(is_first);
            self.rewrite(&archives, &leaving).map_err(|it| told(it, &directories.archive))?;
            (archives, is_first) = (rest, false);
        }
        snapshots.renew();
        Ok(())
    }

    /// Writes these archives as one.
    fn rewrite(&self, archives: &[ArchiveInfo], leaving: &Leaving) -> Result<(), Failure> {
        let Shared { disk, directories, .. } = &*self.shared;
        let (Some(first), Some(last)) = (archives.first(), archives.last()) else { return Ok(()) };
        let range: RangeInclusive<u64> = *first.range.start()..=*last.range.end();
        let directory = &directories.archive;
        if archives.len() == 1 {
            let written = seal::rewrite(&**disk, directory, &range, leaving, &measure)?;
            written.iter().for_each(|footer| self.shared.tables().reseal(footer));
            return Ok(());
        }
        let footer = seal::merge(&**disk, directory, &range, leaving, &measure)?;
        self.shared.tables().reseal(&footer);
        Ok(seal::retire(&**disk, directory, &range)?)
    }
}

/// How many of these archives, at least one, become the next.
fn together(archives: &[ArchiveInfo]) -> usize {
    let mut bytes = 0;
    let fits = |archive: &&ArchiveInfo| {
        bytes += archive.bytes.saturating_sub(archive.dead);
        bytes <= MERGED_BYTES
    };
    archives.iter().take_while(fits).count().max(1)
}

fn told(failure: Failure, path: impl Into<std::path::PathBuf>) -> OpenError {
    match failure {
        Failure::Archive(error) => error.into(),
        Failure::Disk(error) => OpenError::disk("rewrite", path)(error),
        Failure::Damaged => OpenError::Format {
            path: path.into(),
            problem: "was damaged since it was read; `coscribe check` says what is wrong".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_become_one_until_it_would_be_too_large() {
        let archive = |bytes, dead| ArchiveInfo { range: 1..=1, bytes, dead, sound: true };
        let half = MERGED_BYTES / 2;
        assert_eq!(together(&[archive(3 * half, 0), archive(1, 0)]), 1);
        assert_eq!(together(&[archive(half, 0), archive(half, 0), archive(1, 0)]), 2);
        assert_eq!(together(&[archive(half, 9), archive(half, 0), archive(9, 0)]), 3);
    }
}
