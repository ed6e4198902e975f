//! Going back: a document says again what it said at some moment, or a new one begins with that.

use std::sync::Arc;

use serde::Deserialize;
use warp::http::StatusCode;

use super::{Api, Asked, Body, Chunks, Failure, Outcome, documents::title, json};
use crate::{
    crdt::MetaChanges,
    document::Unavailable,
    history::states::{state, way_back},
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentName, Seq},
};

/// The body of a POST that restores.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    seq: Seq,
}

/// The body of a POST that makes a new document of a moment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    seq: Seq,
    title: Option<String>,
}

impl Api {
    pub(super) async fn restore_moment(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let Moment { seq } = body.json(self.documents.limits().request_bytes).await?;
        self.moment(&self.living(name).await?, seq).await?;
        let (api, name, author) =
            (Arc::clone(self), name.clone(), asked.author(AuthorKind::Server));
        // What was begun is finished, also when nobody waits for the answer any more.
        let restoring = tokio::spawn(async move { api.bring_back(&name, seq, author).await });
        let seq = restoring.await.map_err(|_| Unavailable::Reloading)??;
        Ok(json(StatusCode::OK, &serde_json::json!({ "seq": seq })))
    }

    /// Makes a document say again what it said after an entry, by an edit like everybody's. It builds
    /// on what the document says when that is read, so what is typed meanwhile stays. Gives the edit.
    async fn bring_back(
        &self,
        name: &DocumentName,
        seq: Seq,
        author: Arc<Author>,
    ) -> Result<Seq, Failure> {
        let store = self.documents.store();
        let turn = self.turns.take().await?;
        // Held from here on: whoever takes its place must not get an edit meant for this one.
        let document = self.documents.open(name)?;
        let summary = self.living(name).await?;
        let then = state(Arc::clone(store), summary.id, seq, ()).await?;
        let now = document.read().await?;
        let client = ClientId::new(self.documents.random());
        match way_back(now, then, client, turn).await?? {
            Some(update) => Ok(document.edit(update, author).await?),
            None => Ok(self.living(name).await?.last),
        }
    }

    pub(super) async fn copy_moment(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let begin: Begin = body.json(self.documents.limits().request_bytes).await?;
        let title = begin.title.as_deref().map(title).transpose()?;
        let copy = self.name_or_new(None)?;
        let asked = &self.may_make(asked, &copy).await?;
        let summary = self.living(name).await?;
        self.moment(&summary, begin.seq).await?;
        let turn = self.turns.take().await?;
        // Handed over: who hangs up does not give the turn back before its work is over.
        let store = Arc::clone(self.documents.store());
        let content = state(store, summary.id, begin.seq, turn).await?;
        let meta = MetaChanges { title, ..MetaChanges::default() };
        self.begin(&copy, Some(content), meta, asked.author(AuthorKind::Server)).await
    }
}
