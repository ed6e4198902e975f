//! What the local engine knows without reading entries: the catalogue, where every document's
//! entries lie, and what is damaged. Filled by recovery, kept by the engine, shared by readers.
//!
//! Holds no bytes of documents. Does no I/O. Costs memory for as long as the store is open: about half
//! a KiB per document with one run in an archive, about 100 bytes per further run, and 32 bytes per
//! entry in a journal file; a store of 100 000 small documents takes 51 MB and 0.11 s to open.

mod cuts;

pub(crate) use cuts::Where;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::RangeInclusive,
};

use crate::{
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        StoreError,
        archive::{ArchiveFooter, SegmentKind, SegmentPlace},
        catalog::{Catalog, Misfit},
        cut::Kept,
        journal::Place,
        payload::{Authors, Change},
        record::{self, FileKey, Record, RecordKind},
        scan::{Damage, Item},
        seal::ArchiveInfo,
    },
    telemetry::warnings::DamageFound,
};

/// Sentences kept about damage; more would tell nobody more.
const SENTENCES: usize = 100;

/// See the module.
#[derive(Default)]
pub(crate) struct Tables {
    /// Names, lives, small records.
    pub(crate) catalog: Catalog,
    /// The salts of the journal files that are there.
    pub(crate) keys: BTreeMap<u64, FileKey>,
    /// Journal files that must stay as they are because they are damaged.
    pub(crate) keep: HashSet<u64>,
    /// The archives that are there, by the first journal file they stand for.
    pub(crate) archives: BTreeMap<u64, ArchiveInfo>,
    /// Counts the archives that were written, some of them in place of one of the same name.
    pub(crate) rewritten: u64,
    contents: HashMap<DocumentId, Contents>,
    /// What is durably kept of pasts that were cut.
    cuts: HashMap<DocumentId, Kept>,
    /// Where states lie that stand for entries, in no order.
    bases: HashMap<DocumentId, Vec<(Seq, Where)>>,
    /// Entries that are missing up to a seq, unless they were cut off.
    gaps: HashMap<DocumentId, (Seq, String)>,
    /// Archives that still hold what was cut off, by the first journal file they stand for.
    stale: BTreeSet<u64>,
    /// Whether journal files hold some of it, too.
    pub(crate) stale_journal: bool,
    ending: HashSet<DocumentId>,
    damaged: HashMap<DocumentId, String>,
    lost_names: Option<String>,
    sentences: Vec<String>,
    unsaid: usize,
    suspects: Option<HashSet<DocumentId>>,
}

/// Where a document's entries lie, each list in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    /// Runs in archives.
    pub(crate) sealed: Vec<Sealed>,
    /// Single entries in journal files.
    pub(crate) fresh: Vec<(Seq, Place)>,
    /// Handed to the journal and not yet durable.
    pub(crate) pending: usize,
    /// For who reads from before it: the state that stands for all entries up to its seq.
    pub(crate) base: Option<(Seq, Where)>,
}

impl Contents {
    /// The seq of the last durable entry.
    fn last(&self) -> Seq {
        let sealed = self.sealed.last().map_or(Seq(0), |sealed| sealed.place.last);
        self.fresh.last().map_or(sealed, |(seq, _)| sealed.max(*seq))
    }
}

/// A run of entries in an archive.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    /// Which archive.
    pub(crate) archive: RangeInclusive<u64>,
    /// Where in it.
    pub(crate) place: SegmentPlace,
}

