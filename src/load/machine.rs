//! What a process on this machine uses, read from `/proc`, and which process listens on a port.

use std::{fs, net::IpAddr, path::Path, time::Duration};

use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};
use serde::{Deserialize, Serialize};

/// Clock ticks of a second in `/proc`: 100 on every Linux that Rust's standard library runs on.
const TICKS: u64 = 100;

/// The state `listen` in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// A process that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

/// What it has used and holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Seconds of CPU in the program.
    pub user: f64,
    /// Seconds of CPU in the system on its behalf.
    pub system: f64,
    /// Resident memory, KiB.
    pub resident: u64,
    /// Its share of resident memory, KiB; pages shared with others are divided among them.
    pub proportional: u64,
    /// The most that was resident so far, KiB.
    pub peak: u64,
    /// Threads.
    pub threads: u64,
    /// Open files, sockets included.
    pub files: u64,
}

impl Process {
    /// The process with this id, if it can be watched.
    #[must_use]
    pub fn of_id(id: u32) -> Option<Self> {
        let process = Self(id);
        process.usage().map(|_| process)
    }

    /// The process on this machine that listens there. Others' processes can be found by their owner
    /// and by root only.
    #[must_use]
    pub fn listening(port: u16) -> Option<Self> {
        let sockets = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/net/{table}")));
        let inodes: Vec<String> =
            sockets.iter().flatten().flat_map(|table| listening(table, port)).collect();
        let wanted: Vec<_> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.find(|id| has_file(*id, &wanted)).map(Self)
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> u32 {
        self.0
    }

    /// What it uses now; `None` when it is gone.
    #[must_use]
    pub fn usage(self) -> Option<Usage> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", self.0)).ok();
        let (user, system) = ticks(&read("stat")?)?;
        let status = read("status")?;
        let field = |name| field(&status, name).unwrap_or(0);
        let rollup = read("smaps_rollup").unwrap_or_default();
        let files = fs::read_dir(format!("/proc/{}/fd", self.0)).map_or(0, Iterator::count);
        Some(Usage {
            user: seconds(user),
            system: seconds(system),
            resident: field("VmRSS:"),
            proportional: self::field(&rollup, "Pss:").unwrap_or(0),
            peak: field("VmHWM:"),
            threads: field("Threads:"),
            files: files as u64,
        })
    }

    /// Asks it to stop in order.
    pub fn stop(self) {
        self.signal(Signal::TERM);
    }

    /// Ends it at once, as a crash would.
    pub fn kill(self) {
        self.signal(Signal::KILL);
    }

    fn signal(self, signal: Signal) {
        let id = i32::try_from(self.0).ok().and_then(Pid::from_raw);
        // A process that is gone already has stopped.
        let _gone = id.map(|id| kill_process(id, signal));
    }
}

impl Usage {
    /// CPU in all.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        Duration::from_secs_f64(self.user + self.system)
    }
}

/// Asks for as many open files as the system allows; gives how many that are.
pub fn raise_open_files() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    let allowed = if setrlimit(Resource::Nofile, limit).is_ok() { limit.current } else { before };
    allowed.unwrap_or(u64::MAX)
}

/// Whether an address is this machine's own, so that its processes can be watched.
#[must_use]
pub fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn has_file(id: u32, wanted: &[String]) -> bool {
    let files = fs::read_dir(Path::new("/proc").join(id.to_string()).join("fd"));
    files.into_iter().flatten().flatten().any(|file| {
        let target = fs::read_link(file.path()).ok();
        target.is_some_and(|it| wanted.iter().any(|wanted| it.to_str() == Some(wanted)))
    })
}

/// Inodes of sockets that listen on a port, from a table of sockets.
fn listening(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let inode = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let ours = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == LISTENS;
        ours.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    };
    table.lines().filter_map(inode).collect()
}

/// User and system ticks of a `stat` line. The name in it may hold anything, so it is read from behind.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?))
}

fn seconds(ticks: u64) -> f64 {
    Duration::from_millis(ticks * (1000 / TICKS)).as_secs_f64()
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn who_listens_is_found_and_uses_something() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let process = Process::listening(port).expect("this process");
        assert_eq!(process.id(), std::process::id());
        let usage = process.usage().expect("it runs");
        assert!(usage.resident > 0 && usage.threads > 0 && usage.files > 0, "{usage:?}");
        drop(listener);
        assert_eq!(Process::listening(port), None);
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_ticks() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 9 9";
        assert_eq!(ticks(stat), Some((250, 50)));
        assert_eq!(seconds(250).to_bits(), 2.5_f64.to_bits());
    }

    #[test]
    fn only_loopback_is_here() {
        for (host, here) in
            [("localhost", true), ("127.0.0.1", true), ("[::1]", true), ("example.org", false)]
        {
            assert_eq!(is_here(host), here, "{host}");
        }
    }
}
