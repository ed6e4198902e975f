//! The acceptance suite of the [`Store`] contract. Every engine runs it; so can yours.
//!
//! Call [`run`] with a [`Harness`] that makes stores of your engine. Each check gets a fresh one.
//! A failed check panics with what was expected.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName, Seq},
    random::SeededRandom,
    storage::{Entry, Kept, Opened, Store, StoreError, StoredEntry, versions},
};

/// Makes stores of the engine under test.
pub trait Harness {
    /// An empty store.
    fn fresh(&self) -> Arc<dyn Store>;

    /// What a restart finds of a store that was closed; `None` for an engine that keeps nothing.
    fn reopen(&self, closed: Arc<dyn Store>) -> Option<Arc<dyn Store>>;
}

/// Runs every check.
pub async fn run(harness: &dyn Harness) {
    entries_come_back_in_order(harness).await;
    calls_take_effect_in_the_order_they_were_made(harness).await;
    a_dropped_future_is_work_all_the_same(harness).await;
    one_of_many_creators_wins(harness).await;
    snapshots_replace_each_other_by_revision(harness).await;
    small_records_compare_and_set(harness).await;
    small_records_are_listed_by_the_beginning_of_their_keys(harness).await;
    the_store_has_small_records_of_its_own(harness).await;
    an_ended_life_leaves_only_its_client_ids(harness).await;
    a_rename_moves_the_name(harness).await;
    lists_page_in_the_order_of_bytes(harness).await;
    history_pages_by_bytes(harness).await;
    large_entries_and_long_names_are_kept(harness).await;
    a_cut_past_begins_with_its_state(harness).await;
    a_cut_takes_nothing_that_is_needed(harness).await;
    unknown_documents_are_missing(harness).await;
    a_closed_store_refuses(harness).await;
    everything_survives_a_restart(harness).await;
}

/// A document's name.
#[must_use]
pub fn name(text: &str) -> DocumentName {
    DocumentName::new(text).expect("the suite chooses valid names")
}

/// A document id that the number determines.
#[must_use]
pub fn id(number: u64) -> DocumentId {
    DocumentId::new(&SeededRandom::new(number))
}

/// An entry with these bytes.
#[must_use]
pub fn entry(update: impl Into<Bytes>) -> Entry {
    let author =
        Author { kind: AuthorKind::Claimed, user: "u1".into(), name: "Ada".into(), connection: 9 };
    Entry { time: Timestamp(1_700_000_000_000), author: Arc::new(author), update: update.into() }
}

/// The updates of entries, as text, whose seqs must count up by one from `first`.
#[must_use]
pub fn texts(entries: &[StoredEntry], first: u64) -> Vec<String> {
    entries
        .iter()
        .zip(first..)
        .map(|(stored, seq)| {
            assert_eq!(stored.seq, Seq(seq), "entries count up by one");
            String::from_utf8_lossy(&stored.entry.update).into_owned()
        })
        .collect()
}

const NOW: Timestamp = Timestamp(1_700_000_000_001);

async fn created(store: &dyn Store, text: &str, number: u64) -> DocumentId {
    let holder = store.create(&name(text), id(number), NOW).await;
    assert_eq!(holder.expect("a free name can be taken"), id(number));
    id(number)
}

async fn opened(store: &dyn Store, id: DocumentId) -> Opened {
    store.open(id).await.expect("the document is sound")
}

async fn entries_come_back_in_order(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    let b = created(&*store, "b", 2).await;
    assert_eq!(opened(&*store, a).await, Opened::default());
    let batch = vec![entry("one"), entry("two")];
    assert_eq!(store.append(a, batch.clone()).await.expect("append"), Seq(2));
    assert_eq!(store.append(b, vec![entry("other")]).await.expect("append"), Seq(1));
    assert_eq!(store.append(a, vec![entry("three")]).await.expect("append"), Seq(3));
    let found = opened(&*store, a).await;
    assert_eq!(texts(&found.entries, 1), ["one", "two", "three"]);
    assert_eq!((found.last, found.snapshot), (Seq(3), None));
    assert_eq!(found.entries[0].entry, batch[0], "time and author are kept");
    assert_eq!(texts(&opened(&*store, b).await.entries, 1), ["other"]);
}

