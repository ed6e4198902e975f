//! A store before and after it was compacted, and after that was interrupted at every operation.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::compact;
use crate::{
    clock::{Clock, TestClock, Timestamp},
    ids::{DocumentId, Seq},
    random::SeededRandom,
    storage::{
        Kept, Record, Store, StoreError, StoreFuture, StoredEntry, archive,
        conformance::{entry, id, name},
        disk::Disk,
        faulty::{Faults, FaultyDisk},
        index::Index,
        journal,
        local::{Local, LocalOptions, OpenError, faults::start, stepped::Workers},
    },
};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Everything that can be read of a document.
#[derive(Debug, PartialEq)]
struct Read {
    name: String,
    id: DocumentId,
    times: (Timestamp, Timestamp),
    history: Vec<StoredEntry>,
    records: Vec<(Box<str>, Record)>,
    kept: Kept,
    states: Vec<Option<StoredEntry>>,
}

/// All documents, what the store keeps for itself, and who wrote in what was deleted.
type All = (Vec<Read>, Vec<(Box<str>, Record)>, Vec<u64>);

/// The keeper is at work meanwhile, so that a page may end early.
async fn history(store: &Local, id: DocumentId, last: Seq) -> Result<Vec<StoredEntry>, StoreError> {
    let mut all: Vec<StoredEntry> = Vec::new();
    while all.last().is_none_or(|stored| stored.seq < last) {
        let after = all.last().map_or(Seq(0), |stored| stored.seq);
        all.extend(store.history(id, after, usize::MAX).await?);
    }
    Ok(all)
}

async fn read(store: &Local) -> Result<All, StoreError> {
    let mut all = Vec::new();
    for info in store.list("", None, usize::MAX).await? {
        let kept = store.kept(info.id).await?;
        let mut states = Vec::new();
        for seq in &kept.moments {
            states.push(store.base(info.id, *seq).await?);
        }
        all.push(Read {
            name: info.name.to_string(),
            id: info.id,
            times: (info.created, info.changed),
            history: history(store, info.id, info.last).await?,
            records: store.records(info.id, "").await?,
            kept,
            states,
        });
    }
    let own = store.records(DocumentId::STORE, "").await?;
    Ok((all, own, store.retired_clients(&name("gone")).await?.to_vec()))
}

/// What is read of a store that is opened; otherwise a sentence about why it is not.
async fn opened(disk: &FaultyDisk) -> Result<All, String> {
    let store = start(disk).map_err(|error| error.to_string())?;
    let all = read(&store).await.map_err(|error| error.to_string())?;
    match &store.health().damage[..] {
        [] => Ok(all),
        damage => Err(damage.join("; ")),
    }
}

fn compacted(disk: &FaultyDisk) -> Result<(), OpenError> {
    let options = LocalOptions {
        index_in_memory: true,
        reserve_bytes: 4096,
        random: Arc::new(SeededRandom::new(3)),
        ..LocalOptions::new("/store")
    };
    let (disk, clock): (Arc<dyn Disk>, Arc<dyn Clock>) =
        (Arc::new(disk.clone()), Arc::new(TestClock::default()));
    compact(options, disk, clock)
}

/// What the engine answers, once it has written; nothing but the journal is seen to meanwhile.
fn told<T>(workers: &mut Workers, answer: StoreFuture<T>) -> T {
    let mut answer = answer;
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(Ok(told)) = answer.as_mut().poll(&mut context) {
            return told;
        }
        assert!(workers.commit(), "nothing is left to write, and there is no answer");
    }
}

