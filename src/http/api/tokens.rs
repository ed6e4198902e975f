//! Tokens over HTTP, for apps that ask for one instead of signing it. Whoever owns a document may give
//! anybody a token for it; `auth::Issuer` writes it.

use std::sync::Arc;

use serde::Deserialize;
use warp::http::StatusCode;

use super::{Api, Body, Chunks, Failure, Outcome, json};
use crate::{
    auth::{Said, User},
    clock::Timestamp,
    identity::Access,
    ids::DocumentName,
    limits::{TOKEN_LASTS, TOKEN_LASTS_AT_MOST},
};

/// The body of a POST that makes a token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    access: Access,
    user: Option<Bearer>,
    /// Seconds.
    lasts: Option<u64>,
}

/// Whom it is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bearer {
    id: String,
    #[serde(default)]
    name: String,
}

impl Api {
    pub(super) async fn make_token(
        self: &Arc<Self>,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        self.check_guarded()?;
        let issuer = self.issuer.as_ref().ok_or(Failure::NoIssuer)?;
        let new: New = body.json(self.documents.limits().request_bytes).await?;
        let (lasts, most) =
            (new.lasts.unwrap_or(TOKEN_LASTS.as_secs()), TOKEN_LASTS_AT_MOST.as_secs());
        if !(1..=most).contains(&lasts) {
            let why = format!("a token lasts from 1 to {most} seconds");
            return Err(Failure::Bad(why));
        }
        if new.access == Access::None {
            return Err(Failure::Bad("a token gives view, comment, edit or owner".to_owned()));
        }
        let bearer =
            new.user.map(|it| User::new(&it.id, &it.name).ok_or_else(bad_id)).transpose()?;
        let now = self.documents.clock().now();
        // Whole seconds, as tokens count them.
        let expires = Timestamp((now.0 / 1000 + lasts) * 1000);
        let user = bearer.as_ref().map(|it| (&*it.id, &*it.name));
        let token = issuer.issue(Said { document: name, access: new.access, user, expires })?;
        let told = serde_json::json!({ "token": token, "expires": expires });
        Ok(json(StatusCode::CREATED, &told))
    }
}

fn bad_id() -> Failure {
    Failure::Bad("the id of a user is a word or two, without control characters".to_owned())
}
