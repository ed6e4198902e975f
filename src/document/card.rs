//! A document's card: what a list says about it, kept beside it so that listing opens nothing.
//!
//! The document itself is the truth. Its actor shows the card to others at once and writes it down a
//! moment later; an edit that leaves `meta` alone costs nothing.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use super::actor::Actor;
use crate::{
    crdt::{DocumentState, Meta},
    storage::{Record, StoreError},
    telemetry::warnings::CardNotKept,
};

/// The key of the record.
pub(super) const KEY: &str = "card";

/// A card is written this long after it changed: who types a title changes it with every key.
const DELAY: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(super) struct Card {
    /// What the document says now.
    now: Arc<Meta>,
    /// What is written down.
    kept: Option<Arc<Meta>>,
    revision: u64,
    /// `now` may be out of date although `meta` did not change.
    doubted: bool,
    due: Option<Instant>,
}

impl Card {
    /// Of a document as it was read.
    pub(super) fn of_opened(record: Option<Record>, state: &DocumentState, born: bool) -> Self {
        let kept = record.as_ref().and_then(|record| read(&record.value)).map(Arc::new);
        // What is not loaded yet cannot be asked; the card is as it was when the document was closed.
        let now = match state.is_deferred() {
            true => kept.clone().unwrap_or_default(),
            false => Arc::new(state.meta()),
        };
        let due = (born && kept.as_ref() != Some(&now)).then(|| Instant::now() + DELAY);
        let revision = record.map_or(0, |record| record.revision);
        Self { now, kept, revision, doubted: false, due }
    }

    pub(super) fn shown(&self) -> Option<Arc<Meta>> {
        Some(Arc::clone(&self.now))
    }

    /// Notes that the document itself can be asked now.
    pub(super) fn ask_again(&mut self) {
        self.doubted = true;
    }

    /// Notes an edit: the kind may follow from the content, and a new document has no card yet.
    pub(super) fn doubt(&mut self) {
        self.doubted |= self.now.kind.is_none() || self.kept.is_none();
    }
}

/// The record of a card.
pub(super) fn record(meta: &Meta) -> Option<Bytes> {
    serde_json::to_vec(meta).ok().map(Bytes::from)
}

/// What a record says; `None` when it cannot be read.
pub(super) fn read(record: &[u8]) -> Option<Meta> {
    serde_json::from_slice(record).ok()
}

impl Actor {
    /// Looks whether the card has changed, and writes it when that is due.
    pub(super) fn refresh_card(&mut self, now: Instant) {
        if self.state.take_meta_changed() | std::mem::take(&mut self.card.doubted) {
            let meta = self.state.meta();
            if *self.card.now != meta {
                self.card.now = Arc::new(meta);
                self.lease.live().show(self.card.shown());
            }
            if self.born && self.card.kept.as_ref() != Some(&self.card.now) {
                self.card.due.get_or_insert(now + DELAY);
            }
        }
        if self.card_due().is_some_and(|due| due <= now) {
            self.keep_card();
        }
    }

    /// When the card is to be written; `None` while it is being written or nothing can be.
    pub(super) fn card_due(&self) -> Option<Instant> {
        let free = self.durability.card.is_none() && self.durability.failed.is_none();
        self.card.due.filter(|_| free)
    }

    /// Writes the card if it has changed.
    pub(super) fn keep_card(&mut self) {
        if self.card_due().is_none() {
            return;
        }
        self.card.due = None;
        let Some(value) = record(&self.card.now) else { return };
        self.card.kept = self.card.shown();
        let store = Arc::clone(&self.setup.store);
        let put = store.put_record(self.id, KEY, self.card.revision, Some(value));
        self.durability.card = Some(put);
    }

    pub(super) fn on_card_kept(&mut self, outcome: Result<u64, StoreError>) {
        match outcome {
            Ok(revision) => self.card.revision = revision,
            Err(error) => {
                // The next change of the title tries again; the document itself is safe.
                self.card.kept = None;
                CardNotKept { document: self.lease.name(), reason: &error }.note();
            }
        }
    }
}
