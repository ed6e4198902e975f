//! The local engine on a disk that fails: syncs, writes, no space, bad blocks, and what is read after.

use std::{path::Path, sync::Arc};

use futures_util::FutureExt;

use crate::{
    clock::{TestClock, Timestamp},
    ids::Seq,
    random::SeededRandom,
    storage::{
        Store, StoreError,
        conformance::{entry, id, name},
        disk::Disk,
        faulty::{Faults, FaultyDisk},
        reading::{self, Trouble, Wanted},
    },
};

use super::{Local, LocalOptions, OpenError, tests::open};

const ROOT: &str = "/store";
pub(super) fn start(disk: &FaultyDisk) -> Result<Local, OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    open(&disk, Path::new(ROOT), true).map(|(local, _)| local)
}

#[tokio::test]
async fn nothing_is_told_to_be_saved_after_a_failed_sync() {
    for at in 3..30 {
        let disk = FaultyDisk::new();
        let store = start(&disk).unwrap();
        disk.set(|faults| faults.sync_error_at = Some(at));
        let created = store.create(&name("a"), id(1), Timestamp(1)).await;
        let mut saved = 0;
        let mut failed = created.is_err();
        for _ in 0..30 {
            match store.append(id(1), vec![entry(vec![7; 500])]).await {
                Ok(_) if failed => panic!("saved after a failed sync at {at}"),
                Ok(seq) => saved = seq.0,
                Err(StoreError::Failed(_)) => failed = true,
                Err(error) => panic!("{error}"),
            }
        }
        let health = store.health();
        assert_eq!(health.failed, failed, "at {at}");
        if failed && created.is_ok() {
            let kept = store.open(id(1)).await.expect("reading goes on");
            assert_eq!(kept.last, Seq(saved));
        }
        drop(store);
        disk.crash(&SeededRandom::new(at));
        let store = start(&disk).unwrap();
        assert_eq!(store.health().damage, Vec::<String>::new());
        if saved > 0 {
            assert!(store.open(id(1)).await.unwrap().last >= Seq(saved));
        }
    }
}

#[tokio::test]
async fn a_failed_write_is_tried_again_and_leaves_no_trace() {
    for at in 8..40 {
        let disk = FaultyDisk::new();
        let store = start(&disk).unwrap();
        store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
        disk.set(|faults| faults.write_error_at = Some(at));
        for seq in 1..=20 {
            let append = store.append(id(1), vec![entry(vec![7; 500])]);
            store.retry_now();
            assert_eq!(append.await.unwrap(), Seq(seq));
        }
        assert_eq!(store.health().unwritable, None);
        drop(store);
        disk.crash(&SeededRandom::new(at));
        let store = start(&disk).unwrap();
        assert_eq!(store.health().damage, Vec::<String>::new());
        assert_eq!(store.open(id(1)).await.unwrap().last, Seq(20));
    }
}

#[tokio::test]
async fn a_full_disk_is_a_pause_and_not_a_loss() {
    let disk = FaultyDisk::new();
    let options = LocalOptions {
        journal_file_bytes: 4096,
        reserve_bytes: 4096,
        index_in_memory: true,
        ..LocalOptions::new(ROOT)
    };
    let meter = Arc::clone(&options.meter);
    let on: Arc<dyn Disk> = Arc::new(disk.clone());
    let (store, _) = Local::open(options, on, Arc::new(TestClock::default())).unwrap();
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    assert_eq!(meter.commit_waiting.get(), 0);
    let used: usize = disk.files().values().map(Vec::len).sum();
    // The reserve goes first, and only then is there no room at all.
    disk.set(|faults| faults.capacity = Some(used as u64 - 4096 + 100));
    let appends: Vec<_> =
        (0..10).map(|_| store.append(id(1), vec![entry(vec![7; 3000])])).collect();
    while store.health().unwritable.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(!store.health().failed);
    let refused = store.health().unwritable.unwrap();
    assert!(refused.contains("saved when there is space again"), "{refused}");
    assert!((3000..40_000).contains(&meter.commit_waiting.get()));

    disk.set(|faults| faults.capacity = None);
    store.retry_now();
    for (append, seq) in appends.into_iter().zip(1..=10) {
        assert_eq!(append.await.unwrap(), Seq(seq));
    }
    assert_eq!((store.health().unwritable, meter.commit_waiting.get()), (None, 0));
}