impl Tables {
    /// Where a document's entries after a seq lie, unless it is damaged or is none. Of those in the
    /// journal no more than it takes for about `max_bytes` of updates, and at least one.
    pub(crate) fn contents(
        &self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> Result<Contents, StoreError> {
        self.check(id)?;
        let floor = self.cuts.get(&id).map_or(Seq(0), |kept| kept.floor);
        let base = (after < floor).then(|| self.base(id, floor).map(|place| (floor, place)));
        let (base, after) = (base.flatten(), after.max(floor));
        let Some(contents) = self.contents.get(&id) else {
            return Ok(Contents { base, ..Contents::default() });
        };
        let later = |sealed: &&Sealed| sealed.place.last > after;
        let first = contents.fresh.partition_point(|(seq, _)| *seq <= after);
        let mut bytes = 0;
        let wanted = contents.fresh[first..].iter().take_while(|(_, place)| {
            let wanted = bytes < max_bytes || bytes == 0;
            // At least one, so that empty updates do not make a page endless.
            bytes += (place.bytes as usize).saturating_sub(record::OVERHEAD).max(1);
            wanted
        });
        Ok(Contents {
            sealed: contents.sealed.iter().filter(later).cloned().collect(),
            fresh: wanted.copied().collect(),
            pending: contents.pending,
            base,
        })
    }

    /// Room for how many places of entries is held for a document, and how many there are.
    #[cfg(test)]
    pub(crate) fn room(&self, id: DocumentId) -> (usize, usize) {
        let Contents { sealed, fresh, .. } = &self.contents[&id];
        (fresh.capacity() + sealed.capacity(), fresh.len() + sealed.len())
    }

    /// Whether anything of the document still waits for the journal.
    pub(crate) fn is_pending(&self, id: DocumentId) -> bool {
        self.contents.get(&id).is_some_and(|contents| contents.pending > 0)
    }

    /// Fails when the document is none or is damaged.
    pub(crate) fn check(&self, id: DocumentId) -> Result<(), StoreError> {
        self.catalog.life(id)?;
        match self.damaged.get(&id) {
            Some(reason) => Err(StoreError::Damaged(reason.clone())),
            None => Ok(()),
        }
    }

    /// The documents that are damaged, with their names as far as those are known, and why; in the
    /// order of their ids.
    pub(crate) fn set_aside(&self) -> Vec<(DocumentId, Option<DocumentName>, String)> {
        let one = |(id, reason): (&DocumentId, &String)| {
            let name = self.catalog.life(*id).ok().and_then(|life| life.name.clone());
            (*id, name, reason.clone())
        };
        let mut all: Vec<_> = self.damaged.iter().map(one).collect();
        all.sort_unstable_by_key(|(id, ..)| *id);
        all
    }

    /// The document of this name. When names may have been lost, nobody can say that a name was
    /// never given.
    pub(crate) fn find(&self, name: &DocumentName) -> Result<Option<DocumentId>, StoreError> {
        match (self.catalog.find(name), &self.lost_names) {
            (None, Some(reason)) => Err(StoreError::Damaged(reason.clone())),
            (found, _) => Ok(found),
        }
    }

    /// From now on an unknown name is a free one, whatever was lost.
    pub(crate) fn accept_lost_names(&mut self) {
        self.lost_names = None;
    }

    /// Sentences about all damage found.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut sentences = self.sentences.clone();
        if self.unsaid > 0 {
            sentences.push(format!("and {} more", self.unsaid));
        }
        sentences
    }

    /// Declares a document damaged.
    pub(crate) fn quarantine(&mut self, id: DocumentId, reason: &str) {
        if self.damaged.contains_key(&id) || self.catalog.has_ended(id) {
            return;
        }
        let name = self.catalog.life(id).ok().and_then(|life| life.name.clone());
        self.say(match name {
            Some(name) => format!("document {name:?} ({id}) is set aside: {reason}"),
            None => format!("document {id}, whose name is lost, is set aside: {reason}"),
        });
        self.damaged.insert(id, reason.to_owned());
    }

    /// Lets go of what only concerns documents that ended.
    pub(crate) fn forget(&mut self, id: DocumentId) {
        let contents = self.contents.remove(&id).unwrap_or_default();
        for sealed in contents.sealed {
            self.bury(&sealed.archive, &sealed.place);
        }
        self.damaged.remove(&id);
        self.cuts.remove(&id);
        self.bases.remove(&id);
        self.gaps.remove(&id);
    }

    /// Counts a segment that nobody will read any more.
    fn bury(&mut self, archive: &RangeInclusive<u64>, place: &SegmentPlace) {
        if let Some(info) = self.archives.get_mut(archive.start()) {
            info.dead += u64::from(place.stored);
        }
    }

    fn note_footer(&mut self, footer: &ArchiveFooter, sound: bool) {
        let range = footer.range.clone();
        let info = ArchiveInfo { range: range.clone(), bytes: footer.length, dead: 0, sound };
        self.archives.retain(|start, _| !range.contains(start));
        self.archives.insert(*range.start(), info);
        self.stale.retain(|start| !range.contains(start));
        self.rewritten += 1;
    }

    /// Notes that records were handed to the journal (`true`) or that their fate is known.
    pub(crate) fn pending(&mut self, id: DocumentId, waiting: bool) {
        if waiting {
            self.contents.entry(id).or_default().pending += 1;
        } else if let Some(contents) = self.contents.get_mut(&id) {
            contents.pending = contents.pending.saturating_sub(1);
        }
    }

