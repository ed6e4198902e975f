//! Power cuts at every operation of a run that writes, rotates, seals, merges and deletes, and again
//! while recovery is at work. The same sweep on a disk that lies must find losses.

use std::ops::Range;

use crate::{
    clock::Timestamp,
    ids::Seq,
    random::SeededRandom,
    storage::{
        Kept, Store, StoreError, StoredEntry,
        archive::{self, Archive},
        conformance::{entry, id, name},
        faulty::{Faults, FaultyDisk},
        journal,
        record::{Record, RecordKind},
        scan::{self, Item},
    },
};

use super::{Local, faults::start};

const DOCUMENTS: u64 = 3;
const ROUNDS: u64 = 24;

/// The moment of document 1 whose state is kept when what is around it is cut.
const KEPT: Seq = Seq(3);

/// What somebody was told is saved: of each document, how many entries.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    created: [bool; DOCUMENTS as usize],
    entries: [u64; DOCUMENTS as usize],
    ended: bool,
    /// Where document 1 begins, and the first state of it that was kept.
    cut: u64,
}

fn update(document: u64, seq: u64) -> String {
    format!("{document}:{seq}:{}", "x".repeat(200 + usize::try_from(seq % 7).unwrap() * 40))
}

fn state(seq: u64) -> StoredEntry {
    StoredEntry { seq: Seq(seq), entry: entry(format!("state 1:{seq}")) }
}

/// Cuts document 1 at its last entry and keeps the state of its third; whether it was told that this
/// is done.
async fn cut_off(store: &Local, last: u64) -> bool {
    let before = store.kept(id(1)).await.unwrap_or_default();
    let kept = Kept { floor: Seq(last), moments: vec![KEPT] };
    let mut states = vec![state(last)];
    if !before.has_state(KEPT) {
        states.push(state(KEPT.0));
    }
    store.cut(id(1), kept, states).await.is_ok()
}

/// Records that are still on the disk of what was cut, wherever they lie.
fn left_of_cut(disk: &FaultyDisk, floor: Seq) -> usize {
    let mut left = 0;
    let is_left = |record: &Record| {
        record.document == id(1) && record.kind == RecordKind::Entry && record.seq <= floor
    };
    for (path, bytes) in disk.files() {
        if let Some(number) = journal::number(&path) {
            let scan = scan::scan(number, &bytes.into(), true, None);
            let records = scan.items.iter().filter_map(|item| match item {
                Item::Record(_, record) => Some(record),
                Item::Damage(_) => None,
            });
            left += records.filter(|record| is_left(record)).count();
        } else if archive::parse_file_name(&path).is_some() {
            // What a lying disk damaged is found out elsewhere.
            let Ok(archive) = Archive::open(disk, &path) else { continue };
            for place in archive.footer().segments.iter().filter(|it| it.kind.is_content()) {
                let records = archive.read_segment(place).unwrap_or_default();
                left += records.iter().filter(|record| is_left(record)).count();
            }
        }
    }
    left
}

/// Writes until something fails, through several journal files, their sealing and a merge.
async fn work(disk: &FaultyDisk) -> Told {
    let mut told = Told::default();
    let Ok(store) = start(disk) else { return told };
    for document in 0..DOCUMENTS {
        let text = format!("document {document}");
        let created = store.create(&name(&text), id(document), Timestamp(1)).await;
        told.created[usize::try_from(document).unwrap()] = created.is_ok();
    }
    drop(store.create(&name("short"), id(9), Timestamp(1)).await);
    drop(store.append(id(9), vec![entry(vec![1; 3000])]).await);
    for round in 1..=ROUNDS {
        let appends: Vec<_> = (0..DOCUMENTS)
            .map(|document| store.append(id(document), vec![entry(update(document, round))]))
            .collect();
        for (document, append) in appends.into_iter().enumerate() {
            if let Ok(seq) = append.await {
                told.entries[document] = seq.0;
            }
        }
        if round == ROUNDS / 2 {
            told.ended = store.delete(id(9), Timestamp(2), vec![4]).await.is_ok();
        }
        if round % 10 == 0 && cut_off(&store, told.entries[1]).await {
            told.cut = told.entries[1];
        }
        if round % 8 == 0 && !disk.is_off() {
            store.settle_for_test();
        }
    }
    told
}

