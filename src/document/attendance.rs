//! Sessions come, show who they are, and go.

use std::sync::Arc;

use tokio::time::Instant;

use super::{NewSubscriber, actor::Actor, subscriber::Subscriber};
use crate::{
    crdt::{self, Refusal},
    identity::{Access, Author, AuthorKind},
    ids::SubscriberId,
    limits::AUTHOR_LETTERS,
    protocol::CloseReason,
};

impl Actor {
    pub(super) fn subscribe(&mut self, new: NewSubscriber) {
        let replaced = new.epoch.is_some() && new.epoch != self.epoch();
        let subscriber = Subscriber::new(new);
        if replaced {
            subscriber.turn_away(CloseReason::Replaced);
            return;
        }
        if subscriber.greet {
            subscriber.send(&self.hello(subscriber.access, subscriber.open));
        }
        let (id, counts) = (subscriber.id, subscriber.counts());
        let meter = self.lease.meter();
        meter.sessions[subscriber.speaks()].add(1);
        meter.sessions_opened[subscriber.speaks()].add(1);
        self.subscribers.insert(id, Box::new(subscriber));
        if !counts {
            // What it did while it was away comes with its answer: nothing is saved before that.
            self.ask_for_missing(id);
            if let Some(subscriber) = self.subscribers.get_mut(&id) {
                subscriber.arriving = true;
            }
        }
        self.send_everyone(id);
        self.idle_since = None;
    }

    pub(super) fn unsubscribe(&mut self, id: SubscriberId) {
        if let Some(subscriber) = self.subscribers.remove(&id) {
            self.count_leaving(&subscriber);
        }
        self.presence.leave(id, Instant::now());
    }

    /// Takes a session that is gone out of the numbers.
    pub(super) fn count_leaving(&self, subscriber: &Subscriber) {
        let meter = self.lease.meter();
        meter.sessions[subscriber.speaks()].add(-1);
        meter.behind.add(-i64::from(subscriber.behind.is_some()));
    }

    /// A session may do more or less than before. Who may edit again is asked for what it did
    /// meanwhile.
    pub(super) fn change_rights(&mut self, id: SubscriberId, access: Access, author: Author) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        let could_edit = subscriber.access.may_edit();
        subscriber.access = access;
        // A name that is only claimed follows what its client shows, which has not changed.
        if author.kind != AuthorKind::Claimed || subscriber.author.kind != AuthorKind::Claimed {
            subscriber.author = Arc::new(author);
        }
        if subscriber.greet {
            let open = subscriber.open;
            let hello = self.hello(access, open);
            if let Some(subscriber) = self.subscribers.get(&id) {
                subscriber.send(&hello);
            }
        }
        if !could_edit && access.may_edit() {
            if let Some(subscriber) = self.subscribers.get_mut(&id) {
                subscriber.refused = false;
            }
            self.ask_for_missing(id);
        }
    }

    /// A session may no more: nothing of the document that still waits for it is sent.
    pub(super) fn turn_away(&mut self, id: SubscriberId, reason: CloseReason) {
        if let Some(subscriber) = self.subscribers.get(&id) {
            subscriber.outbox.drop_frames_of(&subscriber.address);
            if subscriber.greet {
                // The close frame waits a moment; our own page stops its editor now.
                subscriber.send(&self.hello(Access::None, false));
            }
            subscriber.turn_away(reason);
        }
        self.unsubscribe(id);
    }

    pub(super) fn on_presence(&mut self, from: SubscriberId, message: &[u8]) {
        let limits = &self.setup.limits;
        let parsed =
            crdt::parse_presence(message, limits.presence_per_document, limits.presence_bytes);
        match parsed {
            Ok(entries) => {
                self.tell_presence(&entries);
                self.presence.accept(from, entries, Instant::now(), limits);
                self.follow_shown_name(from);
            }
            Err(refusal @ Refusal::Malformed(_)) => self.strike(from, &refusal),
            Err(refusal) => {
                tracing::info!(document = %self.lease.name(), %refusal, "a presence is ignored");
            }
        }
    }

    /// Where nobody must sign in, edits are kept under the name that their author shows.
    fn follow_shown_name(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.author.kind != AuthorKind::Claimed {
            return;
        }
        let Some(name) = self.presence.shown_name(id) else { return };
        let name: String = name.chars().take(AUTHOR_LETTERS).collect();
        if *name != *subscriber.author.name {
            subscriber.author =
                Arc::new(Author { name: name.into(), ..(*subscriber.author).clone() });
        }
    }
}
