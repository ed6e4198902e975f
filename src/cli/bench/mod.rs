//! `coscribe bench`: measures this server, or another that speaks to Yjs editors, as its clients see it.
//!
//! `scenario` and `options` are what can be chosen, `writing` runs what has writers, `table` and
//! `comparing` are what is shown, `progress` what is told meanwhile; what is measured is in `load`.

mod comparing;
mod files;
mod options;
mod progress;
mod relay;
mod scaling;
mod scenario;
mod table;
#[cfg(test)]
mod tests;
mod writing;

use std::{io::Write, num::NonZeroUsize, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use super::write_out;
use crate::load::{
    Failed,
    cold::{self, Cold},
    crash::{self, Blow, Promise},
    idle::{self, Idle},
    joining::{Storm, storm},
    plan::{Awaited, Pace, Plan},
    report::{PROMISED, Report, as_float},
};
use comparing::Compared;
use options::{Running, Server, Usual};
use progress::Progress;
use scenario::Scenario;
use writing::{old_documents, slow, traced, written};

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

/// Measures.
pub(super) fn bench(arguments: BenchArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match arguments.scenario {
        Scenario::Relay(arguments) => relay::relay(&arguments),
        Scenario::Compare { before, after } => {
            let (before, after) = (files::reports(&before)?, files::reports(&after)?);
            let compared = Compared::of(&before, &after);
            write_out(out, compared.table().as_bytes())?;
            Ok(if compared.is_nothing() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
            written("fan-out", &server, &writing, plan, None).await
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
            written("saved", &server, &writing, plan, None).await
        }
        Scenario::Trace { server, writing, history } => traced(&server, &writing, &history).await,
        Scenario::Slow { server, writing, slow: readers } => {
            let plan = Plan { slow: readers, ..writing.plan_as(&server, Usual::SLOW)? };
            slow(&server, &writing, plan).await
        }
        Scenario::Mixed { mut server, writing, visitors, old_documents: old } => {
            let old = old_documents(&mut server, visitors, old);
            let plan = writing.plan(&server)?;
            let pace = if writing.is_paced() { plan.pace } else { Pace::Rate(5.0) };
            let presence = Some(Duration::from_secs(1));
            let plan = Plan { pace, presence, visitors, old, slow: 1, ..plan };
            written("mixed", &server, &writing, plan, None).await
        }
        Scenario::Idle { server, clients, documents, seconds, bring } => {
            let idle = Idle {
                clients,
                documents: documents.unwrap_or(clients),
                hold: Duration::try_from_secs_f64(seconds)?,
                bring,
                at_once: server.at_once(),
                document: server.fresh_name(),
            };
            idle_connections(server, &idle).await
        }
        Scenario::Storm { server, clients, documents } => {
            let (at_once, document) = (server.at_once.unwrap_or(clients), server.fresh_name());
            connections(server, &Storm { clients, documents, at_once, document }).await
        }
        Scenario::Cold { server, history, rounds, write, document } => {
            let known = document.is_some() && !write;
            let document = document.unwrap_or_else(|| server.fresh_name());
            let opened = Cold { document, history: history.read(server.seed)?, rounds };
            let mut report = cold_open(&server, &opened, (known, write)).await?;
            report.settings.push(("history".to_owned(), history.name()));
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
    let held =
        [("seconds", idle.hold.as_secs_f64().to_string()), ("bring", idle.bring.to_string())];
    report.settings.extend(held.map(|(name, value)| (name.to_owned(), value)));
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
    let (documents, clients) = (all.documents, all.clients);
    let numbers = [("documents", documents), ("clients", clients), ("at once", all.at_once)];
    options::add(&mut report, &numbers);
    Ok((report, server.json))
}

async fn crashed(
    server: &Server,
    (rounds, after): (NonZeroUsize, Duration),
    strike: Option<String>,
    look: Option<String>,
) -> anyhow::Result<Report> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let Running { target, data } = server.stored_target().await?;
    let mut settings = options::told(server, &target);
    settings.push(("seconds".to_owned(), after.as_secs_f64().to_string()));
    let (dialect, seed) = (server.dialect, server.seed);
    let mut report = Report::default();
    if let Some(name) = strike {
        let blow = Blow { document: name, after, seed };
        let promise = crash::strike(&target, dialect, &blow, &told).await?;
        report.tell(PROMISED, as_float(promise.edits), "");
    } else if let Some(promise) = look {
        let promise: Promise = promise.parse().map_err(anyhow::Error::msg)?;
        let lost = crash::lost(&target, dialect, &promise).await?;
        report.tell_promises(promise.edits, lost);
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
