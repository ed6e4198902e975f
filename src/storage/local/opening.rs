//! Opening a store: its options, its lock, its format, its threads.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tokio::sync::Semaphore;

use crate::{
    clock::Clock,
    random::{Random, SystemRandom},
    storage::{
        committer::{Committer, Settings},
        disk::{Disk, Lock},
        format::{FORMATS, write_format},
        index::{Index, IndexState},
        journal::{self, CommitError, Header, JournalFile, START},
        keeper::{Desk, Keeper, Rewriting, Shared},
        lineage,
        reading::Directories,
        record::FileKey,
        recovery::{self, Mode, OpenError, Recovered, Report},
        snapshots::Snapshots,
    },
    telemetry::{
        Meter,
        warnings::{IndexLost, ReserveMissing, ReserveStays, ReserveUsed},
    },
};

use super::{Engine, Local, READERS};

/// How to run the engine.
#[derive(Clone)]
pub struct LocalOptions {
    /// Where everything is kept.
    pub directory: PathBuf,
    /// When a journal file would grow beyond this, another is begun and it is sealed. Reading a
    /// sealed file back takes about this much memory for a moment.
    pub journal_file_bytes: u64,
    /// Most bytes that may wait to be written. Callers have their own, smaller budgets; this one
    /// holds when those fail.
    pub queue_bytes: usize,
    /// Space set aside, given back when the disk is full so that a server can still start and close.
    pub reserve_bytes: u64,
    /// For the salts of journal files.
    pub random: Arc<dyn Random>,
    /// Whether names that damage has hidden are free. Otherwise a name that is not known is refused
    /// for as long as it might be that of a lost document.
    pub accept_lost_names: bool,
    /// Whether snapshots are kept in memory only, as on a disk that is itself in memory.
    pub index_in_memory: bool,
    /// The numbers that writing moves.
    pub meter: Arc<Meter>,
}

impl LocalOptions {
    /// The defaults for this directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), ..Self::default() }
    }
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data/store"),
            journal_file_bytes: 64 << 20,
            queue_bytes: 256 << 20,
            reserve_bytes: 4 << 20,
            random: Arc::new(SystemRandom),
            accept_lost_names: false,
            index_in_memory: false,
            meter: Arc::default(),
        }
    }
}

impl Local {
    /// Opens a store, or makes one in a directory that is empty or missing. Blocks while it reads
    /// the journal.
    ///
    /// # Errors
    /// When another process has it, a newer version wrote it, or the disk refuses. Damage is not an
    /// error: it concerns the documents it concerns, and the report and [`Health`] tell of it.
    ///
    /// [`Health`]: crate::storage::Health
    pub fn open(
        options: LocalOptions,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Report), OpenError> {
        let ready = Ready::new(options, disk, clock, open_index)?;
        let thread = OpenError::disk("start a thread for", &ready.shared.directories.root);
        let keeper = Keeper::start(
            ready.shared.clone(),
            ready.desk.clone(),
            Arc::clone(&ready.settings.meter),
        );
        let started = keeper.and_then(|keeper| Ok((Committer::start(ready.settings)?, keeper)));
        Ok(ready.parts.assemble(started.map_err(thread)?, false))
    }
}

/// A store that was read, for threads to begin with.
pub(super) struct Ready {
    pub(super) shared: Arc<Shared>,
    pub(super) desk: Arc<Desk>,
    pub(super) settings: Settings,
    pub(super) parts: Parts,
}

/// What else makes an engine.
pub(super) struct Parts {
    shared: Arc<Shared>,
    lock: Lock,
    begin_anew: bool,
    report: Report,
}

