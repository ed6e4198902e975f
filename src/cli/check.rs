//! `coscribe check`: reads every byte of a data directory and makes every document of its edits, as a
//! server would. Changes nothing and works beside a running server.

use std::{fmt::Write as _, io, path::Path, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::{store, words};
use crate::{
    history::soundness::{self, Checked, Flaw},
    ids::{DocumentId, DocumentName},
    random::SystemRandom,
    storage::{StoreError, reader::Reader},
};

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code 0: everything is sound. 1: something is not, and it says where. Then a backup has
everything, if it is young enough (`coscribe restore`), and `coscribe repair` saves what is sound.

What the directory `index` holds is not read: it is made anew from the rest when it is
missing or wrong.")]
pub(super) struct CheckArguments {
    /// The server's data directory [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,

    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What was found of one document.
pub(super) struct Finding {
    id: DocumentId,
    pub(super) name: Option<DocumentName>,
    pub(super) outcome: Result<Checked, String>,
}

/// What was found of all.
pub(super) struct Findings {
    pub(super) documents: Vec<Finding>,
    bytes: u64,
    files: usize,
    torn_bytes: u64,
    pub(super) damage: Vec<String>,
}

impl Findings {
    pub(super) fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.documents.iter().all(|finding| finding.outcome.is_ok())
    }
}

/// Tells of everything whether it is sound; fails when something is not.
pub(super) fn check(
    arguments: &CheckArguments,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let (_, directory) = store::settings(arguments.data.clone())?;
    let mut reader = store::look(&directory)?;
    let found = store::on_large_stack(|| look_at_all(&mut reader))?;
    let text = if arguments.json { as_json(&found) } else { as_text(&directory, &found) };
    super::write_out(out, text.as_bytes())?;
    Ok(if found.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn look_at_all(reader: &mut Reader) -> anyhow::Result<Findings> {
    let mut wanted: Vec<_> =
        reader.documents().into_iter().map(|info| (info.id, Some(info.name))).collect();
    let nameless = reader.set_aside().into_iter().filter(|(_, name, _)| name.is_none());
    wanted.extend(nameless.map(|(id, name, _)| (id, name)));
    let mut documents = Vec::with_capacity(wanted.len());
    for (id, name) in wanted {
        let outcome = match soundness::check(reader, id, &SystemRandom) {
            // It was deleted since the names were read.
            Err(Flaw::Store(StoreError::Missing)) => continue,
            Err(Flaw::Store(StoreError::Damaged(reason))) => Err(reason),
            // One bad sector must not hide what is wrong elsewhere.
            outcome => outcome.map_err(|flaw| flaw.to_string()),
        };
        documents.push(Finding { id, name, outcome });
    }
    let files = reader.files()?;
    Ok(Findings {
        documents,
        bytes: files.iter().map(|file| file.bytes).sum(),
        files: files.len(),
        torn_bytes: reader.report().torn_bytes,
        damage: reader.verify()?,
    })
}

pub(super) fn as_json(found: &Findings) -> String {
    let documents: Vec<_> = found
        .documents
        .iter()
        .map(|Finding { id, name, outcome }| {
            let name = name.as_ref().map(DocumentName::as_str);
            match outcome {
                Ok(Checked { entries, states }) => json!({
                    "name": name, "id": id, "sound": true, "edits": entries, "states": states,
                }),
                Err(reason) => json!({ "name": name, "id": id, "sound": false, "reason": reason }),
            }
        })
        .collect();
    let all = json!({
        "sound": found.is_sound(),
        "documents": documents,
        "files": found.files,
        "bytes": found.bytes,
        "torn_bytes": found.torn_bytes,
        "damage": found.damage,
    });
    format!("{all:#}\n")
}

pub(super) fn as_text(directory: &Path, found: &Findings) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments| {
        writeln!(text, "{words}").expect("writing to a string cannot fail");
    };
    let (mut edits, mut damaged) = (0, 0);
    for Finding { id, name, outcome } in &found.documents {
        let name = match name {
            Some(name) => name.to_string(),
            None => format!("{id}, whose name is lost"),
        };
        match outcome {
            Ok(checked) => {
                edits += checked.entries;
                line(format_args!("sound    {:>9}  {name}", checked.entries));
            }
            Err(reason) => {
                damaged += 1;
                line(format_args!("DAMAGED             {name}: {reason}"));
            }
        }
    }
    if !found.damage.is_empty() {
        line(format_args!("\ndamage in the files:"));
    }
    for sentence in &found.damage {
        line(format_args!("  {sentence}"));
    }
    if found.torn_bytes > 0 {
        line(format_args!(
            "\n{} of an unfinished write at the end; nobody was told that they were saved",
            words::count(usize::try_from(found.torn_bytes).unwrap_or(usize::MAX), "byte")
        ));
    }
    let verdict = match (found.is_sound(), damaged) {
        (true, _) => "all sound".to_owned(),
        (false, 0) => "no document is damaged, but files are".to_owned(),
        (false, _) => format!("{damaged} damaged"),
    };
    line(format_args!(
        "\n{}: {}, {}, {} in {}: {verdict}",
        directory.display(),
        words::count(found.documents.len(), "document"),
        words::count(usize::try_from(edits).unwrap_or(usize::MAX), "edit"),
        words::size(found.bytes),
        words::count(found.files, "file"),
    ));
    if !found.is_sound() {
        line(format_args!(
            "`coscribe repair` saves what is sound, with the server stopped; a backup that is young \
             enough has more"
        ));
    }
    text
}
