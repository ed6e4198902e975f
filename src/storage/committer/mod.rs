//! The one thread that writes the journal: it gathers the waiting appends of all documents into one
//! write and one sync, and tells each caller in order.
//!
//! A failed write is cut back and tried again while callers wait: a full disk is a pause, not a
//! loss. A failed sync is the end: what is on the disk is unknown then, so nothing is acknowledged
//! until a restart has read it. Knows records and files, no documents.

mod settings;

pub(crate) use settings::Settings;

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    storage::{
        StoreError,
        journal::{CommitError, Header, JournalFile, Place, START},
        record::{self, FileKey, PAYLOAD_BYTES, Record},
    },
    telemetry::{
        Meter,
        happenings::{JournalBlocked, JournalFailed},
        warnings::{JournalNotBegun, JournalNotClosed, JournalNotFinished},
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

/// The handle to the thread.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    queue_bytes: usize,
    meter: Arc<Meter>,
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
        let (queue_bytes, meter) = (settings.queue_bytes, Arc::clone(&settings.meter));
        let writer = Writer::new(settings);
        let shared = writer.shared.clone();
        let thread = thread::Builder::new().name("journal".into()).spawn(move || writer.run())?;
        Ok(Self { shared, queue_bytes, meter, thread: Mutex::new(Some(thread)) })
    }

    /// The same without a thread: whoever gets the writer has it write.
    #[cfg(feature = "conformance")]
    pub(crate) fn idle(settings: Settings) -> (Self, Writer) {
        let (queue_bytes, meter) = (settings.queue_bytes, Arc::clone(&settings.meter));
        let writer = Writer::new(settings);
        let shared = writer.shared.clone();
        (Self { shared, queue_bytes, meter, thread: Mutex::default() }, writer)
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
        self.meter.commit_waiting.set(queue.bytes as u64);
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
            JournalNotClosed { reason: &error }.note();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why something is not written now, or never will be.
enum Trouble {
    ForNow,
    ForGood(StoreError),
}

/// The thread's side.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    settings: Settings,
    file: Option<JournalFile>,
    next_file: u64,
    next_commit: u64,
    buffer: Vec<u8>,
    /// What could not be written so far, and how long to wait before it is tried again.
    held_up: Option<(Vec<Call>, Duration)>,
}

/// How a writer's turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Calls were answered.
    Answered,
    /// There is nothing to write.
    Idle,
    /// What there is cannot be written now; it is to be tried again after this time.
    HeldUp(Duration),
    /// The journal is closed and all is written.
    Ended,
}

impl Writer {
    fn new(settings: Settings) -> Self {
        let Settings { next_file, next_commit, .. } = settings;
        Self {
            shared: Arc::default(),
            settings,
            file: None,
            next_file,
            next_commit,
            buffer: Vec::new(),
            held_up: None,
        }
    }

    fn run(mut self) {
        // A panic below would otherwise leave callers waiting for ever.
        let _guard = FailOnPanic(self.shared.clone());
        loop {
            match self.step() {
                Turn::Answered => {}
                Turn::Idle => self.wait(),
                Turn::HeldUp(pause) => self.pause(pause),
                Turn::Ended => break,
            }
        }
    }

    /// Writes once what is waiting, and answers it. Never waits for anything but the disk.
    pub(crate) fn step(&mut self) -> Turn {
        let held_up = self.held_up.take();
        let Some((calls, pause)) = held_up.or_else(|| Some((self.gather()?, RETRY_FIRST))) else {
            return self.rest();
        };
        let outcome = self.write(&calls);
        if !matches!(outcome, Err(Trouble::ForNow)) {
            let bytes: usize = calls.iter().map(|call| call.bytes).sum();
            let mut queue = self.shared.lock();
            queue.bytes -= bytes;
            self.settings.meter.commit_waiting.set(queue.bytes as u64);
        }
        match outcome {
            Ok(places) => {
                let ends_file = calls.iter().any(|call| call.ends_file);
                answer(calls, &places);
                if ends_file {
                    self.end_file();
                }
            }
            Err(Trouble::ForGood(error)) => {
                calls.into_iter().for_each(|call| (call.done)(Err(error.clone())));
            }
            Err(Trouble::ForNow) => {
                self.held_up = Some((calls, (pause * 2).min(RETRY_LONGEST)));
                return Turn::HeldUp(pause);
            }
        }
        // One huge entry must not keep its memory taken.
        self.buffer.shrink_to(COMMIT_BYTES);
        Turn::Answered
    }

