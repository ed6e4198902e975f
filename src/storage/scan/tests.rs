//! Torn or damaged: what a scan makes of files that were cut, zeroed and flipped.

use std::{path::Path, sync::Arc};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::Seq,
    random::SeededRandom,
    storage::{
        conformance::{entry, id, name},
        disk::Disk,
        faulty::FaultyDisk,
        journal::{Header, JournalFile, START, path},
        payload::Change,
        record::{FileKey, Record},
    },
};

use super::{Damage, Item, Scan, scan};

const FIRST_COMMIT: u64 = 5;

/// A file of commits, each of one entry per document named; gives the bytes and where each commit
/// ends.
fn written(commits: &[&[u64]], finish: bool) -> (Vec<u8>, Vec<usize>) {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::new());
    let key = FileKey { number: 3, salt: 77 };
    let header = Header { key, first_commit: FIRST_COMMIT };
    let mut file = JournalFile::create(&disk, Path::new("/log"), header, START..=START).unwrap();
    let length = || disk.open(&path(Path::new("/log"), 3), false).unwrap().len().unwrap();
    let mut seqs = [0; 10];
    let mut ends = Vec::new();
    for commit in commits {
        let records: Vec<Record> = commit
            .iter()
            .map(|document| {
                let seq = &mut seqs[usize::try_from(*document).unwrap()];
                *seq += 1;
                let change = Change::Entry(entry(vec![7; 30 + usize::try_from(*seq).unwrap()]));
                change.record(id(*document), Seq(*seq))
            })
            .collect();
        file.commit(records.iter(), &mut Vec::new()).unwrap();
        ends.push(usize::try_from(length()).unwrap());
    }
    if finish {
        file.finish().unwrap();
    }
    let file = disk.open(&path(Path::new("/log"), 3), false).unwrap();
    (crate::storage::disk::read_all(&*file).unwrap(), ends)
}

fn look(bytes: Vec<u8>, newest: bool) -> Scan {
    scan(3, &Bytes::from(bytes), newest, Some(FIRST_COMMIT))
}

fn records(scan: &Scan) -> usize {
    scan.items.iter().filter(|item| matches!(item, Item::Record(..))).count()
}

fn damage(scan: &Scan) -> Vec<&Damage> {
    let mut found = Vec::new();
    for item in &scan.items {
        if let Item::Damage(damage) = item {
            found.push(damage);
        }
    }
    found
}

const COMMITS: [&[u64]; 4] = [&[1], &[2, 3, 4], &[1], &[2, 3]];

#[test]
fn a_sound_file_gives_all_records_and_promises_the_next_commit() {
    for finish in [false, true] {
        let (mut bytes, _) = written(&COMMITS, finish);
        if !finish {
            bytes.resize(bytes.len() + 5000, 0);
        }
        let scan = look(bytes, !finish);
        assert_eq!((records(&scan), damage(&scan).len(), scan.torn), (7, 0, 0));
        assert_eq!(scan.promise, Some(FIRST_COMMIT + 4 + u64::from(finish)));
        assert_eq!(scan.finished, finish);
    }
}

#[test]
fn a_last_commit_that_is_cut_anywhere_is_torn_as_a_whole() {
    let (bytes, ends) = written(&COMMITS, false);
    for end in ends[2] + 1..ends[3] {
        let mut cut = bytes.clone();
        cut.truncate(end);
        cut.resize(bytes.len(), 0);
        let scan = look(cut, true);
        assert_eq!((records(&scan), damage(&scan).len()), (5, 0), "cut at {end}");
        assert_eq!((scan.end, scan.promise), (ends[2] as u64, Some(FIRST_COMMIT + 3)));
        assert!(scan.torn > 0);
    }
}

#[test]
fn any_bad_byte_before_the_last_commit_is_damage_of_the_right_document() {
    let (bytes, ends) = written(&COMMITS, false);
    let start = usize::try_from(START).unwrap();
    for at in start..ends[2] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let scan = look(flipped, true);
        let found = damage(&scan);
        assert_eq!((records(&scan), found.len(), scan.torn), (6, 1, 0), "byte {at}");
        let owner = if at < ends[0] || at >= ends[1] { vec![1] } else { vec![2, 3, 4] };
        assert_eq!(found[0].documents.len(), 1);
        assert!(owner.iter().any(|owner| found[0].documents[0].0 == id(*owner)));
        assert!(found[0].complete);
    }
}

#[test]
fn in_a_file_that_is_followed_by_another_nothing_is_torn() {
    let (bytes, ends) = written(&COMMITS, false);
    for end in usize::try_from(START).unwrap()..ends[3] {
        let scan = look(bytes[..end].to_vec(), false);
        assert_eq!(scan.torn, 0);
        // What ends with a whole commit is found out by the next file's header.
        let promised = scan.promise == Some(FIRST_COMMIT + 4);
        assert!(damage(&scan).len() == 1 || !promised, "cut at {end}");
    }
}

#[test]
fn a_file_that_lost_its_end_does_not_say_that_it_knows_who_lost_something() {
    let (bytes, ends) = written(&COMMITS, true);
    for end in usize::try_from(START).unwrap()..bytes.len() {
        for zeroed in [false, true] {
            let mut cut = bytes.clone();
            cut.truncate(end);
            if zeroed {
                cut.resize(bytes.len(), 0);
            }
            let scan = look(cut, false);
            let unknown = damage(&scan).iter().any(|damage| !damage.complete);
            // The next file begins with another commit than is promised, which is seen there.
            let told = scan.promise.is_some_and(|promise| promise != FIRST_COMMIT + 5);
            assert!(unknown || told || end > ends[3], "cut at {end}, zeroed: {zeroed}");
        }
    }
}

