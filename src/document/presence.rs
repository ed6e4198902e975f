//! Who is here: the newest presence state of each client id, who owns it, and what is news.
//!
//! Merge rules are those of y-protocols `awareness.js`; bounds and ownership are ours. Knows no
//! subscriber's queue. Invariants: (1) a state is news only if it changes the table, so echoes end
//! here; (2) the connection that brought the newest accepted clock owns the id, so a reconnect
//! takes it over from a half-dead connection and only the owner's hang-up clears it; (3) a state
//! that left stays as a tombstone until it expires, so a late echo cannot bring it back.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{crdt::PresenceEntry, few::Few, ids::SubscriberId, limits::Limits};

/// Clocks count states: one every 60 ms for a year stays below. A larger one would only serve to
/// silence the id's owner.
const CLOCK_MAX: u32 = 1 << 30;

#[derive(Debug, Default)]
pub(super) struct Presence {
    states: Few<u64, Box<State>>,
    /// Ids whose state subscribers have not been told yet.
    news: BTreeSet<u64>,
}

#[derive(Debug)]
struct State {
    entry: PresenceEntry,
    owner: SubscriberId,
    seen: Instant,
}

impl Presence {
    /// Takes a message in.
    pub(super) fn accept(
        &mut self,
        from: SubscriberId,
        entries: Vec<PresenceEntry>,
        now: Instant,
        limits: &Limits,
    ) {
        let owned = |state: &State| state.owner == from && !state.entry.is_leave();
        let mut own = self.states.values().filter(|state| owned(state)).count();
        for entry in entries {
            if entry.clock > CLOCK_MAX || !self.is_newer(&entry) {
                continue;
            }
            let was_own = self.states.get(&entry.client).is_some_and(|state| owned(state));
            let is_own = !entry.is_leave();
            let more = is_own && !was_own;
            if more && (own >= limits.presence_per_connection || !self.has_room(&entry, limits)) {
                tracing::debug!(client = entry.client, "presence over the bound is ignored");
                continue;
            }
            own = own + usize::from(is_own) - usize::from(was_own);
            self.news.insert(entry.client);
            self.states.insert(entry.client, Box::new(State { owner: from, seen: now, entry }));
        }
    }

    /// Lets go of what a subscriber owns.
    pub(super) fn leave(&mut self, who: SubscriberId, now: Instant) {
        let owned = self.states.iter_mut().filter(|(_, state)| state.owner == who);
        for (client, state) in owned.filter(|(_, state)| !state.entry.is_leave()) {
            state.entry.state = Bytes::from_static(b"null");
            state.seen = now;
            self.news.insert(*client);
        }
    }

    /// Lets states go that were not renewed in time, and tombstones after the same time.
    pub(super) fn expire(&mut self, now: Instant, after: Duration) {
        let old = |state: &State| now.duration_since(state.seen) >= after;
        self.states.retain(|_, state| !(state.entry.is_leave() && old(state)));
        for (client, state) in self.states.iter_mut().filter(|(_, state)| old(state)) {
            state.entry.state = Bytes::from_static(b"null");
            state.seen = now;
            self.news.insert(*client);
        }
    }

    /// Whether [`Presence::expire`] has something to wait for.
    pub(super) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// What changed since the last call, and who alone it came from, if it was one subscriber.
    pub(super) fn take_news(&mut self) -> (Vec<PresenceEntry>, Option<SubscriberId>) {
        let news = std::mem::take(&mut self.news);
        let states: Vec<_> = news.iter().filter_map(|client| self.states.get(client)).collect();
        let first = states.first().map(|state| state.owner);
        let alone = first.filter(|first| states.iter().all(|state| state.owner == *first));
        (states.iter().map(|state| state.entry.clone()).collect(), alone)
    }

    /// Everybody who is here, and who has left a moment ago: somebody who missed that still shows
    /// them.
    pub(super) fn everyone(&self) -> Vec<PresenceEntry> {
        self.states.values().map(|state| state.entry.clone()).collect()
    }

    /// What a subscriber shows.
    pub(super) fn of(&self, who: SubscriberId) -> Vec<PresenceEntry> {
        let shown = self.states.values().map(|state| &**state);
        let shown = shown.filter(|state| state.owner == who && !state.entry.is_leave());
        shown.map(|state| state.entry.clone()).collect()
    }

