//! Snapshots as the engine sees them: kept in the index, never trusted, never needed.
//!
//! Decides what a damaged or missing one means. Only the keeper's thread writes.

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::{
        Snapshot, StoreError, check_snapshot,
        index::{Index, IndexError},
    },
};

/// The snapshots of all documents.
pub(crate) struct Snapshots(Index);

impl Snapshots {
    /// Those in this index.
    pub(crate) fn new(index: Index) -> Self {
        Self(index)
    }

    /// The newest sound one. A damaged one is as good as none, as the entries are all there.
    pub(crate) fn get(&self, id: DocumentId) -> Option<Snapshot> {
        self.0.snapshot(id).unwrap_or_else(|error| {
            tracing::warn!(%id, %error, "a snapshot cannot be used, all entries are read instead");
            None
        })
    }

    /// Replaces it, if its revision is as expected; gives the new revision.
    pub(crate) fn put(
        &self,
        id: DocumentId,
        expected: u64,
        seq: Seq,
        state: &Bytes,
    ) -> Result<u64, StoreError> {
        let found = match self.0.snapshot_head(id) {
            Ok(head) => head.map_or(0, |(revision, _)| revision),
            // Whoever opened the document was told of none.
            Err(IndexError::Damaged(_)) => 0,
            Err(error) => return Err(StoreError::Refused(error.to_string())),
        };
        check_snapshot((found, seq), (expected, seq))?;
        self.0
            .put_snapshot(id, found + 1, seq, state)
            .and_then(|()| self.0.flush())
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(found + 1)
    }

    /// Lets go of it, if there is one.
    pub(crate) fn forget(&self, id: DocumentId) {
        let removed = match self.0.snapshot_head(id) {
            Ok(None) => Ok(()),
            _ => self.0.remove_snapshot(id),
        };
        if let Err(error) = removed {
            tracing::warn!(%id, %error, "failed to remove the snapshot of a deleted document");
        }
    }
}