async fn calls_take_effect_in_the_order_they_were_made(harness: &dyn Harness) {
    let store = harness.fresh();
    let create = store.create(&name("a"), id(1), NOW);
    let appends: Vec<_> =
        (0..50).map(|n| store.append(id(1), vec![entry(n.to_string())])).collect();
    let open = store.open(id(1));
    let late = store.append(id(1), vec![entry("late")]);
    // Polled in the reverse order. The open still sees what it followed, and nothing later.
    let found = open.await.expect("open");
    assert_eq!(late.await.expect("append"), Seq(51));
    for (seq, append) in (1..).zip(appends).collect::<Vec<_>>().into_iter().rev() {
        assert_eq!(append.await.expect("append"), Seq(seq));
    }
    create.await.expect("create");
    let expected: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    assert_eq!(texts(&found.entries, 1), expected);
    assert_eq!(found.last, Seq(50));
}

async fn a_dropped_future_is_work_all_the_same(harness: &dyn Harness) {
    let store = harness.fresh();
    drop(store.create(&name("a"), id(1), NOW));
    drop(store.append(id(1), vec![entry("kept")]));
    assert_eq!(store.append(id(1), vec![entry("next")]).await.expect("append"), Seq(2));
    assert_eq!(texts(&opened(&*store, id(1)).await.entries, 1), ["kept", "next"]);
}

async fn one_of_many_creators_wins(harness: &dyn Harness) {
    let store = harness.fresh();
    assert_eq!(store.find(&name("a")).await.expect("find"), None);
    let creates: Vec<_> = (1..20).map(|n| store.create(&name("a"), id(n), NOW)).collect();
    for create in creates {
        assert_eq!(create.await.expect("create"), id(1));
    }
    assert_eq!(store.find(&name("a")).await.expect("find"), Some(id(1)));
    assert!(matches!(store.open(id(2)).await, Err(StoreError::Missing)));
}

async fn snapshots_replace_each_other_by_revision(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    store.append(a, vec![entry("one"), entry("two")]).await.expect("append");
    let put = |expected, seq, state: &'static str| {
        store.snapshot(a, expected, Seq(seq), Bytes::from_static(state.as_bytes()))
    };
    assert_eq!(put(0, 1, "first").await.expect("snapshot"), 1);
    assert!(matches!(put(0, 2, "again").await, Err(StoreError::Conflict(_))));
    assert!(matches!(put(1, 3, "ahead of the log").await, Err(StoreError::Conflict(_))));
    let found = opened(&*store, a).await;
    let snapshot = found.snapshot.expect("it was kept");
    assert_eq!((snapshot.revision, snapshot.seq, &snapshot.state[..]), (1, Seq(1), &b"first"[..]));
    assert_eq!(texts(&found.entries, 2), ["two"]);
    assert_eq!(put(1, 2, "second").await.expect("snapshot"), 2);
    let found = opened(&*store, a).await;
    assert_eq!((found.entries.len(), found.last), (0, Seq(2)));
    assert_eq!(found.snapshot.expect("it was kept").revision, 2);
    // A snapshot is an offer, the past stays.
    let past = store.history(a, Seq(0), 1000).await.expect("history");
    assert_eq!(texts(&past, 1), ["one", "two"]);
    let large = Bytes::from(vec![7; 300_000]);
    assert_eq!(store.snapshot(a, 2, Seq(2), large.clone()).await.expect("snapshot"), 3);
    assert_eq!(opened(&*store, a).await.snapshot.expect("it was kept").state, large);
}

