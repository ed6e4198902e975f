//! What archives promise: what went in comes out, and damage is named, never passed over.

use std::path::Path;

use bytes::Bytes;

use super::*;
use crate::{
    random::{Random, SeededRandom},
    storage::{
        disk::{Disk, DiskFile},
        faulty::FaultyDisk,
        record::RecordKind,
    },
};

pub(in crate::storage) const DIRECTORY: &str = "archive";

pub(in crate::storage) fn id(number: u8) -> DocumentId {
    DocumentId::from_bytes([number; 16])
}

/// The first eight bytes of a test's payload are its time, all bytes count as document.
pub(in crate::storage) fn measure(record: &Record) -> (Timestamp, u64) {
    let time = record.payload.first_chunk().map_or(0, |time| u64::from_le_bytes(*time));
    (Timestamp(time), record.payload.len() as u64)
}

/// A journal of documents 1 to 4 that goes on where `seqs` left off. Some payloads compress well,
/// some not at all.
pub(in crate::storage) fn journal(
    random: &dyn Random,
    seqs: &mut [u64; 5],
    count: usize,
    payload: u64,
) -> Vec<Record> {
    (0..count)
        .map(|_| {
            let document = 1 + usize::try_from(random.below(4)).unwrap();
            let kind = match random.below(10) {
                0 => RecordKind::Rename,
                1 => RecordKind::Keyed,
                _ => RecordKind::Entry,
            };
            if kind.is_content() {
                seqs[document] += 1;
            }
            let mut bytes = vec![7; usize::try_from(random.below(payload)).unwrap()];
            if random.below(2) == 0 {
                random.fill(&mut bytes);
            }
            Record {
                kind,
                document: id(u8::try_from(document).unwrap()),
                seq: Seq(seqs[document]),
                payload: bytes.into(),
            }
        })
        .collect()
}

/// What an archive holds, as a reader of one document and of the rest would see it.
pub(in crate::storage) fn contents(archive: &Archive) -> Result<Vec<Record>, ArchiveError> {
    let mut records = archive.meta_records()?;
    for place in &archive.footer().segments {
        if place.kind.is_content() {
            records.extend(archive.read_segment(place)?);
        }
    }
    Ok(records)
}

/// The order in which [`contents`] gives the records of a journal.
pub(in crate::storage) fn grouped(records: &[Record]) -> Vec<Record> {
    let mut grouped: Vec<_> =
        records.iter().filter(|record| !record.kind.is_content()).cloned().collect();
    let mut content: Vec<_> =
        records.iter().filter(|record| record.kind.is_content()).cloned().collect();
    content.sort_by_key(|record| record.document);
    grouped.extend(content);
    grouped
}

fn write(disk: &FaultyDisk, records: &[Record]) -> ArchiveFooter {
    write_archive(disk, Path::new(DIRECTORY), 3..=5, records.to_vec(), &measure).unwrap()
}

/// A disk with nothing but an archive of these bytes.
fn holding(bytes: &[u8]) -> FaultyDisk {
    FaultyDisk::with_files(&[(path(), bytes.to_vec())].into())
}

fn path() -> PathBuf {
    Path::new(DIRECTORY).join("00000003-00000005.arc")
}

#[test]
fn what_is_written_is_read_back_grouped_by_document() {
    for seed in 0..20 {
        let random = SeededRandom::new(seed);
        let disk = FaultyDisk::new();
        let payload = if seed % 2 == 0 { 60 } else { 400_000 };
        let records = journal(&random, &mut [0; 5], 30, payload);
        let footer = write(&disk, &records);
        let archive = Archive::open(&disk, &path()).unwrap();
        assert_eq!(archive.footer(), &footer);
        assert_eq!(archive.damage(), None);
        assert_eq!(contents(&archive).unwrap(), grouped(&records), "seed {seed}");
        assert!(archive.verify().unwrap().is_empty());
        assert_eq!(disk.list(Path::new(DIRECTORY)).unwrap(), [path()]);
    }
}

#[test]
fn an_archive_without_records_is_sound() {
    let disk = FaultyDisk::new();
    assert!(write(&disk, &[]).segments.is_empty());
    assert!(Archive::open(&disk, &path()).unwrap().verify().unwrap().is_empty());
}

