//! `coscribe import`: a file into a document, whole or not at all.
//!
//! A Yjs update is merged with what the document holds; a file of any other format makes a new one,
//! a saved document (`.coscribe`) with its whole past.

use std::{
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use bytes::Bytes;
use clap::Args;

use super::{saved, store, words, y_sweet};
use crate::{
    clock::{Clock, SystemClock, Timestamp},
    convert::{self, About, Format, Kind},
    crdt::{Incoming, Verdict},
    history::saved::Admitted,
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentId, DocumentName},
    random::SystemRandom,
    server::config::Config,
    storage::{
        Entry, Store,
        disk::StdDisk,
        local::{Local, LocalOptions},
    },
};

/// See the command's help.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The file; `-` for standard input. With --y-sweet, the directory.
    file: PathBuf,

    /// The document's name. A Yjs update is merged with what it holds; any other file makes a new
    /// document [default, with a saved document (.coscribe): the file's name].
    document: Option<String>,

    /// What the file is: md, html, txt, json (ProseMirror's) or yjs, an update (version 1)
    /// [default: what the file's name ends with, or yjs].
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<Format>,

    /// The document's title [default: that of the file, or the file's name; with yjs, as it is].
    #[arg(short, long)]
    title: Option<String>,

    /// What to make of the file: rich text, or a text in Markdown or code as it is [default: rich].
    #[arg(short, long, value_name = "rich|markdown|code")]
    kind: Option<Kind>,

    /// The language of code, such as rust.
    #[arg(short, long)]
    lang: Option<String>,

    /// Import every document of a directory in which y-sweet keeps them (y-sweet serve DIR), under
    /// their names; again, if something was written since.
    #[arg(long, conflicts_with_all = ["document", "format", "title", "kind", "lang"])]
    y_sweet: bool,

    /// The server's data directory [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,
}

impl ImportArguments {
    fn format(&self) -> Format {
        let of_file = || Format::of_file_name(&self.file.to_string_lossy());
        self.format.or_else(of_file).unwrap_or(Format::Update)
    }

    fn about(&self) -> About {
        let title = self.title.clone().or_else(|| match self.format() {
            Format::Update | Format::Html => None,
            _ => self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        });
        let title = title.filter(|_| self.file != Path::new("-") || self.title.is_some());
        About { title, kind: self.kind, lang: self.lang.clone() }
    }

    /// The file as an update.
    fn update(&self, file: Bytes) -> anyhow::Result<Bytes> {
        let (format, about) = (self.format(), self.about());
        if format == Format::Update && about == About::default() {
            return Ok(file);
        }
        let made = convert::import(&file, format, &about, ClientId::new(&SystemRandom));
        made.with_context(|| format!("cannot import {}", self.file.display()))
    }
}

