//! Makes a sound store of one that is damaged: everything that can be read and used is kept, and everything
//! else is named. Nothing is guessed, and the damaged store is not changed.
//!
//! An entry that is lost leaves an empty one in its place, so that the others keep their seqs and
//! versions mean the moments that they meant. Entries that cannot be applied without what was lost are
//! left empty as well. Knows files and records; whether an entry can be applied it asks.

mod document;
mod view;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use document::Plan;
use view::View;

use crate::{
    clock::Clock,
    ids::{DocumentId, DocumentName, Seq},
    random::Random,
    storage::{
        afresh::Afresh,
        archive::{self, ArchiveError},
        cut,
        disk::Disk,
        files::{StoreFile, StoreFiles},
        format::{FORMATS, Written, read_format},
        gather::{Gathered, Small},
        insight::Insight,
        journal,
        local::take_lock,
        payload::{Authors, Change},
        reading::Directories,
        recovery::{self, Mode, OpenError},
    },
};

/// What was saved, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Every living document, in the order of their names.
    pub documents: Vec<Outcome>,
    /// What was wrong with the files, a sentence each.
    pub flaws: Vec<String>,
    /// Whether more is lost, perhaps whole documents, of which nobody can tell whose it was.
    pub unknown: bool,
}

impl Repaired {
    /// Whether nothing was lost.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.unknown && self.documents.iter().all(Outcome::is_whole)
    }
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which one.
    pub id: DocumentId,
    /// Its name now.
    pub name: DocumentName,
    /// Whether that name was made up, as its own is lost.
    pub named_anew: bool,
    /// Entries that are kept.
    pub kept: u64,
    /// Entries that are lost, as ranges of seqs.
    pub lost: Vec<RangeInclusive<u64>>,
    /// Entries whose bytes are sound and that cannot be applied without those that are lost.
    pub unusable: Vec<RangeInclusive<u64>>,
    /// Moments whose states are lost.
    pub lost_states: Vec<Seq>,
    /// Whether more may be lost of which nobody can tell: small records beside it, or its last edits.
    pub doubtful: bool,
    /// Whether nothing at all is left of it, so that there is no such document any more.
    pub gone: bool,
}

impl Outcome {
    /// Whether it is known to be what it was.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Self { named_anew, lost, unusable, lost_states, doubtful, gone, .. } = self;
        let nothing_lost = lost.is_empty() && unusable.is_empty() && lost_states.is_empty();
        nothing_lost && !named_anew && !doubtful && !gone
    }
}

/// Whom to ask.
pub struct Asked<'a> {
    /// What updates say.
    pub insight: &'a dyn Insight,
    /// For the salt of the journal.
    pub random: &'a dyn Random,
    /// For the lock.
    pub clock: &'a dyn Clock,
}

/// Writes what is sound of the store in `source` as a store of its own in `into`, which must be empty
/// or not there.
///
/// # Errors
/// When a server has the store open, a newer version wrote it, `into` is not empty, or a disk refuses.
pub fn repair(
    disk: &Arc<dyn Disk>,
    source: &Path,
    into: &Path,
    asked: &Asked<'_>,
) -> Result<Repaired, OpenError> {
    let mut flaws = check_format(&**disk, source)?;
    let from = Directories::new(source);
    let mut view = View::of(&**disk, &from)?;
    if view.is_empty() {
        let problem = "holds no store: it has no journal and no archive".to_owned();
        return Err(OpenError::Format { path: source.to_owned(), problem });
    }
    let _lock = take_lock(&**disk, source, asked.clock)?;
    flaws.append(&mut view.flaws);
    let files = StoreFiles::of(&view, &from)?;
    let missing = files.missing();
    flaws.extend(missing.iter().map(|range| match range.end() - range.start() {
        0 => format!("journal file {} is missing", range.start()),
        _ => format!("journal files {} to {} are missing", range.start(), range.end()),
    }));
    let ends_unknown = files.newest.is_none();
    if ends_unknown {
        flaws.push("the newest journal file is missing".to_owned());
    }
    let mut beside = others(&view, &from, &files.list)?;
    beside.extend(view.copies.iter().cloned());
    let files: Vec<_> = files.list.into_iter().map(|it| (it.clone(), it.path(&from))).collect();
    let mut gathered = Gathered::from(&view, &files, &beside)?;
    flaws.append(&mut gathered.flaws);
    let doubtful = doubtful(&view, &from, &gathered)?;
    let to = Directories::new(into);
    check_empty(&**disk, &to)?;

    let mut names = Names::default();
    names.learn(&gathered);
    let plans = plan(&mut gathered, &names, asked.insight, &mut flaws);
    let mut afresh = Afresh::begin(disk, &to)?;
    write_small(&gathered, &names, &plans, &mut afresh)?;
    for (id, plan) in &plans {
        let Some(content) = gathered.content.remove(id) else { continue };
        plan.write(*id, &content, &mut gathered, &mut afresh)?;
    }
    afresh.finish(asked.random)?;
    let found = recovery::recover(&**disk, &to, Mode::Look)?.report.damage;
    if !found.is_empty() {
        let problem = format!("is not sound after repair: {}", found.join("; "));
        return Err(OpenError::Format { path: into.to_owned(), problem });
    }
    let unknown = gathered.unknown || ends_unknown || !missing.is_empty();
    let doubt = |id| doubtful.contains(&id).then_some(unknown);
    let told = plans.into_iter().map(|(id, plan)| plan.told(id, &names, doubt(id)));
    let mut documents: Vec<_> = told.collect();
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    flaws.dedup();
    Ok(Repaired { documents, flaws, unknown })
}

