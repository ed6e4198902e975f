//! The files of the web app as bytes: which exist, their types, tags and compressed forms.
//!
//! Only what browsers ask for is built in: pages, `src`, `styles` and `vendor`, without tests and
//! tools. Knows no HTTP beyond the words.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
    path::PathBuf,
    sync::{Arc, LazyLock, OnceLock},
};

use bytes::Bytes;
use include_dir::{Dir, DirEntry, include_dir};

/// Files smaller than this fit a packet or two anyway.
const PACK_FROM: usize = 1024;

/// Zstandard's level: higher ones gain a few percent and take seconds.
const PACK_LEVEL: i32 = 9;

static FOLDERS: [(&str, Dir<'static>); 3] = [
    ("src", include_dir!("$CARGO_MANIFEST_DIR/web/src")),
    ("styles", include_dir!("$CARGO_MANIFEST_DIR/web/styles")),
    ("vendor", include_dir!("$CARGO_MANIFEST_DIR/web/vendor")),
];

static PAGES: [(&str, &[u8]); 4] = [
    ("index.html", include_bytes!("../../../web/index.html")),
    ("document.html", include_bytes!("../../../web/document.html")),
    ("icon.svg", include_bytes!("../../../web/icon.svg")),
    ("404.html", include_bytes!("../../../web/404.html")),
];

static EMBEDDED: LazyLock<HashMap<String, Asset>> = LazyLock::new(|| {
    let mut assets = HashMap::new();
    for (path, body) in PAGES {
        insert(&mut assets, path.to_owned(), body);
    }
    for (name, folder) in &FOLDERS {
        collect(&mut assets, name, folder);
    }
    assets
});

/// A file. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Asset(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    body: Bytes,
    hash: u64,
    is_text: bool,
    packed: OnceLock<Option<Bytes>>,
}

/// Finds a file that was built in, by its path within `web/`.
pub(super) fn embedded(path: &str) -> Option<Asset> {
    EMBEDDED.get(path).cloned()
}

/// Reads a file from disk; `None` when there is none, or none that is served.
pub(super) async fn read(path: PathBuf) -> Option<Asset> {
    let content_type = content_type(path.to_str()?)?;
    // A task that panicked or was cancelled at shutdown has no file to give either.
    let read = tokio::task::spawn_blocking(move || (std::fs::read(&path), path)).await.ok()?;
    match read {
        (Ok(body), _) => Some(Asset::new(body.into(), content_type)),
        (Err(error), path) => {
            tracing::debug!(path = %path.display(), %error, "cannot read a file of the web app");
            None
        }
    }
}

/// The media type of a file by its extension; `None` for what is not served.
pub(super) fn content_type(path: &str) -> Option<&'static str> {
    // Declarations are for type checkers; browsers never ask for them.
    if path.ends_with(".d.ts") {
        return None;
    }
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "txt" | "md" => "text/plain; charset=utf-8",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => return None,
    })
}

impl Asset {
    fn new(body: Bytes, content_type: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&body);
        let is_text = !matches!(content_type, "image/png" | "image/x-icon" | "font/woff2");
        Self(Arc::new(Contents { hash: hasher.finish(), body, is_text, packed: OnceLock::new() }))
    }

    /// As it is.
    pub(super) fn body(&self) -> Bytes {
        self.0.body.clone()
    }

    /// Compressed with Zstandard, when that helps. Done once, at the first request.
    pub(super) fn packed(&self) -> Option<Bytes> {
        let contents = &self.0;
        let pack = || {
            let worth_it = contents.is_text && contents.body.len() >= PACK_FROM;
            let packed = worth_it.then(|| zstd::bulk::compress(&contents.body, PACK_LEVEL));
            // Compressing fails only for want of memory; then the plain form serves as well.
            packed?.ok().filter(|packed| packed.len() < contents.body.len()).map(Bytes::from)
        };
        contents.packed.get_or_init(pack).clone()
    }

    /// A strong entity tag; the compressed form has another. It need not outlive this build: after
    /// an update a file is fetched once too often at worst.
    pub(super) fn etag(&self, packed: bool) -> String {
        format!("\"{:016x}{}\"", self.0.hash, if packed { "-z" } else { "" })
    }
}

fn collect(assets: &mut HashMap<String, Asset>, folder: &str, dir: &'static Dir<'static>) {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(dir) => collect(assets, folder, dir),
            DirEntry::File(file) => {
                let path = format!("{folder}/{}", file.path().display());
                insert(assets, path, file.contents());
            }
        }
    }
}

fn insert(assets: &mut HashMap<String, Asset>, path: String, body: &'static [u8]) {
    if let Some(content_type) = content_type(&path) {
        assets.insert(path, Asset::new(Bytes::from_static(body), content_type));
    }
}
