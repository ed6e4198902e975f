//! One document of a damaged store: which of its entries can be used, and what stands for the others.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use bytes::Bytes;

use super::{Names, Outcome};
use crate::{
    clock::Timestamp,
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        Entry, Kept, StoredEntry,
        afresh::Afresh,
        archive::ArchiveError,
        cut,
        gather::{Content, Gathered, Piece},
        insight::Insight,
        payload::{Authors, Change},
        record::Record,
    },
};

/// An update that changes nothing.
const NOTHING: &[u8] = &[0, 0];

/// What is to be written of a document.
pub(super) struct Plan {
    name: (DocumentName, bool),
    /// When the first entry that is left was received.
    since: Timestamp,
    /// What is kept of a past that was cut.
    kept: Kept,
    /// The last seq that anything says of it.
    last: Seq,
    /// Entries that can be used.
    used: Vec<RangeInclusive<u64>>,
    lost: Vec<RangeInclusive<u64>>,
    unusable: Vec<RangeInclusive<u64>>,
    lost_states: Vec<Seq>,
}

impl Plan {
    /// Reads all that is left of it, and tries every entry in turn.
    pub(super) fn of(
        content: &Content,
        past: Option<Kept>,
        name: (DocumentName, bool),
        gathered: &mut Gathered<'_>,
        insight: &dyn Insight,
        flaws: &mut Vec<String>,
    ) -> Self {
        let entries = read(&content.entries, gathered, flaws);
        let states = read(&content.bases, gathered, flaws);
        let pieces = content.entries.iter().chain(&content.bases);
        let last = pieces.map(|piece| piece.last).max().unwrap_or_default().max(content.told);
        let wanted = past.unwrap_or_default();
        let kept = what_is_kept(&wanted, &entries, &states);
        let mut plan = Self {
            name,
            since: entries.values().next().map_or(Timestamp(0), |stored| stored.entry.time),
            last,
            used: Vec::new(),
            lost: Vec::new(),
            unusable: Vec::new(),
            lost_states: wanted.moments.iter().copied().filter(|it| !kept.has_state(*it)).collect(),
            kept,
        };
        let mut made = insight.document();
        if let Some(state) = states.get(&plan.kept.floor.0)
            && made.add(&state.entry.update).is_err()
        {
            plan.lost_states.push(plan.kept.floor);
            plan.kept = Kept::default();
        }
        for seq in plan.kept.floor.0 + 1..=last.0 {
            let list = match entries.get(&seq).map(|stored| made.add(&stored.entry.update)) {
                Some(Ok(())) => &mut plan.used,
                Some(Err(_)) => &mut plan.unusable,
                None => &mut plan.lost,
            };
            extend(list, seq);
        }
        plan
    }

    /// Whether nothing is left of it although there was something.
    pub(super) fn is_gone(&self) -> bool {
        let was = self.last > Seq(0) || self.name.1;
        self.used.is_empty() && !self.kept.is_cut() && was
    }

    /// The record that begins it, where its own is lost.
    pub(super) fn create(&self, id: DocumentId) -> Record {
        let (name, time) = (self.name.0.clone(), self.since);
        Change::Create { name, time }.record(id, Seq(0))
    }

    /// The record that says where its past begins.
    pub(super) fn past(&self, id: DocumentId) -> Option<Record> {
        let value = Some(self.kept.written());
        let change = Change::Keyed { key: cut::KEY.into(), revision: 1, value };
        self.kept.is_cut().then(|| change.record(id, self.last))
    }

