//! Saved documents (`.coscribe`): one document with its whole past in one file.
//!
//! `FORMAT-saved.md` draws the bytes. [`Writer`] makes them, [`Reader`] believes nothing of them,
//! [`admit`] lets the edits pass the same admission as those of a client. All work on a stream with one
//! block in memory. Knows no store and no file names.

mod admit;
mod block;
mod error;
mod moments;
mod read;
mod survey;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use crate::{
    clock::Timestamp,
    crdt::Kind,
    identity::{Author, AuthorKind},
    ids::DocumentId,
    limits,
};

pub use admit::{Admitted, admit, as_imported, take_in};
pub use error::SavedError;
pub use moments::{Records, survey, to_file, to_records};
pub use read::Reader;
pub use survey::{Subject, Survey};
pub use write::Writer;

/// For `Content-Type`.
pub const MEDIA_TYPE: &str = "application/vnd.coscribe.document";

/// What a file's name ends with.
pub const EXTENSION: &str = "coscribe";

/// What a saved document says about itself before anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The life that was saved.
    pub life: DocumentId,
    /// May be empty.
    pub title: String,
    /// `None` when the document does not tell.
    pub kind: Option<Kind>,
    /// The language of code, empty for none.
    pub lang: String,
    /// When the document began.
    pub created: Timestamp,
    /// When it was saved.
    pub saved: Timestamp,
    /// How many users there are.
    pub users: u64,
    /// How many entries there are.
    pub entries: u64,
    /// How many versions there are.
    pub versions: u64,
    /// Bytes of all updates together.
    pub bytes: u64,
    /// Whether the first entry is the state that stands for edits which were no longer kept.
    pub cut: bool,
}

/// A moment that somebody named, or that a rule kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// May be empty when automatic.
    pub name: String,
    /// The number of the last entry that it contains, counted from 1.
    pub entry: u64,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub author: Arc<Author>,
    /// Whether a rule made it.
    pub automatic: bool,
}

/// What a reader takes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest update.
    pub update_bytes: usize,
    /// All updates together.
    pub bytes: u64,
    /// How many entries.
    pub entries: u64,
}

impl Bounds {
    /// Those of a server, for documents of at most so many bytes.
    #[must_use]
    pub fn of_server(document_bytes: usize) -> Self {
        Self {
            update_bytes: document_bytes,
            bytes: limits::SAVED_BYTES,
            entries: limits::SAVED_ENTRIES,
        }
    }
}

/// As the file numbers them.
const KINDS: [AuthorKind; 4] =
    [AuthorKind::Verified, AuthorKind::Claimed, AuthorKind::Server, AuthorKind::Import];
