//! Puts a backup back as the store was at an earlier moment: the past that it holds, cut there.
//!
//! A document has its entries up to the last one that was received by then, as its history shows it.
//! Names, the bin and other small records are those of then, as far as is known when they were
//! written: between two edits of a document that may be told only by what lies around them. A document
//! that loses something becomes a life of its own, so that pages which still hold what was cut do not
//! bring it back by themselves.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use super::{
    BackupError, Restored, files_of,
    manifest::Kept,
    restore::{check_empty, read, told},
};
use crate::{
    clock::{Clock, Timestamp},
    ids::{DocumentId, DocumentName, Seq},
    random::Random,
    storage::{
        afresh::Afresh,
        cut,
        disk::Disk,
        files::StoreFiles,
        format::FORMATS,
        gather::{Content, Gathered, Small},
        insight::Insight,
        local::take_lock,
        payload::{Authors, Change},
        reading::Directories,
        record::{Record, RecordKind},
    },
};

/// What was put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoredMoment {
    /// The backup.
    pub backup: Restored,
    /// Living documents.
    pub documents: usize,
    /// Those of them that lost later edits and are lives of their own now.
    pub cut: usize,
    /// Documents that are not as they were at the moment, with a reason each.
    pub missing: Vec<(String, String)>,
    /// What is damaged in the backup, a sentence each.
    pub damage: Vec<String>,
    /// Whether something is lost of which nobody knows whose it was, so that any document may lack
    /// its last edits, or be missing without being named.
    pub unknown: bool,
}

/// Whom to ask.
pub struct Asked<'a> {
    /// What updates and small records say.
    pub insight: &'a dyn Insight,
    /// For the ids of new lives.
    pub random: &'a dyn Random,
    /// For the lock.
    pub clock: &'a dyn Clock,
}

/// Verifies a backup and makes a store of it as it was at a moment, in a directory that is empty or not
/// there.
///
/// # Errors
/// When there is no backup, it is damaged, it was taken before the moment, the directory is not
/// empty, or a disk refuses.
pub fn restore_at(
    disk: &Arc<dyn Disk>,
    backup: &Path,
    into: &Path,
    at: Timestamp,
    asked: &Asked<'_>,
) -> Result<RestoredMoment, BackupError> {
    let manifest = read(&**disk, backup)?;
    if at > manifest.begun {
        let problem = "was taken before that moment, and may not have all that was saved by then; \
                       restore it without a moment, or take a newer backup";
        return Err(BackupError::unfit(backup, problem));
    }
    if manifest.store != FORMATS.number {
        let problem = "holds a store of an older format; restore it without a moment, start a server on \
                       it once, and take a backup of that";
        return Err(BackupError::unfit(backup, problem));
    }
    let directories = Directories::new(into);
    check_empty(&**disk, &directories)?;
    let copy = |kept: &Kept| Some((kept.file()?, files_of(backup).join(&kept.copy)));
    let [files, aside] =
        [&manifest.files, &manifest.aside].map(|it| it.iter().filter_map(copy).collect::<Vec<_>>());
    let mut gathered = Gathered::from(&**disk, &files, &aside)?;
    let list = files.into_iter().map(|(file, _)| file).collect();
    for range in (StoreFiles { list, newest: None }).missing() {
        let (first, last) = range.into_inner();
        gathered.flaws.push(format!("journal files {first} to {last} are missing"));
        gathered.unknown = true;
    }
    let mut plan = Plan { at, asked, lives: BTreeMap::new(), missing: Vec::new() };
    plan.look_at_all(&mut gathered);

    disk.create_dir(into).map_err(BackupError::disk("create", into))?;
    let _lock = take_lock(&**disk, into, asked.clock)?;
    let mut afresh = Afresh::begin(disk, &directories)?;
    plan.write(&mut gathered, &mut afresh)?;
    afresh.finish(asked.random)?;
    let lives = plan.lives.values().filter(|life| life.lives);
    Ok(RestoredMoment {
        backup: told(&manifest),
        documents: lives.clone().count(),
        cut: lives.filter(|life| life.renewed.is_some()).count(),
        missing: plan.missing,
        damage: gathered.flaws,
        unknown: gathered.unknown,
    })
}

/// What becomes of a document.
#[derive(Default)]
struct Life {
    name: Option<DocumentName>,
    created: Timestamp,
    /// Whether anything of it is kept: it had begun by then.
    began: bool,
    /// Whether it lives then.
    lives: bool,
    /// Where its past begins, by the newest word on it.
    floor: Seq,
    /// The last entry that stays.
    last: Seq,
    /// The life that goes on from there, if edits are cut off.
    renewed: Option<DocumentId>,
    /// The client ids that wrote what is cut off.
    clients: BTreeSet<u64>,
}

