//! What a journal record's payload says, as a value and as bytes.
//!
//! Knows the layout of each kind (drawn in `FORMAT.md`) and nothing of where records lie. Every
//! length is checked against the bytes at hand before anything is copied.

use std::{collections::HashMap, sync::Arc};

use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    clock::Timestamp,
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName, Seq},
    limits,
    storage::{
        Entry,
        record::{Record, RecordKind},
    },
};

/// A record's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A life begins.
    Create {
        /// The name it is given.
        name: DocumentName,
        /// When.
        time: Timestamp,
    },
    /// An update was accepted.
    Entry(Entry),
    /// A whole state stands for everything up to here.
    Base(Entry),
    /// A life ends.
    Delete {
        /// When.
        time: Timestamp,
        /// The client ids that wrote in it.
        clients: Arc<[u64]>,
    },
    /// The document has another name.
    Rename {
        /// The new name.
        name: DocumentName,
        /// When.
        time: Timestamp,
    },
    /// Somebody named a seq; kept as bytes.
    Version(Bytes),
    /// A small record was written or, without a value, removed.
    Keyed {
        /// Its key.
        key: Box<str>,
        /// The revision it has now.
        revision: u64,
        /// What was written.
        value: Option<Bytes>,
    },
}

/// A payload that is not what its kind asks for, although its checksum is right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload of a {kind:?} record is malformed: {problem}")]
pub struct PayloadError {
    /// The record's kind.
    pub kind: RecordKind,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Authors met while decoding, so that many entries of one author share one value.
#[derive(Debug, Default)]
pub struct Authors(HashMap<Bytes, Arc<Author>>);

impl Change {
    /// Encodes it as a record of this document.
    #[must_use]
    pub fn record(&self, document: DocumentId, seq: Seq) -> Record {
        let (kind, payload) = match self {
            Self::Create { name, time } => (RecordKind::Create, named(*time, name)),
            Self::Entry(entry) => (RecordKind::Entry, written(entry)),
            Self::Base(entry) => (RecordKind::Base, written(entry)),
            Self::Delete { time, clients } => (RecordKind::Delete, deleted(*time, clients)),
            Self::Rename { name, time } => (RecordKind::Rename, named(*time, name)),
            Self::Version(bytes) => (RecordKind::Version, bytes.clone()),
            Self::Keyed { key, revision, value } => {
                (RecordKind::Keyed, keyed(key, *revision, value.as_ref()))
            }
        };
        Record { kind, document, seq, payload }
    }

    /// Decodes a record. Updates and values share the record's bytes.
    ///
    /// # Errors
    /// When the payload is shorter or longer than its kind asks for, or a text in it is not one.
    pub fn decode(record: &Record, authors: &mut Authors) -> Result<Self, PayloadError> {
        let mut input = Input { kind: record.kind, bytes: record.payload.clone() };
        let change = match record.kind {
            RecordKind::Create => {
                let (time, name) = input.named()?;
                Self::Create { name, time }
            }
            RecordKind::Rename => {
                let (time, name) = input.named()?;
                Self::Rename { name, time }
            }
            RecordKind::Entry => Self::Entry(input.written(authors)?),
            RecordKind::Base => Self::Base(input.written(authors)?),
            RecordKind::Delete => input.deleted()?,
            RecordKind::Version => Self::Version(std::mem::take(&mut input.bytes)),
            RecordKind::Keyed => input.keyed()?,
        };
        if input.bytes.is_empty() { Ok(change) } else { Err(input.error("bytes are left over")) }
    }

    /// The same without sharing the bytes of a small record with whatever it was read from, which
    /// may be a whole file.
    #[must_use]
    pub fn owned(self) -> Self {
        match self {
            Self::Keyed { key, revision, value } => {
                let value = value.map(|value| Bytes::copy_from_slice(&value));
                Self::Keyed { key, revision, value }
            }
            other => other,
        }
    }
}

/// When an entry was received and how many bytes its update has, without decoding the rest.
///
/// # Errors
/// As [`Change::decode`].
pub fn measure(record: &Record) -> Result<(Timestamp, u64), PayloadError> {
    let mut input = Input { kind: record.kind, bytes: record.payload.clone() };
    let time = input.time()?;
    input.author_bytes()?;
    Ok((time, input.bytes.len() as u64))
}

/// Finds the name in what is left of the payload of a damaged create or rename record. Such records
/// hold two copies of it, each with a checksum, because a lost name would look like a document that
/// never was.
#[must_use]
pub fn salvage_name(payload: &[u8]) -> Option<DocumentName> {
    (8..payload.len().min(8 + NAME_COPY_MAX + 1)).find_map(|at| name_copy(&payload[at..]))
}

/// Bytes around a name in its copy: a length before it, a checksum after it.
const NAME_COPY_EXTRA: usize = 2 + 4;
const NAME_COPY_MAX: usize = limits::NAME_BYTES + NAME_COPY_EXTRA;

fn name_copy(bytes: &[u8]) -> Option<DocumentName> {
    let length = usize::from(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?));
    let text = bytes.get(2..2 + length)?;
    let sum = bytes.get(2 + length..NAME_COPY_EXTRA + length)?;
    if crc32fast::hash(&bytes[..2 + length]).to_le_bytes() != sum {
        return None;
    }
    DocumentName::new(std::str::from_utf8(text).ok()?).ok()
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.put_u8(value.to_le_bytes()[0]);
}

