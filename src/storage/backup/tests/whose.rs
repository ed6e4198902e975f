//! Whose backup a directory may hold: that of one store, and of what was restored from it.

use super::*;

fn refused(disk: &FaultyDisk, store: &str) -> String {
    let taken = take(disk, Path::new(store), Path::new(BACKUP), &TestClock::default());
    taken.expect_err("it is another's").to_string()
}

fn without_ids(disk: &FaultyDisk) -> FaultyDisk {
    let mut files = disk.files();
    files.retain(|path, _| !path.ends_with("ID"));
    FaultyDisk::with_files(&files)
}

#[tokio::test]
async fn a_store_that_is_ahead_of_another_does_not_take_its_directory() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=3).await;
    store.close().await.unwrap();
    back_up(&disk).unwrap();
    let other = start(&disk, "/other");
    for number in 1..=80 {
        let name = name(&format!("other {number}"));
        other.create(&name, id(100 + number), Timestamp(1)).await.unwrap();
        other.append(id(100 + number), vec![entry(text(number, 1))]).await.unwrap();
    }
    other.settle_for_test();
    other.close().await.unwrap();
    let before = below(&disk, BACKUP);
    assert!(refused(&disk, "/other").contains("holds a backup of another store"));
    assert_eq!(below(&disk, BACKUP), before);

    // The same of stores and backups that were made before stores had ids.
    let disk = without_ids(&disk);
    assert!(refused(&disk, "/other").contains("holds a backup of another store"));
    take(&disk, Path::new("/other"), Path::new("/new"), &TestClock::default()).unwrap();
    drop(start(&disk, "/other"));
    assert!(disk.files().contains_key(Path::new("/other/ID")), "opening a store gives it one");
    let again = take(&disk, Path::new("/other"), Path::new("/new"), &TestClock::default());
    assert_eq!(again.unwrap().damage, Vec::<String>::new());
    let manifest = manifest::read(&disk, Path::new("/new")).unwrap().unwrap();
    assert_eq!(manifest.id.map(|id| id.len()), Some(32));
}

#[tokio::test]
async fn archives_with_nothing_in_them_make_two_stores_no_relatives() {
    let disk = FaultyDisk::new();
    for (root, number) in [(STORE, 1), ("/other", 2)] {
        // The first journal file is left empty, and sealed by who comes next.
        start(&disk, root).close().await.unwrap();
        let store = start(&disk, root);
        store.create(&name("a"), id(number), Timestamp(1)).await.unwrap();
        store.settle_for_test();
        store.close().await.unwrap();
    }
    let archive =
        |root: &str| disk.files()[&Path::new(root).join("archive/00000001-00000001.arc")].clone();
    assert_eq!(archive(STORE), archive("/other"));
    back_up(&disk).unwrap();
    assert!(refused(&without_ids(&disk), "/other").contains("holds a backup of another store"));
}

#[tokio::test]
async fn who_is_restored_goes_on_with_the_backup_and_the_original_does_not() {
    let disk = backed_up().await;
    let first = below(&disk, BACKUP);
    put_back(&disk, BACK).unwrap();
    let take_of_copy = || take(&disk, Path::new(BACK), Path::new(BACKUP), &TestClock::default());
    assert_eq!(take_of_copy().unwrap().copied, 0, "it is the same");
    let copy = start(&disk, BACK);
    write(&copy, 1, 31..=40).await;
    copy.close().await.unwrap();
    assert_ne!(take_of_copy().unwrap().copied, 0);
    put_back(&disk, "/second").unwrap();
    assert_eq!(read(&start(&disk, "/second"), 1).await, expected(1, 40));
    assert!(refused(&disk, STORE).contains("holds a backup of another store"));
    assert_eq!(take_of_copy().unwrap().copied, 0);

    // The original has gone on itself, and its newer backup must not give way to the copy.
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with(BACKUP));
    files.extend(first);
    let disk = FaultyDisk::with_files(&files);
    let store = start(&disk, STORE);
    write(&store, 1, 31..=32).await;
    store.close().await.unwrap();
    let clock = TestClock::default();
    clock.advance(std::time::Duration::from_secs(9));
    take(&disk, Path::new(STORE), Path::new(BACKUP), &clock).unwrap();
    let error = refused(&disk, BACK);
    assert!(error.contains("holds another backup than the one that this store was restored from"));
}

