//! Brings a subscriber up to date: first sync, catch-up after a full queue, resync after a gap.
//!
//! A large answer goes out in pieces that each make a whole message, because clients' watchdogs
//! count whole messages; only the SyncStep2 at its end makes a client say "synced".

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{actor::Actor, subscriber::Answer};
use crate::{
    crdt::{self, Refusal},
    ids::SubscriberId,
    limits::SYNC_PIECE_BYTES,
    protocol::{Address, ServerMessage},
};

/// An update that holds nothing.
pub(super) const NOTHING: Bytes = Bytes::from_static(&[0, 0]);

/// The state vector of whoever has nothing.
pub(super) const NOBODY: Bytes = Bytes::from_static(&[0]);

/// Addresses whose frames are kept.
const ADDRESSES: usize = 4;

/// The frames of a large answer to a state vector, kept while the document does not change: in a
/// storm of reconnects everybody asks the same, and what waits in their queues is there once.
#[derive(Debug)]
pub(super) struct SyncCache {
    state_vector: Bytes,
    frames: VecDeque<(Address, Arc<[Bytes]>)>,
}

impl Actor {
    /// Answers a SyncStep1, or notes that an answer is owed while the queue is full.
    pub(super) fn answer_step1(&mut self, id: SubscriberId, state_vector: &Bytes) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.outbox.is_full() {
            subscriber.owed_sync = Some(Bytes::copy_from_slice(state_vector));
            return;
        }
        let address = subscriber.address.clone();
        match self.answer(&address, state_vector) {
            Ok(frames) => self.send_sync(id, &frames),
            Err(refusal) => self.strike(id, &refusal),
        }
    }

    fn send_sync(&mut self, id: SubscriberId, frames: &[Bytes]) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.counts() {
            // A provider counts the answer to this one; without it "unsynced" never clears.
            subscriber.ask(self.state.state_vector(), true);
        }
        for frame in frames {
            subscriber.outbox.push(frame.clone());
        }
        subscriber.synced = true;
        if subscriber.behind.take().is_some() {
            self.lease.meter().behind.add(-1);
        }
    }

    /// The connection has written everything: pay what is owed.
    pub(super) fn catch_up(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if let Some(state_vector) = subscriber.owed_sync.take() {
            self.answer_step1(id, &state_vector);
        } else if let Some(behind) = subscriber.behind.take() {
            let meter = self.lease.meter();
            meter.behind.add(-1);
            meter.catch_ups.add(1);
            match self.pieces(&behind.state_vector) {
                Ok(pieces) => self.send_pieces(id, pieces),
                // Our own state vector is sound; if not, a fresh connection is the way out.
                Err(refusal) => self.strike(id, &refusal),
            }
        }
        if self.subscribers.get(&id).is_some_and(|it| it.owed_presence) {
            self.send_everyone(id);
        }
    }

    fn send_pieces(&self, id: SubscriberId, pieces: Vec<Bytes>) {
        let Some(subscriber) = self.subscribers.get(&id) else { return };
        for piece in pieces.into_iter().filter(|piece| *piece != NOTHING) {
            subscriber.send(&ServerMessage::Update(piece));
        }
    }

    /// Asks a subscriber for everything the document lacks, once, and holds what it waits for
    /// until that has arrived.
    pub(super) fn ask_for_missing(&mut self, id: SubscriberId) {
        let state_vector = self.state.state_vector();
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        // Who has just arrived has been asked, but may be one that answers only now.
        if subscriber.held.is_none() || std::mem::take(&mut subscriber.arriving) {
            subscriber.held.get_or_insert_default();
            subscriber.ask(state_vector, false);
        }
    }

    /// Settles which question a SyncStep2 answers: whether its client counts it, and the answers
    /// that were held for it.
    pub(super) fn settle_step2(&mut self, id: SubscriberId) -> (bool, Vec<Answer>) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return (false, Vec::new()) };
        subscriber.arriving = false;
        match subscriber.asked.pop_front() {
            Some(false) => (false, subscriber.held.take().unwrap_or_default()),
            Some(true) | None => (true, Vec::new()),
        }
    }

    /// The answer to a state vector as frames of an address.
    fn answer(&mut self, address: &Address, state_vector: &Bytes) -> Result<Arc<[Bytes]>, Refusal> {
        let cached = self.sync_cache.as_ref().filter(|it| it.state_vector == *state_vector);
        if let Some((_, frames)) =
            cached.and_then(|it| it.frames.iter().find(|(known, _)| known == address))
        {
            return Ok(Arc::clone(frames));
        }
        let mut pieces = self.pieces(state_vector)?;
        let last = if pieces.len() > 1 { NOTHING } else { pieces.pop().unwrap_or(NOTHING) };
        let large = !pieces.is_empty();
        let messages = pieces.into_iter().map(ServerMessage::Update);
        let messages = messages.chain([ServerMessage::SyncStep2(last)]);
        let frames: Arc<[Bytes]> = messages.filter_map(|it| address.encode(&it)).collect();
        if large {
            self.keep_answer(address, state_vector, &frames);
        }
        Ok(frames)
    }

    fn keep_answer(&mut self, address: &Address, state_vector: &Bytes, frames: &Arc<[Bytes]>) {
        let cache = self.sync_cache.take().filter(|it| it.state_vector == *state_vector);
        let mut cache = cache.unwrap_or_else(|| SyncCache {
            state_vector: Bytes::copy_from_slice(state_vector),
            frames: VecDeque::new(),
        });
        if cache.frames.len() == ADDRESSES {
            cache.frames.pop_front();
        }
        cache.frames.push_back((address.clone(), Arc::clone(frames)));
        self.sync_cache = Some(cache);
    }

    fn pieces(&self, state_vector: &Bytes) -> Result<Vec<Bytes>, Refusal> {
        match self.state.deferred(SYNC_PIECE_BYTES) {
            Some(stored) => Ok(stored),
            None => self.state.diff(state_vector).map(in_pieces),
        }
    }
}

/// An update in pieces that each may be a message.
pub(super) fn in_pieces(update: Bytes) -> Vec<Bytes> {
    if update.len() <= SYNC_PIECE_BYTES {
        vec![update]
    } else {
        crdt::split(&update, SYNC_PIECE_BYTES)
    }
}
