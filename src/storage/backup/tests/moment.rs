//! Backups put back as the store was at any moment, against a list of what was done when.

use std::collections::btree_map;

use super::*;
use crate::{
    clock::Clock,
    ids::{DocumentId, DocumentName},
    storage::{
        Entry,
        insight::{Insight, Making},
    },
};

/// Takes every update for one of client 7.
struct Stub;

impl Insight for Stub {
    fn clients(&self, _: &[u8]) -> Vec<u64> {
        vec![7]
    }

    fn since(&self, key: &str, value: &[u8]) -> Option<Timestamp> {
        (key == "dated").then(|| Timestamp(std::str::from_utf8(value).unwrap().parse().unwrap()))
    }

    fn document(&self) -> Box<dyn Making + '_> {
        unreachable!("restoring makes no documents")
    }
}

fn put_back_at(disk: &FaultyDisk, into: &str, at: u64) -> Result<RestoredMoment, BackupError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let (random, clock) = (SeededRandom::new(at), TestClock::default());
    let asked = Asked { insight: &Stub, random: &random, clock: &clock };
    restore_at(&disk, Path::new(BACKUP), Path::new(into), Timestamp(at), &asked)
}

/// Late enough for every backup.
fn back_up_late(disk: &FaultyDisk) {
    let clock = TestClock::default();
    clock.advance(std::time::Duration::from_hours(1));
    assert!(clock.now() > Timestamp(1_000_000));
    take(disk, Path::new(STORE), Path::new(BACKUP), &clock).unwrap();
}

fn at(time: u64, text: &str) -> Entry {
    Entry { time: Timestamp(time), ..entry(text.to_owned()) }
}

/// Names and what they hold.
type Shown = BTreeMap<String, (DocumentId, Vec<String>)>;

async fn shown(store: &Local) -> Shown {
    let mut shown = Shown::new();
    for info in store.list("", None, usize::MAX).await.unwrap() {
        let found = read_all(store, info.id).await;
        shown.insert(info.name.as_str().to_owned(), (info.id, texts(&found, 1)));
    }
    shown
}

