//! When a client is told that its edits are stored: after the fsync, in the order it sent them,
//! exactly once per message that its dialect counts.
//!
//! Positions count appends of this document. An answer at a position goes out once everything up
//! to it is durable; a duplicate waits for the position of the moment, as what it repeats may
//! itself still be on its way.

use std::collections::VecDeque;

use super::{Permit, actor::Actor, subscriber::Answer};
use crate::ids::SubscriberId;

/// Room for answers that is kept while none waits.
const KEPT: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Acknowledgements {
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    position: u64,
    subscriber: SubscriberId,
    answer: Answer,
    /// Covers the room that waiting takes, so that who sends what needs no disk waits too.
    _permit: Option<Permit>,
}

impl Acknowledgements {
    fn add(&mut self, waiting: Waiting) {
        if self.waiting.capacity() == 0 {
            // One at a time is what most documents ever have.
            self.waiting.reserve_exact(1);
        }
        self.waiting.push_back(waiting);
    }

    fn due(&mut self, durable: u64) -> Option<Waiting> {
        let due = self.waiting.front().is_some_and(|first| first.position <= durable);
        if due {
            return self.waiting.pop_front();
        }
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT {
            self.waiting = VecDeque::new();
        }
        None
    }
}

impl Actor {
    /// Owes an answer: held while a resync is under way, else due when everything appended so far
    /// is durable.
    pub(super) fn owe(&mut self, id: SubscriberId, answer: Answer, permit: Option<Permit>) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.refused && matches!(answer, Answer::Barrier(_)) {
            return;
        }
        let Err(answer) = subscriber.hold(answer) else { return };
        if self.durability.failed.is_some() {
            // Nothing becomes durable any more; a barrier is never echoed.
            if let Answer::Status(_) = answer {
                subscriber.answer(answer);
            }
            return;
        }
        let position = self.durability.appended;
        self.acknowledgements.add(Waiting { position, subscriber: id, answer, _permit: permit });
    }

    /// Sends the answers that are due.
    pub(super) fn acknowledge(&mut self) {
        while let Some(due) = self.acknowledgements.due(self.durability.durable) {
            if let Some(subscriber) = self.subscribers.get(&due.subscriber) {
                subscriber.answer(due.answer);
            }
        }
    }

    /// Nothing more will become durable: tells those who can be told, and never the others.
    pub(super) fn refuse_waiting(&mut self) {
        for waiting in std::mem::take(&mut self.acknowledgements.waiting) {
            if let (Answer::Status(_), Some(subscriber)) =
                (&waiting.answer, self.subscribers.get(&waiting.subscriber))
            {
                subscriber.answer(Answer::Status(false));
            }
        }
    }
}
