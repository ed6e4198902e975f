//! A journal record: what the log says happened to a document, and the bytes it is framed in.
//!
//! Knows one record at a time; what a run of them means is `journal.rs`. `FORMAT.md` draws the bytes.

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

/// Which file a record lies in. Part of every checksum, so that bytes of another file or of an
/// earlier use of the same blocks never look valid, and so that nobody who only chooses an update's
/// bytes can write something that looks like a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKey {
    /// The journal file's number.
    pub number: u64,
    /// Random, from the file's header.
    pub salt: u64,
}

/// What a record's frame says besides the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The record's kind as a number; [`ROLL`] is no [`RecordKind`].
    pub(crate) kind: u8,
    /// Whether it begins its commit.
    pub(crate) first: bool,
    /// Whether it ends its commit.
    pub(crate) last: bool,
    /// Whom it concerns.
    pub(crate) document: DocumentId,
    /// Its place in the document's log.
    pub(crate) seq: Seq,
    /// Which group commit wrote it; they count up by one through all files.
    pub(crate) commit: u64,
    /// Bytes of the payload.
    pub(crate) length: u32,
}

/// What is left of a record whose head may be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// Where the record began.
    pub(crate) start: u64,
    /// Whom it concerned.
    pub(crate) document: DocumentId,
    /// The low half of its commit number.
    pub(crate) commit: u32,
}

/// The kind of the journal's own record that ends a finished file: see `journal.rs`.
pub(crate) const ROLL: u8 = 0;

/// Bytes of a typical record with an empty update: head, trailer, time and author.
pub(crate) const OVERHEAD: usize = HEAD + TRAILER + 40;

/// Largest payload. An update is far below it, whatever an operator configures.
pub(crate) const PAYLOAD_BYTES: usize = 1 << 30;

/// Records start at multiples of this.
pub(crate) const ALIGN: usize = 8;

/// Bytes before the payload.
pub(crate) const HEAD: usize = 48;

const TRAILER: usize = 40;
const MAGIC: [u8; 4] = *b"csR1";
const FIRST: u8 = 1;
const LAST: u8 = 2;

impl RecordKind {
    fn from_number(number: u8) -> Option<Self> {
        [
            Self::Create,
            Self::Entry,
            Self::Delete,
            Self::Rename,
            Self::Version,
            Self::Base,
            Self::Keyed,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == number)
    }
}

impl Head {
    /// Bytes of the whole record.
    pub(crate) fn frame(&self) -> usize {
        frame_bytes(self.length as usize)
    }

    /// The record, given its payload; `None` for the journal's own.
    pub(crate) fn record(&self, payload: Bytes) -> Option<Record> {
        let kind = RecordKind::from_number(self.kind)?;
        Some(Record { kind, document: self.document, seq: self.seq, payload })
    }
}

/// Bytes that a record with a payload of this length takes.
pub(crate) fn frame_bytes(payload: usize) -> usize {
    HEAD + payload.next_multiple_of(ALIGN) + TRAILER
}

/// Writes a record's bytes behind those in `out`, which begin at `base` of the file.
pub(crate) fn encode(out: &mut Vec<u8>, key: FileKey, base: u64, head: &Head, payload: &[u8]) {
    let start = out.len();
    let offset = base + start as u64;
    let commit = head.commit.to_le_bytes();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&head.length.to_le_bytes());
    let flags = if head.first { FIRST } else { 0 } | if head.last { LAST } else { 0 };
    out.extend_from_slice(&[head.kind, flags, 0, 0, 0, 0, 0, 0]);
    out.extend_from_slice(head.document.as_bytes());
    out.extend_from_slice(&head.seq.0.to_le_bytes());
    out.extend_from_slice(&commit);
    let sum = head_sum(key, offset, &out[start..]);
    out[start + 12..start + 16].copy_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(payload);
    out.resize(start + HEAD + payload.len().next_multiple_of(ALIGN), 0);
    let body = sum_of(key, offset, &out[start..]);
    let trailer = out.len();
    out.extend_from_slice(head.document.as_bytes());
    out.extend_from_slice(&head.seq.0.to_le_bytes());
    out.extend_from_slice(&head.length.to_le_bytes());
    out.extend_from_slice(&commit[..4]);
    out.extend_from_slice(&body.to_le_bytes());
    let sum = sum_of(key, base + trailer as u64, &out[trailer..]);
    out.extend_from_slice(&sum.to_le_bytes());
}

