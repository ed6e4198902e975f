//! The server as a process: started with options or injected system call faults, asked how it is,
//! stopped, killed. Knows no protocol but the two lines of HTTP that health needs.

use std::{
    fs::File,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output},
    time::Duration,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};
use tokio::time::{Instant, sleep};

use crate::note;

const START: Duration = Duration::from_secs(20);

/// How to start a server.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) data: PathBuf,
    pub(crate) journal_file: &'static str,
    pub(crate) arguments: Vec<String>,
    /// Options of `strace`, such as `inject=fdatasync:error=EIO:when=3`; none runs without it.
    pub(crate) faults: Vec<String>,
    pub(crate) log: PathBuf,
    /// Where `strace` writes the calls it watches; nowhere, unless somebody counts those that failed.
    calls: PathBuf,
    /// How many files it may have open, sockets included.
    pub(crate) open_files: Option<u64>,
    /// A control group of the kernel that it joins before it runs.
    group: Option<PathBuf>,
    /// Variables of its environment.
    pub(crate) environment: Vec<(String, String)>,
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

/// How a server that did not start went down.
#[derive(Debug)]
pub(crate) struct NotStarted {
    pub(crate) status: Option<ExitStatus>,
    pub(crate) log: String,
}

impl Launch {
    /// A server on this directory with small journal files, so that sealing happens all the time.
    pub(crate) fn new(data: &Path, log: &Path) -> Self {
        Self {
            data: data.into(),
            journal_file: "64KiB",
            arguments: Vec::new(),
            faults: Vec::new(),
            log: log.into(),
            calls: "/dev/null".into(),
            open_files: None,
            group: None,
            environment: Vec::new(),
        }
    }

    pub(crate) fn open_files(self, most: u64) -> Self {
        Self { open_files: Some(most), ..self }
    }

    /// With journal files of the size that people have: sealing costs memory, and is not always
    /// the question.
    pub(crate) fn seldom_sealing(mut self) -> Self {
        self.journal_file = "64MiB";
        self
    }

    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&it| it.to_owned()));
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a fault: the value of one `-e` or, when it starts with `/`, of one `-P` of strace.
    pub(crate) fn fault(mut self, fault: &str) -> Self {
        self.faults.push(fault.to_owned());
        self
    }

    /// In the control group with this folder.
    pub(crate) fn in_group(self, group: &Path) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// Has the calls that faults are about written to this file.
    pub(crate) fn noting_calls(self, calls: &Path) -> Self {
        Self { calls: calls.into(), ..self }
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&self) -> Server {
        match self.try_start().await {
            Ok(server) => server,
            Err(why) => panic!("the server did not start ({:?}):\n{}", why.status, why.log),
        }
    }

    /// Starts it and waits until it answers or ends.
    pub(crate) async fn try_start(&self) -> Result<Server, NotStarted> {
        let port = free_port();
        let mut server = Server { child: self.spawn(port), port, log: self.log.clone() };
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = server.exited() {
                return Err(NotStarted { status: Some(status), log: server.log_text() });
            }
            if server.get("/healthz").is_some_and(|(status, _)| status == 200) {
                return Ok(server);
            }
            if Instant::now() > deadline {
                return Err(NotStarted { status: None, log: server.log_text() });
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Starts it and ends it in the middle of whatever a start does.
    pub(crate) async fn interrupted(&self, after: Duration) {
        let port = free_port();
        let server = Server { child: self.spawn(port), port, log: self.log.clone() };
        sleep(after).await;
        server.kill();
    }

    fn spawn(&self, port: u16) -> Child {
        let mut command = if self.faults.is_empty() {
            Command::new(binary())
        } else {
            // -D keeps the server our own child, so that its process id and end are ours to see.
            let mut strace = Command::new("strace");
            strace.args(["-D", "-f", "-q", "-o"]).arg(&self.calls);
            for fault in &self.faults {
                let option = if fault.starts_with('/') { "-P" } else { "-e" };
                strace.args([option, fault]);
            }
            strace.arg(binary());
            strace
        };
        if let Some(most) = self.open_files {
            let inner = command;
            command = Command::new("prlimit");
            command.arg(format!("--nofile={most}")).arg(inner.get_program()).args(inner.get_args());
        }
        if let Some(group) = &self.group {
            let inner = command;
            command = Command::new("sh");
            let join = "echo $$ > \"$0\" && exec \"$@\"";
            command.args(["-c", join]).arg(group.join("cgroup.procs"));
            command.arg(inner.get_program()).args(inner.get_args());
        }
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(&self.data)
            .args(["--journal-file-size", self.journal_file])
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone().expect("the log file twice"))
            .stderr(log)
            .spawn()
            .expect("the server or strace cannot be run")
    }
}

