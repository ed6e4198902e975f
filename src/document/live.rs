//! What others may see of a loaded document without asking its actor: its card, how
//! many are in it, and why it could not be loaded.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use super::Unavailable;
use crate::{clock::Timestamp, crdt::Meta};

#[derive(Debug, Default)]
pub(super) struct Live {
    people: AtomicUsize,
    /// Edits so far, and updates queued for readers.
    received: AtomicU64,
    sent: AtomicU64,
    /// How many of its readers do not keep up.
    behind: AtomicUsize,
    /// Bytes of what it is loaded from, and when an edit was last durable, in milliseconds since 1970.
    bytes: AtomicU64,
    saved: AtomicU64,
    card: Mutex<Option<Arc<Meta>>>,
    failure: OnceLock<Unavailable>,
}

impl Live {
    pub(super) fn count(&self, people: usize, behind: usize) {
        self.people.store(people, Ordering::Relaxed);
        self.behind.store(behind, Ordering::Relaxed);
    }

    pub(super) fn behind(&self) -> usize {
        self.behind.load(Ordering::Relaxed)
    }

    pub(super) fn note_saved(&self, bytes: u64, time: Option<Timestamp>) {
        self.bytes.store(bytes, Ordering::Relaxed);
        self.saved.store(time.unwrap_or_default().0, Ordering::Relaxed);
    }

    /// How large it is, and when an edit was last durable.
    pub(super) fn saved(&self) -> (u64, Option<Timestamp>) {
        let saved = Timestamp(self.saved.load(Ordering::Relaxed));
        (self.bytes.load(Ordering::Relaxed), Some(saved).filter(|it| *it > Timestamp(0)))
    }

    pub(super) fn people(&self) -> usize {
        self.people.load(Ordering::Relaxed)
    }

    pub(super) fn count_received(&self, edits: u64) {
        self.received.fetch_add(edits, Ordering::Relaxed);
    }

    pub(super) fn count_sent(&self, updates: u64) {
        self.sent.fetch_add(updates, Ordering::Relaxed);
    }

    /// How many edits came and how many updates went out since it was opened.
    pub(super) fn moved(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }

    pub(super) fn show(&self, card: Option<Arc<Meta>>) {
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = card;
    }

    /// Keeps why the document could not be loaded, for those who hold a handle and ask too late to
    /// be told by it.
    pub(super) fn fail(&self, reason: Unavailable) {
        // It ends once.
        let _known = self.failure.set(reason);
    }

    pub(super) fn failure(&self) -> Option<&Unavailable> {
        self.failure.get()
    }

    pub(super) fn card(&self) -> Option<Arc<Meta>> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
