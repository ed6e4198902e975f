//! What the index does with rows, files and directories that are not as it left them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::*;
use crate::{
    random::SeededRandom,
    storage::index::backend::{MemoryRows, Row},
};

#[test]
fn a_row_that_is_damaged_or_another_rows_is_never_taken_for_the_truth() {
    let index = Index::in_memory();
    let state = Bytes::from(vec![3; 150_000]);
    index.put_snapshot(id(1), 1, Seq(1), &state).unwrap();
    index.put_snapshot(id(2), 1, Seq(1), &Bytes::from(vec![4; 150_000])).unwrap();
    index.apply(vec![Change::Name(name("a"), Some(id(1)))]).unwrap();
    let keys = index.backend.keys(b"").unwrap();
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
        for damage in damages {
            index.backend.apply(vec![(key.clone(), damage)]).unwrap();
            let snapshot = index.snapshot(id(1));
            assert!(
                matches!(&snapshot, Ok(Some(found)) if found.state == state)
                    || matches!(&snapshot, Err(IndexError::Damaged(_)))
            );
            let found = index.find(&name("a"));
            assert!(found == Ok(Some(id(1))) || matches!(found, Err(IndexError::Damaged(_))));
            assert!(
                snapshot.is_err()
                    || found.is_err()
                    || key[0] == b'X'
                    || key[1..9] == [0, 0, 0, 0, 0, 0, 0, 2]
            );
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
fn parts_of_another_state_do_not_add_up() {
    let (index, other) = (Index::in_memory(), Index::in_memory());
    index.put_snapshot(id(1), 1, Seq(1), &Bytes::from(vec![3; 150_000])).unwrap();
    other.put_snapshot(id(1), 1, Seq(1), &Bytes::from(vec![4; 150_000])).unwrap();
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
    fn range(
        &self,
        start: &[u8],
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Bytes)>, IndexError> {
        self.rows.range(start, prefix, limit)
    }
    fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, IndexError> {
        self.rows.keys(prefix)
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
fn a_change_that_stops_half_way_leaves_what_was_there_or_says_so() {
    let story = Story::new(70, 3);
    let (mut archives, mut interrupted) = (story.archives(), 0);
    let last = archives.pop().unwrap();
    for batches in 0.. {
        let rows = Arc::new(MemoryRows::default());
        let index = Index {
            backend: Box::new(Failing { rows: rows.clone(), left: AtomicU64::new(u64::MAX) }),
            digest: Mutex::default(),
        };
        index.rebuild(&archives).unwrap();
        let before = rows.range(b"", b"", usize::MAX).unwrap();
        let backend = Failing { rows: rows.clone(), left: AtomicU64::new(batches) };
        let index = Index { backend: Box::new(backend), ..index };
        let done = index.add(&last).is_ok();
        match index.watermark().unwrap() {
            None => interrupted += 1,
            Some(_) if done => story.check(&index).unwrap(),
            Some(_) => assert_eq!(rows.range(b"", b"", usize::MAX).unwrap(), before),
        }
        if done {
            break;
        }
    }
    assert!(interrupted > 0);
}

#[test]
fn lost_rows_and_interrupted_changes_are_found_when_opening() {
    let story = Story::new(40, 2);
    for lost in [b'N', b'D', b'P', b'K', b'k', b'R', b'W', b'X', b'F'] {
        let (directory, path) = scratch();
        let (index, _) = Index::open(&path);
        index.rebuild(&story.archives()).unwrap();
        let key = index.backend.keys(&[lost]).unwrap().remove(0);
        index.backend.apply(vec![(key, None)]).unwrap();
        index.flush().unwrap();
        drop(index);
        let (index, state) = Index::open(&path);
        assert!(matches!(state, IndexState::Rebuild(_)), "{} {state:?}", char::from(lost));
        assert!(directory.path().join("index.damaged-1").is_dir());
        index.rebuild(&story.archives()).unwrap();
        story.check(&index).unwrap();
    }
    let (_directory, path) = scratch();
    let (index, _) = Index::open(&path);
    index.rebuild(&story.archives()).unwrap();
    index.apply(vec![Change::Watermark(None)]).unwrap();
    let archive = &story.archives()[0];
    assert!(matches!(index.add(archive), Err(RebuildError::Unfinished)));
    index.flush().unwrap();
    drop(index);
    let (_index, state) = Index::open(&path);
    assert_eq!(state, IndexState::Rebuild("a change of it was interrupted".into()));
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
    assert!(matches!(state, IndexState::Rebuild(reason) if reason.contains("lock")));
    assert!(!directory.path().join("index.damaged-1").exists(), "another's index is left alone");
    let story = Story::new(50, 2);
    second.rebuild(&story.archives()).unwrap();
    story.check(&second).unwrap();
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
fn a_scrambled_directory_gives_the_truth_or_is_made_anew() {
    let story = Story::new(60, 3);
    let state = Bytes::from(vec![5; 200_000]);
    let (_directory, original) = scratch();
    let (index, _) = Index::open(&original);
    index.rebuild(&story.archives()).unwrap();
    index.put_snapshot(id(1), 1, Seq(1), &state).unwrap();
    index.flush().unwrap();
    drop(index);
    let (mut trusted, mut rebuilt) = (0, 0);
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
        match found {
            IndexState::Current(_) => trusted += 1,
            IndexState::Rebuild(_) => {
                rebuilt += 1;
                index.rebuild(&story.archives()).unwrap();
            }
        }
        story.check(&index).unwrap();
        if let Ok(Some(snapshot)) = index.snapshot(id(1)) {
            assert_eq!(snapshot.state, state, "seed {seed}");
        }
    }
    assert!(trusted > 0 && rebuilt > 0, "{trusted} trusted, {rebuilt} rebuilt");
}