/// A store that was killed, with archives, several journal files and much that nobody reads any more. The
/// same each time: what a sweep comes to depends on it.
fn sample() -> Files {
    let disk = FaultyDisk::new();
    let options = LocalOptions {
        journal_file_bytes: 4096,
        reserve_bytes: 4096,
        random: Arc::new(SeededRandom::new(2)),
        ..LocalOptions::new("/store")
    };
    let clock = Arc::new(TestClock::default());
    let opened =
        Local::open_stepped(options, Arc::new(disk.clone()), clock, Index::in_memory()).unwrap();
    let (store, mut workers, _) = opened;
    let workers = &mut workers;
    let state = |seq: u64| StoredEntry { seq: Seq(seq), entry: entry(format!("state {seq}")) };
    for number in 1..=3 {
        let name = name(&format!("document {number}"));
        told(workers, store.create(&name, id(number), Timestamp(number)));
    }
    told(workers, store.create(&name("gone"), id(9), Timestamp(1)));
    let random = SeededRandom::new(1);
    let noise = |bytes: usize| {
        let mut noise = vec![0; bytes];
        crate::random::Random::fill(&random, &mut noise);
        noise
    };
    let mut outbox = 0;
    for round in 1..=12 {
        for number in 1..=3 {
            let mut entry = entry(noise(60));
            entry.time = Timestamp(100 * round + number);
            told(workers, store.append(id(number), vec![entry]));
        }
        told(workers, store.append(id(9), vec![entry(noise(900))]));
        let card = Some(noise(200).into());
        told(workers, store.put_record(id(1), "card", round - 1, card));
        let letter = store.put_record(DocumentId::STORE, "outbox", outbox, Some("x".into()));
        outbox = told(workers, letter);
        if round == 8 {
            told(workers, store.put_record(id(2), "link", 0, Some("old".into())));
            told(workers, store.put_record(id(2), "link", 1, None));
            while workers.tidy() {}
        }
    }
    told(workers, store.put_record(DocumentId::STORE, "outbox", outbox, None));
    told(workers, store.rename(id(2), &name("two"), Timestamp(5000)));
    let kept = Kept { floor: Seq(9), moments: vec![Seq(3)] };
    told(workers, store.cut(id(3), kept, vec![state(3), state(9)]));
    told(workers, store.delete(id(9), Timestamp(6000), vec![4, 5]));
    told(workers, store.append(id(1), vec![entry("last")]));
    disk.kill();
    disk.files()
}

/// Bytes of archives and of journal files, and how many there are of each.
fn sizes(files: &Files) -> (usize, (usize, usize)) {
    let archives = files.iter().filter(|(path, _)| archive::parse_file_name(path).is_some());
    let journals = files.iter().filter(|(path, _)| journal::number(path).is_some());
    let bytes = archives.clone().chain(journals.clone()).map(|(_, bytes)| bytes.len()).sum();
    (bytes, (archives.count(), journals.count()))
}

#[tokio::test]
async fn a_compacted_store_is_small_and_reads_as_before() {
    let files = sample();
    let disk = FaultyDisk::with_files(&files);
    let before = opened(&FaultyDisk::with_files(&files)).await.unwrap();
    assert_eq!((before.0.len(), before.0[0].history.len(), &before.2[..]), (3, 13, &[4, 5][..]));
    compacted(&disk).unwrap();
    let small = disk.files();
    let (bytes, count) = sizes(&small);
    assert!(bytes < sizes(&files).0 / 3, "{bytes} of {}", sizes(&files).0);
    assert_eq!(count, (1, 1), "one archive and a journal file to go on with");
    compacted(&disk).unwrap();
    assert_eq!(disk.files(), small, "there is nothing left to do");

    let store = start(&disk).unwrap();
    assert_eq!(read(&store).await.unwrap(), before);
    assert_eq!(store.append(id(1), vec![entry("on")]).await.unwrap(), Seq(14));
    store.close().await.unwrap();
    let store = start(&disk).unwrap();
    assert_eq!(store.open(id(1)).await.unwrap().last, Seq(14));
}

#[tokio::test]
async fn what_nobody_reads_any_more_is_gone_from_the_files() {
    let disk = FaultyDisk::with_files(&sample());
    compacted(&disk).unwrap();
    let path = disk.files().into_keys().find(|it| archive::parse_file_name(it).is_some()).unwrap();
    let archive = archive::Archive::open(&disk, &path).unwrap();
    let documents: Vec<_> = archive.footer().segments.iter().map(|it| it.document).collect();
    assert!(!documents.contains(&id(9)), "content of a document that ended");
    let small = archive.meta_records().unwrap();
    let of = |document| small.iter().filter(move |it| it.document == document).count();
    assert_eq!(of(id(1)), 2, "it began and has a card");
    assert_eq!(of(id(2)), 2, "it began and was renamed; its link was removed");
    assert_eq!(of(DocumentId::STORE), 0, "its outbox is empty");
}

