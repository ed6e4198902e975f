//! Where lines of the log go: to standard error, for people or for machines.
//!
//! Decides what is told and how; knows nobody who tells.

use std::{
    fmt,
    io::IsTerminal,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt as lines, layer::SubscriberExt, reload,
};

/// Which events are told: a level, and others for some targets, such as
/// `info,coscribe::storage=debug`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogFilter(Targets);

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A line to read, in colours on a terminal.
    #[default]
    Human,
    /// A JSON object per line.
    Json,
}

/// The log of this process, whose levels can be changed while it runs. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    handle: reload::Handle<Targets, Registry>,
    levels: Arc<Mutex<Levels>>,
}

#[derive(Debug)]
struct Levels {
    configured: LogFilter,
    now: LogFilter,
    /// Counts changes, so that one that ends knows whether another came after it.
    change: u64,
}

/// A change of levels, to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change(u64);

/// Somebody else (a host app) has installed a subscriber; its events go there.
#[derive(Debug, thiserror::Error)]
#[error("events already go elsewhere in this process")]
pub struct AlreadyInstalled;

/// Sends the events of this process to standard error from now on.
///
/// # Errors
/// When a subscriber is installed already.
pub fn install(filter: &LogFilter, format: LogFormat) -> Result<Log, AlreadyInstalled> {
    let (log, targets) = Log::new(filter);
    let layer = lines::layer().with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Human => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(targets));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| AlreadyInstalled)?;
    Ok(log)
}

impl Log {
    fn new(filter: &LogFilter) -> (Self, reload::Layer<Targets, Registry>) {
        let (targets, handle) = reload::Layer::new(filter.0.clone());
        let levels = Levels { configured: filter.clone(), now: filter.clone(), change: 0 };
        (Self { handle, levels: Arc::new(Mutex::new(levels)) }, targets)
    }

    /// What the settings say, and what is told now.
    #[must_use]
    pub fn filters(&self) -> (LogFilter, LogFilter) {
        let levels = self.lock();
        (levels.configured.clone(), levels.now.clone())
    }

    /// Tells this from now on.
    pub fn set(&self, filter: &LogFilter) -> Change {
        let mut levels = self.lock();
        self.apply(&mut levels, filter.clone());
        Change(levels.change)
    }

    /// Tells what the settings say again, unless there was another change since.
    pub fn undo(&self, change: Change) {
        let mut levels = self.lock();
        if levels.change == change.0 {
            let configured = levels.configured.clone();
            self.apply(&mut levels, configured);
        }
    }

    fn apply(&self, levels: &mut Levels, filter: LogFilter) {
        // It fails only when the subscriber is gone, which a global one never is.
        let _gone = self.handle.reload(filter.0.clone()).is_err();
        levels.now = filter;
        levels.change += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Levels> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("levels", &self.levels).finish_non_exhaustive()
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self(Targets::new().with_default(tracing::Level::INFO))
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const HELP: &str = "write a level (off, error, warn, info, debug, trace), and after commas \
                            levels for parts, as in info,coscribe::storage=debug";
        // Without this check a misspelt level would be read as the name of a part, and nothing as
        // `error`.
        let is_level = |word: &str| {
            !word.is_empty() && word.parse::<tracing::level_filters::LevelFilter>().is_ok()
        };
        let odd = text.split(',').find(|part| !part.contains('=') && !is_level(part.trim()));
        if let Some(odd) = odd {
            return Err(format!("`{odd}` is not a level; {HELP}"));
        }
        text.parse().map(Self).map_err(|error| format!("{error}; {HELP}"))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is not a format; choose human or json")),
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_has_a_level_and_others_for_parts() {
        let LogFilter(targets) = "warn,coscribe::storage=debug".parse().unwrap();
        assert!(targets.would_enable("coscribe::storage::journal", &Level::DEBUG));
        assert!(!targets.would_enable("coscribe::http", &Level::INFO));
        assert!(targets.would_enable("coscribe::http", &Level::WARN));
    }

    #[test]
    fn levels_change_while_it_runs_and_a_change_that_is_over_spares_a_later_one() {
        let (log, targets) = Log::new(&"info".parse().unwrap());
        let subscriber = tracing_subscriber::registry().with(lines::layer().with_filter(targets));
        tracing::subscriber::with_default(subscriber, || {
            let tells = || tracing::enabled!(target: "coscribe::storage", Level::DEBUG);
            assert!(!tells());
            let first = log.set(&"info,coscribe::storage=debug".parse().unwrap());
            assert!(tells());
            log.undo(first);
            assert!(!tells());
            let second = log.set(&"debug".parse().unwrap());
            log.set(&"trace".parse().unwrap());
            log.undo(second);
            assert!(tells(), "another change came after the one that is over");
            assert_eq!(log.filters().0.to_string(), "info");
        });
    }

    #[test]
    fn a_misspelt_level_is_named() {
        for text in ["inof", "info,debgu", "", "info,coscribe=loud"] {
            let error = text.parse::<LogFilter>().unwrap_err();
            assert!(error.contains("debug, trace"), "{text}: {error}");
        }
    }
}
