//! Every sound record in the files of a store, found one by one whatever is damaged around it: for those
//! who write a whole store anew.
//!
//! Small records are in memory, in the order in which they were written. Of content only the places
//! are, as archives say them without being unpacked; reading one tells whether it is sound. Changes
//! nothing, and believes no table that was made of the same files.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        self, Entry, Kept, StoredEntry,
        archive::{Archive, ArchiveError, Damage, SegmentKind, SegmentPlace},
        cut,
        disk::{self, Disk},
        files::StoreFile,
        journal,
        payload::{self, Authors, Change},
        record::{self, FileKey, HEAD, Record, RecordKind},
        recovery::OpenError,
        scan::{self, Item},
    },
};

/// What was found.
pub(crate) struct Gathered<'a> {
    disk: &'a dyn Disk,
    /// Small records in the order in which they were written.
    pub(crate) small: Vec<Small>,
    /// Content of each document.
    pub(crate) content: BTreeMap<DocumentId, Content>,
    /// What is wrong with the files, a sentence each.
    pub(crate) flaws: Vec<String>,
    /// Names that are left of damaged records.
    pub(crate) names: HashMap<DocumentId, DocumentName>,
    /// Documents of which something is lost, by what is left of it.
    pub(crate) hurt: Vec<DocumentId>,
    /// Whether something is lost of which nobody knows whose it was.
    pub(crate) unknown: bool,
    open: Option<Open>,
}

/// A small record.
pub(crate) struct Small {
    /// It.
    pub(crate) record: Record,
    /// The moment of what was written last before it, as far as that says when it was.
    pub(crate) after: Timestamp,
}

impl Small {
    /// What it says of where a document's past begins, if it is that record.
    pub(crate) fn past_of(&self, id: DocumentId) -> Option<Kept> {
        if self.record.document != id || self.record.kind != RecordKind::Keyed {
            return None;
        }
        match Change::decode(&self.record, &mut Authors::default()) {
            Ok(Change::Keyed { key, value: Some(value), revision }) if *key == *cut::KEY => {
                Kept::read(&storage::Record { revision, value })
            }
            _ => None,
        }
    }
}

/// Where a document's content lies.
#[derive(Default)]
pub(crate) struct Content {
    /// Runs of entries, in the order in which they were found.
    pub(crate) entries: Vec<Piece>,
    /// States that are kept of moments.
    pub(crate) bases: Vec<Piece>,
    /// The largest seq that anything says of it.
    pub(crate) told: Seq,
}

/// A run of entries, or a state.
#[derive(Clone)]
pub(crate) struct Piece {
    /// The first one's seq.
    pub(crate) first: Seq,
    /// The last one's.
    pub(crate) last: Seq,
    path: PathBuf,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Journal(FileKey, journal::Place),
    Archive(SegmentPlace),
}

/// The file that was read last.
enum Open {
    Journal(PathBuf, Box<dyn disk::DiskFile>),
    Archive(PathBuf, Archive),
}

impl<'a> Gathered<'a> {
    /// Looks through these files, in order. Of those in `beside` only content is taken: others stand for
    /// them.
    ///
    /// # Errors
    /// When the disk refuses, or a file is of a newer format.
    pub(crate) fn from(
        disk: &'a dyn Disk,
        files: &[(StoreFile, PathBuf)],
        beside: &[(StoreFile, PathBuf)],
    ) -> Result<Self, OpenError> {
        let mut gathered = Self {
            disk,
            small: Vec::new(),
            content: BTreeMap::new(),
            flaws: Vec::new(),
            names: HashMap::new(),
            hurt: Vec::new(),
            unknown: false,
            open: None,
        };
        let mut seen = Timestamp(0);
        let newest = files.last().map(|(file, _)| file);
        for (file, path) in files {
            match file {
                StoreFile::Archive(_) => gathered.archive(path, Some(&mut seen))?,
                StoreFile::Journal(number) => {
                    let newest = newest == Some(file);
                    gathered.journal(*number, path, newest, Some(&mut seen))?;
                }
            }
        }
        for (file, path) in beside {
            match file {
                StoreFile::Archive(_) => gathered.archive(path, None)?,
                StoreFile::Journal(number) => gathered.journal(*number, path, false, None)?,
            }
        }
        Ok(gathered)
    }