#[tokio::test]
async fn a_disk_with_less_left_than_a_journal_file_is_not_full() {
    let disk = FaultyDisk::new();
    let options = LocalOptions {
        journal_file_bytes: 64 << 20,
        reserve_bytes: 0,
        index_in_memory: true,
        ..LocalOptions::new(ROOT)
    };
    let (store, _) =
        Local::open(options, Arc::new(disk.clone()), Arc::new(TestClock::default())).unwrap();
    let used: usize = disk.files().values().map(Vec::len).sum();
    disk.set(|faults| faults.capacity = Some(used as u64 + (300 << 10)));
    drop(store.create(&name("a"), id(1), Timestamp(1)));
    let mut append = store.append(id(1), vec![entry(vec![7; 3000])]);
    let saved = loop {
        // Looked at first: an edit that waits for space would wait here for ever.
        assert_eq!(store.health().unwritable, None);
        if let Some(saved) = (&mut append).now_or_never() {
            break saved;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(saved.unwrap(), Seq(1));
}

#[tokio::test]
async fn a_full_disk_is_opened_read_and_closed() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    store.append(id(1), vec![entry("kept")]).await.unwrap();
    drop(store);
    // As a disk leaves it that was full before.
    disk.remove(&Path::new(ROOT).join("RESERVE")).unwrap();
    disk.set(|faults| faults.capacity = Some(0));
    let store = start(&disk).unwrap();
    assert_eq!(store.open(id(1)).await.unwrap().entries[0].entry.update, "kept");
    let warned = store.health().warnings.join(", ");
    assert!(warned.contains("no room for a reserve"), "{warned}");
    let waiting = store.append(id(1), vec![entry(vec![7; 9000])]);
    assert!(store.close().await.is_err());
    assert!(matches!(waiting.await, Err(StoreError::Failed(_))));
    disk.set(|faults| faults.capacity = None);
    assert_eq!(start(&disk).unwrap().open(id(1)).await.unwrap().last, Seq(1));
}

#[tokio::test]
async fn an_acknowledgement_waits_for_the_sync() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    disk.set(|faults| faults.stall_sync = true);
    let mut append = store.append(id(1), vec![entry("x")]);
    disk.wait_for_stall();
    assert!(FutureExt::now_or_never(&mut append).is_none());
    let open = store.open(id(1));
    let syncs = disk.syncs();
    disk.set(|faults| faults.stall_sync = false);
    assert_eq!(append.await.unwrap(), Seq(1));
    assert!(disk.syncs() > syncs);
    assert_eq!(open.await.unwrap().last, Seq(1));
}

#[tokio::test]
async fn what_a_killed_process_left_unsynced_is_safe_once_it_was_read() {
    for round in 0..8 {
        let disk = FaultyDisk::new();
        drop(start(&disk).unwrap());
        let store = start(&disk).unwrap();
        disk.set(|faults| (faults.ignore_sync, faults.ignore_sync_dir) = (true, true));
        store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
        store.append(id(1), vec![entry("seen")]).await.unwrap();
        disk.kill();
        drop(store);
        disk.set(|faults| *faults = Faults::default());
        assert_eq!(start(&disk).unwrap().open(id(1)).await.unwrap().last, Seq(1));
        disk.crash(&SeededRandom::new(round));
        assert_eq!(start(&disk).unwrap().open(id(1)).await.unwrap().last, Seq(1));
    }
}

#[tokio::test]
async fn a_journal_file_that_goes_bad_before_it_is_sealed_is_kept() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    for number in 1..=2 {
        let name = name(&number.to_string());
        store.create(&name, id(number), Timestamp(1)).await.unwrap();
        store.append(id(number), vec![entry(vec![7; 900])]).await.unwrap();
    }
    let path = Path::new("/store/log/00000002.log");
    disk.flip(path, 1700, 1);
    for _ in 0..4 {
        store.append(id(2), vec![entry(vec![7; 900])]).await.unwrap();
    }
    store.settle_for_test();
    assert_eq!(store.health().damage.len(), 1);
    assert!(disk.files().contains_key(path));
    assert!(matches!(store.open(id(1)).await, Err(StoreError::Damaged(_))));
    assert_eq!(store.open(id(2)).await.unwrap().last, Seq(5));
}

