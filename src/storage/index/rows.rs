//! Keys and values of the index as bytes.
//!
//! Every key starts with a letter for its kind; parts of fixed size follow and at most one part of
//! any length, last, or with its length in front. Every value starts with the CRC-32 of its key and
//! of what follows, so a value under another document's key does not check. Numbers within keys are
//! big-endian, to sort; those in values little-endian.

use std::fmt;

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        archive::{SegmentKind, SegmentPlace},
        fields::Fields,
    },
};

use super::{Facts, IndexError, IndexedArchive, Located};

/// The format of everything under the index directory.
pub(super) const FORMAT: u32 = 1;

/// Largest part of a value. sled moves values above 128 KiB into files of their own, and leaks them.
pub(super) const CHUNK_BYTES: usize = 60 * 1024;

/// The kinds of keys that can be rebuilt from the archives; snapshots sort outside.
pub(super) const REBUILT: &[u8] = b"DKNPRk";

const FACTS: u8 = b'D';
const FORMAT_KEY: u8 = b'F';
const KEYED: u8 = b'K';
const KEYED_PART: u8 = b'k';
const NAME: u8 = b'N';
const PLACE: u8 = b'P';
const RETIRED: u8 = b'R';
const SNAPSHOT: u8 = b'S';
const SNAPSHOT_PART: u8 = b's';
const WATERMARK: u8 = b'W';
const DIGEST: u8 = b'X';

/// A key, or the beginning that several share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(Vec<u8>);

impl Key {
    pub(super) fn read(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The smallest key that comes after this one.
    pub(super) fn after(mut self) -> Self {
        self.0.push(0);
        self
    }

    pub(super) fn kind(kind: u8) -> Self {
        Self(vec![kind])
    }

    pub(super) fn format() -> Self {
        Self::kind(FORMAT_KEY)
    }

    pub(super) fn watermark() -> Self {
        Self::kind(WATERMARK)
    }

    pub(super) fn digest() -> Self {
        Self::kind(DIGEST)
    }

    pub(super) fn names(prefix: &str) -> Self {
        Self::of(NAME, &[prefix.as_bytes()])
    }

    pub(super) fn name(name: &DocumentName) -> Self {
        Self::names(name.as_str())
    }

    pub(super) fn facts(id: DocumentId) -> Self {
        Self::of(FACTS, &[id.as_bytes()])
    }

    pub(super) fn retired_of(name: &DocumentName) -> Self {
        let name = name.as_str().as_bytes();
        Self::of(RETIRED, &[&length(name), name])
    }

    pub(super) fn retired(name: &DocumentName, id: DocumentId, at: u32) -> Self {
        let name = name.as_str().as_bytes();
        Self::of(RETIRED, &[&length(name), name, id.as_bytes(), &at.to_be_bytes()])
    }

    pub(super) fn places(id: DocumentId) -> Self {
        Self::of(PLACE, &[id.as_bytes()])
    }

    pub(super) fn place(located: &Located) -> Self {
        Self::of(
            PLACE,
            &[
                located.place.document.as_bytes(),
                &located.place.first.0.to_be_bytes(),
                &located.archive.start().to_be_bytes(),
                &located.archive.end().to_be_bytes(),
                &located.place.offset.to_be_bytes(),
            ],
        )
    }

    pub(super) fn keyed_of(id: DocumentId) -> Self {
        Self::of(KEYED, &[id.as_bytes()])
    }

    pub(super) fn keyed(id: DocumentId, key: &str) -> Self {
        Self::of(KEYED, &[id.as_bytes(), key.as_bytes()])
    }

    pub(super) fn keyed_parts_of(id: DocumentId) -> Self {
        Self::of(KEYED_PART, &[id.as_bytes()])
    }

    pub(super) fn keyed_parts(id: DocumentId, key: &str) -> Self {
        let key = key.as_bytes();
        Self::of(KEYED_PART, &[id.as_bytes(), &(key.len() as u64).to_be_bytes(), key])
    }

    pub(super) fn keyed_part(id: DocumentId, key: &str, at: u32) -> Self {
        let mut part = Self::keyed_parts(id, key);
        part.0.extend(at.to_be_bytes());
        part
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

    /// Whether the row counts towards the digest.
    pub(super) fn is_rebuilt(&self) -> bool {
        self.0.first().is_some_and(|kind| REBUILT.contains(kind) || *kind == WATERMARK)
    }

    fn of(kind: u8, parts: &[&[u8]]) -> Self {
        let mut bytes = vec![kind];
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Self(bytes)
    }
}

impl fmt::Display for Key {
    /// The kind and, where it has one, the document or name: enough to look it up.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, rest) =
            self.0.split_first().map_or((b'?', &[][..]), |(kind, rest)| (*kind, rest));
        let id = rest.first_chunk().map(|id| DocumentId::from_bytes(*id));
        match (kind, id) {
            (NAME, _) => write!(f, "the name {:?}", String::from_utf8_lossy(rest)),
            (RETIRED, _) => {
                let name = rest.get(2..).unwrap_or_default();
                write!(f, "the retired clients of {:?}", String::from_utf8_lossy(name))
            }
            (FACTS, Some(id)) => write!(f, "the facts of document {id}"),
            (KEYED | KEYED_PART, Some(id)) => write!(f, "a small record of document {id}"),
            (PLACE, Some(id)) => write!(f, "a place of document {id}"),
            (SNAPSHOT | SNAPSHOT_PART, Some(id)) => write!(f, "the snapshot of document {id}"),
            (FORMAT_KEY, _) => f.write_str("the format"),
            (WATERMARK, _) => f.write_str("the list of archives"),
            (DIGEST, _) => f.write_str("the digest"),
            _ => f.write_str("an unknown row"),
        }
    }
}

/// Number and sum of all rows that can be rebuilt: tells when some were lost or came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    rows: u64,
    sum: u64,
}

