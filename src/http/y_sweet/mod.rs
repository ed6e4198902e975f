//! `/y-sweet`: what the SDK and the clients of y-sweet expect of a server, unmodified. A connection
//! string is `ys://host:port/y-sweet`.
//!
//! Translates and delegates. Who may do what is asked of the same rights as everywhere; where they
//! let nobody in without a token, y-sweet's server token opens everything, and its client tokens
//! open one document.

mod address;
mod route;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use warp::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    reply::Response,
};

pub use address::ClientAddress;
pub(super) use socket::{is_ours, routes};

use super::{
    api::{Asked, Body, Chunks, Failure, to_the_end},
    rights::Rights,
    socket::{begin as hooked_begin, granted},
};
use crate::{
    auth::{Denied, Grant, y_sweet::YSweetTokens},
    document::{Documents, Unavailable},
    hooks::{Refusal, Update},
    identity::{Access, Author, AuthorKind},
    ids::{ConnectionId, DocumentName},
};
use route::Route;

/// How long a client token counts unless the app says otherwise, as with y-sweet.
const VALID_SECONDS: u64 = 60 * 60;

/// The answer to who asks for the whole of a document that nobody has written in.
const EMPTY_UPDATE: &[u8] = &[0, 0];

/// What the routes share.
pub struct YSweet {
    documents: Documents,
    rights: Arc<Rights>,
    tokens: Arc<YSweetTokens>,
    address: ClientAddress,
    /// Documents begin one after the other: many pages open a new one at the same time.
    beginning: Mutex<()>,
}

/// The body that asks for a new document.
#[derive(Debug, Default, Deserialize)]
struct New {
    #[serde(rename = "docId")]
    name: Option<String>,
}

/// The body that asks for a client token. Who it is for cannot be said in one.
#[derive(Debug, Default, Deserialize)]
struct Wish {
    #[serde(default)]
    authorization: Authorization,
    #[serde(rename = "validForSeconds")]
    seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
enum Authorization {
    #[default]
    #[serde(rename = "full")]
    Full,
    #[serde(rename = "read-only")]
    ReadOnly,
}

/// What a browser needs to open a document.
#[derive(Debug, Serialize)]
struct ClientToken<'a> {
    url: String,
    #[serde(rename = "baseUrl")]
    base_url: String,
    #[serde(rename = "docId")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    authorization: Authorization,
}

type Outcome = Result<Response, Failure>;

impl YSweet {
    /// The routes to these documents; `tokens` are issued to clients and `address` is where those
    /// find the server.
    #[must_use]
    pub fn new(
        documents: Documents,
        rights: Arc<Rights>,
        tokens: Arc<YSweetTokens>,
        address: ClientAddress,
    ) -> Self {
        Self { documents, rights, tokens, address, beginning: Mutex::default() }
    }

    /// Answers a request that is no WebSocket.
    async fn answer<S, B, E>(self: &Arc<Self>, route: Route, asked: &Asked, body: S) -> Response
    where
        S: Stream<Item = Result<B, E>> + Send,
        B: Buf,
    {
        let body = Body::new(Box::pin(body), asked, self.documents.limits().body_timeout);
        let answer = match route {
            Route::Ready => Ok(fine()),
            Route::CheckStore => self.check_store(asked).await,
            Route::New => self.begin(asked, body).await,
            Route::Issue(name) => self.issue(asked, &name, body).await,
            Route::Read(name) => self.read(asked, &name).await,
            Route::Write(name) => self.write(asked, &name, body).await,
            Route::Socket(_) => Err(Failure::NoAddress),
        };
        let mut response = answer.unwrap_or_else(|failure| failure.response());
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }

    async fn check_store(&self, asked: &Asked) -> Outcome {
        self.rights.about_server(&asked.credentials).await.map_err(refused)?;
        Ok(match self.documents.store().health().unwritable {
            None => fine(),
            Some(why) => json(&serde_json::json!({ "ok": false, "error": why })),
        })
    }

    async fn begin(self: &Arc<Self>, asked: &Asked, body: Body<impl Chunks>) -> Outcome {
        let new: New = body.json_if_any(self.documents.limits().request_bytes).await?;
        let random = || Ok(DocumentName::random(self.documents.random()));
        let name = new.name.as_deref().map_or_else(random, route::name)?;
        self.allow(asked, &name, Access::Owner).await?;
        let (this, begun) = (Arc::clone(self), name.clone());
        to_the_end(async move {
            let _turn = this.beginning.lock().await;
            // What the program around the server has for it comes first.
            let brought = hooked_begin(&this.documents, &begun).await;
            brought.map_err(|reason| Unavailable::Refused(reason.frame(None).1))?;
            this.documents.begin(&begun).await
        })
        .await?;
        Ok(json(&serde_json::json!({ "docId": name.as_str() })))
    }

