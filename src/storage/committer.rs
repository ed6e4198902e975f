//! The one thread that writes the journal: it gathers the waiting appends of all documents into one
//! write and one sync, and tells each caller in order.
//!
//! A failed write is cut back and tried again while callers wait: a full disk is a pause, not a
//! loss. A failed sync is the end: what is on the disk is unknown then, so nothing is acknowledged
//! until a restart has read it. Knows records and files, no documents.

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    random::Random,
    storage::{
        StoreError,
        disk::Disk,
        journal::{CommitError, Header, JournalFile, Place, START},
        record::{self, FileKey, PAYLOAD_BYTES, Record},
    },
};

/// Most bytes and calls that one commit gathers. More would only make the first of them wait.
const COMMIT_BYTES: usize = 8 << 20;
const COMMIT_CALLS: usize = 4096;

/// Pauses between attempts to write to a full disk.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(2);

/// What to do when a call's records are durable, with their places, or never will be. Runs on the
/// committer's thread, in the order of the calls.
pub(crate) type Done = Box<dyn FnOnce(Result<&[Place], StoreError>) + Send>;

/// What the committer needs to know and whom to tell.
pub(crate) struct Settings {
    /// The file system.
    pub(crate) disk: Arc<dyn Disk>,
    /// The journal's directory.
    pub(crate) log: PathBuf,
    /// A file that would grow beyond this is followed by another.
    pub(crate) file_bytes: u64,
    /// Most bytes of payloads that may wait.
    pub(crate) queue_bytes: usize,
    /// The number of the next file. It is created when there is something to write.
    pub(crate) next_file: u64,
    /// The number of the next commit.
    pub(crate) next_commit: u64,
    /// For the files' salts.
    pub(crate) random: Arc<dyn Random>,
    /// Told when a file was begun; those before it are full.
    pub(crate) begun: Box<dyn Fn(FileKey) + Send>,
    /// Told when the disk is full; gives room if it can.
    pub(crate) make_room: Box<dyn Fn() + Send>,
}

/// The handle to the thread.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    queue_bytes: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Whether the journal can be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Writing {
    /// Why not.
    pub(crate) unwritable: Option<String>,
    /// Whether that is for good.
    pub(crate) failed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    calls: VecDeque<Call>,
    bytes: usize,
    closing: bool,
    ended: bool,
    retry_now: bool,
    writing: Writing,
}

struct Call {
    records: Vec<Record>,
    bytes: usize,
    done: Done,
    /// Whether another file is to be begun after it.
    ends_file: bool,
}

