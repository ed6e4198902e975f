//! Finds a document's actor by name, or starts one: loaded once, shared, let go when idle.
//!
//! An actor leaves only through `Lease`, under the same lock that hands out handles, so
//! no command can be lost between the last look at a mailbox and its end.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{
    Budget, Command, DocumentHandle, Events, Setup, Unavailable, actor,
    live::Live,
    load::{When, load},
    threads::Threads,
};
use crate::{
    clock::{Clock, Timestamp},
    hooks::Runner,
    ids::DocumentName,
    limits::Limits,
    protocol::CloseReason,
    random::Random,
    storage::Store,
    telemetry::Meter,
};

/// Documents that may be loading at the same time, so that a storm of reconnects after a restart
/// does not read the whole store at once.
const LOADS: usize = 8;

/// All open documents of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Documents(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) setup: Arc<Setup>,
    pub(super) loads: Semaphore,
    open: Mutex<Open>,
    generations: AtomicU64,
    stopping: AtomicBool,
    budget: Arc<Budget>,
    pub(super) events: Arc<Events>,
    meter: Arc<Meter>,
    pub(super) threads: Threads,
}

/// What is open, and what must stay closed for now.
#[derive(Debug, Default)]
struct Open {
    slots: HashMap<DocumentName, Slot>,
    held: HashSet<DocumentName>,
}

#[derive(Debug)]
struct Slot {
    generation: u64,
    mailbox: mpsc::Sender<Box<Command>>,
    live: Arc<Live>,
}

/// A name that nothing is open under and that nothing can be opened under; free again on drop.
#[derive(Debug)]
pub(super) struct Held {
    shared: Arc<Shared>,
    name: DocumentName,
}

/// What moves in a loaded document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// What it is called.
    pub name: DocumentName,
    /// How many have it open.
    pub people: usize,
    /// How many of them do not keep up.
    pub behind: usize,
    /// Edits since it was loaded.
    pub received: u64,
    /// Updates queued for its readers since then.
    pub sent: u64,
    /// Bytes that loading it again would read.
    pub bytes: u64,
    /// When an edit was last durable.
    pub saved: Option<Timestamp>,
}

impl Documents {
    /// Starts the document threads.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn new(setup: Setup) -> io::Result<Self> {
        Self::metered(setup, Arc::default())
    }

    /// The same, counting what happens here.
    ///
    /// # Errors
    /// As [`Documents::new`].
    pub fn metered(setup: Setup, meter: Arc<Meter>) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            threads: Threads::start(setup.threads)?,
            budget: Budget::new(setup.limits.unsaved_bytes),
            loads: Semaphore::new(LOADS),
            open: Mutex::default(),
            generations: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            events: Arc::default(),
            meter,
            setup: Arc::new(setup),
        })))
    }

    /// The way to a document; starts loading it when it is not open. Does not wait.
    ///
    /// # Errors
    /// While the server is stopping.
    pub fn open(&self, name: &DocumentName) -> Result<DocumentHandle, Unavailable> {
        let shared = &self.0;
        let mut open = shared.lock();
        if shared.stopping.load(Ordering::Acquire) || open.held.contains(name) {
            return Err(Unavailable::Reloading);
        }
        if let Some(slot) = open.slots.get(name) {
            let (mailbox, live) = (slot.mailbox.clone(), Arc::clone(&slot.live));
            return Ok(DocumentHandle { name: name.clone(), mailbox, live });
        }
        let (mailbox, requests) = mpsc::channel(shared.setup.limits.mailbox_messages);
        let lease = self.lease(name);
        let live = Arc::clone(&lease.live);
        let slot = Slot {
            generation: lease.generation,
            mailbox: mailbox.clone(),
            live: Arc::clone(&live),
        };
        open.slots.insert(name.clone(), slot);
        shared.threads.of(name).spawn(actor::run(Arc::clone(&shared.setup), lease, requests));
        Ok(DocumentHandle { name: name.clone(), mailbox, live })
    }

    /// A place for a new actor.
    pub(super) fn lease(&self, name: &DocumentName) -> Lease {
        let generation = self.0.generations.fetch_add(1, Ordering::Relaxed);
        Lease {
            shared: Arc::downgrade(&self.0),
            name: name.clone(),
            generation,
            live: Arc::default(),
            events: Arc::clone(&self.0.events),
            meter: Arc::clone(&self.0.meter),
            held: true,
        }
    }

    /// Bytes of edits, of all connections together, that may be on their way to the disk.
    #[must_use]
    pub fn budget(&self) -> &Arc<Budget> {
        &self.0.budget
    }

    /// The bounds that documents and connections keep.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.setup.limits
    }

    /// The store behind the documents.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.setup.store
    }

    /// What happens to documents.
    #[must_use]
    pub fn events(&self) -> &Arc<Events> {
        &self.0.events
    }

    /// The numbers that everything here moves.
    #[must_use]
    pub fn meter(&self) -> &Arc<Meter> {
        &self.0.meter
    }

    /// How many documents are loaded.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.0.lock().slots.len()
    }

    /// How many tasks have not ended on the threads of documents.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.0.threads.tasks()
    }

    /// What moves in each loaded document.
    #[must_use]
    pub fn busy(&self) -> Vec<Busy> {
        let busy = |(name, slot): (&DocumentName, &Slot)| {
            let (received, sent) = slot.live.moved();
            let (people, behind) = (slot.live.people(), slot.live.behind());
            let (bytes, saved) = slot.live.saved();
            Busy { name: name.clone(), people, behind, received, sent, bytes, saved }
        };
        self.0.lock().slots.iter().map(busy).collect()
    }

    /// Sends everybody away, makes everything durable and lets go of a document; whoever comes back
    /// has it loaded anew. Gives whether it was loaded.
    ///
    /// # Errors
    /// While somebody else holds it.
    pub async fn unload(&self, name: &DocumentName) -> Result<bool, Unavailable> {
        if self.live_of(name).is_none() {
            return Ok(false);
        }
        drop(self.hold(name, CloseReason::Restart).await?);
        Ok(true)
    }

    /// What loaded documents show.
    pub(super) fn live(&self) -> HashMap<DocumentName, Arc<Live>> {
        let open = self.0.lock();
        open.slots.iter().map(|(name, slot)| (name.clone(), Arc::clone(&slot.live))).collect()
    }

    /// What one document shows, if it is loaded.
    pub(super) fn live_of(&self, name: &DocumentName) -> Option<Arc<Live>> {
        self.0.lock().slots.get(name).map(|slot| Arc::clone(&slot.live))
    }

    /// What time it is.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.setup.clock
    }

    /// Chance, for names and ids.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.0.setup.random
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Who wants to know what happens.
    pub(crate) fn hooks(&self) -> &Runner {
        &self.0.setup.hooks
    }

    pub(super) fn setup(&self) -> &Setup {
        &self.0.setup
    }

    /// Reads the whole document as one update, without keeping it loaded if it is not; `None` when
    /// there is none.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn state(&self, name: &DocumentName) -> Result<Option<Bytes>, Unavailable> {
        if self.setup().store.find(name).await?.is_none() {
            return Ok(None);
        }
        if self.live_of(name).is_some() {
            return self.open(name)?.read().await.map(Some);
        }
        let (shared, name) = (Arc::clone(&self.0), name.clone());
        // Loading recurses over nested types, for which only these threads have the stack.
        let reading = self.0.threads.of(&name).clone().spawn(async move {
            let loaded = Box::pin(load(&shared.setup, &name, &shared.loads, When::Now)).await?;
            let state = loaded.state.snapshot().map_err(Unavailable::Damaged)?;
            Ok(loaded.born.then_some(state))
        });
        reading.await.map_err(|_| Unavailable::Reloading)?
    }

    /// Sends everybody away who has the document open, waits until it is closed, and keeps it so.
    ///
    /// # Errors
    /// While somebody else holds it.
    pub(super) async fn hold(
        &self,
        name: &DocumentName,
        reason: CloseReason,
    ) -> Result<Held, Unavailable> {
        let mailbox = {
            let mut open = self.0.lock();
            if !open.held.insert(name.clone()) {
                return Err(Unavailable::Reloading);
            }
            open.slots.get(name).map(|slot| slot.mailbox.clone())
        };
        let held = Held { shared: Arc::clone(&self.0), name: name.clone() };
        if let Some(mailbox) = mailbox {
            stop(mailbox, reason).await;
        }
        Ok(held)
    }

    /// Opens nothing more, sends everybody away, and waits until all edits are durable.
    pub async fn shutdown(&self) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.events.end();
        let mailboxes: Vec<_> =
            self.0.lock().slots.values().map(|slot| slot.mailbox.clone()).collect();
        // All are told before any is waited for: what they have left is then written together.
        join_all(mailboxes.into_iter().map(|mailbox| stop(mailbox, CloseReason::Restart))).await;
    }
}