impl Digest {
    pub(super) fn add(&mut self, key: &Key, value: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(key, value));
    }

    pub(super) fn remove(&mut self, key: &Key, value: &[u8]) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(hash(key, value));
    }

    pub(super) fn value(self) -> Vec<u8> {
        [self.rows.to_le_bytes(), self.sum.to_le_bytes()].concat()
    }

    pub(super) fn read(key: &Key, value: &[u8]) -> Result<Self, IndexError> {
        parse(key, value, |fields| Some(Self { rows: fields.u64()?, sum: fields.u64()? }))
    }
}

/// FNV-1a over key and value; sums of it do not cancel as those of a CRC would.
fn hash(key: &Key, value: &[u8]) -> u64 {
    key.0.iter().chain(value).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Puts the checksum in front of a value.
pub(super) fn wrap(key: &Key, value: &[u8]) -> Vec<u8> {
    let mut out = checksum(key, value).to_le_bytes().to_vec();
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

fn parse<'a, T>(
    key: &Key,
    value: &'a [u8],
    read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
) -> Result<T, IndexError> {
    let mut fields = Fields(value);
    read(&mut fields).filter(|_| fields.0.is_empty()).ok_or_else(|| damaged(key, "it is malformed"))
}

/// Number of parts of a value of this length.
pub(super) fn chunks(length: u64) -> u32 {
    u32::try_from(length.div_ceil(CHUNK_BYTES as u64)).unwrap_or(u32::MAX)
}

pub(super) fn id_value(id: DocumentId) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub(super) fn read_id(key: &Key, value: &[u8]) -> Result<DocumentId, IndexError> {
    parse(key, value, |fields| fields.array().map(DocumentId::from_bytes))
}

pub(super) fn read_name(key: &Key) -> Result<DocumentName, IndexError> {
    let text = key.0.get(1..).unwrap_or_default();
    parse(key, text, |fields| name(fields.take(text.len())?))
}

pub(super) fn facts_value(facts: &Facts) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [facts.created.0, facts.changed.0, facts.last.0, facts.bytes] {
        out.extend(number.to_le_bytes());
    }
    out.push(u8::from(facts.deleted.is_some()));
    out.extend(facts.deleted.map_or(0, |time| time.0).to_le_bytes());
    out.extend(facts.name.as_ref().map_or("", DocumentName::as_str).as_bytes());
    out
}

pub(super) fn read_facts(key: &Key, value: &[u8]) -> Result<Facts, IndexError> {
    parse(key, value, |fields| {
        let created = Timestamp(fields.u64()?);
        let changed = Timestamp(fields.u64()?);
        let last = Seq(fields.u64()?);
        let bytes = fields.u64()?;
        let is_deleted = fields.u8()? == 1;
        let deleted = Some(Timestamp(fields.u64()?)).filter(|_| is_deleted);
        let name = match fields.take(fields.0.len())? {
            [] => None,
            text => Some(name(text)?),
        };
        Some(Facts { name, created, changed, last, bytes, deleted })
    })
}

