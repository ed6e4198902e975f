//! Ends a server in order: who asks for it, and what happens in which order.
//!
//! No connection is taken any more, clients are told to come back (1012) in groups, every edit is
//! made durable, the store is closed. All of it within one bound, because whoever stops a process
//! kills it when that takes too long.

use std::io;

use tokio::{
    signal::unix::{self, SignalKind},
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::Server;
use crate::{random::SystemRandom, telemetry::warnings::HookLate};

/// Something asked of a running server from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End. The number is the signal's: 2 for Ctrl+C, 15 for a service manager.
    Stop(i32),
    /// Read certificates again. A server without any ends, because a terminal that is closed says
    /// the same.
    HangUp,
}

/// Signals of the process, or of a test.
#[derive(Debug)]
pub struct Signals(From);

#[derive(Debug)]
enum From {
    Process { interrupt: unix::Signal, terminate: unix::Signal, hang_up: unix::Signal },
    Channel(mpsc::Receiver<Signal>),
}

impl Signals {
    /// Those that the process receives from now on; they no longer end it by themselves.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self(From::Process {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: unix::signal(SignalKind::hangup())?,
        }))
    }

    /// Those that come out of a channel.
    #[must_use]
    pub fn from_channel(signals: mpsc::Receiver<Signal>) -> Self {
        Self(From::Channel(signals))
    }

    /// Waits for the next one; for ever when there can be none.
    pub async fn next(&mut self) -> Signal {
        match &mut self.0 {
            From::Process { interrupt, terminate, hang_up } => tokio::select! {
                Some(()) = interrupt.recv() => Signal::Stop(SignalKind::interrupt().as_raw_value()),
                Some(()) = terminate.recv() => Signal::Stop(SignalKind::terminate().as_raw_value()),
                Some(()) = hang_up.recv() => Signal::HangUp,
                else => std::future::pending().await,
            },
            From::Channel(signals) => match signals.recv().await {
                Some(signal) => signal,
                None => std::future::pending().await,
            },
        }
    }
}

/// See [`Server::stop`].
pub(super) async fn stop(server: &Server) -> anyhow::Result<()> {
    let Server { stop, listening, slots, connections, all: documents, .. } = server;
    let limits = documents.limits();
    // Whoever asks second waits for the first and has nothing left to do.
    let mut listening = listening.lock().await;
    if stop.send_replace(true) {
        return Ok(());
    }
    let deadline = Instant::now() + limits.shutdown;
    if let Some(listening) = listening.take() {
        listening.await?;
    }
    // Half of the time for goodbyes; what matters more gets the other half.
    connections.drain(limits.shutdown / 2, &SystemRandom).await;
    let durable = async {
        documents.shutdown().await;
        // A hook that hangs must not keep the store from being closed.
        let left = deadline.saturating_duration_since(Instant::now()) / 2;
        if timeout(left, documents.hooks().shutdown()).await.is_err() {
            HookLate { hook: &"shutdown" }.note();
        }
        documents.store().close().await
    };
    match timeout_at(deadline, durable).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(anyhow::Error::new(error).context("the store did not close")),
        Err(_) => anyhow::bail!(
            "stopped after {:?} although some edits were not yet on disk; they were not reported as \
             saved",
            limits.shutdown
        ),
    }
    // Answers that are still on their way may take what is left of the time, and no longer.
    let _cut_off = timeout_at(deadline, slots.closed()).await.is_err();
    Ok(())
}
