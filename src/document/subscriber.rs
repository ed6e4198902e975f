//! One session as its document sees it: where its frames go and what it is still owed.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;

use super::{NewSubscriber, Outbox};
use crate::{
    identity::{Access, Author},
    ids::SubscriberId,
    protocol::{Address, CloseReason, ServerMessage},
    telemetry::meter::Speaks,
};

/// Questions that a client may leave unanswered.
const ASKED_MAX: usize = 1024;

/// Answers that may wait for one resync: several for each key that is pressed while it lasts.
const HELD_MAX: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) id: SubscriberId,
    pub(super) address: Address,
    pub(super) outbox: Arc<Outbox>,
    pub(super) access: Access,
    pub(super) author: Arc<Author>,
    pub(super) greet: bool,
    pub(super) open: bool,
    /// Has been given a SyncStep2; before that it gets no document frame.
    pub(super) synced: bool,
    /// Gets no document frame until its queue is empty, then a difference from this state.
    pub(super) behind: Option<Behind>,
    /// A SyncStep1 that waits for an empty queue.
    pub(super) owed_sync: Option<Bytes>,
    /// Who is here, which waits for an empty queue.
    pub(super) owed_presence: bool,
    /// For each SyncStep1 sent to it and not yet answered: whether its client counts the answer.
    pub(super) asked: VecDeque<bool>,
    /// Answers that wait until a resync has brought what was missing.
    pub(super) held: Option<Vec<Answer>>,
    /// Has sent no edit and not yet said what it did while it was away.
    pub(super) arriving: bool,
    /// An edit of it was turned down, so a barrier after it would claim what is not so.
    pub(super) refused: bool,
    /// Messages that no Yjs client writes.
    pub(super) strikes: u32,
}

#[derive(Debug)]
pub(super) struct Behind {
    pub(super) state_vector: Bytes,
    pub(super) since: Instant,
}

/// What a client waits for once its edits are durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Hocuspocus: one counted message was stored, or refused.
    Status(bool),
    /// Message 102.
    Barrier(Bytes),
}

impl Subscriber {
    pub(super) fn new(new: NewSubscriber) -> Self {
        Self {
            id: new.id,
            address: new.address,
            outbox: new.outbox,
            access: new.access,
            author: Arc::new(new.author),
            greet: new.greet,
            open: new.open,
            synced: false,
            behind: None,
            owed_sync: None,
            owed_presence: false,
            asked: VecDeque::new(),
            held: None,
            arriving: false,
            refused: false,
            strikes: 0,
        }
    }

    /// Asks for what the document lacks. A client that lets very many questions go unanswered is no
    /// client that could be helped.
    pub(super) fn ask(&mut self, state_vector: Bytes, counted: bool) {
        if self.asked.len() >= ASKED_MAX {
            return self.outbox.close(CloseReason::Overloaded);
        }
        self.asked.push_back(counted);
        self.send(&ServerMessage::SyncStep1(state_vector));
    }

    /// Keeps an answer until the missing has arrived. A client sends as much as this only when it
    /// does not answer.
    pub(super) fn hold(&mut self, answer: Answer) -> Result<(), Answer> {
        // A y-sweet client opens with version 0 when it has nothing of its own.
        if self.arriving && answer == Answer::Barrier(Bytes::from_static(&[0])) {
            return Err(answer);
        }
        let Some(held) = &mut self.held else { return Err(answer) };
        if held.len() >= HELD_MAX {
            self.outbox.close(CloseReason::Overloaded);
        } else {
            held.push(answer);
        }
        Ok(())
    }

    /// Queues a message that the client waits for.
    pub(super) fn send(&self, message: &ServerMessage) {
        if let Some(frame) = self.address.encode(message) {
            self.outbox.push(frame);
        }
    }

    /// Queues the answer to edits that are now durable or refused.
    pub(super) fn answer(&self, answer: Answer) {
        self.send(&match answer {
            Answer::Status(stored) => ServerMessage::SyncStatus(stored),
            Answer::Barrier(payload) => ServerMessage::Barrier(payload),
        });
    }

    /// Whether each edit is answered by itself (Hocuspocus).
    pub(super) fn counts(&self) -> bool {
        matches!(self.address, Address::Hocuspocus(_))
    }

    /// What it speaks, for the numbers.
    pub(super) fn speaks(&self) -> Speaks {
        match self.address {
            Address::Hocuspocus(_) => Speaks::Hocuspocus,
            _ if self.greet => Speaks::Coscribe,
            _ => Speaks::YWebsocket,
        }
    }

    /// Whether document frames go out to it now.
    pub(super) fn is_live(&self) -> bool {
        self.synced && self.behind.is_none()
    }

    /// Tells the client that it may not, and ends what can be ended: y-websocket's connection, as
    /// it has one document; a Hocuspocus socket stays, as the client may try again on it.
    pub(super) fn turn_away(&self, reason: CloseReason) {
        self.send(&ServerMessage::PermissionDenied(reason.frame(None).1));
        if !self.counts() {
            self.outbox.close(reason);
        }
    }
}
