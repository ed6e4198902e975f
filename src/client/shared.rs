//! What a caller's handle and the client's task have in common, and how they wake each other.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::{
    document::{Document, Outcome},
    status::{End, Status},
};
use crate::{clock::Clock, ids::ClientId};

/// A document behind a lock that is held for the time of one frame or edit, never across an await.
pub(super) struct Shared {
    /// Of the document's writer.
    pub(super) id: ClientId,
    /// How the client is doing.
    pub(super) status: watch::Sender<Status>,
    /// Turns ready for anyone who waits for anything.
    pub(super) changed: watch::Sender<()>,
    document: Mutex<Document>,
    clock: Arc<dyn Clock>,
    /// Something may be due for the socket.
    wake: Notify,
}

impl Shared {
    pub(super) fn new(id: ClientId, root: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            id,
            status: watch::Sender::new(Status::Connecting),
            changed: watch::Sender::new(()),
            document: Mutex::new(Document::new(id, root)),
            clock,
            wake: Notify::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(|poisoned| {
            // The caller's own code panicked within an edit. The document is sound, but what the
            // edit did so far waits nowhere to be sent.
            self.document.clear_poison();
            let mut document = poisoned.into_inner();
            document.recover();
            document
        })
    }

    /// Lets both sides look again.
    pub(super) fn tell(&self) {
        self.wake.notify_one();
        self.changed.send_replace(());
    }

    /// Waits until something may be due for the socket.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits until `check` finds something, or the client has ended without.
    pub(super) async fn wait<T>(
        &self,
        mut check: impl FnMut(&Document) -> Option<T>,
    ) -> Result<T, End> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(found) = check(&self.lock()) {
                return Ok(found);
            }
            if let Status::Ended(end) = &*self.status.borrow() {
                return Err(end.clone());
            }
            changed.changed().await.map_err(|_| End::Closed)?;
        }
    }

    /// The first end is the last word.
    pub(super) fn set_status(&self, status: Status) {
        self.status.send_if_modified(|current| {
            let differs = !matches!(current, Status::Ended(_)) && *current != status;
            if differs {
                *current = status;
            }
            differs
        });
        self.tell();
    }

    pub(super) fn receive(&self, frame: &Bytes) -> Outcome {
        let mut document = self.lock();
        let outcome = document.receive(frame, self.clock.elapsed());
        let synced = document.is_synced();
        drop(document);
        if synced && outcome == Outcome::Fine {
            self.set_status(Status::Online);
        } else {
            self.tell();
        }
        outcome
    }

    pub(super) fn next_frame(&self) -> Option<Bytes> {
        self.lock().next_frame(self.clock.elapsed())
    }

    pub(super) fn expire_presence(&self) {
        if self.lock().presence().expire(self.clock.elapsed()) {
            self.tell();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("id", &self.id).finish_non_exhaustive()
    }
}