    /// The name that a subscriber's own state shows (`user.name`, as all editors write it).
    pub(super) fn shown_name(&self, who: SubscriberId) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Shown {
            user: User,
        }
        #[derive(serde::Deserialize)]
        struct User {
            name: String,
        }
        let owned = self.states.values().filter(|state| state.owner == who);
        owned
            .filter_map(|state| serde_json::from_slice::<Shown>(&state.entry.state).ok())
            .map(|shown| shown.user.name)
            .next()
    }

    fn is_newer(&self, entry: &PresenceEntry) -> bool {
        match self.states.get(&entry.client) {
            None => !entry.is_leave(),
            Some(known) => {
                let known = &known.entry;
                entry.clock > known.clock
                    || entry.clock == known.clock && entry.is_leave() && !known.is_leave()
            }
        }
    }

    fn has_room(&mut self, entry: &PresenceEntry, limits: &Limits) -> bool {
        if self.states.contains_key(&entry.client) {
            return true;
        }
        if self.states.len() >= limits.presence_per_document {
            self.states.retain(|_, state| !state.entry.is_leave());
        }
        self.states.len() < limits.presence_per_document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ConnectionId;

    const A: SubscriberId = SubscriberId { connection: ConnectionId(1), session: 0 };
    const B: SubscriberId = SubscriberId { connection: ConnectionId(2), session: 0 };

    fn entry(client: u64, clock: u32, state: &'static str) -> PresenceEntry {
        PresenceEntry { client, clock, state: Bytes::from_static(state.as_bytes()) }
    }

    struct Check {
        presence: Presence,
        now: Instant,
        limits: Limits,
    }

    fn check() -> Check {
        Check { presence: Presence::default(), now: Instant::now(), limits: Limits::default() }
    }

    impl Check {
        fn hears(&mut self, from: SubscriberId, entries: &[PresenceEntry]) -> Vec<PresenceEntry> {
            self.presence.accept(from, entries.to_vec(), self.now, &self.limits);
            self.presence.take_news().0
        }
    }

    #[tokio::test]
    async fn an_echo_is_no_news() {
        let mut it = check();
        let state = entry(7, 1, "{}");
        assert_eq!(it.hears(A, std::slice::from_ref(&state)), std::slice::from_ref(&state));
        assert_eq!(it.hears(B, &[state]), []);
    }

    #[tokio::test]
    async fn leaving_at_the_same_clock_counts_and_a_late_echo_does_not_undo_it() {
        let mut it = check();
        it.hears(A, &[entry(7, 1, "{}")]);
        assert_eq!(it.hears(A, &[entry(7, 1, "null")]), [entry(7, 1, "null")]);
        assert_eq!(it.hears(B, &[entry(7, 1, "{}")]), []);
        assert_eq!(it.presence.everyone(), [entry(7, 1, "null")]);
    }

    #[tokio::test]
    async fn a_reconnect_takes_an_id_over_from_the_half_dead_connection() {
        let mut it = check();
        it.hears(A, &[entry(7, 1, "{}")]);
        it.hears(B, &[entry(7, 2, "{}")]);
        it.presence.leave(A, it.now);
        assert!(!it.presence.has_news());
        it.presence.leave(B, it.now);
        assert_eq!(it.presence.take_news().0, [entry(7, 2, "null")]);
    }

    #[tokio::test]
    async fn states_that_are_not_renewed_expire_and_tombstones_follow() {
        let mut it = check();
        it.hears(A, &[entry(7, 1, "{}")]);
        let later = it.now + it.limits.presence_expiry;
        it.presence.expire(later, it.limits.presence_expiry);
        assert_eq!(it.presence.take_news().0, [entry(7, 1, "null")]);
        it.presence.expire(later + it.limits.presence_expiry, it.limits.presence_expiry);
        assert!(it.presence.is_empty());
    }

    #[tokio::test]
    async fn a_connection_cannot_own_more_ids_than_the_bound_nor_pin_a_clock() {
        let mut it = check();
        let many: Vec<_> = (0..100).map(|client| entry(client, 1, "{}")).collect();
        assert_eq!(it.hears(A, &many).len(), it.limits.presence_per_connection);
        assert_eq!(it.hears(B, &[entry(500, u32::MAX, "{}")]), []);
        assert_eq!(it.hears(B, &[entry(500, 1, "{}")]).len(), 1);
    }

    #[tokio::test]
    async fn a_document_shows_a_bounded_number_of_people() {
        let mut it = check();
        it.limits.presence_per_document = 3;
        let many: Vec<_> = (0..3).map(|client| entry(client, 1, "{}")).collect();
        assert_eq!(it.hears(A, &many), many);
        assert_eq!(it.hears(B, &[entry(9, 1, "{}")]), [], "there is no room");
        assert_eq!(it.hears(A, &[entry(1, 2, "null")]), [entry(1, 2, "null")]);
        assert_eq!(it.hears(B, &[entry(9, 1, "{}")]), [entry(9, 1, "{}")], "somebody left");
    }

    #[tokio::test]
    async fn the_shown_name_is_the_one_in_the_own_state() {
        let mut it = check();
        it.hears(A, &[entry(7, 1, r#"{"user":{"name":"Mia","color":"x"}}"#)]);
        assert_eq!(it.presence.shown_name(A).as_deref(), Some("Mia"));
        assert_eq!(it.presence.shown_name(B), None);
    }

    #[tokio::test]
    async fn who_comes_back_is_shown_its_own_tombstone_so_that_it_speaks_up() {
        let mut it = check();
        it.hears(A, &[entry(7, 4, r#"{"user":{}}"#)]);
        it.presence.leave(A, it.now);
        // It says the same as before, which the tombstone outweighs; a client answers a null for
        // itself with the next clock.
        assert_eq!(it.hears(B, &[entry(7, 4, r#"{"user":{}}"#)]), [entry(7, 4, "null")]);
        assert_eq!(it.presence.everyone(), [entry(7, 4, "null")]);
        assert_eq!(it.hears(B, &[entry(7, 5, "{}")]), [entry(7, 5, "{}")]);
    }
}
