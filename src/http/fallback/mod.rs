//! Connections for networks that let no WebSocket through: server-sent events down, POST up.
//!
//! What travels is the bytes of a WebSocket (frames as in RFC 6455 §5.2, after the handshake), so
//! that everything behind them is the same: dialects, sessions, rights, bounds, answers that come
//! when an edit is durable. Requests carry them as two streams of bytes:
//!
//! - `POST /sse/{document}` (or `/sse`, where frames name it) with the query of a WebSocket opens a
//!   connection and answers with its id. All others show it as `Coscribe-Connection`.
//! - `POST …?at=N` brings the bytes from the Nth on; what came already is skipped, so that a
//!   request may be tried again. `received=M` says how far the client has read.
//! - `GET …?from=N` is a stream of events, base64 each, whose id is the number of the next byte.
//!   With `Accept: application/octet-stream` it is a poll: the bytes themselves as soon as there are
//!   some, or 204 after a while. It is for proxies that keep an answer until it is complete.
//! - `DELETE` ends the connection, as does a while without anybody reading it.
//!
//! Foreign pages: the id's header and the body's type make browsers ask first, and every request is
//! checked like a WebSocket's.

mod answers;
mod line;
mod lines;
mod turns;
#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Buf;
use futures_util::Stream;
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{
        HeaderMap, HeaderName, Method, StatusCode,
        header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN},
    },
    reply::Response,
};

use super::{Accepted, Peer, Site, admit, carrier::Carrier, check_origin, no_room, place, problem};
use crate::limits::{BODY_TIME, FALLBACK_POST_BYTES};
use answers::{dressed, events, gone, poll, preflight, refused};
use line::{Bounds, Line};
use lines::{Lines, Opener};

/// The header that names a connection. One of our own, so that no foreign page sends it unasked.
static CONNECTION: HeaderName = HeaderName::from_static("coscribe-connection");

/// Where a connection's requests go.
pub(super) const PATH: &str = "sse";

/// A request without its body.
struct Request {
    method: Method,
    path: String,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    peer: Option<Peer>,
}

/// The routes, with the handler that WebSockets have.
pub(super) fn fallback<H, F>(site: &Arc<Site>, handler: H) -> BoxedFilter<(Response,)>
where
    H: Fn(Carrier, Accepted) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let site = Arc::clone(site);
    let lines = Lines::default();
    warp::path(PATH)
        .and(warp::path::tail())
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(warp::query::<Vec<(String, String)>>())
        .and(warp::ext::optional::<Peer>())
        .and(warp::body::stream())
        .then(
            move |path: warp::path::Tail,
                  method: Method,
                  headers: HeaderMap,
                  query: Vec<(String, String)>,
                  peer: Option<Peer>,
                  body| {
                let (site, lines, handler) = (Arc::clone(&site), lines.clone(), handler.clone());
                let path = path.as_str().to_owned();
                let request = Request { method, path, headers, query, peer };
                async move {
                    let origin = request.headers.get(ORIGIN).cloned();
                    dressed(answer(&site, &lines, request, body, handler).await, origin)
                }
            },
        )
        .boxed()
}

async fn answer<H, F, S, B, E>(
    site: &Site,
    lines: &Lines,
    request: Request,
    body: S,
    handler: H,
) -> Response
where
    H: Fn(Carrier, Accepted) -> F,
    F: Future<Output = ()> + Send + 'static,
    S: Stream<Item = Result<B, E>> + Send + Unpin,
    B: Buf + Send,
    E: Send,
{
    // Reading is as much as writing here: a page that may not connect may do neither.
    if let Err(refused) = check_origin(site, &request.headers) {
        return problem(refused.status(), &refused.to_string());
    }
    let Request { method, headers, .. } = &request;
    let id = headers.get(&CONNECTION).cloned();
    match (method.clone(), id) {
        (Method::OPTIONS, _) => preflight(),
        (Method::POST, _) if !is_bytes(headers, &CONTENT_TYPE) => problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be of the type application/octet-stream",
        ),
        (Method::POST, None) => open(site, lines, request, handler),
        (Method::POST | Method::GET | Method::DELETE, Some(id)) => {
            let by = request.opener();
            match lines.find(id.as_bytes(), &by) {
                Some(line) => carry(&request, &line, body, site.api.patience()).await,
                None => gone(),
            }
        }
        (Method::GET, None) => problem(
            StatusCode::BAD_REQUEST,
            "this address stands in for a WebSocket: open it with POST, then show Coscribe-Connection",
        ),
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "only GET, POST and DELETE work here"),
    }
}

fn open<H, F>(site: &Site, lines: &Lines, request: Request, handler: H) -> Response
where
    H: Fn(Carrier, Accepted) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    if let Err(response) = admit(site, &request.headers) {
        return *response;
    }
    // A place of its own, besides that of the connection which the request came on: that one may
    // bring any number of requests.
    let slot = match place(site, None, request.peer) {
        Ok(slot) => slot,
        Err(full) => return no_room(full),
    };
    let by = request.opener();
    let accepted =
        Accepted::new(&request.path, request.query, None, request.peer, &request.headers);
    let (line, other_end) = Line::new();
    let id = lines.open(by, line, handler(Carrier::Line(other_end), accepted), slot);
    answers::opened(&id)
}

async fn carry<S, B, E>(
    request: &Request,
    line: &Arc<Line>,
    body: S,
    patience: Duration,
) -> Response
where
    S: Stream<Item = Result<B, E>> + Send + Unpin,
    B: Buf + Send,
    E: Send,
{
    if let Some(received) = request.number("received")
        && let Err(refusal) = line.has_arrived(received)
    {
        return refused(refusal);
    }
    match request.method {
        Method::POST => {
            let declared = request.headers.get(CONTENT_LENGTH);
            let declared = declared.and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
            if declared.is_some_and(|bytes| bytes > FALLBACK_POST_BYTES) {
                return refused(line::Refusal::TooLarge(FALLBACK_POST_BYTES));
            }
            let at = request.number("at").unwrap_or(0);
            let bounds = Bounds { bytes: FALLBACK_POST_BYTES, patience };
            match tokio::time::timeout(BODY_TIME, line.send(at, body, bounds)).await {
                Ok(Ok(_)) => answers::nothing(),
                Ok(Err(refusal)) => refused(refusal),
                Err(_) => refused(line::Refusal::Slow),
            }
        }
        Method::DELETE => {
            line.leave();
            answers::nothing()
        }
        _ => {
            let from = request.number("from").unwrap_or(0);
            if is_bytes(&request.headers, &ACCEPT) {
                poll(line, from).await
            } else {
                events(line, from).await
            }
        }
    }
}

impl Request {
    fn opener(&self) -> Opener {
        Opener { path: self.path.clone(), origin: self.headers.get(ORIGIN).cloned() }
    }

    fn number(&self, key: &str) -> Option<u64> {
        let (_, value) = self.query.iter().find(|(name, _)| name == key)?;
        value.parse().ok()
    }
}

fn is_bytes(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get(name).is_some_and(|it| it.as_bytes() == b"application/octet-stream")
}
