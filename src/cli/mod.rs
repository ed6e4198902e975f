//! The commands of the `coscribe` program: reads arguments, calls the parts, words the outcome.
//!
//! Exit codes: 0 done, 1 failed, 2 not understood.

mod serve;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

/// Not understood: arguments or settings.
const USAGE: u8 = 2;

/// Collaborative document server: one binary, every Yjs editor, and "Saved" means on disk.
#[derive(Debug, Parser)]
#[command(name = "coscribe", version, after_help = "Without a command, coscribe serves.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::ServeArguments),
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
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::serve(arguments),
    };
    outcome.unwrap_or_else(|error| {
        let _unread = writeln!(std::io::stderr(), "coscribe: {}", told(&error));
        ExitCode::FAILURE
    })
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
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        let words = std::iter::once("coscribe").chain(line.split_whitespace());
        Arguments::try_parse_from(with_command(words.map(OsString::from)))
    }

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves() {
        for line in ["", "serve", "--memory", "--listen 9000 --memory"] {
            assert!(matches!(parse(line), Ok(Arguments { command: Command::Serve(_) })), "{line}");
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        let error =
            anyhow::anyhow!("no space").context("cannot write x: no space").context("import");
        assert_eq!(told(&error), "import: cannot write x: no space");
    }

    #[test]
    fn help_and_version_are_about_the_program() {
        for line in ["--help", "-V", "serve --help"] {
            assert!(!parse(line).unwrap_err().use_stderr(), "{line}");
        }
        let help = parse("--help").unwrap_err().to_string();
        assert!(help.contains("Commands:"), "{help}");
        assert!(parse("srve").unwrap_err().to_string().contains("serve"));
    }
}
