//! How big a document would be as one update, without encoding it after every edit.

/// What it was when last encoded, and what came since, which takes less when encoded together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    encoded: usize,
    since: usize,
    /// Admitted and not yet applied.
    waiting: usize,
}

impl Size {
    /// What an encoding has shown.
    pub(super) fn measured(self, encoded: usize) -> Self {
        Self { encoded, since: 0, ..self }
    }

    /// With bytes that are about to be applied.
    pub(super) fn admitted(self, bytes: usize) -> Self {
        Self { waiting: self.waiting.saturating_add(bytes), ..self }
    }

    /// With nothing waiting any more.
    pub(super) fn settled(self) -> Self {
        Self { waiting: 0, ..self }
    }

    /// With bytes that were added or freed: both call for a new look at a full document.
    pub(super) fn changed(self, by: usize) -> Self {
        Self { since: self.since.saturating_add(by), ..self }
    }

    /// Whether so many bytes more might be too many.
    pub(super) fn exceeds(self, limit: usize, added: usize) -> bool {
        self.encoded.saturating_add(self.since).saturating_add(self.waiting).saturating_add(added)
            > limit
    }

    /// Whether encoding is worth its cost, which is as much as the document is big: only when it
    /// may have gained much.
    pub(super) fn is_stale(self, limit: usize) -> bool {
        self.since > limit / 16
    }
}
