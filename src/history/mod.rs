//! The past of documents, for those who read it: rows of who inserted and deleted what when, the
//! document at any moment, and the pack that a viewer needs (`FORMAT.md`).
//!
//! Reads the journal through the store and never touches a live document. [`History::read`] gives a
//! [`Past`] up to the last durable entry: built once, kept within a bound of bytes, continued by what
//! is new. Knows no HTTP, and of the CRDT only [`crdt::past`](crate::crdt::past).
//!
//! Read in this order: [`rows`] is what is kept of each entry, `past` joins rows and content, `pack`
//! writes them, `cache` finds or builds them, on the threads of `threads`.
//! [`film`] shows any moment as lines of text, [`saved`] is the file that carries a document with its
//! past, [`states`] is what a document said, as a document of its own would hold it, and [`versions`]
//! tells how much of that is new. [`retention`] decides how much of the past is kept. [`soundness`]
//! tells whether what is stored still is a document, and [`insight`] what storage asks of one.

mod aside;
mod bytes;
mod cache;
pub mod changes;
pub mod compared;
pub mod film;
pub mod insight;
pub mod pack;
pub mod past;
pub mod retention;
pub mod rows;
pub mod saved;
pub mod soundness;
pub mod states;
mod threads;
pub mod versions;

#[cfg(test)]
mod tests;

pub use cache::History;
pub use past::Past;

use crate::{ids::Seq, storage::StoreError};

/// Why the past cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HistoryError {
    /// An entry cannot be read or applied; nothing is shown in its place.
    #[error("the past of this document is damaged: {0}")]
    Damaged(String),
    /// The disk refused, or the store is closed.
    #[error("the past of this document cannot be read now: {0}")]
    Unreadable(String),
    /// There is no such document.
    #[error("there is no document of this name")]
    Missing,
    /// Too many are waiting.
    #[error("the server is busy with other documents' pasts; try again soon")]
    Busy,
    /// What is asked for was cut off by retention.
    #[error("the past before entry {0} is no longer kept")]
    Cut(Seq),
    /// What is asked for has not happened.
    #[error("the document has no entry {asked}; its last is {last}")]
    Beyond {
        /// What was asked for.
        asked: Seq,
        /// The newest entry.
        last: Seq,
    },
    /// The past takes more memory than there is for it.
    #[error("the past of this document takes more memory than this server has for it")]
    TooLarge,
}

impl From<StoreError> for HistoryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(reason) => Self::Damaged(reason),
            StoreError::Missing => Self::Missing,
            StoreError::Failed(reason)
            | StoreError::Read(reason)
            | StoreError::Conflict(reason)
            | StoreError::Refused(reason) => Self::Unreadable(reason),
        }
    }
}
