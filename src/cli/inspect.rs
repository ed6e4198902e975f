//! `coscribe inspect`: what a data directory holds, and whether it is sound. Changes nothing and
//! works beside a running server.

use std::{fmt::Write as _, io, path::Path, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::{store, words};
use crate::storage::{
    DocumentInfo,
    reader::{FileInfo, Reader},
};

/// See the command's help.
#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// The server's data directory [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,

    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,

    /// Leave out reading and checking every byte of the archives, which takes a while.
    #[arg(long)]
    quick: bool,
}

/// What was found.
struct Found<'a> {
    directory: &'a Path,
    documents: Vec<DocumentInfo>,
    files: Vec<FileInfo>,
    torn_bytes: u64,
    damage: Vec<String>,
}

/// Tells what is there; fails when something is damaged.
pub(super) fn inspect(
    arguments: &InspectArguments,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let (_, directory) = store::settings(arguments.data.clone())?;
    let reader = store::look(&directory)?;
    let found = find(&directory, &reader, arguments.quick)?;
    let text = if arguments.json { as_json(&found) } else { as_text(&found) };
    super::write_out(out, text.as_bytes())?;
    Ok(if found.damage.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find<'a>(directory: &'a Path, reader: &Reader, quick: bool) -> anyhow::Result<Found<'a>> {
    let report = reader.report();
    Ok(Found {
        directory,
        documents: reader.documents(),
        files: reader.files()?,
        torn_bytes: report.torn_bytes,
        damage: if quick { report.damage.clone() } else { reader.verify()? },
    })
}

fn as_json(found: &Found<'_>) -> String {
    let documents: Vec<_> = found
        .documents
        .iter()
        .map(|info| {
            json!({
                "name": info.name.as_str(),
                "id": info.id,
                "created": info.created,
                "changed": info.changed,
                "last": info.last,
                "bytes": info.bytes,
            })
        })
        .collect();
    let files: Vec<_> = found
        .files
        .iter()
        .map(|file| {
            let path = file.path.strip_prefix(found.directory).unwrap_or(&file.path);
            json!({ "path": path.to_string_lossy(), "bytes": file.bytes })
        })
        .collect();
    let all = json!({
        "documents": documents,
        "files": files,
        "torn_bytes": found.torn_bytes,
        "damage": found.damage,
    });
    format!("{all:#}\n")
}

fn as_text(found: &Found<'_>) -> String {
    let Found { directory, documents, files, torn_bytes, damage } = found;
    let edits: u64 = documents.iter().map(|info| info.bytes).sum();
    let disk: u64 = files.iter().map(|file| file.bytes).sum();
    let mut text = format!(
        "{}: {}, {} of edits, {} on disk in {}\n",
        directory.display(),
        words::count(documents.len(), "document"),
        words::size(edits),
        words::size(disk),
        words::count(files.len(), "file"),
    );
    let mut line = |words: std::fmt::Arguments| {
        writeln!(text, "{words}").expect("writing to a string cannot fail");
    };
    if !documents.is_empty() {
        line(format_args!("\n{:>9}  {:>10}  {:19}  name", "last edit", "size", "changed (UTC)"));
    }
    for info in documents {
        let (size, changed) = (words::size(info.bytes), words::moment(info.changed));
        line(format_args!("{:>9}  {size:>10}  {changed:19}  {}", info.last, info.name));
    }
    if *torn_bytes > 0 {
        line(format_args!(
            "\n{} of an unfinished write at the end; nobody was told that they were saved",
            words::count(usize::try_from(*torn_bytes).unwrap_or(usize::MAX), "byte")
        ));
    }
    if !damage.is_empty() {
        line(format_args!("\ndamage:"));
    }
    for sentence in damage {
        line(format_args!("  {sentence}"));
    }
    text
}