    async fn issue(&self, asked: &Asked, name: &DocumentName, body: Body<impl Chunks>) -> Outcome {
        let document = &self.led(name).await?;
        // Whoever has a token for a document must not make it last.
        self.allow(asked, document, Access::Owner).await?;
        let wish: Wish = body.json_if_any(self.documents.limits().request_bytes).await?;
        if self.documents.store().find(document).await.map_err(Unavailable::from)?.is_none() {
            return Err(Unavailable::Missing.into());
        }
        self.check_bin(document).await?;
        let full = wish.authorization == Authorization::Full;
        let seconds = wish.seconds.unwrap_or(VALID_SECONDS);
        let base = self.address.base(&asked.headers, &asked.base).ok_or_else(|| {
            Failure::Bad("the request must have one Host header, or y-sweet-url must be set".into())
        })?;
        Ok(json(&ClientToken {
            url: format!("ws{}/d/{name}/ws", base.strip_prefix("http").unwrap_or(&base)),
            base_url: format!("{base}/d/{name}"),
            name: name.as_str(),
            token: self.tokens.issue(document.as_str(), full, seconds),
            authorization: wish.authorization,
        }))
    }

    async fn read(&self, asked: &Asked, name: &DocumentName) -> Outcome {
        let name = &self.led(name).await?;
        self.allow(asked, name, Access::View).await?;
        self.check_bin(name).await?;
        let state = self.documents.state(name).await?;
        Ok(octets(state.unwrap_or(Bytes::from_static(EMPTY_UPDATE))))
    }

    async fn write(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let name = &self.led(name).await?;
        let grant = self.allow(asked, name, Access::Edit).await?;
        let update = body.bytes(self.documents.limits().update_bytes).await?;
        let hooks = self.documents.hooks();
        if hooks.is_some() {
            let (document, bytes) = (name.clone(), update.len());
            let asked = Update { document, connection: ConnectionId(0), bytes };
            hooks.update(asked).await.map_err(|Refusal(why)| Unavailable::Refused(why))?;
        }
        self.check_bin(name).await?;
        let document = self.documents.open(name)?;
        let author = Arc::new(author(&grant));
        to_the_end(async move { document.edit(update, author).await.map(drop) }).await?;
        Ok(Response::default())
    }

    /// What the document is called that the name leads to.
    async fn led(&self, name: &DocumentName) -> Result<DocumentName, Failure> {
        Ok(self.documents.led_to(name).await?.unwrap_or_else(|| name.clone()))
    }

    /// Whether the request may go so far. y-sweet knows only one way to be refused by name: that
    /// what was shown does not count for it.
    async fn allow(
        &self,
        asked: &Asked,
        name: &DocumentName,
        access: Access,
    ) -> Result<Grant, Failure> {
        let grant = self.rights.about(name, &asked.credentials).await.map_err(refused)?;
        let granted = granted(self.documents.hooks(), ConnectionId(0), name, grant).await;
        let grant = granted.map_err(|_| refused(Denied::Forbidden))?;
        if grant.access >= access { Ok(grant) } else { Err(Failure::Forbidden(access)) }
    }

    /// The document's actor would say so too, if it did not end before it could be asked.
    async fn check_bin(&self, name: &DocumentName) -> Result<(), Failure> {
        let binned = self.documents.is_in_bin(name).await;
        if binned { Err(Unavailable::InBin.into()) } else { Ok(()) }
    }
}

impl std::fmt::Debug for YSweet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("YSweet").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}

fn refused(denied: Denied) -> Failure {
    match denied {
        Denied::Unauthorized(why) => Failure::Unauthorized(why),
        Denied::Forbidden => Failure::Unauthorized(denied.to_string()),
        Denied::Unavailable(why) => Failure::Unchecked(why),
    }
}

/// An edit that nobody is known for is the app's server's.
fn author(grant: &Grant) -> Author {
    let kind = |author: Author| match author.kind {
        AuthorKind::Claimed => Author { kind: AuthorKind::Server, ..author },
        _ => author,
    };
    kind(grant.author(0))
}

fn fine() -> Response {
    json(&serde_json::json!({ "ok": true }))
}

fn json(value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("names, words and numbers are always JSON");
    typed(body.into(), "application/json")
}

fn octets(bytes: Bytes) -> Response {
    typed(bytes, "application/octet-stream")
}

fn typed(body: Bytes, media_type: &'static str) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
