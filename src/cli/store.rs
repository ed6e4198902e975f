//! What the commands that work on a data directory share: finding it, looking at it, a stack for
//! the CRDT.

use std::{path::PathBuf, sync::Arc, thread};

use anyhow::Context;

use crate::{
    crdt::{Bounds, DocumentState},
    ids::{ClientId, DocumentId, DocumentName, Seq},
    random::SystemRandom,
    server::{
        config::{Config, Data, Written},
        similar::similar,
    },
    storage::{DocumentInfo, disk::StdDisk, reader::Reader},
};

/// The CRDT recurses over nested types; document threads have as much. Only what is used is ever
/// backed by memory.
const STACK_BYTES: usize = 256 << 20;

/// Entries are read about so many bytes at a time.
const PAGE_BYTES: usize = 16 << 20;

/// Largest document that is imported or exported. Above the server's usual bound, because an
/// operator knows what he is doing, and below what would exhaust small machines by accident.
pub(super) const DOCUMENT_BYTES: usize = 1 << 30;

/// What the settings say, with `data` as if it were the server's flag.
pub(super) fn settings(data: Option<String>) -> anyhow::Result<(Config, PathBuf)> {
    let flags = data.map(|data| ("data", vec![data])).into_iter().collect();
    let config = Config::understand(&Written::read(flags, None)?)?;
    match config.data.clone() {
        Data::Directory(directory) => Ok((config, directory)),
        Data::Memory => anyhow::bail!(
            "the settings keep documents in memory, where no other program can reach them; name a \
             directory with --data"
        ),
    }
}

/// Looks at the store in a directory, also beside a running server.
pub(super) fn look(directory: &std::path::Path) -> anyhow::Result<Reader> {
    if !directory.is_dir() {
        anyhow::bail!(
            "there is no directory {}; name the server's data directory with --data",
            directory.display()
        );
    }
    Ok(Reader::open(directory, Arc::new(StdDisk))?)
}

/// A document in memory, made of what is stored of it.
pub(super) fn load(reader: &mut Reader, id: DocumentId) -> anyhow::Result<DocumentState> {
    let mut state = empty();
    let mut after = Seq(0);
    loop {
        let page = reader.entries(id, after, PAGE_BYTES)?;
        let Some(last) = page.last() else { return Ok(state) };
        after = last.seq;
        state.load(page.iter().map(|stored| &stored.entry.update[..])).map_err(damaged)?;
    }
}

/// A document in memory without anything in it. No earlier life's edits are refused: an operator
/// who imports a copy of a deleted document wants it back.
pub(super) fn empty() -> DocumentState {
    let bounds = Bounds { update_bytes: DOCUMENT_BYTES, document_bytes: DOCUMENT_BYTES };
    DocumentState::new(ClientId::new(&SystemRandom), bounds, Arc::new([]))
}

/// Words for a document that the CRDT does not accept.
pub(super) fn damaged(reason: String) -> anyhow::Error {
    anyhow::anyhow!("the stored document is damaged: {reason}")
}

/// Runs work of the CRDT on a thread with a large stack, and waits for it.
pub(super) fn on_large_stack<T: Send>(
    work: impl FnOnce() -> anyhow::Result<T> + Send,
) -> anyhow::Result<T> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("document".into()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work).context("cannot start a thread")?;
        thread.join().unwrap_or_else(|_| anyhow::bail!("the document broke the CRDT"))
    })
}

/// Says that there is no document of this name, and which there are instead.
pub(super) fn missing(name: &DocumentName, documents: &[DocumentInfo]) -> anyhow::Error {
    let names = documents.iter().map(|info| info.name.as_str());
    let near: Vec<_> =
        similar(name.as_str(), names, 3).into_iter().map(|it| format!("`{it}`")).collect();
    let hint = match (&near[..], documents.len()) {
        ([], 0) => "the store is empty".to_owned(),
        ([], count) => format!("`coscribe inspect` lists the {count} there are"),
        _ => format!("did you mean {}?", near.join(" or ")),
    };
    anyhow::anyhow!("there is no document `{name}`; {hint}")
}
