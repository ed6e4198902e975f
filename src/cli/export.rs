//! `coscribe export`: a document as a file of some format, from the store, also beside a running
//! server.

use std::{
    fs,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::{saved, store};
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

    /// Write a saved document (.coscribe): every edit with its time and author
    /// [default: if the file's name ends so].
    #[arg(short, long, conflicts_with = "format")]
    saved: bool,
}

impl ExportArguments {
    fn is_saved(&self) -> bool {
        let of_file = || self.output.as_deref().is_some_and(saved::is_saved);
        self.saved || (self.format.is_none() && of_file())
    }

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
    let is_text = format != Format::Update && !arguments.saved;
    if !is_text && arguments.output.is_none() && io::stdout().is_terminal() {
        return super::not_understood(
            &"that is bytes, not text: name a file with --output, or a --format such as md",
        );
    }
    let (_, directory) = store::settings(arguments.data.clone())?;
    let mut reader = store::look(&directory)?;
    let Some(id) = reader.find(&name)? else {
        return Err(store::missing(&name, &reader.documents()));
    };
    if arguments.is_saved() {
        let mut write = |out: &mut dyn Write| saved::write(&mut reader, &name, id, out);
        match &arguments.output {
            Some(path) => replace_with(path, &mut write)?,
            None => match write(out) {
                // Whoever reads may have read enough, which is no failure.
                Err(error) if is_broken_pipe(&error) => {}
                written => written?,
            },
        }
        return Ok(ExitCode::SUCCESS);
    }
    let update =
        store::on_large_stack(|| store::load(&mut reader, id)?.snapshot().map_err(store::damaged))?;
    let file = match format {
        Format::Update => update,
        format => convert::export(&update, format)?.into(),
    };
    match &arguments.output {
        Some(path) => replace_with(path, &mut |out| Ok(out.write_all(&file)?))?,
        None => super::write_out(out, &file)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all: an export that failed must not look like a backup.
fn replace_with(
    path: &Path,
    write: &mut dyn FnMut(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let mut finish = || {
        let mut file = BufWriter::new(fs::File::create(&unfinished)?);
        write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(fs::rename(&unfinished, path)?)
    };
    let written: anyhow::Result<()> = finish();
    if written.is_err() {
        // What went wrong first is what is told.
        let _left_behind = fs::remove_file(&unfinished).is_err();
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
