//! What the index promises: it answers rightly, or says that it cannot and can be made anew.

mod damage;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::*;
use crate::{
    identity::{Author, AuthorKind},
    random::{Random, SeededRandom},
    storage::{
        Entry, Snapshot,
        archive::{Archive, file_name, write_archive},
        faulty::FaultyDisk,
        payload,
        record::Record as JournalRecord,
        seal::{merge, retire},
    },
};

const DIRECTORY: &str = "archive";

fn id(number: u64) -> DocumentId {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

fn name(text: &str) -> DocumentName {
    DocumentName::new(text).unwrap()
}

fn measure(record: &JournalRecord) -> (Timestamp, u64) {
    payload::measure(record).unwrap()
}

fn entry(seq: u64, bytes: Vec<u8>) -> payload::Change {
    let author =
        Author { kind: AuthorKind::Claimed, user: "u".into(), name: "Ada".into(), connection: 1 };
    payload::Change::Entry(Entry {
        time: Timestamp(100 + seq),
        author: Arc::new(author),
        update: bytes.into(),
    })
}

/// A store's worth of archives, and what a reader must find out about it.
struct Story {
    disk: FaultyDisk,
    ranges: Vec<RangeInclusive<u64>>,
    names: BTreeMap<DocumentName, DocumentId>,
    last: BTreeMap<DocumentId, Seq>,
    keyed: BTreeMap<(DocumentId, String), Option<(u64, Bytes)>>,
    retired: BTreeMap<DocumentName, Vec<u64>>,
}

impl Story {
    /// Documents are created, written, renamed and deleted at random over a few archives.
    fn new(seed: u64, archives: u64) -> Self {
        let random = SeededRandom::new(seed);
        let mut story = Self {
            disk: FaultyDisk::new(),
            ranges: (1..=archives).map(|number| number..=number).collect(),
            names: BTreeMap::new(),
            last: BTreeMap::new(),
            keyed: BTreeMap::new(),
            retired: BTreeMap::new(),
        };
        let mut next = 0;
        for range in story.ranges.clone() {
            let records = (0..60).flat_map(|_| story.event(&random, &mut next)).collect();
            write_archive(&story.disk, Path::new(DIRECTORY), range, records, &measure).unwrap();
        }
        story
    }

    fn event(&mut self, random: &dyn Random, next: &mut u64) -> Option<JournalRecord> {
        let free = name(&format!("dir{}/{}", random.below(3), random.below(12)));
        let at = usize::try_from(random.below(self.names.len().max(1) as u64)).unwrap();
        let living = self.names.iter().nth(at).map(|(name, id)| (name.clone(), *id));
        let what = random.below(10);
        if what < 3 || living.is_none() {
            if self.names.contains_key(&free) {
                return None;
            }
            *next += 1;
            self.names.insert(free.clone(), id(*next));
            self.last.insert(id(*next), Seq(0));
            let created = payload::Change::Create { name: free, time: Timestamp(*next) };
            return Some(created.record(id(*next), Seq(0)));
        }
        let (named, document) = living?;
        let seq = self.last[&document];
        let change = match what {
            3 => {
                self.names.remove(&named);
                let client = random.below(1 << 40);
                self.retired.entry(named).or_default().push(client);
                self.keyed.retain(|(of, _), _| *of != document);
                payload::Change::Delete { time: Timestamp(5), clients: [client].into() }
            }
            4 if !self.names.contains_key(&free) => {
                self.names.remove(&named);
                self.names.insert(free.clone(), document);
                payload::Change::Rename { name: free, time: Timestamp(6) }
            }
            5 => {
                let mut bytes = vec![0; usize::try_from(random.below(200_000)).unwrap()];
                random.fill(&mut bytes);
                let value = (random.below(4) > 0).then(|| Bytes::from(bytes));
                let key = format!("k{}", random.below(2));
                let revision = 1 + random.below(9);
                let kept = value.clone().map(|value| (revision, value));
                self.keyed.insert((document, key.clone()), kept);
                payload::Change::Keyed { key: key.into(), revision, value }
            }
            _ => {
                self.last.insert(document, Seq(seq.0 + 1));
                let mut bytes = vec![0; 20];
                random.fill(&mut bytes);
                entry(seq.0 + 1, bytes)
            }
        };
        Some(change.record(document, self.last[&document]))
    }

    fn archives(&self) -> Vec<Archive> {
        let path = |range| Path::new(DIRECTORY).join(file_name(range));
        self.ranges.iter().map(|range| Archive::open(&self.disk, &path(range)).unwrap()).collect()
    }

    /// The index answers everything as the story went.
    fn check(&self, index: &Index) -> Result<(), IndexError> {
        let listed = index.list("", None, usize::MAX)?;
        assert!(listed.into_iter().eq(self.names.clone()));
        for (name, document) in &self.names {
            assert_eq!(index.find(name)?, Some(*document));
            let facts = index.facts(*document)?.unwrap();
            assert_eq!(facts.name.as_ref(), Some(name));
            assert_eq!(facts.last, self.last[document]);
            assert_eq!(facts.deleted, None);
            let places = index.places(*document, Seq(0))?;
            let mut next = 1;
            for located in &places {
                assert_eq!(located.place.first, Seq(next));
                next = located.place.last.0 + 1;
                let path = Path::new(DIRECTORY).join(file_name(&located.archive));
                Archive::open(&self.disk, &path).unwrap().read_segment(&located.place).unwrap();
            }
            assert_eq!(Seq(next - 1), facts.last, "the places reach the last entry");
        }
        for number in 1..=self.last.len() as u64 {
            if !self.names.values().any(|living| *living == id(number)) {
                assert!(index.facts(id(number))?.unwrap().deleted.is_some());
                assert_eq!(index.places(id(number), Seq(0))?, []);
            }
        }
        for ((document, key), value) in &self.keyed {
            let expected = value.clone().map(|(revision, value)| Record { revision, value });
            assert_eq!(index.keyed(*document, key)?, expected);
        }
        for (name, clients) in &self.retired {
            let mut clients = clients.clone();
            clients.sort_unstable();
            clients.dedup();
            assert_eq!(index.retired_clients(name)?[..], clients);
        }
        let indexed = index.watermark()?.unwrap();
        assert!(indexed.iter().map(|archive| &archive.range).eq(&self.ranges));
        Ok(())
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index");
    (directory, path)
}

#[test]
fn an_index_is_filled_from_archives_at_once_one_by_one_and_after_a_merge() {
    for seed in 0..6 {
        let mut story = Story::new(seed, 5);
        let index = Index::in_memory();
        assert_eq!(index.rebuild(&story.archives()).unwrap(), Vec::<String>::new());
        story.check(&index).unwrap();
        index.rebuild(&story.archives()).unwrap();
        story.check(&index).unwrap();

        let grown = Index::in_memory();
        grown.rebuild(&[]).unwrap();
        for archive in story.archives() {
            grown.add(&archive).unwrap();
        }
        story.check(&grown).unwrap();

        let old: Vec<_> = story.archives().drain(..4).map(Archive::into_footer).collect();
        let dead = |document| !story.names.values().any(|living| *living == document);
        let directory = Path::new(DIRECTORY);
        let new = merge(&story.disk, directory, &(1..=4), &dead, &measure).unwrap();
        grown.replace(&old, &new).unwrap();
        retire(&story.disk, directory, &(1..=4)).unwrap();
        story.ranges = vec![1..=4, 5..=5];
        story.check(&grown).unwrap();
        index.rebuild(&story.archives()).unwrap();
        story.check(&index).unwrap();
    }
}

#[test]
fn what_was_closed_is_current_when_opened_again() {
    let story = Story::new(20, 3);
    let (_directory, path) = scratch();
    let (index, state) = Index::open(&path);
    assert_eq!(state, IndexState::Rebuild("there was none".into()));
    assert!(!index.is_in_memory());
    index.rebuild(&story.archives()).unwrap();
    story.check(&index).unwrap();
    index.put_snapshot(id(1), 4, Seq(2), &Bytes::from_static(b"state")).unwrap();
    index.flush().unwrap();
    drop(index);
    let (index, state) = Index::open(&path);
    let indexed = story.archives().iter().map(|one| IndexedArchive::of(one.footer())).collect();
    assert_eq!(state, IndexState::Current(indexed));
    story.check(&index).unwrap();
    assert_eq!(index.snapshot_head(id(1)), Ok(Some((4, Seq(2)))));
    index.rebuild(&story.archives()).unwrap();
    assert!(index.snapshot(id(1)).unwrap().is_some(), "rebuilding keeps snapshots");
}

#[test]
fn an_index_can_be_opened_at_once_after_it_was_closed() {
    for _ in 0..10 {
        let (_directory, path) = scratch();
        let (index, _) = Index::open(&path);
        index.rebuild(&[]).unwrap();
        index.put_snapshot(id(1), 1, Seq(1), &Bytes::from(vec![1; 100_000])).unwrap();
        index.flush().unwrap();
        drop(index);
        assert_eq!(Index::open(&path).1, IndexState::Current(Vec::new()));
    }
}

#[test]
fn names_are_listed_by_their_bytes_in_pages() {
    let index = Index::in_memory();
    let names = ["a", "a/1", "a/2", "a/é", "ab", "b"];
    let changes = names.iter().zip(1..).map(|(text, at)| Change::Name(name(text), Some(id(at))));
    index.apply(changes.collect()).unwrap();
    let list = |prefix: &str, after: Option<&str>, limit| {
        let after = after.map(name);
        let found = index.list(prefix, after.as_ref(), limit).unwrap();
        found.into_iter().map(|(name, _)| name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("", None, 2), ["a", "a/1"]);
    assert_eq!(list("a/", None, 9), ["a/1", "a/2", "a/é"]);
    assert_eq!(list("a/", Some("a/1"), 1), ["a/2"]);
    assert_eq!(list("a/", Some("a"), 9), ["a/1", "a/2", "a/é"]);
    assert_eq!(list("a/", Some("b"), 9), Vec::<String>::new());
    assert_eq!(list("c", None, 9), Vec::<String>::new());
}

#[test]
fn clients_of_a_name_are_not_those_of_a_longer_name() {
    let index = Index::in_memory();
    let many: Vec<u64> = (0..20_000).collect();
    let retired = |text, at, clients| Change::Retired { name: name(text), id: id(at), clients };
    index
        .apply(vec![
            retired("a", 1, many.clone()),
            retired("a", 2, vec![5, 50_000]),
            retired("ab", 3, vec![60_000]),
        ])
        .unwrap();
    let mut expected = many;
    expected.push(50_000);
    assert_eq!(index.retired_clients(&name("a")).unwrap()[..], expected);
    assert_eq!(index.retired_clients(&name("ab")).unwrap()[..], [60_000]);
    assert_eq!(index.retired_clients(&name("b")).unwrap().len(), 0);
}

#[test]
fn a_smaller_value_leaves_no_parts_of_a_larger_one() {
    let index = Index::in_memory();
    let keyed = |value: Option<&[u8]>| Change::Keyed {
        id: id(1),
        key: "k".into(),
        revision: 1,
        value: value.map(Bytes::copy_from_slice),
    };
    index.apply(vec![keyed(Some(&[1; 300_000])), keyed(Some(b"small"))]).unwrap();
    assert_eq!(index.keyed(id(1), "k").unwrap().unwrap().value, "small");
    index.apply(vec![keyed(Some(&[1; 300_000]))]).unwrap();
    assert_eq!(index.keyed(id(1), "k").unwrap().unwrap().value, vec![1; 300_000]);
    index.apply(vec![keyed(None)]).unwrap();
    assert_eq!(index.keyed(id(1), "k"), Ok(None));
    assert_eq!(index.backend.keys(b"").unwrap(), [b"X"], "only the digest is left");
}

#[test]
fn snapshots_replace_each_other_whole_and_leave_nothing_behind() {
    let index = Index::in_memory();
    let random = SeededRandom::new(30);
    for revision in 1..20 {
        let mut state = vec![0; usize::try_from(random.below(3_000_000)).unwrap()];
        random.fill(&mut state);
        let state = Bytes::from(state);
        index.put_snapshot(id(1), revision, Seq(revision * 7), &state).unwrap();
        let expected = Snapshot { revision, seq: Seq(revision * 7), state };
        assert_eq!(index.snapshot(id(1)), Ok(Some(expected)));
    }
    index.remove_snapshot(id(1)).unwrap();
    assert_eq!(index.snapshot(id(1)), Ok(None));
    assert_eq!(index.backend.keys(b"").unwrap(), [b"X"], "only the digest is left");
}
