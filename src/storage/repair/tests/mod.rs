//! Stores with damage of every kind at any place: what no damage touched is kept, and whatever else is
//! lost is named.

mod harm;
mod told;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use harm::{Files, Harm};

use super::*;
use crate::{
    clock::{TestClock, Timestamp},
    random::SeededRandom,
    storage::{
        Kept, Store, StoreError, StoredEntry,
        conformance::{entry, id, name},
        faulty::FaultyDisk,
        insight::Making,
        local::{Local, LocalOptions},
    },
};

const DOCUMENTS: u64 = 4;
const ENTRIES: u64 = 24;

/// Takes every update.
struct Stub;

impl Insight for Stub {
    fn clients(&self, _: &[u8]) -> Vec<u64> {
        Vec::new()
    }

    fn since(&self, _: &str, _: &[u8]) -> Option<Timestamp> {
        None
    }

    fn document(&self) -> Box<dyn Making + '_> {
        Box::new(Self)
    }
}

impl Making for Stub {
    fn add(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

fn start(disk: &FaultyDisk, root: &str) -> Local {
    let options = LocalOptions {
        journal_file_bytes: 4096,
        index_in_memory: true,
        reserve_bytes: 0,
        random: Arc::new(SeededRandom::new(7)),
        ..LocalOptions::new(root)
    };
    Local::open(options, Arc::new(disk.clone()), Arc::new(TestClock::default())).unwrap().0
}

fn mend(disk: &FaultyDisk) -> Result<Repaired, OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let (random, clock) = (SeededRandom::new(1), TestClock::default());
    let asked = Asked { insight: &Stub, random: &random, clock: &clock };
    repair(&disk, Path::new("/store"), Path::new("/new"), &asked)
}

fn text(document: u64, seq: u64) -> String {
    format!("{document}:{seq}:{}", "abcdefg".repeat(20 + usize::try_from(seq % 9).unwrap()))
}

/// The files of a store with some documents, one renamed, one deleted, one with a cut past, partly
/// in archives.
async fn sample() -> Files {
    let disk = FaultyDisk::new();
    let store = start(&disk, "/store");
    for number in 1..=DOCUMENTS {
        store.create(&name(&number.to_string()), id(number), Timestamp(1)).await.unwrap();
    }
    for seq in 1..=ENTRIES {
        for number in 1..=DOCUMENTS {
            store.append(id(number), vec![entry(text(number, seq))]).await.unwrap();
        }
        if seq == 20 {
            store.settle_for_test();
        }
    }
    store.rename(id(2), &name("two"), Timestamp(2)).await.unwrap();
    store.put_record(id(3), "settings", 0, Some("dark".into())).await.unwrap();
    let gone = id(DOCUMENTS + 1);
    store.create(&name("gone"), gone, Timestamp(1)).await.unwrap();
    store.delete(gone, Timestamp(3), vec![5]).await.unwrap();
    store.close().await.unwrap();
    disk.files()
}

/// What is in a store of each document, by seqs.
async fn contents(store: &Local, document: DocumentId) -> HashMap<u64, String> {
    let (mut found, mut after) = (HashMap::new(), Seq(0));
    loop {
        let page = match store.history(document, after, usize::MAX).await {
            Err(StoreError::Missing) => return found,
            page => page.unwrap(),
        };
        let Some(last) = page.last() else { return found };
        after = last.seq;
        for StoredEntry { seq, entry } in page {
            if entry.update[..] != [0, 0] {
                found.insert(seq.0, String::from_utf8(entry.update.to_vec()).unwrap());
            }
        }
    }
}

/// Repairs what one harm left of a store; counts entries that were lost and documents that were kept whole.
async fn try_one(files: &Files, seed: u64) -> (usize, usize) {
    let harm = Harm::by_chance(&SeededRandom::new(seed), files);
    let what = format!("seed {seed}: {harm:?}");
    let touched = harm.touched(files);
    let mut files = files.clone();
    harm.happen(&mut files);
    let disk = FaultyDisk::with_files(&files);
    let repaired = mend(&disk).unwrap_or_else(|error| panic!("{what}: {error}"));
    let after = disk.files();
    for (path, bytes) in &files {
        assert_eq!(after.get(path), Some(bytes), "{what}: {} was changed", path.display());
    }
    let store = start(&disk, "/new");
    assert_eq!(store.health().damage, Vec::<String>::new(), "{what}");
    let (mut lost, mut whole) = (0, 0);
    for number in 1..=DOCUMENTS {
        let found = contents(&store, id(number)).await;
        let outcome = repaired.documents.iter().find(|it| it.id == id(number));
        for seq in 1..=ENTRIES {
            if let Some(found) = found.get(&seq) {
                assert_eq!(*found, text(number, seq), "{what}");
                continue;
            }
            let hit = touched.entries.contains(&(id(number), seq));
            assert!(hit, "{what}: {number}:{seq} is lost");
            // Damage to the whole end of the newest file looks like a torn write.
            let told = names(&repaired, outcome, seq) || touched.may_be_torn;
            assert!(told, "{what}: {number}:{seq} is not named");
            lost += 1;
        }
        whole += usize::from(outcome.is_some_and(Outcome::is_whole));
        if !touched.small && touched.entries.is_empty() {
            assert!(outcome.is_some_and(|it| it.kept == ENTRIES), "{what}: {outcome:?}");
        }
    }
    if !touched.small {
        let settings = store.record(id(3), "settings").await;
        let hit = touched.entries.iter().any(|it| it.0 == id(3));
        assert!(settings.is_ok_and(|it| it.is_some()) || hit, "{what}");
        assert!(matches!(store.find(&name("gone")).await, Ok(None)), "{what}");
    }
    (lost, whole)
}

/// Whether it is told that this entry is lost. Where nobody knows how many there were, it is said that
/// there may have been more.
fn names(repaired: &Repaired, outcome: Option<&Outcome>, seq: u64) -> bool {
    // Of a document of which nothing at all is left, only that something is lost can be told.
    outcome.map_or(repaired.unknown, |it| {
        let mut told = it.lost.iter().chain(&it.unusable);
        it.gone || it.doubtful || told.any(|range| range.contains(&seq))
    })
}

#[tokio::test]
async fn what_no_damage_touched_is_kept_and_everything_else_is_named() {
    let files = sample().await;
    let (mut lost, mut whole) = (0, 0);
    for seed in 0..400 {
        let counted = try_one(&files, seed).await;
        (lost, whole) = (lost + counted.0, whole + counted.1);
    }
    assert!(lost > 100 && whole > 200, "{lost} lost, {whole} whole");
}

#[tokio::test]
async fn files_under_the_names_of_others_are_found_out_and_nothing_is_lost() {
    let files = sample().await;
    let of = |directory: &'static str| {
        let inside = files.keys().filter(move |path| path.starts_with(directory));
        inside.cloned().collect::<Vec<_>>()
    };
    let (logs, archives) = (of("/store/log"), of("/store/archive"));
    let newest = logs.last().unwrap();
    let stray = PathBuf::from("/store/log/kept aside.log");
    for harm in [
        Harm::Swapped(archives[0].clone(), newest.clone()),
        Harm::Twice(newest.clone(), "/store/log/00000099.log".into()),
        Harm::Twice(archives[0].clone(), "/store/archive/00000099-00000120.arc".into()),
        Harm::Swapped(newest.clone(), stray.clone()),
    ] {
        let mut harmed = files.clone();
        harmed.entry(stray.clone()).or_default();
        harm.happen(&mut harmed);
        let repaired = mend(&FaultyDisk::with_files(&harmed)).unwrap();
        let whole = repaired.documents.iter().all(|it| it.is_whole() && it.kept == ENTRIES);
        assert!(whole && repaired.documents.len() == 4, "{harm:?}: {repaired:?}");
        assert!(!repaired.flaws.is_empty(), "{harm:?} is told");
    }
}

