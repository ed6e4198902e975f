//! Reads an archive and finds out what is left of a damaged one.
//!
//! Nothing is handed out whose checksum is wrong. The file's frame is written twice over (table and
//! heads, tail and table head), so that damage to one place costs at most one segment.

use std::{
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::storage::{
    disk::{Disk, DiskFile},
    record::Record,
};

use super::{
    ArchiveError, ArchiveFooter, SegmentKind, SegmentPlace,
    layout::{self, HEAD_BYTES, HEADER_BYTES, Head, Header, PLACE_BYTES, TAIL_BYTES, Tail},
    parse_file_name,
};

/// An open archive.
pub struct Archive {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    footer: ArchiveFooter,
    damage: Option<Damage>,
}

/// What is wrong with an archive's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The table is lost, but the segments' own heads give all of it.
    Repaired,
    /// The table is lost and some segments with it: the footer lists those that were found, and
    /// nobody knows whose the others were.
    Incomplete,
}

impl Archive {
    /// Opens an archive and reads its table, or gathers the table from the segments' heads when it
    /// is damaged: see [`Archive::damage`].
    ///
    /// # Errors
    /// When the file cannot be read, is of a newer format, or not even its range is known.
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<Self, ArchiveError> {
        let file = disk.open(path, false).map_err(ArchiveError::io("open", path))?;
        let read = ArchiveError::io("read", path);
        let length = file.len().map_err(ArchiveError::io("read", path))?;
        let frame = Frame { file: &*file, length };
        let (range, table) = frame.read().map_err(read)?;
        let range = match range {
            Ok(range) => range,
            Err(found) => return Err(ArchiveError::Format { path: path.to_owned(), found }),
        };
        let Some(range) = range.or_else(|| parse_file_name(path)) else {
            return Err(ArchiveError::File {
                path: path.to_owned(),
                problem: "neither its beginning nor its end nor its name says what it covers"
                    .to_owned(),
            });
        };
        let (segments, damage) = match table {
            Some(segments) => (segments, None),
            None => frame.scan().map_err(ArchiveError::io("read", path))?,
        };
        let footer = ArchiveFooter { range, segments, length };
        Ok(Self { path: path.to_owned(), file, footer, damage })
    }