#[test]
fn segments_stay_near_their_size_and_a_larger_record_stands_alone() {
    let record = |seq, bytes: usize| Record {
        kind: RecordKind::Entry,
        document: id(1),
        seq: Seq(seq),
        payload: Bytes::from(vec![1; bytes]),
    };
    let disk = FaultyDisk::new();
    let records =
        [record(1, 10), record(2, 3 * SEGMENT_BYTES), record(3, 600_000), record(4, 600_000)];
    let footer = write(&disk, &records);
    let seqs: Vec<_> = footer.segments.iter().map(|place| (place.first.0, place.last.0)).collect();
    assert_eq!(seqs, [(1, 1), (2, 2), (3, 3), (4, 4)]);
    let bytes: u64 = footer.segments.iter().map(|place| place.bytes).sum();
    assert_eq!(bytes, 10 + 3 * (1 << 20) + 1_200_000);
}

#[test]
fn every_flipped_byte_is_harmless_or_named() {
    let disk = FaultyDisk::new();
    let records = journal(&SeededRandom::new(7), &mut [0; 5], 40, 60);
    write(&disk, &records);
    let whole = disk.files()[&path()].clone();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let disk = holding(&bytes);
        let archive = Archive::open(&disk, &path()).unwrap();
        assert_ne!(archive.damage(), Some(Damage::Incomplete), "byte {at}");
        assert!(!archive.verify().unwrap().is_empty(), "byte {at} was not missed");
        let mut damaged = 0;
        for place in &archive.footer().segments {
            match archive.read_segment(place) {
                Ok(found) => {
                    let expected: Vec<_> = grouped(&records)
                        .into_iter()
                        .filter(|record| match place.kind {
                            SegmentKind::Meta | SegmentKind::Spare => !record.kind.is_content(),
                            SegmentKind::Content | SegmentKind::Base => {
                                record.kind.is_content() && record.document == place.document
                            }
                        })
                        .collect();
                    assert_eq!(found, expected, "byte {at}");
                }
                Err(ArchiveError::Segment { document, .. }) => {
                    damaged += 1;
                    assert_eq!(document.is_some(), place.kind.is_content());
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
        assert!(damaged <= 1, "byte {at} concerns one document");
        assert_eq!(archive.footer().segments.len(), 6, "byte {at}");
        assert!(archive.meta_records().is_ok(), "byte {at}: what names it holds is there twice");
    }
}

#[test]
fn a_cut_archive_is_incomplete_and_what_is_left_of_it_is_right() {
    let disk = FaultyDisk::new();
    let records = journal(&SeededRandom::new(8), &mut [0; 5], 40, 60);
    write(&disk, &records);
    let whole = disk.files()[&path()].clone();
    let all = Archive::open(&disk, &path()).unwrap().into_footer().segments;
    for length in 0..whole.len() {
        let disk = holding(&whole[..length]);
        let archive = Archive::open(&disk, &path()).unwrap();
        let found = &archive.footer().segments;
        assert!(archive.damage().is_some(), "cut to {length}");
        assert_eq!(found[..], all[..found.len()], "cut to {length}");
        assert!(
            archive.damage() == Some(Damage::Incomplete) || found.len() == all.len(),
            "cut to {length}"
        );
        assert!(found.iter().all(|place| archive.read_segment(place).is_ok()));
    }
}

#[test]
fn scrambled_archives_give_errors_or_the_truth() {
    let disk = FaultyDisk::new();
    let records = journal(&SeededRandom::new(9), &mut [0; 5], 60, 200);
    write(&disk, &records);
    let whole = disk.files()[&path()].clone();
    for seed in 0..500 {
        let random = SeededRandom::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..=random.below(4) {
            let start = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            let end = bytes.len().min(start + usize::try_from(random.below(300)).unwrap());
            random.fill(&mut bytes[start..end]);
        }
        let disk = holding(&bytes);
        let archive = Archive::open(&disk, &path()).unwrap();
        for place in &archive.footer().segments {
            if let Ok(found) = archive.read_segment(place) {
                assert!(found.iter().all(|record| records.contains(record)), "seed {seed}");
            }
        }
    }
}

#[test]
fn a_size_that_lies_reserves_nothing() {
    let stored = layout::pack(&[0; 1000]).unwrap();
    assert!(layout::unpack(&stored, 1000).is_ok());
    assert!(layout::unpack(&stored, 999).is_err());
    assert!(layout::unpack(&stored, u32::MAX).is_err());
    let mut table =
        layout::tail(&layout::Tail { range: 1..=1, table: 40, segments: u32::MAX, checksum: 0 });
    let mut bytes = layout::header(&(1..=1));
    bytes.append(&mut table);
    let disk = holding(&bytes);
    let archive = Archive::open(&disk, &path()).unwrap();
    assert_eq!(archive.damage(), Some(Damage::Incomplete));
}

#[test]
fn a_newer_format_is_refused_by_its_number() {
    let disk = FaultyDisk::new();
    write(&disk, &[]);
    let mut bytes = disk.files()[&path()].clone();
    bytes[8] = 2;
    let sum = crc32fast::hash(&bytes[..28]).to_le_bytes();
    bytes[28..32].copy_from_slice(&sum);
    let disk = holding(&bytes);
    let error = Archive::open(&disk, &path()).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("{} has format 2, this version reads up to 1", path().display())
    );
}

#[test]
fn a_crash_while_writing_leaves_all_of_the_archive_or_nothing_under_its_name() {
    let records = journal(&SeededRandom::new(10), &mut [0; 5], 40, 60);
    let directory = Path::new(DIRECTORY);
    let (mut before_the_end, mut operation) = (0, 1);
    loop {
        let mut done = false;
        for seed in 0..8 {
            let disk = FaultyDisk::new();
            disk.set(|faults| faults.power_off_at = Some(operation));
            let result = write_archive(&disk, directory, 3..=5, records.clone(), &measure);
            done = result.is_ok();
            disk.crash(&SeededRandom::new(seed));
            let there = disk.files().contains_key(&path());
            assert!(there || !done, "what was reported durable is there");
            if there {
                before_the_end += u32::from(!done);
                let archive = Archive::open(&disk, &path()).unwrap();
                assert_eq!(contents(&archive).unwrap(), grouped(&records), "at {operation}");
            }
            write_archive(&disk, directory, 3..=5, records.clone(), &measure).unwrap();
            let paths: Vec<_> = disk.files().into_keys().collect();
            assert_eq!(paths, [path()], "another attempt succeeds");
        }
        if done {
            break;
        }
        operation += 1;
    }
    assert!(before_the_end > 0, "the sweep saw a rename that was not yet synced");
}

/// Flips a bit of one byte whenever it is read.
struct Rotten {
    disk: FaultyDisk,
    at: u64,
}

struct RottenFile {
    file: Box<dyn DiskFile>,
    at: u64,
}

impl DiskFile for RottenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.file.read_at(buffer, offset)?;
        if (offset..offset + count as u64).contains(&self.at) {
            buffer[usize::try_from(self.at - offset).unwrap()] ^= 1;
        }
        Ok(count)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.file.reserve(bytes)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

impl Disk for Rotten {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.disk.create(path)
    }
    fn open(&self, path: &Path, write: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RottenFile { file: self.disk.open(path, write)?, at: self.at }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.disk.list(directory)
    }
    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        self.disk.create_dir(directory)
    }
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.disk.sync_dir(directory)
    }
}

