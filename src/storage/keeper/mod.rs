//! The thread that tidies behind the journal: seals full files, merges archives, keeps snapshots.
//!
//! Nothing it does is waited for by an acknowledgement, and everything can be done again after a
//! crash. It is the only one to write the index.

mod compacting;
mod desk;
mod rewriting;

use std::{
    fmt, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    storage::{
        archive::{self, ArchiveError},
        disk::{self, Disk},
        index::text_of,
        journal, payload,
        reading::Directories,
        record::Record,
        scan::{self, Item},
        seal,
        snapshots::Snapshots,
        tables::Tables,
    },
    telemetry::{
        Meter,
        happenings::{JournalSealed, SealFailed},
        warnings::{EraseFailed, KeeperFailed, MergeFailed},
    },
};

use desk::Work;
pub(crate) use desk::{Desk, SnapshotJob};
pub(crate) use rewriting::Rewriting;

/// What the keeper shares with the engine.
pub(crate) struct Shared {
    /// The file system.
    pub(crate) disk: Arc<dyn Disk>,
    /// Where things are.
    pub(crate) directories: Directories,
    /// What is known.
    pub(crate) tables: Mutex<Tables>,
    /// Held up by whoever replaces an archive under its name.
    pub(crate) rewriting: Rewriting,
    /// Snapshots.
    pub(crate) snapshots: Snapshots,
    /// Why there is no reserve of space, for the operator.
    pub(crate) reserve_warning: Option<String>,
}

impl Shared {
    /// Whether archives were written since there were so many ([`Tables::rewritten`]). Waits for one
    /// that is just taking the name of another.
    pub(crate) fn has_rewritten_since(&self, rewritten: u64) -> bool {
        self.rewriting.wait();
        self.tables().rewritten != rewritten
    }

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

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(
        shared: Arc<Shared>,
        desk: Arc<Desk>,
        meter: Arc<Meter>,
    ) -> io::Result<Self> {
        let hands = Hands { shared, desk: desk.clone(), meter };
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || hands.run())?;
        Ok(Self { desk, thread: Mutex::new(Some(thread)) })
    }

    /// The same without a thread: whoever gets the hands has them work.
    pub(crate) fn idle(shared: Arc<Shared>, desk: Arc<Desk>, meter: Arc<Meter>) -> (Self, Hands) {
        let hands = Hands { shared, desk: desk.clone(), meter };
        (Self { desk, thread: Mutex::default() }, hands)
    }

    /// The place where work is handed in.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Keeps the snapshots that wait, leaves the rest for the next start, and ends the thread.
    pub(crate) fn close(&self) {
        self.desk.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(panic)) = thread.map(JoinHandle::join) {
            KeeperFailed { reason: &text_of(&*panic) }.note();
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
pub(crate) struct Hands {
    shared: Arc<Shared>,
    desk: Arc<Desk>,
    meter: Arc<Meter>,
}

/// A panic would otherwise leave callers waiting for ever, and nobody would be told.
struct GiveUpOnPanic(Arc<Desk>);

impl Drop for GiveUpOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
    }
}

impl Hands {
    fn run(self) {
        let _guard = GiveUpOnPanic(self.desk.clone());
        while let Some(work) = self.desk.next() {
            self.perform(work);
        }
    }

    /// Does one piece of work, if there is one.
    #[cfg(feature = "conformance")]
    pub(crate) fn step(&self) -> bool {
        let work = self.desk.try_next();
        let worked = work.is_some();
        work.into_iter().for_each(|work| self.perform(work));
        worked
    }

