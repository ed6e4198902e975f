//! The web app read from a directory for each request, while somebody works on it: modules one by
//! one, as they are written.
//!
//! Pages still say early what they will import, and the service worker still gets its list.

use std::path::{Path, PathBuf};

use super::{
    assets::{Asset, content_type},
    joining::{Graph, Problem, Shell, WORKER, worker_start},
};

use crate::telemetry::warnings::WebAppUnfit;

/// What the service worker has instead of a release. What it kept is not to be trusted then.
const NO_RELEASE: &str = "directory";

/// Reads a file; `None` when there is none, or none that is served.
pub(super) async fn read(root: PathBuf, path: String) -> Option<Asset> {
    let content_type = content_type(&path)?;
    // A task that panicked or was cancelled at shutdown has no file to give either.
    let body = tokio::task::spawn_blocking(move || body(&root, &path)).await.ok()??;
    Some(Asset {
        content_type,
        tag: tag(&body),
        immutable: false,
        plain: body.into(),
        brotli: None,
        gzip: None,
    })
}

fn body(root: &Path, path: &str) -> Option<Vec<u8>> {
    let body = match std::fs::read(root.join(path)) {
        Ok(body) => body,
        Err(error) => {
            tracing::debug!(path, %error, "cannot read a file of the web app");
            return None;
        }
    };
    if !path.ends_with(".html") && path != "sw.js" {
        return Some(body);
    }
    let text = String::from_utf8(body).ok()?;
    let written = if path == "sw.js" {
        files(root).map(|files| {
            let files = serde_json::Value::from(files).to_string();
            text.replace("__PRECACHE__", &files).replace("__RELEASE__", NO_RELEASE)
        })
    } else {
        page(root, path, &text)
    };
    // The browser tells better what is wrong with a module that is being written.
    let written = written.unwrap_or_else(|problem| {
        WebAppUnfit { reason: &problem }.note();
        text
    });
    Some(written.into_bytes())
}

/// A page with hints for all that it will import.
fn page(root: &Path, name: &str, html: &str) -> Result<String, Problem> {
    let shell = Shell::parse(name, html)?;
    let mut links = shell.links().clone();
    let graph = Graph::read(links.start.as_deref(), |path| read_text(root, path))?;
    if let Some(start) = &links.start {
        let reach = graph.reach(start)?;
        links.hints.extend(reach.vendored);
        links.hints.extend(reach.own.into_iter().filter(|path| path != start));
    }
    Ok(shell.write(&links))
}

/// The addresses of everything that the pages need, now or later.
fn files(root: &Path) -> Result<Vec<String>, Problem> {
    let mut shells = Vec::new();
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".html") {
            shells.push(Shell::parse(&name, &read_text(root, &name).unwrap_or_default())?);
        }
    }
    let links = || shells.iter().map(Shell::links);
    let worker = read_text(root, WORKER).map(|source| worker_start(&source)).transpose()?;
    let starts = links().filter_map(|links| links.start.as_deref()).chain(worker.as_deref());
    let graph = Graph::read(starts, |path| read_text(root, path))?;
    let mut files: Vec<String> = links()
        .flat_map(|it| it.styles.iter().chain(&it.later).chain(&it.classics))
        .cloned()
        .collect();
    for start in graph.own_roots() {
        let reach = graph.reach(start)?;
        files.extend(reach.own);
        files.extend(reach.vendored);
    }
    files.sort();
    files.dedup();
    Ok(files.into_iter().map(|file| format!("/{file}")).collect())
}

fn read_text(root: &Path, path: &str) -> Option<String> {
    std::fs::read_to_string(root.join(path)).ok()
}

fn tag(body: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("{:016x}", hasher.finish())
}
