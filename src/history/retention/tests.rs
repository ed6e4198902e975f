//! What policies keep, and that what they do not keep is gone from every file of the store.

use std::{path::Path, sync::Arc};

use super::{plan::plan, *};
use crate::{
    clock::TestClock,
    crdt::{content, replica::Replica},
    history::states::state,
    ids::{ClientId, Seq},
    limits::Limits,
    storage::{
        Entry, Kept, StoredEntry,
        archive::{self, Archive},
        conformance,
        disk::StdDisk,
        local::{Local, LocalOptions},
        memory::Memory,
        versions::{self, Version},
    },
};

const DAY: u64 = 24 * 3600 * 1000;

fn kept(floor: u64, moments: &[u64]) -> Kept {
    Kept { floor: Seq(floor), moments: moments.iter().copied().map(Seq).collect() }
}

#[test]
fn a_plan_keeps_what_the_policy_and_the_versions_name_and_never_goes_back() {
    let versions = [Seq(3), Seq(8), Seq(3), Seq(12)];
    let whole = kept(0, &[]);
    let days = Policy::Days { days: 7 };
    for (policy, before, old, expected) in [
        (Policy::Forever, &whole, None, None),
        (days, &whole, None, None),
        (days, &whole, Some(1), None),
        (days, &whole, Some(2), Some(kept(2, &[]))),
        (days, &whole, Some(9), Some(kept(9, &[3, 8]))),
        (days, &whole, Some(8), Some(kept(8, &[3]))),
        (Policy::Versions, &whole, None, Some(kept(20, &[3, 8, 12]))),
        (Policy::Forget, &whole, None, Some(kept(20, &[]))),
        (days, &kept(9, &[3, 8]), Some(5), None),
        (Policy::Forever, &kept(9, &[3, 8]), None, None),
        (Policy::Forever, &kept(9, &[3, 5, 8]), None, Some(kept(9, &[3, 8]))),
        (days, &kept(9, &[3]), Some(10), Some(kept(10, &[3]))),
        (days, &kept(8, &[3]), Some(10), Some(kept(10, &[3, 8]))),
        (Policy::Versions, &kept(20, &[3, 8, 12]), None, None),
    ] {
        let found = plan(policy, before, (old.map(Seq), Seq(20)), &versions);
        assert_eq!(found, expected, "{policy}, {before:?}, {old:?}");
    }
}

#[test]
fn a_policy_is_read_as_it_is_written() {
    for text in ["forever", "30d", "versions", "forget"] {
        assert_eq!(text.parse::<Policy>().unwrap().to_string(), text);
    }
    for text in ["", "30", "0d", "-1d", "36501d", "always", "d"] {
        assert_eq!(text.parse::<Policy>(), Err(NoPolicy), "{text}");
    }
    let policy = Policy::Days { days: 30 };
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(json, r#"{"policy":"days","days":30}"#);
    assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
}

/// Writes a word a day and takes most of them back; gives the id.
async fn written(store: &dyn Store) -> DocumentId {
    let id = conformance::id(1);
    store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    let mut ada = Replica::new(ClientId(7), "text");
    for day in 1..=10_u64 {
        let word = format!("secret{day} ");
        let typed = ada.edit(|text| text.push(&word)).1.unwrap();
        let taken_back = ada.edit(|text| {
            let length = u32::try_from(word.len()).unwrap();
            let end = text.len();
            if day % 5 != 0 {
                text.delete(end - length, length).unwrap();
            } else {
                text.push("kept ");
            }
        });
        for update in [typed, taken_back.1.unwrap()] {
            let time = Timestamp(day * DAY);
            let entry = Entry { update, time, ..conformance::entry("") };
            store.append(id, vec![entry]).await.unwrap();
        }
    }
    id
}

fn version(seq: u64) -> Version {
    Version {
        id: format!("v{seq}"),
        name: "x".into(),
        seq: Seq(seq),
        time: Timestamp(seq),
        author: conformance::entry("").author,
        automatic: false,
        extent: None,
    }
}

async fn said(store: &Arc<dyn Store>, id: DocumentId, seq: u64) -> Result<String, HistoryError> {
    Ok(content::text(&state(Arc::clone(store), id, Seq(seq), ()).await?).unwrap())
}

fn history(store: &Arc<dyn Store>, policy: Policy) -> History {
    History::keeping(Arc::clone(store), &Limits::default(), 1, policy).unwrap()
}

#[tokio::test]
async fn days_keep_what_is_young_and_the_moments_of_versions() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let id = written(&*store).await;
    versions::add(&*store, id, &version(3)).await.unwrap();
    let history = history(&store, Policy::Days { days: 4 });
    let before = said(&store, id, 3).await.unwrap();
    let whole = history.read(id, |past| Ok(past.rows().len())).await.unwrap();
    assert_eq!(whole, 20);
    let now = Timestamp(10 * DAY);
    assert_eq!(history.retain(now).await.unwrap(), 1);
    assert_eq!(history.bytes(), 0, "what was read before is not kept in memory either");
    assert_eq!(store.kept(id).await.unwrap(), kept(12, &[3]));
    assert_eq!(history.retain(now).await.unwrap(), 0, "once is enough");
    assert_eq!(said(&store, id, 3).await.unwrap(), before);
    for seq in [1, 2, 4, 11] {
        let gone = said(&store, id, seq).await;
        assert!(matches!(gone, Err(HistoryError::Cut(Seq(12)))), "{gone:?}");
    }
    let shown = history
        .read(id, |past| {
            let first = past.rows().row(0);
            assert_eq!(
                (past.floor(), first.seq, first.time),
                (Seq(12), Seq(12), Timestamp(6 * DAY))
            );
            assert!(past.rows().users()[first.user as usize].name.is_empty());
            assert!(matches!(past.state(Seq(11)), Err(HistoryError::Cut(_))));
            let now = content::text(&past.state(Seq(20))?).unwrap();
            Ok((past.rows().len(), now, content::text(&past.state(Seq(13))?).unwrap()))
        })
        .await
        .unwrap();
    assert_eq!(shown.0, 9);
    assert_eq!(shown.1, "secret5 kept secret10 kept ");
    assert_eq!(shown.2, "secret5 kept secret7 ");
    // A version that is removed takes its state with it, also where nothing more is cut.
    versions::remove(&*store, id, "v3").await.unwrap();
    assert_eq!(history.retain(now).await.unwrap(), 1);
    assert_eq!(store.kept(id).await.unwrap(), kept(12, &[]));
    assert!(said(&store, id, 3).await.is_err());
}

