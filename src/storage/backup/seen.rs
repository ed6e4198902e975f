//! A journal file as a backup sees it: how much of it counts, and how much of that is damaged.

use std::cmp::Reverse;

use bytes::Bytes;

use crate::storage::{
    record::FileKey,
    scan::{self, Item},
};

/// What was seen.
pub(super) struct Seen {
    /// Its number and salt, if it still says them.
    pub(super) key: Option<FileKey>,
    /// The commit that it begins with, if it still says that.
    pub(super) begins: Option<u64>,
    /// All that was read.
    pub(super) whole_file: Bytes,
    /// What counts of it: all but what is torn off the newest file.
    pub(super) bytes: Bytes,
    /// Whether a torn tail was cut off.
    pub(super) newest: bool,
    /// What is damaged, a sentence each.
    pub(super) flaws: Vec<String>,
    /// The commit that the next file must begin with.
    pub(super) promise: Option<u64>,
    damaged: u64,
    records: usize,
}

impl Seen {
    /// Looks at a file's bytes. `newest` says that no later file exists and that the disk gave all of
    /// it: what it did not give may have been saved, and does not pass for torn.
    pub(super) fn of(number: u64, bytes: Bytes, newest: bool, expected: Option<u64>) -> Self {
        let scan = scan::scan(number, &bytes, newest, expected);
        let (mut flaws, mut damaged, mut records) = (Vec::new(), 0, 0);
        for item in &scan.items {
            let Item::Damage(it) = item else {
                records += 1;
                continue;
            };
            damaged += it.bytes + 1;
            let (length, at) = (it.bytes, it.offset);
            flaws.push(match length {
                0 => format!("something is missing at {at} of journal file {number}"),
                _ => format!("{length} bytes at {at} of journal file {number} are damaged"),
            });
        }
        let counts = if newest && scan.header.is_some() { scan.end } else { bytes.len() as u64 };
        let counts = usize::try_from(counts).unwrap_or(usize::MAX).min(bytes.len());
        Self {
            key: scan.header.map(|header| header.key),
            begins: scan.header.map(|header| header.first_commit),
            bytes: bytes.slice(..counts),
            whole_file: bytes,
            newest,
            flaws,
            promise: scan.promise,
            damaged,
            records,
        }
    }

    /// The less, the better.
    pub(super) fn rank(&self) -> (u64, Reverse<usize>) {
        (self.damaged, Reverse(self.records))
    }
}
