//! Backups on a disk in memory: beside a store that works, cut off by power losses, damaged, and put
//! back.

mod damaged;
mod moment;
mod restless;
mod whose;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::*;
use crate::{
    clock::{TestClock, Timestamp},
    ids::Seq,
    random::{Random, SeededRandom},
    storage::{
        Kept, Store, StoredEntry,
        conformance::{entry, id, name, texts},
        faulty::FaultyDisk,
        local::{Local, LocalOptions},
    },
};

const STORE: &str = "/store";
const BACKUP: &str = "/backup";
const BACK: &str = "/back";

fn start(disk: &FaultyDisk, root: &str) -> Local {
    let options = LocalOptions {
        journal_file_bytes: 4096,
        index_in_memory: true,
        reserve_bytes: 0,
        ..LocalOptions::new(root)
    };
    let clock = Arc::new(TestClock::default());
    let (store, report) = Local::open(options, Arc::new(disk.clone()), clock).unwrap();
    assert_eq!(report.damage, Vec::<String>::new());
    store
}

fn back_up(disk: &FaultyDisk) -> Result<Taken, BackupError> {
    take(disk, Path::new(STORE), Path::new(BACKUP), &TestClock::default())
}

fn put_back(disk: &FaultyDisk, into: &str) -> Result<Restored, BackupError> {
    let (random, clock) = (&SeededRandom::new(3), &TestClock::default());
    restore(disk, Path::new(BACKUP), Path::new(into), (random, clock))
}

async fn begin(store: &Local, documents: u64) {
    for number in 1..=documents {
        store.create(&name(&number.to_string()), id(number), Timestamp(1)).await.unwrap();
    }
}

/// Large enough that a journal file takes a few of them.
fn text(document: u64, seq: u64) -> String {
    format!("{document}:{seq}:{}", "x".repeat(300))
}

async fn write(store: &Local, documents: u64, seqs: std::ops::RangeInclusive<u64>) {
    for seq in seqs {
        for number in 1..=documents {
            store.append(id(number), vec![entry(text(number, seq))]).await.unwrap();
        }
    }
}

async fn read(store: &Local, document: u64) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        // A page ends early where a file is sealed meanwhile.
        let after = Seq(found.len() as u64);
        let page = store.history(id(document), after, usize::MAX).await.unwrap();
        if page.is_empty() {
            return texts(&found, 1);
        }
        found.extend(page);
    }
}

fn expected(document: u64, last: u64) -> Vec<String> {
    (1..=last).map(|seq| text(document, seq)).collect()
}

fn below(disk: &FaultyDisk, root: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    disk.files().into_iter().filter(|(path, _)| path.starts_with(root)).collect()
}

#[tokio::test]
async fn what_is_put_back_is_the_store_of_that_moment_and_later_backups_copy_what_is_new() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 3).await;
    write(&store, 3, 1..=40).await;
    store.settle_for_test();
    let first = back_up(&disk).unwrap();
    assert_eq!((first.copied, first.damage.len()), (first.files, 0));
    put_back(&disk, BACK).unwrap();

    write(&store, 3, 41..=41).await;
    let second = back_up(&disk).unwrap();
    assert!(second.copied < second.files, "{second:?}");
    put_back(&disk, "/second").unwrap();
    for (root, last) in [(BACK, 40), ("/second", 41)] {
        let copy = start(&disk, root);
        for number in 1..=3 {
            assert_eq!(read(&copy, number).await, expected(number, last), "{root}");
        }
        // It is a store like any other.
        write(&copy, 3, last + 1..=last + 9).await;
        assert_eq!(read(&copy, 2).await.len() as u64, last + 9);
    }
    let again = back_up(&disk).unwrap();
    assert_eq!((again.copied, again.files), (0, second.files), "nothing happened since");
    assert_eq!(below(&disk, "/backup/files").len(), second.files, "old copies are removed");
}

#[test]
fn a_backup_beside_a_store_that_seals_and_merges_has_all_that_was_saved_when_it_began() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    runtime.block_on(begin(&store, 3));
    let (saved, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::SeqCst) || rounds < 4 {
                let before = saved.load(Ordering::SeqCst);
                back_up(&disk).unwrap();
                let root = format!("/back{rounds}");
                put_back(&disk, &root).unwrap();
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let copy = start(&disk, &root);
                for number in 1..=3 {
                    let found = runtime.block_on(read(&copy, number));
                    assert!(found.len() as u64 >= before, "{} of {before}", found.len());
                    assert_eq!(found, expected(number, found.len() as u64));
                }
                rounds += 1;
            }
        });
        for seq in 1..=400 {
            runtime.block_on(write(&store, 3, seq..=seq));
            saved.store(seq, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
    });
    let merged = below(&disk, "/store/archive").len();
    assert!(merged > 0, "nothing was sealed meanwhile");
}

