//! What merging promises: the same records, whatever happens on the way.

use std::path::{Path, PathBuf};

use super::*;
use crate::{
    random::SeededRandom,
    storage::{
        archive::{
            Archive, ArchiveError, SegmentKind, file_name,
            tests::{DIRECTORY, contents, grouped, id, journal, measure},
            write_archive,
        },
        faulty::{Faults, FaultyDisk},
        leaving::Leaving,
        record::{Record, RecordKind},
    },
};

fn path(range: &std::ops::RangeInclusive<u64>) -> PathBuf {
    Path::new(DIRECTORY).join(file_name(range))
}

fn paths(disk: &FaultyDisk) -> Vec<PathBuf> {
    disk.files().into_keys().collect()
}

/// The same disk with other bytes in one file.
fn with(disk: &FaultyDisk, path: &Path, bytes: Vec<u8>) -> FaultyDisk {
    let mut files = disk.files();
    files.insert(path.to_owned(), bytes);
    FaultyDisk::with_files(&files)
}

/// Archives 1 to 4, and all of their records in the order of the journal.
fn four_archives(seed: u64, payload: u64) -> (FaultyDisk, Vec<Record>) {
    let disk = FaultyDisk::new();
    let (random, mut seqs, mut all) = (SeededRandom::new(seed), [0; 5], Vec::new());
    for number in 1..=4 {
        let records = journal(&random, &mut seqs, 20, payload);
        all.extend(records.clone());
        write_archive(&disk, Path::new(DIRECTORY), number..=number, records, &measure).unwrap();
    }
    (disk, all)
}

/// Everything in the directory as a reader sees it after cleaning up.
fn read_all(disk: &FaultyDisk) -> Result<(Vec<Record>, CleanUp), ArchiveError> {
    let cleaned = clean_up(disk, Path::new(DIRECTORY))?;
    let mut records = Vec::new();
    for range in &cleaned.archives {
        records.extend(contents(&Archive::open(disk, &path(range))?)?);
    }
    Ok((grouped(&records), cleaned))
}

#[test]
fn a_merged_archive_is_the_concatenation_with_small_segments_joined() {
    for (seed, payload) in [(1, 60), (2, 60), (3, 300_000), (4, 300_000), (5, 1_500_000)] {
        let (disk, all) = four_archives(seed, payload);
        let footer =
            merge(&disk, Path::new(DIRECTORY), &(1..=4), &Leaving::nothing(), &measure).unwrap();
        let archive = Archive::open(&disk, &path(&(1..=4))).unwrap();
        assert_eq!(contents(&archive).unwrap(), grouped(&all), "seed {seed}");
        assert_eq!(footer, *archive.footer());
        if payload == 60 {
            assert_eq!(footer.segments.len(), 6);
        }
        let bytes: u64 = footer.segments.iter().map(|place| place.bytes).sum();
        let expected: usize = all
            .iter()
            .filter(|record| record.kind.is_content())
            .map(|record| record.payload.len())
            .sum();
        assert_eq!(bytes, expected as u64);
        retire(&disk, Path::new(DIRECTORY), &(1..=4)).unwrap();
        assert_eq!(paths(&disk), [path(&(1..=4))]);
    }
}

#[test]
fn merging_drops_what_deleted_documents_said_and_keeps_that_they_were() {
    let (disk, mut all) = four_archives(6, 60);
    let tombstone = Record {
        kind: RecordKind::Delete,
        document: id(2),
        seq: crate::ids::Seq(9),
        payload: vec![0; 8].into(),
    };
    write_archive(&disk, Path::new(DIRECTORY), 5..=5, vec![tombstone.clone()], &measure).unwrap();
    all.push(tombstone);
    merge(&disk, Path::new(DIRECTORY), &(1..=5), &Leaving::of_ended([id(2)].into()), &measure)
        .unwrap();
    all.retain(|record| {
        record.document != id(2) || matches!(record.kind, RecordKind::Rename | RecordKind::Delete)
    });
    assert_eq!(read_all(&disk).unwrap().0, grouped(&all));
    assert_eq!(paths(&disk), [path(&(1..=5))]);
}

#[test]
fn a_damaged_archive_is_never_merged() {
    let (disk, _) = four_archives(8, 60);
    let whole = disk.files()[&path(&(3..=3))].clone();
    let footer = Archive::open(&disk, &path(&(3..=3))).unwrap().into_footer();
    let content = footer.segments.iter().find(|place| place.kind == SegmentKind::Content).unwrap();
    let inside = usize::try_from(content.offset).unwrap() + 90;
    for at in [inside, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let disk = with(&disk, &path(&(3..=3)), bytes);
        let result = merge(&disk, Path::new(DIRECTORY), &(1..=4), &Leaving::nothing(), &measure);
        assert!(result.is_err_and(|error| error.is_damage()));
        assert!(!paths(&disk).contains(&path(&(1..=4))));
    }
}

