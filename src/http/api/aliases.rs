//! Other names of a document over HTTP: which there are, one more, one less.

use std::sync::Arc;

use warp::http::StatusCode;

use super::{
    Api, Asked, Outcome,
    documents::{as_conflict, to_the_end},
    json, nothing,
};
use crate::{identity::Access, ids::DocumentName};

impl Api {
    pub(super) async fn list_aliases(&self, name: &DocumentName) -> Outcome {
        self.living(name).await?;
        let aliases = self.documents.aliases(name).await?;
        let aliases: Vec<_> = aliases.iter().map(DocumentName::as_str).collect();
        Ok(json(StatusCode::OK, &serde_json::json!({ "aliases": aliases })))
    }

    pub(super) async fn add_alias(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        alias: &DocumentName,
    ) -> Outcome {
        // The name is taken from those who might begin a document under it.
        self.allow(asked, alias, Access::Edit).await?;
        self.living(name).await?;
        let (documents, name, alias) = (self.documents.clone(), name.clone(), alias.clone());
        to_the_end(async move { documents.add_alias(&name, &alias).await })
            .await
            .map_err(as_conflict)?;
        Ok(nothing())
    }

    pub(super) async fn end_alias(
        self: &Arc<Self>,
        name: &DocumentName,
        alias: &DocumentName,
    ) -> Outcome {
        self.living(name).await?;
        let (documents, name, alias) = (self.documents.clone(), name.clone(), alias.clone());
        to_the_end(async move { documents.end_alias(&name, &alias).await }).await?;
        Ok(nothing())
    }
}
