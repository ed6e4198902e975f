//! What is appended, what is durable, and when to keep a snapshot.
//!
//! Listeners see an edit at once; its sender hears "saved" only from here. After a failed sync the
//! document still serves readers and takes no more edits.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesOrdered};

use super::{Permit, Unavailable, actor::Actor};
use crate::{
    ids::{DocumentId, Seq, SubscriberId},
    protocol::ServerMessage,
    storage::{Entry, StoreError, StoreFuture},
    telemetry::{
        self, Meter,
        happenings::{EditsUnwritable, SnapshotFailed},
        warnings::SnapshotUnsound,
    },
};

/// A snapshot is due after so many entries or when their bytes pass the larger of the floor and
/// the snapshot's own size, so that opening reads at most about twice the document.
const SNAPSHOT_ENTRIES: u64 = 4_000;
const SNAPSHOT_BYTES: u64 = 256 << 10;

/// On unload a snapshot is worth its write only if loading these again would be slower.
const UNLOAD_ENTRIES: u64 = 16;

type Outcome = (Result<Seq, StoreError>, Carried);

/// What an append carries until the store has answered.
#[derive(Default)]
pub(super) struct Carried {
    permits: Vec<Permit>,
    edits: i64,
}

#[derive(Default)]
pub(super) struct Durability {
    /// Appends handed to the store.
    pub(super) appended: u64,
    /// Appends that are durable, in the same count.
    pub(super) durable: u64,
    /// Why no more edits are taken.
    pub(super) failed: Option<String>,
    /// None before the first: most documents are only read.
    in_flight: Option<FuturesOrdered<Pin<Box<dyn Future<Output = Outcome> + Send>>>>,
    /// Edits in what is in flight.
    unsaved: i64,
    after: Vec<AfterDurable>,
    last: Seq,
    entries: u64,
    bytes: u64,
    snapshot: SnapshotState,
    /// The card that is being written.
    pub(super) card: Option<StoreFuture<u64>>,
    /// Its life begins with what is on its way.
    pub(super) newborn: bool,
}

#[derive(Default)]
struct SnapshotState {
    revision: u64,
    size: u64,
    /// Encoded at a position, written once that is durable.
    waiting: Option<(u64, Bytes)>,
    writing: Option<StoreFuture<u64>>,
}

/// Something that waits until a position is durable.
pub(super) struct AfterDurable {
    pub(super) position: u64,
    /// The state vector without it.
    pub(super) before: Bytes,
    pub(super) updates: Vec<(Bytes, Option<SubscriberId>)>,
    pub(super) outcome: Result<(), Unavailable>,
    /// Told the entry that is the last by then.
    pub(super) reply: tokio::sync::oneshot::Sender<Result<Seq, Unavailable>>,
}

impl std::fmt::Debug for Durability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Durability")
            .field("appended", &self.appended)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}

impl Durability {
    /// Of a document as it was read.
    pub(super) fn of_opened(last: Seq, revision: u64, size: u64, entries: u64, bytes: u64) -> Self {
        let snapshot = SnapshotState { revision, size, ..SnapshotState::default() };
        Self { last, entries, bytes, snapshot, ..Self::default() }
    }

    /// Takes what will never be heard of out of the numbers.
    pub(super) fn forget_unsaved(&mut self, meter: &Meter) {
        meter.unsaved.add(-std::mem::take(&mut self.unsaved));
    }

    /// Bytes that loading it again would read.
    pub(super) fn size(&self) -> u64 {
        self.snapshot.size + self.bytes
    }

    pub(super) fn is_settled(&self) -> bool {
        self.all_arrived() && self.snapshot.writing.is_none() && self.card.is_none()
    }

    fn all_arrived(&self) -> bool {
        self.in_flight.as_ref().is_none_or(FuturesOrdered::is_empty)
    }

    /// The last entry, when everything that was appended is durable.
    pub(super) fn settled_at(&self) -> Option<Seq> {
        (self.all_arrived() && self.last > Seq(0)).then_some(self.last)
    }