    fn archive(&mut self, path: &Path, seen: Option<&mut Timestamp>) -> Result<(), OpenError> {
        let archive = match Archive::open(self.disk, path) {
            Err(error) if is_local(&error) => {
                self.unknown(seen.is_some(), error.to_string());
                return Ok(());
            }
            archive => archive?,
        };
        if archive.damage() == Some(Damage::Incomplete) {
            let flaw = format!("{} lost its table and some of what it holds", path.display());
            self.unknown(seen.is_some(), flaw);
        }
        let segments = archive.footer().segments.clone();
        if let Some(seen) = seen {
            for place in segments.iter().filter(|place| place.kind == SegmentKind::Meta) {
                match archive.read_segment(place) {
                    Ok(records) => records.into_iter().for_each(|it| self.note(it, seen)),
                    Err(error) if is_local(&error) => self.unknown(true, error.to_string()),
                    Err(error) => return Err(error.into()),
                }
            }
            let content = segments.iter().filter(|place| place.kind.is_content());
            *seen = content.map(|place| place.time).max().unwrap_or(*seen);
        }
        for place in segments {
            let content = self.content.entry(place.document);
            let (first, last) = (place.first, place.last);
            let (path, kind) = (path.to_owned(), place.kind);
            let piece = Piece { first, last, path, place: Place::Archive(place) };
            match kind {
                SegmentKind::Content => content.or_default().entries.push(piece),
                SegmentKind::Base => content.or_default().bases.push(piece),
                SegmentKind::Meta | SegmentKind::Spare => continue,
            }
        }
        Ok(())
    }

    fn journal(
        &mut self,
        number: u64,
        path: &Path,
        newest: bool,
        mut seen: Option<&mut Timestamp>,
    ) -> Result<(), OpenError> {
        let file = self.disk.open(path, false).map_err(OpenError::disk("open", path))?;
        let read = disk::read_what_there_is(&*file).map_err(OpenError::disk("read", path))?;
        let bytes = Bytes::from(read.bytes);
        let scan = scan::scan(number, &bytes, newest && read.whole, None);
        let counts = seen.is_some();
        for item in scan.items {
            match item {
                Item::Damage(damage) if counts => self.damage(&damage),
                Item::Damage(_) => {}
                Item::Record(place, record) if record.kind.is_content() => {
                    if let Some(seen) = &mut seen {
                        **seen = payload::measure(&record).map_or(**seen, |(time, _)| time);
                    }
                    let Some(header) = scan.header else { continue };
                    let content = self.content.entry(record.document).or_default();
                    let place = Place::Journal(header.key, place);
                    let (first, last, path) = (record.seq, record.seq, path.to_owned());
                    let piece = Piece { first, last, path, place };
                    match SegmentKind::of(&record) {
                        SegmentKind::Base => content.bases.push(piece),
                        _ => content.entries.push(piece),
                    }
                }
                Item::Record(_, record) => {
                    if let Some(seen) = &mut seen {
                        self.note(record, seen);
                    }
                }
            }
        }
        for (id, (_, last)) in scan.roll.unwrap_or_default() {
            let content = self.content.entry(id).or_default();
            content.told = content.told.max(last);
        }
        Ok(())
    }

