//! Looking at a store: beside a running server, and after damage of every kind.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    clock::{TestClock, Timestamp},
    ids::Seq,
    storage::{
        Store, StoreError,
        conformance::{entry, id, name, texts},
        faulty::FaultyDisk,
        local::{Local, LocalOptions, OpenError},
    },
};

use super::Reader;

fn start(disk: &FaultyDisk) -> Local {
    let options = LocalOptions {
        journal_file_bytes: 2000,
        index_in_memory: true,
        reserve_bytes: 0,
        ..LocalOptions::new("/store")
    };
    let clock = Arc::new(TestClock::default());
    Local::open(options, Arc::new(disk.clone()), clock).unwrap().0
}

fn look(disk: &FaultyDisk) -> Result<Reader, OpenError> {
    Reader::open(Path::new("/store"), Arc::new(disk.clone()))
}

/// Three documents, partly sealed; each has its number of entries.
async fn fill(store: &Local) {
    for number in 1..=3 {
        let text = format!("document {number}");
        drop(store.create(&name(&text), id(number), Timestamp(1)));
    }
    for seq in 1..=6 {
        for number in 1..=3 {
            let update = format!("{number}:{seq}");
            store.append(id(number), vec![entry(update)]).await.unwrap();
        }
    }
}

fn expected(number: u64) -> Vec<String> {
    (1..=6).map(|seq| format!("{number}:{seq}")).collect()
}

#[tokio::test]
async fn it_sees_what_a_running_server_saved_and_changes_nothing() {
    let disk = FaultyDisk::new();
    let store = start(&disk);
    fill(&store).await;
    store.settle_for_test();
    let before = disk.files();
    let mut reader = look(&disk).unwrap();
    assert_eq!(reader.report().damage, Vec::<String>::new());
    let names: Vec<_> = reader.documents().into_iter().map(|info| info.name).collect();
    assert_eq!(names, [name("document 1"), name("document 2"), name("document 3")]);
    assert_eq!(texts(&reader.entries(id(2), Seq(0), 9999).unwrap(), 1), expected(2));
    assert_eq!(reader.entries(id(2), Seq(2), 0).unwrap().len(), 1);
    assert_eq!(reader.verify().unwrap(), Vec::<String>::new());
    assert_eq!(disk.files(), before);
    drop(store);
}

#[tokio::test]
async fn it_looks_again_when_sealing_takes_a_file_away() {
    let disk = FaultyDisk::new();
    let store = start(&disk);
    fill(&store).await;
    let mut reader = look(&disk).unwrap();
    for _ in 0..40 {
        store.append(id(3), vec![entry(vec![7; 300])]).await.unwrap();
    }
    store.settle_for_test();
    assert_eq!(texts(&reader.entries(id(1), Seq(0), 9999).unwrap(), 1), expected(1));
    assert!(look(&disk).unwrap().files().unwrap().len() > 1);
}

/// The promise about damage: of every document either all, or an error that says so. Gives how many
/// documents cannot be had.
fn check(disk: &FaultyDisk, what: &str) -> usize {
    let Ok(mut reader) = look(disk) else { return 3 };
    let mut told = 0;
    for number in 1..=3 {
        match reader.find(&name(&format!("document {number}"))) {
            Ok(found) => assert_eq!(found, Some(id(number)), "{what}"),
            Err(StoreError::Damaged(_)) => {
                told += 1;
                continue;
            }
            Err(error) => panic!("{what}: {error}"),
        }
        match reader.entries(id(number), Seq(0), usize::MAX) {
            Ok(entries) => assert_eq!(texts(&entries, 1), expected(number), "{what}"),
            Err(StoreError::Damaged(_)) => told += 1,
            Err(error) => panic!("{what}: {error}"),
        }
    }
    told
}

/// The files of a store that was closed, partly sealed.
async fn closed() -> BTreeMap<PathBuf, Vec<u8>> {
    let disk = FaultyDisk::new();
    let store = start(&disk);
    fill(&store).await;
    store.settle_for_test();
    store.close().await.unwrap();
    let files = disk.files();
    assert!(files.keys().any(|path| path.extension().is_some_and(|end| end == "arc")));
    files
}

#[tokio::test]
async fn every_flipped_byte_of_a_closed_store_is_harmless_or_told() {
    let files = closed().await;
    let mut counts = [0; 4];
    for (path, bytes) in &files {
        for at in 0..bytes.len() {
            let mut changed = files.clone();
            changed.get_mut(path).unwrap()[at] ^= 1 << (at % 8);
            let what = format!("{} byte {at}", path.display());
            let told = check(&FaultyDisk::with_files(&changed), &what);
            counts[told] += 1;
        }
    }
    assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
    let format = files[Path::new("/store/FORMAT")].len();
    // The format is the one thing that concerns all.
    assert!(counts[2] == 0 && counts[3] <= format, "{counts:?}");
}

#[tokio::test]
async fn blocks_that_are_lost_and_files_that_are_cut_are_told() {
    let files = closed().await;
    let of_kind = |end: &'static str| {
        let named = move |path: &&PathBuf| path.extension().is_some_and(|found| found == end);
        files.keys().filter(named).cloned()
    };
    // Whatever is at the end of the newest journal file looks like a torn tail once it is gone.
    let journals = of_kind("log").rev().skip(1).collect::<Vec<_>>();
    let mut told = 0;
    for path in journals.into_iter().chain(of_kind("arc")) {
        let length = files[&path].len();
        for start in (0..length).step_by(64) {
            let mut zeroed = files.clone();
            zeroed.get_mut(&path).unwrap()[start..length.min(start + 512)].fill(0);
            let what = format!("{} zeroed from {start}", path.display());
            told += check(&FaultyDisk::with_files(&zeroed), &what);
            let mut cut = files.clone();
            cut.get_mut(&path).unwrap().truncate(start);
            let what = format!("{} cut at {start}", path.display());
            told += check(&FaultyDisk::with_files(&cut), &what);
        }
    }
    assert!(told > 0);
}

#[tokio::test]
async fn a_missing_file_is_told() {
    let files = closed().await;
    let newest = files.keys().rfind(|path| path.extension().is_some_and(|end| end == "log"));
    for path in files.keys().filter(|path| path.extension().is_some() && Some(*path) != newest) {
        let mut fewer = files.clone();
        fewer.remove(path);
        let disk = FaultyDisk::with_files(&fewer);
        check(&disk, &path.display().to_string());
        let damage = look(&disk).unwrap().report().damage.clone();
        assert!(!damage.is_empty(), "{}", path.display());
    }
}
