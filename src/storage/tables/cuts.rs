//! What the tables know of pasts whose beginning was cut off: what is kept of them, where the states
//! lie, and which archives still hold what was cut.

use std::collections::HashMap;

use super::{Sealed, Tables};
use crate::{
    ids::{DocumentId, Seq},
    storage::{
        archive::SegmentKind,
        catalog::Life,
        cut::{self, Kept},
        journal::Place,
        leaving::{CutDocument, Leaving},
        record,
    },
};

/// Where a single record lies.
#[derive(Clone, Debug)]
pub(crate) enum Where {
    /// In a journal file.
    Fresh(Place),
    /// In an archive.
    Sealed(Sealed),
}

impl Where {
    /// The first journal file of the archive it lies in, if it is in one.
    fn archive(&self) -> Option<u64> {
        match self {
            Self::Fresh(_) => None,
            Self::Sealed(sealed) => Some(*sealed.archive.start()),
        }
    }
}

impl Tables {
    /// What is durably kept of a document's past.
    pub(crate) fn kept(&self, id: DocumentId) -> Kept {
        self.cuts.get(&id).cloned().unwrap_or_default()
    }

    /// Where the state of a moment lies.
    pub(crate) fn base(&self, id: DocumentId, seq: Seq) -> Option<Where> {
        let bases = self.bases.get(&id)?;
        bases.iter().find(|(at, _)| *at == seq).map(|(_, place)| place.clone())
    }

    /// Notes where a state lies that became durable, in place of where it lay before.
    pub(crate) fn place_base(&mut self, id: DocumentId, seq: Seq, place: Where) {
        if self.catalog.has_ended(id) {
            return;
        }
        let bases = self.bases.entry(id).or_default();
        bases.retain(|(at, _)| *at != seq);
        bases.push((seq, place));
    }

    /// Notes that a cut became durable.
    pub(crate) fn cut(&mut self, id: DocumentId, kept: Kept) {
        if !self.catalog.has_ended(id) {
            self.cuts.insert(id, kept);
            self.prune(id);
        }
    }

    /// Ends the reading of a store: looks which pasts were cut, and whether what is missing is missing
    /// for that reason.
    pub(super) fn settle_cuts(&mut self) {
        let records = self.catalog.lives().filter_map(|(id, life)| {
            life.keyed.get(cut::KEY).map(|record| (id, Kept::read(record)))
        });
        for (id, kept) in records.collect::<Vec<_>>() {
            match kept.filter(|kept| self.base(id, kept.floor).is_some()) {
                Some(kept) => self.cut(id, kept),
                None => self.quarantine(id, "the state that stands for its beginning is missing"),
            }
        }
        for (id, (upto, reason)) in std::mem::take(&mut self.gaps) {
            if self.cuts.get(&id).is_none_or(|kept| kept.floor < upto) {
                self.quarantine(id, &reason);
            }
        }
    }

    /// Lets go of the places of what was cut off, and notes which archives still hold some of it.
    pub(super) fn prune(&mut self, id: DocumentId) {
        let Some(kept) = self.cuts.get(&id) else { return };
        let (mut dead, mut bytes) = (Vec::new(), 0);
        if let Some(contents) = self.contents.get_mut(&id) {
            let (old, fresh) = std::mem::take(&mut contents.fresh)
                .into_iter()
                .partition::<Vec<_>, _>(|(seq, _)| *seq <= kept.floor);
            contents.fresh = fresh;
            self.stale_journal |= !old.is_empty();
            // Not to the byte: how large the updates were is told by the records alone.
            bytes = old
                .iter()
                .map(|(_, place)| u64::from(place.bytes).saturating_sub(record::OVERHEAD as u64))
                .sum();
            let (old, sealed) = std::mem::take(&mut contents.sealed)
                .into_iter()
                .partition::<Vec<_>, _>(|sealed| sealed.place.last <= kept.floor);
            contents.sealed = sealed;
            let partly = contents.sealed.iter().filter(|it| it.place.first <= kept.floor);
            self.stale.extend(partly.map(|sealed| *sealed.archive.start()));
            dead = old;
        }
        if let Some(bases) = self.bases.get_mut(&id) {
            let old = bases.iter().filter(|(seq, _)| !kept.has_state(*seq));
            self.stale.extend(old.filter_map(|(_, place)| place.archive()));
            bases.retain(|(seq, _)| kept.has_state(*seq));
        }
        for Sealed { archive, place } in dead {
            bytes += place.bytes;
            self.stale.insert(*archive.start());
            self.bury(&archive, &place);
        }
        self.catalog.note_dropped(id, bytes);
    }

    /// The documents whose past was cut, and where that begins.
    pub(crate) fn floors(&self) -> Vec<(DocumentId, Seq)> {
        self.cuts.iter().map(|(id, kept)| (*id, kept.floor)).collect()
    }

    /// Whether something that was cut is still in an archive that can be rewritten.
    pub(crate) fn has_stale(&self) -> bool {
        self.stale.iter().any(|start| self.archives.get(start).is_some_and(|info| info.sound))
    }

    /// What rewriting may leave out now: only what is durably cut.
    pub(crate) fn leaving_cuts(&self) -> Leaving {
        let document = |(id, kept): (&DocumentId, &Kept)| {
            let keyed = self.catalog.life(*id).ok().filter(|_| !self.is_pending(*id));
            let keyed = keyed.map(|life| life.keyed.clone());
            (*id, CutDocument { kept: kept.clone(), keyed })
        };
        let cuts: HashMap<_, _> = self.cuts.iter().map(document).collect();
        Leaving::nothing().with_cuts(cuts)
    }

    /// What merging may leave out now.
    pub(crate) fn leaving(&self) -> Leaving {
        self.leaving_cuts().with_ended(self.durably_ended())
    }

    /// What rewriting everything may leave out while nobody writes: also what is written beside documents and
    /// was replaced since. `from_the_first` says that no older archive stays.
    pub(crate) fn leaving_all(&self, from_the_first: bool) -> Leaving {
        let own = self.catalog.life(DocumentId::STORE).into_iter();
        let lives = self.catalog.lives().chain(own.map(|life| (DocumentId::STORE, life)));
        let document = |(id, life): (DocumentId, &Life)| {
            (id, CutDocument { kept: self.kept(id), keyed: Some(life.keyed.clone()) })
        };
        let leaving = Leaving::nothing().with_cuts(lives.map(document).collect());
        let leaving = leaving.with_ended(self.durably_ended());
        if from_the_first { leaving.with_removals() } else { leaving }
    }

    /// Notes the places in an archive of states that lay elsewhere.
    pub(super) fn reseal_bases(&mut self, archive: &crate::storage::archive::ArchiveFooter) {
        let states = archive.segments.iter().filter(|place| place.kind == SegmentKind::Base);
        for place in states {
            let sealed = Sealed { archive: archive.range.clone(), place: place.clone() };
            self.place_base(place.document, place.first, Where::Sealed(sealed));
        }
    }
}