#[test]
fn a_roll_tells_who_lost_something_where_nothing_else_does() {
    let (bytes, ends) = written(&COMMITS, true);
    let mut zeroed = bytes.clone();
    zeroed[ends[0]..ends[2]].fill(0);
    let scan = look(zeroed, false);
    let found = damage(&scan);
    assert_eq!((records(&scan), found.len()), (3, 1));
    let mut owners: Vec<_> = found[0].documents.iter().map(|(id, _)| *id).collect();
    owners.sort();
    let mut expected = [id(1), id(2), id(3), id(4)];
    expected.sort();
    assert_eq!(owners, expected);
    assert!(found[0].complete);

    let (bytes, _) = written(&COMMITS, false);
    let mut zeroed = bytes;
    zeroed[ends[0]..ends[2]].fill(0);
    let scan = look(zeroed, true);
    assert!(!damage(&scan)[0].complete, "without a roll nobody knows");
}

#[test]
fn a_lost_header_costs_nothing_as_long_as_its_copy_is_there() {
    let (bytes, _) = written(&COMMITS, true);
    let mut first = bytes.clone();
    first[..512].fill(0);
    assert_eq!(records(&look(first, false)), 7);
    let mut both = bytes;
    both[..START.try_into().unwrap()].fill(0);
    for newest in [false, true] {
        let scan = look(both.clone(), newest);
        assert_eq!((records(&scan), damage(&scan).len()), (0, 1));
    }
}

#[test]
fn a_newest_file_that_never_got_its_header_is_no_damage() {
    let scan = look(vec![0; 4096], true);
    assert_eq!((scan.items.len(), scan.torn, scan.promise), (0, 4096, Some(FIRST_COMMIT)));
    assert_eq!(damage(&look(vec![0; 4096], false)).len(), 1);
}

#[test]
fn a_record_that_somebody_typed_is_not_taken_for_one() {
    let (inner, ends) = written(&[&[1], &[1]], false);
    let change = Change::Entry(entry(inner[ends[0]..].to_vec()));
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::new());
    let header = Header { key: FileKey { number: 3, salt: 78 }, first_commit: FIRST_COMMIT };
    let mut file = JournalFile::create(&disk, Path::new("/log"), header, START..=START).unwrap();
    for seq in 1..=2 {
        file.commit([change.record(id(1), Seq(seq))].iter(), &mut Vec::new()).unwrap();
    }
    let file = disk.open(&path(Path::new("/log"), 3), false).unwrap();
    let mut bytes = crate::storage::disk::read_all(&*file).unwrap();
    bytes[usize::try_from(START).unwrap()] ^= 1;
    let scan = look(bytes, true);
    assert_eq!((records(&scan), damage(&scan).len()), (1, 1));
}

#[test]
fn scrambled_files_never_panic_and_never_invent_records() {
    let random = SeededRandom::new(5);
    let draw =
        |end: usize| usize::try_from(crate::random::Random::below(&random, end as u64)).unwrap();
    let (bytes, _) = written(&COMMITS, true);
    let sound = look(bytes.clone(), false);
    for _ in 0..500 {
        let mut scrambled = bytes.clone();
        for _ in 0..=draw(4) {
            let from = draw(bytes.len());
            let to = (from + draw(300)).min(bytes.len());
            crate::random::Random::fill(&random, &mut scrambled[from..to]);
        }
        for newest in [false, true] {
            for item in look(scrambled.clone(), newest).items {
                let Item::Record(place, record) = item else { continue };
                let known = |item: &Item| matches!(item, Item::Record(at, known) if *at == place && *known == record);
                assert!(sound.items.iter().any(known));
            }
        }
    }
}

#[test]
fn a_damaged_create_record_still_gives_its_name() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::new());
    let header = Header { key: FileKey { number: 3, salt: 77 }, first_commit: FIRST_COMMIT };
    let mut file = JournalFile::create(&disk, Path::new("/log"), header, START..=START).unwrap();
    let create = Change::Create { name: name("plan"), time: Timestamp(1) };
    file.commit([create.record(id(1), Seq(0))].iter(), &mut Vec::new()).unwrap();
    file.finish().unwrap();
    let opened = disk.open(&path(Path::new("/log"), 3), false).unwrap();
    let bytes = crate::storage::disk::read_all(&*opened).unwrap();
    let end = bytes.len() - 88 - 32;
    for at in usize::try_from(START).unwrap()..end {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x20;
        let scan = look(flipped, false);
        assert_eq!(damage(&scan)[0].documents, [(id(1), Some(name("plan")))], "byte {at}");
    }
}

#[test]
fn commits_that_are_missing_between_two_files_are_damage() {
    let (bytes, _) = written(&COMMITS, true);
    let bytes = Bytes::from(bytes);
    assert_eq!(damage(&scan(3, &bytes, true, Some(FIRST_COMMIT - 1))).len(), 1);
    assert_eq!(damage(&scan(3, &bytes, true, None)).len(), 0);
}
