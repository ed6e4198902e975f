//! Errors in the form of RFC 9457, for those who read answers rather than status lines.

use warp::{
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_TYPE},
    },
    reply::Response,
};

/// An error whose code is its status in words.
pub(crate) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("error");
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "too-large".to_owned(),
        _ => title.to_ascii_lowercase().replace(' ', "-"),
    };
    coded(status, &code, detail)
}

/// An error with a code for programs and a detail for people.
pub(crate) fn coded(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = serde_json::json!({
        "title": status.canonical_reason().unwrap_or("error"),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    });
    let mut response = Response::new(body.to_string().into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The answer to a method other than GET and HEAD where only reading is possible.
pub(crate) fn read_only() -> Response {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD work here");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}
