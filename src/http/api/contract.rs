//! `/api/v1/openapi.json`: what the API promises, for programs that make clients of it. A test holds
//! it and the routes together.

use warp::{
    http::{HeaderValue, header::CONTENT_TYPE},
    reply::Response,
};

/// The promise.
const CONTRACT: &str = include_str!("openapi.json");

pub(super) fn answer() -> Response {
    let mut response = Response::new(CONTRACT.into());
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
