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
