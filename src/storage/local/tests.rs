//! The local engine: the contract, on the machine's disk and on one in memory.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{
    clock::{TestClock, Timestamp},
    ids::Seq,
    storage::{
        Opened, Store, StoreError,
        conformance::{self, Harness},
        disk::{Disk, StdDisk},
        faulty::FaultyDisk,
        memory::Memory,
    },
};

use super::{Local, LocalOptions, OpenError, Report};

/// Opens a store whose journal files are small, so that tests see rotation and sealing.
pub(super) fn open(
    disk: &Arc<dyn Disk>,
    root: &Path,
    index_in_memory: bool,
) -> Result<(Local, Report), OpenError> {
    let options = LocalOptions {
        journal_file_bytes: 4096,
        reserve_bytes: 4096,
        index_in_memory,
        ..LocalOptions::new(root)
    };
    Local::open(options, disk.clone(), Arc::new(TestClock::default()))
}

struct InMemory;

impl Harness for InMemory {
    fn fresh(&self) -> Arc<dyn Store> {
        Arc::new(Memory::new())
    }

    fn reopen(&self, _closed: Arc<dyn Store>) -> Option<Arc<dyn Store>> {
        None
    }
}

#[tokio::test]
async fn the_engine_in_memory_keeps_the_contract() {
    conformance::run(&InMemory).await;
}

/// Stores in directories of their own; the newest one is reopened.
struct OnDisk {
    disk: Arc<dyn Disk>,
    root: tempfile::TempDir,
    index_in_memory: bool,
    count: Mutex<u32>,
}

impl OnDisk {
    fn new(disk: Arc<dyn Disk>, index_in_memory: bool) -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { disk, root, index_in_memory, count: Mutex::new(0) }
    }

    fn open(&self) -> Arc<dyn Store> {
        let root = self.root.path().join(self.count.lock().unwrap().to_string());
        Arc::new(open(&self.disk, &root, self.index_in_memory).unwrap().0)
    }
}

impl Harness for OnDisk {
    fn fresh(&self) -> Arc<dyn Store> {
        *self.count.lock().unwrap() += 1;
        self.open()
    }

    fn reopen(&self, closed: Arc<dyn Store>) -> Option<Arc<dyn Store>> {
        drop(closed);
        Some(self.open())
    }
}

#[tokio::test]
async fn the_local_engine_keeps_the_contract_on_the_machines_disk() {
    conformance::run(&OnDisk::new(Arc::new(StdDisk), false)).await;
}

#[tokio::test]
async fn the_local_engine_keeps_the_contract_on_a_disk_in_memory() {
    conformance::run(&OnDisk::new(Arc::new(FaultyDisk::new()), true)).await;
}

