//! Which documents there are: names, lives, counters, small records. A table in memory.
//!
//! Decides nothing about disks: engines ask whether a change is allowed, note it here in the order
//! of the calls and keep the bytes elsewhere; recovery notes the same changes in the order of the
//! journal and so arrives at the same table.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    few::Few,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        DocumentInfo, Record, StoreError,
        archive::{SegmentKind, SegmentPlace},
        payload::Change,
    },
};

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// What is kept under [`DocumentId::STORE`]: small records, in no list.
    own: Life,
    lives: HashMap<DocumentId, Life>,
    names: BTreeMap<DocumentName, DocumentId>,
    ended: HashSet<DocumentId>,
    retired: HashMap<DocumentName, Arc<[u64]>>,
}

/// Why a change does not fit what is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    /// Entries up to this one are missing; a later record may tell that they were cut off.
    #[error("{1}")]
    Gap(Seq, String),
    /// Something before it must have been lost.
    #[error("{0}")]
    Lost(String),
}

/// A living document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// Its name; `None` when the record that gave it was lost.
    pub(crate) name: Option<DocumentName>,
    /// When it began.
    pub(crate) created: Timestamp,
    /// When its last entry was received.
    pub(crate) changed: Timestamp,
    /// The seq of the last entry.
    pub(crate) last: Seq,
    /// Bytes of all updates.
    pub(crate) bytes: u64,
    /// Small records.
    pub(crate) keyed: Few<Box<str>, Record>,
}

impl Catalog {
    /// The document of this name.
    pub(crate) fn find(&self, name: &DocumentName) -> Option<DocumentId> {
        self.names.get(name).copied()
    }

    /// A living document, or what the store keeps for itself.
    pub(crate) fn life(&self, id: DocumentId) -> Result<&Life, StoreError> {
        if id == DocumentId::STORE {
            return Ok(&self.own);
        }
        self.lives.get(&id).ok_or(StoreError::Missing)
    }

    /// Every living document.
    pub(crate) fn lives(&self) -> impl Iterator<Item = (DocumentId, &Life)> {
        self.lives.iter().map(|(id, life)| (*id, life))
    }

    /// Whether this life was ended.
    pub(crate) fn has_ended(&self, id: DocumentId) -> bool {
        self.ended.contains(&id)
    }

    /// All lives that were ended.
    pub(crate) fn ended(&self) -> &HashSet<DocumentId> {
        &self.ended
    }

    /// Client ids of earlier lives of this name.
    pub(crate) fn retired(&self, name: &DocumentName) -> Arc<[u64]> {
        self.retired.get(name).cloned().unwrap_or_default()
    }

    /// Whether the document may have this name now.
    pub(crate) fn check_name(&self, name: &DocumentName) -> Result<(), StoreError> {
        match self.find(name) {
            None => Ok(()),
            Some(_) => Err(StoreError::Conflict(format!("{name:?} is the name of a document"))),
        }
    }

    /// The small record of this key.
    pub(crate) fn record(&self, id: DocumentId, key: &str) -> Result<Option<Record>, StoreError> {
        Ok(self.life(id)?.keyed.get(key).cloned())
    }

    /// The small records whose keys start so.
    pub(crate) fn records(
        &self,
        id: DocumentId,
        prefix: &str,
    ) -> Result<Vec<(Box<str>, Record)>, StoreError> {
        let found = self.life(id)?.keyed.starting_at(prefix);
        Ok(found
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect())
    }

    /// The change that writes or removes a small record, if its revision is as expected.
    pub(crate) fn put_record(
        &self,
        id: DocumentId,
        key: &str,
        expected: u64,
        value: Option<Bytes>,
    ) -> Result<Change, StoreError> {
        let found = self.life(id)?.keyed.get(key).map_or(0, |record| record.revision);
        if found != expected {
            return Err(StoreError::Conflict(format!(
                "{key:?} is at revision {found}, not {expected}"
            )));
        }
        let revision = if value.is_some() { found + 1 } else { 0 };
        Ok(Change::Keyed { key: key.into(), revision, value })
    }