#[tokio::test]
async fn a_sound_store_comes_out_as_it_was() {
    let files = sample().await;
    let disk = FaultyDisk::with_files(&files);
    let repaired = mend(&disk).unwrap();
    assert_eq!(repaired.flaws, Vec::<String>::new());
    assert!(repaired.documents.iter().all(Outcome::is_whole), "{repaired:?}");
    let names: Vec<_> = repaired.documents.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["1", "3", "4", "two"]);
    let after = disk.files();
    for (path, bytes) in &files {
        assert_eq!(after.get(path), Some(bytes), "{} was changed", path.display());
    }
    let store = start(&disk, "/new");
    assert_eq!(store.retired_clients(&name("gone")).await.unwrap()[..], [5]);
    assert_eq!(store.append(id(1), vec![entry("on")]).await.unwrap(), Seq(ENTRIES + 1));
}

#[tokio::test]
async fn a_past_that_was_cut_stays_cut() {
    let disk = FaultyDisk::new();
    let store = start(&disk, "/store");
    store.create(&name("1"), id(1), Timestamp(1)).await.unwrap();
    for seq in 1..=9 {
        store.append(id(1), vec![entry(text(1, seq))]).await.unwrap();
    }
    let kept = Kept { floor: Seq(8), moments: vec![Seq(3)] };
    let state = |seq| StoredEntry { seq: Seq(seq), entry: entry("state") };
    store.cut(id(1), kept.clone(), vec![state(3), state(8)]).await.unwrap();
    store.settle_for_test();
    store.close().await.unwrap();
    let repaired = mend(&disk).unwrap();
    assert!(repaired.documents[0].is_whole(), "{repaired:?}");
    let store = start(&disk, "/new");
    assert_eq!(store.kept(id(1)).await.unwrap(), kept);
    assert_eq!(contents(&store, id(1)).await.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_repaired_is_left_alone() {
    let files = sample().await;
    let disk = FaultyDisk::with_files(&files);
    drop(start(&disk, "/new"));
    assert!(mend(&disk).unwrap_err().to_string().contains("is not empty"));
    assert!(mend(&FaultyDisk::new()).unwrap_err().to_string().contains("holds no store"));
    let mut newer = files.clone();
    newer.insert("/store/FORMAT".into(), b"coscribe store 2\n".to_vec());
    let disk = FaultyDisk::with_files(&newer);
    assert!(mend(&disk).unwrap_err().to_string().contains("says format 2"));
    assert!(!disk.files().keys().any(|path| path.starts_with("/new")));
    newer.insert("/store/FORMAT".into(), b"coscr".to_vec());
    let repaired = mend(&FaultyDisk::with_files(&newer)).unwrap();
    assert!(repaired.flaws[0].contains("FORMAT is damaged"), "{:?}", repaired.flaws);
    assert!(repaired.documents.iter().all(Outcome::is_whole));
}
