//! Serves the pages, scripts and styles of `web/`: built into the binary, or from a directory while
//! somebody works on them.
//!
//! Knows files and caching; what the pages do is their own business.

mod assets;

use std::path::PathBuf;

use warp::{
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    reply::Response,
};

use super::{problem, read_only};
use crate::ids::{DocumentName, NameError};
use assets::{Asset, content_type};

/// What pages may load and do. Inline styles are needed for the carets' colours; nothing else is
/// inline, so injected markup cannot run.
const CONTENT_SECURITY: &str = "default-src 'self'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; connect-src 'self'; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'self'";

/// The web app, ready to answer.
#[derive(Clone, Debug)]
pub struct WebApp(Source);

#[derive(Clone, Debug)]
enum Source {
    Embedded,
    Directory(PathBuf),
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum Target<'a> {
    File(&'a str),
    BadName(NameError),
    Nothing,
}

impl WebApp {
    /// The pages built into the binary.
    #[must_use]
    pub fn embedded() -> Self {
        Self(Source::Embedded)
    }

    /// The pages in a directory laid out like `web/`, read again for each request.
    #[must_use]
    pub fn directory(path: PathBuf) -> Self {
        Self(Source::Directory(path))
    }

    /// Answers a request for `path`, which is relative to where the app is mounted and has no
    /// leading slash.
    pub async fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return read_only();
        }
        let mut response = match target(path) {
            Target::File(file) => match self.file(file).await {
                Some(asset) => found(file, &asset, headers, self.is_embedded()),
                None => self.not_found().await,
            },
            Target::BadName(error) => {
                let text = format!("This address cannot lead to a document: {error}.\n");
                plain(StatusCode::BAD_REQUEST, text)
            }
            Target::Nothing => self.not_found().await,
        };
        protect(&mut response);
        response
    }

    async fn not_found(&self) -> Response {
        let Some(page) = self.file("404.html").await else {
            return problem(StatusCode::NOT_FOUND, "there is nothing at this address");
        };
        let mut response = found("404.html", &page, &HeaderMap::new(), self.is_embedded());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }

    async fn file(&self, path: &str) -> Option<Asset> {
        match &self.0 {
            Source::Embedded => assets::embedded(path),
            Source::Directory(root) => assets::read(root.join(path)).await,
        }
    }

    fn is_embedded(&self) -> bool {
        matches!(self.0, Source::Embedded)
    }
}

fn target(path: &str) -> Target<'_> {
    if path.is_empty() {
        return Target::File("index.html");
    }
    match path.split_once('/') {
        Some(("d", name)) => match DocumentName::from_url_path(name) {
            Ok(_) => Target::File("document.html"),
            Err(error) => Target::BadName(error),
        },
        Some(("src" | "styles" | "vendor", rest)) if is_plain(rest) => Target::File(path),
        None if path == "icon.svg" => Target::File(path),
        _ => Target::Nothing,
    }
}

/// Whether a path can only lead downwards, and to nothing hidden. Files here have plain names, so no
/// escape needs decoding.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|segment| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    })
}

fn found(file: &str, asset: &Asset, headers: &HeaderMap, embedded: bool) -> Response {
    let packed = if accepts_zstd(headers) { asset.packed() } else { None };
    let etag = asset.etag(packed.is_some());
    let mut response = if has_tag(headers, &etag) {
        let mut unchanged = Response::default();
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        let mut response = Response::new(packed.clone().unwrap_or(asset.body()).into());
        let content_type = HeaderValue::from_static(content_type(file).unwrap_or_default());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        if packed.is_some() {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        }
        response
    };
    // Shared chunks carry a hash in their names. Everything else is asked for again each time, or a
    // page of one release would run with scripts of another.
    let cache = if embedded && file.starts_with("vendor/shared-") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let answered = response.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    answered.insert(VARY, HeaderValue::from_static("accept-encoding"));
    answered.insert(ETAG, HeaderValue::try_from(etag).expect("a tag is hexadecimal in quotes"));
    response
}

fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Names of documents are part of addresses, and no other site's business.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

fn plain(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn accepts_zstd(headers: &HeaderMap) -> bool {
    items(headers, &ACCEPT_ENCODING).any(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        coding.trim().eq_ignore_ascii_case("zstd") && !refused
    })
}

fn has_tag(headers: &HeaderMap, etag: &str) -> bool {
    items(headers, &IF_NONE_MATCH)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == etag)
}

fn items<'a>(
    headers: &'a HeaderMap,
    name: &warp::http::HeaderName,
) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests;