impl Committer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(settings: Settings) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let queue_bytes = settings.queue_bytes;
        let Settings { next_file, next_commit, .. } = settings;
        let writer = Writer {
            shared: shared.clone(),
            settings,
            file: None,
            next_file,
            next_commit,
            buffer: Vec::new(),
        };
        let thread = thread::Builder::new().name("journal".into()).spawn(move || writer.run())?;
        Ok(Self { shared, queue_bytes, thread: Mutex::new(Some(thread)) })
    }

    /// Whether records with these payloads would be taken now. Callers ask before they note a
    /// change, under the lock that orders their calls, so that a refusal leaves no trace.
    pub(crate) fn check(&self, payloads: &[usize]) -> Result<(), StoreError> {
        let queue = self.shared.lock();
        if queue.writing.failed {
            return Err(StoreError::Failed(queue.writing.unwritable.clone().unwrap_or_default()));
        }
        if queue.closing {
            return Err(StoreError::Failed("it was closed".into()));
        }
        if let Some(large) = payloads.iter().find(|bytes| **bytes > PAYLOAD_BYTES) {
            return Err(StoreError::Refused(format!(
                "an entry of {large} bytes is larger than the {PAYLOAD_BYTES} it may have"
            )));
        }
        let bytes: usize = payloads.iter().sum();
        if queue.bytes > 0 && queue.bytes + bytes > self.queue_bytes {
            return Err(StoreError::Refused(match &queue.writing.unwritable {
                Some(reason) => format!("{} bytes wait to be written: {reason}", queue.bytes),
                None => format!("{} bytes wait to be written", queue.bytes),
            }));
        }
        Ok(())
    }

    /// Hands records over. No records is a question: it is answered when everything handed over
    /// before is durable. After the thread has ended, `done` is dropped unheard.
    pub(crate) fn submit(&self, records: Vec<Record>, done: Done) {
        let bytes = records.iter().map(|record| record.payload.len()).sum();
        self.add(Call { records, bytes, done, ends_file: false });
    }

    /// Begins another file after what was handed over so far, so that the one before can be sealed. A
    /// file that holds nothing stays.
    pub(crate) fn begin_anew(&self) {
        self.add(Call { records: Vec::new(), bytes: 0, done: Box::new(|_| {}), ends_file: true });
    }

    fn add(&self, call: Call) {
        let mut queue = self.shared.lock();
        if queue.ended {
            return;
        }
        queue.bytes += call.bytes;
        queue.calls.push_back(call);
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Whether the journal can be written now.
    pub(crate) fn writing(&self) -> Writing {
        self.shared.lock().writing.clone()
    }

    /// Tries at once to write what a full disk holds up.
    pub(crate) fn retry_now(&self) {
        self.shared.lock().retry_now = true;
        self.shared.changed.notify_all();
    }

    /// Writes what is waiting, finishes the file and ends the thread. What cannot be written (full
    /// disk) fails. Blocks.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Err(StoreError::Failed("the journal's thread panicked".into()));
        }
        match self.writing() {
            Writing { unwritable: Some(reason), .. } => Err(StoreError::Failed(reason)),
            Writing { unwritable: None, .. } => Ok(()),
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the journal could not be closed cleanly");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's side.
struct Writer {
    shared: Arc<Shared>,
    settings: Settings,
    file: Option<JournalFile>,
    next_file: u64,
    next_commit: u64,
    buffer: Vec<u8>,
}

impl Writer {
    fn run(mut self) {
        // A panic below would otherwise leave callers waiting for ever.
        let _guard = FailOnPanic(self.shared.clone());
        while let Some(calls) = self.wait() {
            match self.write(&calls) {
                Ok(places) => {
                    let ends_file = calls.iter().any(|call| call.ends_file);
                    answer(calls, &places);
                    if ends_file {
                        self.end_file();
                    }
                }
                Err(error) => {
                    for call in calls {
                        (call.done)(Err(error.clone()));
                    }
                }
            }
            // One huge entry must not keep its memory taken.
            self.buffer.shrink_to(COMMIT_BYTES);
        }
        self.finish();
    }

    /// The next calls to commit together; `None` when the journal is closing and all is written.
    fn wait(&self) -> Option<Vec<Call>> {
        let mut queue = self.shared.lock();
        while queue.calls.is_empty() {
            if queue.closing {
                queue.ended = true;
                return None;
            }
            queue = self.shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let mut calls = Vec::new();
        let mut bytes = 0;
        while let Some(call) = queue.calls.front()
            && (calls.is_empty()
                || (bytes + call.bytes <= COMMIT_BYTES && calls.len() < COMMIT_CALLS))
        {
            bytes += call.bytes;
            calls.extend(queue.calls.pop_front());
        }
        Some(calls)
    }

    /// Writes until it works, or for ever cannot.
    fn write(&mut self, calls: &[Call]) -> Result<Vec<Place>, StoreError> {
        let records: Vec<&Record> = calls.iter().flat_map(|call| &call.records).collect();
        let mut pause = RETRY_FIRST;
        let outcome = loop {
            if let Writing { failed: true, unwritable } = self.shared.lock().writing.clone() {
                break Err(StoreError::Failed(unwritable.unwrap_or_default()));
            }
            if records.is_empty() {
                break Ok(Vec::new());
            }
            match self.attempt(&records) {
                Ok(places) => {
                    self.shared.lock().writing = Writing::default();
                    break Ok(places);
                }
                Err(CommitError::Sync(error)) => break Err(self.fail(&error)),
                Err(CommitError::Write(error)) => {
                    if error.kind() == io::ErrorKind::StorageFull {
                        (self.settings.make_room)();
                    }
                    if !self.pause(&error, pause) {
                        break Err(StoreError::Failed(format!(
                            "it was closed while it could not be written: {error}"
                        )));
                    }
                    pause = (pause * 2).min(RETRY_LONGEST);
                }
            }
        };
        let bytes: usize = calls.iter().map(|call| call.bytes).sum();
        self.shared.lock().bytes -= bytes;
        outcome
    }

    fn attempt(&mut self, records: &[&Record]) -> Result<Vec<Place>, CommitError> {
        let bytes: usize =
            records.iter().map(|record| record::frame_bytes(record.payload.len())).sum();
        let bytes = bytes as u64;
        if let Some(file) = &mut self.file
            && file.is_full(bytes, self.settings.file_bytes)
        {
            file.finish()?;
            self.next_commit = file.next_commit();
            self.file = None;
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.begin_file(bytes)?,
        };
        let committed = file.commit(records.iter().copied(), &mut self.buffer);
        self.next_commit = file.next_commit();
        self.file = Some(file);
        committed
    }

    fn begin_file(&mut self, bytes: u64) -> Result<JournalFile, CommitError> {
        let mut salt = [0; 8];
        self.settings.random.fill(&mut salt);
        let key = FileKey { number: self.next_file, salt: u64::from_le_bytes(salt) };
        let header = Header { key, first_commit: self.next_commit };
        let least = START + bytes;
        let reserve = least..=self.settings.file_bytes.max(least);
        let file = JournalFile::create(&self.settings.disk, &self.settings.log, header, reserve)?;
        self.next_file += 1;
        (self.settings.begun)(file.key());
        Ok(file)
    }

    /// Finishes the file and begins another, as the newest is never sealed. What cannot be done for
    /// lack of space is done when the next file is begun anyway.
    fn end_file(&mut self) {
        if self.file.as_ref().is_some_and(JournalFile::is_empty) {
            return;
        }
        let begun = match &mut self.file {
            Some(file) => file.finish(),
            None => Ok(()),
        };
        let begun = begun.and_then(|()| {
            if let Some(file) = self.file.take() {
                self.next_commit = file.next_commit();
            }
            self.begin_file(0)
        });
        match begun {
            Ok(file) => self.file = Some(file),
            Err(CommitError::Sync(error)) => drop(self.fail(&error)),
            Err(CommitError::Write(error)) => {
                tracing::warn!(%error, "failed to begin another journal file, the next edit will");
            }
        }
    }

    /// Says why nothing is written and waits a while; `false` when the journal is to be closed.
    fn pause(&self, error: &io::Error, pause: Duration) -> bool {
        let mut queue = self.shared.lock();
        if queue.writing.unwritable.is_none() {
            tracing::error!(%error, "the journal cannot be written, edits wait until it can");
        }
        queue.writing.unwritable = Some(format!(
            "writing to {} fails ({error}); edits wait in memory, and are saved when there is \
             space again",
            self.settings.log.display()
        ));
        let waiting = |queue: &mut Queue| !queue.closing && !queue.retry_now;
        let (mut queue, _) = self
            .shared
            .changed
            .wait_timeout_while(queue, pause, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        queue.retry_now = false;
        !queue.closing
    }

    fn fail(&self, error: &io::Error) -> StoreError {
        let reason = format!(
            "syncing {} failed ({error}), so what is on the disk is unknown; check the disk and \
             restart",
            self.settings.log.display()
        );
        tracing::error!(%error, "the journal could not be synced, nothing is saved any more");
        self.shared.lock().writing = Writing { unwritable: Some(reason.clone()), failed: true };
        StoreError::Failed(reason)
    }

    /// A file that ends with its roll tells damage from a torn tail. Without one, which is how a
    /// full disk leaves it, it is as after a crash.
    fn finish(&mut self) {
        let writing = self.shared.lock().writing.clone();
        let Some(file) = self.file.as_mut().filter(|_| writing.unwritable.is_none()) else {
            return;
        };
        match file.finish() {
            Ok(()) => {}
            Err(CommitError::Sync(error)) => {
                self.fail(&error);
            }
            Err(CommitError::Write(error)) => {
                tracing::warn!(%error, "failed to finish the journal file, the next start will");
            }
        }
    }
}

struct FailOnPanic(Arc<Shared>);

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let mut queue = self.0.lock();
        let reason = "the journal's thread panicked; restart".to_owned();
        queue.writing = Writing { unwritable: Some(reason.clone()), failed: true };
        queue.ended = true;
        let calls = std::mem::take(&mut queue.calls);
        drop(queue);
        for call in calls {
            (call.done)(Err(StoreError::Failed(reason.clone())));
        }
    }
}

fn answer(calls: Vec<Call>, places: &[Place]) {
    let mut rest = places;
    for call in calls {
        let (own, others) = rest.split_at(call.records.len());
        rest = others;
        (call.done)(Ok(own));
    }
}