    /// Notes that the end of a document was handed to the journal (`true`) or is durable.
    pub(crate) fn ending(&mut self, id: DocumentId, waiting: bool) {
        if waiting {
            self.ending.insert(id);
        } else {
            self.ending.remove(&id);
        }
    }

    /// The documents whose end is durable, so that their content may be left out of archives.
    pub(crate) fn durably_ended(&self) -> HashSet<DocumentId> {
        self.catalog.ended().difference(&self.ending).copied().collect()
    }

    /// Notes that entries did not become durable and never will: the last one is the last durable
    /// one, for those who go on reading.
    pub(crate) fn take_back(&mut self, id: DocumentId) {
        let durable = self.contents.get(&id).map_or(Seq(0), Contents::last);
        let floor = self.cuts.get(&id).map_or(Seq(0), |kept| kept.floor);
        self.catalog.cut(id, durable.max(floor));
    }

    /// Notes where an entry lies that became durable.
    pub(crate) fn place(&mut self, id: DocumentId, seq: Seq, place: Place) {
        if !self.catalog.has_ended(id) {
            self.contents.entry(id).or_default().fresh.push((seq, place));
        }
    }

    /// Notes what recovery found in a journal file.
    pub(crate) fn note_items(&mut self, items: Vec<Item>) {
        let mut authors = Authors::default();
        for item in items {
            match item {
                Item::Record(place, record) => self.note_record(place, &record, &mut authors),
                Item::Damage(damage) => self.note_damage(&damage),
            }
        }
    }

    fn note_record(&mut self, place: Place, record: &Record, authors: &mut Authors) {
        let id = record.document;
        let change = match Change::decode(record, authors) {
            Ok(change) => change.owned(),
            Err(error) => {
                self.catalog.note_lost(id, None);
                return self.quarantine(id, &error.to_string());
            }
        };
        match self.catalog.note(id, record.seq, &change) {
            Ok(()) => {
                if let Some(suspects) = &mut self.suspects
                    && record.kind.is_content()
                {
                    suspects.remove(&id);
                }
            }
            Err(misfit) => self.note_misfit(id, misfit),
        }
        if self.catalog.has_ended(id) {
            self.forget(id);
        } else if record.kind == RecordKind::Base {
            self.place_base(id, record.seq, Where::Fresh(place));
        } else if record.kind.is_content() {
            self.place(id, record.seq, place);
        }
    }

    fn note_misfit(&mut self, id: DocumentId, misfit: Misfit) {
        match misfit {
            Misfit::Gap(upto, reason) => {
                let gap = self.gaps.entry(id).or_insert((upto, reason));
                gap.0 = gap.0.max(upto);
            }
            Misfit::Lost(reason) => self.quarantine(id, &reason),
        }
    }

    /// Notes damage in a journal file or, without documents, in anything whose owners are unknown.
    pub(crate) fn note_damage(&mut self, damage: &Damage) {
        let Damage { file, offset, bytes, .. } = damage;
        let place = format!("{bytes} bytes at {offset} of journal file {file}");
        self.keep.insert(*file);
        for (id, name) in &damage.documents {
            self.catalog.note_lost(*id, name.as_ref());
            self.quarantine(*id, &format!("{place} are damaged"));
        }
        if damage.complete && damage.documents.is_empty() {
            self.say(format!("{place} are damaged, no document is concerned"));
        }
        if !damage.complete {
            self.note_unknown(&format!("{place} are damaged or missing"));
        }
    }

    /// Notes that records of unknown documents are lost. Whoever proves with a later entry that
    /// nothing of theirs is missing goes free; see [`Tables::convict`].
    pub(crate) fn note_unknown(&mut self, what: &str) {
        let reason = format!("{what}, and what they held is unknown");
        self.say(reason.clone());
        let reason = format!(
            "{reason}: this name may be that of a lost document; an operator can free such names by \
             accepting the loss"
        );
        self.suspects = Some(self.catalog.lives().map(|(id, _)| id).collect());
        self.lost_names.get_or_insert(reason);
    }

    /// Ends recovery: documents that may have lost their last entries are set aside. Those without a
    /// name are already, but from now on an unknown name may be one of theirs.
    pub(crate) fn convict(&mut self) {
        self.settle_cuts();
        for id in self.suspects.take().unwrap_or_default() {
            self.quarantine(id, "its last entries may be lost, as damage was found behind them");
        }
        if self.catalog.lives().any(|(_, life)| life.name.is_none()) {
            self.lost_names.get_or_insert_with(|| {
                "the name of a document was lost, and this may be the one; an operator can free such \
                 names by accepting the loss"
                    .into()
            });
        }
    }

