//! Puts the parts together and runs them: store, documents, routes, listener.
//!
//! [`run`] is the whole life of a server process; [`Server`] is the same without signals and
//! without words on standard output, for tests and for programs that bring their own.

pub mod config;
mod files;
mod retention;
pub mod shutdown;
pub(crate) mod similar;

use std::{io::Write, net::SocketAddr, sync::Arc, thread::available_parallelism};

use anyhow::Context;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    clock::{Clock, SystemClock},
    document::{Documents, Setup},
    history::History,
    http::{
        self, Site,
        api::Api,
        listener::{Listener, Options},
        slots::Slots,
        socket::{Connections, Sockets},
        tls::Tls,
        web_app::WebApp,
    },
    limits::{Limits, SWEEP_EVERY},
    random::SystemRandom,
    storage::{
        Store,
        disk::StdDisk,
        local::{Local, LocalOptions},
        memory::Memory,
    },
    telemetry,
};
use config::{Config, Data};
use shutdown::{Signal, Signals};

/// Threads for documents unless the configuration says otherwise. Sockets need the other cores.
const DOCUMENT_THREADS: usize = 4;

/// Threads for the pasts of documents, at most.
const HISTORY_THREADS: usize = 2;

/// A running server. Dropping it stops nothing in order; call [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    tls: Option<Arc<Tls>>,
    slots: Slots,
    connections: Connections,
    documents: Documents,
    limits: Limits,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
}

/// How a server process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is durable.
    InOrder,
    /// Somebody asked twice and would not wait; the number is the second signal's.
    Forced(i32),
}

/// Runs a server until a signal ends it.
///
/// # Errors
/// When it cannot start, or could not make every edit durable in the time it had.
pub async fn run(config: &Config, mut signals: Signals) -> anyhow::Result<Ended> {
    // A host app that has installed its own subscriber keeps it.
    let _kept = telemetry::install(&config.log, config.log_format).is_err();
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(files) = files::raise_limit()
        && files < config.limits.connections as u64
    {
        tracing::warn!(
            files,
            connections = config.limits.connections,
            "the system allows fewer open files than connections are configured; raise it (ulimit -n)"
        );
    }
    let server = tokio::select! {
        started = Server::start(config) => started?,
        // Opening a large store takes a while, and leaving it half opened does it no harm.
        Signal::Stop(number) = signals.next() => return Ok(Ended::Forced(number)),
    };
    // Nobody may be reading, which is no reason to stop.
    let _unread = std::io::stdout().write_all(server.greeting(config).as_bytes());
    server.until_told(signals).await
}

impl Server {
    /// Opens the store, takes the addresses and begins to serve.
    ///
    /// # Errors
    /// When one of these fails; nothing is left behind then.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        // Before the store: a second server by mistake should hear about the address first.
        let listener = Listener::bind(&config.listen).await?;
        let addresses = listener.addresses().to_vec();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let cores = available_parallelism().map_or(1, usize::from);
        let setup = Setup {
            store: open_store(config, Arc::clone(&clock)).await?,
            clock,
            random: Arc::new(SystemRandom),
            limits: config.limits.clone(),
            threads: config.document_threads.unwrap_or(cores.min(DOCUMENT_THREADS)),
        };
        let documents = Documents::new(setup).context("cannot start the document threads")?;
        let connections = Connections::default();
        let (stop, draining) = watch::channel(false);
        let history = History::keeping(
            Arc::clone(documents.store()),
            &config.limits,
            (cores / 2).clamp(1, HISTORY_THREADS),
            config.retention,
        )
        .context("cannot start the threads for the past")?;
        let retained = history.clone();
        let site = site(config, &documents, history, draining.clone());
        let sockets =
            Arc::new(Sockets { documents: documents.clone(), connections: connections.clone() });
        let serve = move |socket, accepted| sockets.serve(socket, accepted);
        let routes = http::routes(Arc::new(site), serve);
        let options = Options::new(&config.limits, tls.clone());
        let slots = options.slots.clone();
        let listening = tokio::spawn(listener.serve(routes, options, draining));
        let limits = config.limits.clone();
        tokio::spawn(sweep(documents.clone(), stop.subscribe()));
        let clock = Arc::clone(documents.clock());
        tokio::spawn(retention::keep_to_policies(retained, clock, stop.subscribe()));
        Ok(Self { addresses, tls, slots, connections, documents, limits, stop, listening })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The open documents.
    #[must_use]
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Reads certificate and key again. Running connections keep theirs.
    pub fn reload(&self) {
        let Some(tls) = &self.tls else { return };
        match tls.reload() {
            Ok(()) => tracing::info!("new connections use the certificate as it is now"),
            Err(error) => tracing::error!(%error, "the old certificate stays in use"),
        }
    }

