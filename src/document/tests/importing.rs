//! A document that comes with its past while the power goes: at every operation of the disk, what is found
//! afterwards is the whole document or none.

use std::{path::Path, sync::Arc};

use bytes::Bytes;

use crate::{
    clock::{TestClock, Timestamp},
    crdt::Meta,
    document::{Brought, Unavailable, bin, bring_in},
    ids::{DocumentId, Seq},
    random::SeededRandom,
    storage::{
        Store, StoredEntry,
        conformance::{entry, name},
        disk::Disk,
        faulty::FaultyDisk,
        local::{Local, LocalOptions},
    },
};

const ENTRIES: u64 = 40;

fn update(number: u64) -> Bytes {
    format!("{number}:{}", "x".repeat(300)).into_bytes().into()
}

/// A document with its past, whole or not, and two moments with records about them.
fn brought(cut: bool) -> Brought {
    let records = |seqs: &[Seq]| {
        let value = Bytes::from(format!("{seqs:?}"));
        vec![("version.a".to_owned(), value.clone()), ("version.b".to_owned(), value)]
    };
    Brought {
        meta: Meta { title: "Brought".into(), ..Meta::default() },
        created: Timestamp(5),
        entries: (1..=ENTRIES).map(|number| entry(update(number))).collect(),
        cut,
        moments: vec![7, 30],
        records: Box::new(records),
    }
}

fn start(disk: &FaultyDisk) -> Option<Local> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let options = LocalOptions {
        journal_file_bytes: 4096,
        reserve_bytes: 4096,
        index_in_memory: true,
        ..LocalOptions::new(Path::new("/store"))
    };
    Local::open(options, disk, Arc::new(TestClock::default())).ok().map(|(local, _)| local)
}

async fn bring(store: &Local, cut: bool, seed: u64) -> Result<DocumentId, Unavailable> {
    bring_in(store, &name("notes"), brought(cut), Timestamp(9), &SeededRandom::new(seed)).await
}

/// What is wrong with what is there.
async fn verify(store: &Local, cut: bool, told: bool) -> Option<String> {
    let found = store.find(&name("notes")).await.ok()?;
    let Some(id) = found else {
        if told {
            return Some("what was told to be there is not".into());
        }
        for info in store.list("", None, 100).await.ok()? {
            let hidden = bin::deleted(store, info.id).await.ok()?.is_some();
            if !hidden && info.last > Seq(0) {
                return Some(format!("half of it is to be seen as {}", info.name));
            }
        }
        return None;
    };
    // Page by page: one ends early where a file is sealed meanwhile.
    let mut past: Vec<StoredEntry> = Vec::new();
    loop {
        let after = past.last().map_or(Seq(0), |stored| stored.seq);
        match store.history(id, after, usize::MAX).await.ok()? {
            page if page.is_empty() => break,
            page => past.extend(page),
        }
    }
    let whole = past.len() as u64 == ENTRIES
        && past.iter().zip(1..).all(|(stored, number)| stored.entry.update == update(number));
    let records = store.records(id, "version.").await.ok()?;
    let last = past.last().map_or(Seq(0), |stored| stored.seq);
    // The value of a record names the seqs of the 7th and 30th edit.
    let (beginning, expected) =
        if cut { (Seq(2), [Seq(8), Seq(31)]) } else { (Seq(0), [Seq(7), Seq(30)]) };
    let sound = records.iter().all(|(_, it)| it.value == format!("{expected:?}"));
    if !whole || records.len() != 2 || !sound || last.0 != ENTRIES + u64::from(cut) {
        return Some(format!("it has {} edits and {records:?}", past.len()));
    }
    if store.kept(id).await.ok()?.floor != beginning {
        return Some("it does not begin where it is told to".into());
    }
    let hidden = bin::deleted(store, id).await.ok()?.is_some();
    (told && hidden).then(|| "what was told to be there is in the bin".into())
}

#[tokio::test]
async fn a_power_cut_at_any_operation_leaves_the_whole_document_or_none() {
    for cut in [false, true] {
        sweep(cut).await;
    }
}

async fn sweep(cut: bool) {
    let (mut whole, mut none) = (0, 0);
    for at in 1.. {
        let disk = FaultyDisk::new();
        disk.set(|faults| faults.power_off_at = Some(at));
        let mut told = false;
        if let Some(store) = start(&disk) {
            told = bring(&store, cut, 1).await.is_ok();
        }
        let reached = disk.is_off();
        disk.crash(&SeededRandom::new(at));
        let store = start(&disk).expect("it opens");
        assert_eq!(verify(&store, cut, told).await, None, "cut at {at}");
        match store.find(&name("notes")).await.expect("it reads") {
            Some(_) => whole += 1,
            // Who tries again finds nothing in the way.
            None => {
                none += 1;
                assert!(bring(&store, cut, 2).await.is_ok(), "cut at {at}");
            }
        }
        if !reached {
            break;
        }
    }
    // How much is written after the last answer is up to the keeper's thread.
    assert!(whole > 0 && none > 5, "{whole} whole, {none} none");
}
