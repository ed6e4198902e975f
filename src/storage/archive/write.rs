//! Writes an archive: beside its final name first, synced, read back, and only then renamed.
//!
//! Decides how records become segments. Knows nothing of why an archive is written.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    storage::{
        disk::{Disk, DiskFile, read_range},
        record::Record,
    },
};

use super::{
    Archive, ArchiveError, ArchiveFooter, Measure, SEGMENT_BYTES, SegmentKind, SegmentPlace,
    file_name,
    layout::{self, Tail},
};

/// Rewrites the records of journal files as one archive: what is not content first, then each
/// document's content in the order of the journal.
///
/// When it returns, the archive is durable under its name and was read back; an archive of the same
/// range is replaced.
///
/// # Errors
/// When the disk fails or gives back other bytes than were written. Nothing is left then but perhaps
/// a `.tmp` file, which the next attempt or [`crate::storage::seal::clean_up`] removes.
pub fn write_archive(
    disk: &dyn Disk,
    directory: &Path,
    range: RangeInclusive<u64>,
    records: Vec<Record>,
    measure: &Measure,
) -> Result<ArchiveFooter, ArchiveError> {
    let mut writer = ArchiveWriter::begin(disk, directory, range, measure)?;
    let mut documents: BTreeMap<DocumentId, Vec<Record>> = BTreeMap::new();
    for record in records {
        if record.kind.is_content() {
            documents.entry(record.document).or_default().push(record);
        } else {
            writer.push(record)?;
        }
    }
    for record in documents.into_values().flatten() {
        writer.push(record)?;
    }
    writer.finish()
}

/// An archive on its way to the disk. Holds one unfinished segment and the table in memory.
pub struct ArchiveWriter<'a> {
    disk: &'a dyn Disk,
    measure: &'a Measure,
    file: Box<dyn DiskFile>,
    directory: &'a Path,
    unfinished: PathBuf,
    range: RangeInclusive<u64>,
    offset: u64,
    run: Option<Run>,
    written: Vec<Written>,
    named: bool,
}

/// A segment that is on the disk, and what it must unpack to if that was ever in this memory.
struct Written {
    place: SegmentPlace,
    raw_checksum: Option<u32>,
}

/// A segment that still grows. Offset, sizes and checksum of its place are filled in at its end.
struct Run {
    place: SegmentPlace,
    raw: Vec<u8>,
}

