//! The machine and the server on it: started, given time, ended in every way there is.
//!
//! Everything of the server runs on one thread in paused time. Knows no person.

use std::{path::Path, sync::Arc, time::Duration};

use coscribe::{
    auth::Credentials,
    document::{Documents, Setup},
    http::{
        Accepted,
        rights::Rights,
        socket::{Connections, Sockets},
    },
    ids::DocumentName,
    limits::Limits,
    random::SeededRandom,
    storage::{
        Health, Store,
        faulty::{Faults, FaultyDisk},
        index::faulty::FaultyRows,
        local::{Local, LocalOptions, stepped::Workers},
    },
};
use tokio::{io::DuplexStream, runtime::Runtime};

use crate::{clock::MachineClock, judge::Held, mistake::Mistake, options::Options};

/// Bytes that a connection holds on its way. Small, so that who does not read is soon felt.
const PIPE_BYTES: usize = 2048;

/// The machine.
pub(crate) struct Host {
    pub(crate) disk: FaultyDisk,
    pub(crate) rows: FaultyRows,
    pub(crate) clock: Arc<MachineClock>,
    pub(crate) process: Option<Process>,
    mistake: Option<Mistake>,
    options: Options,
    lives: u64,
}

/// The server while it runs. Dropped in the order of the fields.
pub(crate) struct Process {
    runtime: Runtime,
    sockets: Arc<Sockets>,
    pub(crate) documents: Documents,
    pub(crate) local: Arc<Local>,
    pub(crate) workers: Workers,
}

impl Host {
    pub(crate) fn new(options: &Options, mistake: Option<Mistake>) -> Self {
        let rows = FaultyRows::default();
        if mistake == Some(Mistake::IndexTrusted) {
            rows.trust();
        }
        Self {
            disk: FaultyDisk::new(),
            rows,
            clock: Arc::default(),
            process: None,
            mistake,
            options: options.clone(),
            lives: 0,
        }
    }

    /// Starts the server; an error says why it cannot be started.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        self.lives += 1;
        let mistake = self.mistake;
        self.disk.set(|faults| mistake.into_iter().for_each(|mistake| mistake.lie(faults)));
        let random =
            |number| Arc::new(SeededRandom::new(self.options.seed ^ (self.lives << 32) ^ number));
        let options = LocalOptions {
            journal_file_bytes: self.options.journal_file,
            queue_bytes: 64 << 10,
            reserve_bytes: 4096,
            random: random(1),
            ..LocalOptions::new(Path::new("/store"))
        };
        let disk = Arc::new(self.disk.clone());
        let opened = Local::open_stepped(options, disk, self.clock.clone(), self.rows.index());
        let (local, workers, _) = opened.map_err(|error| error.to_string())?;
        let local = Arc::new(local);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime on this thread");
        let store = Mistake::store(mistake, local.clone());
        let limits = Mistake::limits(mistake, self.bounds());
        let setup = Setup::simulated(store, self.clock.clone(), random(2), limits);
        let guard = runtime.enter();
        let documents = Documents::new(setup).expect("no threads are started");
        drop(guard);
        let sockets = Arc::new(Sockets {
            documents: documents.clone(),
            connections: Connections::default(),
            rights: Arc::new(Rights::open()),
        });
        self.process = Some(Process { runtime, sockets, documents, local, workers });
        Ok(())
    }

    /// What the server is told to keep to.
    pub(crate) fn bounds(&self) -> Limits {
        let bytes = |bytes| usize::try_from(bytes).expect("a small queue");
        Limits {
            outbox_bytes: bytes(self.options.outbox),
            unsaved_bytes: bytes(self.options.unsaved),
            defer_bytes: bytes(self.options.deferred),
            ..Limits::default()
        }
    }

    /// Connects to a document by its path, or to none.
    pub(crate) fn connect(&self, document: Option<&str>) -> Option<DuplexStream> {
        let process = self.process.as_ref()?;
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let name = document.map(|name| DocumentName::new(name).expect("a good name"));
        let accepted = Accepted {
            peer: None,
            document: Ok(name),
            query: Vec::new(),
            subprotocol: None,
            credentials: Credentials::default(),
        };
        process.runtime.spawn(process.sockets.serve(theirs, accepted));
        Some(ours)
    }

    /// Lets time pass. The server does everything it can before time goes on.
    pub(crate) fn run(&mut self, millis: u64) {
        let time = Duration::from_millis(millis);
        if let Some(process) = &self.process {
            process.runtime.block_on(async { tokio::time::sleep(time).await });
        }
        self.clock.pass(millis);
    }

    /// Writes the journal once; whether anybody was answered.
    pub(crate) fn commit(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.workers.commit())
    }

    /// Tidies once; whether there was anything to do.
    pub(crate) fn tidy(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.workers.tidy())
    }

    /// Ends the process; the machine goes on.
    pub(crate) fn kill(&mut self) {
        self.disk.kill();
        self.disk.set(|faults| *faults = Faults::default());
        self.process = None;
    }

    /// Cuts the power.
    pub(crate) fn cut_power(&mut self, random: &SeededRandom) {
        self.disk.crash(random);
        self.rows.crash(random);
        self.process = None;
    }
}

impl Process {
    /// How the store is doing.
    pub(crate) fn health(&self) -> Health {
        self.local.health()
    }

    /// What is held at this moment that has bounds.
    pub(crate) fn held(&self) -> Held {
        Held {
            on_the_way: self.documents.budget().used(),
            edits: usize::try_from(self.documents.meter().unsaved.get()).unwrap_or_default(),
            queues: self.sockets.connections.queues(),
        }
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.sockets.connections.len()
    }
}
