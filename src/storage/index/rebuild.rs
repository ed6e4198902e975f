//! Fills the index from archives: all of it, one more, or one in place of several.
//!
//! The watermark is taken away while a change that needs several batches is under way, so that a
//! crash in between is seen.

use std::collections::HashMap;

use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    storage::{
        archive::{Archive, ArchiveError, ArchiveFooter, SegmentKind},
        payload::{self, Authors},
        record::Record,
    },
};

use super::{Change, Facts, Index, IndexError, IndexedArchive, change::Batch, content};

/// Changes written at a time.
const CHANGES_AT_ONCE: usize = 2048;

impl Index {
    /// Forgets everything but the snapshots and takes in these archives, in the order of their
    /// ranges. Gives a sentence for each thing that could not be read; what such a thing said of
    /// names and small records is then missing from the index.
    ///
    /// # Errors
    /// When the archives cannot be read at all or the index cannot be written.
    pub fn rebuild(&self, archives: &[Archive]) -> Result<Vec<String>, RebuildError> {
        self.apply(vec![Change::Watermark(None)])?;
        self.each_rebuilt(&mut |page| {
            let mut batch = Batch::default();
            page.iter().for_each(|(key, _)| batch.remove(key.clone()));
            self.write(batch)
        })?;
        let mut problems = Vec::new();
        for archive in archives {
            problems.extend(self.take_in(archive)?);
        }
        let indexed = archives.iter().map(|archive| IndexedArchive::of(archive.footer()));
        self.apply(vec![Change::Watermark(Some(indexed.collect()))])?;
        Ok(problems)
    }

    /// Takes in an archive that comes after all those it contains. Gives sentences as
    /// [`Index::rebuild`].
    ///
    /// # Errors
    /// As [`Index::rebuild`], and when the index must be rebuilt first.
    pub fn add(&self, archive: &Archive) -> Result<Vec<String>, RebuildError> {
        let mut indexed = self.interrupted_unless_finished()?;
        let problems = self.take_in(archive)?;
        indexed.push(IndexedArchive::of(archive.footer()));
        self.apply(vec![Change::Watermark(Some(indexed))])?;
        Ok(problems)
    }

    /// Notes that an archive, merged from others, has taken their place: only where segments lie
    /// changes. Whatever the new one left out is of ended documents.
    ///
    /// # Errors
    /// When the index cannot be written or must be rebuilt first.
    pub fn replace(&self, old: &[ArchiveFooter], new: &ArchiveFooter) -> Result<(), RebuildError> {
        let mut indexed = self.interrupted_unless_finished()?;
        let mut places: Vec<_> = old
            .iter()
            .flat_map(content)
            .map(|located| (located.place.document, Change::NoPlace(located)))
            .chain(content(new).map(|located| (located.place.document, Change::Place(located))))
            .collect();
        // Together per document, the old ones first: a reader finds either the old or the new, and
        // a place that is the same in both stays.
        places.sort_by_key(|(document, _)| *document);
        for document in places.chunk_by(|one, other| one.0 == other.0) {
            if self.facts(document[0].0)?.is_some_and(|facts| facts.deleted.is_some()) {
                continue;
            }
            self.apply(document.iter().map(|(_, change)| change.clone()).collect())?;
        }
        indexed.retain(|archive| !old.iter().any(|footer| IndexedArchive::of(footer) == *archive));
        indexed.push(IndexedArchive::of(new));
        indexed.sort_by_key(|archive| *archive.range.start());
        self.apply(vec![Change::Watermark(Some(indexed))])?;
        Ok(())
    }

    /// Takes the watermark away and gives what it said.
    fn interrupted_unless_finished(&self) -> Result<Vec<IndexedArchive>, RebuildError> {
        let indexed = self.watermark()?.ok_or(RebuildError::Unfinished)?;
        self.apply(vec![Change::Watermark(None)])?;
        Ok(indexed)
    }