fn put_text(out: &mut BytesMut, text: &str) {
    put_varint(out, text.len() as u64);
    out.put_slice(text.as_bytes());
}

fn named(time: Timestamp, name: &DocumentName) -> Bytes {
    let name = name.as_str().as_bytes();
    let mut copy = BytesMut::with_capacity(NAME_COPY_MAX);
    copy.put_u16_le(u16::try_from(name.len()).expect("names have at most 256 bytes"));
    copy.put_slice(name);
    copy.put_u32_le(crc32fast::hash(&copy));
    let mut out = BytesMut::with_capacity(8 + 2 * copy.len());
    out.put_u64_le(time.0);
    out.put_slice(&copy);
    out.put_slice(&copy);
    out.freeze()
}

fn written(entry: &Entry) -> Bytes {
    let author = &*entry.author;
    let mut out =
        BytesMut::with_capacity(48 + author.user.len() + author.name.len() + entry.update.len());
    out.put_u64_le(entry.time.0);
    out.put_u8(author_kind(author.kind));
    put_text(&mut out, &author.user);
    put_text(&mut out, &author.name);
    put_varint(&mut out, author.connection);
    out.put_slice(&entry.update);
    out.freeze()
}

fn deleted(time: Timestamp, clients: &[u64]) -> Bytes {
    let mut out = BytesMut::with_capacity(8 + clients.len() * 8);
    out.put_u64_le(time.0);
    for client in clients {
        out.put_u64_le(*client);
    }
    out.freeze()
}

fn keyed(key: &str, revision: u64, value: Option<&Bytes>) -> Bytes {
    let mut out = BytesMut::with_capacity(24 + key.len() + value.map_or(0, Bytes::len));
    put_text(&mut out, key);
    put_varint(&mut out, revision);
    out.put_u8(u8::from(value.is_some()));
    out.put_slice(value.map_or(&[], |value| &value[..]));
    out.freeze()
}

fn author_kind(kind: AuthorKind) -> u8 {
    match kind {
        AuthorKind::Verified => 1,
        AuthorKind::Claimed => 2,
        AuthorKind::Server => 3,
        AuthorKind::Import => 4,
    }
}

/// What is left of a payload.
struct Input {
    kind: RecordKind,
    bytes: Bytes,
}

impl Input {
    fn error(&self, problem: &'static str) -> PayloadError {
        PayloadError { kind: self.kind, problem }
    }

    fn take(&mut self, count: usize) -> Result<Bytes, PayloadError> {
        if count > self.bytes.len() {
            return Err(self.error("it ends too early"));
        }
        Ok(self.bytes.split_to(count))
    }

    fn byte(&mut self) -> Result<u8, PayloadError> {
        Ok(self.take(1)?[0])
    }

    fn time(&mut self) -> Result<Timestamp, PayloadError> {
        let bytes = self.take(8)?;
        Ok(Timestamp(u64::from_le_bytes(bytes[..].try_into().expect("eight bytes were taken"))))
    }

