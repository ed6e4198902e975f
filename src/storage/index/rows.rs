//! Keys and values of the index as bytes.
//!
//! Every key starts with a letter for its kind; parts of fixed size follow. Every value starts with
//! the CRC-32 of its key and of what follows, so a value under another document's key does not
//! check. Numbers within keys are big-endian, to sort; those in values little-endian.

use std::fmt;

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::fields::Fields,
};

use super::IndexError;

/// The format of everything under the index directory.
pub(super) const FORMAT: u32 = 2;

/// Largest part of a packed state. It is what bounds the memory of the index: sled keeps one to three
/// pages in each of the 256 shards of its cache, however little that may have, and a page has up to 16
/// rows. That is 24 MiB with these, and would be some hundred with parts of 60 KiB. With smaller ones large
/// states take longer, and all of them more of the disk.
pub(super) const PART_BYTES: usize = 2 * 1024;

const FORMAT_KEY: u8 = b'F';
const SNAPSHOT: u8 = b'S';
const SNAPSHOT_PART: u8 = b's';

/// A key, or the beginning that several share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn read(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn format() -> Self {
        Self(vec![FORMAT_KEY])
    }

    pub(super) fn snapshots() -> Self {
        Self(vec![SNAPSHOT])
    }

    pub(super) fn snapshot(id: DocumentId) -> Self {
        Self::of(SNAPSHOT, &[id.as_bytes()])
    }

    pub(super) fn snapshot_parts(id: DocumentId) -> Self {
        Self::of(SNAPSHOT_PART, &[id.as_bytes()])
    }

    pub(super) fn snapshot_part(id: DocumentId, generation: u64, at: u32) -> Self {
        Self::of(SNAPSHOT_PART, &[id.as_bytes(), &generation.to_be_bytes(), &at.to_be_bytes()])
    }

    /// The generation in a snapshot part's key.
    pub(super) fn generation(&self) -> Option<u64> {
        let mut fields = Fields(self.0.get(17..)?);
        (self.0[0] == SNAPSHOT_PART).then_some(())?;
        fields.array().map(u64::from_be_bytes)
    }

    /// The document whose row this is.
    pub(super) fn document(&self) -> Option<DocumentId> {
        self.0.get(1..17)?.first_chunk().map(|id| DocumentId::from_bytes(*id))
    }

    fn of(kind: u8, parts: &[&[u8]]) -> Self {
        let mut bytes = vec![kind];
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Self(bytes)
    }
}

impl fmt::Display for Key {
    /// The kind and, where it has one, the document: enough to look it up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.first(), self.document()) {
            (Some(&(SNAPSHOT | SNAPSHOT_PART)), Some(id)) => {
                write!(f, "the snapshot of document {id}")
            }
            (Some(&FORMAT_KEY), _) => f.write_str("the format"),
            _ => f.write_str("an unknown row"),
        }
    }
}

/// Puts the checksum in front of a value.
pub(super) fn wrap(key: &Key, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + value.len());
    out.extend_from_slice(&checksum(key, value).to_le_bytes());
    out.extend_from_slice(value);
    out
}

/// Checks a value and takes the checksum off.
pub(super) fn unwrap(key: &Key, value: &Bytes) -> Result<Bytes, IndexError> {
    let sound = value
        .first_chunk()
        .is_some_and(|sum| u32::from_le_bytes(*sum) == checksum(key, &value[4..]));
    if sound { Ok(value.slice(4..)) } else { Err(damaged(key, "its checksum is wrong")) }
}

fn checksum(key: &Key, value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key.bytes());
    hasher.update(value);
    hasher.finalize()
}

pub(super) fn damaged(key: &Key, problem: &str) -> IndexError {
    IndexError::Damaged(format!("{key}: {problem}"))
}

/// Number of parts of so many packed bytes.
pub(super) fn parts(packed: u64) -> u32 {
    u32::try_from(packed.div_ceil(PART_BYTES as u64)).unwrap_or(u32::MAX)
}

/// What is said of a snapshot in front of its parts. The document is in the row's key.
pub(super) struct SnapshotHead {
    pub(super) revision: u64,
    /// Bytes of the whole state.
    pub(super) length: u64,
    /// CRC-32 of the whole state.
    pub(super) checksum: u32,
    /// Which parts are its.
    pub(super) generation: u64,
    /// Bytes of all parts together.
    pub(super) packed: u64,
    pub(super) seq: Seq,
}

impl SnapshotHead {
    /// As the value of a row.
    pub(super) fn value(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(self.revision.to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.extend(self.checksum.to_le_bytes());
        out.extend(self.generation.to_le_bytes());
        out.extend(self.packed.to_le_bytes());
        out.extend(self.seq.0.to_le_bytes());
        out
    }
}

pub(super) fn read_snapshot(key: &Key, value: &[u8]) -> Result<SnapshotHead, IndexError> {
    let mut fields = Fields(value);
    let mut read = || {
        Some(SnapshotHead {
            revision: fields.u64()?,
            length: fields.u64()?,
            checksum: fields.u32()?,
            generation: fields.u64()?,
            packed: fields.u64()?,
            seq: Seq(fields.u64()?),
        })
    };
    let head = read();
    head.filter(|_| fields.0.is_empty()).ok_or_else(|| damaged(key, "it is malformed"))
}
