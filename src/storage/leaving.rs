//! What is left out when archives are rewritten: content of documents that ended, and what retention
//! cut off. Decides record by record and, where it can, segment by segment; does no I/O.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    ids::DocumentId,
    storage::{
        self,
        archive::{SegmentKind, SegmentPlace},
        cut::Kept,
        payload::{Authors, Change},
        record::{Record, RecordKind},
    },
};

/// What is left out. Must be asked only for what is durable: whose end or cut a power loss takes back
/// would miss what was left out.
#[derive(Debug, Default)]
pub struct Leaving {
    ended: HashSet<DocumentId>,
    cuts: HashMap<DocumentId, CutDocument>,
}

/// A document whose beginning was cut off.
#[derive(Debug)]
pub(crate) struct CutDocument {
    /// What is kept.
    pub(crate) kept: Kept,
    /// The small records as they are now, if all of them are durable.
    pub(crate) keyed: Option<BTreeMap<Box<str>, storage::Record>>,
}

/// How much of a segment is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Nothing.
    Nothing,
    /// Some records.
    Some,
    /// All of it.
    All,
}

impl Leaving {
    /// Nothing is left out.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The content of these documents is.
    #[must_use]
    pub fn of_ended(ended: HashSet<DocumentId>) -> Self {
        Self { ended, cuts: HashMap::new() }
    }

    /// The content of these is, too.
    pub(crate) fn with_ended(self, ended: HashSet<DocumentId>) -> Self {
        Self { ended, ..self }
    }

    /// What was cut off of these documents is, too.
    pub(crate) fn with_cuts(self, cuts: HashMap<DocumentId, CutDocument>) -> Self {
        Self { cuts, ..self }
    }

    /// Whether a record is left out. When documents began, what they were called and that they ended
    /// always stays.
    #[must_use]
    pub fn drops(&self, record: &Record) -> bool {
        match record.kind {
            RecordKind::Create | RecordKind::Rename | RecordKind::Delete => false,
            _ if self.ended.contains(&record.document) => true,
            RecordKind::Version => false,
            kind => self.cuts.get(&record.document).is_some_and(|cut| match kind {
                RecordKind::Base => !cut.kept.has_state(record.seq),
                RecordKind::Entry => record.seq <= cut.kept.floor,
                _ => cut.has_replaced(record),
            }),
        }
    }

    /// How much of a segment of content is left out, as far as its place tells.
    pub(crate) fn share(&self, place: &SegmentPlace) -> Share {
        if self.ended.contains(&place.document) {
            return Share::All;
        }
        let Some(CutDocument { kept, .. }) = self.cuts.get(&place.document) else {
            return Share::Nothing;
        };
        match place.kind {
            SegmentKind::Base if kept.has_state(place.first) => Share::Nothing,
            SegmentKind::Base => Share::All,
            _ if place.last <= kept.floor => Share::All,
            _ if place.first > kept.floor => Share::Nothing,
            _ => Share::Some,
        }
    }
}

impl CutDocument {
    /// Whether a small record holds a value that another has taken the place of. That a record was
    /// removed is never left out: an older value elsewhere must not come back.
    fn has_replaced(&self, record: &Record) -> bool {
        let Some(now) = &self.keyed else { return false };
        match Change::decode(record, &mut Authors::default()) {
            Ok(Change::Keyed { key, revision, value: Some(value) }) => {
                now.get(&key).is_none_or(|it| it.revision != revision || it.value != value)
            }
            _ => false,
        }
    }
}