    fn varint(&mut self) -> Result<u64, PayloadError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.error("a number is too large"))
    }

    fn text(&mut self) -> Result<Bytes, PayloadError> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| self.error("a text is too long"))?;
        self.take(length)
    }

    fn utf8(&self, bytes: &Bytes) -> Result<Arc<str>, PayloadError> {
        std::str::from_utf8(bytes).map(Arc::from).map_err(|_| self.error("a text is not UTF-8"))
    }

    fn named(&mut self) -> Result<(Timestamp, DocumentName), PayloadError> {
        let time = self.time()?;
        let name = name_copy(&self.bytes).ok_or_else(|| self.error("the name is not one"))?;
        let both = 2 * (name.as_str().len() + NAME_COPY_EXTRA);
        self.take(both)?;
        Ok((time, name))
    }

    /// Skips the author and gives its bytes, which serve as the key for sharing.
    fn author_bytes(&mut self) -> Result<Bytes, PayloadError> {
        let start = self.bytes.clone();
        self.byte()?;
        self.text()?;
        self.text()?;
        self.varint()?;
        Ok(start.slice(..start.len() - self.bytes.len()))
    }

    fn author(&self, bytes: Bytes) -> Result<Author, PayloadError> {
        let mut input = Self { kind: self.kind, bytes };
        let kind = match input.byte()? {
            1 => AuthorKind::Verified,
            2 => AuthorKind::Claimed,
            3 => AuthorKind::Server,
            4 => AuthorKind::Import,
            _ => return Err(self.error("the author's kind is unknown")),
        };
        let user = input.text()?;
        let name = input.text()?;
        let connection = input.varint()?;
        Ok(Author { kind, user: self.utf8(&user)?, name: self.utf8(&name)?, connection })
    }

    fn written(&mut self, authors: &mut Authors) -> Result<Entry, PayloadError> {
        let time = self.time()?;
        let bytes = self.author_bytes()?;
        let author = if let Some(author) = authors.0.get(&bytes) {
            author.clone()
        } else {
            let author = Arc::new(self.author(bytes.clone())?);
            // A copy, as the key must not keep a whole file's bytes alive.
            authors.0.insert(Bytes::copy_from_slice(&bytes), author.clone());
            author
        };
        Ok(Entry { time, author, update: std::mem::take(&mut self.bytes) })
    }

    fn deleted(&mut self) -> Result<Change, PayloadError> {
        let time = self.time()?;
        let (clients, rest) = self.bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(self.error("a client id is cut off"));
        }
        let clients = clients.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        self.bytes.clear();
        Ok(Change::Delete { time, clients })
    }

    fn keyed(&mut self) -> Result<Change, PayloadError> {
        let key = self.text()?;
        let key = self.utf8(&key)?.as_ref().into();
        let revision = self.varint()?;
        let value = match self.byte()? {
            0 => None,
            1 => Some(std::mem::take(&mut self.bytes)),
            _ => return Err(self.error("the mark before the value is unknown")),
        };
        Ok(Change::Keyed { key, revision, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, SeededRandom};

    fn samples() -> Vec<Change> {
        let author = Arc::new(Author {
            kind: AuthorKind::Claimed,
            user: "u-7".into(),
            name: "Ada 😀".into(),
            connection: 300,
        });
        let entry = Entry { time: Timestamp(5), author, update: Bytes::from_static(b"update") };
        let name = DocumentName::new(&"ü".repeat(128)).unwrap();
        vec![
            Change::Create { name: name.clone(), time: Timestamp(u64::MAX) },
            Change::Entry(entry.clone()),
            Change::Base(Entry { update: Bytes::new(), ..entry }),
            Change::Delete { time: Timestamp(3), clients: [1, u64::MAX].into() },
            Change::Delete { time: Timestamp(3), clients: [].into() },
            Change::Rename { name, time: Timestamp(0) },
            Change::Version(Bytes::from_static(b"v")),
            Change::Keyed { key: "k".into(), revision: u64::MAX, value: None },
            Change::Keyed { key: "".into(), revision: 1, value: Some(Bytes::new()) },
        ]
    }

    #[test]
    fn every_change_reads_back_as_it_was_written() {
        for change in samples() {
            let record = change.record(DocumentId::from_bytes([7; 16]), Seq(9));
            assert_eq!(Change::decode(&record, &mut Authors::default()), Ok(change));
        }
    }

    #[test]
    fn entries_of_one_author_share_it() {
        let record = samples()[1].record(DocumentId::from_bytes([7; 16]), Seq(9));
        let mut authors = Authors::default();
        let mut author = || match Change::decode(&record, &mut authors) {
            Ok(Change::Entry(entry)) => entry.author,
            other => panic!("not an entry: {other:?}"),
        };
        assert!(Arc::ptr_eq(&author(), &author()));
        assert_eq!(measure(&record), Ok((Timestamp(5), 6)));
    }

    #[test]
    fn cut_and_garbled_payloads_are_errors_or_other_values_but_never_panics() {
        let random = SeededRandom::new(1);
        for change in samples() {
            let whole = change.record(DocumentId::from_bytes([7; 16]), Seq(9));
            for end in 0..whole.payload.len() {
                let record = Record { payload: whole.payload.slice(..end), ..whole.clone() };
                assert_ne!(Change::decode(&record, &mut Authors::default()), Ok(change.clone()));
                let mut garbled = whole.payload.to_vec();
                random.fill(&mut garbled[end..]);
                let record = Record { payload: garbled.into(), ..whole.clone() };
                let _ = Change::decode(&record, &mut Authors::default());
            }
        }
    }

    #[test]
    fn a_name_survives_damage_to_either_copy() {
        let name = DocumentName::new("notes/monday").unwrap();
        let change = Change::Create { name: name.clone(), time: Timestamp(1) };
        let whole = change.record(DocumentId::from_bytes([7; 16]), Seq(0)).payload;
        for at in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 0x40;
            assert_eq!(salvage_name(&bytes), Some(name.clone()), "byte {at}");
        }
        assert_eq!(salvage_name(&vec![0; whole.len()]), None);
        assert_eq!(salvage_name(&[]), None);
    }
}
