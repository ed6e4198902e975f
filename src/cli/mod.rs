//! The commands of the `coscribe` program: reads arguments, calls the parts, words the outcome.
//!
//! Exit codes: 0 done, 1 failed, 2 not understood.

mod backup;
mod bench;
mod check;
mod compact;
mod export;
mod import;
mod inspect;
mod repair;
mod replay;
mod saved;
mod serve;
mod store;
mod token;
mod words;
mod y_sweet;

use std::{ffi::OsString, io::Write, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Not understood: arguments or settings.
const USAGE: u8 = 2;

/// Collaborative document server: one binary, every Yjs editor, and "Saved" means on disk.
#[derive(Debug, Parser)]
#[command(name = "coscribe", version, override_usage = "coscribe [COMMAND]")]
#[command(after_help = "Without a command, coscribe serves.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(Box<serve::ServeArguments>),
    /// Write a document as Markdown, HTML, text, JSON or a Yjs update, or with its whole past. Works
    /// beside a running server.
    Export(export::ExportArguments),
    /// Make a document of a Markdown, HTML, text or JSON file or of a saved document, or merge a Yjs
    /// update into one; or take in all documents of a y-sweet server. The server must not be
    /// running.
    Import(import::ImportArguments),
    /// Play the past of a document in the terminal, for a recording or into a running server.
    Replay(replay::ReplayArguments),
    /// Tell what a data directory holds and whether it is sound. Works beside a running server.
    Inspect(inspect::InspectArguments),
    /// Verify everything a data directory holds: every byte, and that every document can be made of
    /// its edits. Works beside a running server.
    Check(check::CheckArguments),
    /// Copy a data directory, whole and at one moment, beside a running server; again, only what is new.
    Backup(backup::BackupArguments),
    /// Make a data directory of a backup, verified to its last byte.
    Restore(backup::RestoreArguments),
    /// Make a sound data directory of a damaged one: keep all that is sound and name all that is not.
    /// The server must not be running.
    Repair(repair::RepairArguments),
    /// Make a data directory as small as it can be; every edit stays. The server must not be running.
    Compact(compact::CompactArguments),
    /// Make a token that says who may do what, as your app would, to try things out.
    Token(token::TokenArguments),
    /// Measure this server, or another that speaks to Yjs editors: what it costs, how fast it is, and
    /// whether everybody ends with the same.
    Bench(Box<bench::BenchArguments>),
}

/// Runs the program with these arguments, the first of which is its own name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(with_command(arguments)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _unread = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    execute(arguments.command, &mut std::io::stdout()).unwrap_or_else(|error| {
        let _unread = writeln!(std::io::stderr(), "coscribe: {}", told(&error));
        ExitCode::FAILURE
    })
}

fn execute(command: Command, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(arguments) => serve::serve(*arguments),
        Command::Export(arguments) => export::export(&arguments, out),
        Command::Import(arguments) => import::import(&arguments, out),
        Command::Replay(arguments) => replay::replay(&arguments, out),
        Command::Inspect(arguments) => inspect::inspect(&arguments, out),
        Command::Check(arguments) => check::check(&arguments, out),
        Command::Backup(arguments) => backup::backup(&arguments, out),
        Command::Restore(arguments) => backup::restore(&arguments, out),
        Command::Repair(arguments) => repair::repair(&arguments, out),
        Command::Compact(arguments) => compact::compact_store(&arguments, out),
        Command::Token(arguments) => token::token(&arguments, out),
        Command::Bench(arguments) => bench::bench(*arguments, out),
    }
}

/// An error and its causes in one line. Some say their cause themselves; it is not said twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Writes what was asked for. Whoever reads may have read enough, which is no failure.
fn write_out(out: &mut dyn Write, bytes: &[u8]) -> anyhow::Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Tells what was wrong with what the person wrote.
fn not_understood(error: &dyn std::fmt::Display) -> anyhow::Result<ExitCode> {
    let _unread = writeln!(std::io::stderr(), "coscribe: {error}");
    Ok(ExitCode::from(USAGE))
}

/// Puts `serve` in front when no command is given, so that `coscribe --memory` works.
fn with_command(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.collect();
    let serves = arguments.get(1).is_none_or(|first| {
        let asks_about_itself = ["-h", "--help", "-V", "--version"].iter().any(|it| first == *it);
        first.to_string_lossy().starts_with('-') && !asks_about_itself
    });
    if serves {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    arguments
}

#[cfg(test)]
mod tests;