/// Whether these bytes begin like a record, whatever file they were written for.
pub(crate) fn looks_like_head(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a sound head at an offset of a file whose bytes from `base` on are given.
pub(crate) fn head_at(key: FileKey, bytes: &[u8], base: u64, offset: u64) -> Option<Head> {
    let at = usize::try_from(offset.checked_sub(base)?).ok()?;
    let head = bytes.get(at..at.checked_add(HEAD)?)?;
    let sound = head[..4] == MAGIC
        && number4(head, 12) == head_sum(key, offset, head)
        && number4(head, 4) as usize <= PAYLOAD_BYTES;
    sound.then(|| Head {
        kind: head[8],
        first: head[9] & FIRST != 0,
        last: head[9] & LAST != 0,
        document: document(head, 16),
        seq: Seq(number8(head, 32)),
        commit: number8(head, 40),
        length: number4(head, 4),
    })
}

/// Reads a trailer at an offset, which says where its record began and whom it concerned.
pub(crate) fn trailer_at(key: FileKey, bytes: &[u8], base: u64, offset: u64) -> Option<Trailer> {
    let at = usize::try_from(offset.checked_sub(base)?).ok()?;
    let trailer = bytes.get(at..at.checked_add(TRAILER)?)?;
    if number4(trailer, 36) != sum_of(key, offset, &trailer[..36]) {
        return None;
    }
    let before = HEAD + (number4(trailer, 24) as usize).next_multiple_of(ALIGN);
    Some(Trailer {
        start: offset.checked_sub(before as u64)?,
        document: document(trailer, 0),
        commit: number4(trailer, 28),
    })
}

/// Whether the record with this head is sound to its last byte.
pub(crate) fn is_whole(key: FileKey, bytes: &[u8], base: u64, offset: u64, head: &Head) -> bool {
    let Some(at) = offset.checked_sub(base).and_then(|at| usize::try_from(at).ok()) else {
        return false;
    };
    let Some(frame) = bytes.get(at..at + head.frame()) else { return false };
    let (body, trailer) = frame.split_at(head.frame() - TRAILER);
    // A right checksum says that the trailer was written for this file and place; what it says
    // about the record is covered by the body's.
    trailer_at(key, bytes, base, offset + body.len() as u64).is_some()
        && number4(trailer, 32) == sum_of(key, offset, body)
        && trailer[..16] == body[16..32]
}

/// Everything of the head but its checksum.
fn head_sum(key: FileKey, offset: u64, head: &[u8]) -> u32 {
    let mut hasher = hasher(key, offset);
    hasher.update(&head[..12]);
    hasher.update(&head[16..HEAD]);
    hasher.finalize()
}

fn sum_of(key: FileKey, offset: u64, bytes: &[u8]) -> u32 {
    let mut hasher = hasher(key, offset);
    hasher.update(bytes);
    hasher.finalize()
}

fn hasher(key: FileKey, offset: u64) -> crc32fast::Hasher {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&key.number.to_le_bytes());
    hasher.update(&key.salt.to_le_bytes());
    hasher.update(&offset.to_le_bytes());
    hasher
}

fn number4(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were sliced"))
}

fn number8(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were sliced"))
}

fn document(bytes: &[u8], at: usize) -> DocumentId {
    DocumentId::from_bytes(bytes[at..at + 16].try_into().expect("sixteen bytes were sliced"))
}
