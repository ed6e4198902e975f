//! The scenarios of `coscribe bench` and what can be chosen about each.

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};

use super::{
    files,
    options::{Server, Writing, at_least_one},
    relay, scaling,
};
use crate::load::trace::Trace;

/// See each one's help.
#[derive(Debug, Subcommand)]
pub(super) enum Scenario {
    /// Edits to many: from each writer to everybody else in its document.
    FanOut {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        writing: Writing,
    },
    /// Edits until they are acknowledged; each document has its writers and nobody else.
    Saved {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        writing: Writing,
    },
    /// A history into each document, with readers.
    Trace {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        writing: Writing,
        #[command(flatten)]
        history: History,
    },
    /// Edits to many, some of whom read nothing until the others are done. Edits are large, so that the
    /// queues towards these fill: 2048 of 8192 bytes into each of 2 documents, unless you say otherwise.
    Slow {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        writing: Writing,
        /// Clients of each document that do not read, on top of the others.
        #[arg(long, default_value_t = 5, value_name = "NUMBER")]
        slow: usize,
    },
    /// A day in little: people who type, show where they are, come and go, and some who do not read.
    Mixed {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        writing: Writing,
        /// People who come, look and go all the time.
        #[arg(long, default_value_t = 10, value_name = "NUMBER")]
        visitors: usize,
        /// Documents that were written before, which every second visitor goes round; the server has
        /// to read each again. 0 for none.
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        old_documents: usize,
    },
    /// Connections that do nothing: what each costs in memory.
    Idle {
        #[command(flatten)]
        server: Server,
        /// How many.
        #[arg(long, default_value_t = 1000, value_name = "NUMBER")]
        clients: usize,
        /// How many documents they have open [default: one each].
        #[arg(long, value_name = "NUMBER")]
        documents: Option<usize>,
        /// How many seconds they are watched.
        #[arg(long, default_value_t = 2.0, value_name = "NUMBER")]
        seconds: f64,
        /// Bytes of text that each then brings, to see what stays.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        bring: u64,
    },
    /// Everybody connects at once, unless --at-once says how many dial at the same time.
    Storm {
        #[command(flatten)]
        server: Server,
        /// How many.
        #[arg(long, default_value_t = 1000, value_name = "NUMBER")]
        clients: usize,
        /// To how many documents.
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        documents: usize,
    },
    /// Opening a large document that the server has to read first. A server of its own is restarted
    /// before each time; one at --url is to have been, and to have the document.
    Cold {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        history: History,
        /// How often.
        #[arg(long, default_value = "5", value_name = "NUMBER", value_parser = at_least_one)]
        rounds: NonZeroUsize,
        /// Only write the document, and leave the opening for later.
        #[arg(long, requires = "document")]
        write: bool,
        /// The document, where it was written before.
        #[arg(long, value_name = "NAME")]
        document: Option<String>,
    },
    /// The server is killed in the middle of its work, again and again: how many edits that were
    /// acknowledged (y-websocket: seen by somebody else) are gone.
    Crash {
        #[command(flatten)]
        server: Server,
        /// How often.
        #[arg(long, default_value = "5", value_name = "NUMBER", value_parser = at_least_one)]
        rounds: NonZeroUsize,
        /// The blow falls after so many seconds of writing, and up to twice of it.
        #[arg(long, default_value_t = 2.0, value_name = "NUMBER")]
        seconds: f64,
        /// Of a server that runs: write to this document, kill the server once, and tell how much was
        /// promised, for --look.
        #[arg(long, value_name = "NAME", requires = "url")]
        strike: Option<String>,
        /// Of a server that runs again: how many of so many promised edits are gone.
        #[arg(long, value_name = "NAME=NUMBER", requires = "url", conflicts_with = "strike")]
        look: Option<String>,
    },
    /// The cost of a delivered edit as documents, clients, sizes or histories grow.
    Scaling(scaling::ScalingArguments),
    /// Draw a chart (SVG) of numbers in a JSON file: title, unit, kind (bars or lines), along, series
    /// with names and values.
    Chart {
        /// The numbers.
        numbers: PathBuf,
        /// The picture.
        picture: PathBuf,
    },
    /// Run the bare relay: the sockets of the server and nothing behind them, to measure against.
    Relay(relay::RelayArguments),
    /// How the numbers of one report stand to those of another.
    Compare {
        /// The report to compare with, as --json wrote it.
        before: PathBuf,
        /// The report that is compared.
        after: PathBuf,
    },
}

/// Where a history comes from.
#[derive(Debug, Args)]
pub(super) struct History {
    /// A file with a list of edits, [[offset, deleted, "inserted"], …], or a published editing trace,
    /// {"txns": [{"patches": [[position, deleted, "inserted"], …]}, …]}; either may be gzipped
    /// [default: one is drawn].
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Edits of a history that is drawn.
    #[arg(long, default_value_t = 20_000, value_name = "NUMBER")]
    length: usize,
}

impl History {
    /// The history itself.
    pub(super) fn read(&self, seed: u64) -> anyhow::Result<Arc<Trace>> {
        let trace = match &self.file {
            Some(path) => Trace::read(&files::read(path)?)?,
            None => Trace::drawn(seed, self.length),
        };
        Ok(Arc::new(trace))
    }

    /// What is told of it.
    pub(super) fn name(&self) -> String {
        let file = self.file.as_ref().map(|path| path.file_name().unwrap_or(path.as_os_str()));
        file.map_or_else(|| "drawn".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}