impl Ready {
    /// Takes the lock, reads the journal and opens the index.
    pub(super) fn new(
        options: LocalOptions,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        open_index: impl FnOnce(&LocalOptions, &dyn Disk, &Directories, usize) -> Snapshots,
    ) -> Result<Self, OpenError> {
        let directories = Directories::new(&options.directory);
        for directory in [&directories.root, &directories.log, &directories.archive] {
            disk.create_dir(directory).map_err(OpenError::disk("create", directory))?;
        }
        let lock = take_lock(&*disk, &directories.root, &*clock)?;
        prepare(&disk, &directories, &*options.random)?;
        lineage::ensure(&*disk, &directories.root, &*options.random);
        let recovered = recovery::recover(&*disk, &directories, Mode::Repair)?;
        let Recovered { mut tables, next_file, next_commit, full, report } = recovered;
        if options.accept_lost_names {
            tables.accept_lost_names();
        }
        let snapshots = open_index(&options, &*disk, &directories, report.documents);
        snapshots.forget_ended(|id| tables.catalog.has_ended(id));
        let floors = tables.floors();
        let snapshots_left = snapshots.forget_older(&floors);
        let (erase, begin_anew) = (tables.has_stale(), tables.stale_journal);
        let reserve_warning = reserve(&*disk, &directories.root, options.reserve_bytes);

        let shared = Arc::new(Shared {
            disk: disk.clone(),
            directories: directories.clone(),
            tables: Mutex::new(tables),
            snapshots,
            reserve_warning,
            rewriting: Rewriting::default(),
        });
        let desk = Arc::new(Desk::new(Arc::clone(&clock)));
        desk.add_full(full);
        if erase || snapshots_left {
            desk.add_stale(snapshots_left);
        }
        let settings = Settings {
            disk: disk.clone(),
            log: directories.log.clone(),
            file_bytes: options.journal_file_bytes,
            queue_bytes: options.queue_bytes,
            next_file,
            next_commit,
            random: options.random,
            clock,
            meter: options.meter,
            begun: begun(shared.clone(), desk.clone()),
            make_room: make_room(disk, reserve_path(&directories.root)),
        };
        let parts = Parts { shared: shared.clone(), lock, begin_anew, report };
        Ok(Self { shared, desk, settings, parts })
    }
}

impl Parts {
    /// The engine with who works for it; `stepped` where nobody does unless told to.
    pub(super) fn assemble(
        self,
        (committer, keeper): (Committer, Keeper),
        stepped: bool,
    ) -> (Local, Report) {
        let Self { shared, lock, begin_anew, report } = self;
        if begin_anew {
            committer.begin_anew();
        }
        let lock = Mutex::new(Some(lock));
        let readers = Arc::new(Semaphore::new(READERS));
        let engine = Engine { committer, keeper, shared, readers, lock, stepped };
        (Local { engine: Arc::new(engine) }, report)
    }
}

/// Opens the index. On a full disk it gets the reserve to work with; if that is not enough it works
/// in memory, and only speed is lost.
pub(super) fn open_index(
    options: &LocalOptions,
    disk: &dyn Disk,
    directories: &Directories,
    documents: usize,
) -> Snapshots {
    if options.index_in_memory {
        return Snapshots::new(Index::in_memory());
    }
    Index::remove_copy(&directories.index);
    let (mut index, mut state) = Index::open(&directories.index);
    if index.is_in_memory() && disk.remove(&reserve_path(&directories.root)).is_ok() {
        ReserveUsed { purpose: &"to open the index" }.note();
        (index, state) = Index::open(&directories.index);
    }
    match state {
        IndexState::Kept => {}
        IndexState::New if documents == 0 => tracing::debug!("the index is new, as the store is"),
        IndexState::New => tracing::info!(
            documents,
            "the index was not there and is new; until documents have snapshots again, opening \
             one reads all its entries"
        ),
        IndexState::Lost(reason) => {
            IndexLost { reason: &reason, documents: &documents }.note();
        }
    }
    if index.is_in_memory() {
        return Snapshots::in_need(index);
    }
    Snapshots::at(&directories.index, index)
}