#[test]
fn a_second_process_is_told_who_has_the_store() {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let root = tempfile::tempdir().unwrap();
    let (first, _) = open(&disk, root.path(), true).unwrap();
    let refused = open(&disk, root.path(), true).err().expect("it is in use").to_string();
    let holder = format!("in use by another process (process {} since 0 ms", std::process::id());
    assert!(refused.contains(&holder), "{refused}");
    first.close_blocking().unwrap();
    open(&disk, root.path(), true).expect("closing lets go of the lock");
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let root = tempfile::tempdir().unwrap();
    drop(open(&disk, root.path(), true).unwrap());
    for (text, expected) in
        [("coscribe store 2\n", "says format 2, but this version knows 1"), ("x", "is damaged")]
    {
        std::fs::write(root.path().join("FORMAT"), text).unwrap();
        let refused = open(&disk, root.path(), true).err().expect("it is refused").to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    std::fs::remove_file(root.path().join("FORMAT")).unwrap();
    drop(open(&disk, root.path(), true).expect("an empty store can begin again"));
}

#[tokio::test]
async fn a_store_that_lost_its_format_file_is_not_taken_for_an_empty_one() {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let root = tempfile::tempdir().unwrap();
    let (store, _) = open(&disk, root.path(), true).unwrap();
    let name = conformance::name("a");
    store.create(&name, conformance::id(1), Timestamp(1)).await.unwrap();
    drop(store);
    std::fs::remove_file(root.path().join("FORMAT")).unwrap();
    let refused = open(&disk, root.path(), true).err().expect("it is refused").to_string();
    assert!(refused.contains("is missing although there are documents"), "{refused}");
}

#[tokio::test]
async fn damage_of_one_document_does_not_concern_the_others() {
    let disk = FaultyDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let root = Path::new("/store");
    let (store, _) = open(&shared, root, true).unwrap();
    for number in 1..=3 {
        let name = conformance::name(&number.to_string());
        store.create(&name, conformance::id(number), Timestamp(1)).await.unwrap();
        let update = format!("content of {number}");
        store.append(conformance::id(number), vec![conformance::entry(update)]).await.unwrap();
    }
    drop(store);
    let mut files = disk.files();
    let journal = files.get_mut(Path::new("/store/log/00000002.log")).unwrap();
    let at = journal.windows(12).position(|bytes| bytes == b"content of 2").unwrap();
    journal[at] ^= 1;

    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::with_files(&files));
    let (store, report) = open(&disk, root, true).unwrap();
    assert_eq!(report.damage.len(), 1);
    assert!(report.damage[0].contains(r#"document "2""#), "{report}");
    assert_eq!(store.health().damage, report.damage);
    let hurt = conformance::id(2);
    let name = conformance::name("2");
    assert_eq!(store.find(&name).await.unwrap(), Some(hurt));
    let other = conformance::id(9);
    assert_eq!(store.create(&name, other, Timestamp(1)).await.unwrap(), hurt);
    assert!(matches!(store.open(hurt).await, Err(StoreError::Damaged(_))));
    let entry = conformance::entry("more");
    assert!(matches!(store.append(hurt, vec![entry.clone()]).await, Err(StoreError::Damaged(_))));
    for number in [1, 3] {
        let id = conformance::id(number);
        assert_eq!(store.append(id, vec![entry.clone()]).await.unwrap(), Seq(2));
        assert_eq!(store.open(id).await.unwrap().entries.len(), 2);
    }
    store.create(&conformance::name("new"), other, Timestamp(1)).await.unwrap();
    store.delete(hurt, Timestamp(2), Vec::new()).await.expect("an operator can let go of it");
    assert_eq!(store.find(&name).await.unwrap(), None);
}

#[tokio::test]
async fn a_snapshot_that_is_ahead_of_the_log_shows_that_the_log_lost_something() {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let root = tempfile::tempdir().unwrap();
    let id = conformance::id(1);
    let (store, _) = open(&disk, root.path(), false).unwrap();
    store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    store.append(id, vec![conformance::entry("1")]).await.unwrap();
    drop(store);
    let log = root.path().join("log");
    let before: Vec<_> =
        std::fs::read_dir(&log).unwrap().map(|file| file.unwrap().path()).collect();
    let (store, _) = open(&disk, root.path(), false).unwrap();
    store.append(id, vec![conformance::entry("2")]).await.unwrap();
    store.snapshot(id, 0, Seq(2), "both".into()).await.unwrap();
    drop(store);
    for file in std::fs::read_dir(&log).unwrap().map(|file| file.unwrap().path()) {
        if !before.contains(&file) {
            std::fs::remove_file(file).unwrap();
        }
    }
    let (store, _) = open(&disk, root.path(), false).unwrap();
    match store.open(id).await {
        Err(StoreError::Damaged(_)) | Ok(Opened { last: Seq(2), .. }) => {}
        other => panic!("neither whole nor told: {other:?}"),
    }
}

#[tokio::test]
async fn a_store_that_was_closed_keeps_nothing_from_the_next_even_if_it_is_still_held() {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let root = tempfile::tempdir().unwrap();
    let id = conformance::id(1);
    let (first, _) = open(&disk, root.path(), false).unwrap();
    first.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    first.append(id, vec![conformance::entry("1")]).await.unwrap();
    first.snapshot(id, 0, Seq(1), "state".into()).await.unwrap();
    first.close().await.unwrap();
    let (second, _) = open(&disk, root.path(), false).unwrap();
    let found = second.open(id).await.unwrap().snapshot;
    assert_eq!(found.expect("sled was let go of").state, "state");
    assert!(first.append(id, vec![conformance::entry("2")]).await.is_err());
    assert!(first.snapshot(id, 1, Seq(1), "late".into()).await.is_err());
}

#[tokio::test]
async fn a_deleted_document_leaves_no_snapshot_even_when_a_stop_came_in_between() {
    let disk: Arc<dyn Disk> = Arc::new(StdDisk);
    let root = tempfile::tempdir().unwrap();
    let id = conformance::id(1);
    let (store, _) = open(&disk, root.path(), false).unwrap();
    store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    store.append(id, vec![conformance::entry("1")]).await.unwrap();
    let state = bytes::Bytes::from_static(b"state");
    let on_its_way = store.snapshot(id, 0, Seq(1), state.clone());
    store.delete(id, Timestamp(2), Vec::new()).await.unwrap();
    assert!(matches!(on_its_way.await, Ok(1) | Err(StoreError::Missing)));
    store.settle_for_test();
    let snapshots = |store: &Local| store.engine.shared.snapshots.get(id);
    assert_eq!(snapshots(&store), None);

    store.engine.shared.snapshots.put(id, 0, Seq(1), &state).unwrap();
    assert!(snapshots(&store).is_some());
    drop(store);
    let (store, _) = open(&disk, root.path(), false).unwrap();
    assert_eq!(snapshots(&store), None);
}

#[tokio::test]
async fn revisions_are_compared_across_starts_and_seals() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::new());
    let root = Path::new("/store");
    let id = conformance::id(1);
    let (store, _) = open(&disk, root, true).unwrap();
    store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    for revision in 0..3 {
        let written = store.put_record(id, "k", revision, Some("value".into()));
        assert_eq!(written.await.unwrap(), revision + 1);
    }
    for _ in 0..20 {
        store.append(id, vec![conformance::entry(vec![7; 900])]).await.unwrap();
    }
    store.settle_for_test();
    drop(store);
    for expected in 3..6 {
        let (store, _) = open(&disk, root, true).unwrap();
        let stale = store.put_record(id, "k", expected - 1, Some("stale".into())).await;
        assert!(matches!(stale, Err(StoreError::Conflict(_))));
        let written = store.put_record(id, "k", expected, Some("next".into())).await;
        assert_eq!(written.unwrap(), expected + 1);
    }
}