fn name(text: &[u8]) -> Option<DocumentName> {
    DocumentName::new(std::str::from_utf8(text).ok()?).ok()
}

pub(super) fn clients_value(clients: &[u64]) -> Vec<u8> {
    clients.iter().flat_map(|client| client.to_le_bytes()).collect()
}

pub(super) fn read_clients(key: &Key, value: &[u8]) -> Result<Vec<u64>, IndexError> {
    parse(key, value, |fields| {
        let mut clients = Vec::with_capacity(value.len() / 8);
        while !fields.0.is_empty() {
            clients.push(fields.u64()?);
        }
        Some(clients)
    })
}

pub(super) fn place_value(located: &Located) -> Vec<u8> {
    let place = &located.place;
    let mut out = Vec::new();
    for number in [place.last.0, place.time.0, place.bytes] {
        out.extend(number.to_le_bytes());
    }
    for number in [place.count, place.raw, place.stored, place.checksum] {
        out.extend(number.to_le_bytes());
    }
    out
}

pub(super) fn read_place(key: &Key, value: &[u8]) -> Result<Located, IndexError> {
    let mut names = Fields(key.0.get(1..).unwrap_or_default());
    parse(key, value, |fields| {
        let document = DocumentId::from_bytes(names.array()?);
        let first = Seq(u64::from_be_bytes(names.array()?));
        let archive = u64::from_be_bytes(names.array()?)..=u64::from_be_bytes(names.array()?);
        let offset = u64::from_be_bytes(names.array()?);
        let place = SegmentPlace {
            kind: SegmentKind::Content,
            document,
            first,
            offset,
            last: Seq(fields.u64()?),
            time: Timestamp(fields.u64()?),
            bytes: fields.u64()?,
            count: fields.u32()?,
            raw: fields.u32()?,
            stored: fields.u32()?,
            checksum: fields.u32()?,
        };
        Some(Located { archive, place }).filter(|_| names.0.is_empty())
    })
}

/// What is said of a value that lies in parts.
pub(super) struct KeyedHead {
    pub(super) revision: u64,
    pub(super) length: u64,
    pub(super) checksum: u32,
}

pub(super) fn keyed_value(revision: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(revision.to_le_bytes());
    out.extend((value.len() as u64).to_le_bytes());
    out.extend(crc32fast::hash(value).to_le_bytes());
    out
}

pub(super) fn read_keyed(key: &Key, value: &[u8]) -> Result<KeyedHead, IndexError> {
    parse(key, value, keyed_head)
}

fn keyed_head(fields: &mut Fields<'_>) -> Option<KeyedHead> {
    Some(KeyedHead { revision: fields.u64()?, length: fields.u64()?, checksum: fields.u32()? })
}

/// What is said of a snapshot in front of its parts.
pub(super) struct SnapshotHead {
    pub(super) generation: u64,
    pub(super) seq: Seq,
    pub(super) state: KeyedHead,
}

pub(super) fn snapshot_value(revision: u64, generation: u64, seq: Seq, state: &[u8]) -> Vec<u8> {
    let mut out = keyed_value(revision, state);
    out.extend(generation.to_le_bytes());
    out.extend(seq.0.to_le_bytes());
    out
}

pub(super) fn read_snapshot(key: &Key, value: &[u8]) -> Result<SnapshotHead, IndexError> {
    parse(key, value, |fields| {
        let state = keyed_head(fields)?;
        Some(SnapshotHead { generation: fields.u64()?, seq: Seq(fields.u64()?), state })
    })
}

pub(super) fn watermark_value(archives: &[IndexedArchive]) -> Vec<u8> {
    let mut out = Vec::new();
    for archive in archives {
        out.extend(archive.range.start().to_le_bytes());
        out.extend(archive.range.end().to_le_bytes());
        out.extend(archive.fingerprint.to_le_bytes());
    }
    out
}

pub(super) fn read_watermark(key: &Key, value: &[u8]) -> Result<Vec<IndexedArchive>, IndexError> {
    parse(key, value, |fields| {
        let mut archives = Vec::new();
        while !fields.0.is_empty() {
            let range = fields.u64()?..=fields.u64()?;
            archives.push(IndexedArchive { range, fingerprint: fields.u32()? });
        }
        Some(archives)
    })
}

fn length(name: &[u8]) -> [u8; 2] {
    u16::try_from(name.len()).expect("names have at most 256 bytes").to_be_bytes()
}
