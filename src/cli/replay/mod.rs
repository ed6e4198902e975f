//! `coscribe replay`: plays the past of a document in the terminal, as frames for a recording, or into a
//! document of a running server.
//!
//! `source` finds the past, `player` knows what is shown when, `screen` draws it, `terminal` is the only
//! file that touches a terminal, `into` plays to a server.

mod into;
mod player;
mod screen;
mod source;
mod terminal;
#[cfg(test)]
mod tests;

use std::{
    fs,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args;

use super::{saved, store, words};
use player::{Moment, Player, Speed};
use screen::{Look, Screen};
use source::Recording;

/// Pictures of a recording in a second.
const FRAMES_PER_SECOND: u64 = 10;

/// Pictures of a recording, at most: an hour.
const FRAMES_MAX: usize = 36_000;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = "Keys: space pause · ← → seek · Page Up and Down farther · Home End · \
    + - speed · q quit\n\n\
    Moments: an edit's number (120), a part of the way (50%), or a version's name.")]
pub(super) struct ReplayArguments {
    /// A saved document (FILE.coscribe), the name of a stored document, or the address of one on a
    /// running server (http://host:8080/d/NAME or ws://host:8080/ws/NAME).
    source: String,

    /// How fast: 1 is as it happened (pauses are cut short), or max.
    #[arg(short, long, default_value = "4", value_name = "FACTOR")]
    speed: Speed,

    /// Begin at this moment.
    #[arg(long, value_name = "MOMENT")]
    from: Option<Moment>,

    /// End at this moment.
    #[arg(long, value_name = "MOMENT")]
    to: Option<Moment>,

    /// Write pictures as text, ten for a second: files in this folder, or `-` for standard output with
    /// a form feed after each.
    #[arg(long, value_name = "DIR|-", conflicts_with = "into")]
    frames: Option<PathBuf>,

    /// Size of the pictures.
    #[arg(long, default_value = "80x24", value_name = "COLUMNSxLINES", value_parser = size)]
    size: (usize, usize),

    /// Play it into a new document of a running server (ws://host:8080/ws/NAME), where people see it
    /// being typed.
    #[arg(long, value_name = "ADDRESS")]
    into: Option<String>,

    /// The server's data directory, for a stored document [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,
}

/// Plays the document.
pub(super) fn replay(arguments: &ReplayArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut source = source::open(&arguments.source, arguments.data.clone())?;
    let mut entries = Vec::new();
    if arguments.into.is_some() {
        let mut file = Vec::new();
        source.read_to_end(&mut file).context("cannot read it")?;
        // What goes to a server is only what it would admit.
        entries = saved::take_in(&file[..])?.entries;
        source = Box::new(io::Cursor::new(file));
    }
    let recording = store::on_large_stack(|| Recording::read(source))
        .with_context(|| format!("cannot replay {}", arguments.source))?;
    let moment = |moment: &Option<Moment>, default: usize| match moment {
        Some(moment) => moment.rows(&recording),
        None => Ok(default),
    };
    let rows = recording.film.rows();
    let (from, to) = (moment(&arguments.from, 0)?, moment(&arguments.to, rows)?);
    if from > to {
        return super::not_understood(&"the beginning is after the end");
    }
    let mut player = Player::new(&recording.times, from..to, arguments.speed);
    if let Some(address) = &arguments.into {
        return into::play(&recording, &entries, &mut player, address, out);
    }
    if let Some(target) = &arguments.frames {
        frames(&recording, &mut player, target, arguments.size, out)?;
    } else if io::stdin().is_terminal() && io::stdout().is_terminal() {
        // As a shell tells of a program that a signal ended.
        return Ok(match terminal::play(&recording, &mut player)? {
            0 => ExitCode::SUCCESS,
            signal => ExitCode::from(128_u8.saturating_add(signal)),
        });
    } else {
        plain(&recording, to, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Of a past whose beginning retention removed.
const CUT: &str = "earlier edits were not kept";

/// What there is, and the text at the end: for those who read without a terminal.
fn plain(recording: &Recording, to: usize, out: &mut dyn Write) -> anyhow::Result<()> {
    let time = |row: usize| words::moment(recording.times[row]);
    let last = to.saturating_sub(1);
    let names: Vec<_> = recording.names.iter().map(String::as_str).collect();
    let edits = words::count(to, "edit");
    let mut text = format!("{}\n{edits} by {}", recording.title, names.join(", "));
    if to > 0 {
        text.push_str(&format!(", {} to {} UTC", time(0), time(last)));
    }
    if recording.cut {
        text.push_str(&format!("; {CUT}"));
    }
    text.push_str("\n\n");
    for line in &recording.film.frame(to).lines {
        let words: String = line.spans.iter().map(|span| &span.text[..]).collect();
        text.push_str(format!("{}{words}", line.lead).trim_end());
        text.push('\n');
    }
    super::write_out(out, format!("{}\n", text.trim_end()).as_bytes())
}

/// Pictures for a recording: always the same for the same document.
fn frames(
    recording: &Recording,
    player: &mut Player,
    target: &Path,
    size: (usize, usize),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let to_files = target != Path::new("-");
    if to_files {
        fs::create_dir_all(target).with_context(|| format!("cannot make {}", target.display()))?;
    }
    let mut screen = Screen::new(recording, Look { colours: false, keys: false });
    for number in 1..=FRAMES_MAX {
        let mut picture = screen.draw(player, size).join("\n");
        picture.push('\n');
        if to_files {
            let path = target.join(format!("{number:06}.txt"));
            fs::write(&path, picture)
                .with_context(|| format!("cannot write {}", path.display()))?;
        } else {
            picture.push('\x0c');
            super::write_out(out, picture.as_bytes())?;
        }
        if player.is_at_end() {
            return Ok(());
        }
        player.pass(Duration::from_millis(1000 / FRAMES_PER_SECOND));
    }
    anyhow::bail!("that would take more than {FRAMES_MAX} pictures; ask for a higher --speed")
}

fn size(text: &str) -> Result<(usize, usize), String> {
    let wrong = || "a size looks like 80x24, from 30x8 to 400x200".to_owned();
    let (columns, lines) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let (columns, lines) = (number(columns)?, number(lines)?);
    let sound = (30..=400).contains(&columns) && (8..=200).contains(&lines);
    if sound { Ok((columns, lines)) } else { Err(wrong()) }
}