impl Server {
    /// What it wrote so far, from all starts with the same log.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its end, if it has come.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our own child can be waited for")
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.exited() {
                return Some(status);
            }
            sleep(Duration::from_millis(2)).await;
        }
        None
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("our own child can be waited for");
    }

    /// Asks it to stop and waits.
    pub(crate) async fn stop(mut self) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        self.ended(Duration::from_secs(15)).await
    }

    /// Freezes it and waits until every thread stands still: a thread that is inside a sync when
    /// the power goes would otherwise count as having been acknowledged.
    pub(crate) async fn freeze(&self) {
        self.signal(Signal::STOP);
        let tasks = format!("/proc/{}/task", self.child.id());
        for _ in 0..2_000 {
            let states = std::fs::read_dir(&tasks).into_iter().flatten().flatten().map(|task| {
                let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next())
            });
            if states.into_iter().all(|state| matches!(state, Some('T' | 't'))) {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
        panic!("the server's threads do not stand still");
    }

    /// The most memory that was resident so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// Resident memory in KiB.
    pub(crate) fn rss_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// How many entries a folder of `/proc/PID` has: `fd` or `task`.
    pub(crate) fn count(&self, folder: &str) -> u64 {
        let path = format!("/proc/{}/{folder}", self.child.id());
        std::fs::read_dir(path).map_or(0, |entries| entries.count() as u64)
    }

    fn status_kib(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a running process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("a number of KiB")
    }

    /// Asks by HTTP; `None` when nobody answers.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned()))
    }

    /// A number of `/metrics`, summed up over its labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let (_, told) = self.get("/metrics").expect("a running server tells what it counts");
        let values = told.lines().filter_map(|line| {
            let labelled = line.strip_prefix(name)?;
            let value =
                labelled.rsplit_once(' ').filter(|(at, _)| at.is_empty() || at.ends_with('}'));
            value?.1.parse::<u64>().ok()
        });
        let values: Vec<u64> = values.collect();
        assert!(!values.is_empty(), "the server does not count {name}");
        values.iter().sum()
    }

    /// The status of `/readyz` and what it says.
    pub(crate) fn ready(&self) -> (u16, String) {
        self.get("/readyz").expect("a running server answers /readyz")
    }

    /// Waits until `/readyz` has this status.
    pub(crate) async fn becomes(&self, status: u16, within: Duration) -> Result<String, String> {
        let deadline = Instant::now() + within;
        loop {
            let (found, text) = self.ready();
            if found == status {
                return Ok(text);
            }
            if Instant::now() > deadline {
                return Err(format!("/readyz still says {found}: {text}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // A process that is gone already is as dead as asked.
        let _ = kill_process(id.expect("a child has a process id"), signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        // Either it is reaped here or it was before; nothing is left to do about an error.
        let _ = self.child.wait();
    }
}

/// Lets this test, and the servers that it starts, have thousands of files open.
pub(crate) fn raise_open_files() {
    let limit = Rlimit { current: Some(16_384), maximum: Some(16_384) };
    if setrlimit(Resource::Nofile, limit).is_err() {
        note("the limit of open files cannot be raised; this may run out of them");
    }
}

/// Runs another command of the binary.
pub(crate) fn coscribe(arguments: &[&str], data: &Path) -> Output {
    Command::new(binary())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the binary can be run")
}

/// The program under test: the one built with these tests unless `COSCRIBE_BIN` names another.
fn binary() -> PathBuf {
    let other = std::env::var_os("COSCRIBE_BIN").map(PathBuf::from);
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_coscribe").into())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}