    fn take_in(&self, archive: &Archive) -> Result<Vec<String>, RebuildError> {
        let mut intake = Intake {
            index: self,
            facts: HashMap::new(),
            changes: Vec::new(),
            problems: Vec::new(),
        };
        if archive.damage().is_some() {
            intake.problems.extend(archive.verify()?.into_iter().map(|error| error.to_string()));
        }
        for place in &archive.footer().segments {
            if place.kind != SegmentKind::Meta {
                continue;
            }
            match archive.read_segment(place) {
                Ok(records) => {
                    for record in &records {
                        intake.meta(record)?;
                    }
                }
                Err(error) if error.is_damage() => intake.problems.push(error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        intake.content(archive.footer())?;
        intake.finish()
    }
}

/// Why the index could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// An archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An earlier change did not come to its end.
    #[error("an earlier change of the index did not come to its end; it must be rebuilt first")]
    Unfinished,
}

/// One archive on its way in. Holds the facts of the documents that it mentions.
struct Intake<'a> {
    index: &'a Index,
    facts: HashMap<DocumentId, Facts>,
    changes: Vec<Change>,
    problems: Vec<String>,
}

impl Intake<'_> {
    /// Records come in the order in which they happened, so a name is always that of the document
    /// which took it last.
    fn meta(&mut self, record: &Record) -> Result<(), IndexError> {
        let id = record.document;
        let change = match payload::Change::decode(record, &mut Authors::default()) {
            Ok(change) => change,
            Err(error) => {
                self.problems.push(format!("a record of document {id} cannot be read: {error}"));
                return Ok(());
            }
        };
        match change {
            payload::Change::Create { name, time } => {
                let facts = self.facts(id)?;
                facts.created = time;
                facts.changed = facts.changed.max(time);
                facts.name = Some(name.clone());
                self.put(Change::Name(name, Some(id)))
            }
            payload::Change::Rename { name, .. } => {
                let old = self.facts(id)?.name.replace(name.clone());
                if let Some(old) = old {
                    self.put(Change::Name(old, None))?;
                }
                self.put(Change::Name(name, Some(id)))
            }
            payload::Change::Delete { time, clients } => {
                let facts = self.facts(id)?;
                facts.deleted = Some(time);
                let name = facts.name.clone();
                self.put(Change::Ended(id))?;
                let Some(name) = name else { return Ok(()) };
                self.put(Change::Name(name.clone(), None))?;
                self.put(Change::Retired { name, id, clients: clients.to_vec() })
            }
            payload::Change::Keyed { key, revision, value } => {
                if self.facts(id)?.deleted.is_some() {
                    return Ok(());
                }
                self.put(Change::Keyed { id, key, revision, value })
            }
            payload::Change::Version(_) | payload::Change::Entry(_) | payload::Change::Base(_) => {
                Ok(())
            }
        }
    }

    fn content(&mut self, footer: &ArchiveFooter) -> Result<(), IndexError> {
        for located in content(footer) {
            let place = &located.place;
            let facts = self.facts(place.document)?;
            if facts.deleted.is_some() {
                continue;
            }
            facts.last = facts.last.max(place.last);
            facts.changed = place.time;
            facts.bytes = facts.bytes.saturating_add(place.bytes);
            self.put(Change::Place(located))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<String>, RebuildError> {
        for (id, facts) in std::mem::take(&mut self.facts) {
            self.put(Change::Facts(id, facts))?;
        }
        self.index.apply(self.changes)?;
        Ok(self.problems)
    }

    fn facts(&mut self, id: DocumentId) -> Result<&mut Facts, IndexError> {
        if !self.facts.contains_key(&id) {
            let known = self.index.facts(id)?.unwrap_or_else(Facts::of_unknown);
            self.facts.insert(id, known);
        }
        Ok(self.facts.get_mut(&id).expect("it was just put there"))
    }

    fn put(&mut self, change: Change) -> Result<(), IndexError> {
        self.changes.push(change);
        if self.changes.len() >= CHANGES_AT_ONCE {
            self.index.apply(std::mem::take(&mut self.changes))?;
        }
        Ok(())
    }
}

impl Facts {
    /// A document of which no record was seen yet.
    fn of_unknown() -> Self {
        Self {
            name: None,
            created: Timestamp(0),
            changed: Timestamp(0),
            last: Seq(0),
            bytes: 0,
            deleted: None,
        }
    }
}