async fn read_all(store: &Local, id: DocumentId) -> Vec<StoredEntry> {
    let mut found: Vec<StoredEntry> = Vec::new();
    loop {
        let after = found.last().map_or(Seq(0), |stored| stored.seq);
        let page = store.history(id, after, usize::MAX).await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

#[tokio::test]
async fn every_second_comes_back_as_it_was() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    let random = SeededRandom::new(11);
    let mut now = Shown::new();
    let mut moments: Vec<(u64, Shown)> = Vec::new();
    for step in 1..=120_u64 {
        let time = step * 10;
        let names: Vec<String> = now.keys().cloned().collect();
        let chosen = usize::try_from(random.below(names.len().max(1) as u64)).unwrap();
        match (random.below(14), names.get(chosen)) {
            (0, Some(old)) => {
                let (document, lines) = now.remove(old).unwrap();
                let new = format!("renamed {step}");
                store.rename(document, &name(&new), Timestamp(time)).await.unwrap();
                now.insert(new, (document, lines));
            }
            (1, Some(old)) if names.len() > 2 => {
                let (document, _) = now.remove(old).unwrap();
                store.delete(document, Timestamp(time), vec![3]).await.unwrap();
            }
            (2..=3, _) | (_, None) => {
                // A name that was free again, sometimes.
                if let btree_map::Entry::Vacant(free) = now.entry(format!("document {}", step % 5))
                {
                    store.create(&name(free.key()), id(step), Timestamp(time)).await.unwrap();
                    free.insert((id(step), Vec::new()));
                }
            }
            (_, Some(old)) => {
                let (document, lines) = now.get_mut(old).unwrap();
                let line = format!("{step}:{}", "x".repeat(200));
                store.append(*document, vec![at(time, &line)]).await.unwrap();
                lines.push(line);
            }
        }
        moments.push((time, now.clone()));
    }
    // Of what was deleted some is still in the archives, and some is not, as they are merged meanwhile.
    back_up_late(&disk);
    for (round, (time, expected)) in moments.iter().enumerate().step_by(3) {
        let root = format!("/back{round}");
        let done = put_back_at(&disk, &root, *time).unwrap();
        let copy = start(&disk, &root);
        let found = shown(&copy).await;
        let mut expected = expected.clone();
        for (name, why) in &done.missing {
            assert!(why.contains("it was deleted later"), "{name}: {why}");
            expected.remove(name).expect("it was there then");
        }
        assert_eq!(done.documents, expected.len(), "at {time}");
        let mut renewed = 0;
        for (name, (document, lines)) in &expected {
            let (now_document, now_lines) = &found[name];
            assert_eq!(now_lines, lines, "{name} at {time}");
            // Only who lost something is another life.
            let later = moments
                .last()
                .unwrap()
                .1
                .values()
                .chain(moments[round..].iter().flat_map(|(_, shown)| shown.values()));
            let longest = later.filter(|it| it.0 == *document).map(|it| it.1.len()).max();
            assert_eq!(now_document == document, longest == Some(lines.len()), "{name} at {time}");
            renewed += usize::from(now_document != document);
        }
        assert_eq!((found.len(), done.cut), (expected.len(), renewed), "at {time}");
    }
    let whole = put_back_at(&disk, "/whole", 1_000_000).unwrap();
    assert_eq!((whole.cut, whole.missing.len()), (0, 0));
    assert_eq!(shown(&start(&disk, "/whole")).await, now);
}

#[tokio::test]
async fn small_records_are_those_of_then_and_later_writers_are_retired() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    let put = async |id, key: &'static str, revision, value: Option<String>| {
        store.put_record(id, key, revision, value.map(Into::into)).await.unwrap();
    };
    let (a, other) = (id(1), id(2));
    let title = DocumentName::new("a").unwrap();
    store.create(&title, a, Timestamp(10)).await.unwrap();
    store.create(&name("other"), other, Timestamp(10)).await.unwrap();
    put(a, "early", 0, Some("1".into())).await;
    store.append(a, vec![at(20, "one")]).await.unwrap();
    put(a, "between", 0, Some("2".into())).await;
    put(DocumentId::STORE, "leads/x", 0, Some(a.to_string())).await;
    store.append(a, vec![at(40, "two")]).await.unwrap();
    put(a, "dated", 0, Some("55".into())).await;
    store.append(other, vec![at(50, "later, by somebody else")]).await.unwrap();
    put(a, "after others", 0, Some("3".into())).await;
    store.append(a, vec![at(60, "three")]).await.unwrap();
    put(a, "late", 0, Some("4".into())).await;
    put(a, "early", 1, None).await;
    store.delete(other, Timestamp(70), vec![9]).await.unwrap();
    back_up_late(&disk);

    put_back_at(&disk, BACK, 45).unwrap();
    let copy = start(&disk, BACK);
    let new = copy.find(&title).await.unwrap().unwrap();
    assert_ne!(new, a, "it lost an edit");
    let keys: Vec<_> = copy.records(new, "").await.unwrap().into_iter().map(|it| it.0).collect();
    assert_eq!(keys, ["between".into(), "early".into()] as [Box<str>; 2]);
    assert_eq!(texts(&read_all(&copy, new).await, 1), ["one", "two"]);
    assert_eq!(copy.retired_clients(&title).await.unwrap()[..], [7]);
    let leads = copy.record(DocumentId::STORE, "leads/x").await.unwrap().unwrap();
    assert_eq!(leads.value, new.to_string());
    assert!(matches!(copy.open(a).await, Err(crate::storage::StoreError::Missing)));

    put_back_at(&disk, "/deleted-later", 65).unwrap();
    let copy = start(&disk, "/deleted-later");
    assert_eq!(copy.find(&name("other")).await.unwrap(), Some(other));
    assert_eq!(texts(&read_all(&copy, other).await, 1), ["later, by somebody else"]);

    put_back_at(&disk, "/all", 1000).unwrap();
    let copy = start(&disk, "/all");
    assert_eq!(copy.find(&title).await.unwrap(), Some(a), "it lost nothing");
    assert_eq!(copy.records(a, "").await.unwrap().len(), 4);
    assert_eq!(copy.retired_clients(&title).await.unwrap()[..], [0_u64; 0]);
}