struct Plan<'a> {
    at: Timestamp,
    asked: &'a Asked<'a>,
    lives: BTreeMap<DocumentId, Life>,
    missing: Vec<(String, String)>,
}

impl Plan<'_> {
    fn look_at_all(&mut self, gathered: &mut Gathered<'_>) {
        let (mut ended, mut imports) = (HashMap::new(), HashSet::new());
        for Small { record, after } in &gathered.small {
            let life = self.lives.entry(record.document).or_default();
            match Change::decode(record, &mut Authors::default()) {
                Ok(Change::Create { name, time }) => {
                    life.name = Some(name);
                    life.created = time;
                    life.began = time <= self.at;
                    life.lives = life.began;
                    if *after > self.at {
                        imports.insert(record.document);
                    }
                }
                Ok(Change::Rename { name, time }) => {
                    // What was imported has an earlier time than it came to be here.
                    let imported = imports.remove(&record.document) && time > self.at;
                    if imported {
                        (life.began, life.lives) = (false, false);
                    } else if time <= self.at {
                        life.name = Some(name);
                    }
                }
                Ok(Change::Delete { time, .. }) => {
                    ended.insert(record.document, record.seq);
                    life.lives &= time > self.at;
                }
                Ok(Change::Keyed { key, value: Some(value), .. }) if *key == *cut::KEY => {
                    let kept = cut::Kept::read(&crate::storage::Record { revision: 1, value });
                    life.floor = kept.unwrap_or_default().floor;
                }
                _ => {}
            }
        }
        self.name_the_nameless(gathered, &ended);
        for (id, life) in &mut self.lives {
            if !life.lives {
                continue;
            }
            let content = gathered.content.remove(id).unwrap_or_default();
            let told = content.told;
            let found = if gathered.hurt.contains(id) {
                Err("some of it is damaged in the backup".to_owned())
            } else {
                look(&content, gathered, life, self.at, self.asked.insight)
            };
            gathered.content.insert(*id, content);
            let missing = match (found, ended.get(id).copied()) {
                (Ok(last), None) if last < told => {
                    Some(format!("entry {last} is the last in the backup, and there were more"))
                }
                // What ended is left out of archives piece by piece.
                (Err(_), Some(_)) => {
                    Some("it was deleted later, and not all of it is in the backup".to_owned())
                }
                (Err(reason), None) => Some(reason),
                (Ok(last), Some(end)) if last < end => {
                    Some("it was deleted later, and its edits are not in the backup".to_owned())
                }
                _ => None,
            };
            if let Some(reason) = missing {
                let name = life.name.as_ref().map_or_else(|| id.to_string(), ToString::to_string);
                self.missing.push((name, reason));
                life.lives = false;
            } else if !life.clients.is_empty() || life.last < found_last(gathered, *id) {
                life.renewed = Some(DocumentId::new(self.asked.random));
            }
        }
    }

    /// Tells of documents whose beginning is lost, with their names where something says them.
    fn name_the_nameless(&mut self, gathered: &Gathered<'_>, ended: &HashMap<DocumentId, Seq>) {
        let with_content = gathered.content.iter().filter(|(_, it)| !it.entries.is_empty());
        let mut ids: BTreeSet<_> = gathered.hurt.iter().copied().collect();
        if ids.remove(&DocumentId::STORE) {
            let reason = "some of them are damaged in the backup".to_owned();
            self.missing.push(("the store's own records".to_owned(), reason));
        }
        ids.extend(with_content.map(|(id, _)| *id));
        let has_name = |id: &DocumentId| self.lives.get(id).is_some_and(|it| it.name.is_some());
        ids.retain(|id| !ended.contains_key(id) && !has_name(id));
        for id in ids {
            let name = match gathered.names.get(&id) {
                Some(name) => name.to_string(),
                None => format!("{id}, whose name is lost"),
            };
            self.missing.push((name, "its beginning is damaged in the backup".to_owned()));
        }
    }

    fn write(
        &self,
        gathered: &mut Gathered<'_>,
        afresh: &mut Afresh<'_>,
    ) -> Result<(), BackupError> {
        let mut later = Vec::new();
        for Small { record, after } in &gathered.small {
            let id = record.document;
            let Ok(change) = Change::decode(record, &mut Authors::default()) else { continue };
            let own = id == DocumentId::STORE;
            let Some(life) = self.lives.get(&id).filter(|life| own || life.began) else { continue };
            let stays = match &change {
                Change::Create { .. } => true,
                Change::Rename { time, .. } => *time <= self.at,
                // One that cannot be as it was then is as it is now: deleted.
                Change::Delete { .. } => !life.lives,
                Change::Keyed { key, value, .. } => {
                    let value = value.as_deref().unwrap_or_default();
                    let told = self.asked.insight.since(key, value);
                    let by_then = *after <= self.at && told.is_none_or(|time| time <= self.at);
                    let is_cut = **key == *cut::KEY;
                    own && by_then
                        || life.lives
                            && (is_cut
                                || record.seq < life.last
                                || record.seq == life.last && by_then)
                }
                _ => life.lives && record.seq <= life.last,
            };
            match (stays, life.renewed) {
                (false, _) => {}
                (true, Some(new))
                    if matches!(change, Change::Keyed { .. } | Change::Version(_)) =>
                {
                    later.push(change.record(new, record.seq));
                }
                (true, _) if own => afresh.push(self.renamed(&change).record(id, record.seq))?,
                (true, _) => afresh.push(record.clone())?,
            }
        }
        let is_end = |small: &&Small| small.record.kind == RecordKind::Delete;
        let ends = gathered.small.iter().filter(is_end).map(|small| small.record.document);
        let ends: HashSet<_> = ends.collect();
        for (id, life) in &self.lives {
            // What is not to be had in full is deleted, unless it says so itself.
            let unfinished = life.began && !life.lives && !ends.contains(id);
            if let Some(new) = life.renewed {
                let clients = life.clients.iter().copied().collect();
                afresh.push(Change::Delete { time: self.at, clients }.record(*id, life.last))?;
                if let Some(name) = life.name.clone() {
                    let create = Change::Create { name, time: life.created };
                    afresh.push(create.record(new, Seq(0)))?;
                }
            } else if unfinished {
                let clients = [].into();
                afresh.push(Change::Delete { time: self.at, clients }.record(*id, life.last))?;
            }
        }
        for record in later {
            afresh.push(record)?;
        }
        self.write_content(gathered, afresh)
    }

    fn write_content(
        &self,
        gathered: &mut Gathered<'_>,
        afresh: &mut Afresh<'_>,
    ) -> Result<(), BackupError> {
        for (id, life) in self.lives.iter().filter(|(_, life)| life.lives) {
            let Some(content) = gathered.content.remove(id) else { continue };
            let new = life.renewed.unwrap_or(*id);
            let lost = |reason: String| BackupError::unfit(Path::new("the backup"), reason);
            for base in content.bases.iter().filter(|base| base.last <= life.last) {
                for record in gathered.records(base).map_err(lost)? {
                    afresh.push(Record { document: new, ..record })?;
                }
            }
            let mut next = Seq(life.floor.0 + 1);
            for piece in &content.entries {
                for record in gathered.records(piece).map_err(lost)? {
                    if record.seq == next && next <= life.last {
                        next = Seq(next.0 + 1);
                        afresh.push(Record { document: new, ..record })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A small record of the store itself, whose value may be the id of a life that goes on as another.
    fn renamed(&self, change: &Change) -> Change {
        let Change::Keyed { key, revision, value: Some(value) } = change else {
            return change.clone();
        };
        let id = std::str::from_utf8(value).ok().and_then(DocumentId::parse);
        let new = id.and_then(|id| self.lives.get(&id)?.renewed);
        let value = new.map_or_else(|| value.clone(), |new| new.to_string().into());
        Change::Keyed { key: key.clone(), revision: *revision, value: Some(value) }
    }
}

fn found_last(gathered: &Gathered<'_>, id: DocumentId) -> Seq {
    let entries = gathered.content.get(&id).into_iter().flat_map(|content| &content.entries);
    entries.map(|piece| piece.last).max().unwrap_or_default()
}

/// Finds out which of a document's entries stay; gives the last one that is there.
fn look(
    content: &Content,
    gathered: &mut Gathered<'_>,
    life: &mut Life,
    at: Timestamp,
    insight: &dyn Insight,
) -> Result<Seq, String> {
    let mut authors = Authors::default();
    let mut last = life.floor;
    if life.floor > Seq(0) {
        let base = content.bases.iter().find(|base| base.first == life.floor);
        let base = base.ok_or("the state that stands for its beginning is missing")?;
        let state = gathered.entries(base, &mut authors)?;
        if state.iter().any(|state| state.entry.time > at) {
            let reason = format!(
                "retention removed its past up to entry {}, which is later than the moment",
                life.floor
            );
            return Err(reason);
        }
    }
    life.last = life.floor;
    for piece in &content.entries {
        for stored in gathered.entries(piece, &mut authors)? {
            if stored.seq <= last {
                continue;
            }
            if stored.seq.0 != last.0 + 1 {
                return Err(format!("entry {last} is followed by entry {}", stored.seq));
            }
            last = stored.seq;
            if stored.entry.time <= at {
                life.last = last;
                life.clients.clear();
            } else {
                life.clients.extend(insight.clients(&stored.entry.update));
            }
        }
    }
    Ok(last)
}
