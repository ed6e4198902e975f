//! Snapshots: whole states that save replaying a log.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::{Snapshot, StoreError},
};

/// Snapshots in memory.
#[derive(Default)]
pub(crate) struct Snapshots(Mutex<HashMap<DocumentId, Snapshot>>);

impl Snapshots {
    /// The newest one.
    pub(crate) fn get(&self, id: DocumentId) -> Option<Snapshot> {
        self.lock().get(&id).cloned()
    }

    /// Replaces it, if its revision is as expected; gives the new revision.
    pub(crate) fn put(
        &self,
        id: DocumentId,
        expected: u64,
        seq: Seq,
        state: Bytes,
    ) -> Result<u64, StoreError> {
        let mut all = self.lock();
        let found = all.get(&id).map_or(0, |snapshot| snapshot.revision);
        super::check_snapshot((found, seq), (expected, seq))?;
        all.insert(id, Snapshot { revision: found + 1, seq, state });
        Ok(found + 1)
    }

    /// Lets go of it.
    pub(crate) fn forget(&self, id: DocumentId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DocumentId, Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