/// Compacts with faults; what a kill leaves and what a power cut leaves must both read as before. Gives a
/// sentence for each that does not, and whether the fault was met.
async fn interrupted(files: &Files, seed: u64, faults: Faults) -> (Vec<String>, bool) {
    let before = opened(&FaultyDisk::with_files(files)).await.unwrap();
    let disk = FaultyDisk::with_files(files);
    disk.set(|it| *it = faults.clone());
    let _failed = compacted(&disk);
    let Faults { power_off_at, write_error_at, sync_error_at, .. } = faults;
    let met = power_off_at.is_some_and(|at| disk.operations() >= at)
        || write_error_at.is_some_and(|at| disk.writes() >= at)
        || sync_error_at.is_some_and(|at| disk.syncs() >= at);
    let killed = FaultyDisk::with_files(&disk.files());
    disk.crash(&SeededRandom::new(seed));
    let mut broken = Vec::new();
    for (what, disk) in [("a kill", killed), ("a power cut", disk)] {
        let then = opened(&disk).await;
        let again = compacted(&disk).map_err(|error| error.to_string());
        let later = opened(&disk).await;
        if then.as_ref() != Ok(&before) || later.as_ref() != Ok(&before) || again.is_err() {
            broken.push(format!("{what} at {seed}: {then:?}, {again:?}, {later:?}"));
            continue;
        }
        if sizes(&disk.files()).1 != (1, 1) {
            broken.push(format!("{what} at {seed}: {:?} are left", disk.files().keys()));
        }
    }
    (broken, met)
}

async fn sweep(step: usize, faults: &dyn Fn(u64) -> Faults) -> (Vec<String>, u64) {
    let files = sample();
    let (mut all, mut times) = (Vec::new(), 0);
    for at in (1..).step_by(step) {
        let (broken, met) = interrupted(&files, at, faults(at)).await;
        all.extend(broken);
        if !met {
            break;
        }
        times += 1;
    }
    (all, times)
}

fn off(at: u64) -> Faults {
    Faults { power_off_at: Some(at), ..Faults::default() }
}

#[tokio::test]
async fn a_stop_at_any_operation_leaves_a_store_that_reads_as_before() {
    let (broken, met) = sweep(1, &off).await;
    assert_eq!(broken, Vec::<String>::new());
    assert!(met > 60, "{met} operations");
}

#[tokio::test]
async fn a_disk_that_fails_at_any_write_or_sync_leaves_a_store_that_reads_as_before() {
    let of_write = |at| Faults { write_error_at: Some(at), ..Faults::default() };
    let (broken, met) = sweep(1, &of_write).await;
    assert_eq!(broken, Vec::<String>::new());
    assert!(met > 20, "{met} writes");
    let of_sync = |at| Faults { sync_error_at: Some(at), ..Faults::default() };
    let (broken, met) = sweep(1, &of_sync).await;
    assert_eq!(broken, Vec::<String>::new());
    assert!(met > 5, "{met} syncs");
}

#[tokio::test]
async fn the_sweep_finds_losses_on_a_disk_that_ignores_syncs() {
    let (broken, _) = sweep(3, &|at| Faults { ignore_sync: true, ..off(at) }).await;
    assert_ne!(broken, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_damaged_is_not_compacted() {
    let files = sample();
    let archive = files.keys().find(|path| archive::parse_file_name(path).is_some()).unwrap();
    let disk = FaultyDisk::with_files(&files);
    let journal = files.keys().find(|path| journal::number(path).is_some()).unwrap();
    disk.flip(journal, 1100, 1);
    let error = compacted(&disk).unwrap_err().to_string();
    assert!(error.contains("`coscribe repair`"), "{error}");
    assert!(disk.files().contains_key(archive), "nothing was rewritten");

    let disk = FaultyDisk::with_files(&files);
    let segments = archive::Archive::open(&disk, archive).unwrap().into_footer().segments;
    let kept = segments.iter().find(|it| it.kind.is_content() && it.document == id(1)).unwrap();
    disk.flip(archive, usize::try_from(kept.offset).unwrap() + 90, 1);
    let error = compacted(&disk).unwrap_err().to_string();
    assert!(error.contains("is damaged at byte"), "{error}");
    assert!(compacted(&FaultyDisk::new()).unwrap_err().to_string().contains("holds no store"));
}
