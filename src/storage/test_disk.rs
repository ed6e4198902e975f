//! A disk in memory that loses power at a chosen operation, for the tests of archives.
//!
//! What was synced survives. Of the rest a seed decides: each unsynced 512-byte sector and each
//! unsynced change of a directory is either there afterwards or not.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use crate::{
    random::{Random, SeededRandom},
    storage::disk::{Disk, DiskFile},
};

const SECTOR: usize = 512;

#[derive(Clone, Default)]
pub(super) struct TestDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: HashMap<u64, Bytes>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    pending: Vec<Change>,
    operations: u64,
    fails_from: Option<u64>,
    lies: bool,
}

#[derive(Clone, Default)]
struct Bytes {
    live: Vec<u8>,
    durable: Vec<u8>,
}

enum Change {
    Link(PathBuf, u64),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, u64),
}

impl TestDisk {
    /// Fails every changing operation from the n-th on, counted from now.
    pub(super) fn fail_from(&self, operation: Option<u64>) {
        let mut state = self.state();
        state.operations = 0;
        state.fails_from = operation;
    }

    /// Makes syncs do nothing from now on, as a red control.
    pub(super) fn lie(&self) {
        self.state().lies = true;
    }

    /// Cuts the power and gives the disk as it is found afterwards.
    pub(super) fn crash(&self, seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let state = self.state();
        let mut names = state.durable_names.clone();
        for change in &state.pending {
            if random.below(2) == 0 {
                change.apply(&mut names);
            }
        }
        let mut files = HashMap::new();
        for (inode, bytes) in &state.files {
            let torn = bytes.torn(&random);
            files.insert(*inode, Bytes { live: torn.clone(), durable: torn });
        }
        let after = State { files, durable_names: names.clone(), names, ..State::default() };
        Self(Arc::new(Mutex::new(after)))
    }

    pub(super) fn read(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.files[&state.names[path]].live.clone()
    }

    /// Puts a durable file there, in place of what was.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.files.len() as u64;
        state.files.insert(inode, Bytes { live: bytes.to_vec(), durable: bytes.to_vec() });
        state.names.insert(path.to_owned(), inode);
        state.durable_names.insert(path.to_owned(), inode);
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let operation = state.operations;
        state.operations += 1;
        if state.fails_from.is_some_and(|from| operation >= from) {
            return Err(io::Error::other("the power is off"));
        }
        Ok(state)
    }
}

impl Bytes {
    fn torn(&self, random: &dyn Random) -> Vec<u8> {
        let length = if random.below(2) == 0 { self.durable.len() } else { self.live.len() };
        let mut torn = vec![0; length];
        for start in (0..length).step_by(SECTOR) {
            let from = if random.below(2) == 0 { &self.durable } else { &self.live };
            let end = length.min(start + SECTOR).min(from.len());
            if start < end {
                torn[start..end].copy_from_slice(&from[start..end]);
            }
        }
        torn
    }
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Link(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Unlink(path) => {
                names.remove(path);
            }
            Self::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

impl State {
    fn record(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    fn inode(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for TestDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.change()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len() as u64;
        state.files.insert(inode, Bytes::default());
        state.record(Change::Link(path.to_owned(), inode));
        Ok(Box::new(TestFile { disk: self.clone(), inode }))
    }

    fn open(&self, path: &Path, _write: bool) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.state().inode(path)?;
        Ok(Box::new(TestFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        let inode = state.inode(from)?;
        state.record(Change::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        state.inode(path)?;
        state.record(Change::Unlink(path.to_owned()));
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.state();
        Ok(state.names.keys().filter(|path| path.parent() == Some(directory)).cloned().collect())
    }

    fn create_dir(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _directory: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if !state.lies {
            state.pending.clear();
            state.durable_names = state.names.clone();
        }
        Ok(())
    }
}

struct TestFile {
    disk: TestDisk,
    inode: u64,
}

impl TestFile {
    fn change<T>(&self, act: impl FnOnce(&mut Bytes, bool) -> T) -> io::Result<T> {
        let mut state = self.disk.change()?;
        let lies = state.lies;
        Ok(act(state.files.get_mut(&self.inode).expect("inodes are never removed"), lies))
    }
}

impl DiskFile for TestFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        let live = &state.files[&self.inode].live;
        let start = usize::try_from(offset).expect("small").min(live.len());
        let count = buffer.len().min(live.len() - start);
        buffer[..count].copy_from_slice(&live[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).expect("small");
        self.change(|file, _| {
            let end = start + bytes.len();
            if file.live.len() < end {
                file.live.resize(end, 0);
            }
            file.live[start..end].copy_from_slice(bytes);
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|file, lies| {
            if !lies {
                file.durable = file.live.clone();
            }
        })
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.change(|file, _| file.live.resize(usize::try_from(bytes).expect("small"), 0))
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[&self.inode].live.len() as u64)
    }
}
