//! Where a past comes from: a file, a store, a running server. All are read as a saved document.

use std::{
    io::{Cursor, Read},
    path::Path,
};

use anyhow::Context;

use crate::{
    cli::{saved, store},
    client::download,
    clock::Timestamp,
    history::{
        Past,
        film::Film,
        saved::{Header, Reader},
    },
    ids::{DocumentName, Seq, percent_decode},
    limits::SAVED_FILE_BYTES,
    storage::StoredEntry,
};

/// A past that can be played.
pub(super) struct Recording {
    pub(super) title: String,
    pub(super) film: Film,
    /// When each edit was made.
    pub(super) times: Vec<Timestamp>,
    /// Who made it: an index of `names`.
    pub(super) users: Vec<u32>,
    pub(super) names: Vec<String>,
    /// Whether the first edit stands for earlier ones that were not kept.
    pub(super) cut: bool,
    /// Names, and after how many edits they are.
    pub(super) versions: Vec<(String, usize)>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("title", &self.title).finish_non_exhaustive()
    }
}

/// Opens what the words name.
pub(super) fn open(source: &str, data: Option<String>) -> anyhow::Result<Box<dyn Read + Send>> {
    if let Some(address) = address(source)? {
        let file = fetch(&address).with_context(|| format!("cannot fetch {address}"))?;
        return Ok(Box::new(Cursor::new(file)));
    }
    let path = Path::new(source);
    if source == "-" || saved::is_saved(path) || (path.is_file() && data.is_none()) {
        return crate::cli::import::open(path);
    }
    let name = DocumentName::new(source)?;
    let (_, directory) = store::settings(data)?;
    let mut reader = store::look(&directory)?;
    let Some(id) = reader.find(&name)? else {
        return Err(store::missing(&name, &reader.documents()));
    };
    let mut file = Vec::new();
    saved::write(&mut reader, &name, id, &mut file)?;
    Ok(Box::new(Cursor::new(file)))
}

/// Where a server has the saved document, if the words are an address.
pub(super) fn address(source: &str) -> anyhow::Result<Option<String>> {
    let schemes = [
        ("ws://", "http://"),
        ("wss://", "https://"),
        ("http://", "http://"),
        ("https://", "https://"),
    ];
    let found =
        schemes.into_iter().find_map(|(scheme, http)| Some((source.strip_prefix(scheme)?, http)));
    let Some((rest, http)) = found else { return Ok(None) };
    let wrong =
        || anyhow::anyhow!("`{source}` names no document: it looks like http://host:8080/d/NAME");
    let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path.starts_with("api/v1/") && path.ends_with("/export.coscribe") {
        return Ok(Some(format!("{http}{host}/{path}")));
    }
    let segment = ["d/", "h/", "ws/"].into_iter().find_map(|page| path.strip_prefix(page));
    let decoded =
        percent_decode(segment.ok_or_else(wrong)?).and_then(|it| String::from_utf8(it).ok());
    let name = DocumentName::new(&decoded.ok_or_else(wrong)?)?.to_url_segment();
    Ok(Some(format!("{http}{host}/api/v1/documents/{name}/export.coscribe")))
}

fn fetch(address: &str) -> anyhow::Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(download::get(address, SAVED_FILE_BYTES))?)
}

impl Recording {
    /// Reads a saved document. Belongs on a thread with a large stack.
    pub(super) fn read(file: impl Read) -> anyhow::Result<Self> {
        let mut reader = Reader::open(file, saved::BOUNDS)?;
        let mut past = Past::new(reader.header().life);
        let mut times = Vec::new();
        while let Some(entry) = reader.next_entry()? {
            times.push(entry.time);
            let stored = StoredEntry { seq: Seq(times.len() as u64), entry };
            past.push(&stored)?;
        }
        let rows = past.rows();
        let users = (0..rows.len()).map(|row| rows.row(row).user).collect();
        let nobody = if reader.header().cut { "earlier authors" } else { "somebody" };
        let named = |name: &str| if name.is_empty() { nobody } else { name }.to_owned();
        let names = rows.users().iter().map(|user| named(&user.name)).collect();
        let place = |entry: u64| usize::try_from(entry).unwrap_or(usize::MAX);
        let versions = reader.versions().iter().filter(|version| !version.name.is_empty());
        let versions = versions.map(|it| (it.name.clone(), place(it.entry))).collect();
        let film = Film::of(&past)?;
        let Header { title, cut, .. } = reader.header().clone();
        let title = if title.is_empty() { "Untitled".to_owned() } else { title };
        Ok(Self { title, film, times, users, names, cut, versions })
    }
}