async fn small_records_compare_and_set(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    let put = |expected, value: Option<&'static str>| {
        store.put_record(a, "share", expected, value.map(Bytes::from))
    };
    assert_eq!(store.record(a, "share").await.expect("record"), None);
    assert_eq!(put(0, Some("x")).await.expect("put"), 1);
    assert!(matches!(put(0, Some("y")).await, Err(StoreError::Conflict(_))));
    assert_eq!(put(1, Some("z")).await.expect("put"), 2);
    let found = store.record(a, "share").await.expect("record").expect("it was kept");
    assert_eq!((found.revision, &found.value[..]), (2, &b"z"[..]));
    assert_eq!(store.record(a, "other").await.expect("record"), None);
    assert_eq!(put(2, None).await.expect("put"), 0);
    assert_eq!(store.record(a, "share").await.expect("record"), None);
    assert_eq!(put(0, Some("")).await.expect("put"), 1);
    assert_eq!(opened(&*store, a).await.last, Seq(0), "small records are no entries");
}

async fn small_records_are_listed_by_the_beginning_of_their_keys(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    let b = created(&*store, "b", 2).await;
    for key in ["v/2", "v/10", "v", "w/1", "u/ü", "v/1"] {
        let value = Some(Bytes::copy_from_slice(key.as_bytes()));
        assert_eq!(store.put_record(a, key, 0, value).await.expect("put"), 1);
    }
    store.put_record(b, "v/3", 0, Some(Bytes::from_static(b"other"))).await.expect("put");
    store.put_record(a, "v/2", 1, None).await.expect("put");
    let found = store.records(a, "v/").await.expect("records");
    let keys: Vec<_> = found.iter().map(|(key, _)| &**key).collect();
    assert_eq!(keys, ["v/1", "v/10"], "those of the document that are still there, in order");
    assert_eq!((found[0].1.revision, &found[0].1.value[..]), (1, &b"v/1"[..]));
    assert_eq!(store.records(a, "").await.expect("records").len(), 5);
    assert_eq!(store.records(a, "x").await.expect("records"), []);
}

async fn the_store_has_small_records_of_its_own(harness: &dyn Harness) {
    let store = harness.fresh();
    let own = DocumentId::STORE;
    assert_eq!(store.record(own, "k").await.expect("it is always there"), None);
    assert_eq!(
        store.put_record(own, "k", 0, Some(Bytes::from_static(b"1"))).await.expect("put"),
        1
    );
    store.put_record(own, "x", 0, Some(Bytes::from_static(b"y"))).await.expect("put");
    store.put_record(own, "x", 1, None).await.expect("put");
    let a = created(&*store, "a", 1).await;
    let conflict = store.put_record(own, "k", 0, None).await;
    assert!(matches!(conflict, Err(StoreError::Conflict(_))), "{conflict:?}");
    assert_eq!(store.record(a, "k").await.expect("record"), None);
    assert_eq!(store.list("", None, 9).await.expect("list").len(), 1, "it is no document");
    store.close().await.expect("close");
    let Some(store) = harness.reopen(store) else { return };
    let found = store.records(own, "").await.expect("records");
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].0, &found[0].1.value[..]), ("k", &b"1"[..]));
    assert_eq!(store.list("", None, 9).await.expect("list").len(), 1, "it is no document");
    assert_eq!(store.health().damage, Vec::<String>::new());
}

