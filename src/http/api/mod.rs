//! `/api/v1`: documents for programs and for the pages, as JSON. `web/src/api/types.js` has the bodies.
//!
//! Translates and delegates: what a list, a bin or a copy is, `document` decides. Every route asks
//! `rights` first. Errors are problem details (RFC 9457) with a `code` for programs.

mod aliases;
mod asking;
mod body;
mod compared;
mod content;
mod contract;
mod documents;
mod events;
mod failure;
mod files;
mod form;
mod history;
mod idempotency;
mod list;
mod moments;
mod pack;
mod people;
mod retention;
mod rights;
mod route;
mod saved;
mod segment;
mod server;
mod shares;
mod tokens;
mod turns;
mod versions;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use bytes::Buf;
use futures_util::Stream;
use tokio::sync::{Semaphore, watch};
use warp::{
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS},
    },
    reply::Response,
};

use super::{
    mount::Base,
    rights::{Rights, Whence},
    socket::Connections,
};
use crate::{
    auth::{Credentials, Issuer, User},
    document::Documents,
    history::History,
    identity::{Author, AuthorKind},
    ids::percent_decode,
    limits::{AUTHOR_LETTERS, EVENT_STREAMS, SERVER_STREAMS},
    telemetry::Meter,
};
use asking::Requests;
pub(super) use body::{Body, Chunks};
pub(super) use documents::to_the_end;
pub(super) use failure::Failure;
use idempotency::Answered;
use route::{Path, Route};
pub use server::Running;
use turns::Turns;

/// What a handler gives.
type Outcome = Result<Response, Failure>;

/// The API of a server.
#[derive(Debug)]
pub struct Api {
    documents: Documents,
    history: History,
    /// Whether it tells which documents there are.
    lists: bool,
    uploads: Semaphore,
    turns: Turns,
    rights: Arc<Rights>,
    connections: Connections,
    /// Makes tokens, where the server has a secret to sign with.
    issuer: Option<Issuer>,
    /// Places for streams of events.
    streams: Arc<Semaphore>,
    /// Those for operators.
    server_streams: Arc<Semaphore>,
    /// Says to them that rights have changed.
    changed: watch::Sender<()>,
    answered: Arc<Answered>,
    asking: Requests,
    running: Option<Running>,
}

/// A request without its body.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What to do.
    pub method: Method,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// What addresses in answers begin with.
    pub base: Base,
    /// What it shows of who sends it.
    pub credentials: Credentials,
    /// Who sends it, once something vouches for that.
    pub user: Option<User>,
    /// Where it comes from.
    pub whence: Whence,
}

impl Api {
    /// The API to these documents and their pasts; `lists` says whether everybody may see which there are.
    #[must_use]
    pub fn new(documents: Documents, history: History, lists: bool) -> Self {
        let turns = Turns::new(documents.limits());
        let uploads = Semaphore::new(documents.limits().uploads);
        let (rights, connections) = (Arc::new(Rights::open()), Connections::default());
        let streams = Arc::new(Semaphore::new(EVENT_STREAMS));
        let server_streams = Arc::new(Semaphore::new(SERVER_STREAMS));
        Self {
            documents,
            history,
            lists,
            uploads,
            turns,
            rights,
            connections,
            issuer: None,
            streams,
            server_streams,
            asking: Requests::default(),
            changed: watch::Sender::default(),
            answered: Arc::default(),
            running: None,
        }
    }

    /// Asks these rights, and tells these connections when they change.
    #[must_use]
    pub fn with_rights(self, rights: Arc<Rights>, connections: Connections) -> Self {
        Self { rights, connections, ..self }
    }

    /// Makes tokens with this.
    #[must_use]
    pub fn with_issuer(self, issuer: Option<Issuer>) -> Self {
        Self { issuer, ..self }
    }

    /// Tells those who run the server about it.
    #[must_use]
    pub fn with_running(self, running: Running) -> Self {
        Self { running: Some(running), ..self }
    }

    /// Rights have changed: who has a document open or follows events is asked about again.
    pub(crate) fn rights_changed(&self) {
        self.rights.forget();
        self.connections.review();
        self.changed.send_replace(());
    }

    /// The numbers of the server.
    pub(super) fn meter(&self) -> &Arc<Meter> {
        self.documents.meter()
    }

    /// How long a body may pause.
    pub(super) fn patience(&self) -> Duration {
        self.documents.limits().body_timeout
    }

