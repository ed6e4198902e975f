//! `coscribe repair`: a sound data directory made of a damaged one, with a report of what was lost.

use std::{fmt::Write as _, io, ops::RangeInclusive, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{store, words};
use crate::{
    clock::{Clock, SystemClock},
    history::insight::Knowledge,
    random::SystemRandom,
    storage::{
        disk::{Disk, StdDisk},
        repair::{self, Asked, Outcome, Repaired},
        swap,
    },
};

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that is sound is kept, and everything else is named, document by document; nothing is
guessed. The damaged directory is not changed: a new one is written beside it, takes its place when it
is complete and verified, and the old one stays as DIR.before-repair-…, for you to remove.

Edits are named by their numbers in the document's history, from 1. One that is lost leaves an empty one,
so that versions still mean the moments they meant. Pages and devices that have the lost edits bring
them back when they connect.

`coscribe check` says beforehand what is damaged. If there is a backup (`coscribe restore`) that is
young enough, it has more.

Exit code 0: nothing was lost. 1: something was lost, as told, or nothing could be done.")]
pub(super) struct RepairArguments {
    /// The server's data directory [default: as the server would choose it]. The server must not run.
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,

    /// Write the sound directory here and leave the damaged one where it is; for directories that
    /// cannot be renamed, such as mounted volumes.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,

    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Repairs.
pub(super) fn repair(
    arguments: &RepairArguments,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let (_, directory) = store::settings(arguments.data.clone())?;
    if !directory.is_dir() {
        anyhow::bail!("there is no directory {}", directory.display());
    }
    let directory = directory.canonicalize().context("cannot find the data directory")?;
    let clock = SystemClock::new();
    let into = match &arguments.into {
        Some(into) => into.clone(),
        None => swap::prepare(&directory, ".repaired")?,
    };
    let repaired = store::on_large_stack(|| {
        let insight = Knowledge { random: &SystemRandom };
        let asked = Asked { insight: &insight, random: &SystemRandom, clock: &clock };
        let disk: Arc<dyn Disk> = Arc::new(StdDisk);
        Ok(repair::repair(&disk, &directory, &into, &asked)?)
    })?;
    let mut places = Places { store: into, old: directory };
    if arguments.into.is_none() {
        let Places { store: new, old: place } = places;
        let old = swap::beside(&place, &format!(".before-repair-{}", clock.now().0));
        swap::swap(&place, &new, &old).with_context(|| {
            let new = new.display();
            format!("the sound store is {new}, complete, and is to be put in the place of the other by hand")
        })?;
        places = Places { store: place, old };
    }
    let text =
        if arguments.json { as_json(&repaired, &places) } else { as_text(&repaired, &places) };
    super::write_out(out, text.as_bytes())?;
    Ok(if repaired.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where what was made is, and what it was made of.
struct Places {
    store: PathBuf,
    old: PathBuf,
}

fn as_json(repaired: &Repaired, Places { store, old }: &Places) -> String {
    let ranges = |ranges: &[RangeInclusive<u64>]| {
        ranges.iter().map(|range| json!([range.start(), range.end()])).collect::<Vec<_>>()
    };
    let one = |it: &Outcome| {
        json!({
            "name": it.name.as_str(),
            "id": it.id,
            "whole": it.is_whole(),
            "kept": it.kept,
            "lost": ranges(&it.lost),
            "unusable": ranges(&it.unusable),
            "lost_states": it.lost_states,
            "name_lost": it.named_anew,
            "doubtful": it.doubtful,
            "gone": it.gone,
        })
    };
    let documents: Vec<_> = repaired.documents.iter().map(one).collect();
    format!(
        "{:#}\n",
        json!({
            "whole": repaired.is_whole(),
            "store": store.to_string_lossy(),
            "old": old.to_string_lossy(),
            "documents": documents,
            "flaws": repaired.flaws,
            "unknown": repaired.unknown,
        })
    )
}

fn as_text(repaired: &Repaired, Places { store, old }: &Places) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments| {
        writeln!(text, "{words}").expect("writing to a string cannot fail");
    };
    let (whole, hurt): (Vec<_>, Vec<_>) = repaired.documents.iter().partition(|it| it.is_whole());
    for outcome in hurt {
        line(format_args!("{}: {}", outcome.name, losses(outcome)));
    }
    if !repaired.flaws.is_empty() {
        line(format_args!("\nwhat was damaged:"));
    }
    for flaw in &repaired.flaws {
        line(format_args!("  {flaw}"));
    }
    if repaired.unknown {
        line(format_args!(
            "\nmore may be lost with that, whole documents too, and nobody can tell whose it was"
        ));
    }
    let count = words::count(whole.len(), "document");
    line(format_args!("\nkept whole: {count} of {}", repaired.documents.len()));
    line(format_args!("{} is sound; what it was is {}", store.display(), old.display()));
    text
}

fn losses(outcome: &Outcome) -> String {
    let Outcome { kept, lost, unusable, lost_states, named_anew, doubtful, gone, .. } = outcome;
    if *gone {
        return "nothing is left of it".to_owned();
    }
    let edits = usize::try_from(*kept).unwrap_or(usize::MAX);
    let mut told = vec![format!("{} kept", words::count(edits, "edit"))];
    if !lost.is_empty() {
        told.push(format!("{} lost", listed(lost)));
    }
    if !unusable.is_empty() {
        told.push(format!("{} of no use without what is lost", listed(unusable)));
    }
    if !lost_states.is_empty() {
        let moments: Vec<_> = lost_states.iter().map(ToString::to_string).collect();
        let all = moments.join(", ");
        told.push(format!("what it was after these edits cannot be shown any more: {all}"));
    }
    if *named_anew {
        told.push("its name is lost, and this one is made up".to_owned());
    }
    if *doubtful {
        let more = "its newest edits, or what is kept beside it (settings, versions, links), may be \
                    lost, which nobody can tell";
        told.push(more.to_owned());
    }
    told.join("; ")
}

fn listed(ranges: &[RangeInclusive<u64>]) -> String {
    let one = |range: &RangeInclusive<u64>| match range.start() == range.end() {
        true => range.start().to_string(),
        false => format!("{} to {}", range.start(), range.end()),
    };
    let all = ranges.iter().map(one).collect::<Vec<_>>().join(", ");
    match ranges {
        [one] if one.start() == one.end() => format!("edit {all} is"),
        _ => format!("edits {all} are"),
    }
}
