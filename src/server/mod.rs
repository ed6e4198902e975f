//! Puts the parts together and runs them: store, documents, routes, listener.
//!
//! [`run`] is the whole life of a server process; [`Server`] is the same without signals and
//! without words on standard output, for tests and for programs that bring their own: they
//! describe it with a [`Builder`], and may mount its routes instead of having it listen.

mod builder;
pub mod config;
pub mod documents;
mod files;
mod footprint;
mod otlp;
mod retention;
mod rights;
pub mod shutdown;
pub(crate) mod similar;
mod webhooks;

use std::{io::Write, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
    task::JoinHandle,
};

pub use builder::Builder;
pub use documents::Documents;

use crate::{
    clock::Clock,
    document,
    http::{
        api::Api,
        service::{Filter, Routes},
        slots::Slots,
        socket::Connections,
        tls::Tls,
    },
    limits::SWEEP_EVERY,
    telemetry::{
        self,
        meter::Runs,
        stats::Stats,
        warnings::{BinUnread, CertificateStays, FilesFew, SettingDoubtful},
    },
};
use config::{Config, Data};
use shutdown::{Signal, Signals};

/// A running server. Dropping it stops nothing in order; call [`Server::shutdown`].
///
/// There are no globals: one program may run as many as it likes.
#[derive(Debug)]
pub struct Server {
    routes: Routes,
    addresses: Vec<SocketAddr>,
    admin_addresses: Vec<SocketAddr>,
    tls: Option<Arc<Tls>>,
    slots: Slots,
    connections: Connections,
    api: Arc<Api>,
    all: document::Documents,
    documents: Documents,
    stop: watch::Sender<bool>,
    listening: Mutex<Option<JoinHandle<()>>>,
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
    let log = telemetry::install(&config.log, config.log_format).ok();
    for warning in &config.warnings {
        SettingDoubtful { reason: &warning }.note();
    }
    if let Some(files) = files::raise_limit()
        && files < config.limits.connections as u64
    {
        FilesFew { files: &files, connections: &config.limits.connections }.note();
    }
    let server = tokio::select! {
        started = Builder::from(config).log(log).build() => started?,
        // Opening a large store takes a while, and leaving it half opened does it no harm.
        Signal::Stop(number) = signals.next() => return Ok(Ended::Forced(number)),
    };
    // Nobody may be reading, which is no reason to stop.
    let _unread = std::io::stdout().write_all(server.greeting(config).as_bytes());
    server.until_told(signals).await
}

impl Server {
    /// Begins to describe a server to be run inside this program.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Opens the store, takes the addresses and begins to serve.
    ///
    /// # Errors
    /// When one of these fails; nothing is left behind then.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        Builder::from(config).build().await
    }

    /// All routes as a warp filter, to be mounted under any path:
    /// `warp::path("docs").and(server.routes())`.
    #[must_use]
    pub fn routes(&self) -> Filter {
        self.routes.filter()
    }

    /// All routes as a tower service, for axum and hyper. A router that takes its prefix off the
    /// path must be named to [`Builder::base`].
    #[must_use]
    pub fn service(&self) -> Routes {
        self.routes.clone()
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where it listens for those who run it.
    #[must_use]
    pub fn admin_addresses(&self) -> &[SocketAddr] {
        &self.admin_addresses
    }

    /// The documents, to be read, edited and followed from this program.
    #[must_use]
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Says that rights have changed somewhere: whoever has a document open is asked about again, at
    /// once. What expires is asked about again by itself.
    pub fn rights_changed(&self) {
        self.api.rights_changed();
    }

    /// Reads certificate and key again. Running connections keep theirs.
    pub fn reload(&self) {
        let Some(tls) = &self.tls else { return };
        match tls.reload() {
            Ok(()) => tracing::info!("new connections use the certificate as it is now"),
            Err(error) => CertificateStays { reason: &error }.note(),
        }
    }

    /// Takes no more connections, sends everybody away and makes all edits durable.
    ///
    /// # Errors
    /// When that took longer than [`Limits::shutdown`](crate::limits::Limits::shutdown), or the
    /// store failed.
    pub async fn shutdown(&self) -> anyhow::Result<()> {
        shutdown::stop(self).await
    }

    /// Shuts down, and lets go of everything.
    ///
    /// # Errors
    /// As [`Server::shutdown`].
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown().await
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
            stopped = self.shutdown() => stopped.map(|()| Ended::InOrder),
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
                let who = if config.rights.is_set() { "those who may" } else { "the network" };
                let at = format_args!("{scheme}://localhost:{port}{}", config.base);
                line(format_args!("Coscribe is at {at} and open to {who}"));
            } else {
                line(format_args!("Coscribe is at {scheme}://{address}{}", config.base));
            }
        }
        for address in &self.admin_addresses {
            line(format_args!("Those who run it are at http://{address}{}/server", config.base));
        }
        match &config.data {
            Data::Directory(path) => line(format_args!("Documents are kept in {}", path.display())),
            Data::Memory => line(format_args!("Documents are kept in memory and gone afterwards")),
        }
        line(format_args!("Ctrl+C stops it"));
        text
    }
}

/// Notes what happens, once a second, until the server stops.
async fn look(
    stats: Arc<Stats>,
    documents: document::Documents,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = seconds.tick() => {
                count_tasks(&documents);
                stats.look(clock.now(), clock.elapsed());
            }
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Tasks that nobody ends cost memory first and everything else later.
fn count_tasks(documents: &document::Documents) {
    let here = Handle::current().metrics().num_alive_tasks();
    let tasks = &documents.meter().tasks;
    tasks[Runs::Server].set(here as u64);
    tasks[Runs::Documents].set(documents.tasks() as u64);
}

/// Ends what has been in the bin for long enough, now and then, until the server stops.
async fn sweep(documents: document::Documents, mut stop: watch::Receiver<bool>) {
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
            Err(reason) => BinUnread { reason: &reason }.note(),
        }
    }
}

#[cfg(test)]
mod tests;
