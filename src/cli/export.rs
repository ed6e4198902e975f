//! `coscribe export`: a document as one Yjs update, from the files, also beside a running server.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::store;
use crate::ids::DocumentName;

/// See the command's help.
#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The document's name.
    document: String,

    /// The server's data directory [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,

    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the document.
pub(super) fn export(arguments: &ExportArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let name = match DocumentName::new(&arguments.document) {
        Ok(name) => name,
        Err(error) => return super::not_understood(&error),
    };
    if arguments.output.is_none() && io::stdout().is_terminal() {
        return super::not_understood(
            &"an export is bytes, not text: name a file with --output, or redirect it",
        );
    }
    let (_, directory) = store::settings(arguments.data.clone())?;
    let mut reader = store::look(&directory)?;
    let Some(id) = reader.find(&name)? else {
        return Err(store::missing(&name, &reader.documents()));
    };
    let update =
        store::on_large_stack(|| store::load(&mut reader, id)?.snapshot().map_err(store::damaged))?;
    match &arguments.output {
        Some(path) => {
            replace(path, &update).with_context(|| format!("cannot write {}", path.display()))?
        }
        None => super::write_out(out, &update)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all: an export that failed must not look like a backup.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let written = fs::File::create(&unfinished)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // What went wrong first is what is told.
        let _left_behind = fs::remove_file(&unfinished).is_err();
    }
    written
}