#[tokio::test]
async fn where_nobody_knows_who_lost_something_a_later_entry_is_the_proof() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    for number in 1..=3 {
        let name = name(&number.to_string());
        store.create(&name, id(number), Timestamp(1)).await.unwrap();
    }
    let length =
        || disk.files()[Path::new("/store/log/00000002.log")].iter().rposition(|byte| *byte != 0);
    let from = length().unwrap().next_multiple_of(8);
    store.append(id(3), vec![entry("lost")]).await.unwrap();
    let to = length().unwrap();
    store.append(id(1), vec![entry("kept")]).await.unwrap();
    disk.kill();
    drop(store);
    let mut files = disk.files();
    files.get_mut(Path::new("/store/log/00000002.log")).unwrap()[from..=to].fill(0);
    let disk = FaultyDisk::with_files(&files);
    let store = start(&disk).unwrap();
    assert_eq!(store.open(id(1)).await.unwrap().last, Seq(1));
    for number in 2..=3 {
        assert!(matches!(store.open(id(number)).await, Err(StoreError::Damaged(_))));
    }
    let unknown = store.create(&name("unknown"), id(4), Timestamp(1)).await;
    assert!(matches!(unknown, Err(StoreError::Damaged(_))), "it may have been created before");
    drop(store);
    let options =
        LocalOptions { accept_lost_names: true, index_in_memory: true, ..LocalOptions::new(ROOT) };
    let (store, _) = Local::open(options, Arc::new(disk), Arc::new(TestClock::default())).unwrap();
    store.create(&name("unknown"), id(4), Timestamp(1)).await.expect("the loss was accepted");
    assert!(matches!(store.open(id(2)).await, Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn an_entry_that_is_nowhere_is_a_gap_and_not_a_shorter_document() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    for text in ["1", "2", "3"] {
        store.append(id(1), vec![entry(text)]).await.unwrap();
    }
    let shared = &store.engine.shared;
    let (mut contents, keys) = {
        let tables = shared.tables();
        (tables.contents(id(1), Seq(0), usize::MAX).unwrap(), tables.keys.clone())
    };
    let read = |contents: &_| {
        let key = |number| keys.get(&number).copied();
        let wanted = Wanted { id: id(1), contents, key: &key, after: Seq(0), max_bytes: 999 };
        reading::read_entries(&*shared.disk, &shared.directories, &wanted)
    };
    assert_eq!(read(&contents).unwrap().len(), 3);
    contents.fresh.remove(1);
    assert!(matches!(read(&contents), Err(Trouble::Damaged(_))));
    contents.fresh[1].1 = contents.fresh[0].1;
    assert!(matches!(read(&contents), Err(Trouble::Damaged(_))));
}

#[tokio::test]
async fn content_is_dropped_only_once_the_end_of_its_document_is_durable() {
    let disk = FaultyDisk::new();
    let store = start(&disk).unwrap();
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    disk.set(|faults| faults.stall_sync = true);
    let delete = store.delete(id(1), Timestamp(2), Vec::new());
    let droppable = || store.engine.shared.tables().durably_ended();
    assert!(droppable().is_empty());
    disk.set(|faults| faults.stall_sync = false);
    delete.await.unwrap();
    assert!(droppable().contains(&id(1)));
}

#[tokio::test]
async fn what_is_refused_because_too_much_waits_leaves_no_trace() {
    let disk = FaultyDisk::new();
    let options =
        LocalOptions { queue_bytes: 10_000, index_in_memory: true, ..LocalOptions::new(ROOT) };
    let clock = Arc::new(TestClock::default());
    let (store, _) = Local::open(options, Arc::new(disk.clone()), clock).unwrap();
    store.create(&name("a"), id(1), Timestamp(1)).await.unwrap();
    disk.set(|faults| faults.stall_sync = true);
    let appends: Vec<_> =
        (0..20).map(|_| store.append(id(1), vec![entry(vec![7; 1000])])).collect();
    disk.set(|faults| faults.stall_sync = false);
    let (mut saved, mut refused) = (0, 0);
    for append in appends {
        match append.await {
            Ok(seq) => {
                saved += 1;
                assert_eq!(seq, Seq(saved));
            }
            Err(StoreError::Refused(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(saved >= 9 && refused >= 9, "{saved} were saved, {refused} refused");
    let large = store.append(id(1), vec![entry(vec![7; 50_000])]).await;
    assert_eq!(large.expect("alone, anything may wait"), Seq(saved + 1));
    assert_eq!(store.open(id(1)).await.unwrap().entries.len() as u64, saved + 1);
}