/// A store that was closed once and goes on in its third journal file, and its files before that.
async fn gone_on() -> (FaultyDisk, BTreeMap<PathBuf, Vec<u8>>) {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    write(&store, 1, 1..=3).await;
    store.close().await.unwrap();
    let then = below(&disk, STORE);
    let store = start(&disk, STORE);
    write(&store, 1, 4..=6).await;
    store.settle_for_test();
    store.close().await.unwrap();
    (disk, then)
}

/// The same disk with these files of the store.
fn set_back(disk: &FaultyDisk, then: &BTreeMap<PathBuf, Vec<u8>>) -> FaultyDisk {
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with(STORE));
    files.extend(then.clone());
    FaultyDisk::with_files(&files)
}

/// The one copy in the backup of this file.
fn copy_of(disk: &FaultyDisk, file: &str) -> PathBuf {
    let is_copy = |path: &PathBuf| path.to_string_lossy().contains(file);
    below(disk, "/backup/files").into_keys().find(is_copy).expect("it was copied")
}

#[tokio::test]
async fn a_store_that_was_set_back_to_before_a_file_is_older_than_the_backup_that_has_it() {
    let (disk, then) = gone_on().await;
    back_up(&disk).unwrap();
    // As it lies there, and nobody has opened it since.
    let disk = set_back(&disk, &then);
    assert!(refused(&disk, STORE).contains("of this one when it was newer"));
}

#[tokio::test]
async fn a_file_of_another_life_is_known_by_its_salt_although_its_copy_is_damaged() {
    let (disk, then) = gone_on().await;
    back_up(&disk).unwrap();
    let copy = copy_of(&disk, "00000003.log");
    let disk = set_back(&disk, &then);
    let store = start(&disk, STORE);
    write(&store, 1, 4..=9).await;
    store.settle_for_test();
    store.close().await.unwrap();
    disk.flip(&copy, 1100, 1);
    assert!(refused(&disk, STORE).contains("of this one when it was newer"));
}

#[tokio::test]
async fn a_file_of_another_life_is_not_mended_with_a_copy_of_this_one() {
    let (disk, then) = gone_on().await;
    back_up(&disk).unwrap();
    // The backup after the damage keeps the sound copy, and does not know what the file says itself.
    let mut files = disk.files();
    files.get_mut(Path::new("/store/log/00000003.log")).unwrap()[..1024].fill(7);
    let disk = FaultyDisk::with_files(&files);
    assert_ne!(back_up(&disk).unwrap().damage, Vec::<String>::new());
    assert_eq!(manifest::read(&disk, Path::new(BACKUP)).unwrap().unwrap().salt, 0);
    let disk = set_back(&disk, &then);
    let store = start(&disk, STORE);
    write(&store, 1, 4..=9).await;
    store.settle_for_test();
    store.close().await.unwrap();
    assert!(refused(&disk, STORE).contains("of this one when it was newer"));
}

#[test]
fn a_file_that_goes_on_where_the_copy_of_the_one_before_has_more_is_of_another_life() {
    use crate::storage::{StoreFuture, index::Index, local::stepped::Workers};

    /// What is answered, once it is written. Nothing is sealed meanwhile.
    fn told<T>(workers: &mut Workers, answer: StoreFuture<T>) -> T {
        use futures_util::FutureExt;
        let mut answer = answer;
        loop {
            if let Some(told) = (&mut answer).now_or_never() {
                return told.unwrap();
            }
            assert!(workers.commit(), "nothing is left to write, and there is no answer");
        }
    }
    let opened = |disk: &FaultyDisk| {
        let options = LocalOptions { reserve_bytes: 0, ..LocalOptions::new(STORE) };
        let clock = Arc::new(TestClock::default());
        let opened =
            Local::open_stepped(options, Arc::new(disk.clone()), clock, Index::in_memory());
        let (store, workers, _) = opened.unwrap();
        (store, workers)
    };
    let disk = FaultyDisk::new();
    let (store, mut workers) = opened(&disk);
    told(&mut workers, store.create(&name("1"), id(1), Timestamp(1)));
    told(&mut workers, store.append(id(1), vec![entry("1")]));
    let then = below(&disk, STORE);
    told(&mut workers, store.append(id(1), vec![entry("2")]));
    disk.kill();
    back_up(&disk).unwrap();
    let disk = set_back(&disk, &then);
    let (store, mut workers) = opened(&disk);
    told(&mut workers, store.append(id(1), vec![entry("another")]));
    disk.kill();
    let journals: Vec<_> = below(&disk, "/store/log").into_keys().collect();
    assert_eq!(journals.len(), 3, "what was written before was not sealed: {journals:?}");
    assert!(refused(&disk, STORE).contains("of this one when it was newer"));
}
