//! The past of one document up to some entry: rows and content joined.
//!
//! Moments are seqs; where entries are not numbered without gaps, a seq between two stands for the
//! moment after the one before. Pure values: whoever reads the store hands the entries in.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    HistoryError,
    pack::{self, Coding},
    rows::Rows,
};
use crate::{
    crdt::{
        Bounds, DocumentState,
        past::{self, Step},
    },
    ids::{ClientId, DocumentId, Seq},
    storage::StoredEntry,
};

/// The past of one document.
#[derive(Debug)]
pub struct Past {
    id: DocumentId,
    rows: Rows,
    content: past::Past,
    /// Whole packs as they are now, as they are asked for most.
    packs: Vec<(Coding, Bytes)>,
}

impl Past {
    /// Of a document that has no entries yet.
    #[must_use]
    pub fn new(id: DocumentId) -> Self {
        Self { id, rows: Rows::default(), content: past::Past::default(), packs: Vec::new() }
    }

    /// Takes the next entry in.
    ///
    /// # Errors
    /// When it cannot be applied; this past must then be dropped.
    pub fn push(&mut self, stored: &StoredEntry) -> Result<(), HistoryError> {
        let StoredEntry { seq, entry } = stored;
        if *seq <= self.last() {
            return Err(HistoryError::Damaged(format!("entry {seq} comes after {}", self.last())));
        }
        self.packs.clear();
        let step: Step = self.content.replay(&entry.update).map_err(|reason| {
            HistoryError::Damaged(format!("entry {seq} cannot be applied: {reason}"))
        })?;
        self.rows.push(*seq, entry.time, &entry.author, entry.update.len(), &step);
        Ok(())
    }

    /// Which life of which document.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// The seq of the last entry, 0 when there is none.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.rows.bounds().map_or(Seq(0), |(_, last)| last)
    }

    /// The seq of the entry that stands for all before it, where retention cut the past; 0 where it
    /// is whole.
    #[must_use]
    pub fn floor(&self) -> Seq {
        self.rows.bounds().map_or(Seq(0), |(first, _)| if first > Seq(1) { first } else { Seq(0) })
    }

    /// The entries.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The content.
    #[must_use]
    pub fn content(&self) -> &past::Past {
        &self.content
    }

    /// How many rows there are up to a moment.
    ///
    /// # Errors
    /// When the moment is before the beginning that is kept, or after the last entry.
    pub fn rows_at(&self, moment: Seq) -> Result<usize, HistoryError> {
        let (floor, last) = (self.floor(), self.last());
        if moment > last {
            return Err(HistoryError::Beyond { asked: moment, last });
        }
        if moment < floor {
            return Err(HistoryError::Cut(floor));
        }
        Ok(self.rows.up_to(moment))
    }

    /// The document at a moment as a whole update, deleted content included; for `convert` and
    /// `crdt::content`. The moment 0 is before the first entry.
    ///
    /// # Errors
    /// As [`Past::rows_at`].
    pub fn state(&self, moment: Seq) -> Result<Bytes, HistoryError> {
        let rows = self.rows_at(moment)?;
        let clocks = self.rows.clocks(self.content.clients().len(), rows);
        let deleted = self.rows.deleted(rows).iter().map(|it| (it.client, it.clock, it.len));
        Ok(self.content.state(&clocks, deleted))
    }

    /// The same without what was deleted by then: a document as somebody would have had it who opened
    /// it at the moment. Belongs on a thread with a large stack.
    ///
    /// # Errors
    /// As [`Past::state`].
    pub fn state_without_deleted(&self, moment: Seq) -> Result<Bytes, HistoryError> {
        let bounds = Bounds { update_bytes: usize::MAX, document_bytes: usize::MAX };
        let mut document = DocumentState::new(ClientId(1), bounds, Arc::from([]));
        let state = self.state(moment)?;
        document.load(std::iter::once(&state[..])).map_err(HistoryError::Damaged)?;
        document.snapshot().map_err(HistoryError::Damaged)
    }

    /// The entries after a seq as a pack, compressed as asked.
    ///
    /// # Errors
    /// As [`pack::write`].
    pub fn pack(&mut self, after: Seq, coding: Coding) -> Result<Bytes, HistoryError> {
        let known = self.packs.iter().find(|(known, _)| after == Seq(0) && *known == coding);
        if let Some((_, pack)) = known {
            return Ok(pack.clone());
        }
        let pack: Bytes = coding.compress(pack::write(self, after)?).into();
        if after == Seq(0) {
            self.packs.push((coding, pack.clone()));
        }
        Ok(pack)
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let packs: usize = self.packs.iter().map(|(_, pack)| pack.len()).sum();
        self.rows.memory() + self.content.bytes() + packs
    }
}