#[test]
fn neither_a_range_with_a_gap_nor_a_single_archive_is_merged() {
    let (disk, _) = four_archives(9, 60);
    for range in [0..=4, 1..=5, 7..=9, 2..=2] {
        assert!(merge(&disk, Path::new(DIRECTORY), &range, &Leaving::nothing(), &measure).is_err());
    }
}

/// Cuts the power at every operation of a merge, and again soon after in the cleaning up. Gives how
/// often something was lost, and how many crashes there were.
fn sweep(lie: impl Fn(&mut Faults)) -> (u32, u32) {
    let (mut lost, mut crashes, mut operation) = (0, 0, 1);
    let (start, all) = four_archives(10, 60);
    let (files, expected) = (start.files(), grouped(&all));
    let directory = Path::new(DIRECTORY);
    loop {
        let mut done = false;
        for seed in 0..8 {
            let disk = FaultyDisk::with_files(&files);
            let random = SeededRandom::new(seed);
            disk.set(|faults| {
                lie(faults);
                faults.power_off_at = Some(operation);
            });
            done = merge(&disk, directory, &(1..=4), &Leaving::nothing(), &measure)
                .and_then(|_| retire(&disk, directory, &(1..=4)))
                .is_ok();
            disk.crash(&random);
            for steps in 1..4 {
                let off = disk.operations() + steps;
                disk.set(|faults| faults.power_off_at = Some(off));
                if clean_up(&disk, directory).is_ok() {
                    break;
                }
                disk.crash(&random);
            }
            disk.set(|faults| faults.power_off_at = None);
            crashes += 1;
            let found = read_all(&disk).ok();
            let cleaned = found.as_ref().map(|(_, cleaned)| cleaned.archives.clone());
            let whole = found
                .is_some_and(|(found, cleaned)| found == expected && cleaned.problems.is_empty());
            lost += u32::from(!whole);
            let again = read_all(&disk).ok().map(|(_, cleaned)| cleaned.archives);
            assert_eq!(again, cleaned, "cleaning again changes nothing");
        }
        if done {
            return (lost, crashes);
        }
        operation += 1;
    }
}

#[test]
fn a_crash_at_any_step_of_merging_leaves_the_old_or_the_new() {
    let (lost, crashes) = sweep(|_| ());
    assert_eq!(lost, 0, "of {crashes} crashes");
    assert!(crashes > 100);
}

#[test]
fn the_crash_sweep_fails_on_a_disk_that_ignores_syncs() {
    assert!(sweep(|faults| faults.ignore_sync = true).0 > 0);
}

#[test]
fn a_damaged_merged_archive_gives_way_to_the_sound_ones_it_was_made_from() {
    let (disk, all) = four_archives(11, 60);
    merge(&disk, Path::new(DIRECTORY), &(1..=4), &Leaving::nothing(), &measure).unwrap();
    let mut bytes = disk.files()[&path(&(1..=4))].clone();
    bytes[130] ^= 1;
    let disk = with(&disk, &path(&(1..=4)), bytes);
    let (found, cleaned) = read_all(&disk).unwrap();
    assert_eq!(found, grouped(&all));
    assert_eq!(cleaned.archives, [1..=1, 2..=2, 3..=3, 4..=4]);
    assert_eq!(cleaned.problems.len(), 1);
    assert!(paths(&disk).contains(&PathBuf::from("archive/00000001-00000004.arc.damaged")));
}

#[test]
fn nothing_is_removed_when_neither_the_old_nor_the_new_is_whole() {
    let (mut disk, _) = four_archives(12, 60);
    merge(&disk, Path::new(DIRECTORY), &(1..=4), &Leaving::nothing(), &measure).unwrap();
    for range in [1..=4, 2..=2] {
        let mut bytes = disk.files()[&path(&range)].clone();
        bytes[130] ^= 1;
        disk = with(&disk, &path(&range), bytes);
    }
    let before = paths(&disk);
    let cleaned = clean_up(&disk, Path::new(DIRECTORY)).unwrap();
    assert_eq!(cleaned.archives, [1..=4]);
    assert_eq!(cleaned.problems.len(), 1);
    assert_eq!(paths(&disk), before);
}