#[tokio::test]
async fn whenever_the_power_goes_there_is_one_backup_or_the_other() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 2).await;
    write(&store, 2, 1..=20).await;
    store.settle_for_test();
    back_up(&disk).unwrap();
    write(&store, 2, 21..=40).await;
    store.settle_for_test();
    store.close().await.unwrap();
    let files = disk.files();
    let (mut cut, mut olds, mut news) = (1, 0, 0);
    loop {
        let disk = FaultyDisk::with_files(&files);
        let from = disk.operations();
        disk.set(|faults| faults.power_off_at = Some(from + cut));
        let told = back_up(&disk);
        let finished = !disk.is_off();
        disk.crash(&SeededRandom::new(cut));
        put_back(&disk, BACK).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let found = read(&start(&disk, BACK), 1).await.len();
        assert!(found == 20 || found == 40, "cut at {cut}: {found}");
        olds += usize::from(found == 20);
        news += usize::from(found == 40);
        if finished {
            assert!(told.is_ok() && found == 40);
            break;
        }
        cut += 1;
    }
    assert!(olds > 5 && news > 1, "{olds} old, {news} new");
}

#[tokio::test]
async fn a_backup_is_never_ahead_of_its_store() {
    for seed in 0..20 {
        let disk = FaultyDisk::new();
        let store = start(&disk, STORE);
        begin(&store, 1).await;
        write(&store, 1, 1..=3).await;
        store.settle_for_test();
        disk.set(|faults| faults.ignore_sync = true);
        write(&store, 1, 4..=4).await;
        disk.set(|faults| faults.ignore_sync = false);
        back_up(&disk).unwrap();
        // Closing the store would sync what it wrote.
        disk.crash(&SeededRandom::new(seed));
        drop(store);
        put_back(&disk, BACK).unwrap();
        let (original, copy) = (start(&disk, STORE), start(&disk, BACK));
        assert_eq!(read(&copy, 1).await, read(&original, 1).await, "seed {seed}");
    }
}

#[tokio::test]
async fn an_unfinished_commit_is_not_copied() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=3).await;
    drop(store);
    let mut files = disk.files();
    let newest = PathBuf::from("/store/log/00000002.log");
    let newest = files.get_mut(&newest).expect("there is one");
    let end = newest.iter().rposition(|byte| *byte != 0).unwrap();
    // Beyond the roll, which is a commit of its own.
    newest.truncate(end - 250);
    let torn = newest.len();
    let disk = FaultyDisk::with_files(&files);
    assert_eq!(back_up(&disk).unwrap().damage, Vec::<String>::new());
    put_back(&disk, BACK).unwrap();
    let back = &disk.files()[Path::new("/back/log/00000002.log")];
    assert!(back.len() < torn, "{} bytes of {torn}", back.len());
    assert_eq!(read(&start(&disk, BACK), 1).await, expected(1, 2));
}

#[tokio::test]
async fn what_was_erased_is_gone_from_the_next_backup() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=30).await;
    store.settle_for_test();
    back_up(&disk).unwrap();
    let kept = Kept { floor: Seq(29), moments: Vec::new() };
    let state = StoredEntry { seq: Seq(29), entry: entry("the state at 29") };
    store.cut(id(1), kept, vec![state]).await.unwrap();
    store.settle_for_test();
    let taken = back_up(&disk).unwrap();
    assert_eq!(taken.damage, Vec::<String>::new());
    put_back(&disk, BACK).unwrap();
    let copy = start(&disk, BACK);
    let found = copy.history(id(1), Seq(0), usize::MAX).await.unwrap();
    assert_eq!(texts(&found, 29), ["the state at 29".to_owned(), text(1, 30)]);
    drop(copy);
    let bytes: usize = below(&disk, "/backup/files").values().map(Vec::len).sum();
    assert!(bytes < 6000, "{bytes} bytes");
}

