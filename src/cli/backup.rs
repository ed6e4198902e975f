//! `coscribe backup` and `coscribe restore`: a copy of a data directory taken beside a running
//! server, and put back.

use std::{fmt::Write as _, io, path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;

use super::{store, words};
use crate::{
    clock::{SystemClock, Timestamp},
    history::insight::Knowledge,
    random::SystemRandom,
    storage::{
        backup::{self, Asked, Restored, RestoredMoment, Taken},
        disk::{Disk, StdDisk},
    },
};

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = "\
Everything that was saved when the command began is in the backup, whatever the server does
meanwhile. It is whole or not at all: one that is interrupted leaves the one before. In a
directory that holds a backup of this store already only what is new is copied; the past in
it reaches back to the beginning, so that a single backup can be restored to any moment
before it (`coscribe restore --at`).

    coscribe backup /backups/coscribe          every hour, say, from cron or a systemd timer

Exit code 0: done. 1: failed, or something of the store is damaged and was copied as it is.")]
pub(super) struct BackupArguments {
    /// Where to: a directory that is empty, not there yet, or holds a backup of this store.
    #[arg(value_name = "BACKUP")]
    target: PathBuf,

    /// The server's data directory [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,
}

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = "\
The backup is verified to its last byte before anything is written, and is not changed. The
data directory must be empty; move an old one away first.

Pages that are open, and copies on devices, send what they have beyond the backup when they
connect: what was lost comes back. With --at that is not wanted: documents that lose edits
become lives of their own, to which our pages offer a copy instead of merging it. Pages of
other makers are best closed.

    coscribe restore /backups/coscribe -d /var/lib/coscribe --at '2026-11-20 14:03:22'

Exit code 0: done. 1: failed, or something could not be had as it was at the moment.")]
pub(super) struct RestoreArguments {
    /// The directory that `coscribe backup` wrote.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,

    /// The data directory to make, empty or not there yet [default: as the server would choose it].
    #[arg(short, long, value_name = "DIR")]
    data: Option<String>,

    /// As everything was at this moment, UTC unless it says otherwise (2026-11-20 14:03:22,
    /// 2026-11-20T15:03:22+01:00): a second counts to its end.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Verify the backup and restore nothing.
    #[arg(long, conflicts_with_all = ["data", "at"])]
    verify: bool,
}

/// Takes a backup.
pub(super) fn backup(
    arguments: &BackupArguments,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let (_, directory) = store::settings(arguments.data.clone())?;
    let target = &arguments.target;
    let Taken { begun, files, bytes, copied, copied_bytes, damage } =
        backup::take(&StdDisk, &directory, target, &SystemClock::new())?;
    let mut text = format!(
        "{}: everything saved in {} by {} UTC, {} in {}; copied {} ({})\n",
        target.display(),
        directory.display(),
        words::moment(begun),
        words::size(bytes),
        words::count(files, "file"),
        words::count(copied, "file"),
        words::size(copied_bytes),
    );
    tell_damage(
        &mut text,
        "the store is damaged, and was copied as it is where no earlier backup had it sound",
        &damage,
    );
    super::write_out(out, text.as_bytes())?;
    Ok(if damage.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts a backup back, or only verifies it.
pub(super) fn restore(
    arguments: &RestoreArguments,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let source = &arguments.backup;
    if let Some(text) = &arguments.at {
        return match words::read_moment(text) {
            Some(at) => restore_at(arguments, at, out),
            None => super::not_understood(&format_args!(
                "`{text}` is no moment; write it as 2026-11-20 14:03:22 (UTC) or \
                 2026-11-20T15:03:22+01:00"
            )),
        };
    }
    let (done, restored) = if arguments.verify {
        ("is sound", backup::verify(&StdDisk, source)?)
    } else {
        let (_, directory) = store::settings(arguments.data.clone())?;
        let (random, clock) = (&SystemRandom, &SystemClock::new());
        let restored = backup::restore(&StdDisk, source, &directory, (random, clock))?;
        ("is restored", restored)
    };
    let Restored { begun, files, bytes, damage } = restored;
    let mut text = format!(
        "the backup of {} UTC in {} {done}: {} in {}\n",
        words::moment(begun),
        source.display(),
        words::size(bytes),
        words::count(files, "file"),
    );
    tell_damage(&mut text, "the store was damaged when it was copied", &damage);
    super::write_out(out, text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn restore_at(
    arguments: &RestoreArguments,
    at: Timestamp,
    out: &mut dyn io::Write,
) -> anyhow::Result<ExitCode> {
    let (_, directory) = store::settings(arguments.data.clone())?;
    let restored = store::on_large_stack(|| {
        let insight = Knowledge { random: &SystemRandom };
        let asked = Asked { insight: &insight, random: &SystemRandom, clock: &SystemClock::new() };
        let disk: Arc<dyn Disk> = Arc::new(StdDisk);
        Ok(backup::restore_at(&disk, &arguments.backup, &directory, at, &asked)?)
    })?;
    let RestoredMoment { backup, documents, cut, missing, damage, unknown } = restored;
    let mut text = format!(
        "{} is as it was at {} UTC: {}, of which {cut} lost later edits and are lives of their own\n",
        directory.display(),
        words::moment(at),
        words::count(documents, "document"),
    );
    tell_damage(&mut text, "the store was damaged when it was copied", &backup.damage);
    let missing: Vec<_> = missing.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    tell_damage(&mut text, "not restored, as they cannot be had as they were then", &missing);
    tell_damage(&mut text, "what is damaged in the backup", &damage);
    if unknown {
        text += "something is lost of which nobody knows whose it was: documents may lack their last \
                 edits or be missing\n";
    }
    super::write_out(out, text.as_bytes())?;
    Ok(if missing.is_empty() && !unknown { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell_damage(text: &mut String, heading: &str, damage: &[String]) {
    if damage.is_empty() {
        return;
    }
    let mut line = |words: std::fmt::Arguments| {
        writeln!(text, "{words}").expect("writing to a string cannot fail");
    };
    line(format_args!("{heading}:"));
    for sentence in damage {
        line(format_args!("  {sentence}"));
    }
}
