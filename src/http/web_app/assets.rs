//! The files of the web app that are part of the server, in each form they may be sent in.
//!
//! The build script makes them; see `build.rs`. Knows no HTTP beyond the words.

use bytes::Bytes;

use crate::http::negotiate::Coding;

/// A file that is part of the server.
struct Embedded {
    path: &'static str,
    tag: &'static str,
    immutable: bool,
    plain: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// In order of their paths.
static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/web_app.rs"));

/// A file, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    pub(super) content_type: &'static str,
    /// Stands for the content in entity tags.
    pub(super) tag: String,
    /// Whether what is at this address can never change.
    pub(super) immutable: bool,
    pub(super) plain: Bytes,
    pub(super) brotli: Option<Bytes>,
    pub(super) gzip: Option<Bytes>,
}

impl Asset {
    /// The form for a coding; `None` when there is none.
    pub(super) fn form(&self, coding: Coding) -> Option<Bytes> {
        match coding {
            Coding::Identity => Some(self.plain.clone()),
            Coding::Brotli => self.brotli.clone(),
            Coding::Gzip => self.gzip.clone(),
        }
    }

    /// A strong entity tag of a form.
    pub(super) fn etag(&self, coding: Coding) -> String {
        match coding {
            Coding::Identity => format!("\"{}\"", self.tag),
            _ => format!("\"{}-{}\"", self.tag, coding.token()),
        }
    }
}

/// Finds a file by its address without the leading slash; a page by the name of its file.
pub(super) fn embedded(path: &str) -> Option<Asset> {
    let index = EMBEDDED.binary_search_by(|file| file.path.cmp(path)).ok()?;
    let file = &EMBEDDED[index];
    Some(Asset {
        content_type: content_type(path)?,
        tag: file.tag.to_owned(),
        immutable: file.immutable,
        plain: Bytes::from_static(file.plain?),
        brotli: file.brotli.map(Bytes::from_static),
        gzip: file.gzip.map(Bytes::from_static),
    })
}

/// The media type of a file by its extension; `None` for what is not served.
pub(super) fn content_type(path: &str) -> Option<&'static str> {
    // Declarations are for type checkers; browsers never ask for them.
    if path.ends_with(".d.ts") {
        return None;
    }
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => return None,
    })
}
