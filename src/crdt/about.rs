//! What a document says about itself, in the root map `meta`: read, written by the server, watched.

use bytes::Bytes;

use super::{
    DocumentState,
    admission::admit,
    meta::{Meta, MetaChanges},
    parser::Update,
    state::EMPTY,
    verdict::Poisoned,
};

impl DocumentState {
    /// Writes in the root map `meta` under the server's own client id; gives the update, `None` when
    /// everything was so already.
    ///
    /// # Errors
    /// When the CRDT failed; see [`Poisoned`].
    pub fn edit_meta(&mut self, changes: &MetaChanges) -> Result<Option<Bytes>, Poisoned> {
        let poisoned = |reason: String| Poisoned { culprit: None, reason };
        let update: Bytes =
            self.engine.edit_meta(changes).map_err(|broken| poisoned(broken.reason))?.into();
        if update == EMPTY {
            return Ok(None);
        }
        self.vector.take();
        self.size.set(self.size.get().changed(update.len()));
        let parsed =
            Update::parse(&update).map_err(|malformed| poisoned(malformed.0.to_owned()))?;
        admit(&update, &parsed, &mut self.index)
            .map_err(|malformed| poisoned(malformed.0.to_owned()))?;
        self.engine.note_documents(self.index.keep());
        Ok(Some(update))
    }

    /// Whether the root map `meta` has changed since this was last asked.
    #[must_use]
    pub fn take_meta_changed(&self) -> bool {
        self.engine.take_meta_changed()
    }

    /// What the document says about itself.
    #[must_use]
    pub fn meta(&self) -> Meta {
        self.engine.meta()
    }
}
