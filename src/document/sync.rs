//! Brings a subscriber up to date: first sync, catch-up after a full queue, resync after a gap.
//!
//! A large answer goes out in pieces that each make a whole message, because clients' watchdogs
//! count whole messages; only the SyncStep2 at its end makes a client say "synced".

use std::sync::Arc;

use bytes::Bytes;

use super::{actor::Actor, subscriber::Answer};
use crate::{
    crdt::{self, Refusal},
    ids::SubscriberId,
    limits::SYNC_PIECE_BYTES,
    protocol::ServerMessage,
};

/// An update that holds nothing.
const NOTHING: Bytes = Bytes::from_static(&[0, 0]);

/// The answer to a state vector, kept while the document does not change: in a storm of
/// reconnects everybody asks the same.
#[derive(Debug)]
pub(super) struct SyncCache {
    state_vector: Bytes,
    pieces: Arc<[Bytes]>,
}

impl Actor {
    /// Answers a SyncStep1, or notes that an answer is owed while the queue is full.
    pub(super) fn answer_step1(&mut self, id: SubscriberId, state_vector: Bytes) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.outbox.is_full() {
            subscriber.owed_sync = Some(Bytes::copy_from_slice(&state_vector));
            return;
        }
        match self.pieces(&state_vector) {
            Ok(pieces) => self.send_sync(id, &pieces),
            Err(refusal) => self.strike(id, &refusal),
        }
    }

    fn send_sync(&mut self, id: SubscriberId, pieces: &[Bytes]) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.counts() {
            // A provider counts the answer to this one; without it "unsynced" never clears.
            subscriber.send(&ServerMessage::SyncStep1(self.state.state_vector()));
            subscriber.asked.push_back(true);
        }
        let (last, first) = match pieces {
            [one] if one.len() <= SYNC_PIECE_BYTES => (one.clone(), &[][..]),
            many => (NOTHING, many),
        };
        for piece in first {
            subscriber.send(&ServerMessage::Update(piece.clone()));
        }
        subscriber.send(&ServerMessage::SyncStep2(last));
        subscriber.synced = true;
        subscriber.behind = None;
    }

    /// The connection has written everything: pay what is owed.
    pub(super) fn catch_up(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if let Some(state_vector) = subscriber.owed_sync.take() {
            self.answer_step1(id, state_vector);
            return;
        }
        let Some(behind) = subscriber.behind.take() else { return };
        match self.pieces(&behind.state_vector) {
            Ok(pieces) => {
                let Some(subscriber) = self.subscribers.get(&id) else { return };
                for piece in pieces.iter().filter(|piece| **piece != NOTHING) {
                    subscriber.send(&ServerMessage::Update(piece.clone()));
                }
                self.send_everyone(subscriber);
            }
            // Our own state vector is sound; if not, a fresh connection is the way out.
            Err(refusal) => self.strike(id, &refusal),
        }
    }

    /// Asks a subscriber for everything the document lacks, once, and holds what it waits for
    /// until that has arrived.
    pub(super) fn ask_for_missing(&mut self, id: SubscriberId) {
        let state_vector = self.state.state_vector();
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.held.is_none() {
            subscriber.held = Some(Vec::new());
            subscriber.asked.push_back(false);
            subscriber.send(&ServerMessage::SyncStep1(state_vector));
        }
    }

    /// Settles which question a SyncStep2 answers: whether its client counts it, and the answers
    /// that were held for it.
    pub(super) fn settle_step2(&mut self, id: SubscriberId) -> (bool, Vec<Answer>) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return (false, Vec::new()) };
        match subscriber.asked.pop_front() {
            Some(false) => (false, subscriber.held.take().unwrap_or_default()),
            Some(true) | None => (true, Vec::new()),
        }
    }

    fn pieces(&mut self, state_vector: &Bytes) -> Result<Arc<[Bytes]>, Refusal> {
        if let Some(cache) = &self.sync_cache
            && cache.state_vector == *state_vector
        {
            return Ok(Arc::clone(&cache.pieces));
        }
        let difference = self.state.diff(state_vector)?;
        if difference.len() <= SYNC_PIECE_BYTES {
            return Ok([difference].into());
        }
        let pieces: Arc<[Bytes]> = crdt::split(&difference, SYNC_PIECE_BYTES).into();
        let state_vector = Bytes::copy_from_slice(state_vector);
        self.sync_cache = Some(SyncCache { state_vector, pieces: Arc::clone(&pieces) });
        Ok(pieces)
    }
}
