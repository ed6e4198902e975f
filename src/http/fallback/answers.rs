//! What requests that carry a connection are answered with.

use std::{convert::Infallible, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use futures_util::stream;
use tokio::time::timeout;
use warp::{
    Reply,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
            CACHE_CONTROL, CONTENT_TYPE, VARY,
        },
    },
    reply::Response,
    sse::Event,
};

use super::{
    line::{Line, Reader, Refusal},
    problem,
};
use crate::limits::{FALLBACK_HEARTBEAT, FALLBACK_POLL, FALLBACK_QUEUE_BYTES};

/// What a stream begins with. Some proxies hold the first kilobyte or two back to look at it.
const PADDING: usize = 2048;

/// The id of a new connection.
pub(super) fn opened(id: &str) -> Response {
    let body = serde_json::json!({ "id": id }).to_string();
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::CREATED;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// Done, and nothing to say.
pub(super) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// There is no such connection, or none of who asks: the two look the same.
pub(super) fn gone() -> Response {
    problem(StatusCode::NOT_FOUND, "there is no such connection; open a new one")
}

/// Why a request cannot go on.
pub(super) fn refused(refusal: Refusal) -> Response {
    let status = match refusal {
        Refusal::Gap(_) | Refusal::Superseded => StatusCode::CONFLICT,
        Refusal::Forgotten | Refusal::Over => StatusCode::GONE,
        Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
        Refusal::BrokenOff => StatusCode::BAD_REQUEST,
        Refusal::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
    };
    problem(status, &refusal.to_string())
}

/// The bytes that come next, or nothing if none come for a while.
pub(super) async fn poll(line: &Arc<Line>, from: u64) -> Response {
    let mut reader = match line.read(from) {
        Ok(reader) => reader,
        Err(refusal) => return refused(refusal),
    };
    let first = match timeout(FALLBACK_POLL, reader.next()).await {
        Ok(Ok(first)) => first,
        Ok(Err(refusal)) => return refused(refusal),
        Err(_) => return nothing(),
    };
    let mut bytes = BytesMut::from(&first[..]);
    while bytes.len() < FALLBACK_QUEUE_BYTES
        && let Some(more) = reader.rest()
    {
        bytes.extend_from_slice(&more);
    }
    let mut response = Response::new(bytes.freeze().into());
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, octets);
    response
}

/// All that comes, as events.
pub(super) async fn events(line: &Arc<Line>, from: u64) -> Response {
    let reader = match line.read(from) {
        Ok(reader) => reader,
        Err(refusal) => return refused(refusal),
    };
    let told = stream::unfold(Stage::Begins(reader), |stage| async {
        let (event, stage) = stage.next().await?;
        Some((Ok::<_, Infallible>(event), stage))
    });
    let mut response = warp::sse::reply(told).into_response();
    // nginx and others that learned it from nginx pass such an answer on as it comes.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    response
}

/// How far a stream of events is.
enum Stage {
    Begins(Reader),
    Goes(Reader),
    Ended,
}

impl Stage {
    async fn next(self) -> Option<(Event, Self)> {
        let mut reader = match self {
            Self::Begins(reader) => {
                return Some((Event::default().comment(" ".repeat(PADDING)), Self::Goes(reader)));
            }
            Self::Goes(reader) => reader,
            Self::Ended => return None,
        };
        Some(match timeout(FALLBACK_HEARTBEAT, reader.next()).await {
            Ok(Ok(bytes)) => {
                let event = Event::default().id(reader.at().to_string());
                (event.data(STANDARD.encode(&bytes)), Self::Goes(reader))
            }
            Ok(Err(Refusal::Over)) => (Event::default().event("end").data(""), Self::Ended),
            Ok(Err(_)) => return None,
            Err(_) => (Event::default().comment(""), Self::Goes(reader)),
        })
    }
}

/// What a browser asks before a page of another site may send such requests. Which site may is
/// decided before, as for a WebSocket.
pub(super) fn preflight() -> Response {
    let mut response = nothing();
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, POST, DELETE");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let names = HeaderValue::from_static("content-type, coscribe-connection");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}

/// An answer, with what browsers and proxies need to know about it. `page` is the site that asks,
/// if it may read the answer; a WebSocket would take its cookies along, and so does this.
pub(super) fn dressed(mut response: Response, page: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(page) = page {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}
