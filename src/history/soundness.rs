//! Whether what is stored of a document still is that document: its entries are let through admission
//! in order, and every state that is kept for itself is, too.
//!
//! Reads through a [`Reader`], so that a running server is not disturbed. Must be called where the
//! CRDT has a large stack. Knows nothing of how a store is repaired.

use super::insight::empty;
use crate::{
    ids::{DocumentId, Seq},
    random::Random,
    storage::{StoreError, StoredEntry, reader::Reader},
};

/// Entries are read about so many bytes at a time.
const PAGE_BYTES: usize = 16 << 20;

/// What was read of a sound document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Entries, one for all that retention cut off.
    pub entries: u64,
    /// Whole states of earlier moments.
    pub states: usize,
}

/// Why a document is not sound.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// Something cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It can be read, and the document cannot be made of it.
    #[error("entry {seq} cannot be applied: {reason}")]
    Entry {
        /// The first one that cannot.
        seq: Seq,
        /// What is wrong with it.
        reason: String,
    },
    /// A state that is kept of a moment is not one.
    #[error("the state that is kept of entry {seq} is no document: {reason}")]
    State {
        /// Of which moment.
        seq: Seq,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads everything that is kept of a document and makes the document of it.
///
/// # Errors
/// When it is not sound, and where.
pub fn check(reader: &mut Reader, id: DocumentId, random: &dyn Random) -> Result<Checked, Flaw> {
    reader.records(id)?;
    let (mut made, mut checked, mut after) = (empty(random), Checked::default(), Seq(0));
    loop {
        let page = reader.entries(id, after, PAGE_BYTES)?;
        let Some(last) = page.last() else { break };
        (after, checked.entries) = (last.seq, checked.entries + page.len() as u64);
        if let Err(reason) = made.load(page.iter().map(|it| &it.entry.update[..])) {
            return Err(first_flaw(reader, id, random, reason)?);
        }
    }
    for seq in reader.kept(id).moments {
        let StoredEntry { entry, .. } = reader.base(id, seq)?;
        empty(random)
            .load(std::iter::once(&entry.update[..]))
            .map_err(|reason| Flaw::State { seq, reason: without_number(&reason) })?;
        checked.states += 1;
    }
    Ok(checked)
}

/// Finds the entry that is to blame, which many at a time do not tell.
fn first_flaw(
    reader: &mut Reader,
    id: DocumentId,
    random: &dyn Random,
    reason: String,
) -> Result<Flaw, StoreError> {
    let (mut made, mut after) = (empty(random), Seq(0));
    loop {
        let page = reader.entries(id, after, PAGE_BYTES)?;
        let Some(last) = page.last() else { return Ok(Flaw::Entry { seq: after, reason }) };
        after = last.seq;
        for StoredEntry { seq, entry } in &page {
            if let Err(reason) = made.load(std::iter::once(&entry.update[..])) {
                return Ok(Flaw::Entry { seq: *seq, reason: without_number(&reason) });
            }
        }
    }
}

/// Of one entry at a time it is said that it was the first of all.
fn without_number(reason: &str) -> String {
    reason.trim_start_matches("stored update 0 cannot be applied: ").to_owned()
}
