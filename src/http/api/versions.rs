//! Versions of a document: naming moments of its past, listing them, letting go of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::StatusCode;

use super::{Api, Asked, Body, Chunks, Failure, Outcome, documents::title, json, nothing};
use crate::{
    clock::Timestamp,
    document::Summary,
    history::{
        HistoryError,
        versions::{are_measured, measure},
    },
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName, Seq},
    limits::VERSION_NAME_LETTERS,
    storage::versions::{self, Version},
    telemetry::warnings::VersionsUnmeasured,
};

/// The body of a POST that names a moment; the present one when it gives none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    seq: Option<Seq>,
}

/// The body of a PATCH.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: String,
}

#[derive(Debug, Serialize)]
struct List<'a> {
    versions: Vec<Told<'a>>,
}

/// What is told of a version.
#[derive(Debug, Serialize)]
struct Told<'a> {
    id: &'a str,
    name: &'a str,
    seq: Seq,
    time: Timestamp,
    author: Who<'a>,
    automatic: bool,
    /// Letters; `null` when the past cannot be read now.
    size: Option<u64>,
    change: Option<Changed>,
}

#[derive(Debug, Serialize)]
struct Who<'a> {
    kind: AuthorKind,
    id: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct Changed {
    inserted: u64,
    deleted: u64,
}

impl<'a> From<&'a Version> for Told<'a> {
    fn from(version: &'a Version) -> Self {
        let Version { id, name, seq, time, author, automatic, extent } = version;
        let Author { kind, user, name: author, .. } = &**author;
        let changed = |it: versions::Extent| Changed { inserted: it.inserted, deleted: it.deleted };
        Self {
            id,
            name,
            seq: *seq,
            time: *time,
            author: Who { kind: *kind, id: user, name: author },
            automatic: *automatic,
            size: extent.map(|extent| extent.size),
            change: extent.map(changed),
        }
    }
}

impl Api {
    pub(super) async fn list_versions(&self, name: &DocumentName) -> Outcome {
        let id = self.living(name).await?.id;
        let all = self.versions_of(id).await?;
        Ok(json(StatusCode::OK, &List { versions: all.iter().map(Told::from).collect() }))
    }

    pub(super) async fn add_version(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let new: New = body.json(self.documents.limits().request_bytes).await?;
        let called = called(&new.name)?;
        let summary = self.living(name).await?;
        let seq = new.seq.unwrap_or(summary.last);
        let version = Version {
            id: versions::new_id(self.documents.random()),
            name: called,
            seq,
            time: self.moment(&summary, seq).await?,
            author: asked.author(AuthorKind::Server),
            automatic: false,
            extent: None,
        };
        versions::add(&**self.documents.store(), summary.id, &version).await?;
        self.documents.version_made(name, &version);
        let all = self.versions_of(summary.id).await?;
        let version = all.iter().find(|other| other.id == version.id).unwrap_or(&version);
        Ok(json(StatusCode::CREATED, &Told::from(version)))
    }

    pub(super) async fn rename_version(
        &self,
        name: &DocumentName,
        version: &str,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let change: Change = body.json(self.documents.limits().request_bytes).await?;
        let called = called(&change.name)?;
        let id = self.living(name).await?.id;
        let renamed = versions::rename(&**self.documents.store(), id, version, &called).await?;
        Ok(json(StatusCode::OK, &Told::from(&renamed)))
    }

    pub(super) async fn delete_version(&self, name: &DocumentName, version: &str) -> Outcome {
        let id = self.living(name).await?.id;
        versions::remove(&**self.documents.store(), id, version).await?;
        Ok(nothing())
    }

    /// All versions with how much they hold. Where that cannot be found out now they are listed
    /// without: people should see what they named.
    async fn versions_of(&self, id: DocumentId) -> Result<Vec<Version>, Failure> {
        let store = self.documents.store();
        let mut all = versions::list(&**store, id).await.map_err(HistoryError::from)?;
        if are_measured(&all) {
            return Ok(all);
        }
        let Ok(turn) = self.turns.take().await else { return Ok(all) };
        if let Err(error) = measure(store, id, &mut all, turn).await {
            VersionsUnmeasured { document: &id, reason: &error }.note();
        }
        Ok(all)
    }

    /// When an entry was received.
    pub(super) async fn moment(&self, summary: &Summary, seq: Seq) -> Result<Timestamp, Failure> {
        let beyond = HistoryError::Beyond { asked: seq, last: summary.last };
        let Some(after) = seq.0.checked_sub(1) else { return Err(beyond.into()) };
        if seq > summary.last {
            return Err(beyond.into());
        }
        let page = self.documents.store().history(summary.id, Seq(after), 1).await;
        match page.map_err(HistoryError::from)?.first() {
            Some(found) if found.seq == seq => Ok(found.entry.time),
            Some(found) => {
                let base = self.documents.store().base(summary.id, seq).await;
                let base = base.map_err(HistoryError::from)?;
                Ok(base.ok_or(HistoryError::Cut(found.seq))?.entry.time)
            }
            None => Err(beyond.into()),
        }
    }
}

/// The name of a version, which has one.
fn called(name: &str) -> Result<String, Failure> {
    let name = title(name)?;
    let letters = name.chars().count();
    match letters {
        0 => Err(Failure::Bad("a version needs a name".into())),
        1..=VERSION_NAME_LETTERS => Ok(name),
        _ => Err(Failure::Bad(format!(
            "a version's name may have at most {VERSION_NAME_LETTERS} letters, this one has {letters}"
        ))),
    }
}
