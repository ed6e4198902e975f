//! `coscribe bench`: measures this server, or another that speaks to Yjs editors, as its clients see it.
//!
//! `options` is what can be chosen, `table` what is shown, `progress` what is told meanwhile; what is
//! measured is in `load`.

mod files;
mod options;
mod progress;
mod relay;
mod scaling;
mod table;
#[cfg(test)]
mod tests;

use std::{io::Write, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::{Args, Subcommand};

use super::write_out;
use crate::load::{
    Failed,
    cold::{self, Cold},
    crash::{self, Blow, Promise},
    fan_out,
    idle::{self, Idle},
    joining::{Storm, storm},
    plan::{Awaited, Pace, Plan, Until},
    report::{LOST, Report, as_float},
    trace::Trace,
};
use options::{Running, Server, Writing};
use progress::Progress;

/// See the command's help.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct BenchArguments {
    #[command(subcommand)]
    scenario: Scenario,
}

const AFTER_HELP: &str = "\
Without --url a server is started for the measurement and stopped afterwards. What the
server used is told when it runs on this machine. The exit code is 1 when a client did not
end with everything that was written, or when edits that were promised are gone.

Examples:
  coscribe bench fan-out --documents 8 --clients 25 --baseline
  coscribe bench fan-out --url ws://localhost:1234 --clients 50 --rate 5 --json theirs.json
  coscribe bench compare ours.json theirs.json";

