//! The server that is measured: one that runs already, or one of our own as a process beside this one.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use super::{
    dialect::Dialect,
    error::Failed,
    machine::{Process, is_here},
};

/// How long a server of our own may take to start and to stop.
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(60);

/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// Which server to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// This program's server, with documents in memory.
    Memory,
    /// This program's server, with documents in this directory.
    Stored(PathBuf),
    /// The relay that neither understands nor keeps.
    Relay,
    /// A relay that loses one of so many frames.
    LosingRelay(u64),
}

/// A server that answers.
#[derive(Debug)]
pub struct Target {
    /// Where its WebSockets are.
    pub url: String,
    /// Its process, when it is on this machine and may be watched.
    pub process: Option<Process>,
    /// For people.
    pub name: String,
    child: Option<OwnServer>,
}

/// A process of our own, ended with its owner.
#[derive(Debug)]
struct OwnServer {
    child: Child,
    kind: Own,
    port: u16,
    settings: Vec<String>,
}

impl Target {
    /// A server that runs already. `process` says which one it is where that cannot be found.
    #[must_use]
    pub fn running(url: &str, process: Option<Process>) -> Self {
        let found = port_here(url).and_then(Process::listening);
        Self {
            url: url.to_owned(),
            process: process.or(found),
            name: url.split('?').next().unwrap_or(url).to_owned(),
            child: None,
        }
    }

    /// Starts a server of our own, with room for many connections. `program` is this program; one that
    /// serves documents is given `settings` as well.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(
        program: &str,
        kind: &Own,
        dialect: Dialect,
        settings: &[&str],
    ) -> Result<Self, Failed> {
        let port = free_port()?;
        let settings = settings.iter().map(|it| (*it).to_owned()).collect();
        Self::start_at(program, kind, dialect, (port, settings)).await
    }

    async fn start_at(
        program: &str,
        kind: &Own,
        dialect: Dialect,
        (port, settings): (u16, Vec<String>),
    ) -> Result<Self, Failed> {
        if matches!(kind, Own::Relay | Own::LosingRelay(_)) && dialect != Dialect::YWebsocket {
            let why = "the relay reads no addresses: it is for the dialect y-websocket";
            return Err(Failed::Settings(why.to_owned()));
        }
        let child = command(program, kind, port, &settings).spawn().map_err(|error| {
            Failed::Server(format!("cannot run {program} to start a server: {error}"))
        })?;
        let process = Process::of_id(child.id());
        let mut own = OwnServer { child, kind: kind.clone(), port, settings };
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            if let Ok(Some(status)) = own.child.try_wait() {
                let why = format!("the server to measure did not start: it ended with {status}");
                return Err(Failed::Server(why));
            }
            if Instant::now() > deadline {
                return Err(Failed::Server("the server to measure does not listen".to_owned()));
            }
            sleep(LOOK).await;
        }
        let path = if dialect == Dialect::YSweet { "y-sweet" } else { "ws" };
        let name = match kind {
            Own::Memory => "coscribe --memory",
            Own::Stored(_) => "coscribe",
            Own::Relay => "relay",
            Own::LosingRelay(_) => "relay that loses frames",
        };
        Ok(Self {
            url: format!("ws://127.0.0.1:{port}/{path}"),
            process,
            name: name.to_owned(),
            child: Some(own),
        })
    }

    /// Whether it is ours to stop and start.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.child.is_some()
    }

    /// Stops a server of our own in order and starts it again on what it kept.
    ///
    /// # Errors
    /// When it is not ours, does not stop or does not start.
    pub async fn restart(mut self, program: &str, dialect: Dialect) -> Result<Self, Failed> {
        let Some(mut own) = self.child.take() else {
            return Err(Failed::Settings("a server that runs already is not restarted".to_owned()));
        };
        if let Some(process) = self.process {
            process.stop();
        }
        let deadline = Instant::now() + STOP;
        while matches!(own.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                return Err(Failed::Server("the server does not stop".to_owned()));
            }
            sleep(LOOK).await;
        }
        let settings = std::mem::take(&mut own.settings);
        Self::start_at(program, &own.kind.clone(), dialect, (own.port, settings)).await
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to end.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn command(program: &str, kind: &Own, port: u16, settings: &[String]) -> Command {
    let mut command = Command::new(program);
    let listen = format!("127.0.0.1:{port}");
    match kind {
        Own::Relay => command.args(["bench", "relay", "--listen", &listen]),
        Own::LosingRelay(every) => {
            command.args(["bench", "relay", "--listen", &listen, "--loses", &every.to_string()])
        }
        Own::Memory => command.args(["serve", "--listen", &listen, "--log", "error", "--memory"]),
        Own::Stored(data) => {
            command.args(["serve", "--listen", &listen, "--log", "error", "--data"]).arg(data)
        }
    };
    if matches!(kind, Own::Memory | Own::Stored(_)) {
        command.args(["--max-connections", "60000"]).args(settings);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn free_port() -> Result<u16, Failed> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    bound.map(|it| it.port()).map_err(|error| Failed::Server(format!("no free port: {error}")))
}

/// The port of an address on this machine.
fn port_here(url: &str) -> Option<u16> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let secure = scheme.ends_with('s') && scheme != "ws" && scheme != "ys";
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, if secure { 443 } else { 80 }),
    };
    is_here(host).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_watched_only_where_it_is_ours() {
        for (url, port) in [
            ("ws://localhost:8080/ws", Some(8080)),
            ("wss://localhost", Some(443)),
            ("ws://127.0.0.1", Some(80)),
            ("ys://[::1]:99/y-sweet", Some(99)),
            ("ws://example.org:8080", None),
            ("nonsense", None),
        ] {
            assert_eq!(port_here(url), port, "{url}");
        }
    }
}
