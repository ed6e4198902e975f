//! Serves the pages, scripts and styles of `web/`: built into the binary, or from a directory while
//! somebody works on them.
//!
//! Knows files and caching; what the pages do is their own business.

mod assets;
mod based;
mod directory;
#[cfg(test)]
mod joined;
mod joining;
mod sign_in;

use std::path::PathBuf;

use warp::{
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    reply::Response,
};

use super::{
    mount::Base,
    negotiate::{Coding, choose, has_tag},
    problem, read_only,
};
use crate::ids::{DocumentName, NameError};
use assets::Asset;
pub use sign_in::SignInUrl;

/// What pages may load and do. Inline styles are needed for the carets' colours; nothing else is
/// inline, so injected markup cannot run, and cannot send what is typed anywhere else either.
const CONTENT_SECURITY: &str = "default-src 'self'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:; connect-src 'self'; \
    worker-src 'self'; manifest-src 'self'; frame-src 'none'; form-action 'self'; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'self'";

/// What no page of ours asks for, so that no script that slipped in can ask for it in our name. An
/// opener policy is not set: browsers ignore it with an error in the console where there is no TLS,
/// and no page here opens another.
const PERMISSIONS: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The web app, ready to answer.
#[derive(Clone, Debug)]
pub struct WebApp {
    source: Source,
    sign_in: Option<SignInUrl>,
}

#[derive(Clone, Debug)]
enum Source {
    Embedded,
    Directory(PathBuf),
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A file by its path within `web/`, or within what was made of it.
    File(String),
    BadName(NameError),
    Nothing,
}

impl WebApp {
    /// The pages built into the binary.
    #[must_use]
    pub fn embedded() -> Self {
        Self { source: Source::Embedded, sign_in: None }
    }

    /// The pages in a directory laid out like `web/`, read again for each request.
    #[must_use]
    pub fn directory(path: PathBuf) -> Self {
        Self { source: Source::Directory(path), sign_in: None }
    }

    /// The same, whose pages send people to this address when somebody must sign in.
    #[must_use]
    pub fn signing_in_at(mut self, address: Option<SignInUrl>) -> Self {
        self.sign_in = address;
        self
    }

    /// Answers a request for `path`, which is relative to where the app is mounted and has no
    /// leading slash.
    pub async fn answer(
        &self,
        method: &Method,
        path: &str,
        base: &Base,
        headers: &HeaderMap,
    ) -> Response {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return read_only();
        }
        let mut response = match target(path) {
            Target::File(file) => match self.file(&file, base).await {
                Some(asset) => found(&asset, headers),
                None => self.not_found(base).await,
            },
            Target::BadName(error) => {
                let text = format!("This address cannot lead to a document: {error}.\n");
                plain(StatusCode::BAD_REQUEST, text)
            }
            Target::Nothing => self.not_found(base).await,
        };
        protect(&mut response, path);
        response
    }

    async fn not_found(&self, base: &Base) -> Response {
        let Some(page) = self.file("404.html", base).await else {
            return problem(StatusCode::NOT_FOUND, "there is nothing at this address");
        };
        let mut response = found(&page, &HeaderMap::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }

    async fn file(&self, path: &str, base: &Base) -> Option<Asset> {
        let asset = match &self.source {
            Source::Embedded => assets::embedded(path),
            Source::Directory(root) => directory::read(root.clone(), path.to_owned()).await,
        };
        asset.map(|asset| based::told(asset, path, base, self.sign_in.as_ref()))
    }
}

/// Whether a path leads to the page of the server or to what pages are made of.
pub(super) fn is_of_the_server_page(path: &str) -> bool {
    path == "server" || is_part(path) || is_public(path)
}

fn target(path: &str) -> Target {
    let file = match path.split_once('/') {
        Some(("d", name)) => match DocumentName::from_url_path(name) {
            Ok(_) => "document.html".to_owned(),
            Err(error) => return Target::BadName(error),
        },
        Some(("h", name)) => match DocumentName::from_url_path(name) {
            Ok(_) => "history.html".to_owned(),
            Err(error) => return Target::BadName(error),
        },
        Some(("joined" | "src" | "styles" | "vendor", rest)) if is_plain(rest) => path.to_owned(),
        None if path.is_empty() => "index.html".to_owned(),
        None if is_page(path) => format!("{path}.html"),
        None if is_public(path) => path.to_owned(),
        _ => return Target::Nothing,
    };
    Target::File(file)
}

/// Whether a page has an address of its own by its name. Those that have not stand for others.
fn is_page(name: &str) -> bool {
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_name && !["document", "history", "index"].contains(&name)
}

/// Whether a single file beside the pages is for browsers.
fn is_public(name: &str) -> bool {
    let is_image = [".svg", ".png", ".ico", ".webmanifest"].iter().any(|it| name.ends_with(it));
    ["sw.js", joining::WORKER].contains(&name) || (is_image && is_plain(name))
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

fn found(asset: &Asset, headers: &HeaderMap) -> Response {
    let coding = choose(headers, |coding| asset.form(coding).is_some());
    let etag = asset.etag(coding);
    let mut response = if has_tag(headers, &etag) {
        let mut unchanged = Response::default();
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        let body = asset.form(coding).unwrap_or_default();
        let mut response = Response::new(body.into());
        let lines = response.headers_mut();
        lines.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        if coding != Coding::Identity {
            lines.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.token()));
        }
        response
    };
    // What has a hash in its name never changes. Everything else is asked for again each time, or a
    // page of one release would run with scripts of another.
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let answered = response.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    answered.insert(VARY, HeaderValue::from_static("accept-encoding"));
    answered.insert(ETAG, HeaderValue::try_from(etag).expect("a tag is hexadecimal in quotes"));
    response
}

fn protect(response: &mut Response, path: &str) {
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    // The policies of a page hold for its scripts and styles. Sent with each of them they would be a
    // twentieth of a first visit, as HTTP/1.1 does not compress headers.
    if is_part(path) && response.status() != StatusCode::NOT_FOUND {
        return;
    }
    headers_of_a_page(response.headers_mut());
}

/// Whether a path leads to what pages are made of rather than to what can be opened.
fn is_part(path: &str) -> bool {
    const FOLDERS: [&str; 4] = ["joined/", "src/", "styles/", "vendor/"];
    // The manifest is only data; opened by itself it runs nothing.
    path == "manifest.webmanifest" || FOLDERS.iter().any(|folder| path.starts_with(folder))
}

fn headers_of_a_page(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(PERMISSIONS),
    );
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

#[cfg(test)]
mod tests;