    fn perform(&self, work: Work) {
        match work {
            Work::Snapshot(job) => self.snapshot(job),
            Work::Forget(id) => self.shared.snapshots.forget(id),
            Work::Cut(id, floor, state) => {
                self.shared.snapshots.replace_older(id, floor, state.as_ref());
            }
            Work::Erase => {
                let outcome = self.erase();
                if let Err(error) = &outcome {
                    EraseFailed { reason: error }.note();
                }
                self.desk.erased(outcome.map_err(|error| error.to_string()));
            }
            Work::Renew => self.shared.snapshots.renew(),
            Work::Seal(file) => match self.seal(file) {
                Ok(()) => {
                    self.meter.note(&JournalSealed { file: &file });
                    self.desk.sealed(file);
                }
                Err(Failure::Damaged) => {
                    self.shared.tables().keep_file(file);
                    self.desk.sealed(file);
                }
                Err(error) => {
                    self.meter.note(&SealFailed { file: &file, reason: &error });
                    self.desk.seal_failed(file, error.to_string());
                }
            },
            Work::Merge => {
                let outcome = self.merge();
                if let Err(error) = &outcome {
                    MergeFailed { reason: error }.note();
                }
                self.desk.merged(outcome.map_err(|error| error.to_string()));
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
        let path = journal::path(&directories.log, number);
        {
            let tables = self.shared.tables();
            if tables.keep.contains(&number) {
                return Ok(());
            }
            // Its archive was made before, and only removing the file failed, or it was handed over
            // twice. Sealing again could put an old archive inside one that was merged since.
            if tables.is_sealed(number) {
                drop(tables);
                return self.remove_journal(&path);
            }
        }
        let file = disk.open(&path, false)?;
        let bytes = Bytes::from(disk::read_all(&*file)?);
        let mut records = Vec::new();
        for item in scan::scan(number, &bytes, false, None).items {
            match item {
                Item::Record(_, record) => records.push(record),
                Item::Damage(_) => return Err(Failure::Damaged),
            }
        }
        let leaving = self.shared.tables().leaving_cuts();
        records.retain(|record| !leaving.drops(record));
        let range = number..=number;
        let footer =
            archive::write_archive(&**disk, &directories.archive, range, records, &measure)?;
        self.shared.tables().reseal(&footer);
        self.remove_journal(&path)
    }

    fn remove_journal(&self, path: &Path) -> Result<(), Failure> {
        match self.shared.disk.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(self.shared.disk.sync_dir(&self.shared.directories.log)?),
        }
    }

    /// Merges archives once; whether there may be more to merge.
    fn merge(&self) -> Result<bool, Failure> {
        let Shared { disk, directories, .. } = &*self.shared;
        let (range, leaving) = {
            let tables = self.shared.tables();
            let archives: Vec<_> = tables.archives.values().cloned().collect();
            let Some(range) = seal::plan_merge(&archives) else { return Ok(false) };
            (range, tables.leaving())
        };
        let merged = seal::merge(&**disk, &directories.archive, &range, &leaving, &measure);
        let footer = match merged {
            Err(error) if error.is_damage() => {
                self.shared.tables().keep_archives(&range, &error.to_string());
                // There may be others that can be merged.
                return Ok(true);
            }
            footer => footer?,
        };
        self.shared.tables().reseal(&footer);
        seal::retire(&**disk, &directories.archive, &range)?;
        Ok(true)
    }

    /// Rewrites the archives that still hold something that retention cut off, one by one, each in its
    /// own place: a crash leaves the old one or the new one under its name.
    fn erase(&self) -> Result<(), Failure> {
        let Shared { disk, directories, .. } = &*self.shared;
        let (archives, leaving) = {
            let tables = self.shared.tables();
            let sound = tables.archives.values().filter(|info| info.sound);
            (sound.map(|info| info.range.clone()).collect::<Vec<_>>(), tables.leaving())
        };
        for range in archives {
            let _rewriting = self.shared.rewriting.begin();
            let rewritten =
                seal::rewrite(&**disk, &directories.archive, &range, &leaving, &measure);
            match rewritten {
                Ok(Some(footer)) => self.shared.tables().reseal(&footer),
                Ok(None) => {}
                Err(error) if error.is_damage() => {
                    self.shared.tables().keep_archives(&range, &error.to_string());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
