//! Makes a store as small as it can be, for an operator who has stopped the server. Nothing that can be
//! read of it changes.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{LocalOptions, OpenError, opening};
use crate::{
    clock::Clock,
    storage::{
        disk::Disk,
        format::{Written, read_format},
        journal::{self, CommitError, Header, JournalFile, START},
        keeper::Keeper,
        record::FileKey,
    },
};

/// Rewrites the store in this directory. Blocks for as long as that takes. A stop at any moment leaves it
/// whole, and the next attempt goes on.
///
/// # Errors
/// When another process has the store, there is none, something of it is damaged, or the disk refuses.
pub fn compact(
    options: LocalOptions,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
) -> Result<(), OpenError> {
    let root = options.directory.clone();
    let refused =
        |problem: &str| Err(OpenError::Format { path: root.clone(), problem: problem.to_owned() });
    if read_format(&*disk, &root)? == Written::Missing {
        return refused("holds no store: it has no file FORMAT");
    }
    let random = Arc::clone(&options.random);
    let ready = opening::Ready::new(options, Arc::clone(&disk), clock, opening::open_index)?;
    if !ready.shared.tables().sentences().is_empty() {
        return refused(
            "is damaged, and what is damaged is not rewritten; `coscribe check` says what it is, and \
             `coscribe repair` saves what is sound",
        );
    }
    let log = &ready.settings.log;
    let newest = ready.settings.next_file - 1;
    let mut is_empty = false;
    if newest > 0 {
        let path = journal::path(log, newest);
        let file = disk.open(&path, false).map_err(OpenError::disk("open", &path))?;
        is_empty = file.len().map_err(OpenError::disk("read", &path))? <= START;
    }
    let mut last = newest;
    // What is newest is never sealed, so something new follows.
    if !is_empty {
        last += 1;
        let mut salt = [0; 8];
        random.fill(&mut salt);
        let key = FileKey { number: last, salt: u64::from_le_bytes(salt) };
        let header = Header { key, first_commit: ready.settings.next_commit };
        match JournalFile::create(&disk, log, header, START..=START) {
            Ok(_) => {}
            Err(CommitError::Write(error) | CommitError::Sync(error)) => {
                return Err(OpenError::disk("create a journal file in", log)(error));
            }
        }
    }
    let (keeper, hands) = Keeper::idle(ready.shared, ready.desk, ready.settings.meter);
    let compacted = hands.compact(last);
    drop(keeper);
    compacted
}
