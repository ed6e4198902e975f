//! Reading a journal file from end to end: its records, what is torn and what is damaged.
//!
//! A later commit is written only after the sync of the one before returned. So a bad record with a
//! later commit behind it was sound once: that is damage. A last commit that is not whole may be one
//! that was being written when the power went: that is a torn tail, and nobody was told that any of
//! it was saved. Plain functions over the file's bytes.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;

use crate::{
    ids::{DocumentId, DocumentName},
    storage::{
        journal::{self, Header, Place, Roll, START},
        payload,
        record::{self, ALIGN, FileKey, HEAD, Head, ROLL, Record},
    },
};

/// What a journal file holds.
#[derive(Debug)]
pub(crate) struct Scan {
    /// The header, unless both copies are damaged.
    pub(crate) header: Option<Header>,
    /// Records and damage, in the order of the file.
    pub(crate) items: Vec<Item>,
    /// Where the sound part ends; the file is to be cut here if it is the newest.
    pub(crate) end: u64,
    /// The number that the next commit must have.
    pub(crate) next_commit: u64,
    /// The first commit of the next file, unless damage at this one's end hides it.
    pub(crate) promise: Option<u64>,
    /// Bytes of an unfinished last commit behind `end`.
    pub(crate) torn: u64,
    /// Whether the file was finished: it ends with its roll.
    pub(crate) finished: bool,
    /// How many records of each document a finished file has, and its last seq.
    pub(crate) roll: Option<Roll>,
}

/// One thing found.
#[derive(Debug)]
pub(crate) enum Item {
    /// A sound record.
    Record(Place, Record),
    /// Bytes that should be records and are not.
    Damage(Damage),
}

/// A damaged stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The journal file's number.
    pub(crate) file: u64,
    /// Where it begins.
    pub(crate) offset: u64,
    /// How long it is; 0 when something is missing there.
    pub(crate) bytes: u64,
    /// Documents that lost something, with their names where a create or rename record still says.
    pub(crate) documents: Vec<(DocumentId, Option<DocumentName>)>,
    /// Whether these are all of them.
    pub(crate) complete: bool,
}

/// Scans a file's bytes. `newest` says that no later file exists; `expected` is the commit that the
/// file before promises, if one is known.
pub(crate) fn scan(number: u64, bytes: &Bytes, newest: bool, expected: Option<u64>) -> Scan {
    let Some(header) = journal::header(bytes, number) else {
        return headless(number, bytes, newest, expected);
    };
    let mut scanner = Scanner { key: header.key, bytes, parts: Vec::new() };
    scanner.run();
    let parts = scanner.parts;
    let end = if newest { sound_end(&parts, header.first_commit) } else { bytes.len() as u64 };
    let whole = Whole { header, bytes, newest, end };
    let mut scan = whole.collect(parts);
    if expected.is_some_and(|expected| expected != header.first_commit) {
        let gap = Damage { bytes: 0, ..unattributed(number, START, 0) };
        scan.items.insert(0, Item::Damage(gap));
    }
    scan
}

/// A file whose header cannot be read. If it is the newest and holds nothing that looks like a
/// record, the power went while it was made and nothing is lost.
fn headless(number: u64, bytes: &Bytes, newest: bool, expected: Option<u64>) -> Scan {
    let unborn = newest && !bytes.chunks(ALIGN).any(record::looks_like_head);
    let damage = unattributed(number, 0, bytes.len() as u64);
    Scan {
        header: None,
        items: if unborn { Vec::new() } else { vec![Item::Damage(damage)] },
        end: 0,
        next_commit: expected.unwrap_or(1),
        promise: if unborn { expected } else { None },
        torn: if unborn { bytes.len() as u64 } else { 0 },
        finished: false,
        roll: None,
    }
}

fn unattributed(file: u64, offset: u64, bytes: u64) -> Damage {
    Damage { file, offset, bytes, documents: Vec::new(), complete: false }
}

/// A piece of the file: a sound record or a stretch of something else.
#[derive(Clone, Copy, Debug)]
enum Part {
    Sound { offset: u64, head: Head },
    Bad { offset: u64, end: u64 },
}