    /// Writes states and entries.
    pub(super) fn write(
        &self,
        id: DocumentId,
        content: &Content,
        gathered: &mut Gathered<'_>,
        afresh: &mut Afresh<'_>,
    ) -> Result<(), ArchiveError> {
        if self.is_gone() {
            return Ok(());
        }
        let mut unread = Vec::new();
        let states = read(&content.bases, gathered, &mut unread);
        for (seq, stored) in states.into_iter().filter(|(seq, _)| self.kept.has_state(Seq(*seq))) {
            afresh.push(Change::Base(stored.entry).record(id, Seq(seq)))?;
        }
        let mut entries = read(&content.entries, gathered, &mut unread);
        let mut time = self.since;
        for seq in self.kept.floor.0 + 1..=self.last.0 {
            let at = self.used.partition_point(|range| *range.end() < seq);
            let used = self.used.get(at).is_some_and(|range| range.contains(&seq));
            let entry = entries.remove(&seq).filter(|_| used).map(|stored| stored.entry);
            let entry = entry.unwrap_or_else(|| nothing(time));
            time = entry.time;
            afresh.push(Change::Entry(entry).record(id, Seq(seq)))?;
        }
        Ok(())
    }

    /// What became of it. `doubt` says that a server would set it aside, and whether that may be for
    /// something of which nobody knows whose it was.
    pub(super) fn told(self, id: DocumentId, names: &Names, doubt: Option<bool>) -> Outcome {
        let gone = self.is_gone();
        let (name, named_anew) = self.name;
        Outcome {
            id,
            name,
            named_anew: named_anew && !names.ended.contains(&id),
            kept: self.used.iter().map(|range| range.end() - range.start() + 1).sum(),
            // Damage that hit it and cost no entry may have cost something smaller.
            doubtful: doubt
                .is_some_and(|unknown| unknown || self.lost.is_empty() && self.unusable.is_empty()),
            lost: self.lost,
            unusable: self.unusable,
            lost_states: self.lost_states,
            gone,
        }
    }
}

/// What stands for an entry that cannot be used.
fn nothing(time: Timestamp) -> Entry {
    let author = Author {
        kind: AuthorKind::Server,
        user: "".into(),
        name: "lost edit".into(),
        connection: 0,
    };
    Entry { time, author: Arc::new(author), update: Bytes::from_static(NOTHING) }
}

/// Reads what can be read, by seqs. Of what is there twice, the first that is sound.
fn read(
    pieces: &[Piece],
    gathered: &mut Gathered<'_>,
    flaws: &mut Vec<String>,
) -> BTreeMap<u64, StoredEntry> {
    let (mut found, mut authors) = (BTreeMap::new(), Authors::default());
    for piece in pieces {
        let all = piece.first.0..=piece.last.0;
        if all.clone().all(|seq| found.contains_key(&seq)) {
            continue;
        }
        match gathered.entries(piece, &mut authors) {
            Ok(entries) => {
                for stored in entries.into_iter().filter(|stored| all.contains(&stored.seq.0)) {
                    found.entry(stored.seq.0).or_insert(stored);
                }
            }
            Err(reason) => flaws.push(reason),
        }
    }
    found
}

/// What of a past that was cut can be kept: its states are there. Where the record that says so is lost,
/// a state right before the first entry says it.
fn what_is_kept(
    wanted: &Kept,
    entries: &BTreeMap<u64, StoredEntry>,
    states: &BTreeMap<u64, StoredEntry>,
) -> Kept {
    let there = |seq: &Seq| states.contains_key(&seq.0);
    if wanted.is_cut() && there(&wanted.floor) {
        let moments = wanted.moments.iter().copied().filter(there).collect();
        return Kept { floor: wanted.floor, moments };
    }
    let first = entries.keys().next().copied().unwrap_or(u64::MAX);
    let before = states.keys().copied().filter(|seq| *seq > 1 && *seq < first).max();
    match before.filter(|seq| first == u64::MAX || seq + 1 == first) {
        Some(floor) => Kept { floor: Seq(floor), moments: Vec::new() },
        None => Kept::default(),
    }
}

fn extend(ranges: &mut Vec<RangeInclusive<u64>>, seq: u64) {
    match ranges.last_mut() {
        Some(last) if last.end() + 1 == seq => *last = *last.start()..=seq,
        _ => ranges.push(seq..=seq),
    }
}