    /// Resolves with the next thing that the store finished; never when there is none.
    pub(super) async fn next(&mut self) -> Finished {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The same.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Finished> {
        if let Some(in_flight) = &mut self.in_flight
            && let Poll::Ready(Some(outcome)) = in_flight.poll_next_unpin(context)
        {
            return Poll::Ready(Finished::Append(outcome));
        }
        if let Some(writing) = &mut self.snapshot.writing
            && let Poll::Ready(outcome) = writing.as_mut().poll(context)
        {
            self.snapshot.writing = None;
            return Poll::Ready(Finished::Snapshot(outcome));
        }
        if let Some(card) = &mut self.card
            && let Poll::Ready(outcome) = card.as_mut().poll(context)
        {
            self.card = None;
            return Poll::Ready(Finished::Card(outcome));
        }
        Poll::Pending
    }

    pub(super) fn wait_for(&mut self, after: AfterDurable) {
        self.after.push(after);
    }

    /// The state vector without the edits that are applied and wait to be shown, if there are any.
    pub(super) fn before_unshown(&self) -> Option<Bytes> {
        self.after.first().map(|first| first.before.clone())
    }

    fn snapshot_is_due(&self) -> bool {
        let idle = self.snapshot.waiting.is_none() && self.snapshot.writing.is_none();
        let bytes = SNAPSHOT_BYTES.max(self.snapshot.size);
        idle && (self.entries >= SNAPSHOT_ENTRIES || self.bytes > bytes)
    }
}

/// What the store finished.
pub(super) enum Finished {
    Append(Outcome),
    Snapshot(Result<u64, StoreError>),
    Card(Result<u64, StoreError>),
}

impl Actor {
    /// Hands entries to the store, first giving the document its life if it has none.
    pub(super) fn append(&mut self, entries: Vec<Entry>, permits: Vec<Permit>) {
        if let Some(first) = entries.first() {
            self.mind_pause(first.time);
        }
        if !self.born {
            self.create();
        }
        self.card.doubt();
        self.tell_updated(&entries);
        let bytes = entries.iter().map(|entry| entry.update.len() as u64).sum::<u64>();
        self.durability.entries += entries.len() as u64;
        self.durability.bytes += bytes;
        let edits = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        self.durability.unsaved += edits;
        let meter = self.lease.meter();
        meter.updates_in.add(entries.len() as u64);
        meter.update_bytes_in.add(bytes);
        meter.unsaved.add(edits);
        self.lease.live().count_received(entries.len() as u64);
        let appending = self.setup.store.append(self.id, entries);
        self.push_in_flight(async move { (appending.await, Carried { permits, edits }) });
        if self.durability.snapshot_is_due() {
            self.encode_snapshot();
        }
    }

    fn create(&mut self) {
        let (id, now) = (self.id, self.setup.clock.now());
        let creating = self.setup.store.create(self.lease.name(), id, now);
        let last = self.durability.last;
        self.born = true;
        self.durability.newborn = true;
        self.push_in_flight(async move {
            let outcome = match creating.await {
                Ok(holder) if holder == id => Ok(last),
                Ok(_) => Err(StoreError::Conflict("another document has taken the name".into())),
                Err(error) => Err(error),
            };
            (outcome, Carried::default())
        });
        self.greet_everyone();
    }

    fn push_in_flight(&mut self, future: impl Future<Output = Outcome> + Send + 'static) {
        self.durability.appended += 1;
        self.durability.in_flight.get_or_insert_default().push_back(Box::pin(future));
    }

    /// Takes note of what the store finished.
    pub(super) fn on_finished(&mut self, finished: Finished) {
        let meter = self.lease.meter();
        if let Finished::Append((_, Carried { edits, .. })) = &finished {
            self.durability.unsaved -= edits;
            meter.unsaved.add(-edits);
        }
        match finished {
            Finished::Append((Ok(last), Carried { permits, .. })) => {
                if let Some(oldest) = permits.first() {
                    meter.save_time.note(oldest.since.elapsed());
                }
                drop(permits);
                self.on_durable(last);
            }
            Finished::Append((Err(error), _)) => self.on_failed(&error),
            Finished::Card(outcome) => self.on_card_kept(outcome),
            Finished::Snapshot(Ok(revision)) => {
                meter.snapshots[telemetry::meter::Outcome::Done].add(1);
                self.durability.snapshot.revision = revision;
            }
            Finished::Snapshot(Err(error)) => {
                meter.note(&SnapshotFailed { document: self.lease.name(), reason: &error });
            }
        }
    }

