//! What passed and what is due on one connection, as far as the document's content goes.
//!
//! Begins anew with every connection. Nothing is sent before the server has said what it holds: the
//! answer to that carries all earlier edits, however they were made.

use std::{collections::VecDeque, mem};

use bytes::Bytes;

use crate::{crdt::replica::Replica, protocol::ClientMessage};

/// Edits waiting for the socket. Beyond it one difference replaces the edits that follow.
const UNSENT_BYTES: usize = 1 << 20;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// Whether the server's answer to our state vector came.
    pub(super) synced: bool,
    /// The number in the barrier that is on its way.
    pub(super) barrier: Option<u64>,
    /// Whether our state vector went out.
    asked: bool,
    /// The server's state vector while it is not answered.
    owed: Option<Bytes>,
    /// The server's state vector once it was answered.
    server: Option<Bytes>,
    unsent: VecDeque<Bytes>,
    unsent_bytes: usize,
    /// After `unsent`, whatever a peer of this state vector lacks.
    unsent_since: Option<Bytes>,
}

impl Link {
    /// The server says what it holds. The answer covers whatever waits.
    pub(super) fn owe(&mut self, vector: Bytes) {
        self.unsent.clear();
        self.unsent_bytes = 0;
        self.unsent_since = None;
        self.owed = Some(vector);
    }

    /// Before an edit: stops queueing when too much waits.
    pub(super) fn make_room(&mut self, replica: &Replica) {
        if self.unsent_bytes >= UNSENT_BYTES && self.unsent_since.is_none() {
            self.unsent_since = Some(replica.state_vector());
        }
    }

    /// After an edit: lets its update wait, unless a difference will carry it anyway.
    pub(super) fn queue(&mut self, update: Bytes) {
        let covered = self.unsent_since.is_some() || self.owed.is_some() || self.server.is_none();
        if !covered {
            self.unsent_bytes += update.len();
            self.unsent.push_back(update);
        }
    }

    /// Sends again whatever the server did not hold when it last said so.
    pub(super) fn resend(&mut self) {
        if let Some(vector) = self.server.clone() {
            self.owe(vector);
        }
    }

    /// Whether everything was handed to the socket.
    pub(super) fn is_drained(&self) -> bool {
        self.server.is_some()
            && self.owed.is_none()
            && self.unsent.is_empty()
            && self.unsent_since.is_none()
    }

    /// The next message, in the order the server needs them.
    pub(super) fn next(&mut self, replica: &Replica) -> Option<ClientMessage> {
        if !mem::replace(&mut self.asked, true) {
            return Some(ClientMessage::SyncStep1(replica.state_vector()));
        }
        if let Some(vector) = self.owed.take() {
            let difference = difference(replica, &vector);
            self.server = Some(vector);
            return Some(ClientMessage::SyncStep2(difference));
        }
        if let Some(update) = self.unsent.pop_front() {
            self.unsent_bytes -= update.len();
            return Some(ClientMessage::Update(update));
        }
        let since = self.unsent_since.take()?;
        Some(ClientMessage::Update(difference(replica, &since)))
    }
}

/// What a peer of this state vector lacks; everything, when the vector makes no sense.
fn difference(replica: &Replica, vector: &[u8]) -> Bytes {
    replica.diff(vector).unwrap_or_else(|error| {
        tracing::warn!(%error, "the server does not say what it holds, sending everything");
        replica.diff(&[0]).expect("an empty state vector can be read")
    })
}
