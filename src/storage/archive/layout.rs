//! The bytes of an archive: header, segment heads, records, table, tail.
//!
//! Values to bytes and back; no file. All integers are little-endian; checksums are CRC-32 (IEEE).

use std::{io::Read, ops::RangeInclusive};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    storage::{
        fields::{Fields, put_varint},
        record::{Record, RecordKind},
    },
};

use super::{SEGMENT_BYTES, SegmentKind, SegmentPlace};

/// The format written.
pub(super) const FORMAT: u32 = 1;

pub(super) const HEADER_BYTES: usize = 32;
pub(super) const PLACE_BYTES: usize = 76;
pub(super) const HEAD_BYTES: usize = 4 + PLACE_BYTES + 4;
pub(super) const TAIL_BYTES: usize = 40;

/// The line break shows a transfer that took the file for text.
const HEADER_MAGIC: [u8; 8] = *b"CosArc\r\n";
pub(super) const HEAD_MAGIC: [u8; 4] = *b"Seg\x1a";
const TAIL_MAGIC: [u8; 4] = *b"Arc\x1a";

/// The kind byte of the head in front of the table, which is no segment.
const TABLE_KIND: u8 = 3;

/// 3 is zstd's own default: beyond it sealing becomes slow for a few percent.
const LEVEL: i32 = 3;

/// 8 MiB, four times what the level above ever asks for: the most that unpacking may look back.
const WINDOW_LOG: u32 = 23;

/// What a header says, or that it says nothing.
pub(super) enum Header {
    Sound(RangeInclusive<u64>),
    Newer(u32),
    Damaged,
}

/// What a sound head announces.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Segment(SegmentPlace),
    /// The table follows.
    Table,
}

/// The last bytes of a file: what it covers and where its table lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) range: RangeInclusive<u64>,
    /// Offset of the head in front of the table.
    pub(super) table: u64,
    pub(super) segments: u32,
    pub(super) checksum: u32,
}

pub(super) fn header(range: &RangeInclusive<u64>) -> Vec<u8> {
    let mut out = HEADER_MAGIC.to_vec();
    out.extend(FORMAT.to_le_bytes());
    out.extend(range.start().to_le_bytes());
    out.extend(range.end().to_le_bytes());
    seal(out)
}

pub(super) fn read_header(bytes: &[u8]) -> Header {
    let read = || {
        let mut fields = Fields(sealed(bytes)?);
        (fields.array()? == HEADER_MAGIC).then_some(())?;
        Some((fields.u32()?, fields.u64()?..=fields.u64()?))
    };
    match read() {
        Some((FORMAT, range)) => Header::Sound(range),
        Some((newer, _)) => Header::Newer(newer),
        None => Header::Damaged,
    }
}

/// The lines of all segments, one after the other.
pub(super) fn table<'a>(places: impl IntoIterator<Item = &'a SegmentPlace>) -> Vec<u8> {
    let mut out = Vec::new();
    for place in places {
        put_place(&mut out, place);
    }
    out
}

fn put_place(out: &mut Vec<u8>, place: &SegmentPlace) {
    out.extend([place.kind as u8, 0, 0, 0]);
    out.extend(place.document.as_bytes());
    out.extend(place.first.0.to_le_bytes());
    out.extend(place.last.0.to_le_bytes());
    out.extend(place.count.to_le_bytes());
    out.extend(place.raw.to_le_bytes());
    out.extend(place.stored.to_le_bytes());
    out.extend(place.checksum.to_le_bytes());
    out.extend(place.time.0.to_le_bytes());
    out.extend(place.bytes.to_le_bytes());
    out.extend(place.offset.to_le_bytes());
}

/// Reads a line of the table, or what stands in a head; the outer checksum vouches for it.
pub(super) fn read_place(bytes: &[u8]) -> Option<SegmentPlace> {
    let mut fields = Fields(bytes);
    let kind = match fields.array()? {
        [1, 0, 0, 0] => SegmentKind::Content,
        [2, 0, 0, 0] => SegmentKind::Meta,
        [4, 0, 0, 0] => SegmentKind::Spare,
        [5, 0, 0, 0] => SegmentKind::Base,
        _ => return None,
    };
    Some(SegmentPlace {
        kind,
        document: DocumentId::from_bytes(fields.array()?),
        first: Seq(fields.u64()?),
        last: Seq(fields.u64()?),
        count: fields.u32()?,
        raw: fields.u32()?,
        stored: fields.u32()?,
        checksum: fields.u32()?,
        time: Timestamp(fields.u64()?),
        bytes: fields.u64()?,
        offset: fields.u64()?,
    })
}

pub(super) fn head(place: &SegmentPlace) -> Vec<u8> {
    let mut out = HEAD_MAGIC.to_vec();
    put_place(&mut out, place);
    seal(out)
}

/// The head in front of the table has the shape of a segment's.
pub(super) fn table_head(segments: u32, checksum: u32, offset: u64) -> Vec<u8> {
    let mut out = HEAD_MAGIC.to_vec();
    put_place(
        &mut out,
        &SegmentPlace {
            kind: SegmentKind::Meta,
            document: DocumentId::from_bytes([0; 16]),
            first: Seq(0),
            last: Seq(0),
            count: segments,
            raw: 0,
            stored: 0,
            checksum,
            time: Timestamp(0),
            bytes: 0,
            offset,
        },
    );
    out[HEAD_MAGIC.len()] = TABLE_KIND;
    seal(out)
}

