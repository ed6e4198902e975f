//! Hands a message to subscribers, encoded once per address.
//!
//! y-websocket sessions share one encoding; Hocuspocus frames carry the address that each client
//! chose, which is nearly always the same for all.

use bytes::Bytes;
use tokio::time::Instant;

use super::{Event, actor::Actor, subscriber::Behind};
use crate::{
    crdt::{PresenceEntry, encode_presence},
    identity::Access,
    ids::SubscriberId,
    protocol::{Address, ServerMessage},
    telemetry::{happenings::ReaderBehind, warnings::MessageDropped},
};

/// Addresses whose encoding is kept for the next who has the same.
const ADDRESSES: usize = 4;

/// One message in the encodings asked for so far.
struct Encodings<'a> {
    message: &'a ServerMessage,
    frames: Vec<(Address, Option<Bytes>)>,
}

impl<'a> Encodings<'a> {
    fn new(message: &'a ServerMessage) -> Self {
        Self { message, frames: Vec::new() }
    }

    fn frame(&mut self, address: &Address) -> Option<Bytes> {
        if let Some((_, frame)) = self.frames.iter().find(|(known, _)| known == address) {
            return frame.clone();
        }
        let frame = address.encode(self.message);
        // Where every client has an address of its own, looking for it would be all that happens.
        if self.frames.len() < ADDRESSES {
            self.frames.push((address.clone(), frame.clone()));
        }
        frame
    }
}

impl Actor {
    /// Sends changes to everybody who follows the document, each with the only subscriber that
    /// has it already, if there is one. Who cannot keep up is noted with the state it stopped at.
    pub(super) fn fan_out(&mut self, updates: Vec<(Bytes, Option<SubscriberId>)>) {
        if self.subscribers.is_empty() || updates.is_empty() {
            return;
        }
        let (mut sent, mut bytes) = (0, 0);
        for (update, except) in updates {
            let size = update.len() as u64;
            let message = ServerMessage::Update(update);
            let mut encodings = Encodings::new(&message);
            for subscriber in self.subscribers.values().filter(|it| it.is_live()) {
                if Some(subscriber.id) != except
                    && let Some(frame) = encodings.frame(&subscriber.address)
                {
                    subscriber.outbox.push(frame);
                    sent += 1;
                    bytes += size;
                }
            }
        }
        let meter = self.lease.meter();
        meter.updates_out.add(sent);
        meter.update_bytes_out.add(bytes);
        self.lease.live().count_sent(sent);
        // An edit that is in the state and not yet shown must not count as sent.
        let mut state_vector = self.durability.before_unshown();
        let live = self.subscribers.values_mut().filter(|it| it.is_live());
        for subscriber in live.filter(|it| it.outbox.is_full()) {
            let state_vector =
                state_vector.get_or_insert_with(|| self.state.state_vector()).clone();
            let (document, connection) = (self.lease.name(), &subscriber.id.connection);
            self.lease.meter().note(&ReaderBehind { document, connection });
            subscriber.behind = Some(Behind { state_vector, since: Instant::now() });
        }
    }

    /// Tells everybody what is new about who is here; those whose queue is full hear all of it later.
    pub(super) fn fan_out_presence(&mut self) {
        let (news, owner) = self.presence.take_news();
        if news.is_empty() {
            return;
        }
        self.lease.events().tell(self.lease.name(), || Event::Presence);
        let message = presence_message(&news);
        let mut encodings = Encodings::new(&message);
        for subscriber in self.subscribers.values_mut().filter(|it| Some(it.id) != owner) {
            if subscriber.behind.is_some() || subscriber.outbox.is_full() {
                subscriber.owed_presence = true;
            } else if let Some(frame) = encodings.frame(&subscriber.address) {
                subscriber.outbox.push(frame);
            }
        }
    }

    /// Apps act on each other's messages, so they are not for those who only look.
    pub(super) fn receive_stateless(&self, payload: String, from: SubscriberId) {
        if self.subscribers.get(&from).is_some_and(|it| it.access >= Access::Comment) {
            self.fan_out_stateless(payload, Some(from));
        }
    }

    /// Sends an app's message to every Hocuspocus session but its sender.
    pub(super) fn fan_out_stateless(&self, payload: String, from: Option<SubscriberId>) {
        let message = ServerMessage::Stateless(payload);
        let mut encodings = Encodings::new(&message);
        for subscriber in self.subscribers.values().filter(|it| Some(it.id) != from) {
            if subscriber.outbox.is_choked() {
                let connection = &subscriber.id.connection;
                MessageDropped { document: self.lease.name(), connection }.note();
            } else if let Some(frame) = encodings.frame(&subscriber.address) {
                subscriber.outbox.push(frame);
            }
        }
    }

    /// Tells a subscriber everybody who is here and who has left a moment ago, once its queue has
    /// room for it.
    pub(super) fn send_everyone(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        subscriber.owed_presence = subscriber.outbox.is_full();
        let everyone = self.presence.everyone();
        if !subscriber.owed_presence && !everyone.is_empty() {
            subscriber.send(&presence_message(&everyone));
        }
    }
}

fn presence_message(entries: &[PresenceEntry]) -> ServerMessage {
    ServerMessage::Awareness(encode_presence(entries.iter()))
}