    /// Answers a request. `path` begins with `/api` and is not decoded.
    pub async fn answer<S, B, E>(self: &Arc<Self>, path: &str, asked: &Asked, body: S) -> Response
    where
        S: Stream<Item = Result<B, E>> + Send,
        B: Buf,
    {
        let body = Body::new(Box::pin(body), asked, self.documents.limits().body_timeout);
        let mut response = match self.route(path, asked, body).await {
            Ok(response) => response,
            Err(failure) => failure.response(),
        };
        let headers = response.headers_mut();
        below(&asked.base, headers);
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }

    async fn route(
        self: &Arc<Self>,
        path: &str,
        asked: &Asked,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let whole = path;
        let path = self.led(whole).await?;
        let route = path.route(&asked.method)?;
        let grant = self.may(asked, path.document(), route.action()).await?;
        let known = grant.user.map(|user| Asked { user: Some(user), ..asked.clone() });
        let asked = known.as_ref().unwrap_or(asked);
        if asked.method == Method::POST {
            form::check_not_a_form(&asked.headers)?;
        }
        match idempotency::key(asked)? {
            Some(key) => self.once(key, (path, whole), asked, body).await,
            None => self.perform(route, asked, body).await,
        }
    }

    /// What is asked for. Who may do what is said of a document, not of the names that lead to it.
    async fn led(&self, whole: &str) -> Result<Path, Failure> {
        let path = Path::parse(whole)?;
        let Some(name) = path.document() else { return Ok(path) };
        match self.documents.led_to(name).await? {
            Some(name) => Path::led(whole, &name),
            None => Ok(path),
        }
    }

    async fn perform(
        self: &Arc<Self>,
        route: Route<'_>,
        asked: &Asked,
        body: Body<impl Chunks>,
    ) -> Outcome {
        match route {
            Route::Describe => Ok(json(StatusCode::OK, &describe(&asked.base))),
            Route::List => self.list(asked).await,
            Route::Create if saved::is_saved(&asked.headers) => self.take_in(asked, body).await,
            Route::Create if asked.value("format").is_some() => self.import(asked, body).await,
            Route::Create => self.create(asked, body).await,
            Route::Info(name) => self.info(name).await,
            Route::Change(name) => self.change(asked, name, body).await,
            Route::Delete(name) => self.delete(asked, name).await,
            Route::Restore(name) => self.restore(name).await,
            Route::Duplicate(name) => self.duplicate(asked, name, body).await,
            Route::Export(name, format) => self.export(name, format).await,
            Route::RestoreMoment(name) => self.restore_moment(asked, name, body).await,
            Route::CopyMoment(name) => self.copy_moment(asked, name, body).await,
            Route::ListVersions(name) => self.list_versions(name).await,
            Route::AddVersion(name) => self.add_version(asked, name, body).await,
            Route::RenameVersion(name, id) => self.rename_version(name, id, body).await,
            Route::DeleteVersion(name, id) => self.delete_version(name, id).await,
            Route::Retention(name) => self.retention(name).await,
            Route::SetRetention(name) => self.set_retention(name, body).await,
            Route::History(name, part) => self.past(asked, name, part).await,
            Route::Save(name) => self.save(name).await,
            Route::ListShares(name) => self.list_shares(name).await,
            Route::AddShare(name) => self.add_share(name, body).await,
            Route::EndShare(name, id) => self.end_share(name, id).await,
            Route::AskForAccess(name) => self.ask_for_access(asked, name, body).await,
            Route::ListAccessRequests(name) => self.list_access_requests(name).await,
            Route::AnswerAccessRequest(name, id) => {
                self.answer_access_request(name, id, body).await
            }
            Route::MakeToken(name) => self.make_token(name, body).await,
            Route::ListAliases(name) => self.list_aliases(name).await,
            Route::AddAlias(name, alias) => self.add_alias(asked, name, alias).await,
            Route::EndAlias(name, alias) => self.end_alias(name, alias).await,
            Route::Content(name, format) => self.content(asked, name, format).await,
            Route::Replace(name, format) => self.replace(asked, name, format, body).await,
            Route::Append(name, format) => self.append(asked, name, format, body).await,
            Route::EditText(name) => self.edit_text(asked, name, body).await,
            Route::Presence(name) => self.presence(name).await,
            Route::Connections(name) => self.list_connections(name).await,
            Route::SendAway(name, id) => self.send_away(name, id).await,
            Route::Events(name) => self.events(asked, name).await,
            Route::AllEvents => self.all_events(asked).await,
            Route::Contract => Ok(contract::answer()),
            Route::Convert => self.convert(asked, body).await,
            Route::Server => self.server(asked).await,
            Route::ServerStats => self.server_stats(asked),
            Route::ServerEvents => self.server_events(asked).await,
            Route::ServerDocument(name) => self.server_document(name).await,
            Route::Unload(name) => self.unload(name).await,
            Route::HangUp(id) => self.hang_up(id),
            Route::Log => self.log(),
            Route::SetLog => self.set_log(body).await,
        }
    }
}

