//! `coscribe import --y-sweet`: every document of a directory in which y-sweet keeps them.
//!
//! A directory there is a document, and the name of it the document's. What Coscribe has already is
//! not recorded again, so that one can import a second time what was written meanwhile.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;

use super::{
    import::{self, Imported},
    store, words,
};
use crate::{
    clock::{Clock, Timestamp},
    convert,
    ids::{DocumentId, DocumentName},
    random::SystemRandom,
    storage::{Store, local::Local},
};

/// What y-sweet calls the file in a document's directory.
const FILE: &str = "data.ysweet";

/// What came of all of them.
#[derive(Debug, Default)]
struct Tally {
    imported: usize,
    known: usize,
    bytes: u64,
    /// A sentence for each that could not be imported.
    failed: Vec<String>,
}

/// Imports all documents of a directory.
pub(super) fn import(
    directory: &Path,
    data: Option<String>,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let documents = documents(directory)?;
    if documents.is_empty() {
        anyhow::bail!(
            "there is no document of y-sweet in {}: it has a directory for each, with a {FILE} in it",
            directory.display()
        );
    }
    let (local, clock) = import::open_store(&store::settings(data)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (tally, closed) = runtime.block_on(async {
        let mut tally = Tally::default();
        for (name, path) in documents {
            let outcome = bring(&local, &name, &path, clock.now()).await;
            tally.count(&name, outcome);
        }
        (tally, local.close().await)
    });
    closed?;
    super::write_out(out, tally.told(directory).as_bytes())?;
    Ok(if tally.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The documents and their files, by name.
fn documents(directory: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let unreadable = || format!("cannot read {}", directory.display());
    let mut documents = Vec::new();
    for entry in fs::read_dir(directory).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let path = entry.path().join(FILE);
        if path.is_file() {
            documents.push((entry.file_name().to_string_lossy().into_owned(), path));
        }
    }
    documents.sort();
    Ok(documents)
}

async fn bring(local: &Local, name: &str, path: &Path, now: Timestamp) -> anyhow::Result<Imported> {
    let name = DocumentName::new(name)?;
    let updates = convert::y_sweet::read(import::read(path)?)?;
    if updates.is_empty() {
        return begin(local, &name, now).await;
    }
    let mut all = Imported::Nothing;
    for update in updates {
        let author = import::author(path);
        let imported = import::merge(local, &name, update, author, now).await?;
        all = match (all, imported) {
            (before, Imported::Nothing) => before,
            (Imported::Added { bytes: before, .. }, Imported::Added { bytes, whole }) => {
                Imported::Added { bytes: before + bytes, whole }
            }
            (_, imported) => imported,
        };
    }
    Ok(all)
}

/// A document that nobody has written in exists for y-sweet, and for apps that ask for it.
async fn begin(local: &Local, name: &DocumentName, now: Timestamp) -> anyhow::Result<Imported> {
    if local.find(name).await?.is_some() {
        return Ok(Imported::Nothing);
    }
    local.create(name, DocumentId::new(&SystemRandom), now).await?;
    Ok(Imported::Added { bytes: 0, whole: 0 })
}

impl Tally {
    fn count(&mut self, name: &str, outcome: anyhow::Result<Imported>) {
        match outcome {
            Ok(Imported::Added { bytes, .. }) => {
                self.imported += 1;
                self.bytes += bytes as u64;
            }
            Ok(_) => self.known += 1,
            Err(error) => self.failed.push(format!("`{name}`: {}", super::told(&error))),
        }
    }

    fn told(&self, directory: &Path) -> String {
        let Self { imported, known, bytes, failed } = self;
        let mut told = format!(
            "imported {} ({}) from {}\n",
            words::count(*imported, "document"),
            words::size(*bytes),
            directory.display()
        );
        if *known > 0 {
            told += &format!("{} had nothing new\n", words::count(*known, "document"));
        }
        for failure in failed {
            told += &format!("not imported: {failure}\n");
        }
        told
    }
}
