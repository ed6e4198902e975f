//! Share links over HTTP. A link's token is told once, when it is made; what is kept of it cannot
//! be turned back into it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::StatusCode;

use super::{Api, Body, Chunks, Failure, Outcome, json, nothing};
use crate::{
    auth::share::{NewShare, Share},
    clock::Timestamp,
    identity::Access,
    ids::DocumentName,
};

/// The body of a POST that makes a link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    access: Access,
    #[serde(default)]
    name: String,
    expires: Option<Timestamp>,
}

/// A link as JSON.
#[derive(Debug, Serialize)]
struct Told<'a> {
    id: &'a str,
    access: Access,
    name: &'a str,
    created: Timestamp,
    expires: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn of(id: &'a str, share: &'a Share) -> Self {
        let Share { access, name, created, expires, .. } = share;
        Self { id, access: *access, name, created: *created, expires: *expires, token: None }
    }
}

impl Api {
    pub(super) async fn list_shares(&self, name: &DocumentName) -> Outcome {
        self.check_guarded()?;
        self.living(name).await?;
        let shares = self.documents.shares(name).await?;
        let told: Vec<_> = shares.iter().map(|(id, share)| Told::of(id, share)).collect();
        Ok(json(StatusCode::OK, &serde_json::json!({ "shares": told })))
    }

    pub(super) async fn add_share(
        self: &Arc<Self>,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        self.check_guarded()?;
        let new: New = body.json(self.documents.limits().request_bytes).await?;
        let now = self.documents.clock().now();
        if new.expires.is_some_and(|expires| expires <= now) {
            return Err(Failure::Bad("a link must not have expired when it is made".to_owned()));
        }
        self.living(name).await?;
        let NewShare { id, token, share } = Share::make(new.access, &new.name, now, new.expires)
            .ok_or_else(|| Failure::Bad("a link gives view, comment or edit".to_owned()))?;
        let new = NewShare { id, token, share };
        self.documents.add_share(name, &new).await?;
        let told = Told { token: Some(&new.token), ..Told::of(&new.id, &new.share) };
        Ok(json(StatusCode::CREATED, &told))
    }

    pub(super) async fn end_share(&self, name: &DocumentName, share: &str) -> Outcome {
        self.living(name).await?;
        self.documents.end_share(name, share).await?;
        self.rights_changed();
        Ok(nothing())
    }
}
