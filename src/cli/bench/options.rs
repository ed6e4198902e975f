//! What can be chosen about a measurement, and the server that follows from it.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::{
    load::{
        dialect::Dialect,
        machine::Process,
        plan::{Pace, Plan, Until},
        report::Report,
        target::{Own, Target},
    },
    random::{Random, SystemRandom},
};

/// What the relay understands.
pub(super) const RELAY_DIALECT: Dialect = Dialect::YWebsocket;

/// Connections that are made at the same time, where it is not these that are measured.
const AT_ONCE: usize = 64;

/// Which server is measured, and where the outcome goes.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// The server's WebSockets (ws://host:port/ws), or what it is to be started as.
    #[arg(long, value_name = "URL", help_heading = "Server", conflicts_with = "server")]
    pub(super) url: Option<String>,

    /// The server to start.
    #[arg(long, value_enum, default_value = "coscribe", help_heading = "Server")]
    pub(super) server: Kind,

    /// How clients speak: y-websocket, hocuspocus or y-sweet.
    #[arg(long, default_value = "y-websocket", value_name = "NAME", help_heading = "Server")]
    pub(super) dialect: Dialect,

    /// The process to watch [default: the one that listens at --url, if it is on this machine].
    #[arg(long, value_name = "NUMBER", help_heading = "Server")]
    pub(super) pid: Option<u32>,

    /// For the relay: lose one of so many edits, to see that it is noticed.
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub(super) loses: Option<u64>,

    /// Connections that are made at the same time [default: 64; storm: all].
    #[arg(long, value_name = "NUMBER", help_heading = "Server")]
    pub(super) at_once: Option<usize>,

    /// Repeats what is left to chance.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(super) seed: u64,

    /// Write the report to this file as well, to be compared.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Settings of a server that is started, where a scenario needs others than the usual.
    #[arg(skip)]
    pub(super) settings: &'static [&'static str],
}

/// A server to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// This server, with a new data directory.
    Coscribe,
    /// This server, with documents in memory only.
    Memory,
    /// The bare relay.
    Relay,
}

/// Who writes how much.
#[derive(Debug, Args)]
pub(super) struct Writing {
    /// How many documents [default: 1].
    #[arg(long, value_name = "NUMBER", help_heading = "Load")]
    documents: Option<usize>,

    /// Clients of each document, writers included.
    #[arg(long, default_value_t = 2, value_name = "NUMBER", help_heading = "Load")]
    clients: usize,

    /// How many clients of each document write [default: 1].
    #[arg(long, value_name = "NUMBER", help_heading = "Load")]
    pub(super) writers: Option<usize>,

    /// Edits of each writer on their way: the next leaves when everybody has one [default: 1].
    #[arg(long, value_name = "NUMBER", help_heading = "Load", conflicts_with = "rate")]
    window: Option<usize>,

    /// Edits in a second from each writer, whatever arrives.
    #[arg(long, value_name = "NUMBER", help_heading = "Load")]
    rate: Option<f64>,

    /// Write so many edits each.
    #[arg(long, value_name = "NUMBER", help_heading = "Load", conflicts_with = "seconds")]
    edits: Option<u64>,

    /// Write for so long [default: 5].
    #[arg(long, value_name = "NUMBER", help_heading = "Load")]
    seconds: Option<f64>,

    /// Bytes of text in each edit; 7 at least, which say whose it is [default: 16].
    #[arg(long, value_name = "NUMBER", help_heading = "Load")]
    edit_bytes: Option<usize>,

    /// Give up when nothing has arrived for so many seconds.
    #[arg(long, default_value_t = 10.0, value_name = "NUMBER", help_heading = "Load")]
    patience: f64,

    /// MiB that clients keep of what they receive, to be compared at the end.
    #[arg(long, default_value_t = 1024, value_name = "NUMBER", help_heading = "Load")]
    keep: u64,

    /// Measure the bare relay with the same load first, and tell the ratio.
    #[arg(long, help_heading = "Load")]
    pub(super) baseline: bool,
}

/// What a scenario does where nobody chooses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usual {
    documents: usize,
    window: usize,
    edit_bytes: usize,
    until: Until,
}

impl Usual {
    /// What people type.
    const TYPED: Self = Self {
        documents: 1,
        window: 1,
        edit_bytes: 16,
        until: Until::Time(Duration::from_secs(5)),
    };

    /// Some 16 MiB for each reader: more than the system keeps for a socket (some 4 MiB) and the server
    /// keeps for a connection (4 MiB) together, and less than a document may have (50 MiB).
    pub(super) const SLOW: Self =
        Self { documents: 2, window: 16, edit_bytes: 8 << 10, until: Until::Edits(2048) };
}

/// A server that answers, and the directory that is removed after it.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) target: Target,
    pub(super) data: Option<Scratch>,
}