#[derive(Debug, Subcommand)]
enum Scenario {
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
    /// Edits to many, some of whom read nothing until the others are done.
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
    /// Everybody connects at once.
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
        #[arg(long, default_value_t = 5, value_name = "NUMBER")]
        rounds: usize,
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
        #[arg(long, default_value_t = 5, value_name = "NUMBER")]
        rounds: usize,
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
struct History {
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
    fn read(&self, seed: u64) -> anyhow::Result<Arc<Trace>> {
        let trace = match &self.file {
            Some(path) => Trace::read(&files::read(path)?)?,
            None => Trace::drawn(seed, self.length),
        };
        Ok(Arc::new(trace))
    }
}

/// Measures.
pub(super) fn bench(arguments: BenchArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match arguments.scenario {
        Scenario::Relay(arguments) => relay::relay(&arguments),
        Scenario::Compare { before, after } => {
            let (before, after) = (files::reports(&before)?, files::reports(&after)?);
            write_out(out, table::comparison(&before, &after).as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Scenario::Chart { numbers, picture } => {
            files::draw(&numbers, &picture)?;
            Ok(ExitCode::SUCCESS)
        }
        Scenario::Scaling(arguments) => {
            crate::load::machine::raise_open_files();
            let (table, sound) = runtime()?.block_on(scaling::scaling(&arguments))?;
            write_out(out, table.as_bytes())?;
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        scenario => {
            let (report, json) = runtime()?.block_on(measure(scenario))?;
            write_out(out, table::report(&report).as_bytes())?;
            if let Some(path) = json {
                files::write(&path, &report)?;
            }
            let sound = report.is_sound();
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn measure(scenario: Scenario) -> anyhow::Result<(Report, Option<PathBuf>)> {
    crate::load::machine::raise_open_files();
    match scenario {
        Scenario::FanOut { server, writing } => {
            let plan = writing.plan(&server)?;
            written("fan-out", server, &writing, plan, None).await
        }
        Scenario::Saved { server, writing } => {
            if !server.dialect.acknowledges() {
                let why =
                    "y-websocket has no acknowledgements; use --dialect hocuspocus or y-sweet";
                return Err(Failed::Settings(why.to_owned()).into());
            }
            let plan = writing.plan(&server)?;
            let clients = writing.writers.unwrap_or(1);
            let awaited = Awaited::Acknowledgement;
            let plan = Plan { clients, awaited, asks_for_acknowledgement: true, ..plan };
            written("saved", server, &writing, plan, None).await
        }
        Scenario::Trace { server, writing, history } => {
            let played = history.read(server.seed)?;
            let plan = writing.plan(&server)?;
            let plan =
                Plan { writers: 1, until: Until::Edits(played.updates.len() as u64), ..plan };
            written("trace", server, &writing, plan, Some(played)).await
        }
        Scenario::Slow { server, writing, slow } => {
            let plan = Plan { slow, ..writing.plan(&server)? };
            written("slow", server, &writing, plan, None).await
        }
        Scenario::Mixed { server, writing, visitors } => {
            let plan = writing.plan(&server)?;
            let pace = if writing.is_paced() { plan.pace } else { Pace::Rate(5.0) };
            let presence = Some(Duration::from_secs(1));
            let plan = Plan { pace, presence, visitors, slow: 1, ..plan };
            written("mixed", server, &writing, plan, None).await
        }
        Scenario::Idle { server, clients, documents, seconds, bring } => {
            let idle = Idle {
                clients,
                documents: documents.unwrap_or(clients),
                hold: Duration::try_from_secs_f64(seconds)?,
                bring,
                at_once: server.at_once,
                document: server.fresh_name(),
            };
            idle_connections(server, &idle).await
        }
        Scenario::Storm { server, clients, documents } => {
            let (at_once, document) = (server.at_once, server.fresh_name());
            connections(server, &Storm { clients, documents, at_once, document }).await
        }
        Scenario::Cold { server, history, rounds, write, document } => {
            let known = document.is_some() && !write;
            let document = document.unwrap_or_else(|| server.fresh_name());
            let opened = Cold { document, history: history.read(server.seed)?, rounds };
            let report = cold_open(&server, &opened, (known, write)).await?;
            Ok((report, server.json))
        }
        Scenario::Crash { server, rounds, seconds, strike, look } => {
            let after = Duration::try_from_secs_f64(seconds)?;
            let report = crashed(&server, (rounds, after), strike, look).await?;
            Ok((report, server.json))
        }
        Scenario::Relay(_)
        | Scenario::Compare { .. }
        | Scenario::Scaling(_)
        | Scenario::Chart { .. } => anyhow::bail!("this measures nothing"),
    }
}

/// Measures a plan, and the relay with the same one when that is asked for.
async fn written(
    name: &str,
    server: Server,
    writing: &Writing,
    plan: Plan,
    history: Option<Arc<Trace>>,
) -> anyhow::Result<(Report, Option<PathBuf>)> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let base = if writing.baseline {
        let target = server.relay().await?;
        let dialect = options::RELAY_DIALECT;
        let plan = Plan { awaited: Awaited::Delivery, ..plan.clone() };
        Some(fan_out::run(&target, dialect, &plan, history.clone(), &told).await?)
    } else {
        None
    };
    let target = server.target().await?;
    let mut report = fan_out::run(&target.target, server.dialect, &plan, history, &told).await?;
    progress.end();
    report.scenario = name.to_owned();
    report.settings = options::settings(&server, &target.target, &plan);
    if let Some(base) = base {
        if let (Some(ours), Some(relays)) = (report.cpu_per_delivery(), base.cpu_per_delivery()) {
            report.tell("relay's CPU per delivery", relays, "µs");
            report.tell("times the relay's CPU", ours / relays, "×");
        }
        anyhow::ensure!(base.is_sound(), "the relay lost edits, so it is no baseline");
    }
    Ok((report, server.json))
}

async fn idle_connections(
    server: Server,
    idle: &Idle,
) -> anyhow::Result<(Report, Option<PathBuf>)> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let target = server.target().await?;
    let mut report = idle::run(&target.target, server.dialect, idle, &told).await?;
    progress.end();
    report.scenario = "idle".to_owned();
    report.settings = options::told(&server, &target.target);
    options::add(&mut report, &[("documents", idle.documents), ("clients", idle.clients)]);
    Ok((report, server.json))
}

async fn connections(server: Server, all: &Storm) -> anyhow::Result<(Report, Option<PathBuf>)> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let target = server.target().await?;
    let (mut report, wires) = storm(&target.target, server.dialect, all, &told).await?;
    drop(wires);
    progress.end();
    report.scenario = "storm".to_owned();
    report.settings = options::told(&server, &target.target);
    options::add(&mut report, &[("documents", all.documents), ("clients", all.clients)]);
    Ok((report, server.json))
}

async fn crashed(
    server: &Server,
    (rounds, after): (usize, Duration),
    strike: Option<String>,
    look: Option<String>,
) -> anyhow::Result<Report> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let Running { target, data } = server.stored_target().await?;
    let settings = options::told(server, &target);
    let (dialect, seed) = (server.dialect, server.seed);
    let mut report = Report::default();
    if let Some(name) = strike {
        let blow = Blow { document: name, after, seed };
        let promise = crash::strike(&target, dialect, &blow, &told).await?;
        report.tell("edits promised", as_float(promise.edits), "");
    } else if let Some(promise) = look {
        let promise: Promise = promise.parse().map_err(anyhow::Error::msg)?;
        let lost = crash::lost(&target, dialect, &promise).await?;
        report.tell("edits promised", as_float(promise.edits), "");
        report.tell(LOST, as_float(lost), "");
    } else {
        let blow = Blow { document: server.fresh_name(), after, seed };
        let program = options::program()?;
        report = crash::rounds(target, &program, dialect, (&blow, rounds), &told).await?;
    }
    progress.end();
    drop(data);
    report.scenario = "crash".to_owned();
    report.settings = settings;
    Ok(report)
}

async fn cold_open(
    server: &Server,
    opened: &Cold,
    (known, only_write): (bool, bool),
) -> anyhow::Result<Report> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let target = server.stored_target().await?;
    let mut settings = options::told(server, &target.target);
    let mut report = Report::default();
    let played = &opened.history;
    settings.push(("edits".to_owned(), played.updates.len().to_string()));
    if !known {
        let dialect = server.dialect;
        report = cold::write(&target.target, dialect, &opened.document, played, &told).await?;
    }
    if !only_write {
        let program = options::program()?;
        let Running { target, data } = target;
        report = cold::run(target, &program, server.dialect, opened, &told).await?;
        drop(data);
    }
    progress.end();
    report.scenario = "cold".to_owned();
    report.settings = settings;
    Ok(report)
}
