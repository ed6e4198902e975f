//! Whole states, kept in parts: a new generation of parts first, then the row that points to it,
//! and only then the old parts go. A crash in between leaves the old snapshot or the new one.

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::Snapshot,
};

use super::{
    Index, IndexError,
    change::Batch,
    rows::{self, CHUNK_BYTES, Key},
};

/// Parts written at a time, about 1 MiB.
const PARTS_AT_ONCE: usize = 16;

impl Index {
    /// Reads a document's snapshot; `None` when there is none. One that is damaged in any part is an
    /// error to be logged, after which the caller goes on as if there were none.
    ///
    /// # Errors
    /// When the snapshot is damaged or the index cannot be used.
    pub fn snapshot(&self, id: DocumentId) -> Result<Option<Snapshot>, IndexError> {
        let key = Key::snapshot(id);
        let Some(head) = self.row(&key)? else { return Ok(None) };
        let head = rows::read_snapshot(&key, &head)?;
        let parts = (0..rows::chunks(head.state.length))
            .map(|at| Key::snapshot_part(id, head.generation, at));
        let state = self.join(&key, parts, head.state.length, head.state.checksum)?;
        Ok(Some(Snapshot { revision: head.state.revision, seq: head.seq, state }))
    }

    /// The revision and seq of a document's snapshot, without reading its state.
    ///
    /// # Errors
    /// As [`Index::snapshot`], as far as that can be seen without the state.
    pub fn snapshot_head(&self, id: DocumentId) -> Result<Option<(u64, Seq)>, IndexError> {
        let key = Key::snapshot(id);
        let Some(head) = self.row(&key)? else { return Ok(None) };
        let head = rows::read_snapshot(&key, &head)?;
        Ok(Some((head.state.revision, head.seq)))
    }

    /// Keeps a snapshot in place of the one before, damaged or not. Checking revisions is the
    /// caller's business.
    ///
    /// # Errors
    /// When sled cannot be read or written; the snapshot before is then still there.
    pub fn put_snapshot(
        &self,
        id: DocumentId,
        revision: u64,
        seq: Seq,
        state: &Bytes,
    ) -> Result<(), IndexError> {
        let old = self.parts(id)?;
        let generation = old.iter().filter_map(Key::generation).max().unwrap_or(0) + 1;
        let mut parts = (0..).zip(state.chunks(CHUNK_BYTES)).peekable();
        while parts.peek().is_some() {
            let mut batch = Batch::default();
            for (at, part) in parts.by_ref().take(PARTS_AT_ONCE) {
                batch.put(Key::snapshot_part(id, generation, at), part.to_vec());
            }
            self.write(batch)?;
        }
        let mut batch = Batch::default();
        batch.put(Key::snapshot(id), rows::snapshot_value(revision, generation, seq, state));
        self.write(batch)?;
        self.remove_all(old)
    }

    /// Removes a document's snapshot.
    ///
    /// # Errors
    /// When sled cannot be read or written.
    pub fn remove_snapshot(&self, id: DocumentId) -> Result<(), IndexError> {
        let parts = self.parts(id)?;
        self.remove_all(vec![Key::snapshot(id)])?;
        self.remove_all(parts)
    }

    fn parts(&self, id: DocumentId) -> Result<Vec<Key>, IndexError> {
        let keys = self.backend.keys(Key::snapshot_parts(id).bytes())?;
        Ok(keys.into_iter().map(Key::read).collect())
    }

    fn remove_all(&self, keys: Vec<Key>) -> Result<(), IndexError> {
        let mut batch = Batch::default();
        keys.into_iter().for_each(|key| batch.remove(key));
        self.write(batch)
    }
}