async fn an_ended_life_leaves_only_its_client_ids(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    store.append(a, vec![entry("gone")]).await.expect("append");
    store.snapshot(a, 0, Seq(1), Bytes::from_static(b"gone")).await.expect("snapshot");
    store.put_record(a, "k", 0, Some(Bytes::from_static(b"gone"))).await.expect("put");
    store.delete(a, NOW, vec![5, 3]).await.expect("delete");
    assert_eq!(store.find(&name("a")).await.expect("find"), None);
    assert!(matches!(store.open(a).await, Err(StoreError::Missing)));
    assert!(matches!(store.append(a, vec![entry("late")]).await, Err(StoreError::Missing)));
    assert!(matches!(store.delete(a, NOW, Vec::new()).await, Err(StoreError::Missing)));
    assert!(matches!(store.create(&name("a"), a, NOW).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.list("", None, 10).await.expect("list").len(), 0);
    let again = created(&*store, "a", 2).await;
    assert_eq!(opened(&*store, again).await, Opened::default());
    assert_eq!(store.record(again, "k").await.expect("record"), None);
    store.delete(again, NOW, vec![4]).await.expect("delete");
    assert_eq!(store.retired_clients(&name("a")).await.expect("retired")[..], [3, 4, 5]);
    assert_eq!(store.retired_clients(&name("b")).await.expect("retired")[..], [0u64; 0]);
}

async fn a_rename_moves_the_name(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    created(&*store, "b", 2).await;
    assert!(matches!(store.rename(a, &name("b"), NOW).await, Err(StoreError::Conflict(_))));
    store.append(a, vec![entry("kept")]).await.expect("append");
    store.rename(a, &name("c"), NOW).await.expect("rename");
    assert_eq!(store.find(&name("a")).await.expect("find"), None);
    assert_eq!(store.find(&name("c")).await.expect("find"), Some(a));
    assert_eq!(texts(&opened(&*store, a).await.entries, 1), ["kept"]);
    created(&*store, "a", 3).await;
}

async fn lists_page_in_the_order_of_bytes(harness: &dyn Harness) {
    let store = harness.fresh();
    for (text, number) in [("b/2", 1), ("a", 2), ("b/10", 3), ("b", 4), ("ß", 5), ("b/1", 6)] {
        created(&*store, text, number).await;
    }
    store.append(id(2), vec![entry("12345"), entry("6")]).await.expect("append");
    let names = |infos: Vec<crate::storage::DocumentInfo>| {
        infos.into_iter().map(|info| info.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    let all = store.list("", None, 100).await.expect("list");
    let first = &all[0];
    assert_eq!((first.id, first.last, first.bytes), (id(2), Seq(2), 6));
    assert_eq!((first.created, first.changed), (NOW, entry("").time));
    assert_eq!(names(all), ["a", "b", "b/1", "b/10", "b/2", "ß"]);
    let page = store.list("b/", None, 2).await.expect("list");
    assert_eq!(names(page), ["b/1", "b/10"]);
    let page = store.list("b/", Some(&name("b/10")), 2).await.expect("list");
    assert_eq!(names(page), ["b/2"]);
    assert_eq!(names(store.list("b/", Some(&name("a")), 9).await.expect("list")).len(), 3);
    assert_eq!(names(store.list("z", None, 9).await.expect("list")).len(), 0);
}

async fn history_pages_by_bytes(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    let entries = (0..10).map(|n| entry(vec![b'0' + n; 100])).collect();
    store.append(a, entries).await.expect("append");
    let mut after = Seq(0);
    let mut sizes = Vec::new();
    loop {
        let page = store.history(a, after, 250).await.expect("history");
        let Some(last) = page.last() else { break };
        assert_eq!(texts(&page, after.0 + 1).len(), page.len());
        sizes.push(page.len());
        after = last.seq;
    }
    assert_eq!(sizes.iter().sum::<usize>(), 10);
    assert!(sizes.iter().all(|size| *size <= 4), "pages stay near their size: {sizes:?}");
    assert_eq!(store.history(a, Seq(9), 0).await.expect("history").len(), 1);
    assert_eq!(store.history(a, Seq(99), 0).await.expect("history").len(), 0);
}

async fn large_entries_and_long_names_are_kept(harness: &dyn Harness) {
    let store = harness.fresh();
    let long = "ü".repeat(128);
    let a = created(&*store, &long, 1).await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    store.append(a, vec![entry("small"), entry(large.clone()), entry("")]).await.expect("append");
    assert_eq!(store.find(&name(&long)).await.expect("find"), Some(a));
    let found = opened(&*store, a).await;
    assert_eq!(found.entries.len(), 3);
    assert!(found.entries[1].entry.update == large, "three million bytes come back as they were");
}

fn state(seq: u64) -> StoredEntry {
    StoredEntry { seq: Seq(seq), entry: entry(format!("state {seq}")) }
}

fn kept(floor: u64, moments: &[u64]) -> Kept {
    Kept { floor: Seq(floor), moments: moments.iter().map(|seq| Seq(*seq)).collect() }
}

/// Seqs and updates of a whole past.
async fn past(store: &dyn Store, id: DocumentId) -> Vec<(u64, String)> {
    let (mut after, mut found) = (Seq(0), Vec::new());
    loop {
        let page = store.history(id, after, 1).await.expect("history");
        let Some(last) = page.last() else { return found };
        after = last.seq;
        let text = |it: &StoredEntry| String::from_utf8_lossy(&it.entry.update).into_owned();
        found.extend(page.iter().map(|it| (it.seq.0, text(it))));
    }
}

/// An engine that keeps every past whole may refuse to cut.
async fn cuts(store: &dyn Store, id: DocumentId, to: Kept, states: &[u64]) -> bool {
    let states = states.iter().map(|seq| state(*seq)).collect();
    match store.cut(id, to, states).await {
        Ok(()) => true,
        Err(StoreError::Refused(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn a_cut_past_begins_with_its_state(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    for n in 1..=6 {
        store.append(a, vec![entry(format!("entry {n}"))]).await.expect("append");
    }
    store.snapshot(a, 0, Seq(3), Bytes::from_static(b"older")).await.expect("snapshot");
    assert_eq!(store.kept(a).await.expect("kept"), Kept::default());
    if !cuts(&*store, a, kept(4, &[2]), &[2, 4]).await {
        return;
    }
    let expected = |first: u64, last: u64| -> Vec<_> {
        let entries = (first + 1..=last).map(|n| (n, format!("entry {n}")));
        std::iter::once((first, format!("state {first}"))).chain(entries).collect()
    };
    assert_eq!(past(&*store, a).await, expected(4, 6));
    assert_eq!(store.kept(a).await.expect("kept"), kept(4, &[2]));
    for (seq, found) in [(2, Some(state(2))), (4, Some(state(4))), (3, None), (5, None)] {
        assert_eq!(store.base(a, Seq(seq)).await.expect("base"), found);
    }
    let middle = store.history(a, Seq(2), 1000).await.expect("history");
    assert_eq!(middle.first().map(|it| it.seq), Some(Seq(4)), "what is before it is not there");
    assert_eq!(store.append(a, vec![entry("entry 7")]).await.expect("append"), Seq(7));
    assert!(cuts(&*store, a, kept(7, &[4]), &[7]).await);
    assert_eq!(past(&*store, a).await, expected(7, 7));
    assert_eq!(store.base(a, Seq(2)).await.expect("base"), None);
    let found = opened(&*store, a).await;
    let seqs = found.snapshot.iter().map(|it| it.seq).chain(found.entries.iter().map(|it| it.seq));
    assert!(seqs.into_iter().all(|seq| seq == Seq(7)), "nothing from before the cut is loaded");
    assert_eq!(store.append(a, vec![entry("entry 8")]).await.expect("append"), Seq(8));
    store.close().await.expect("close");
    let Some(store) = harness.reopen(store) else { return };
    assert_eq!(store.health(), crate::storage::Health::default());
    assert_eq!(past(&*store, a).await, expected(7, 8));
    assert_eq!(store.kept(a).await.expect("kept"), kept(7, &[4]));
    assert_eq!(store.base(a, Seq(4)).await.expect("base"), Some(state(4)));
    assert_eq!(opened(&*store, a).await.last, Seq(8));
}

async fn a_cut_takes_nothing_that_is_needed(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    let entries = (1..=6).map(|n| entry(format!("entry {n}"))).collect();
    store.append(a, entries).await.expect("append");
    if !cuts(&*store, a, kept(3, &[]), &[3]).await {
        return;
    }
    let version = versions::Version {
        id: "v".into(),
        name: "kept".into(),
        seq: Seq(5),
        time: NOW,
        author: entry("").author,
        automatic: false,
        extent: None,
    };
    versions::add(&*store, a, &version).await.expect("a version");
    for (to, states) in [
        (kept(2, &[]), vec![2]),
        (kept(7, &[5]), vec![7, 5]),
        (kept(6, &[5]), vec![6]),
        (kept(6, &[2, 5]), vec![6, 5]),
        (kept(6, &[]), vec![6]),
        (kept(6, &[5, 4]), vec![6, 4, 5]),
        (kept(6, &[5, 5]), vec![6, 5]),
        (kept(5, &[6]), vec![5, 6]),
    ] {
        let states = states.into_iter().map(state).collect();
        let refused = store.cut(a, to.clone(), states).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{to:?}: {refused:?}");
    }
    assert_eq!(store.kept(a).await.expect("kept"), kept(3, &[]));
    assert!(cuts(&*store, a, kept(6, &[5]), &[6, 5]).await);
    let b = created(&*store, "b", 2).await;
    store.append(b, vec![entry("entry 1")]).await.expect("append");
    let refused = store.cut(b, kept(1, &[]), vec![state(1)]).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "nothing is before it: {refused:?}");
}

async fn unknown_documents_are_missing(harness: &dyn Harness) {
    let store = harness.fresh();
    let missing = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::Missing)), "{outcome:?}");
    };
    missing(store.open(id(1)).await.map(drop));
    missing(store.append(id(1), vec![entry("x")]).await.map(drop));
    missing(store.history(id(1), Seq(0), 9).await.map(drop));
    missing(store.snapshot(id(1), 0, Seq(0), Bytes::new()).await.map(drop));
    missing(store.delete(id(1), NOW, Vec::new()).await);
    missing(store.rename(id(1), &name("x"), NOW).await);
    missing(store.record(id(1), "k").await.map(drop));
    missing(store.put_record(id(1), "k", 0, None).await.map(drop));
    missing(store.records(id(1), "").await.map(drop));
}

async fn a_closed_store_refuses(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    assert_eq!(store.health(), crate::storage::Health::default());
    let append = store.append(a, vec![entry("waiting")]);
    store.close().await.expect("close");
    append.await.expect("what was handed over before is saved");
    assert!(matches!(store.append(a, vec![entry("late")]).await, Err(StoreError::Failed(_))));
}

async fn everything_survives_a_restart(harness: &dyn Harness) {
    let store = harness.fresh();
    let a = created(&*store, "a", 1).await;
    let b = created(&*store, "b", 2).await;
    let c = created(&*store, "c", 3).await;
    store.append(a, vec![entry("one"), entry("two")]).await.expect("append");
    store.snapshot(a, 0, Seq(1), Bytes::from_static(b"state")).await.expect("snapshot");
    store.put_record(a, "k", 0, Some(Bytes::from_static(b"v"))).await.expect("put");
    store.rename(b, &name("new"), NOW).await.expect("rename");
    store.delete(c, NOW, vec![7]).await.expect("delete");
    let list = store.list("", None, 10).await.expect("list");
    store.close().await.expect("close");
    let Some(store) = harness.reopen(store) else { return };
    assert_eq!(store.health(), crate::storage::Health::default());
    assert_eq!(store.list("", None, 10).await.expect("list"), list);
    let found = opened(&*store, a).await;
    assert_eq!(found.last, Seq(2));
    if let Some(snapshot) = found.snapshot {
        assert_eq!((snapshot.seq, &snapshot.state[..]), (Seq(1), &b"state"[..]));
        assert_eq!(texts(&found.entries, 2), ["two"]);
    } else {
        assert_eq!(texts(&found.entries, 1), ["one", "two"]);
    }
    let record = store.record(a, "k").await.expect("record").expect("it was kept");
    assert_eq!((record.revision, &record.value[..]), (1, &b"v"[..]));
    assert_eq!(store.records(a, "").await.expect("records"), [("k".into(), record)]);
    assert_eq!(store.find(&name("new")).await.expect("find"), Some(b));
    assert_eq!(store.find(&name("c")).await.expect("find"), None);
    assert_eq!(store.retired_clients(&name("c")).await.expect("retired")[..], [7]);
    assert_eq!(store.append(a, vec![entry("three")]).await.expect("append"), Seq(3));
    let past = store.history(a, Seq(0), 1000).await.expect("history");
    assert_eq!(texts(&past, 1), ["one", "two", "three"]);
}