#[tokio::test]
async fn a_version_of_the_very_first_edit_is_kept() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let id = written(&*store).await;
    for seq in [1, 4] {
        versions::add(&*store, id, &version(seq)).await.unwrap();
    }
    let history = history(&store, Policy::Versions);
    assert_eq!(history.retain(Timestamp(DAY)).await.unwrap(), 1);
    assert_eq!(store.kept(id).await.unwrap(), kept(20, &[1, 4]));
    assert_eq!(said(&store, id, 1).await.unwrap(), "secret1 ");
}

#[tokio::test]
async fn a_document_has_its_own_policy_before_the_servers() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let id = written(&*store).await;
    let history = history(&store, Policy::Forget);
    set(&*store, id, Some(Policy::Forever)).await.unwrap();
    assert_eq!(own(&*store, id).await.unwrap(), Some(Policy::Forever));
    assert_eq!(history.retain(Timestamp(99 * DAY)).await.unwrap(), 0);
    set(&*store, id, None).await.unwrap();
    assert_eq!(own(&*store, id).await.unwrap(), None);
    assert_eq!(history.retain(Timestamp(99 * DAY)).await.unwrap(), 1);
    assert_eq!(store.kept(id).await.unwrap(), kept(20, &[]));
}

#[tokio::test]
async fn a_policy_that_cannot_be_understood_cuts_nothing() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let id = written(&*store).await;
    let history = history(&store, Policy::Forget);
    let mut revision = 0;
    for text in ["{", r#"{"policy":"days","days":0}"#, r#"{"policy":"sometimes"}"#] {
        let value = Some(text.as_bytes().to_vec().into());
        revision = store.put_record(id, KEY, revision, value).await.unwrap();
        assert_eq!(own(&*store, id).await.unwrap(), Some(Policy::Forever), "{text}");
        assert_eq!(history.retain(Timestamp(99 * DAY)).await.unwrap(), 0, "{text}");
    }
}

#[tokio::test]
async fn forgetting_takes_the_versions_of_a_single_edit_and_leaves_what_it_says() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let id = conformance::id(1);
    store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
    let forgetting = history(&store, Policy::Forget);
    assert_eq!(forgetting.retain(Timestamp(DAY)).await.unwrap(), 0, "there is nothing in it");
    let mut ada = Replica::new(ClientId(7), "text");
    let mut write = |words: &str| {
        let update = ada.edit(|text| text.push(words)).1.unwrap();
        let stored = store.append(id, vec![Entry { update, ..conformance::entry("") }]);
        async { stored.await.unwrap() }
    };
    write("one").await;
    versions::add(&*store, id, &version(1)).await.unwrap();
    assert_eq!(forgetting.retain(Timestamp(DAY)).await.unwrap(), 0, "one edit is one state");
    assert_eq!(versions::list(&*store, id).await.unwrap(), []);
    assert_eq!(said(&store, id, 1).await.unwrap(), "one");
    write(" two").await;
    assert_eq!(forgetting.retain(Timestamp(DAY)).await.unwrap(), 1);
    assert_eq!(store.kept(id).await.unwrap(), kept(2, &[]));
    assert_eq!(said(&store, id, 2).await.unwrap(), "one two");
    assert!(matches!(said(&store, id, 1).await, Err(HistoryError::Cut(Seq(2)))));
}

