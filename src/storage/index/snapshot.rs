//! Whole states, kept in parts: a new generation of parts first, then the row that points to it,
//! and only then the old parts go. A crash in between leaves the old snapshot or the new one.
//! States are packed: sled holds rows in memory, and takes several times their room on the disk.

use std::io::{Read, Write};

use bytes::Bytes;

use crate::{
    ids::{DocumentId, Seq},
    storage::Snapshot,
};

use super::{
    Index, IndexError, poisoned,
    rows::{self, Key, PART_BYTES, SnapshotHead},
};

/// Parts written at a time, about 1 MiB.
const PARTS_AT_ONCE: usize = 512;

/// The quickest: a state is packed whenever its document is unloaded.
const LEVEL: i32 = 1;

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
        let state = self.join(id, &head)?;
        Ok(Some(Snapshot { revision: head.revision, seq: head.seq, state }))
    }

    /// The revision and seq of a document's snapshot, without reading its state.
    ///
    /// # Errors
    /// As [`Index::snapshot`], as far as that can be seen without the state.
    pub fn snapshot_head(&self, id: DocumentId) -> Result<Option<(u64, Seq)>, IndexError> {
        let key = Key::snapshot(id);
        let Some(head) = self.row(&key)? else { return Ok(None) };
        let head = rows::read_snapshot(&key, &head)?;
        Ok(Some((head.revision, head.seq)))
    }

    /// The documents that have a snapshot, sound or not.
    ///
    /// # Errors
    /// When the index cannot be used.
    pub fn documents(&self) -> Result<Vec<DocumentId>, IndexError> {
        let keys = self.backend.keys(Key::snapshots().bytes(), usize::MAX)?;
        Ok(keys.into_iter().filter_map(|key| Key::read(key).document()).collect())
    }

    /// Keeps a snapshot in place of the one before, damaged or not. Checking revisions is the
    /// caller's business.
    ///
    /// # Errors
    /// When the index cannot be read or written or has no room; the snapshot before is then still
    /// there.
    pub fn put_snapshot(
        &self,
        id: DocumentId,
        revision: u64,
        seq: Seq,
        state: &Bytes,
    ) -> Result<(), IndexError> {
        let packed = pack(state).map_err(|error| IndexError::Failed(error.to_string()))?;
        let _one = self.writing.lock().map_err(poisoned)?;
        let old = self.parts(id)?;
        let generation = old.iter().filter_map(Key::generation).max().unwrap_or(0) + 1;
        let head = SnapshotHead {
            revision,
            length: state.len() as u64,
            checksum: crc32fast::hash(state),
            generation,
            packed: packed.len() as u64,
            seq,
        };
        let written = self
            .write_parts(id, generation, &packed)
            .and_then(|()| self.write(vec![(Key::snapshot(id), Some(head.value()))]));
        if let Err(error) = written {
            // What was written of it takes up room until it, or the next one, is removed.
            let parts = (0..rows::parts(packed.len() as u64))
                .map(|at| Key::snapshot_part(id, generation, at));
            if let Err(again) = self.remove_all(parts.collect()) {
                tracing::debug!(%id, error = %again, "half a snapshot stays until the next one");
            }
            return Err(error);
        }
        // The new one counts. What is left of the old one goes with the next.
        if let Err(error) = self.remove_all(old) {
            tracing::debug!(%id, %error, "parts of an older snapshot stay until the next one");
        }
        Ok(())
    }

    /// Removes a document's snapshot and whatever was left of earlier ones.
    ///
    /// # Errors
    /// When the index cannot be read or written. As long as anything can be left, the document is
    /// among [`Index::documents`].
    pub fn remove_snapshot(&self, id: DocumentId) -> Result<(), IndexError> {
        let _one = self.writing.lock().map_err(poisoned)?;
        self.remove_all(self.parts(id)?)?;
        self.remove_all(vec![Key::snapshot(id)])
    }

    fn write_parts(
        &self,
        id: DocumentId,
        generation: u64,
        packed: &[u8],
    ) -> Result<(), IndexError> {
        let mut parts = (0..).zip(packed.chunks(PART_BYTES)).peekable();
        while parts.peek().is_some() {
            let some = parts.by_ref().take(PARTS_AT_ONCE);
            let rows = some
                .map(|(at, part)| (Key::snapshot_part(id, generation, at), Some(part.to_vec())));
            self.write(rows.collect())?;
        }
        Ok(())
    }

    /// Puts a state together again from its parts.
    fn join(&self, id: DocumentId, head: &SnapshotHead) -> Result<Bytes, IndexError> {
        let damaged = |problem| rows::damaged(&Key::snapshot(id), problem);
        let mut packed = Vec::new();
        for at in 0..rows::parts(head.packed) {
            let key = Key::snapshot_part(id, head.generation, at);
            let part = self.row(&key)?.ok_or_else(|| rows::damaged(&key, "a part is missing"))?;
            packed.extend_from_slice(&part);
        }
        let state = unpack(&packed, head.length).map_err(|_| damaged("it cannot be unpacked"))?;
        if state.len() as u64 != head.length || crc32fast::hash(&state) != head.checksum {
            return Err(damaged("its parts do not add up"));
        }
        Ok(state.into())
    }

    fn parts(&self, id: DocumentId) -> Result<Vec<Key>, IndexError> {
        let keys = self.backend.keys(Key::snapshot_parts(id).bytes(), usize::MAX)?;
        Ok(keys.into_iter().map(Key::read).collect())
    }

    /// Those who read wait for a batch, so it is as small as those that are written.
    fn remove_all(&self, keys: Vec<Key>) -> Result<(), IndexError> {
        let mut rows = keys.into_iter().map(|key| (key, None)).peekable();
        while rows.peek().is_some() {
            self.write(rows.by_ref().take(PARTS_AT_ONCE).collect())?;
        }
        Ok(())
    }
}

fn pack(state: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?;
    packer.set_pledged_src_size(Some(state.len() as u64))?;
    packer.write_all(state)?;
    packer.finish()
}

/// Gives a byte too many, so that it is seen, when there is more than promised. Memory grows with what
/// really comes out.
fn unpack(packed: &[u8], length: u64) -> std::io::Result<Vec<u8>> {
    let mut state = Vec::new();
    zstd::stream::read::Decoder::with_buffer(packed)?
        .take(length.saturating_add(1))
        .read_to_end(&mut state)?;
    Ok(state)
}
