//! What the index does with rows, files and directories that are not as it left them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::*;
use crate::storage::{
    StoreError,
    index::backend::{MemoryRows, Row},
    snapshots::Snapshots,
};

#[test]
fn a_row_that_is_damaged_or_another_rows_is_never_taken_for_the_truth() {
    let index = Index::in_memory();
    let state = noise(3, 20_000);
    index.put_snapshot(id(1), 1, Seq(1), &state).unwrap();
    index.put_snapshot(id(2), 1, Seq(1), &noise(4, 20_000)).unwrap();
    let keys = index.backend.keys(b"", usize::MAX).unwrap();
    for key in &keys {
        let whole = index.backend.get(key).unwrap().unwrap();
        let mut damages: Vec<Option<Vec<u8>>> = vec![Some(vec![])];
        for at in [0, 4, whole.len() - 1] {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1;
            damages.push(Some(bytes));
        }
        for other in keys.iter().filter(|other| *other != key) {
            damages.push(index.backend.get(other).unwrap().map(|value| value.to_vec()));
        }
        let is_own = Key::read(key.clone()).document() == Some(id(1));
        for damage in damages {
            index.backend.apply(vec![(key.clone(), damage)]).unwrap();
            match index.snapshot(id(1)) {
                Ok(Some(found)) => assert!(!is_own && found.state == state),
                Err(IndexError::Damaged(_)) => assert!(is_own),
                other => panic!("{other:?}"),
            }
        }
        index.backend.apply(vec![(key.clone(), Some(whole.to_vec()))]).unwrap();
    }
    let part = keys.iter().find(|key| key[0] == b's').unwrap();
    index.backend.apply(vec![(part.clone(), None)]).unwrap();
    assert!(matches!(index.snapshot(id(1)), Err(IndexError::Damaged(_))));
    index.put_snapshot(id(1), 2, Seq(2), &state).unwrap();
    assert_eq!(index.snapshot(id(1)).unwrap().unwrap().revision, 2, "a new one heals it");
}

#[test]
fn a_damaged_snapshot_is_replaced_by_whoever_comes_next() {
    for kind in [b's', b'S'] {
        for expected in [0, 1] {
            let index = Index::in_memory();
            index.put_snapshot(id(1), 1, Seq(1), &Bytes::from_static(b"old")).unwrap();
            let key = index.backend.keys(&[kind], 1).unwrap().remove(0);
            index.backend.apply(vec![(key, Some(vec![]))]).unwrap();
            let snapshots = Snapshots::new(index);
            assert_eq!(snapshots.get(id(1)), None);
            let revision = snapshots.put(id(1), expected, Seq(2), &Bytes::from_static(b"new"));
            assert_eq!(revision.unwrap(), expected + 1);
            assert_eq!(snapshots.get(id(1)).unwrap().state, "new");
            let stale = snapshots.put(id(1), expected, Seq(2), &Bytes::from_static(b"stale"));
            assert!(matches!(stale, Err(StoreError::Conflict(_))));
        }
    }
}

#[test]
fn parts_of_another_state_do_not_add_up() {
    let (index, other) = (Index::in_memory(), Index::in_memory());
    index.put_snapshot(id(1), 1, Seq(1), &noise(3, 150_000)).unwrap();
    other.put_snapshot(id(1), 1, Seq(1), &noise(4, 150_000)).unwrap();
    let key = Key::snapshot_part(id(1), 1, 1);
    let part = other.backend.get(key.bytes()).unwrap().unwrap();
    index.backend.apply(vec![(key.bytes().to_vec(), Some(part.to_vec()))]).unwrap();
    assert!(matches!(index.snapshot(id(1)), Err(IndexError::Damaged(_))));
}

/// Stops writing after some batches.
struct Failing {
    rows: Arc<MemoryRows>,
    left: AtomicU64,
}

impl Backend for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, IndexError> {
        self.rows.get(key)
    }
    fn keys(&self, prefix: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, IndexError> {
        self.rows.keys(prefix, limit)
    }
    fn apply(&self, rows: Vec<Row>) -> Result<(), IndexError> {
        if self.left.load(Ordering::Relaxed) == 0 {
            return Err(IndexError::Failed("no more".into()));
        }
        self.left.fetch_sub(1, Ordering::Relaxed);
        self.rows.apply(rows)
    }
    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }
    fn is_in_memory(&self) -> bool {
        true
    }
}

#[test]
fn a_snapshot_that_stops_half_way_leaves_the_old_one_or_is_the_new_one() {
    let (old, new) = (noise(1, 300_000), noise(2, 3_000_000));
    let left_in = |index: &Index| index.backend.keys(b"", usize::MAX).unwrap().len();
    let alone = Index::new(Box::new(MemoryRows::default()));
    alone.put_snapshot(id(1), 2, Seq(2), &new).unwrap();
    let clean = left_in(&alone);
    let (mut kept, mut replaced) = (0, 0);
    for batches in 0.. {
        let rows = Arc::new(MemoryRows::default());
        let failing = |left| {
            let left = AtomicU64::new(left);
            Index::new(Box::new(Failing { rows: rows.clone(), left }))
        };
        failing(u64::MAX).put_snapshot(id(1), 1, Seq(1), &old).unwrap();
        let done = failing(batches).put_snapshot(id(1), 2, Seq(2), &new).is_ok();
        let found = failing(0).snapshot(id(1)).unwrap().expect("one of the two");
        assert_eq!(done, found.revision == 2, "it says which one is kept, after {batches}");
        if done {
            assert!(found.state == new);
            replaced += 1;
        } else {
            assert!(found.state == old);
            kept += 1;
        }
        let index = failing(u64::MAX);
        if done && left_in(&index) == clean {
            break;
        }
        index.put_snapshot(id(1), 3, Seq(3), &old).unwrap();
        index.remove_snapshot(id(1)).unwrap();
        assert_eq!(index.backend.keys(b"", 9).unwrap(), Vec::<Vec<u8>>::new(), "after {batches}");
    }
    assert!(kept > 2 && replaced > 1, "{kept} kept, {replaced} replaced");
}