    fn note(&mut self, record: Record, seen: &mut Timestamp) {
        let content = self.content.entry(record.document).or_default();
        content.told = content.told.max(record.seq);
        let after = *seen;
        match Change::decode(&record, &mut Authors::default()) {
            Ok(
                Change::Create { time, .. }
                | Change::Rename { time, .. }
                | Change::Delete { time, .. },
            ) => *seen = time,
            Ok(_) => {}
            Err(error) => {
                self.flaws.push(format!("a small record of {}: {error}", record.document));
                self.hurt.push(record.document);
                return;
            }
        }
        // The bytes are part of a whole file, which must not live as long as they.
        let payload = Bytes::copy_from_slice(&record.payload);
        self.small.push(Small { record: Record { payload, ..record }, after });
    }

    fn damage(&mut self, damage: &scan::Damage) {
        let scan::Damage { file, offset, bytes, documents, complete } = damage;
        let flaw = match bytes {
            0 => format!("something is missing at {offset} of journal file {file}"),
            _ => format!("{bytes} bytes at {offset} of journal file {file} are damaged"),
        };
        self.flaws.push(flaw);
        self.unknown |= !complete;
        for (id, name) in documents {
            self.hurt.push(*id);
            self.content.entry(*id).or_default();
            if let Some(name) = name {
                self.names.insert(*id, name.clone());
            }
        }
    }

    fn unknown(&mut self, counts: bool, flaw: String) {
        if counts {
            self.flaws.push(flaw);
            self.unknown = true;
        }
    }

    /// Reads the records of a piece.
    ///
    /// # Errors
    /// Why they cannot be read, a sentence for people. It is not told whether the disk or the bytes are
    /// at fault: they are not to be had.
    pub(crate) fn records(&mut self, piece: &Piece) -> Result<Vec<Record>, String> {
        let path = &piece.path;
        match &piece.place {
            Place::Archive(place) => {
                if !matches!(&self.open, Some(Open::Archive(open, _)) if open == path) {
                    let archive = Archive::open(self.disk, path).map_err(|it| it.to_string())?;
                    self.open = Some(Open::Archive(path.clone(), archive));
                }
                let Some(Open::Archive(_, archive)) = &self.open else { return Ok(Vec::new()) };
                archive.read_segment(place).map_err(|error| error.to_string())
            }
            Place::Journal(key, place) => {
                let unreadable = |error| format!("cannot read {}: {error}", path.display());
                if !matches!(&self.open, Some(Open::Journal(open, _)) if open == path) {
                    let file = self.disk.open(path, false).map_err(unreadable)?;
                    self.open = Some(Open::Journal(path.clone(), file));
                }
                let Some(Open::Journal(_, file)) = &self.open else { return Ok(Vec::new()) };
                let bytes = disk::read_range(&**file, place.offset, place.bytes as usize);
                let bytes = Bytes::from(bytes.map_err(unreadable)?);
                let at = place.offset;
                let head = record::head_at(*key, &bytes, at, at)
                    .filter(|head| record::is_whole(*key, &bytes, at, at, head));
                let found = head
                    .and_then(|head| head.record(bytes.slice(HEAD..HEAD + head.length as usize)));
                found
                    .map(|record| vec![record])
                    .ok_or_else(|| format!("the record at {at} of {} is damaged", path.display()))
            }
        }
    }

    /// Reads the entries of a piece, or its state.
    ///
    /// # Errors
    /// As [`Gathered::records`].
    pub(crate) fn entries(
        &mut self,
        piece: &Piece,
        authors: &mut Authors,
    ) -> Result<Vec<StoredEntry>, String> {
        let entry = |record: Record| match Change::decode(&record, authors) {
            Ok(Change::Entry(entry) | Change::Base(entry)) => {
                let update = Bytes::copy_from_slice(&entry.update);
                Ok(StoredEntry { seq: record.seq, entry: Entry { update, ..entry } })
            }
            Ok(_) => Err("a record that is no entry is among entries".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        self.records(piece)?.into_iter().map(entry).collect()
    }
}

/// Whether an archive's error concerns what is in it rather than the whole store.
fn is_local(error: &ArchiveError) -> bool {
    !matches!(error, ArchiveError::Format { .. })
}
