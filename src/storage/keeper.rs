//! The thread that tidies behind the journal: seals full files, merges archives, keeps snapshots.
//!
//! Nothing it does is waited for by an acknowledgement, and everything can be done again after a
//! crash. It is the only one to write the index.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt, io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    storage::{
        StoreError,
        archive::{self, ArchiveError},
        disk::{self, Disk},
        journal, payload,
        reading::Directories,
        record::Record,
        scan::{self, Item},
        seal,
        snapshots::Snapshots,
        tables::Tables,
    },
};

/// Most snapshots that may wait. Callers can do without one; memory cannot.
const WAITING: usize = 16;

/// Most ended documents whose snapshots wait to be removed. The next start removes what is left.
const ENDED: usize = 10_000;

/// Pause before sealing is tried again after it failed, as on a full disk.
const RETRY: Duration = Duration::from_secs(5);

/// What the keeper shares with the engine.
pub(crate) struct Shared {
    /// The file system.
    pub(crate) disk: Arc<dyn Disk>,
    /// Where things are.
    pub(crate) directories: Directories,
    /// What is known.
    pub(crate) tables: Mutex<Tables>,
    /// Snapshots.
    pub(crate) snapshots: Snapshots,
}

impl Shared {
    /// The tables, for a moment.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle to the thread.
pub(crate) struct Keeper {
    desk: Arc<Desk>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A snapshot to keep.
pub(crate) struct SnapshotJob {
    /// Whose.
    pub(crate) id: DocumentId,
    /// The revision that its caller knows.
    pub(crate) expected: u64,
    /// The last entry in it.
    pub(crate) seq: Seq,
    /// The state.
    pub(crate) state: Bytes,
    /// Told the new revision.
    pub(crate) done: Box<dyn FnOnce(Result<u64, StoreError>) + Send>,
}

/// Work that waits.
#[derive(Default)]
pub(crate) struct Desk {
    tray: Mutex<Tray>,
    changed: Condvar,
}

#[derive(Default)]
struct Tray {
    full: BTreeSet<u64>,
    snapshots: VecDeque<SnapshotJob>,
    ended: VecDeque<DocumentId>,
    merge: bool,
    stop: bool,
    busy: bool,
    paused: bool,
}

enum Work {
    Seal(u64),
    Snapshot(SnapshotJob),
    Forget(DocumentId),
    Merge,
}

impl Desk {
    /// Hands over journal files that are full.
    pub(crate) fn add_full(&self, files: impl IntoIterator<Item = u64>) {
        self.lock().full.extend(files);
        self.changed.notify_all();
    }

    /// Hands over the end of a document, whose snapshot can go.
    pub(crate) fn add_ended(&self, id: DocumentId) {
        let mut tray = self.lock();
        if tray.ended.len() < ENDED {
            tray.ended.push_back(id);
        }
        tray.merge = true;
        drop(tray);
        self.changed.notify_all();
    }

    /// Hands over a snapshot; refuses it when too many wait.
    pub(crate) fn add_snapshot(&self, job: SnapshotJob) {
        let mut tray = self.lock();
        let refused = if tray.stop {
            Some(StoreError::Failed("it was closed".into()))
        } else if tray.snapshots.len() >= WAITING {
            Some(StoreError::Refused(format!("{WAITING} snapshots wait to be written")))
        } else {
            None
        };
        if let Some(error) = refused {
            drop(tray);
            return (job.done)(Err(error));
        }
        tray.snapshots.push_back(job);
        drop(tray);
        self.changed.notify_all();
    }

