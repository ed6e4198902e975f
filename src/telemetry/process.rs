//! What this process takes of the machine, as the system tells it. Elsewhere than on Linux nothing is
//! known.

use std::fs;

/// Ticks of a second in `/proc`: what Linux tells programs on every architecture.
const TICKS: f64 = 100.0;

/// What was taken so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Seconds of processors, in the program and in the system for it.
    pub cpu: f64,
    /// Bytes of memory.
    pub memory: f64,
    /// Threads.
    pub threads: f64,
    /// When it began, in ticks since the machine did.
    started: f64,
}

impl Process {
    /// Looks; nothing when the system does not tell.
    #[must_use]
    pub fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        Self::parse(&stat, &status)
    }

    fn parse(stat: &str, status: &str) -> Option<Self> {
        // The program's own name comes first, in brackets, and may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // proc(5) counts from 1, and two fields came before.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: f64 = resident.split_ascii_whitespace().next()?.parse().ok()?;
        Some(Self {
            cpu: (field(14)? + field(15)?) / TICKS,
            memory: kilobytes * 1024.0,
            threads: field(20)?,
            started: field(22)?,
        })
    }

    /// When it began, in seconds since 1970.
    #[must_use]
    pub fn started(&self) -> Option<f64> {
        let stat = fs::read_to_string("/proc/stat").ok()?;
        let boot = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
        Some(boot.trim().parse::<f64>().ok()? + self.started / TICKS)
    }
}

/// How many files and sockets are open, and how many may be. Looking takes as long as there are many.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a process has fewer")]
pub fn descriptors() -> Option<(f64, f64)> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let most = line.split_ascii_whitespace().next()?.parse().unwrap_or(f64::INFINITY);
    Some((open as f64, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_numbers() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 11 0 4200 1 2";
        let process = Process::parse(stat, "Name:\tb\nVmRSS:\t   100 kB\n").unwrap();
        assert_eq!((process.cpu, process.threads, process.started), (3.0, 11.0, 4200.0));
        assert_eq!(process.memory, 102_400.0);
        assert_eq!(Process::parse("7 (x) S 1", "VmRSS: 1 kB"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_takes_something() {
        let process = Process::read().unwrap();
        assert!(process.memory > 0.0 && process.threads >= 1.0);
        assert!(process.started().unwrap() > 1e9);
        let (open, most) = descriptors().unwrap();
        assert!(open >= 1.0 && open <= most);
    }
}