    /// Takes no more connections, sends everybody away and makes all edits durable.
    ///
    /// # Errors
    /// When that took longer than [`Limits::shutdown`], or the store failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        shutdown::stop(self).await
    }

    /// Serves until a signal ends it; see [`run`].
    async fn until_told(self, mut signals: Signals) -> anyhow::Result<Ended> {
        while signals.next().await == Signal::HangUp && self.tls.is_some() {
            self.reload();
        }
        tracing::info!("stopping; a second signal stops at once");
        let forced = async {
            loop {
                if let Signal::Stop(number) = signals.next().await {
                    return number;
                }
            }
        };
        tokio::select! {
            stopped = self.stop() => stopped.map(|()| Ended::InOrder),
            number = forced => Ok(Ended::Forced(number)),
        }
    }

    fn greeting(&self, config: &Config) -> String {
        use std::fmt::Write;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut text = String::new();
        let mut line = |words: std::fmt::Arguments| {
            text.write_fmt(words).expect("writing to a string cannot fail");
            text.push('\n');
        };
        for address in &self.addresses {
            if address.ip().is_unspecified() {
                let port = address.port();
                line(format_args!(
                    "Coscribe is at {scheme}://localhost:{port} and open to the network"
                ));
            } else {
                line(format_args!("Coscribe is at {scheme}://{address}"));
            }
        }
        match &config.data {
            Data::Directory(path) => line(format_args!("Documents are kept in {}", path.display())),
            Data::Memory => line(format_args!("Documents are kept in memory and gone afterwards")),
        }
        line(format_args!("Ctrl+C stops it"));
        text
    }
}

fn site(
    config: &Config,
    documents: &Documents,
    history: History,
    draining: watch::Receiver<bool>,
) -> Site {
    let store = Arc::clone(documents.store());
    Site {
        guard: config.guard.clone(),
        api: Arc::new(Api::new(documents.clone(), history, config.list_documents)),
        web_app: config.web_dir.clone().map_or_else(WebApp::embedded, WebApp::directory),
        health: Box::new(move || store.health()),
        draining,
    }
}

/// Ends what has been in the bin for long enough, now and then, until the server stops.
async fn sweep(documents: Documents, mut stop: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        match documents.sweep_bin(documents.limits().keep_deleted).await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(count, "deleted for ever what was in the bin for long enough")
            }
            Err(reason) => tracing::warn!(%reason, "failed to look through the bin"),
        }
    }
}

/// Opens the configured engine, off the threads that serve: it reads the whole journal.
async fn open_store(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Store>> {
    let Data::Directory(path) = &config.data else { return Ok(Arc::new(Memory::new())) };
    let mut options = LocalOptions::new(path);
    if let Some(bytes) = config.journal_file_bytes {
        options.journal_file_bytes = bytes;
    }
    let opening = move || Local::open(options, Arc::new(StdDisk), clock);
    let (store, report) = tokio::task::spawn_blocking(opening).await??;
    if report.damage.is_empty() && report.torn_bytes == 0 {
        tracing::debug!("{report}");
    } else {
        tracing::warn!("{report}");
    }
    Ok(Arc::new(store))
}

#[cfg(test)]
mod tests;
