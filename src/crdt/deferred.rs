//! A document that is not loaded yet: enough for whoever has nothing of it, without the CRDT.
//!
//! Decoding and integrating a large document takes several times as long as reading it, and who opens
//! it first needs neither: what is stored is what they lack.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    DocumentState, Incoming, Poisoned,
    parser::{Outline, Update},
    split::split_read,
    state::EMPTY,
    writer::encode_clocks,
};

/// Stored updates that make up a document, applied in order.
#[derive(Debug)]
pub(super) struct Deferred(Vec<(Bytes, Outline)>);

impl DocumentState {
    /// Takes stored updates (a snapshot, then entries), as [`DocumentState::load`] does, to be loaded
    /// by [`DocumentState::load_deferred`]. Until then the document knows its state vector and what is
    /// stored, and is no snapshot.
    ///
    /// # Errors
    /// When one cannot be read: what was stored is damaged.
    pub fn defer(&mut self, updates: impl Iterator<Item = Bytes>) -> Result<(), String> {
        let (mut stored, mut clocks) = (Vec::new(), BTreeMap::new());
        for (number, bytes) in updates.enumerate() {
            let update = Update::parse(&bytes).map_err(|malformed| {
                format!("stored update {number} cannot be applied: {}", malformed.0)
            })?;
            for section in &update.sections {
                let end = clocks.entry(section.client).or_insert(section.end);
                *end = section.end.max(*end);
            }
            let outline = Outline::of(&update, &bytes);
            stored.push((bytes, outline));
        }
        self.vector.replace(Some(encode_clocks(clocks.into_iter().collect())));
        self.deferred = Some(Box::new(Deferred(stored)));
        Ok(())
    }

    /// Whether the document is still to be loaded.
    #[must_use]
    pub fn is_deferred(&self) -> bool {
        self.deferred.is_some()
    }

    /// All that is stored, in pieces that can be applied in order, as [`super::split()`] makes them;
    /// `None` once the document is loaded.
    #[must_use]
    pub fn deferred(&self, piece_bytes: usize) -> Option<Vec<Bytes>> {
        let Deferred(stored) = &**self.deferred.as_ref()?;
        let pieces =
            |(bytes, outline): &(Bytes, Outline)| split_read(bytes, &outline.update(), piece_bytes);
        Some(stored.iter().flat_map(pieces).collect())
    }

    /// Loads what was deferred, if anything was.
    ///
    /// # Errors
    /// As [`DocumentState::load`].
    pub fn load_deferred(&mut self) -> Result<(), String> {
        match self.deferred.take() {
            Some(stored) => self.load(stored.0.iter().map(|(bytes, _)| &bytes[..])),
            None => Ok(()),
        }
    }

    /// Loads what was deferred before anything is applied to it.
    pub(super) fn load_before(&mut self, incoming: &[Incoming]) -> Result<(), Poisoned> {
        if incoming.iter().all(|it| it.update == EMPTY) {
            return Ok(());
        }
        self.load_deferred().map_err(|reason| Poisoned { culprit: None, reason })
    }
}