impl Asked {
    /// The first value of a key of the query.
    fn value(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| &value[..])
    }

    /// Whether a key of the query says yes.
    fn switch(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| matches!(value, "" | "1" | "true"))
    }

    /// Who is behind an edit that the server makes for this request: whom something vouches for, or
    /// the name that `X-Coscribe-Name` claims, or nobody but the server.
    fn author(&self, kind: AuthorKind) -> Arc<Author> {
        if let Some(User { id, name }) = &self.user {
            let kind = if kind == AuthorKind::Import { kind } else { AuthorKind::Verified };
            let (user, name) = (Arc::clone(id), Arc::clone(name));
            return Arc::new(Author { kind, user, name, connection: 0 });
        }
        let claimed = self.headers.get("x-coscribe-name").and_then(|name| name.to_str().ok());
        let name = claimed.and_then(percent_decode).and_then(|name| String::from_utf8(name).ok());
        let name: String = name
            .unwrap_or_default()
            .trim()
            .chars()
            .filter(|letter| !letter.is_control())
            .take(AUTHOR_LETTERS)
            .collect();
        let kind = match kind {
            AuthorKind::Server if !name.is_empty() => AuthorKind::Claimed,
            kind => kind,
        };
        Arc::new(Author { kind, user: "".into(), name: name.into(), connection: 0 })
    }
}

fn describe(base: &Base) -> serde_json::Value {
    let mut told = serde_json::json!({
        "name": "coscribe",
        "version": env!("CARGO_PKG_VERSION"),
        "documents": "/api/v1/documents{?prefix,query,order,after,limit,bin}",
        "document": "/api/v1/documents/{name}",
        "restore": "/api/v1/documents/{name}/restore",
        "duplicate": "/api/v1/documents/{name}/duplicate",
        "export": "/api/v1/documents/{name}/export.{format}",
        "restore-moment": "/api/v1/documents/{name}/history/restore",
        "copy-moment": "/api/v1/documents/{name}/history/copy",
        "versions": "/api/v1/documents/{name}/versions",
        "version": "/api/v1/documents/{name}/versions/{id}",
        "history": "/api/v1/documents/{name}/history{?after,epoch}",
        "entries": "/api/v1/documents/{name}/history/entries{?after,limit}",
        "changes": "/api/v1/documents/{name}/history/changes{?from,to,format}",
        "moment": "/api/v1/documents/{name}/history/at{?time}",
        "retention": "/api/v1/documents/{name}/history/retention",
        "past": "/api/v1/documents/{name}/history/{seq}/export.{format}",
        "import": "/api/v1/documents{?format,name,title,kind,lang}",
        "save": "/api/v1/documents/{name}/export.coscribe",
        "content": "/api/v1/documents/{name}/content.{format}",
        "presence": "/api/v1/documents/{name}/presence",
        "connections": "/api/v1/documents/{name}/connections",
        "connection": "/api/v1/documents/{name}/connections/{id}",
        "events": "/api/v1/documents/{name}/events",
        "all-events": "/api/v1/events",
        "openapi": "/api/v1/openapi.json",
        "shares": "/api/v1/documents/{name}/shares",
        "tokens": "/api/v1/documents/{name}/tokens",
        "share": "/api/v1/documents/{name}/shares/{id}",
        "access-requests": "/api/v1/documents/{name}/access-requests",
        "aliases": "/api/v1/documents/{name}/aliases",
        "alias": "/api/v1/documents/{name}/aliases/{alias}",
        "convert": "/api/v1/convert{?from,to}",
        "server": "/api/v1/server",
        "formats": ["md", "html", "txt", "json", "yjs"],
    });
    for address in told.as_object_mut().into_iter().flat_map(|it| it.values_mut()) {
        if let Some(path) = address.as_str().filter(|it| it.starts_with('/')) {
            *address = format!("{base}{path}").into();
        }
    }
    told
}

/// Where something new is, as seen from outside.
fn below(base: &Base, headers: &mut HeaderMap) {
    let location = headers.get(LOCATION).and_then(|it| it.to_str().ok());
    if let Some(Ok(location)) = location.map(|it| HeaderValue::try_from(format!("{base}{it}"))) {
        headers.insert(LOCATION, location);
    }
}

fn json(status: StatusCode, value: &impl serde::Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("names, words and numbers are always JSON");
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// That it is done, and there is nothing to say about it.
fn nothing() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Adds where something new is.
fn at(mut response: Response, location: &str) -> Response {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