struct Scanner<'a> {
    key: FileKey,
    bytes: &'a Bytes,
    parts: Vec<Part>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let length = self.bytes.len() as u64;
        let mut offset = START.min(length);
        let mut bad = None;
        while offset < length {
            if let Some(head) = self.sound(offset) {
                if let Some(start) = bad.take() {
                    self.parts.push(Part::Bad { offset: start, end: offset });
                }
                self.parts.push(Part::Sound { offset, head });
                offset += head.frame() as u64;
                continue;
            }
            if bad.is_none() && self.is_blank(offset) {
                return;
            }
            bad.get_or_insert(offset);
            offset += ALIGN as u64;
        }
        if let Some(start) = bad {
            self.parts.push(Part::Bad { offset: start, end: length });
        }
    }

    fn sound(&self, offset: u64) -> Option<Head> {
        let head = record::head_at(self.key, self.bytes, 0, offset)?;
        record::is_whole(self.key, self.bytes, 0, offset, &head).then_some(head)
    }

    /// Whether only reserved space follows.
    fn is_blank(&self, offset: u64) -> bool {
        let from = usize::try_from(offset).expect("within the file's bytes");
        self.bytes[from..].chunks(4096).all(|chunk| chunk.iter().all(|byte| *byte == 0))
    }
}

/// Where the newest file's last whole commit ends, so that all behind it is torn.
fn sound_end(parts: &[Part], first_commit: u64) -> u64 {
    let sound = |part: &Part| match part {
        Part::Sound { offset, head } => Some((*offset, *head)),
        Part::Bad { .. } => None,
    };
    let Some(newest) = parts.iter().filter_map(sound).map(|(_, head)| head.commit).max() else {
        return START;
    };
    let of_newest = |part: &Part| sound(part).is_some_and(|(_, head)| head.commit == newest);
    let begin = parts.iter().position(of_newest).expect("its commit was found");
    let end = parts.iter().rposition(of_newest).expect("its commit was found");
    let (start, first) = sound(&parts[begin]).expect("a sound part was found");
    let (last_start, last) = sound(&parts[end]).expect("a sound part was found");
    if first.first && last.last && parts[begin..=end].iter().all(of_newest) {
        return last_start + last.frame() as u64;
    }
    if first.first {
        return start;
    }
    // Its beginning is in the bad stretch before. If the commit before it is whole, so is the
    // stretch the newest commit's alone.
    let before = begin.checked_sub(2).and_then(|index| sound(&parts[index]));
    let alone = match before {
        Some((_, head)) => head.last && head.commit + 1 == newest,
        None => begin <= 1 && newest == first_commit,
    };
    match (alone, parts.get(begin.wrapping_sub(1))) {
        (true, Some(Part::Bad { offset, .. })) => *offset,
        _ => start,
    }
}

/// A file with a header, and how much of it counts.
struct Whole<'a> {
    header: Header,
    bytes: &'a Bytes,
    newest: bool,
    end: u64,
}