/// Imports the file.
pub(super) fn import(arguments: &ImportArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if arguments.y_sweet {
        return y_sweet::import(&arguments.file, arguments.data.clone(), out);
    }
    let is_saved = arguments.format.is_none() && saved::is_saved(&arguments.file);
    let of_file = || Some(arguments.file.file_stem()?.to_string_lossy().into_owned());
    let name = arguments.document.clone().or_else(|| of_file().filter(|_| is_saved));
    let Some(name) = name else {
        return super::not_understood(&"name the document that the file goes into");
    };
    let name = match DocumentName::new(&name) {
        Ok(name) => name,
        Err(error) => return super::not_understood(&error),
    };
    if is_saved && arguments.about() != About::default() {
        return super::not_understood(&"a saved document says itself what it is");
    }
    let settings = store::settings(arguments.data.clone())?;
    let brings = if is_saved {
        let admitted = open(&arguments.file)
            .and_then(saved::take_in)
            .with_context(|| format!("cannot import {}", arguments.file.display()))?;
        Brings::Past(admitted)
    } else {
        Brings::Update(arguments.update(read(&arguments.file)?)?)
    };
    let merges = !is_saved && arguments.format() == Format::Update;
    let (local, clock) = open_store(&settings)?;
    let now = clock.now();
    let author = author(&arguments.file);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let outcome = runtime.block_on(async {
        let imported = match (local.find(&name).await, brings) {
            (Ok(Some(_)), _) if !merges => Err(anyhow::anyhow!(
                "there is a document `{name}` already, and only a Yjs update can be merged with it; \
                 give the new one another name"
            )),
            (Ok(_), Brings::Update(update)) => merge(&local, &name, update, author, now).await,
            (Ok(_), Brings::Past(past)) => {
                saved::bring(&local, &name, past).await.map(Imported::Past)
            }
            (Err(error), _) => Err(error.into()),
        };
        // What went wrong first is what is told.
        let closed = local.close().await;
        imported.and_then(|imported| closed.map(|()| imported).map_err(Into::into))
    });
    let words = match outcome? {
        Imported::Nothing => format!("`{name}` has everything in the file already"),
        Imported::Past(edits) => {
            format!(
                "imported {} with their times and authors as `{name}`",
                words::count(edits, "edit")
            )
        }
        Imported::Added { bytes, whole } => {
            let size = words::size(bytes as u64);
            format!(
                "imported {size} into `{name}`{}",
                caution(whole, settings.0.limits.document_bytes)
            )
        }
    };
    super::write_out(out, format!("{words}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The store, opened for writing.
pub(super) fn open_store(
    (config, directory): &(Config, PathBuf),
) -> anyhow::Result<(Local, Arc<SystemClock>)> {
    let clock = Arc::new(SystemClock::new());
    let mut options = LocalOptions::new(directory.clone());
    if let Some(bytes) = config.journal_file_bytes {
        options.journal_file_bytes = bytes;
    }
    let (local, _) = Local::open(options, Arc::new(StdDisk), Arc::clone(&clock) as _)?;
    Ok((local, clock))
}

/// What to know about a document that is larger than the server lets one become.
fn caution(whole: usize, limit: usize) -> String {
    if whole <= limit {
        return String::new();
    }
    format!(
        "; the document now has {}, more than max-document-size: people can read it, but not add to \
         it until that is raised",
        words::size(whole as u64)
    )
}

/// What is in the file.
enum Brings {
    Update(Bytes),
    Past(Admitted),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Imported {
    Nothing,
    Past(usize),
    Added { bytes: usize, whole: usize },
}

/// Adds to a document what it lacks of an update, or makes it of that.
pub(super) async fn merge(
    store: &dyn Store,
    name: &DocumentName,
    update: Bytes,
    author: Author,
    now: Timestamp,
) -> anyhow::Result<Imported> {
    let found = store.find(name).await?;
    let opened = match found {
        Some(id) => store.open(id).await?,
        None => Default::default(),
    };
    let (added, whole) = store::on_large_stack(|| {
        let mut state = store::empty();
        let snapshot = opened.snapshot.as_ref().map(|snapshot| &snapshot.state[..]);
        let entries = opened.entries.iter().map(|stored| &stored.entry.update[..]);
        state.load(snapshot.into_iter().chain(entries)).map_err(store::damaged)?;
        // A difference with its whole delete set is what a file holds, and of what is known
        // already nothing is to be recorded again.
        let applied = state.apply(&[Incoming { update, step2: true }])?;
        let added = match applied.verdicts.into_iter().next() {
            Some(Verdict::Applied(added)) => Some(added),
            Some(Verdict::Refused(refusal)) => anyhow::bail!("cannot import the file: {refusal}"),
            Some(Verdict::Incomplete(_)) => anyhow::bail!(
                "the file builds on edits that neither it nor the document has; export the whole \
                 state (Y.encodeStateAsUpdate), not a difference"
            ),
            Some(Verdict::Known) | None => None,
        };
        let whole = state.snapshot().map_err(store::damaged)?.len();
        Ok((added, whole))
    })?;
    let Some(added) = added else { return Ok(Imported::Nothing) };
    let bytes = added.len();
    let entry = Entry { time: now, author: Arc::new(author), update: added };
    append(store, found, name, entry).await?;
    Ok(Imported::Added { bytes, whole })
}

async fn append(
    store: &dyn Store,
    found: Option<DocumentId>,
    name: &DocumentName,
    entry: Entry,
) -> anyhow::Result<()> {
    if let Some(id) = found {
        store.append(id, vec![entry]).await?;
        return Ok(());
    }
    let (id, time) = (DocumentId::new(&SystemRandom), entry.time);
    // Handed over together, so that no crash leaves the name without the content.
    let (created, appended) = (store.create(name, id, time), store.append(id, vec![entry]));
    created.await?;
    if let Err(error) = appended.await {
        // What went wrong first is what is told.
        let _left_empty = store.delete(id, time, Vec::new()).await.is_err();
        return Err(error.into());
    }
    Ok(())
}

/// A whole file.
pub(super) fn read(path: &Path) -> anyhow::Result<Bytes> {
    let mut bytes = Vec::new();
    // One byte more than is accepted tells a file that is too large from one that just fits.
    let bound = store::DOCUMENT_BYTES as u64 + 1;
    let read = open(path)?.take(bound).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() > store::DOCUMENT_BYTES {
        anyhow::bail!(
            "{} is larger than {}, which is the most that is imported",
            path.display(),
            words::size(store::DOCUMENT_BYTES as u64)
        );
    }
    Ok(bytes.into())
}

/// The file, or standard input for `-`.
pub(super) fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = std::fs::File::open(path);
    let file = file.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Who brings what a file holds.
pub(super) fn author(path: &Path) -> Author {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Author { kind: AuthorKind::Import, user: "".into(), name: file.as_ref().into(), connection: 0 }
}
