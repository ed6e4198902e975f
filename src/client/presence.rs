//! Who else is there: presence states by client, and when ours is due again.
//!
//! No sockets and no timers; the time comes in with every call. Rules as in y-protocols
//! `awareness.js`.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use serde_json::Value;

use crate::{
    crdt::{PresenceEntry, Refusal, encode_presence, parse_presence},
    ids::ClientId,
    limits::Limits,
};

/// Everyone forgets a state that is not renewed for twice this long.
const RENEW_AFTER: Duration = Duration::from_secs(15);

/// Everyone's presence, as this client knows it.
#[derive(Debug)]
pub(super) struct Presence {
    own: PresenceEntry,
    /// When `own` was last sent; `None` when it has to be.
    sent: Option<Duration>,
    others: BTreeMap<u64, Other>,
    limits: Limits,
}

#[derive(Debug)]
struct Other {
    clock: u32,
    /// `None` once the client has left: its clock still tells old news from new.
    state: Option<Value>,
    heard: Duration,
}

impl Presence {
    pub(super) fn new(client: ClientId) -> Self {
        let own = PresenceEntry { client: client.0, clock: 0, state: Bytes::from_static(b"null") };
        Self { own, sent: None, others: BTreeMap::new(), limits: Limits::default() }
    }

    /// Shows a state to the others, or leaves.
    pub(super) fn set(&mut self, state: Option<&Value>) {
        self.own.clock = self.own.clock.wrapping_add(1);
        self.own.state = state.map_or(Bytes::from_static(b"null"), |it| it.to_string().into());
        self.sent = None;
    }

    /// The states of the others, ordered by client.
    pub(super) fn others(&self) -> Vec<(ClientId, Value)> {
        let present =
            |(client, other): (&u64, &Other)| Some((ClientId(*client), other.state.clone()?));
        self.others.iter().filter_map(present).collect()
    }

    /// Takes in what the server passed on. Says whether anything changed.
    pub(super) fn receive(&mut self, message: &[u8], now: Duration) -> Result<bool, Refusal> {
        let Limits { presence_per_document, presence_bytes, .. } = self.limits;
        let mut changed = false;
        for entry in parse_presence(message, presence_per_document, presence_bytes)? {
            changed |= if entry.client == self.own.client {
                self.defend(&entry);
                false
            } else {
                self.accept(&entry, now)
            };
        }
        Ok(changed)
    }

    /// The message that is due, if any: a changed state, or one to renew.
    pub(super) fn due(&mut self, now: Duration) -> Option<Bytes> {
        match self.sent {
            // Nothing was ever shown, so there is nothing to take back.
            None if self.own.clock == 0 => return None,
            None => {}
            Some(_) if self.own.is_leave() => return None,
            Some(sent) if now.saturating_sub(sent) < RENEW_AFTER => return None,
            Some(_) => self.own.clock = self.own.clock.wrapping_add(1),
        }
        self.sent = Some(now);
        Some(encode_presence([&self.own].into_iter()))
    }

    /// Forgets who was not heard of for too long. Says whether there was anybody.
    pub(super) fn expire(&mut self, now: Duration) -> bool {
        let before = self.others.len();
        let expiry = self.limits.presence_expiry;
        self.others.retain(|_, other| now.saturating_sub(other.heard) < expiry);
        self.others.len() < before
    }

    /// The connection is gone, and with it what is known of the others. Ours is shown again, as
    /// something newer, on the next one.
    pub(super) fn disconnect(&mut self) {
        self.others.clear();
        if !self.own.is_leave() {
            self.own.clock = self.own.clock.wrapping_add(1);
            self.sent = None;
        }
    }