/// What is wrong with the file `FORMAT`. Fails when the store is of another format than ours.
fn check_format(disk: &dyn Disk, source: &Path) -> Result<Vec<String>, OpenError> {
    let path = source.join("FORMAT");
    match read_format(disk, source)? {
        Written::Number(_) | Written::Between(..) => {
            FORMATS.check(disk, source).map(|_| Vec::new())
        }
        Written::Missing => Ok(vec![format!("{} is missing", path.display())]),
        Written::Damaged => Ok(vec![format!("{} is damaged", path.display())]),
    }
}

/// Files that others stand for. What is damaged in those may still be in these.
fn others(
    disk: &dyn Disk,
    directories: &Directories,
    list: &[StoreFile],
) -> Result<Vec<(StoreFile, PathBuf)>, OpenError> {
    let ranges = archive::list_archives(disk, &directories.archive)?;
    let log = &directories.log;
    let journals = disk.list(log).map_err(OpenError::disk("list", log))?;
    let journals = journals.iter().filter_map(|path| journal::number(path));
    let all = ranges.into_iter().map(StoreFile::Archive).chain(journals.map(StoreFile::Journal));
    let others = all.filter(|file| !list.contains(file));
    Ok(others.map(|file| (file.clone(), file.path(directories))).collect())
}

fn check_empty(disk: &dyn Disk, directories: &Directories) -> Result<(), OpenError> {
    let Directories { root, log, archive, index } = directories;
    for directory in [root, log, archive, index] {
        if disk.list(directory).is_ok_and(|listed| !listed.is_empty()) {
            let problem =
                "is not empty; a store is repaired into a directory that is empty or not there";
            return Err(OpenError::Format { path: root.clone(), problem: problem.into() });
        }
    }
    Ok(())
}

/// Documents that a server would set aside, and those of which a damaged record was found.
fn doubtful(
    disk: &dyn Disk,
    directories: &Directories,
    gathered: &Gathered<'_>,
) -> Result<BTreeSet<DocumentId>, OpenError> {
    let tables = recovery::recover(disk, directories, Mode::Look)?.tables;
    let set_aside = tables.set_aside().into_iter().map(|(id, ..)| id);
    Ok(set_aside.chain(gathered.hurt.iter().copied()).collect())
}

/// What documents are called, as far as that was kept.
#[derive(Default)]
struct Names {
    /// Documents that began, with the name they have at the end; `None` where another has it.
    living: BTreeMap<DocumentId, Option<DocumentName>>,
    taken: HashMap<DocumentName, DocumentId>,
    ended: BTreeSet<DocumentId>,
}

impl Names {
    fn learn(&mut self, gathered: &Gathered<'_>) {
        for Small { record, .. } in &gathered.small {
            let id = record.document;
            match Change::decode(record, &mut Authors::default()) {
                Ok(Change::Create { name, .. }) => self.name(id, name),
                Ok(Change::Rename { name, .. }) if self.living.contains_key(&id) => {
                    self.name(id, name);
                }
                Ok(Change::Delete { .. }) => {
                    self.ended.insert(id);
                    if let Some(name) = self.living.remove(&id).flatten() {
                        self.taken.remove(&name);
                    }
                }
                _ => {}
            }
        }
    }

