//! What an update would do to a document, found out without doing it.

use bytes::Bytes;

use super::{
    DocumentState,
    admission::{Continued, admit},
    engine::Engine,
    parser::{Kind, Update},
    state::EMPTY,
};

impl DocumentState {
    /// Whether an update would add nothing, neither content nor deletions.
    #[must_use]
    pub fn holds(&mut self, update: &Bytes) -> bool {
        if update[..] == *EMPTY {
            return true;
        }
        let Ok(parsed) = Update::parse(update) else { return false };
        let Ok(admitted) = admit(update, &parsed, &mut self.index) else { return false };
        self.index.revert();
        admitted.complete && !admitted.inserts && self.engine.has_deleted(parsed.deletes())
    }

    /// Whether a stored update could be loaded: everything it depends on is there.
    ///
    /// # Errors
    /// Why it could not.
    pub fn try_load(&mut self, update: &Bytes) -> Result<(), String> {
        let parsed = Update::parse(update).map_err(|malformed| malformed.0.to_owned())?;
        let admitted =
            admit(update, &parsed, &mut self.index).map_err(|malformed| malformed.0.to_owned())?;
        self.index.revert();
        if !admitted.complete {
            return Err("something it depends on is missing".to_owned());
        }
        let decoded = Engine::decode(admitted.update.as_deref().unwrap_or_default());
        decoded.map(drop).map_err(str::to_owned)
    }

    /// Whether a block of which the document holds the beginning stands before the same unit there: the
    /// document would read otherwise once it is stored and loaded. Of collected garbage that is not
    /// known.
    pub(super) fn goes_on(&self, continued: &Continued) -> bool {
        let last = continued.last;
        let clocks = self.index.clients();
        let clocks = clocks
            .map(|(client, end)| (client, if client == last.client { last.clock } else { end }));
        let Some(rest) = self.engine.diff(clocks) else { return false };
        let Ok(rest) = Update::parse(&rest) else { return false };
        let section = rest.sections.iter().find(|section| section.client == last.client);
        match section.and_then(|section| section.blocks().next()) {
            Some(block) if block.kind != Kind::Gc => block.right_origin == continued.right_origin,
            found => found.is_some(),
        }
    }
}