    /// Notes what an archive holds: records that are not content, then runs of entries.
    pub(crate) fn note_archive(&mut self, meta: &[Record], footer: &ArchiveFooter, sound: bool) {
        self.note_footer(footer, sound);
        for record in meta {
            let noted = Change::decode(record, &mut Authors::default())
                .map_err(|error| Misfit::Lost(error.to_string()))
                .and_then(|change| self.catalog.note_sealed(record.document, &change.owned()));
            if let Err(misfit) = noted {
                self.catalog.note_lost(record.document, None);
                self.note_misfit(record.document, misfit);
            }
            if self.catalog.has_ended(record.document) {
                self.forget(record.document);
            }
        }
        for place in &footer.segments {
            let id = place.document;
            if !place.kind.is_content() {
                continue;
            }
            if self.catalog.has_ended(id) {
                self.bury(&footer.range, place);
                continue;
            }
            match self.catalog.note_segment(id, place) {
                Ok(()) => {
                    if let Some(suspects) = &mut self.suspects {
                        suspects.remove(&id);
                    }
                }
                Err(misfit) => self.note_misfit(id, misfit),
            }
            let sealed = Sealed { archive: footer.range.clone(), place: place.clone() };
            if place.kind == SegmentKind::Base {
                self.place_base(id, place.first, Where::Sealed(sealed));
                continue;
            }
            let contents = self.contents.entry(id).or_default();
            if contents.sealed.is_empty() {
                // Most documents have one run; room for four would be most of what they cost.
                contents.sealed.reserve_exact(1);
            }
            contents.sealed.push(sealed);
        }
    }

    /// Replaces the places of entries that lay in these journal files or archives by those in the
    /// archive that took them over.
    pub(crate) fn reseal(&mut self, footer: &ArchiveFooter) {
        let range = &footer.range;
        self.note_footer(footer, true);
        // Whoever had content there has some in the archive, has ended, or was cut. Looking through everybody
        // else would hold up acknowledgements in a store of many documents.
        let mut before = None;
        for place in footer.segments.iter().filter(|place| place.kind == SegmentKind::Content) {
            if before.replace(place.document) != Some(place.document)
                && let Some(contents) = self.contents.get_mut(&place.document)
            {
                contents.fresh.retain(|(_, place)| !range.contains(&place.file));
                contents.sealed.retain(|sealed| !range.contains(sealed.archive.start()));
            }
        }
        for place in &footer.segments {
            if place.kind == SegmentKind::Content && self.catalog.has_ended(place.document) {
                self.bury(range, place);
            } else if place.kind == SegmentKind::Content {
                let contents = self.contents.entry(place.document).or_default();
                let at = contents.sealed.partition_point(|other| other.place.last < place.first);
                let sealed = Sealed { archive: range.clone(), place: place.clone() };
                contents.sealed.insert(at, sealed);
            }
        }
        self.reseal_bases(footer);
        // A cut may have become durable while the archive was written.
        let mut documents: Vec<_> = footer.segments.iter().map(|place| place.document).collect();
        documents.dedup();
        for id in documents {
            self.prune(id);
            // Most documents are left alone from now on, and room for more would be most of what they cost.
            if let Some(contents) = self.contents.get_mut(&id) {
                contents.fresh.shrink_to_fit();
                contents.sealed.shrink_to_fit();
            }
        }
        self.keys.retain(|number, _| !range.contains(number));
    }

    /// Whether an archive stands for this journal file.
    pub(crate) fn is_sealed(&self, number: u64) -> bool {
        self.archives.values().any(|info| info.range.contains(&number))
    }

    /// Leaves archives as they are, because merging would hide damage that was found in them.
    pub(crate) fn keep_archives(&mut self, range: &RangeInclusive<u64>, reason: &str) {
        for info in self.archives.values_mut() {
            info.sound &= !range.contains(info.range.start());
        }
        self.say(format!("archives cannot be merged and stay as they are: {reason}"));
    }

    /// Leaves a journal file as it is, because sealing would hide damage that was found in it.
    pub(crate) fn keep_file(&mut self, number: u64) {
        if self.keep.insert(number) {
            self.say(format!("journal file {number} was damaged since it was written"));
        }
    }

    fn say(&mut self, sentence: String) {
        DamageFound { reason: &sentence }.note();
        if self.sentences.len() < SENTENCES {
            self.sentences.push(sentence);
        } else {
            self.unsaid += 1;
        }
    }
}
