//! Snapshots as the engine sees them: kept in the index, never trusted, never needed.
//!
//! Decides what a damaged or missing one means. Only the keeper's thread writes.

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::{
        Snapshot, StoreError, check_snapshot,
        index::{Index, IndexError},
    },
    telemetry::warnings::{IndexNotCopied, SnapshotStays, SnapshotUnusable, SnapshotsStay},
};

/// The snapshots of all documents.
pub(crate) struct Snapshots {
    /// None once it is closed.
    index: RwLock<Option<Index>>,
    /// Where it lies, if that is on a disk.
    path: Option<PathBuf>,
    warning: Option<&'static str>,
}

impl Snapshots {
    /// Those in this index.
    pub(crate) fn new(index: Index) -> Self {
        Self { index: RwLock::new(Some(index)), path: None, warning: None }
    }

    /// Those in the index at this path.
    pub(crate) fn at(path: &Path, index: Index) -> Self {
        Self { path: Some(path.to_owned()), ..Self::new(index) }
    }

    /// Those in an index in memory, because there can be none on the disk.
    pub(crate) fn in_need(index: Index) -> Self {
        let warning = "snapshots are kept in memory, as the index cannot be used; the log says why";
        Self { warning: Some(warning), ..Self::new(index) }
    }

    /// What is not as it should be.
    pub(crate) fn warning(&self) -> Option<String> {
        self.warning.map(str::to_owned)
    }

    /// The newest sound one. A damaged one is as good as none, as the entries are all there.
    pub(crate) fn get(&self, id: DocumentId) -> Option<Snapshot> {
        self.index().as_ref()?.snapshot(id).unwrap_or_else(|error| {
            SnapshotUnusable { document: &id, reason: &error }.note();
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
        let guard = self.index();
        let Some(index) = &*guard else { return Err(StoreError::Failed("it was closed".into())) };
        let refused = |error: IndexError| StoreError::Refused(error.to_string());
        let found = match index.snapshot_head(id) {
            // Whoever opened the document since it was damaged was told of none.
            Ok(Some((revision, _))) if revision != expected => match index.snapshot(id) {
                Err(IndexError::Damaged(_)) => expected,
                _ => revision,
            },
            Ok(head) => head.map_or(0, |(revision, _)| revision),
            // Nobody can say any more which one it was.
            Err(IndexError::Damaged(_)) => expected,
            Err(error) => return Err(refused(error)),
        };
        check_snapshot((found, seq), (expected, seq))?;
        index
            .put_snapshot(id, found + 1, seq, state)
            .and_then(|()| index.flush())
            .map_err(refused)?;
        Ok(found + 1)
    }

    /// Lets go of it and of what may be left of earlier ones.
    pub(crate) fn forget(&self, id: DocumentId) {
        if let Some(index) = &*self.index()
            && let Err(error) = index.remove_snapshot(id)
        {
            SnapshotStays { document: &id, reason: &error }.note();
        }
    }

    /// Lets go of all for which `ended` says yes: what a stop left undone.
    pub(crate) fn forget_ended(&self, ended: impl Fn(DocumentId) -> bool) {
        let documents = match self.index().as_ref().map(Index::documents) {
            Some(Ok(documents)) => documents,
            Some(Err(error)) => {
                SnapshotsStay { reason: &error }.note();
                return;
            }
            None => return,
        };
        documents.into_iter().filter(|id| ended(*id)).for_each(|id| self.forget(id));
    }

    /// Puts the state at `floor` in the place of a snapshot from before it, under the same revision, as
    /// whoever has the document open counts on. Without a state, an older snapshot goes.
    pub(crate) fn replace_older(&self, id: DocumentId, floor: Seq, state: Option<&Bytes>) {
        let guard = self.index();
        let Some(index) = &*guard else { return };
        let older = match index.snapshot_head(id) {
            Ok(Some((revision, seq))) => (seq < floor).then_some(revision),
            Ok(None) => None,
            Err(_) => return drop(index.remove_snapshot(id)),
        };
        let Some(revision) = older else { return };
        let replaced = match state {
            Some(state) => index.put_snapshot(id, revision, floor, state),
            None => index.remove_snapshot(id),
        };
        if let Err(error) = replaced.and_then(|()| index.flush()) {
            SnapshotStays { document: &id, reason: &error }.note();
        }
    }

    /// Lets go of snapshots from before these seqs; whether there were any.
    pub(crate) fn forget_older(&self, floors: &[(DocumentId, Seq)]) -> bool {
        let is_old = |(id, floor): &&(DocumentId, Seq)| {
            let guard = self.index();
            let head = guard.as_ref().and_then(|index| index.snapshot_head(*id).ok().flatten());
            head.is_some_and(|(_, seq)| seq < *floor)
        };
        let old: Vec<_> = floors.iter().filter(is_old).collect();
        old.iter().for_each(|(id, _)| self.forget(*id));
        !old.is_empty()
    }

    /// Writes the index anew, because what is removed from it stays in its files for an unknown time.
    pub(crate) fn renew(&self) {
        let Some(path) = &self.path else { return };
        let copied = match &*self.index() {
            Some(index) if !index.is_in_memory() => index.copy_beside(path),
            _ => return,
        };
        let mut guard = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if guard.is_none() {
            return;
        }
        if let Err(error) = copied {
            IndexNotCopied { reason: &error }.note();
        }
        *guard = None;
        let (index, state) = Index::replace(path);
        tracing::debug!(?state, "the index was written anew");
        *guard = Some(index);
    }

    /// Closes the index. From now on there are none.
    pub(crate) fn close(&self) {
        let index = self.index.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(index);
    }

    fn index(&self) -> RwLockReadGuard<'_, Option<Index>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }
}