/// Only the newest file is never sealed: whatever is before it was synced whole.
fn begun(shared: Arc<Shared>, desk: Arc<Desk>) -> Box<dyn Fn(FileKey) + Send> {
    Box::new(move |key| {
        let mut tables = shared.tables();
        let full: Vec<u64> =
            tables.keys.keys().filter(|file| !tables.keep.contains(file)).copied().collect();
        tables.keys.insert(key.number, key);
        drop(tables);
        desk.add_full(full);
    })
}

fn make_room(disk: Arc<dyn Disk>, reserve: PathBuf) -> Box<dyn Fn() + Send> {
    Box::new(move || match disk.remove(&reserve) {
        Ok(()) => ReserveUsed { purpose: &"to write the journal" }.note(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => ReserveStays { reason: &error }.note(),
    })
}

/// Takes the directory for this process.
pub(crate) fn take_lock(
    disk: &dyn Disk,
    root: &Path,
    clock: &dyn Clock,
) -> Result<Lock, OpenError> {
    let path = root.join("LOCK");
    let holder = format!("process {} since {} ms after 1970\n", std::process::id(), clock.now().0);
    match disk.lock(&path, &holder).map_err(OpenError::disk("lock", &path))? {
        Lock::Held(holder) => {
            let holder = match holder.trim() {
                "" => String::new(),
                holder => format!(" ({holder})"),
            };
            Err(OpenError::Locked { directory: root.to_owned(), holder })
        }
        taken @ Lock::Taken(_) => Ok(taken),
    }
}

/// Checks the format, and brings an older one to ours. A store without one is new: it gets its first journal file before it gets
/// its format, so that a store that has a format and no journal is known to have lost it.
fn prepare(
    disk: &Arc<dyn Disk>,
    directories: &Directories,
    random: &dyn Random,
) -> Result<(), OpenError> {
    if FORMATS.reach(&**disk, directories)? {
        return Ok(());
    }
    let Directories { root, log, archive, .. } = directories;
    let listed =
        |directory: &Path| disk.list(directory).map_err(OpenError::disk("list", directory));
    // A first start that was interrupted leaves the first journal file, empty.
    let begun = journal::path(log, 1);
    let only_begun = listed(log)?.iter().all(|path| *path == begun) && listed(archive)?.is_empty();
    let length = match disk.open(&begun, false) {
        Ok(file) => file.len().map_err(OpenError::disk("read", &begun))?,
        Err(_) => 0,
    };
    if !only_begun || length > START {
        return Err(OpenError::Format {
            path: root.join("FORMAT"),
            problem:
                "is missing although there are documents; `coscribe repair` writes it anew, or choose \
                      another data directory"
                    .into(),
        });
    }
    let mut salt = [0; 8];
    random.fill(&mut salt);
    let key = FileKey { number: 1, salt: u64::from_le_bytes(salt) };
    let header = Header { key, first_commit: 1 };
    match JournalFile::create(disk, log, header, START..=START) {
        Ok(_) => write_format(&**disk, root).map_err(OpenError::disk("write", root.join("FORMAT"))),
        Err(CommitError::Write(error) | CommitError::Sync(error)) => {
            Err(OpenError::disk("create", begun)(error))
        }
    }
}

fn reserve_path(root: &Path) -> PathBuf {
    root.join("RESERVE")
}

/// Makes the reserve if it is not there; says what the operator should know if there is no room. A
/// disk too full for it is one on which it was given back.
fn reserve(disk: &dyn Disk, root: &Path, bytes: u64) -> Option<String> {
    let path = reserve_path(root);
    let error = match disk.create(&path) {
        Ok(file) => file.reserve(bytes).err()?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return None,
        Err(error) => error,
    };
    if let Err(error) = disk.remove(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        ReserveStays { reason: &error }.note();
    }
    let warning = format!(
        "there was no room for a reserve of {bytes} bytes when the store was opened ({error}); the \
         disk is full or nearly so"
    );
    ReserveMissing { reason: &warning }.note();
    Some(warning)
}
