//! When a connection must say something, ping, or end: decisions over moments, no I/O.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

/// What is due on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Send something that every client's watchdog counts.
    Keepalive,
    /// Send a WebSocket ping.
    Ping,
    /// Close: nothing was heard for too long, or no first message came.
    Silence,
    /// Drop: it takes no bytes, or does not finish closing.
    Stalled,
    /// The pause before a refusal's close is over.
    CloseNow,
    /// Nothing yet; look again at this moment.
    Nothing(Instant),
}

/// The moments that matter.
#[derive(Debug)]
pub(super) struct Lifetime {
    pub(super) heard: Instant,
    pub(super) sent: Instant,
    pub(super) pinged: Option<Instant>,
    /// Bytes wait for the peer to take them since then.
    pub(super) writing_since: Option<Instant>,
    /// No document has been opened yet.
    pub(super) new_since: Option<Instant>,
    /// A close frame goes out then.
    pub(super) close_at: Option<Instant>,
    /// A close frame is out, the rest is courtesy.
    pub(super) closing_since: Option<Instant>,
    pub(super) keepalive: Duration,
}

/// How long a peer may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl Lifetime {
    pub(super) fn new(now: Instant, limits: &Limits) -> Self {
        Self {
            heard: now,
            sent: now,
            pinged: None,
            writing_since: None,
            new_since: Some(now),
            close_at: None,
            closing_since: None,
            keepalive: limits.keepalive,
        }
    }

    pub(super) fn due(&self, now: Instant, limits: &Limits) -> Due {
        let stalled = self.writing_since.map(|since| since + limits.write_timeout);
        let closing = self.closing_since.map(|since| since + CLOSE_TIMEOUT);
        let new = self.new_since.map(|since| since + limits.handshake_timeout);
        // A pong counts as heard, so one ping per silence is enough.
        let ping = self.pinged.is_none_or(|at| at < self.heard);
        let ping = ping.then(|| self.heard + limits.ping_after);
        let ending = self.close_at.is_some() || self.closing_since.is_some();
        let alive = |moment: Option<Instant>| moment.filter(|_| !ending);
        let moments = [
            (stalled, Due::Stalled),
            (closing, Due::Stalled),
            (self.close_at, Due::CloseNow),
            (alive(new), Due::Silence),
            (alive(Some(self.heard + limits.dead_after)), Due::Silence),
            (alive(ping), Due::Ping),
            (alive(Some(self.sent + self.keepalive)), Due::Keepalive),
        ];
        let due = moments.iter().find(|(moment, _)| moment.is_some_and(|moment| moment <= now));
        due.map_or_else(
            || {
                let next = moments.iter().filter_map(|(moment, _)| *moment).min();
                Due::Nothing(next.unwrap_or(now + limits.dead_after))
            },
            |(_, due)| *due,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_kept_alive_then_pinged_then_given_up() {
        let (start, limits) = (Instant::now(), Limits::default());
        let mut it = Lifetime::new(start, &limits);
        it.new_since = None;
        let second = Duration::from_secs(1);
        assert_eq!(it.due(start, &limits), Due::Nothing(start + limits.keepalive));
        assert_eq!(it.due(start + limits.keepalive, &limits), Due::Keepalive);
        it.sent = start + limits.ping_after;
        assert_eq!(it.due(start + limits.ping_after, &limits), Due::Ping);
        it.pinged = Some(start + limits.ping_after);
        it.sent = start + limits.dead_after;
        assert_eq!(
            it.due(start + limits.dead_after - second, &limits),
            Due::Nothing(start + limits.dead_after)
        );
        assert_eq!(it.due(start + limits.dead_after, &limits), Due::Silence);
    }

    #[test]
    fn a_connection_that_says_nothing_or_takes_nothing_ends() {
        let (start, limits) = (Instant::now(), Limits::default());
        let mut it = Lifetime::new(start, &limits);
        assert_eq!(it.due(start + limits.handshake_timeout, &limits), Due::Silence);
        it.writing_since = Some(start);
        assert_eq!(it.due(start + limits.write_timeout, &limits), Due::Stalled);
    }

    #[test]
    fn closing_is_the_only_thing_left_to_do_once_it_began() {
        let (start, limits) = (Instant::now(), Limits::default());
        let mut it = Lifetime::new(start, &limits);
        it.close_at = Some(start + Duration::from_secs(1));
        assert_eq!(it.due(start + Duration::from_secs(1), &limits), Due::CloseNow);
        it.close_at = None;
        it.closing_since = Some(start);
        assert_eq!(it.due(start + CLOSE_TIMEOUT, &limits), Due::Stalled);
    }
}