/// Ends an actor and waits for its end.
async fn stop(mailbox: mpsc::Sender<Box<Command>>, reason: CloseReason) {
    let (done, stopped) = oneshot::channel();
    // Either fails only when the actor has already gone, which is what we want.
    if mailbox.send(Box::new(Command::Stop(reason, done))).await.is_ok() {
        let _ = stopped.await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.lock().held.remove(&self.name);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // Only inserts and removes happen under the lock, which leave a sound map behind.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An actor's place in the registry; given up on drop, also when the actor panics.
#[derive(Debug)]
pub(super) struct Lease {
    shared: Weak<Shared>,
    name: DocumentName,
    generation: u64,
    live: Arc<Live>,
    events: Arc<Events>,
    meter: Arc<Meter>,
    held: bool,
}

impl Lease {
    pub(super) fn name(&self) -> &DocumentName {
        &self.name
    }

    /// Where it is told what happens.
    pub(super) fn events(&self) -> &Events {
        &self.events
    }

    /// Where it is counted.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Where the document shows what others may see of it.
    pub(super) fn live(&self) -> &Live {
        &self.live
    }

    /// Waits for a turn to load.
    pub(super) fn shared(&self) -> Option<Arc<Shared>> {
        self.shared.upgrade()
    }

    /// Gives the place up if nobody holds a handle and nothing waits in the mailbox.
    pub(super) fn retire_if_idle(&mut self, requests: &mpsc::Receiver<Box<Command>>) -> bool {
        let Some(shared) = self.shared.upgrade() else { return true };
        let mut open = shared.lock();
        // The registry's own sender is the one that is left.
        if requests.sender_strong_count() > 1 || !requests.is_empty() {
            return false;
        }
        self.remove(&mut open);
        true
    }

    /// Gives the place up whoever holds a handle; their next command fails and they open anew.
    pub(super) fn retire(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            self.remove(&mut shared.lock());
        }
    }

    fn remove(&mut self, open: &mut Open) {
        let ours =
            open.slots.get(&self.name).is_some_and(|slot| slot.generation == self.generation);
        if self.held && ours {
            open.slots.remove(&self.name);
        }
        self.held = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.held {
            self.retire();
        }
    }
}