    fn on_durable(&mut self, last: Seq) {
        if self.durability.failed.is_some() {
            return;
        }
        self.durability.durable += 1;
        let before = std::mem::replace(&mut self.durability.last, last);
        if before < last {
            let now = Some(self.setup.clock.now());
            self.lease.live().note_saved(self.durability.size(), now);
            self.tell_saved(last);
            self.announce_saved(last);
        }
        self.release_durable();
        self.store_snapshot(self.durability.durable, last);
    }

    /// Sends the answers, and shows the server's own edits, that waited for what is now durable.
    pub(super) fn release_durable(&mut self) {
        let durable = self.durability.durable;
        self.acknowledge();
        let (due, later) = std::mem::take(&mut self.durability.after)
            .into_iter()
            .partition(|after| after.position <= durable);
        self.durability.after = later;
        let mut due: Vec<AfterDurable> = due;
        // All together: who falls behind is noted with a state that has all of them.
        self.fan_out(due.iter_mut().flat_map(|after| std::mem::take(&mut after.updates)).collect());
        for AfterDurable { outcome, reply, .. } in due {
            // The caller may have stopped waiting; its edit is stored all the same.
            let _ = reply.send(outcome.map(|()| self.durability.last));
        }
    }

    fn on_failed(&mut self, error: &StoreError) {
        if self.durability.failed.is_none() {
            let document = self.lease.name();
            self.lease.meter().note(&EditsUnwritable { document, reason: error });
            self.durability.failed = Some(error.to_string());
            let told = ServerMessage::PermissionDenied(format!("edits are not stored: {error}"));
            for subscriber in self.subscribers.values().filter(|it| !it.counts()) {
                subscriber.send(&told);
            }
        }
        // Somebody else has given the name its life: what is here belongs into that one.
        self.poisoned |= matches!(error, StoreError::Conflict(_));
        self.refuse_waiting();
        for after in std::mem::take(&mut self.durability.after) {
            let _ = after.reply.send(Err(Unavailable::Unwritable(error.to_string())));
        }
    }

    /// Encodes the state as it is now; it is written once the entries in it are durable.
    pub(super) fn encode_snapshot(&mut self) {
        match self.state.snapshot() {
            Ok(state) => {
                self.durability.entries = 0;
                self.durability.bytes = 0;
                self.durability.snapshot.size = state.len() as u64;
                self.durability.snapshot.waiting = Some((self.durability.appended, state));
                self.store_snapshot(self.durability.durable, self.durability.last);
            }
            Err(reason) => {
                // The entries are safe; try again after as many more.
                self.durability.entries = 0;
                self.durability.bytes = 0;
                SnapshotUnsound { document: self.lease.name(), reason: &reason }.note();
            }
        }
    }

    fn store_snapshot(&mut self, durable: u64, last: Seq) {
        let snapshot = &mut self.durability.snapshot;
        let Some((_, state)) = snapshot.waiting.take_if(|(position, _)| *position == durable)
        else {
            return;
        };
        let (store, expected) = (Arc::clone(&self.setup.store), snapshot.revision);
        snapshot.writing = Some(store.snapshot(self.id, expected, last, state));
    }

    /// Whether a snapshot should be taken before the document is unloaded.
    pub(super) fn wants_snapshot_on_unload(&self) -> bool {
        self.born
            && self.durability.failed.is_none()
            && self.durability.snapshot.waiting.is_none()
            && self.durability.snapshot.writing.is_none()
            && self.durability.entries >= UNLOAD_ENTRIES
    }

    /// Waits until the store has finished everything it was handed.
    pub(super) async fn settle(&mut self) {
        while !self.durability.is_settled() {
            let finished = self.durability.next().await;
            self.on_finished(finished);
        }
    }

    /// The epoch as told to our own clients: none while the document is empty and unborn.
    pub(super) fn epoch(&self) -> Option<DocumentId> {
        self.born.then_some(self.id)
    }
}
