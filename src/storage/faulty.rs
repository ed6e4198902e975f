//! A disk in memory that fails, tears and forgets on purpose, for tests.
//!
//! It keeps what a running process sees (*live*) apart from what a power loss leaves (*durable*):
//! file contents become durable by `sync`, directory entries by `sync_dir`. Every operation is
//! counted, so that a test can fail or cut the power at each of them in turn.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::{
    random::{Random, SeededRandom},
    storage::disk::{Disk, DiskFile},
};

/// Power loss keeps or drops unsynced bytes in units of this size.
const SECTOR: usize = 512;

/// The disk. Clones share it.
#[derive(Clone, Default)]
pub struct FaultyDisk {
    shared: Arc<Shared>,
}

/// What to do wrong, and when. Operations are counted from 1 over the life of the disk.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// From this operation on the power is off: nothing takes effect any more, and syncs fail. What
    /// a process is told otherwise does not matter, as it is not there.
    pub power_off_at: Option<u64>,
    /// This write, creation or reservation (counted by themselves) fails with an I/O error after a
    /// part of it was done.
    pub write_error_at: Option<u64>,
    /// This sync (counted by itself) fails, and what it should have kept is lost.
    pub sync_error_at: Option<u64>,
    /// Reads that touch this byte of files whose name ends so fail.
    pub read_error_at: Option<(&'static str, u64)>,
    /// Bytes that all files together may hold.
    pub capacity: Option<u64>,
    /// A lie: syncs of files say they worked and do nothing.
    pub ignore_sync: bool,
    /// A lie: syncs of directories say they worked and do nothing.
    pub ignore_sync_dir: bool,
    /// A lie: syncs of files whose name ends so do nothing.
    pub ignore_sync_of: Option<&'static str>,
    /// Syncs of files wait until this is false again.
    pub stall_sync: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    files: Vec<FileState>,
    live: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    operations: u64,
    writes: u64,
    syncs: u64,
    stalled: u64,
    /// Handles of an earlier power-on period are dead.
    period: u64,
    faults: Faults,
}

#[derive(Clone, Default)]
struct FileState {
    live: Vec<u8>,
    durable: Vec<u8>,
}

