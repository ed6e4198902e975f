//! A journal record: what the log says happened to a document.

use bytes::Bytes;

use crate::ids::{DocumentId, Seq};

/// What a record says. The numbers are the format's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// A document's life begins: time, name.
    Create = 1,
    /// An update: time, author, bytes.
    Entry = 2,
    /// A document's life ends (a tombstone): time, its client ids.
    Delete = 3,
    /// The document has another name: time, name.
    Rename = 4,
    /// Somebody named a seq: reserved for versions.
    Version = 5,
    /// A whole state in place of entries that retention cut: time, author, bytes.
    Base = 6,
    /// A small record beside the document: key, revision, value or none.
    Keyed = 7,
}

impl RecordKind {
    /// Whether it belongs to the document's text (kept in segments) rather than to what the index
    /// is rebuilt from.
    #[must_use]
    pub fn is_content(self) -> bool {
        matches!(self, Self::Entry | Self::Base)
    }
}

/// One record. Entries count up `seq` by one; other records carry the seq of the last entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it says.
    pub kind: RecordKind,
    /// Whom it concerns.
    pub document: DocumentId,
    /// Its place in the document's log.
    pub seq: Seq,
    /// What its kind asks for, encoded.
    pub payload: Bytes,
}