    /// Lines of the list of documents, as [`crate::storage::Store::list`].
    pub(crate) fn list(
        &self,
        prefix: &str,
        after: Option<&DocumentName>,
        limit: usize,
    ) -> Vec<DocumentInfo> {
        let start = match after {
            Some(after) if after.as_str() >= prefix => Bound::Excluded(after.as_str()),
            _ => Bound::Included(prefix),
        };
        self.names
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(name, _)| name.as_str().starts_with(prefix))
            .take(limit)
            .map(|(name, id)| {
                let life = &self.lives[id];
                DocumentInfo {
                    name: name.clone(),
                    id: *id,
                    created: life.created,
                    changed: life.changed,
                    last: life.last,
                    bytes: life.bytes,
                }
            })
            .collect()
    }

    /// Notes a change. Gives a sentence when it does not fit what is known: a record before it must
    /// have been lost. What can be noted is noted all the same.
    pub(crate) fn note(&mut self, id: DocumentId, seq: Seq, change: &Change) -> Result<(), Misfit> {
        self.note_at(id, Some(seq), change)
    }

    /// Notes a change that is not content and lies in an archive, apart from the entries around it.
    pub(crate) fn note_sealed(&mut self, id: DocumentId, change: &Change) -> Result<(), Misfit> {
        self.note_at(id, None, change)
    }

    fn note_at(&mut self, id: DocumentId, seq: Option<Seq>, change: &Change) -> Result<(), Misfit> {
        if id == DocumentId::STORE {
            return self.own.note_keyed(change);
        }
        if let Change::Create { name, time } = change {
            return self.begin(id, name, *time);
        }
        if self.ended.contains(&id) {
            return Err(Misfit::Lost(format!("a record follows the end of document {id}")));
        }
        let known = self.lives.contains_key(&id);
        let life = self.lives.entry(id).or_insert_with(Life::nameless);
        let before = life.last;
        let seq = seq.unwrap_or(before);
        let expected = match change {
            Change::Entry(_) => Seq(before.0 + 1),
            // A state may be of any moment; the entries up to it may be there or not.
            Change::Base(_) => seq,
            _ => before,
        };
        match change {
            Change::Entry(entry) | Change::Base(entry) => {
                if seq >= before {
                    life.changed = entry.time;
                }
                life.last = seq.max(before);
                life.bytes += entry.update.len() as u64;
            }
            Change::Keyed { .. } => life.note_keyed(change)?,
            Change::Delete { clients, .. } => self.end(id, clients),
            Change::Rename { name, .. } => self.name(id, name)?,
            Change::Version(_) | Change::Create { .. } => {}
        }
        if !known {
            return Err(Misfit::Lost(format!("the beginning of document {id} is lost")));
        }
        follows(before, expected, seq, matches!(change, Change::Entry(_)))
    }

    /// Notes a run of entries, or a state, that lies in an archive.
    pub(crate) fn note_segment(
        &mut self,
        id: DocumentId,
        place: &SegmentPlace,
    ) -> Result<(), Misfit> {
        let SegmentPlace { first, last, time: changed, bytes, .. } = *place;
        if self.ended.contains(&id) {
            return Ok(());
        }
        let known = self.lives.contains_key(&id);
        let life = self.lives.entry(id).or_insert_with(Life::nameless);
        let before = life.last;
        life.last = last.max(before);
        if last >= before {
            life.changed = changed;
        }
        life.bytes += bytes;
        if !known {
            return Err(Misfit::Lost(format!("the beginning of document {id} is lost")));
        }
        match place.kind {
            SegmentKind::Base => Ok(()),
            _ => follows(before, Seq(before.0 + 1), first, true),
        }
    }

    /// Notes that so many bytes of updates are not kept any more.
    pub(crate) fn note_dropped(&mut self, id: DocumentId, bytes: u64) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.bytes = life.bytes.saturating_sub(bytes);
        }
    }

    /// Notes that entries after this one do not exist after all.
    pub(crate) fn cut(&mut self, id: DocumentId, last: Seq) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.last = life.last.min(last);
        }
    }

    /// Notes that something of a document existed although its records cannot be read, and the name
    /// if at least that was saved.
    pub(crate) fn note_lost(&mut self, id: DocumentId, name: Option<&DocumentName>) {
        if self.ended.contains(&id) || id == DocumentId::STORE {
            return;
        }
        let life = self.lives.entry(id).or_insert_with(Life::nameless);
        if let Some(name) = name
            && life.name.is_none()
            && !self.names.contains_key(name)
        {
            life.name = Some(name.clone());
            self.names.insert(name.clone(), id);
        }
    }

    fn begin(
        &mut self,
        id: DocumentId,
        name: &DocumentName,
        time: Timestamp,
    ) -> Result<(), Misfit> {
        if self.lives.contains_key(&id) || self.ended.contains(&id) {
            return Err(Misfit::Lost(format!("document {id} begins twice")));
        }
        self.lives.insert(id, Life { created: time, changed: time, ..Life::nameless() });
        self.name(id, name)
    }

    fn name(&mut self, id: DocumentId, name: &DocumentName) -> Result<(), Misfit> {
        if let Some(holder) = self.names.get(name) {
            let reason = format!("the name {name:?} was still that of document {holder}");
            return Err(Misfit::Lost(reason));
        }
        let life = self.lives.get_mut(&id).expect("the caller looked it up");
        if let Some(old) = life.name.replace(name.clone()) {
            self.names.remove(&old);
        }
        self.names.insert(name.clone(), id);
        Ok(())
    }

    fn end(&mut self, id: DocumentId, clients: &[u64]) {
        self.ended.insert(id);
        let Some(name) = self.lives.remove(&id).and_then(|life| life.name) else { return };
        self.names.remove(&name);
        let mut all = self.retired(&name).to_vec();
        all.extend_from_slice(clients);
        all.sort_unstable();
        all.dedup();
        if !all.is_empty() {
            self.retired.insert(name, all.into());
        }
    }
}

/// Whether what was found, an entry or a record behind it, is what was to come next.
fn follows(before: Seq, expected: Seq, found: Seq, is_entry: bool) -> Result<(), Misfit> {
    let reason = || format!("entry {before} was the last and {found} was found next");
    match found.cmp(&expected) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Misfit::Gap(Seq(found.0 - u64::from(is_entry)), reason())),
        Ordering::Less => Err(Misfit::Lost(reason())),
    }
}

impl Life {
    fn nameless() -> Self {
        Self::default()
    }

    /// Notes a small record.
    fn note_keyed(&mut self, change: &Change) -> Result<(), Misfit> {
        match change {
            Change::Keyed { key, revision, value: Some(value) } => {
                let record = Record { revision: *revision, value: value.clone() };
                self.keyed.insert(key.clone(), record);
            }
            Change::Keyed { key, value: None, .. } => {
                self.keyed.remove(key);
            }
            _ => {
                let why = "the store itself has small records and nothing else";
                return Err(Misfit::Lost(why.to_owned()));
            }
        }
        Ok(())
    }
}