    /// What a file says that it covers, whatever its name is; `None` when it is no archive, or says
    /// nothing any more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn stated_range(file: &dyn DiskFile) -> io::Result<Option<RangeInclusive<u64>>> {
        let frame = Frame { file, length: file.len()? };
        match layout::read_header(&frame.bytes(0, HEADER_BYTES)?) {
            Header::Sound(range) => Ok(Some(range)),
            Header::Newer(_) => Ok(None),
            Header::Damaged => Ok(frame.tail()?.map(|tail| tail.range)),
        }
    }

    /// What it covers, and its segments in the order of the file.
    #[must_use]
    pub fn footer(&self) -> &ArchiveFooter {
        &self.footer
    }

    /// Gives the footer away.
    #[must_use]
    pub fn into_footer(self) -> ArchiveFooter {
        self.footer
    }

    /// Whether the table had to be gathered, and whether that found everything.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Reads a segment's records in order. Where one of records that are not content is damaged, its
    /// copy stands in.
    ///
    /// # Errors
    /// When the file cannot be read, or the segment is not what the place promises.
    pub fn read_segment(&self, place: &SegmentPlace) -> Result<Vec<Record>, ArchiveError> {
        let found = self.read_only(place);
        match (&found, self.spare_of(place)) {
            (Err(_), Some(spare)) => self.read_only(spare).or(found),
            _ => found,
        }
    }

    fn spare_of(&self, place: &SegmentPlace) -> Option<&SegmentPlace> {
        let promise = |place: &SegmentPlace| (place.checksum, place.stored, place.raw, place.count);
        self.footer.segments.iter().find(|spare| {
            place.kind == SegmentKind::Meta
                && spare.kind == SegmentKind::Spare
                && promise(spare) == promise(place)
        })
    }

    /// Reads a segment from its own place.
    fn read_only(&self, place: &SegmentPlace) -> Result<Vec<Record>, ArchiveError> {
        let raw = self.unpack(place)?;
        layout::read_records(&raw, place).map_err(|problem| self.damaged(place, problem))
    }

    /// Reads all records that are not content, in the order of the journal.
    ///
    /// # Errors
    /// As [`Archive::read_segment`], for the first damaged one.
    pub fn meta_records(&self) -> Result<Vec<Record>, ArchiveError> {
        let mut records = Vec::new();
        for place in &self.footer.segments {
            if place.kind == SegmentKind::Meta {
                records.extend(self.read_segment(place)?);
            }
        }
        Ok(records)
    }

    /// Reads a segment's bytes as they are stored, checked, for [`super::ArchiveWriter::copy`].
    ///
    /// # Errors
    /// As [`Archive::read_segment`].
    pub fn stored(&self, place: &SegmentPlace) -> Result<Vec<u8>, ArchiveError> {
        let start = place.offset.checked_add(HEAD_BYTES as u64);
        let end = start.and_then(|start| start.checked_add(u64::from(place.stored)));
        let (Some(start), Some(_)) = (start, end.filter(|end| *end <= self.footer.length)) else {
            return Err(self.damaged(place, "it lies beyond the end of the file"));
        };
        let mut stored = vec![0; place.stored as usize];
        if !read_exact(&*self.file, &mut stored, start)
            .map_err(ArchiveError::io("read", &self.path))?
        {
            return Err(self.damaged(place, "the file ends within it"));
        }
        if crc32fast::hash(&stored) != place.checksum {
            return Err(self.damaged(place, "its checksum is wrong"));
        }
        Ok(stored)
    }

    /// Checks every byte and gives all damage found, an error each; empty when the file is sound.
    ///
    /// # Errors
    /// When the disk refuses to read.
    pub fn verify(&self) -> Result<Vec<ArchiveError>, ArchiveError> {
        let mut found = self.verify_frame()?;
        for place in &self.footer.segments {
            match self.read_only(place) {
                Ok(_) => {}
                Err(error) if error.is_damage() => found.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    pub(super) fn unpack(&self, place: &SegmentPlace) -> Result<Bytes, ArchiveError> {
        let stored = self.stored(place)?;
        layout::unpack(&stored, place.raw).map_err(|problem| self.damaged(place, problem))
    }

    /// Looks at what reading does not need as long as the rest is sound: header, heads, and that
    /// nothing lies between the segments.
    pub(super) fn verify_frame(&self) -> Result<Vec<ArchiveError>, ArchiveError> {
        let whole = |problem: &str| ArchiveError::File {
            path: self.path.clone(),
            problem: problem.to_owned(),
        };
        let io = |error| ArchiveError::io("read", &self.path)(error);
        let frame = Frame { file: &*self.file, length: self.footer.length };
        let mut found = Vec::new();
        match self.damage {
            Some(Damage::Repaired) => found.push(whole("its table is lost, nothing else is")),
            Some(Damage::Incomplete) => found.push(whole("its table and some segments are lost")),
            None => {}
        }
        match layout::read_header(&frame.bytes(0, HEADER_BYTES).map_err(io)?) {
            Header::Sound(range) if range == self.footer.range => {}
            _ => found.push(whole("its header is wrong")),
        }
        if parse_file_name(&self.path).is_some_and(|range| range != self.footer.range) {
            found.push(whole("its name is that of another range"));
        }
        let mut next = HEADER_BYTES as u64;
        for place in &self.footer.segments {
            let head = frame.head(place.offset).map_err(io)?;
            if place.offset != next || head != Some(Head::Segment(place.clone())) {
                found.push(self.damaged(place, "its head is wrong, its content may be sound"));
            }
            next = end_of(place);
        }
        if self.damage.is_none() && frame.tail().map_err(io)?.is_none_or(|tail| tail.table != next)
        {
            found.push(whole("something lies between its segments and its table"));
        }
        if self.damage.is_none() && !matches!(frame.head(next).map_err(io)?, Some(Head::Table)) {
            found.push(whole("the head of its table is wrong"));
        }
        Ok(found)
    }

    fn damaged(&self, place: &SegmentPlace, problem: &'static str) -> ArchiveError {
        ArchiveError::Segment {
            path: self.path.clone(),
            offset: place.offset,
            document: place.kind.is_content().then_some(place.document),
            problem,
        }
    }
}

/// The file seen as header, heads, table and tail.
struct Frame<'a> {
    file: &'a dyn DiskFile,
    length: u64,
}

/// The range, if known, or a newer format's number.
type FoundRange = Result<Option<RangeInclusive<u64>>, u32>;

impl Frame<'_> {
    fn read(&self) -> io::Result<(FoundRange, Option<Vec<SegmentPlace>>)> {
        let header = match layout::read_header(&self.bytes(0, HEADER_BYTES)?) {
            Header::Newer(found) => return Ok((Err(found), None)),
            Header::Sound(range) => Some(range),
            Header::Damaged => None,
        };
        let Some(tail) = self.tail()? else { return Ok((Ok(header), None)) };
        let table = self.table(&tail)?;
        Ok((Ok(header.or(Some(tail.range))), table))
    }

    fn tail(&self) -> io::Result<Option<Tail>> {
        let Some(start) = self.length.checked_sub(TAIL_BYTES as u64) else { return Ok(None) };
        Ok(layout::read_tail(&self.bytes(start, TAIL_BYTES)?))
    }

    fn table(&self, tail: &Tail) -> io::Result<Option<Vec<SegmentPlace>>> {
        let bytes = u64::from(tail.segments) * PLACE_BYTES as u64;
        let around = (HEAD_BYTES + TAIL_BYTES) as u64;
        // Only a table that fills its room exactly is read: a size that is a lie reserves nothing.
        if tail.table.checked_add(bytes).and_then(|end| end.checked_add(around))
            != Some(self.length)
        {
            return Ok(None);
        }
        let Ok(bytes) = usize::try_from(bytes) else { return Ok(None) };
        let table = self.bytes(tail.table + HEAD_BYTES as u64, bytes)?;
        if crc32fast::hash(&table) != tail.checksum {
            return Ok(None);
        }
        Ok(table.chunks(PLACE_BYTES).map(layout::read_place).collect())
    }

    /// Walks from head to head; where one is damaged, looks for the next sound one.
    fn scan(&self) -> io::Result<(Vec<SegmentPlace>, Option<Damage>)> {
        let tail = self.tail()?;
        let mut segments = Vec::new();
        let mut offset = HEADER_BYTES as u64;
        let mut unbroken = true;
        loop {
            match self.head(offset)? {
                Some(Head::Segment(place)) if end_of(&place) <= self.length => {
                    offset = end_of(&place);
                    segments.push(place);
                    continue;
                }
                Some(Head::Table) => break,
                _ => {}
            }
            if tail.as_ref().is_some_and(|tail| tail.table == offset) {
                break;
            }
            unbroken = false;
            match self.next_head(offset + 1)? {
                Some(next) => offset = next,
                None => break,
            }
        }
        let damage = if unbroken { Damage::Repaired } else { Damage::Incomplete };
        Ok((segments, Some(damage)))
    }

    /// The next offset at or after this one where a sound head begins.
    fn next_head(&self, from: u64) -> io::Result<Option<u64>> {
        const WINDOW: usize = 64 * 1024;
        let mut start = from;
        while start < self.length {
            let window = self.bytes(start, WINDOW)?;
            for at in memchr_all(&window, &layout::HEAD_MAGIC) {
                let offset = start + at as u64;
                if self.head(offset)?.is_some() {
                    return Ok(Some(offset));
                }
            }
            // The next window begins so that a magic across the border is seen.
            start += (WINDOW - layout::HEAD_MAGIC.len() + 1) as u64;
        }
        Ok(None)
    }

    fn head(&self, offset: u64) -> io::Result<Option<Head>> {
        Ok(layout::read_head(&self.bytes(offset, HEAD_BYTES)?, offset))
    }

    /// Up to `count` bytes, fewer at the end of the file.
    fn bytes(&self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; count.min(left)];
        if !read_exact(self.file, &mut bytes, offset)? {
            bytes.clear();
        }
        Ok(bytes)
    }
}

fn memchr_all<'a>(window: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    window
        .windows(needle.len())
        .enumerate()
        .filter(move |(_, found)| *found == needle)
        .map(|(at, _)| at)
}

fn end_of(place: &SegmentPlace) -> u64 {
    place.offset.saturating_add(HEAD_BYTES as u64).saturating_add(u64::from(place.stored))
}

/// Fills the buffer; `false` when the file ends before that.
fn read_exact(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => return Ok(false),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
