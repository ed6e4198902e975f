//! The local engine while files are sealed and merged: what fails, what is told, what a stop leaves.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    clock::Timestamp,
    ids::Seq,
    storage::{
        Health, Kept, Store,
        conformance::{entry, id, name},
        faulty::FaultyDisk,
        keeper::measure,
        leaving::{CutDocument, Leaving},
        seal,
    },
};

use super::{Local, faults::start};

const JOURNAL: &str = "/store/log/00000002.log";
const ARCHIVE: &str = "/store/archive/00000002-00000002.arc";

/// Writes about this many journal files.
async fn fill(store: &Local, files: u64) {
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    for seq in 1..=files * 4 {
        assert_eq!(store.append(id(1), vec![entry(vec![7; 900])]).await.unwrap(), Seq(seq));
    }
}

fn archives(disk: &FaultyDisk) -> usize {
    disk.files().keys().filter(|path| path.extension().is_some_and(|ext| ext == "arc")).count()
}

#[tokio::test]
async fn a_file_that_cannot_be_sealed_is_told_and_does_not_stop_later_ones() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    disk.set(|faults| faults.read_error_at = Some(("00000002.log", 1100)));
    fill(&store, 4).await;
    store.settle_for_test();
    assert!(archives(&disk) >= 2);
    assert!(disk.files().contains_key(Path::new(JOURNAL)));
    let Health { unwritable, failed, damage, warnings, index } = store.health();
    assert_eq!((unwritable, failed, damage.len(), index), (None, false, 0, None));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("journal file 2 cannot be archived"), "{warnings:?}");

    disk.set(|faults| faults.read_error_at = None);
    store.engine.keeper.desk().retry_now();
    store.settle_for_test();
    assert_eq!(store.health(), Health::default());
    assert!(!disk.files().contains_key(Path::new(JOURNAL)));
    assert_eq!(store.open(id(1)).await.unwrap().entries.len(), 16);
}

#[tokio::test]
async fn a_file_that_is_handed_over_again_is_not_sealed_again() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    fill(&store, 8).await;
    store.settle_for_test();
    let before = disk.files();
    store.engine.keeper.desk().add_full(1..=3);
    store.settle_for_test();
    assert_eq!(store.health(), Health::default());
    assert!(before.keys().eq(disk.files().keys()));
    assert_eq!(store.open(id(1)).await.unwrap().entries.len(), 32);
}

#[tokio::test]
async fn a_document_holds_no_room_for_the_places_of_entries_that_were_sealed() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    fill(&store, 30).await;
    store.settle_for_test();
    let (room, places) = store.engine.shared.tables().room(id(1));
    assert!(places < 20, "{places} places: it was not sealed");
    assert!(room <= 2 * places, "room for {room}, of {places}");
}

/// The files of a store whose second journal file was sealed and not yet removed.
async fn half_sealed() -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    disk.set(|faults| faults.read_error_at = Some(("00000002.log", 1100)));
    fill(&store, 2).await;
    store.settle_for_test();
    let journal = disk.files()[Path::new(JOURNAL)].clone();
    disk.set(|faults| faults.read_error_at = None);
    store.engine.keeper.desk().retry_now();
    store.settle_for_test();
    drop(store);
    let mut files = disk.files();
    assert!(files.contains_key(Path::new(ARCHIVE)));
    files.insert(JOURNAL.into(), journal);
    files
}

#[tokio::test]
async fn a_journal_file_whose_archive_is_sound_is_removed_by_the_next_start() {
    let disk = FaultyDisk::with_files(&half_sealed().await);
    let store = start(&disk).unwrap();
    assert_eq!(store.health(), Health::default());
    assert!(!disk.files().contains_key(Path::new(JOURNAL)));
    assert_eq!(store.open(id(1)).await.unwrap().entries.len(), 8);
}

#[tokio::test]
async fn a_journal_file_is_used_as_long_as_it_is_there_when_its_archive_is_damaged() {
    let mut files = half_sealed().await;
    let archive = files.get_mut(Path::new(ARCHIVE)).unwrap();
    let middle = archive.len() / 2;
    archive[middle] ^= 1;
    let disk = FaultyDisk::with_files(&files);
    let store = start(&disk).unwrap();
    assert_eq!(store.open(id(1)).await.unwrap().entries.len(), 8);
    store.settle_for_test();
    drop(store);
    let store = start(&disk).unwrap();
    assert_eq!(store.health(), Health::default());
    assert_eq!(store.open(id(1)).await.unwrap().entries.len(), 8);
    let aside = format!("{ARCHIVE}.damaged");
    assert!(disk.files().contains_key(Path::new(&aside)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_an_archive_that_is_just_being_replaced_are_no_damage() {
    let disk = FaultyDisk::new();
    let store = Arc::new(start(&disk).unwrap());
    fill(&store, 3).await;
    store.settle_for_test();
    let shared = Arc::clone(&store.engine.shared);
    let sealed = shared.tables().contents(id(1), Seq(0), usize::MAX).unwrap().sealed;
    let straddled = sealed.iter().find(|it| it.place.first < it.place.last).unwrap();
    let kept = Kept { floor: straddled.place.first, moments: Vec::new() };
    let floor = kept.floor;
    let leaving = Leaving::nothing().with_cuts([(id(1), CutDocument { kept, keyed: None })].into());

    let rewriting = shared.rewriting.begin();
    let (directory, range) = (&shared.directories.archive, &straddled.archive);
    let footer = seal::rewrite(&*shared.disk, directory, range, &leaving, &measure).unwrap();
    let reading = tokio::spawn(store.history(id(1), floor, usize::MAX));
    while !reading.is_finished() && !shared.rewriting.is_waited_for() {
        std::thread::yield_now();
    }
    shared.tables().reseal(&footer.expect("something was left out"));
    drop(rewriting);
    let read = reading.await.unwrap().expect("it is all there");
    let seqs: Vec<_> = read.iter().map(|it| it.seq.0).collect();
    assert_eq!(seqs, (floor.0 + 1..=12).collect::<Vec<_>>());
    assert_eq!(store.health(), Health::default());
}