#[tokio::test]
async fn a_block_that_cannot_be_read_concerns_whose_records_it_held() {
    let disk = FaultyDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let root = Path::new("/store");
    let options = LocalOptions { index_in_memory: true, ..LocalOptions::new(root) };
    let start = || Local::open(options.clone(), shared.clone(), Arc::new(TestClock::default()));
    let store = start().unwrap().0;
    for number in 1..=2 {
        let name = conformance::name(&number.to_string());
        store.create(&name, conformance::id(number), Timestamp(1)).await.unwrap();
        let large = conformance::entry(vec![7; 9000]);
        store.append(conformance::id(number), vec![large]).await.unwrap();
    }
    drop(store);
    let store = start().unwrap().0;
    disk.set(|faults| faults.read_error_at = Some(("00000002.log", 6000)));
    store.append(conformance::id(1), vec![conformance::entry("later")]).await.unwrap();
    drop(store);
    let (store, report) = start().unwrap();
    assert_eq!(report.damage.len(), 1, "{report}");
    assert!(matches!(store.open(conformance::id(1)).await, Err(StoreError::Damaged(_))));
    assert_eq!(store.open(conformance::id(2)).await.unwrap().last, Seq(1));
    drop(store);

    let newest = Path::new("/store/log/00000003.log");
    let length = disk.files()[newest].len();
    disk.set(|faults| faults.read_error_at = Some(("00000003.log", 1100)));
    let (store, report) = start().expect("one block does not close the store");
    assert!(report.to_string().contains("journal file 3"), "{report}");
    let set_aside = store.open(conformance::id(2)).await;
    assert!(matches!(set_aside, Err(StoreError::Damaged(_))), "its last entry may be lost");
    drop(store);
    assert_eq!(disk.files()[newest].len(), length, "it must not be taken for torn and cut");
    disk.set(|faults| faults.read_error_at = None);
    let (store, _) = start().unwrap();
    assert_eq!(store.open(conformance::id(2)).await.unwrap().last, Seq(1));
    assert_eq!(store.open(conformance::id(1)).await.unwrap().entries[1].entry.update, "later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_whole_documents_while_files_are_sealed_and_merged_under_them() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::new());
    let store = Arc::new(open(&disk, Path::new("/store"), true).unwrap().0);
    let id = conformance::id(1);
    store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for seq in 1..=300 {
                let entry = conformance::entry(vec![7; 400]);
                assert_eq!(store.append(id, vec![entry]).await.unwrap(), Seq(seq));
            }
        }
    });
    while !writer.is_finished() {
        let opened = store.open(id).await.unwrap();
        assert_eq!(opened.entries.len() as u64, opened.last.0);
        let half = Seq(opened.last.0 / 2);
        let page = store.history(id, half, 1000).await.unwrap();
        assert!(page.first().is_none_or(|stored| stored.seq.0 == half.0 + 1));
    }
    writer.await.unwrap();
    store.settle_for_test();
    assert_eq!(store.open(id).await.unwrap().entries.len(), 300);
    assert_eq!(store.health(), crate::storage::Health::default());
}
