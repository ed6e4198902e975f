//! What is left out when archives are rewritten: content of documents that ended, and what retention
//! cut off. Decides record by record and, where it can, segment by segment; does no I/O.

use std::collections::{HashMap, HashSet};

use crate::{
    few::Few,
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
    /// Whether nothing older stays anywhere, so that nobody need say that it was removed.
    removals: bool,
}

/// A document whose beginning was cut off.
#[derive(Debug)]
pub(crate) struct CutDocument {
    /// What is kept.
    pub(crate) kept: Kept,
    /// The small records as they are now, if all of them are durable.
    pub(crate) keyed: Option<Few<Box<str>, storage::Record>>,
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
        Self { ended, ..Self::default() }
    }

    /// The content of these is, too.
    pub(crate) fn with_ended(self, ended: HashSet<DocumentId>) -> Self {
        Self { ended, ..self }
    }

    /// What was cut off of these documents is, too.
    pub(crate) fn with_cuts(self, cuts: HashMap<DocumentId, CutDocument>) -> Self {
        Self { cuts, ..self }
    }

    /// That small records were removed is, too: what held their values is rewritten with it.
    pub(crate) fn with_removals(self) -> Self {
        Self { removals: true, ..self }
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
                _ => cut.has_replaced(record, self.removals),
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
    /// removed is left out only with `removals`: an older value elsewhere must not come back.
    fn has_replaced(&self, record: &Record, removals: bool) -> bool {
        let Some(now) = &self.keyed else { return false };
        match Change::decode(record, &mut Authors::default()) {
            Ok(Change::Keyed { key, revision, value: Some(value) }) => {
                now.get(&key).is_none_or(|it| it.revision != revision || it.value != value)
            }
            Ok(Change::Keyed { value: None, .. }) => removals,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Timestamp,
        ids::Seq,
        storage::conformance::{entry, id},
    };

    /// The first document is kept from its ninth entry on, and as it was with its third.
    fn leaving(keyed: &[(&str, u64, &'static str)]) -> Leaving {
        let record = |(key, revision, value): &(&str, u64, &'static str)| {
            let value = value.as_bytes().into();
            ((*key).into(), storage::Record { revision: *revision, value })
        };
        let keyed = Some(keyed.iter().map(record).collect());
        let kept = Kept { floor: Seq(9), moments: vec![Seq(3)] };
        Leaving::nothing().with_cuts([(id(1), CutDocument { kept, keyed })].into())
    }

    fn drops(leaving: &Leaving, seq: u64, change: &Change) -> bool {
        assert!(!leaving.drops(&change.record(id(2), Seq(seq))), "another document");
        leaving.drops(&change.record(id(1), Seq(seq)))
    }

    #[test]
    fn of_content_what_is_before_the_cut_and_no_kept_state_is_left_out() {
        let leaving = leaving(&[]);
        let (written, base) = (Change::Entry(entry("x")), Change::Base(entry("x")));
        for (seq, entry, state) in
            [(1, true, true), (3, true, false), (9, true, false), (10, false, true)]
        {
            assert_eq!(drops(&leaving, seq, &written), entry, "entry {seq}");
            assert_eq!(drops(&leaving, seq, &base), state, "state {seq}");
        }
        let place = |kind, document, first, last| SegmentPlace {
            kind,
            document,
            first: Seq(first),
            last: Seq(last),
            count: 1,
            raw: 1,
            stored: 1,
            checksum: 0,
            time: Timestamp(0),
            bytes: 0,
            offset: 0,
        };
        let content = SegmentKind::Content;
        for (kind, first, last, share) in [
            (content, 1, 9, Share::All),
            (content, 8, 10, Share::Some),
            (content, 9, 10, Share::Some),
            (content, 10, 12, Share::Nothing),
            (SegmentKind::Base, 3, 3, Share::Nothing),
            (SegmentKind::Base, 9, 9, Share::Nothing),
            (SegmentKind::Base, 4, 4, Share::All),
        ] {
            assert_eq!(leaving.share(&place(kind, id(1), first, last)), share, "{first} to {last}");
            assert_eq!(leaving.share(&place(kind, id(2), first, last)), Share::Nothing);
        }
    }

    #[test]
    fn of_small_records_old_values_are_left_out_and_never_that_one_was_removed() {
        let leaving = leaving(&[("a", 2, "new"), ("c", 1, "other")]);
        let keyed = |key: &str, revision, value: Option<&'static str>| Change::Keyed {
            key: key.into(),
            revision,
            value: value.map(|value| value.as_bytes().into()),
        };
        for (key, revision, value, dropped) in [
            ("a", 1, Some("old"), true),
            ("a", 2, Some("new"), false),
            ("b", 1, Some("old"), true),
            ("b", 2, None, false),
            ("a", 1, None, false),
            ("c", 1, Some("of a branch that was lost"), true),
        ] {
            let found = drops(&leaving, 12, &keyed(key, revision, value));
            assert_eq!(found, dropped, "{key} {revision} {value:?}");
        }
        let Leaving { mut cuts, .. } = leaving;
        cuts.values_mut().for_each(|cut| cut.keyed = None);
        let unsure = Leaving::nothing().with_cuts(cuts);
        assert!(!drops(&unsure, 12, &keyed("a", 1, Some("old"))), "not all are durable");
    }
}