impl<'a> ArchiveWriter<'a> {
    /// Starts the archive of this range in a directory that exists.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(
        disk: &'a dyn Disk,
        directory: &'a Path,
        range: RangeInclusive<u64>,
        measure: &'a Measure,
    ) -> Result<Self, ArchiveError> {
        let unfinished = directory.join(file_name(&range) + ".tmp");
        let stale = disk.list(directory).map_err(ArchiveError::io("list", directory))?;
        if stale.contains(&unfinished) {
            disk.remove(&unfinished).map_err(ArchiveError::io("remove", &unfinished))?;
        }
        let file = disk.create(&unfinished).map_err(ArchiveError::io("create", &unfinished))?;
        let mut writer = Self {
            disk,
            measure,
            file,
            directory,
            unfinished,
            range,
            offset: 0,
            run: None,
            written: Vec::new(),
            named: false,
        };
        writer.put(&layout::header(&writer.range))?;
        Ok(writer)
    }

    /// Adds a record. All records of a document's content come one after the other, in the order of
    /// their seqs; records that are not content come in the order of the journal.
    ///
    /// # Errors
    /// When the disk fails, or the record is larger than the format can say.
    pub fn push(&mut self, record: Record) -> Result<(), ArchiveError> {
        // A payload, its length, a seq, an id and a kind.
        let bytes = record.payload.len() + 40;
        if u32::try_from(bytes).is_err() {
            return Err(ArchiveError::TooLarge { document: record.document, bytes });
        }
        if self.run.as_ref().is_some_and(|run| !run.takes(&record, bytes)) {
            self.end_segment()?;
        }
        let run = self.run.get_or_insert_with(|| Run::of(&record));
        if record.kind.is_content() {
            let (time, bytes) = (self.measure)(&record);
            run.place.last = record.seq;
            run.place.time = time;
            run.place.bytes = run.place.bytes.saturating_add(bytes);
        }
        run.place.count += 1;
        layout::put_record(&mut run.raw, run.place.kind, &record);
        Ok(())
    }

    /// Takes a whole segment over from another archive as it is stored there, without unpacking it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn copy(&mut self, place: &SegmentPlace, stored: &[u8]) -> Result<(), ArchiveError> {
        self.end_segment()?;
        self.put_segment(SegmentPlace { offset: self.offset, ..place.clone() }, stored, None)
    }

    /// Bytes that were written, without those of the segment that is not finished.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.offset
    }

    /// Ends the segment that records are being added to.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end_segment(&mut self) -> Result<(), ArchiveError> {
        let Some(Run { mut place, raw }) = self.run.take() else { return Ok(()) };
        let stored = layout::pack(&raw).map_err(ArchiveError::io("compress", &self.unfinished))?;
        place.raw = u32::try_from(raw.len()).expect("push keeps segments below 4 GiB");
        place.stored = u32::try_from(stored.len()).map_err(|_| ArchiveError::TooLarge {
            document: place.document,
            bytes: stored.len(),
        })?;
        place.checksum = crc32fast::hash(&stored);
        place.offset = self.offset;
        self.put_segment(place, &stored, Some(crc32fast::hash(&raw)))
    }

    /// Writes the table, makes everything durable, reads it back and gives the archive its name.
    ///
    /// # Errors
    /// When the disk fails, or what is read back is not what was written.
    pub fn finish(mut self) -> Result<ArchiveFooter, ArchiveError> {
        self.end_segment()?;
        self.put_spares()?;
        let table = layout::table(self.written.iter().map(|written| &written.place));
        let tail = Tail {
            range: self.range.clone(),
            table: self.offset,
            segments: u32::try_from(self.written.len()).expect("a table of 300 GiB was never held"),
            checksum: crc32fast::hash(&table),
        };
        self.put(&layout::table_head(tail.segments, tail.checksum, tail.table))?;
        self.put(&table)?;
        self.put(&layout::tail(&tail))?;
        self.file.sync().map_err(ArchiveError::io("sync", &self.unfinished))?;
        let archive = self.read_back()?;
        let path = self.directory.join(file_name(&self.range));
        self.disk
            .rename(&self.unfinished, &path)
            .map_err(ArchiveError::io("rename", &self.unfinished))?;
        self.named = true;
        self.disk.sync_dir(self.directory).map_err(ArchiveError::io("sync", self.directory))?;
        Ok(archive.into_footer())
    }

    /// Writes every segment of records that are not content once more, behind the content.
    fn put_spares(&mut self) -> Result<(), ArchiveError> {
        for at in 0..self.written.len() {
            let Written { place, raw_checksum } = &self.written[at];
            if place.kind != SegmentKind::Meta {
                continue;
            }
            let spare =
                SegmentPlace { kind: SegmentKind::Spare, offset: self.offset, ..place.clone() };
            let start = place.offset + layout::HEAD_BYTES as u64;
            let raw_checksum = *raw_checksum;
            let stored = read_range(&*self.file, start, place.stored as usize)
                .map_err(ArchiveError::io("read", &self.unfinished))?;
            self.put_segment(spare, &stored, raw_checksum)?;
        }
        Ok(())
    }

    /// What is read back wrongly is the disk's failure; no archive that anybody relies on is damaged.
    fn read_back(&self) -> Result<Archive, ArchiveError> {
        self.compare().map_err(|error| match error {
            io @ ArchiveError::Io { .. } => io,
            other => {
                let source = std::io::Error::new(std::io::ErrorKind::InvalidData, other);
                ArchiveError::io("read back", &self.unfinished)(source)
            }
        })
    }

    fn compare(&self) -> Result<Archive, ArchiveError> {
        let archive = Archive::open(self.disk, &self.unfinished)?;
        let differs = || ArchiveError::File {
            path: self.unfinished.clone(),
            problem: "it is not what was written".to_owned(),
        };
        let places = self.written.iter().map(|written| &written.place);
        let same = archive.damage().is_none()
            && archive.footer().range == self.range
            && archive.footer().segments.iter().eq(places);
        if !same {
            return Err(differs());
        }
        if let Some(damage) = archive.verify_frame()?.into_iter().next() {
            return Err(damage);
        }
        for Written { place, raw_checksum } in &self.written {
            let raw = archive.unpack(place)?;
            let same = raw_checksum.is_none_or(|sum| sum == crc32fast::hash(&raw));
            if !same || layout::read_records(&raw, place).is_err() {
                return Err(differs());
            }
        }
        Ok(archive)
    }

    fn put_segment(
        &mut self,
        place: SegmentPlace,
        stored: &[u8],
        raw_checksum: Option<u32>,
    ) -> Result<(), ArchiveError> {
        self.put(&layout::head(&place))?;
        self.put(stored)?;
        self.written.push(Written { place, raw_checksum });
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.file
            .write_at(bytes, self.offset)
            .map_err(ArchiveError::io("write", &self.unfinished))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for ArchiveWriter<'_> {
    /// Gives the space of an attempt that failed back at once, as a full disk may be why it failed.
    fn drop(&mut self) {
        if !self.named
            && let Err(error) = self.disk.remove(&self.unfinished)
        {
            let path = self.unfinished.display();
            tracing::debug!(%path, %error, "an unfinished archive stays until the next start");
        }
    }
}

impl Run {
    fn of(record: &Record) -> Self {
        let content = record.kind.is_content();
        let place = SegmentPlace {
            kind: SegmentKind::of(record),
            document: if content { record.document } else { DocumentId::from_bytes([0; 16]) },
            first: if content { record.seq } else { Seq(0) },
            last: if content { record.seq } else { Seq(0) },
            count: 0,
            raw: 0,
            stored: 0,
            checksum: 0,
            time: Timestamp(0),
            bytes: 0,
            offset: 0,
        };
        Self { place, raw: Vec::new() }
    }

    fn takes(&self, record: &Record, bytes: usize) -> bool {
        let same = match self.place.kind {
            // A seq that goes back would break the segment's promise of an order.
            SegmentKind::Content => {
                SegmentKind::of(record) == SegmentKind::Content
                    && record.document == self.place.document
                    && record.seq >= self.place.last
            }
            // Whoever reads only the table must find each by itself.
            SegmentKind::Base => false,
            SegmentKind::Meta | SegmentKind::Spare => !record.kind.is_content(),
        };
        same && self.raw.len() + bytes <= SEGMENT_BYTES
    }
}