    /// The next calls to commit together.
    fn gather(&self) -> Option<Vec<Call>> {
        let mut queue = self.shared.lock();
        let mut calls = Vec::new();
        let mut bytes = 0;
        while let Some(call) = queue.calls.front()
            && (calls.is_empty()
                || (bytes + call.bytes <= COMMIT_BYTES && calls.len() < COMMIT_CALLS))
        {
            bytes += call.bytes;
            calls.extend(queue.calls.pop_front());
        }
        (!calls.is_empty()).then_some(calls)
    }

    /// With nothing to write, the journal ends if it is closing.
    fn rest(&mut self) -> Turn {
        let mut queue = self.shared.lock();
        if !queue.closing || !queue.calls.is_empty() {
            return Turn::Idle;
        }
        queue.ended = true;
        drop(queue);
        self.finish();
        Turn::Ended
    }

    /// Waits until there is something to write, or nothing ever will be.
    fn wait(&self) {
        let waiting = |queue: &mut Queue| queue.calls.is_empty() && !queue.closing;
        let queue = self.shared.changed.wait_while(self.shared.lock(), waiting);
        drop(queue.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits before what is held up is tried again.
    fn pause(&self, pause: Duration) {
        let waiting = |queue: &mut Queue| !queue.closing && !queue.retry_now;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), pause, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.retry_now = false;
    }

    /// Writes, unless it cannot now or for ever.
    fn write(&mut self, calls: &[Call]) -> Result<Vec<Place>, Trouble> {
        let records: Vec<&Record> = calls.iter().flat_map(|call| &call.records).collect();
        if let Writing { failed: true, unwritable } = self.shared.lock().writing.clone() {
            return Err(Trouble::ForGood(StoreError::Failed(unwritable.unwrap_or_default())));
        }
        if records.is_empty() {
            return Ok(Vec::new());
        }
        match self.attempt(&records) {
            Ok(places) => {
                self.shared.lock().writing = Writing::default();
                Ok(places)
            }
            Err(CommitError::Sync(error)) => Err(Trouble::ForGood(self.fail(&error))),
            Err(CommitError::Write(error)) => {
                if error.kind() == io::ErrorKind::StorageFull {
                    (self.settings.make_room)();
                }
                Err(self.hold_up(&error))
            }
        }
    }

    fn attempt(&mut self, records: &[&Record]) -> Result<Vec<Place>, CommitError> {
        let frames = records.iter().map(|record| record::frame_bytes(record.payload.len()));
        let bytes = frames.sum::<usize>() as u64;
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
        let began = self.settings.clock.elapsed();
        let committed = file.commit(records.iter().copied(), &mut self.buffer);
        if committed.is_ok() {
            let meter = &self.settings.meter;
            meter.commits.add(1);
            meter.commit_records.add(records.len() as u64);
            meter.commit_bytes.add(bytes);
            meter.commit_time.note(self.settings.clock.elapsed().saturating_sub(began));
        }
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
                JournalNotBegun { reason: &error }.note();
            }
        }
    }

    /// Says why nothing is written; that is for good when the journal is to be closed.
    fn hold_up(&self, error: &io::Error) -> Trouble {
        let mut queue = self.shared.lock();
        if queue.writing.unwritable.is_none() {
            self.settings.meter.note(&JournalBlocked { reason: error });
        }
        queue.writing.unwritable = Some(format!(
            "writing to {} fails ({error}); edits wait in memory, and are saved when there is \
             space again",
            self.settings.log.display()
        ));
        if !queue.closing {
            return Trouble::ForNow;
        }
        Trouble::ForGood(StoreError::Failed(format!(
            "it was closed while it could not be written: {error}"
        )))
    }

    fn fail(&self, error: &io::Error) -> StoreError {
        let reason = format!(
            "syncing {} failed ({error}), so what is on the disk is unknown; check the disk and \
             restart",
            self.settings.log.display()
        );
        self.settings.meter.note(&JournalFailed { reason: error });
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
                JournalNotFinished { reason: &error }.note();
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
