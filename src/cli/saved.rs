//! Saved documents (`.coscribe`) for the commands `export` and `import`: out of a store and into one.

use std::{
    io::{Read, Write},
    path::Path,
    sync::Arc,
};

use super::store;
use crate::{
    clock::{Clock, SystemClock},
    crdt,
    document::{Brought, bring_in},
    history::saved::{self, Admitted, Bounds, EXTENSION, Subject},
    ids::{DocumentId, DocumentName, Seq},
    random::SystemRandom,
    storage::{Store, StoredEntry, reader::Reader, versions},
};

/// Entries are read about so many bytes at a time.
const PAGE_BYTES: usize = 4 << 20;

/// What is taken from an operator, who knows the file: what fits in the memory of a usual machine.
pub(super) const BOUNDS: Bounds =
    Bounds { update_bytes: store::DOCUMENT_BYTES, bytes: 2 << 30, entries: 20_000_000 };

/// Whether a file is one by its name.
pub(super) fn is_saved(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION))
}

/// Writes the document as a file. Its entries are read twice, so that they are never all in memory.
pub(super) fn write(
    reader: &mut Reader,
    name: &DocumentName,
    id: DocumentId,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let info = reader.documents().into_iter().find(|info| info.name == *name);
    let meta = store::on_large_stack(|| Ok(store::load(reader, id)?.meta()))?;
    let kept = versions::of_records(&reader.records(id)?);
    let mut survey = saved::survey(&kept);
    each_entry(reader, id, |stored| {
        survey.add(&stored);
        Ok(true)
    })?;
    let subject = Subject {
        life: id,
        title: meta.title,
        kind: meta.kind,
        lang: meta.lang,
        created: info.map(|info| info.created).unwrap_or_default(),
        saved: SystemClock::new().now(),
    };
    let last = survey.last();
    let moments = saved::to_file(&kept, &mut survey);
    let mut writer = survey.write(out, subject, &moments)?;
    each_entry(reader, id, |stored| {
        // A server may be adding to it meanwhile.
        if stored.seq <= last {
            writer.entry(&stored.entry)?;
        }
        Ok(stored.seq < last)
    })?;
    moments.iter().try_for_each(|version| writer.version(version))?;
    writer.finish()?;
    Ok(())
}

/// Calls `work` with the entries in order until it has enough.
fn each_entry(
    reader: &mut Reader,
    id: DocumentId,
    mut work: impl FnMut(StoredEntry) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut after = Seq(0);
    loop {
        let page = reader.entries(id, after, PAGE_BYTES)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for stored in page {
            if !work(stored)? {
                return Ok(());
            }
        }
    }
}

/// Reads a whole file and lets its edits pass.
pub(super) fn take_in(file: impl Read + Send) -> anyhow::Result<Admitted> {
    let document =
        crdt::Bounds { update_bytes: store::DOCUMENT_BYTES, document_bytes: store::DOCUMENT_BYTES };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    Ok(saved::take_in(file, BOUNDS, document, &clock)?)
}

/// Stores what was let pass under a name that must be free; gives how many edits that were.
pub(super) async fn bring(
    store: &dyn Store,
    name: &DocumentName,
    admitted: Admitted,
) -> anyhow::Result<usize> {
    let now = SystemClock::new().now();
    let Admitted { header, meta, entries, versions } = admitted;
    let (created, cut, edits) = (header.created.min(now), header.cut, entries.len());
    let (moments, records) = saved::to_records(versions, &SystemRandom)?;
    let brought = Brought { meta, created, entries, cut, moments, records };
    bring_in(store, name, brought, now, &SystemRandom).await?;
    Ok(edits)
}