    /// Blocks until nothing is left to do, or nothing can be done now.
    #[cfg(test)]
    pub(crate) fn wait_until_idle(&self) {
        let mut tray = self.lock();
        let left = |tray: &Tray| tray.merge || !tray.full.is_empty() || !tray.snapshots.is_empty();
        while tray.busy || (left(&tray) && !tray.paused) {
            tray = self.changed.wait(tray).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece of work, small ones first; `None` when the thread is to end. Sealing waits
    /// `pause` if it failed before.
    fn next(&self, mut pause: Option<Duration>) -> Option<Work> {
        let mut tray = self.lock();
        (tray.busy, tray.paused) = (false, pause.is_some());
        self.changed.notify_all();
        loop {
            let work = if let Some(job) = tray.snapshots.pop_front() {
                Some(Work::Snapshot(job))
            } else if tray.stop {
                return None;
            } else if let Some(id) = tray.ended.pop_front() {
                Some(Work::Forget(id))
            } else if pause.is_some() {
                None
            } else if let Some(file) = tray.full.first() {
                Some(Work::Seal(*file))
            } else if std::mem::take(&mut tray.merge) {
                Some(Work::Merge)
            } else {
                None
            };
            if work.is_some() {
                (tray.busy, tray.paused) = (true, false);
                return work;
            }
            tray = match pause.take() {
                None => self.changed.wait(tray).unwrap_or_else(PoisonError::into_inner),
                Some(time) => {
                    let waited = self.changed.wait_timeout(tray, time);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn finished_sealing(&self, file: u64) {
        let mut tray = self.lock();
        tray.full.remove(&file);
        tray.merge = true;
    }

    fn merge_again(&self) {
        self.lock().merge = true;
    }
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(shared: Arc<Shared>, desk: Arc<Desk>) -> io::Result<Self> {
        let own = desk.clone();
        let run = move || Hands { shared, desk: own }.run();
        let thread = thread::Builder::new().name("keeper".into()).spawn(run)?;
        Ok(Self { desk, thread: Mutex::new(Some(thread)) })
    }

    /// The place where work is handed in.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Keeps the snapshots that wait, leaves the rest for the next start, and ends the thread.
    pub(crate) fn close(&self) {
        self.desk.lock().stop = true;
        self.desk.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the keeper's thread panicked; sealing goes on after a restart");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.close();
    }
}

/// When an entry was received and how large its update is. What cannot be measured was decoded
/// before it was written, so it is never met; an archive would say 0 of it.
pub(crate) fn measure(record: &Record) -> (Timestamp, u64) {
    payload::measure(record).unwrap_or_default()
}

/// Why a file was not sealed or archives not merged.
#[derive(Debug)]
enum Failure {
    Archive(ArchiveError),
    Disk(io::Error),
    Damaged,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(error) => error.fmt(f),
            Self::Disk(error) => error.fmt(f),
            Self::Damaged => f.write_str("the journal file is damaged"),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// The thread's side.
struct Hands {
    shared: Arc<Shared>,
    desk: Arc<Desk>,
}

impl Hands {
    fn run(self) {
        let mut pause = None;
        while let Some(work) = self.desk.next(pause.take()) {
            match work {
                Work::Snapshot(job) => self.snapshot(job),
                Work::Forget(id) => self.shared.snapshots.forget(id),
                Work::Seal(file) => match self.seal(file) {
                    Ok(()) => self.desk.finished_sealing(file),
                    Err(Failure::Damaged) => {
                        self.shared.tables().keep_file(file);
                        self.desk.finished_sealing(file);
                    }
                    Err(error) => {
                        tracing::warn!(file, %error, "failed to seal a journal file, trying again later");
                        pause = Some(RETRY);
                    }
                },
                Work::Merge => match self.merge() {
                    Ok(true) => self.desk.merge_again(),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, "failed to merge archives, trying again after the next seal");
                    }
                },
            }
        }
    }

    fn snapshot(&self, job: SnapshotJob) {
        let SnapshotJob { id, expected, seq, state, done } = job;
        let alive = self.shared.tables().check(id);
        done(alive.and_then(|()| self.shared.snapshots.put(id, expected, seq, &state)));
    }

    /// Rewrites a full journal file as an archive, and only then removes it.
    fn seal(&self, number: u64) -> Result<(), Failure> {
        let Shared { disk, directories, .. } = &*self.shared;
        if self.shared.tables().keep.contains(&number) {
            return Ok(());
        }
        let path = journal::path(&directories.log, number);
        let file = disk.open(&path, false)?;
        let bytes = Bytes::from(disk::read_all(&*file)?);
        let mut records = Vec::new();
        for item in scan::scan(number, &bytes, false, None).items {
            match item {
                Item::Record(_, record) => records.push(record),
                Item::Damage(_) => return Err(Failure::Damaged),
            }
        }
        let range = number..=number;
        let footer =
            archive::write_archive(&**disk, &directories.archive, range, records, &measure)?;
        self.shared.tables().reseal(&footer);
        disk.remove(&path)?;
        disk.sync_dir(&directories.log)?;
        Ok(())
    }

    /// Merges archives once; whether there may be more to merge.
    fn merge(&self) -> Result<bool, Failure> {
        let Shared { disk, directories, .. } = &*self.shared;
        let (range, dead) = {
            let tables = self.shared.tables();
            let archives: Vec<_> = tables.archives.values().cloned().collect();
            let Some(range) = seal::plan_merge(&archives) else { return Ok(false) };
            (range, tables.durably_ended())
        };
        let drop = |id| dead.contains(&id);
        let merged = seal::merge(&**disk, &directories.archive, &range, &drop, &measure);
        let footer = match merged {
            Err(error) if error.is_damage() => {
                for info in self.shared.tables().archives.values_mut() {
                    info.sound &= !range.contains(info.range.start());
                }
                return Err(error.into());
            }
            footer => footer?,
        };
        self.shared.tables().reseal(&footer);
        seal::retire(&**disk, &directories.archive, &range)?;
        Ok(true)
    }
}