/// Compares what is there with what was told; gives a sentence for each broken promise.
async fn verify(store: &Local, told: &Told) -> Vec<String> {
    let mut broken = store.health().damage;
    for (document, wanted) in (0_u64..).zip(told.entries) {
        let text = format!("document {document}");
        let found = store.find(&name(&text)).await;
        let created = told.created[usize::try_from(document).unwrap()];
        match found {
            Ok(Some(found)) if found == id(document) => {}
            Ok(None) if !created => continue,
            other => {
                broken.push(format!("{text} was found as {other:?}"));
                continue;
            }
        }
        match store.open(id(document)).await {
            Err(error) => broken.push(format!("{text}: {error}")),
            Ok(opened) => {
                if opened.last < Seq(wanted) {
                    broken.push(format!("{text} ends at {}, not {wanted}", opened.last));
                }
                let first = opened.entries.first().map_or(1, |stored| stored.seq.0);
                if first < told.cut && document == 1 {
                    broken.push(format!("{text} begins with entry {first}, cut or not"));
                }
                for (stored, seq) in opened.entries.iter().zip(first..) {
                    let is_state = seq == first && first > 1 && document == 1;
                    let wanted = if is_state {
                        state(seq).entry.update
                    } else {
                        update(document, seq).into()
                    };
                    if stored.seq != Seq(seq) || stored.entry.update != wanted {
                        broken.push(format!("{text}: entry {seq} is another"));
                    }
                }
            }
        }
    }
    if told.cut > 0 && store.base(id(1), KEPT).await.ok().flatten() != Some(state(KEPT.0)) {
        broken.push("the state of a kept moment is gone".into());
    }
    if told.ended && !matches!(store.open(id(9)).await, Err(StoreError::Missing)) {
        broken.push("the deleted document is back".into());
    }
    broken
}

/// Which seeds to cut by: `COSCRIBE_SEEDS=20`, or `COSCRIBE_SEEDS=20..40`. A seed says what of the
/// operations that were not synced is on the disk, whole, torn or not at all.
fn seeds() -> Range<u64> {
    let asked = std::env::var_os("COSCRIBE_SEEDS");
    let asked = asked.map_or("1".to_owned(), |text| text.into_string().unwrap());
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    from.parse().unwrap()..to.parse().unwrap()
}

/// What came of a cut.
struct Looked {
    /// Whether it was reached before the work was done.
    reached: bool,
    /// Entries that somebody had been told are saved.
    told: u64,
    broken: Vec<String>,
}

/// Cuts the power at an operation, starts again and looks.
async fn cut(at: u64, seed: u64, lie: &dyn Fn(&mut Faults)) -> Looked {
    let disk = FaultyDisk::new();
    let random = SeededRandom::new((seed << 32) + at);
    disk.set(|faults| {
        lie(faults);
        faults.power_off_at = Some(at);
    });
    let mut told = work(&disk).await;
    let reached = disk.is_off();
    let saved = told.entries.iter().sum();
    disk.crash(&random);
    // The power goes again while the first recovery is at work, somewhere.
    let again = disk.operations() + 1 + at % 9;
    disk.set(|faults| faults.power_off_at = Some(again));
    drop(start(&disk));
    disk.crash(&random);
    let mut broken = Vec::new();
    for pass in 1..=2 {
        match start(&disk) {
            Ok(store) => {
                store.settle_for_test();
                broken.extend(verify(&store, &told).await);
                let floor = store.kept(id(1)).await.unwrap_or_default().floor;
                let left = left_of_cut(&disk, floor);
                if left > 0 {
                    broken.push(format!("{left} entries that were cut at {floor} are still there"));
                }
                // Another journal file follows, so nothing before it may be left half cut.
                let seq = store.open(id(0)).await.map_or(0, |opened| opened.last.0) + 1;
                if store.append(id(0), vec![entry(update(0, seq))]).await.is_ok() {
                    told.entries[0] = seq;
                }
            }
            Err(error) => broken.push(format!("it does not open: {error}")),
        }
        disk.crash(&random);
        let when = format!("seed {seed}, cut at {at}, look {pass}");
        broken.iter_mut().for_each(|text| *text = format!("{when}: {text}"));
        if !broken.is_empty() {
            break;
        }
    }
    Looked { reached, told: saved, broken }
}

/// Cuts the power at every `step`-th operation of the work.
async fn sweep(step: usize, lie: &dyn Fn(&mut Faults)) -> Vec<String> {
    let mut all = Vec::new();
    for at in (1..).step_by(step) {
        let looked = cut(at, 0, lie).await;
        all.extend(looked.broken);
        if !looked.reached {
            break;
        }
    }
    all
}

#[tokio::test]
async fn nothing_told_to_be_saved_is_lost_by_a_power_cut_at_any_operation() {
    let (mut cuts, mut told, mut broken) = (0, 0, Vec::new());
    for seed in seeds() {
        for at in 1.. {
            let looked = cut(at, seed, &|_| {}).await;
            (cuts, told) = (cuts + 1, told + looked.told);
            broken.extend(looked.broken);
            if !looked.reached {
                break;
            }
        }
    }
    let lost = broken.len();
    println!("torn writes: {cuts} rounds, {told} acknowledged edits checked, {lost} lost");
    assert_eq!(broken, Vec::<String>::new());
}

#[tokio::test]
async fn the_sweep_finds_losses_on_a_disk_that_ignores_syncs() {
    assert_ne!(sweep(5, &|faults| faults.ignore_sync = true).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_sweep_finds_losses_on_a_disk_that_ignores_syncs_of_directories() {
    assert_ne!(sweep(5, &|faults| faults.ignore_sync_dir = true).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_sweep_finds_losses_when_journal_files_go_before_their_archives_are_synced() {
    let lie = |faults: &mut Faults| faults.ignore_sync_of = Some(".tmp");
    assert_ne!(sweep(5, &lie).await, Vec::<String>::new());
}