    fn name(&mut self, id: DocumentId, name: DocumentName) {
        if let Some(holder) = self.taken.insert(name.clone(), id)
            && holder != id
        {
            // That it was renamed or deleted before is lost.
            self.living.insert(holder, None);
        }
        if let Some(Some(old)) = self.living.insert(id, Some(name.clone()))
            && old != name
        {
            self.taken.remove(&old);
        }
    }

    /// What a document is called in the new store, and whether that was made up.
    fn of(&self, id: DocumentId, gathered: Option<&Gathered<'_>>) -> (DocumentName, bool) {
        if let Some(Some(name)) = self.living.get(&id) {
            return (name.clone(), false);
        }
        let left = gathered.and_then(|gathered| gathered.names.get(&id));
        match left.filter(|name| !self.taken.contains_key(*name)) {
            Some(name) => (name.clone(), false),
            None => (made_up(id), true),
        }
    }
}

/// The name of a document whose own is lost.
fn made_up(id: DocumentId) -> DocumentName {
    let text = format!("recovered-{id}");
    DocumentName::new(&text).unwrap_or_else(|_| unreachable!("letters, digits and dashes"))
}

/// Decides about every document that lives, as far as anybody knows.
fn plan(
    gathered: &mut Gathered<'_>,
    names: &Names,
    insight: &dyn Insight,
    flaws: &mut Vec<String>,
) -> BTreeMap<DocumentId, Plan> {
    let ids: Vec<_> = gathered.content.keys().copied().collect();
    let lives = |id: &DocumentId| *id != DocumentId::STORE && !names.ended.contains(id);
    let mut plans = BTreeMap::new();
    for id in ids.into_iter().filter(lives) {
        let content = gathered.content.remove(&id).unwrap_or_default();
        let past = gathered.small.iter().rev().find_map(|small| small.past_of(id));
        let name = names.of(id, Some(gathered));
        let plan = Plan::of(&content, past, name, gathered, insight, flaws);
        gathered.content.insert(id, content);
        plans.insert(id, plan);
    }
    plans
}

/// Writes small records: those that are there in their order, then the beginnings of documents whose own
/// are lost.
fn write_small(
    gathered: &Gathered<'_>,
    names: &Names,
    plans: &BTreeMap<DocumentId, Plan>,
    afresh: &mut Afresh<'_>,
) -> Result<(), ArchiveError> {
    // A document whose name another has at the end, or whose beginning is lost, gets its name last.
    let named_late =
        |id: &DocumentId| plans.contains_key(id) && !matches!(names.living.get(id), Some(Some(_)));
    let mut begun = BTreeSet::new();
    let mut later = Vec::new();
    for Small { record, .. } in &gathered.small {
        let id = record.document;
        let change = Change::decode(record, &mut Authors::default());
        let keyed = match &change {
            Ok(Change::Create { .. }) => {
                begun.insert(id);
                false
            }
            Ok(Change::Rename { .. } | Change::Delete { .. }) if !begun.contains(&id) => continue,
            Ok(Change::Keyed { key, .. }) if **key == *cut::KEY => continue,
            Ok(Change::Keyed { .. } | Change::Version(_)) => true,
            _ => false,
        };
        match plans.get(&id) {
            _ if id == DocumentId::STORE => afresh.push(record.clone())?,
            Some(plan) if keyed && !plan.is_gone() && named_late(&id) => later.push(record.clone()),
            Some(plan) if plan.is_gone() || named_late(&id) => {}
            Some(_) => afresh.push(record.clone())?,
            None if !keyed && names.ended.contains(&id) => afresh.push(record.clone())?,
            None => {}
        }
    }
    for (id, plan) in plans.iter().filter(|(id, plan)| named_late(id) && !plan.is_gone()) {
        afresh.push(plan.create(*id))?;
    }
    for record in later {
        afresh.push(record)?;
    }
    for (id, plan) in plans.iter().filter(|(_, plan)| !plan.is_gone()) {
        if let Some(past) = plan.past(*id) {
            afresh.push(past)?;
        }
    }
    Ok(())
}