#[test]
fn a_removal_that_stops_half_way_can_be_found_and_finished() {
    for batches in 0..2 {
        let rows = Arc::new(MemoryRows::default());
        let failing = |left| {
            let left = AtomicU64::new(left);
            Index::new(Box::new(Failing { rows: rows.clone(), left }))
        };
        failing(u64::MAX).put_snapshot(id(1), 1, Seq(1), &Bytes::from_static(b"x")).unwrap();
        failing(batches).remove_snapshot(id(1)).unwrap_err();
        let index = failing(u64::MAX);
        assert_eq!(index.documents(), Ok(vec![id(1)]));
        index.remove_snapshot(id(1)).unwrap();
        assert_eq!(index.backend.keys(b"", 9).unwrap(), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn an_index_without_its_format_or_without_anything_is_begun_anew_and_says_so() {
    let (directory, path) = scratch();
    let (index, _) = Index::open(&path);
    index.put_snapshot(id(1), 1, Seq(1), &Bytes::from_static(b"x")).unwrap();
    index.backend.apply(vec![(vec![b'F'], None)]).unwrap();
    index.flush().unwrap();
    drop(index);
    let (index, state) = Index::open(&path);
    let reason = "it was set aside: it is of another format";
    assert_eq!(state, IndexState::Lost(reason.into()));
    assert!(directory.path().join("index.damaged-1").is_dir());
    assert_eq!(index.snapshot(id(1)), Ok(None));
    index.backend.apply(vec![(vec![b'F'], None)]).unwrap();
    index.flush().unwrap();
    drop(index);
    assert_eq!(Index::open(&path).1, IndexState::Lost("it was empty".into()));
}

#[test]
fn at_most_two_damaged_ones_are_kept() {
    let (directory, path) = scratch();
    for _ in 0..4 {
        let (index, _) = Index::open(&path);
        index.backend.apply(vec![(vec![b'F'], None), (vec![b'?'], Some(vec![]))]).unwrap();
        index.flush().unwrap();
    }
    drop(Index::open(&path));
    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["index", "index.damaged-3", "index.damaged-4"]);
}

#[test]
fn without_a_place_to_put_it_the_index_is_kept_in_memory() {
    let (directory, path) = scratch();
    let (_first, _) = Index::open(&path);
    let (second, state) = Index::open(&path);
    assert!(second.is_in_memory());
    assert!(matches!(state, IndexState::Lost(reason) if reason.contains("lock")));
    assert!(!directory.path().join("index.damaged-1").exists(), "another's index is left alone");
    second.put_snapshot(id(1), 1, Seq(1), &Bytes::from_static(b"x")).unwrap();
    assert_eq!(second.snapshot(id(1)).unwrap().unwrap().state, "x");
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn scramble(directory: &Path, random: &dyn Random) {
    let files = files(directory);
    for _ in 0..=random.below(3) {
        let path = &files[usize::try_from(random.below(files.len() as u64)).unwrap()];
        let Ok(mut bytes) = fs::read(path) else { continue };
        let length = bytes.len() as u64;
        let at = usize::try_from(random.below(length.max(1))).unwrap();
        match random.below(4) {
            0 => {
                fs::remove_file(path).unwrap();
                continue;
            }
            1 => bytes.truncate(at),
            2 if length > 0 => bytes[at] ^= 1 << random.below(8),
            _ => {
                let end = bytes.len().min(at + usize::try_from(random.below(5000)).unwrap());
                random.fill(&mut bytes[at..end]);
            }
        }
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_scrambled_directory_gives_the_truth_or_says_what_is_lost() {
    let state = |number: u64| noise(number, 100_000);
    let (_directory, original) = scratch();
    let (index, _) = Index::open(&original);
    for number in 1..=5 {
        index.put_snapshot(id(number), 1, Seq(number), &state(number)).unwrap();
    }
    index.flush().unwrap();
    drop(index);
    let (mut kept, mut lost) = (0, 0);
    for seed in 0..60 {
        let (_directory, path) = scratch();
        for file in files(&original) {
            let copy = path.join(file.strip_prefix(&original).unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(&file, copy).unwrap();
        }
        scramble(&path, &SeededRandom::new(seed));
        let (index, found) = Index::open(&path);
        assert!(!index.is_in_memory(), "seed {seed}");
        assert_ne!(found, IndexState::New, "seed {seed}");
        for number in 1..=5 {
            match index.snapshot(id(number)) {
                Ok(Some(snapshot)) => {
                    let expected = Snapshot { revision: 1, seq: Seq(number), state: state(number) };
                    assert!(snapshot == expected, "seed {seed}");
                    kept += 1;
                }
                Ok(None) | Err(_) => lost += 1,
            }
        }
    }
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
}
