//! What the server says about itself: events to standard error, for people or for machines.
//!
//! Any module may emit events through `tracing`; only this one decides where they go.

use std::{fmt, io::IsTerminal, str::FromStr};

use tracing_subscriber::{Layer, filter::Targets, fmt as lines, layer::SubscriberExt};

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

/// Somebody else (a host app) has installed a subscriber; its events go there.
#[derive(Debug, thiserror::Error)]
#[error("events already go elsewhere in this process")]
pub struct AlreadyInstalled;

/// Sends the events of this process to standard error from now on.
///
/// # Errors
/// When a subscriber is installed already.
pub fn install(filter: &LogFilter, format: LogFormat) -> Result<(), AlreadyInstalled> {
    let layer = lines::layer().with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Human => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter.0.clone()));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| AlreadyInstalled)
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
    fn a_misspelt_level_is_named() {
        for text in ["inof", "info,debgu", "", "info,coscribe=loud"] {
            let error = text.parse::<LogFilter>().unwrap_err();
            assert!(error.contains("debug, trace"), "{text}: {error}");
        }
    }
}