/// A disk with a store of one document and its backup.
async fn backed_up() -> FaultyDisk {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=30).await;
    store.settle_for_test();
    store.close().await.unwrap();
    back_up(&disk).unwrap();
    disk
}

#[tokio::test]
async fn a_damaged_backup_is_refused_by_the_names_of_its_files_before_anything_is_written() {
    let files = backed_up().await.files();
    let random = SeededRandom::new(5);
    let copies: Vec<_> = files.keys().filter(|path| path.starts_with(BACKUP)).cloned().collect();
    let copies = copies.into_iter().filter(|path| !path.ends_with("LOCK"));
    for (path, how) in copies.flat_map(|path| (0..4).map(move |how| (path.clone(), how))) {
        let mut files = files.clone();
        let bytes = files.get_mut(&path).unwrap();
        let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        match how {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes.truncate(at),
            2 => bytes.push(0),
            _ => drop(files.remove(&path)),
        }
        if how == 2 && path.ends_with("MANIFEST") {
            continue;
        }
        let disk = FaultyDisk::with_files(&files);
        let error = put_back(&disk, BACK).expect_err("it is damaged").to_string();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(error.contains(&file), "{file} {how}: {error}");
        assert!(verify(&disk, Path::new(BACKUP)).is_err());
        assert_eq!(below(&disk, BACK).len(), 0, "{file} {how}");
    }
}

#[tokio::test]
async fn an_archive_that_was_damaged_since_does_not_replace_its_sound_copy() {
    let disk = backed_up().await;
    let mut files = disk.files();
    let archive = files.keys().find(|path| path.starts_with("/store/archive")).cloned().unwrap();
    files.get_mut(&archive).unwrap()[200] ^= 1;
    let disk = FaultyDisk::with_files(&files);
    back_up(&disk).unwrap();
    put_back(&disk, BACK).unwrap();
    assert_eq!(read(&start(&disk, BACK), 1).await, expected(1, 30));

    let disk = FaultyDisk::with_files(&files);
    let elsewhere = Path::new("/elsewhere");
    let taken = take(&disk, Path::new(STORE), elsewhere, &TestClock::default()).unwrap();
    assert_eq!(taken.damage.len(), 1, "{taken:?}");
    assert!(taken.damage[0].contains("is damaged at byte"), "{taken:?}");
    assert_eq!(verify(&disk, elsewhere).unwrap().damage, taken.damage);
}

#[tokio::test]
async fn nothing_is_written_over() {
    let disk = backed_up().await;
    let take = |from: &str, to: &str| {
        let taken = take(&disk, Path::new(from), Path::new(to), &TestClock::default());
        taken.expect_err("refused").to_string()
    };
    assert!(take(STORE, STORE).contains("is not empty and holds no backup"));
    assert!(take("/nowhere", "/new").contains("holds no store"));
    assert!(put_back(&disk, STORE).unwrap_err().to_string().contains("is not empty"));
    assert!(put_back(&disk, BACKUP).unwrap_err().to_string().contains("is not empty"));
    let other = start(&disk, "/other");
    begin(&other, 1).await;
    let before = below(&disk, BACKUP);
    assert!(take("/other", BACKUP).contains("holds a backup of another store"));
    for (path, bytes) in before {
        assert_eq!(disk.files().get(&path), Some(&bytes), "{}", path.display());
    }
}

#[tokio::test]
async fn a_manifest_of_a_newer_format_or_with_paths_of_its_own_is_refused() {
    let disk = backed_up().await;
    let sound = manifest::read(&disk, Path::new(BACKUP)).unwrap().unwrap();
    let changed = |change: &dyn Fn(&mut manifest::Manifest)| {
        let disk = FaultyDisk::with_files(&disk.files());
        let mut manifest = sound.clone();
        change(&mut manifest);
        manifest::write(&disk, Path::new(BACKUP), &manifest).unwrap();
        put_back(&disk, BACK).expect_err("refused").to_string()
    };
    assert!(
        changed(&|it| it.backup = 2).contains("says backup format 2, but this version knows 1")
    );
    assert!(changed(&|it| it.store = 9).contains("says store format 9"));
    for path in ["../evil/00000001.log", "log/1.log", "index/db", "/store/log/00000001.log"] {
        assert!(changed(&|it| it.files[0].path = path.into()).contains("is damaged"), "{path}");
    }
    assert!(changed(&|it| it.files[0].copy = "../../x".into()).contains("is damaged"));
}