impl Whole<'_> {
    fn collect(&self, parts: Vec<Part>) -> Scan {
        let number = self.header.key.number;
        let mut scan = Scan {
            header: Some(self.header),
            items: Vec::with_capacity(parts.len()),
            end: START.max(self.end.min(self.bytes.len() as u64)),
            next_commit: self.header.first_commit,
            promise: None,
            torn: 0,
            finished: false,
            roll: None,
        };
        let (mut open, mut after_damage) = (false, false);
        for part in parts {
            match part {
                Part::Sound { offset, head } if offset >= self.end => {
                    scan.torn += head.frame() as u64;
                }
                Part::Bad { offset, end } if offset >= self.end => scan.torn += end - offset,
                Part::Bad { offset, end } => {
                    scan.items.push(Item::Damage(self.attribute(offset, end)));
                    after_damage = true;
                }
                Part::Sound { offset, head } => {
                    let follows = head.first != open && head.commit == scan.next_commit;
                    if !follows && !after_damage {
                        scan.items.push(Item::Damage(unattributed(number, offset, 0)));
                    }
                    (open, after_damage) = (!head.last, false);
                    scan.next_commit = head.commit + u64::from(head.last);
                    let payload = self.payload(offset, &head);
                    scan.finished = head.kind == ROLL;
                    if head.kind == ROLL {
                        scan.roll = Some(journal::read_roll(&payload));
                    } else if let Some(record) = head.record(payload) {
                        let bytes = u32::try_from(head.frame()).expect("payloads are bounded");
                        let place = Place { file: number, offset, bytes };
                        scan.items.push(Item::Record(place, record));
                    } else {
                        scan.items.push(Item::Damage(self.attribute(offset, offset)));
                    }
                }
            }
        }
        // Where damage reaches the end of a file that another follows, more may have stood behind it.
        let ends_open = if after_damage { scan.roll.is_none() } else { open };
        if ends_open && !self.newest {
            let at = self.bytes.len() as u64;
            scan.items.push(Item::Damage(unattributed(number, at, 0)));
        }
        // A commit that damage left without its end has had its number.
        scan.next_commit += u64::from(open);
        scan.promise = (!after_damage).then_some(scan.next_commit);
        if let Some(roll) = &scan.roll {
            call(&mut scan.items, roll);
        }
        scan
    }

    fn payload(&self, offset: u64, head: &Head) -> Bytes {
        let start = usize::try_from(offset).expect("within the file's bytes") + HEAD;
        self.bytes.slice(start..start + head.length as usize)
    }

    /// Finds out whose records a bad stretch held, from the heads and trailers left in it.
    fn attribute(&self, offset: u64, end: u64) -> Damage {
        let mut damage =
            Damage { complete: true, ..unattributed(self.header.key.number, offset, end - offset) };
        let key = self.header.key;
        let (mut at, mut known_to) = (offset, offset);
        while at < end {
            if let Some(head) = record::head_at(key, self.bytes, 0, at) {
                damage.complete &= at == known_to;
                known_to = (at + head.frame() as u64).min(end);
                damage.documents.push((head.document, self.name_in(at, known_to)));
                at = known_to;
            } else if let Some(trailer) = record::trailer_at(key, self.bytes, 0, at) {
                damage.complete &= trailer.start == known_to;
                at += (record::frame_bytes(0) - HEAD) as u64;
                known_to = at;
                damage.documents.push((trailer.document, self.name_in(trailer.start, at)));
            } else {
                at += ALIGN as u64;
            }
        }
        damage.complete &= known_to >= end;
        // A roll's own record concerns nobody.
        damage.documents.retain(|(id, _)| *id != DocumentId::from_bytes([0; 16]));
        damage
    }

    fn name_in(&self, start: u64, end: u64) -> Option<DocumentName> {
        let start = usize::try_from(start).ok()?.checked_add(HEAD)?;
        payload::salvage_name(self.bytes.get(start..usize::try_from(end).ok()?)?)
    }
}

/// Compares what was found with the roll at the file's end, which settles whom damage concerns.
fn call(items: &mut [Item], roll: &Roll) {
    let mut found: HashMap<DocumentId, u32> = HashMap::new();
    for item in items.iter() {
        if let Item::Record(_, record) = item {
            *found.entry(record.document).or_default() += 1;
        }
    }
    let missing: BTreeSet<DocumentId> = roll
        .iter()
        .filter(|(id, (count, _))| found.get(id) != Some(count))
        .map(|(id, _)| *id)
        .collect();
    let mut told: BTreeSet<DocumentId> = BTreeSet::new();
    let mut first = None;
    for (index, item) in items.iter_mut().enumerate() {
        if let Item::Damage(damage) = item {
            damage.documents.retain(|(id, _)| missing.contains(id));
            damage.complete = true;
            told.extend(damage.documents.iter().map(|(id, _)| *id));
            first.get_or_insert(index);
        }
    }
    if let Some(Item::Damage(damage)) = first.map(|index| &mut items[index]) {
        let untold = missing.difference(&told).map(|id| (*id, None));
        damage.documents.extend(untold);
    }
}