/// A directory that goes with its owner.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Server {
    /// The server that is measured.
    pub(super) async fn target(&self) -> anyhow::Result<Running> {
        match &self.url {
            Some(url) => Ok(self.running(url)),
            None => self.start(self.server).await,
        }
    }

    /// The same, but one that keeps documents.
    pub(super) async fn stored_target(&self) -> anyhow::Result<Running> {
        anyhow::ensure!(
            self.url.is_some() || self.server == Kind::Coscribe,
            "only a server that keeps documents can open them again"
        );
        self.target().await
    }

    /// A relay to measure against.
    pub(super) async fn relay(&self) -> anyhow::Result<Target> {
        let own = self.loses.map_or(Own::Relay, Own::LosingRelay);
        Ok(Target::start(&program()?, &own, RELAY_DIALECT, &[]).await?)
    }

    /// Connections that are made at the same time.
    pub(super) fn at_once(&self) -> usize {
        self.at_once.unwrap_or(AT_ONCE)
    }

    fn running(&self, url: &str) -> Running {
        let process = self.pid.and_then(Process::of_id);
        Running { target: Target::running(url, process), data: None }
    }

    async fn start(&self, kind: Kind) -> anyhow::Result<Running> {
        let data =
            (kind == Kind::Coscribe).then(|| Scratch::new(&self.fresh_name())).transpose()?;
        let own = match (&data, self.loses) {
            (Some(data), _) => Own::Stored(data.0.clone()),
            (None, _) if kind == Kind::Memory => Own::Memory,
            (None, Some(every)) => Own::LosingRelay(every),
            (None, None) => Own::Relay,
        };
        let target = Target::start(&program()?, &own, self.dialect, self.settings).await?;
        Ok(Running { target, data })
    }

    /// How the names of this measurement's documents begin. A server that keeps documents has those
    /// of earlier ones.
    #[expect(clippy::unused_self, reason = "it is the measurement's, which this stands for")]
    pub(super) fn fresh_name(&self) -> String {
        format!("bench-{:012x}", SystemRandom.below(1 << 48))
    }
}

impl Writing {
    /// What is done.
    pub(super) fn plan(&self, server: &Server) -> anyhow::Result<Plan> {
        self.plan_as(server, Usual::TYPED)
    }

    /// What is done, where something else is usual.
    pub(super) fn plan_as(&self, server: &Server, usual: Usual) -> anyhow::Result<Plan> {
        let seconds = |number: f64| {
            Duration::try_from_secs_f64(number).with_context(|| format!("{number} seconds"))
        };
        Ok(Plan {
            documents: self.documents.unwrap_or(usual.documents),
            clients: self.clients,
            writers: self.writers.unwrap_or(1),
            pace: self.rate.map_or(Pace::Window(self.window.unwrap_or(usual.window)), Pace::Rate),
            until: match (self.edits, self.seconds) {
                (Some(edits), _) => Until::Edits(edits),
                (None, Some(number)) => Until::Time(seconds(number)?),
                (None, None) => usual.until,
            },
            edit_bytes: self.edit_bytes.unwrap_or(usual.edit_bytes),
            at_once: server.at_once(),
            patience: seconds(self.patience)?,
            keep: self.keep << 20,
            seed: server.seed,
            document: server.fresh_name(),
            ..Plan::default()
        })
    }

    /// Whether a window or a rate was asked for.
    pub(super) fn is_paced(&self) -> bool {
        self.window.is_some() || self.rate.is_some()
    }
}

impl Scratch {
    fn new(name: &str) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make the directory {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is a temporary directory that the system removes some day.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

/// Reads a number of rounds.
pub(super) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it takes a number, and 1 at least to show anything".to_owned())
}

/// This program, to start servers of.
pub(super) fn program() -> anyhow::Result<String> {
    let path = std::env::current_exe().context("cannot find this program")?;
    let text = Path::to_str(&path).context("this program's path is not UTF-8")?;
    Ok(text.to_owned())
}

/// What is told of every measurement.
pub(super) fn told(server: &Server, target: &Target) -> Vec<(String, String)> {
    let one = |name: &str, value: String| (name.to_owned(), value);
    vec![one("server", target.name.clone()), one("dialect", server.dialect.to_string())]
}

/// Adds numbers to what is told.
pub(super) fn add(report: &mut Report, numbers: &[(&str, usize)]) {
    let each = numbers.iter().map(|(name, number)| ((*name).to_owned(), number.to_string()));
    report.settings.extend(each);
}

/// What is told of a measurement with writers.
pub(super) fn settings(server: &Server, target: &Target, plan: &Plan) -> Vec<(String, String)> {
    let mut settings = told(server, target);
    let mut one = |name: &str, value: String| settings.push((name.to_owned(), value));
    one("documents", plan.documents.to_string());
    one("clients", plan.clients.to_string());
    one("writers", plan.writers.to_string());
    if plan.slow > 0 {
        one("slow", plan.slow.to_string());
    }
    if plan.visitors > 0 {
        one("visitors", plan.visitors.to_string());
    }
    if let Some(old) = &plan.old {
        one("old documents", old.documents.to_string());
    }
    match plan.pace {
        Pace::Window(window) => one("window", window.to_string()),
        Pace::Rate(rate) => one("rate", format!("{rate} /s")),
    }
    match plan.until {
        Until::Edits(edits) => one("edits", edits.to_string()),
        Until::Time(time) => one("seconds", time.as_secs_f64().to_string()),
    }
    one("edit", format!("{} bytes", plan.edit_bytes));
    one("seed", plan.seed.to_string());
    settings
}
