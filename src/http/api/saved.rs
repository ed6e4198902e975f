//! Documents with their whole past as files (`.coscribe`): download and upload.
//!
//! What such a file is, `history::saved` knows; how its entries are stored all or none, `document`.

use std::{io, sync::Arc};

use tokio::runtime::Handle;
use warp::http::{HeaderMap, header::CONTENT_TYPE};

use super::{
    Api, Asked, Body, Chunks, Failure, Outcome,
    documents::{as_conflict, to_the_end},
    files::{called, found},
};
use crate::{
    crdt,
    document::{Brought, Summary, Unavailable},
    history::saved::{self, Admitted, Bounds, EXTENSION, MEDIA_TYPE, SavedError, Subject},
    ids::{DocumentName, Seq},
    limits::SAVED_FILE_BYTES,
    storage::{Store, StoredEntry, versions},
};

/// Entries are read about so many bytes at a time.
const PAGE_BYTES: usize = 1 << 20;

impl Api {
    pub(super) async fn save(&self, name: &DocumentName) -> Outcome {
        let summary = self.living(name).await?;
        let title = summary.meta.title.clone();
        let turn = self.turns.take().await?;
        let (store, saved) = (Arc::clone(self.documents.store()), self.documents.clock().now());
        let reading = Handle::current();
        let work = move || save(&*store, &summary, saved, &reading);
        let file = turn.work(work).await?;
        Ok(called(found(file, MEDIA_TYPE), name, &title, EXTENSION))
    }

    pub(super) async fn take_in(
        self: &Arc<Self>,
        asked: &Asked,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let name = self.name_or_new(asked.value("name").filter(|name| !name.is_empty()))?;
        self.may_make(asked, &name).await?;
        self.check_free(&name).await?;
        let file = self.receive_file(body, SAVED_FILE_BYTES).await?;
        let document_bytes = self.documents.limits().document_bytes;
        let clock = Arc::clone(self.documents.clock());
        let admit = move || {
            let document = crdt::Bounds { update_bytes: document_bytes, document_bytes };
            saved::take_in(&file[..], Bounds::of_server(document_bytes), document, &clock)
        };
        let admitted = self.turns.take().await?.work(admit).await?;
        let cut = admitted.header.cut;
        let created = admitted.header.created.min(self.documents.clock().now());
        let Admitted { meta, entries, versions, .. } = admitted;
        let (moments, records) = saved::to_records(versions, self.documents.random())?;
        let brought = Brought { meta, created, entries, cut, moments, records };
        let (documents, imported) = (self.documents.clone(), name.clone());
        to_the_end(async move { documents.import(&imported, brought).await })
            .await
            .map_err(as_conflict)?;
        self.made(&name).await
    }
}

/// Whether a request brings a saved document.
pub(super) fn is_saved(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE)
}

/// The document as a file. Its entries are read twice, so that they are never all in memory.
fn save(
    store: &dyn Store,
    summary: &Summary,
    now: crate::clock::Timestamp,
    reading: &Handle,
) -> Result<Vec<u8>, Failure> {
    let kept = reading.block_on(versions::list(store, summary.id)).map_err(Unavailable::from)?;
    let mut survey = saved::survey(&kept);
    each_page(store, summary, reading, |page| {
        page.iter().for_each(|stored| survey.add(stored));
        Ok(true)
    })?;
    let subject = Subject {
        life: summary.id,
        title: summary.meta.title.clone(),
        kind: summary.meta.kind,
        lang: summary.meta.lang.clone(),
        created: summary.created,
        saved: now,
    };
    let writing = |_| Failure::from(too_large());
    let last = survey.last();
    let moments = saved::to_file(&kept, &mut survey);
    let mut writer = survey.write(Bounded(Vec::new()), subject, &moments).map_err(writing)?;
    each_page(store, summary, reading, |page| {
        for stored in page.iter().filter(|stored| stored.seq <= last) {
            writer.entry(&stored.entry).map_err(writing)?;
        }
        Ok(page.last().is_some_and(|stored| stored.seq < last))
    })?;
    moments.iter().try_for_each(|version| writer.version(version)).map_err(writing)?;
    Ok(writer.finish().map_err(writing)?.0)
}

/// Calls `work` with the entries in order until it has enough.
fn each_page(
    store: &dyn Store,
    summary: &Summary,
    reading: &Handle,
    mut work: impl FnMut(&[StoredEntry]) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut after = Seq(0);
    loop {
        let page = reading.block_on(store.history(summary.id, after, PAGE_BYTES));
        let page = page.map_err(Unavailable::from)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        if !work(&page)? {
            return Ok(());
        }
    }
}

/// A file in memory that does not become larger than is taken back in.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > SAVED_FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_large() -> SavedError {
    let what = "more than fits in one answer (`coscribe export --saved` has no such bound)".into();
    SavedError::TooLarge { what, limit: SAVED_FILE_BYTES as u64 }
}
