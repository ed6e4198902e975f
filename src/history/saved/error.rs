//! Why a file is not read as a saved document. Each is a sentence for whoever has the file.

use std::io;

/// Why a file is not read as a saved document.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It is something else.
    #[error("this is not a saved document (.coscribe)")]
    Foreign,
    /// A later version of this program made it.
    #[error("this file has format {0}, which is newer than what this version reads (1)")]
    Newer(u32),
    /// Bytes are missing at the end.
    #[error("the file ends in the middle: it was not copied or sent whole")]
    Truncated,
    /// A checksum or a size is wrong.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The checksums are right and it still makes no sense.
    #[error("the file is not sound: {0}")]
    Unsound(String),
    /// It is over a bound.
    #[error("the file holds {what}, and at most {limit} are taken")]
    TooLarge {
        /// What, with its number.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// An edit is refused.
    #[error("edit {entry} of the file is refused: {reason}")]
    Refused {
        /// Its number, counted from 1.
        entry: u64,
        /// Why.
        reason: String,
    },
    /// Applying the edits takes too long.
    #[error("the edits in the file take too long to apply")]
    TooSlow,
    /// The CRDT failed on it.
    #[error("the edits in the file broke the document")]
    Broken,
    /// The file could not be read.
    #[error("cannot read the file: {0}")]
    Read(io::Error),
}

/// Shorthand for what only a careless or hostile writer makes.
pub(super) fn unsound(what: impl Into<String>) -> SavedError {
    SavedError::Unsound(what.into())
}

impl From<io::Error> for SavedError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Read(error),
        }
    }
}