#[test]
fn a_disk_that_gives_other_bytes_back_is_noticed_before_the_rename() {
    let records = journal(&SeededRandom::new(11), &mut [0; 5], 40, 60);
    let length = write(&FaultyDisk::new(), &records).length;
    for at in 0..length {
        let rotten = Rotten { disk: FaultyDisk::new(), at };
        let directory = Path::new(DIRECTORY);
        let result = write_archive(&rotten, directory, 3..=5, records.clone(), &measure);
        let error = result.expect_err("what is read is not what was written");
        assert!(error.to_string().starts_with("failed to read back"), "byte {at}: {error}");
        assert!(rotten.disk.files().is_empty(), "the attempt gives its space back");
    }
}

#[test]
fn a_head_is_one_only_where_it_says_it_is() {
    let disk = FaultyDisk::new();
    let records = journal(&SeededRandom::new(12), &mut [0; 5], 40, 60);
    let place = &write(&disk, &records).segments[1];
    let head = layout::head(place);
    assert!(layout::read_head(&head, place.offset).is_some());
    assert!(layout::read_head(&head, place.offset + 1).is_none());
}

#[test]
fn only_our_own_file_names_are_taken_for_archives() {
    let range = |name: &str| parse_file_name(Path::new(name));
    assert_eq!(range("a/00000003-00000005.arc"), Some(3..=5));
    assert_eq!(range("123456789-123456790.arc"), Some(123_456_789..=123_456_790));
    for other in ["00000005-00000003.arc", "3-5.arc", "+0000003-00000005.arc", "x.arc", "a.log"] {
        assert_eq!(range(other), None, "{other}");
    }
    assert_eq!(range("00000003-00000005.arc.tmp"), None);
}
