//! `coscribe export`: a document as a file of some format, from the store, also beside a running
//! server.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::store;
use crate::{
    convert::{self, Format},
    ids::DocumentName,
};

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

    /// What to write: md, html, txt, json (ProseMirror's) or yjs, an update with everything in it
    /// [default: what the file's name ends with, or yjs].
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<Format>,
}

impl ExportArguments {
    fn format(&self) -> Format {
        let of_file = || Format::of_file_name(&self.output.as_ref()?.to_string_lossy());
        self.format.or_else(of_file).unwrap_or(Format::Update)
    }
}

/// Writes the document.
pub(super) fn export(arguments: &ExportArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let name = match DocumentName::new(&arguments.document) {
        Ok(name) => name,
        Err(error) => return super::not_understood(&error),
    };
    let format = arguments.format();
    if format == Format::Update && arguments.output.is_none() && io::stdout().is_terminal() {
        return super::not_understood(
            &"an update is bytes, not text: name a file with --output, or a --format such as md",
        );
    }
    let (_, directory) = store::settings(arguments.data.clone())?;
    let mut reader = store::look(&directory)?;
    let Some(id) = reader.find(&name)? else {
        return Err(store::missing(&name, &reader.documents()));
    };
    let update =
        store::on_large_stack(|| store::load(&mut reader, id)?.snapshot().map_err(store::damaged))?;
    let file = match format {
        Format::Update => update,
        format => convert::export(&update, format)?.into(),
    };
    match &arguments.output {
        Some(path) => {
            replace(path, &file).with_context(|| format!("cannot write {}", path.display()))?
        }
        None => super::write_out(out, &file)?,
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