    fn accept(&mut self, entry: &PresenceEntry, now: Duration) -> bool {
        let known = self.others.get(&entry.client);
        let newer = known.is_none_or(|known| {
            let leaves = entry.is_leave() && known.state.is_some();
            entry.clock > known.clock || (entry.clock == known.clock && leaves)
        });
        if !newer {
            return false;
        }
        // A state that serde cannot hold (half a surrogate pair, say) is no presence to show.
        let state = serde_json::from_slice(&entry.state).ok().filter(|it| *it != Value::Null);
        let changed = known.and_then(|known| known.state.as_ref()) != state.as_ref();
        self.others.insert(entry.client, Other { clock: entry.clock, state, heard: now });
        changed
    }

    /// Somebody says we have left, such as the server about our last connection: say otherwise.
    fn defend(&mut self, entry: &PresenceEntry) {
        if entry.is_leave() && !self.own.is_leave() && entry.clock >= self.own.clock {
            self.own.clock = entry.clock.wrapping_add(1);
            self.sent = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const START: Duration = Duration::from_secs(100);

    fn message(client: u64, clock: u32, state: &str) -> Bytes {
        let state = Bytes::copy_from_slice(state.as_bytes());
        encode_presence([&PresenceEntry { client, clock, state }].into_iter())
    }

    fn presence() -> Presence {
        Presence::new(ClientId(1))
    }

    #[test]
    fn the_newest_state_of_each_client_is_shown() {
        let mut presence = presence();
        let mut receive = |clock, state| presence.receive(&message(7, clock, state), START);
        assert_eq!(receive(3, "{\"x\":1}"), Ok(true));
        assert_eq!(receive(2, "{\"x\":0}"), Ok(false));
        assert_eq!(receive(3, "{\"x\":0}"), Ok(false));
        assert_eq!(presence.others(), [(ClientId(7), json!({"x": 1}))]);
        assert_eq!(presence.receive(&message(7, 4, "{\"x\":1}"), START), Ok(false), "a renewal");
    }

    #[test]
    fn leaving_needs_no_newer_clock_and_old_news_do_not_undo_it() {
        let mut presence = presence();
        presence.receive(&message(7, 3, "{}"), START).expect("sound");
        assert_eq!(presence.receive(&message(7, 3, "null"), START), Ok(true));
        assert_eq!(presence.receive(&message(7, 3, "{}"), START), Ok(false));
        assert_eq!(presence.others(), []);
    }

    #[test]
    fn ours_is_sent_once_and_renewed_in_time() {
        let mut presence = presence();
        assert_eq!(presence.due(START), None, "nothing was shown yet");
        presence.set(Some(&json!({"name": "Ada"})));
        assert_eq!(presence.due(START), Some(message(1, 1, "{\"name\":\"Ada\"}")));
        assert_eq!(presence.due(START + Duration::from_secs(14)), None);
        let renewed = presence.due(START + Duration::from_secs(15));
        assert_eq!(renewed, Some(message(1, 2, "{\"name\":\"Ada\"}")));
        presence.set(None);
        assert_eq!(presence.due(START), Some(message(1, 3, "null")));
        assert_eq!(presence.due(START + Duration::from_secs(60)), None, "gone for good");
    }

    #[test]
    fn others_are_forgotten_when_they_are_not_renewed() {
        let mut presence = presence();
        presence.receive(&message(7, 1, "{}"), START).expect("sound");
        assert!(!presence.expire(START + Duration::from_secs(29)));
        assert!(presence.expire(START + Duration::from_secs(30)));
        assert_eq!(presence.others(), []);
    }

    #[test]
    fn a_new_connection_shows_ours_again_as_something_newer() {
        let mut presence = presence();
        presence.set(Some(&json!({})));
        presence.due(START);
        presence.receive(&message(7, 1, "{}"), START).expect("sound");
        presence.disconnect();
        assert_eq!(presence.others(), []);
        assert_eq!(presence.due(START), Some(message(1, 2, "{}")));
    }

    #[test]
    fn a_rumour_that_we_have_left_is_denied() {
        let mut presence = presence();
        presence.set(Some(&json!({})));
        presence.due(START);
        presence.receive(&message(1, 4, "null"), START).expect("sound");
        assert_eq!(presence.due(START), Some(message(1, 5, "{}")));
    }
}
