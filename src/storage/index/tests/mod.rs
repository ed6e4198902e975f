//! What the index promises: it gives back what was put, or says that it cannot.

mod damage;

use std::path::PathBuf;

use super::*;
use crate::{
    ids::{DocumentId, Seq},
    random::{Random, SeededRandom},
    storage::Snapshot,
};

fn id(number: u64) -> DocumentId {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

/// A state that cannot be packed.
fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = vec![0; length];
    SeededRandom::new(seed).fill(&mut state);
    state.into()
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index");
    (directory, path)
}

#[test]
fn what_was_closed_is_there_when_opened_again_at_once() {
    for round in 0..10 {
        let (_directory, path) = scratch();
        let (index, state) = Index::open(&path);
        assert_eq!(state, IndexState::New);
        assert!(!index.is_in_memory());
        let state = noise(round, 100_000);
        index.put_snapshot(id(1), 4, Seq(2), &state).unwrap();
        index.flush().unwrap();
        drop(index);
        let (index, found) = Index::open(&path);
        assert_eq!(found, IndexState::Kept);
        assert_eq!(index.snapshot_head(id(1)), Ok(Some((4, Seq(2)))));
        assert_eq!(index.snapshot(id(1)), Ok(Some(Snapshot { revision: 4, seq: Seq(2), state })));
    }
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
    index.put_snapshot(id(2), 1, Seq(1), &Bytes::new()).unwrap();
    assert_eq!(index.documents(), Ok(vec![id(1), id(2)]));
    index.remove_snapshot(id(1)).unwrap();
    index.remove_snapshot(id(2)).unwrap();
    assert_eq!(index.snapshot(id(1)), Ok(None));
    assert_eq!(index.backend.keys(b"", 9).unwrap(), Vec::<Vec<u8>>::new());
}

#[test]
fn rows_are_small_because_sled_keeps_many_in_memory_whatever_its_cache_may_have() {
    let index = Index::in_memory();
    index.put_snapshot(id(1), 1, Seq(1), &noise(3, 1_000_000)).unwrap();
    let keys = index.backend.keys(b"", usize::MAX).unwrap();
    assert!(keys.len() > 400);
    for key in keys {
        assert!(index.backend.get(&key).unwrap().unwrap().len() <= 3 << 10);
    }
}

#[test]
fn what_says_the_same_again_and_again_takes_little_room() {
    let index = Index::in_memory();
    let state = Bytes::from("one after the other, ".repeat(50_000));
    index.put_snapshot(id(1), 1, Seq(1), &state).unwrap();
    assert_eq!(index.snapshot(id(1)).unwrap().unwrap().state, state);
    assert!(index.backend.keys(b"s", usize::MAX).unwrap().len() < 5);
}

#[test]
fn memory_holds_a_few_snapshots_and_refuses_what_is_too_much() {
    let index = Index::in_memory();
    let state = noise(1, backend::MEMORY_BYTES / 3);
    index.put_snapshot(id(1), 1, Seq(1), &state).unwrap();
    index.put_snapshot(id(2), 1, Seq(1), &state).unwrap();
    for _ in 0..3 {
        let refused = index.put_snapshot(id(3), 1, Seq(1), &state);
        assert!(matches!(refused, Err(IndexError::Failed(_))), "{refused:?}");
    }
    assert_eq!(index.documents(), Ok(vec![id(1), id(2)]));
    index.remove_snapshot(id(1)).unwrap();
    index.put_snapshot(id(3), 1, Seq(1), &state).expect("what was refused takes no room");
}