#[tokio::test]
async fn a_version_of_a_moment_that_is_cut_meanwhile_is_not_kept() {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let id = written(&*store).await;
    assert_eq!(history(&store, Policy::Versions).retain(Timestamp(DAY)).await.unwrap(), 1);
    let refused = versions::add(&*store, id, &version(9)).await.unwrap_err().to_string();
    assert!(refused.contains("the past before 9 is no longer kept"), "{refused}");
    assert_eq!(versions::list(&*store, id).await.unwrap(), []);
    versions::add(&*store, id, &version(20)).await.unwrap();
}

/// Everything in the files of a directory, archives unpacked.
fn everything(root: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for file in std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()) {
            if file.is_dir() {
                directories.push(file);
                continue;
            }
            all.extend(std::fs::read(&file).unwrap());
            if archive::parse_file_name(&file).is_some() {
                let archive = Archive::open(&StdDisk, &file).unwrap();
                for place in &archive.footer().segments {
                    let records = archive.read_segment(place).unwrap();
                    records.iter().for_each(|record| all.extend_from_slice(&record.payload));
                }
            }
        }
    }
    all
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn a_state_that_is_let_go_before_it_is_sealed_is_gone_as_well() {
    let root = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::default());
    // All of it lies in the journal file that is being written.
    let options = LocalOptions {
        journal_file_bytes: 64 << 10,
        reserve_bytes: 4096,
        ..LocalOptions::new(root.path())
    };
    let local = Arc::new(Local::open(options, Arc::new(StdDisk), clock).unwrap().0);
    let store: Arc<dyn Store> = local.clone();
    let id = written(&*store).await;
    versions::add(&*store, id, &version(5)).await.unwrap();
    let state = |seq| state(Arc::clone(&store), id, Seq(seq), ());
    let base = |seq, update| StoredEntry {
        seq: Seq(seq),
        entry: Entry { update, ..conformance::entry("") },
    };
    let bases = vec![base(5, state(5).await.unwrap()), base(20, state(20).await.unwrap())];
    versions::remove(&*store, id, "v5").await.unwrap();
    // Handed over together, so that the journal file is the same.
    let first = store.cut(id, kept(20, &[5]), bases);
    let second = store.cut(id, kept(20, &[]), Vec::new());
    first.await.unwrap();
    second.await.unwrap();
    local.settle_for_test();
    let after = everything(root.path());
    for day in 1..=10 {
        assert_eq!(holds(&after, &format!("secret{day} ")), day % 5 == 0, "secret{day}");
    }
    assert_eq!(said(&store, id, 20).await.unwrap(), "secret5 kept secret10 kept ");
}

#[tokio::test]
async fn what_is_cut_is_gone_from_every_file() {
    let root = tempfile::tempdir().unwrap();
    let options = LocalOptions {
        journal_file_bytes: 2048,
        reserve_bytes: 4096,
        ..LocalOptions::new(root.path())
    };
    let open = || {
        let clock = Arc::new(TestClock::default());
        Local::open(options.clone(), Arc::new(StdDisk), clock).unwrap().0
    };
    let local = Arc::new(open());
    let store: Arc<dyn Store> = local.clone();
    let id = written(&*store).await;
    let named = Version { name: "confidential".into(), ..version(5) };
    versions::add(&*store, id, &named).await.unwrap();
    let then = state(Arc::clone(&store), id, Seq(11), ()).await.unwrap();
    store.snapshot(id, 0, Seq(11), then).await.unwrap();
    local.settle_for_test();
    let before = everything(root.path());
    assert!((1..=10).all(|day| holds(&before, &format!("secret{day} "))));

    let days = Policy::Days { days: 3 };
    // As `retain` does, which would not say why not.
    assert!(apply(&store, (id, Seq(20)), days, Timestamp(10 * DAY)).await.unwrap());
    assert_eq!(store.kept(id).await.unwrap(), kept(14, &[5]));
    local.settle_for_test();
    let after = everything(root.path());
    for day in 1..=10 {
        // The third is in the version, the fifth and tenth are in the document, the rest is young.
        let stays = matches!(day, 3 | 5 | 8 | 9 | 10);
        assert_eq!(holds(&after, &format!("secret{day} ")), stays, "secret{day}");
    }
    assert_eq!(said(&store, id, 5).await.unwrap(), "secret3 ");
    let now = said(&store, id, 20).await.unwrap();
    store.close().await.unwrap();
    drop((store, local));

    let local = Arc::new(open());
    let store: Arc<dyn Store> = local.clone();
    assert_eq!(store.health(), crate::storage::Health::default());
    assert_eq!(said(&store, id, 20).await.unwrap(), now);
    assert_eq!(said(&store, id, 5).await.unwrap(), "secret3 ");
    let forgetting = history(&store, Policy::Forget);
    assert_eq!(forgetting.retain(Timestamp(10 * DAY)).await.unwrap(), 1);
    local.settle_for_test();
    let after = everything(root.path());
    for day in 1..=10 {
        assert_eq!(holds(&after, &format!("secret{day} ")), day % 5 == 0, "secret{day}");
    }
    assert_eq!(versions::list(&*store, id).await.unwrap(), []);
    assert!(holds(&before, "confidential") && !holds(&after, "confidential"));
    assert_eq!(said(&store, id, 20).await.unwrap(), now);
}
