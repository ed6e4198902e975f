//! `/metrics`: the numbers of the server for Prometheus, for those who run it.
//!
//! At the listener that is for them, everybody who reaches it may read them: a scraper has no token.

use warp::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    reply::Response,
};

use super::{Site, health::Readiness, problem, rights::Whence};
use crate::auth::{Credentials, Denied};

/// What Prometheus calls its text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn answer(site: &Site, credentials: &Credentials, whence: Whence) -> Response {
    if !whence.admin_listener
        && let Err(denied) = site.rights.operates(credentials, whence).await
    {
        let status = match denied {
            Denied::Unauthorized(_) => warp::http::StatusCode::UNAUTHORIZED,
            Denied::Forbidden => warp::http::StatusCode::FORBIDDEN,
            Denied::Unavailable(_) => warp::http::StatusCode::SERVICE_UNAVAILABLE,
        };
        let why = "metrics are for those who run the server; docs/operations.md says how";
        return problem(status, why);
    }
    let meter = site.api.meter();
    Readiness::of(*site.draining.borrow(), &(site.health)(), meter).note(meter);
    let mut response = Response::new(meter.exposition().into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