#[tokio::test]
async fn a_past_that_was_cut_comes_back_from_where_it_begins_and_before_is_said_to_be_missing() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 1).await;
    for seq in 1..=30 {
        store.append(id(1), vec![at(seq * 10, &text(1, seq))]).await.unwrap();
    }
    let kept = Kept { floor: Seq(20), moments: vec![Seq(5)] };
    let state = |seq: u64| StoredEntry { seq: Seq(seq), entry: at(seq * 10, "state") };
    store.cut(id(1), kept.clone(), vec![state(5), state(20)]).await.unwrap();
    store.settle_for_test();
    back_up_late(&disk);
    let done = put_back_at(&disk, BACK, 250).unwrap();
    assert_eq!((done.documents, done.cut, done.missing.len()), (1, 1, 0));
    let copy = start(&disk, BACK);
    let new = copy.find(&name("1")).await.unwrap().unwrap();
    let found = texts(&read_all(&copy, new).await, 20);
    assert_eq!((found.len(), &found[0][..]), (6, "state"));
    assert_eq!(copy.kept(new).await.unwrap(), kept);
    assert!(copy.base(new, Seq(5)).await.unwrap().is_some());

    let done = put_back_at(&disk, "/before", 150).unwrap();
    assert_eq!((done.documents, done.missing.len()), (0, 1));
    assert!(done.missing[0].1.contains("retention removed its past up to entry 20"));
    assert_eq!(start(&disk, "/before").find(&name("1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_moment_that_the_backup_does_not_know_is_refused() {
    let disk = backed_up().await;
    let error = put_back_at(&disk, BACK, 1 << 50).unwrap_err().to_string();
    assert!(error.contains("was taken before that moment"), "{error}");
    assert_eq!(below(&disk, BACK).len(), 0);
}

/// The disk after a change to its files.
fn changed(disk: &FaultyDisk, change: impl FnOnce(&mut BTreeMap<PathBuf, Vec<u8>>)) -> FaultyDisk {
    let mut files = disk.files();
    change(&mut files);
    FaultyDisk::with_files(&files)
}

#[tokio::test]
async fn who_lost_something_by_damage_is_named_and_neither_shorter_nor_empty() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 3).await;
    for (seq, number) in [(1, 1), (1, 2), (1, 3), (2, 3), (2, 1)] {
        store.append(id(number), vec![at(seq * 10, &text(number, seq))]).await.unwrap();
    }
    store.close().await.unwrap();
    let sound = disk.files();
    let path = PathBuf::from("/store/log/00000002.log");
    let place = |what: &str| {
        let found = sound[&path].windows(what.len()).position(|window| window == what.as_bytes());
        found.expect("it is there") + what.len() - 1
    };
    // The last edit of 1, the only one of 2.
    for (hit, hurt) in [(text(1, 2), "1"), (text(2, 1), "2")] {
        let disk = changed(&disk, |files| files.get_mut(&path).unwrap()[place(&hit)] ^= 1);
        back_up_late(&disk);
        let done = put_back_at(&disk, BACK, 1000).unwrap();
        let names: Vec<_> = done.missing.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, done.documents, done.unknown), (vec![hurt], 2, false), "{done:?}");
        assert!(!done.damage.is_empty());
        let copy = start(&disk, BACK);
        assert_eq!(copy.find(&name(hurt)).await.unwrap(), None, "{hurt}");
        assert_eq!(texts(&read_all(&copy, id(3)).await, 1), [text(3, 1), text(3, 2)]);
    }
    // The name of 2.
    let disk = changed(&disk, |files| {
        let names: Vec<_> = sound[&path].windows(16).enumerate().collect();
        let head = names.iter().find(|(_, it)| **it == id(2).as_bytes()[..]).unwrap().0;
        files.get_mut(&path).unwrap()[head + 32] ^= 1;
    });
    back_up_late(&disk);
    let done = put_back_at(&disk, BACK, 1000).unwrap();
    assert_eq!((done.documents, done.missing.len()), (2, 1), "{done:?}");
}

#[tokio::test]
async fn what_ends_before_something_else_says_it_does_is_named() {
    let disk = FaultyDisk::new();
    let store = start(&disk, STORE);
    begin(&store, 2).await;
    store.append(id(1), vec![at(10, &text(1, 1))]).await.unwrap();
    store.settle_for_test();
    store.close().await.unwrap();
    for number in 2..=4 {
        let store = start(&disk, STORE);
        store.append(id(1), vec![at(10 * number, &text(1, number))]).await.unwrap();
        store.settle_for_test();
        store.close().await.unwrap();
    }
    let store = start(&disk, STORE);
    store.rename(id(1), &name("late"), Timestamp(90)).await.unwrap();
    store.settle_for_test();
    store.close().await.unwrap();
    let archives = below(&disk, "/store/archive").into_keys();
    let lost = archives.max().expect("what is not the newest was sealed");
    assert!(!lost.ends_with("00000002-00000002.arc"), "{}", lost.display());
    let disk = changed(&disk, |files| drop(files.remove(&lost)));
    back_up_late(&disk);
    let done = put_back_at(&disk, BACK, 1000).unwrap();
    assert!(done.unknown && done.damage.iter().any(|it| it.contains("missing")), "{done:?}");
    let (name, why) = &done.missing[0];
    assert!(name == "late" && why.contains("there were more"), "{done:?}");
    assert_eq!(done.missing.len(), 1);
}