/// Reads the head at this offset; `None` when there is no sound one.
pub(super) fn read_head(bytes: &[u8], offset: u64) -> Option<Head> {
    let place = sealed(bytes)?.strip_prefix(&HEAD_MAGIC)?;
    if place.first() == Some(&TABLE_KIND) {
        let mut as_meta = place.to_vec();
        as_meta[0] = SegmentKind::Meta as u8;
        return read_place(&as_meta).filter(|place| place.offset == offset).map(|_| Head::Table);
    }
    read_place(place).filter(|place| place.offset == offset).map(Head::Segment)
}

pub(super) fn tail(tail: &Tail) -> Vec<u8> {
    let mut out = Vec::with_capacity(TAIL_BYTES);
    out.extend(tail.range.start().to_le_bytes());
    out.extend(tail.range.end().to_le_bytes());
    out.extend(tail.table.to_le_bytes());
    out.extend(tail.segments.to_le_bytes());
    out.extend(tail.checksum.to_le_bytes());
    out.extend(TAIL_MAGIC);
    seal(out)
}

pub(super) fn read_tail(bytes: &[u8]) -> Option<Tail> {
    let mut fields = Fields(sealed(bytes)?);
    let tail = Tail {
        range: fields.u64()?..=fields.u64()?,
        table: fields.u64()?,
        segments: fields.u32()?,
        checksum: fields.u32()?,
    };
    (fields.0 == TAIL_MAGIC).then_some(tail)
}

/// Appends a record to a segment's raw bytes. Content segments leave out the document.
pub(super) fn put_record(raw: &mut Vec<u8>, kind: SegmentKind, record: &Record) {
    raw.push(record.kind as u8);
    if kind == SegmentKind::Meta {
        raw.extend(record.document.as_bytes());
    }
    put_varint(raw, record.seq.0);
    put_varint(raw, record.payload.len() as u64);
    raw.extend_from_slice(&record.payload);
}

/// Reads a segment's records; they share its bytes. Says what is wrong when they are not what the
/// place promises.
pub(super) fn read_records(raw: &Bytes, place: &SegmentPlace) -> Result<Vec<Record>, &'static str> {
    let mut fields = Fields(raw);
    // A record has three bytes at least, so the claimed count cannot reserve more than is there.
    let mut records = Vec::with_capacity((place.count as usize).min(raw.len() / 3));
    let mut before = place.first;
    while !fields.0.is_empty() {
        let record =
            read_record(&mut fields, raw, place).ok_or("a record is cut off or unknown")?;
        let kind = SegmentKind::of(&record);
        if kind != place.kind && !(kind == SegmentKind::Meta && place.kind == SegmentKind::Spare) {
            return Err("a record is of the wrong kind");
        }
        if place.kind.is_content() {
            if record.seq < before || record.seq > place.last {
                return Err("a record has another seq than promised");
            }
            before = record.seq;
        }
        records.push(record);
    }
    if records.len() != place.count as usize {
        return Err("the number of records is another than promised");
    }
    let whole = !place.kind.is_content()
        || (records.first().is_some_and(|record| record.seq == place.first)
            && before == place.last);
    if whole { Ok(records) } else { Err("the seqs are others than promised") }
}

fn read_record(fields: &mut Fields<'_>, raw: &Bytes, place: &SegmentPlace) -> Option<Record> {
    let kind = record_kind(fields.u8()?)?;
    let document = match place.kind {
        SegmentKind::Content | SegmentKind::Base => place.document,
        SegmentKind::Meta | SegmentKind::Spare => DocumentId::from_bytes(fields.array()?),
    };
    let seq = Seq(fields.varint()?);
    let length = usize::try_from(fields.varint()?).ok()?;
    let payload = raw.slice_ref(fields.take(length)?);
    Some(Record { kind, document, seq, payload })
}

fn record_kind(byte: u8) -> Option<RecordKind> {
    use RecordKind::{Base, Create, Delete, Entry, Keyed, Rename, Version};
    [Create, Entry, Delete, Rename, Version, Base, Keyed]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
}

/// Compresses a segment.
pub(super) fn pack(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(raw, LEVEL)
}

/// Unpacks a segment to exactly `raw` bytes. Memory grows with what really comes out, so a size that
/// is a lie reserves nothing.
pub(super) fn unpack(stored: &[u8], raw: u32) -> Result<Bytes, &'static str> {
    const BROKEN: &str = "it cannot be decompressed";
    let mut decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(|_| BROKEN)?;
    decoder.window_log_max(WINDOW_LOG).map_err(|_| BROKEN)?;
    let mut out = Vec::with_capacity((raw as usize).min(SEGMENT_BYTES) + 1);
    decoder.take(u64::from(raw) + 1).read_to_end(&mut out).map_err(|_| BROKEN)?;
    if out.len() == raw as usize {
        Ok(out.into())
    } else {
        Err("its size is another than promised")
    }
}

fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    (crc32fast::hash(body) == u32::from_le_bytes(*sum)).then_some(body)
}
