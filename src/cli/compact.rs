//! `coscribe compact`: a data directory as small as it can be, for a server that is stopped.

use std::{fs, io, path::Path, process::ExitCode, sync::Arc};

use clap::Args;
use serde_json::json;

use super::{store, words};
use crate::{
    clock::SystemClock,
    storage::{
        disk::StdDisk,
        local::{LocalOptions, compact},
    },
};

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = "\
The journal goes into the archives, the archives become few, and what nobody reads any more is left out:
content of documents that were deleted for ever, what retention cut off, small records that others have
replaced. The index is written anew. Every edit, author, time, version and name stays.

A running server does most of this by itself, bit by bit; this is for after large deletions, or before a
directory is moved. It needs room for the largest archive that it writes, at most 1 GiB. It may be stopped
at any moment: the directory is whole then, and the next run goes on.

Exit code 0: done. 1: failed, or something is damaged, which `coscribe check` tells.")]
pub(super) struct CompactArguments {
    /// The server's data directory [default: as the server would choose it]. The server must not run.
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,

    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Compacts.
pub(super) fn compact_store(
    arguments: &CompactArguments,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let (_, directory) = store::settings(arguments.data.clone())?;
    if !directory.is_dir() {
        anyhow::bail!("there is no directory {}", directory.display());
    }
    let before = bytes_in(&directory)?;
    let options = LocalOptions::new(directory.clone());
    compact(options, Arc::new(StdDisk), Arc::new(SystemClock::new()))?;
    let after = bytes_in(&directory)?;
    let text = if arguments.json {
        format!("{:#}\n", json!({ "bytes_before": before, "bytes_after": after }))
    } else {
        let (before, after) = (words::size(before), words::size(after));
        format!("{}: {before} before, {after} now\n", directory.display())
    };
    super::write_out(out, text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Bytes of all files of journal, archives and index, and of what was set aside beside them.
fn bytes_in(directory: &Path) -> io::Result<u64> {
    let (mut bytes, mut left) = (0, vec![directory.to_owned()]);
    while let Some(path) = left.pop() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let found = entry.metadata()?;
            if found.is_dir() {
                left.push(entry.path());
            } else if entry.file_name() != "RESERVE" {
                bytes += found.len();
            }
        }
    }
    Ok(bytes)
}
