//! The open WebSocket connections of a server, so that all can be told to go.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    document::Outbox, ids::ConnectionId, protocol::CloseReason, random::Random,
    telemetry::warnings::ConnectionsDropped,
};

/// Connections are sent away in so many groups, a moment apart, so that their clients do not all
/// come back at once.
const DRAIN_GROUPS: usize = 10;

/// The open connections. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: Mutex<BTreeMap<ConnectionId, Arc<Outbox>>>,
    next: AtomicU64,
    draining: AtomicBool,
    gone: Notify,
}

/// A connection's place among the open ones; given up on drop.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) id: ConnectionId,
    connections: Connections,
}

impl Connections {
    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of each connection, bytes that are queued towards it and those of the longest frame among them.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn queues(&self) -> Vec<(usize, usize)> {
        self.lock().values().map(|outbox| outbox.measure()).collect()
    }

    /// Sends everybody away with 1012, in shuffled groups over a fifth of the time, and waits until
    /// they are gone or the time is over.
    pub async fn drain(&self, within: Duration, random: &dyn Random) {
        let deadline = Instant::now() + within;
        self.0.draining.store(true, Ordering::SeqCst);
        let mut outboxes: Vec<_> = self.lock().values().cloned().collect();
        for index in (1..outboxes.len()).rev() {
            let other = usize::try_from(random.below(index as u64 + 1)).unwrap_or(0);
            outboxes.swap(index, other);
        }
        let pause = within / 5 / u32::try_from(DRAIN_GROUPS).unwrap_or(1);
        let mut groups = outboxes.chunks(outboxes.len().div_ceil(DRAIN_GROUPS).max(1)).peekable();
        while let Some(group) = groups.next() {
            for outbox in group {
                outbox.close(CloseReason::Restart);
            }
            if groups.peek().is_some() {
                tokio::time::sleep(pause).await;
            }
        }
        let all_gone = async {
            loop {
                let gone = self.0.gone.notified();
                tokio::pin!(gone);
                gone.as_mut().enable();
                if self.is_empty() {
                    return;
                }
                gone.await;
            }
        };
        if tokio::time::timeout_at(deadline, all_gone).await.is_err() {
            ConnectionsDropped { left: &self.len() }.note();
        }
    }

    /// A number that no connection has: for a session that has none.
    pub(crate) fn number(&self) -> ConnectionId {
        ConnectionId(self.0.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Sends a connection away for good; `false` when there is none of this number.
    pub(crate) fn send_away(&self, id: ConnectionId) -> bool {
        let outbox = self.lock().get(&id).cloned();
        let reason = || CloseReason::Forbidden("you were sent away".to_owned());
        outbox.map(|outbox| outbox.close(reason())).is_some()
    }

    /// Rights may have changed: every connection asks again what its sessions may do.
    pub(crate) fn review(&self) {
        self.lock().values().for_each(|outbox| outbox.review());
    }

    pub(super) fn register(&self, outbox: &Arc<Outbox>) -> Registration {
        let id = self.number();
        self.lock().insert(id, Arc::clone(outbox));
        if self.0.draining.load(Ordering::SeqCst) {
            // Came through the door while it was being closed.
            outbox.close(CloseReason::Restart);
        }
        Registration { id, connections: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Arc<Outbox>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.id);
        self.connections.0.gone.notify_waiters();
    }
}
