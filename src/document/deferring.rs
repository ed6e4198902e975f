//! A large document is given to its first visitor as it is stored; the CRDT loads it a moment later.
//!
//! Nothing is lost or late by that: whatever needs the CRDT, such as an edit or a visitor who has
//! something of the document already, has it loaded first.

use std::time::Duration;

use tokio::time::Instant;

use super::{Setup, Unavailable, actor::Actor};
use crate::{
    protocol::CloseReason,
    storage::Opened,
    telemetry::happenings::{DocumentFailed, DocumentLoaded},
};

/// How long a document waits for its first visitors to ask: from their connection being accepted
/// until their first message is here their network's round trip passes.
const WAITS: Duration = Duration::from_millis(250);

/// Entries after the snapshot, each of which is a message to the visitor.
const ENTRIES: usize = 16;

/// A document that has been read and not yet loaded.
#[derive(Debug)]
pub(super) struct Deferred {
    /// What reading it took.
    read: Duration,
    /// When it is loaded though nothing has needed it.
    due: Instant,
}

/// Whether it is worth it: a small document is loaded as soon as it is read.
pub(super) fn pays(setup: &Setup, opened: &Opened) -> bool {
    let size = opened.snapshot.as_ref().map(|snapshot| snapshot.state.len());
    size.is_some_and(|size| size >= setup.limits.defer_bytes) && opened.entries.len() < ENTRIES
}

impl Actor {
    /// Notes what reading the document took, and when it is to be loaded if it is not.
    pub(super) fn note_read(&mut self, read: Duration) {
        if self.state.is_deferred() {
            self.deferred = Some(Box::new(Deferred { read, due: Instant::now() + WAITS }));
        } else {
            self.note_loaded(read);
        }
    }

    fn note_loaded(&self, took: Duration) {
        let meter = self.lease.meter();
        let (document, micros) = (self.lease.name(), took.as_micros());
        meter.note(&DocumentLoaded { document, micros: &micros });
        meter.load_time.note(took);
    }

    /// When the document is to be loaded though nothing has needed it.
    pub(super) fn load_due(&self) -> Option<Instant> {
        self.deferred.as_ref().map(|deferred| deferred.due)
    }

    pub(super) fn load_if_due(&mut self, now: Instant) {
        if self.load_due().is_some_and(|due| due <= now) {
            // Who has the document open is told if it cannot be loaded; nobody else waits for it here.
            let _told = self.load_deferred();
        }
    }

    /// Loads the document, if that is still to be done.
    ///
    /// # Errors
    /// When it cannot be: then everybody has been sent away, and the actor ends.
    pub(super) fn load_deferred(&mut self) -> Result<(), Unavailable> {
        let Some(deferred) = self.deferred.take() else { return Ok(()) };
        let since = Instant::now();
        if let Err(reason) = self.state.load_deferred() {
            return Err(self.give_up(Unavailable::Damaged(reason)));
        }
        self.note_loaded(deferred.read + since.elapsed());
        self.card.ask_again();
        Ok(())
    }

    fn give_up(&mut self, reason: Unavailable) -> Unavailable {
        let (meter, document) = (self.lease.meter(), self.lease.name());
        meter.note(&DocumentFailed { document, reason: &reason });
        for (_, subscriber) in std::mem::take(&mut self.subscribers) {
            subscriber.turn_away(CloseReason::Storage(reason.to_string()));
            self.count_leaving(&subscriber);
        }
        self.lease.live().fail(reason.clone());
        self.poisoned = true;
        reason
    }
}