impl FaultyDisk {
    /// An empty one without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes what goes wrong from now on.
    pub fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.lock().faults);
        self.shared.changed.notify_all();
    }

    /// Operations that change something, so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Syncs of files, so far.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Writes, creations and reservations, so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// Whether the power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.lock().is_off()
    }

    /// Blocks until a sync of a file is waiting for `stall_sync` to end.
    pub fn wait_for_stall(&self) {
        let mut state = self.lock();
        while state.stalled == 0 {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the process but not the machine: handles die, everything written stays.
    pub fn kill(&self) {
        self.lock().period += 1;
        self.shared.changed.notify_all();
    }

    /// Cuts the power. Each unsynced sector and directory entry survives or not, by chance. Faults
    /// are forgotten, the power is back afterwards, old handles stay dead.
    pub fn crash(&self, random: &SeededRandom) {
        let mut state = self.lock();
        state.period += 1;
        state.faults = Faults::default();
        let state = &mut *state;
        let paths: std::collections::BTreeSet<_> =
            state.live.keys().chain(state.durable.keys()).cloned().collect();
        for path in paths {
            let (live, durable) = (state.live.get(&path), state.durable.get(&path));
            if live != durable && random.below(2) == 0 {
                match live.copied() {
                    Some(file) => state.durable.insert(path, file),
                    None => state.durable.remove(&path),
                };
            }
        }
        state.live = state.durable.clone();
        for file in &mut state.files {
            file.tear(random);
        }
        self.shared.changed.notify_all();
    }

    /// The files there are, with their bytes as a process sees them.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.lock();
        let bytes = |file: &usize| state.files[*file].live.clone();
        state.live.iter().map(|(path, file)| (path.clone(), bytes(file))).collect()
    }

    /// Flips bits of a byte, as a bad disk does.
    pub fn flip(&self, path: &Path, at: usize, bits: u8) {
        let mut state = self.lock();
        if let Ok(file) = state.find(path) {
            for bytes in state.files[file].both() {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
        }
    }

    /// A disk that holds these files, durably.
    #[must_use]
    pub fn with_files(files: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let disk = Self::new();
        let mut state = disk.lock();
        for (number, (path, bytes)) in files.iter().enumerate() {
            state.files.push(FileState { live: bytes.clone(), durable: bytes.clone() });
            state.live.insert(path.clone(), number);
        }
        state.durable = state.live.clone();
        drop(state);
        disk
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, file: usize, name: &Path, state: &State) -> Box<dyn DiskFile> {
        let name = name.to_string_lossy().into_owned();
        Box::new(FaultyFile { disk: self.clone(), file, name, period: state.period })
    }
}

impl State {
    /// Counts an operation that changes something; `false` when the power is off.
    fn operation(&mut self) -> bool {
        self.operations += 1;
        !self.is_off()
    }

    /// As [`State::operation`], for those that take room on the disk.
    fn writing(&mut self) -> io::Result<bool> {
        let on = self.operation();
        self.writes += 1;
        if self.faults.write_error_at == Some(self.writes) {
            return Err(io::Error::other("input/output error"));
        }
        Ok(on)
    }

    fn is_off(&self) -> bool {
        self.faults.power_off_at.is_some_and(|at| self.operations >= at)
    }

    fn room(&self) -> u64 {
        let used: usize = self.live.values().map(|file| self.files[*file].live.len()).sum();
        self.faults.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(used as u64))
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.live.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl FileState {
    fn both(&mut self) -> [&mut Vec<u8>; 2] {
        [&mut self.live, &mut self.durable]
    }

    /// Keeps each sector as it was synced or as it was written, and the length likewise.
    fn tear(&mut self, random: &SeededRandom) {
        if self.live == self.durable {
            return;
        }
        let length = if random.below(2) == 0 { self.live.len() } else { self.durable.len() };
        let mut after = vec![0; length];
        for start in (0..length).step_by(SECTOR) {
            let source = if random.below(2) == 0 { &self.live } else { &self.durable };
            let end = (start + SECTOR).min(length);
            let known = source.len().clamp(start, end);
            if let Some(part) = source.get(start..known) {
                after[start..known].copy_from_slice(part);
            }
        }
        self.live.clone_from(&after);
        self.durable = after;
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        let on = state.writing()?;
        if state.live.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.files.len();
        state.files.push(FileState::default());
        if on {
            state.live.insert(path.to_owned(), file);
        }
        Ok(self.handle(file, path, &state))
    }

    fn open(&self, path: &Path, _write: bool) -> io::Result<Box<dyn DiskFile>> {
        let state = self.lock();
        let file = state.find(path)?;
        Ok(self.handle(file, path, &state))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let on = state.operation();
        let file = state.find(from)?;
        if on {
            state.live.remove(from);
            state.live.insert(to.to_owned(), file);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.lock();
        let on = state.operation();
        state.find(path)?;
        if on {
            state.live.remove(path);
        }
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.lock();
        let inside = state.live.keys().filter(|path| path.parent() == Some(directory));
        Ok(inside.cloned().collect())
    }

    fn folders(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.lock();
        let inside = state.live.keys().filter_map(|path| path.strip_prefix(directory).ok());
        let first = inside.filter(|path| path.components().count() > 1);
        let found: std::collections::BTreeSet<_> =
            first.filter_map(|path| Some(directory.join(path.components().next()?))).collect();
        Ok(found.into_iter().collect())
    }

    /// Directories exist as soon as something is in them; losing a whole one is losing its entries.
    fn create_dir(&self, _directory: &Path) -> io::Result<()> {
        self.lock().operation();
        Ok(())
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        let mut state = self.lock();
        if !state.operation() {
            return Err(io::Error::other("the power is off"));
        }
        if state.faults.ignore_sync_dir {
            return Ok(());
        }
        let State { live, durable, .. } = &mut *state;
        durable.retain(|path, _| path.parent() != Some(directory));
        for (path, file) in live.iter().filter(|(path, _)| path.parent() == Some(directory)) {
            durable.insert(path.clone(), *file);
        }
        Ok(())
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    file: usize,
    name: String,
    period: u64,
}

impl FaultyFile {
    fn lock(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.lock();
        if state.period == self.period {
            Ok(state)
        } else {
            Err(io::Error::other("the machine was restarted"))
        }
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.lock()?;
        if let Some((end, at)) = state.faults.read_error_at
            && self.name.ends_with(end)
            && (offset..offset + buffer.len() as u64).contains(&at)
        {
            return Err(io::Error::other("input/output error"));
        }
        let bytes = &state.files[self.file].live;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = buffer.len().min(bytes.len() - start);
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.lock()?;
        let was_off = state.is_off();
        let outcome = state.writing();
        if was_off {
            return Ok(());
        }
        // The operation that fails is done in part: that is what makes it interesting.
        let whole = matches!(outcome, Ok(true));
        let mut count = if whole { bytes.len() } else { bytes.len() / 2 };
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::StorageFull)?;
        let length = state.files[self.file].live.len();
        let growth = (start + count).saturating_sub(length) as u64;
        let room = state.room();
        if growth > room {
            count -= usize::try_from(growth - room).unwrap_or(count).min(count);
        }
        let file = &mut state.files[self.file].live;
        if count > 0 {
            file.resize(file.len().max(start + count), 0);
            file[start..start + count].copy_from_slice(&bytes[..count]);
        }
        let on = outcome?;
        if on && count < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.lock()?;
        while state.faults.stall_sync {
            state.stalled += 1;
            self.disk.shared.changed.notify_all();
            state = self.disk.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.stalled -= 1;
        }
        if state.period != self.period {
            return Err(io::Error::other("the machine was restarted"));
        }
        if !state.operation() {
            return Err(io::Error::other("the power is off"));
        }
        state.syncs += 1;
        if state.faults.sync_error_at == Some(state.syncs) {
            // As on Linux: the dirty pages are marked clean, so that a second try would lie.
            let file = &mut state.files[self.file];
            file.live = file.durable.clone();
            return Err(io::Error::other("input/output error"));
        }
        let lies = state.faults.ignore_sync_of.is_some_and(|end| self.name.ends_with(end));
        if !state.faults.ignore_sync && !lies {
            let file = &mut state.files[self.file];
            file.durable = file.live.clone();
        }
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.lock()?;
        let on = state.operation();
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::StorageFull)?;
        if on {
            state.files[self.file].live.resize(length, 0);
        }
        Ok(())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.lock()?;
        if !state.writing()? {
            return Ok(());
        }
        let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::StorageFull)?;
        let growth = length.saturating_sub(state.files[self.file].live.len());
        if growth as u64 > state.room() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = &mut state.files[self.file].live;
        file.resize(file.len().max(length), 0);
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.lock()?.files[self.file].live.len() as u64)
    }
}
