//! Settings about a collector of OpenTelemetry.

use std::time::Duration;

use super::{Mistake, Reader, units, within};
use crate::http::caller::AppUrl;

/// Numbers are told again after this long unless it is said, as OpenTelemetry's own exporters do.
const EVERY: Duration = Duration::from_secs(60);

/// Where metrics are sent below the address of a collector.
const PATH: &str = "/v1/metrics";

/// A collector, and how often it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otlp {
    /// Where numbers are sent.
    pub url: AppUrl,
    /// How long after the last ones.
    pub every: Duration,
}

impl Reader {
    pub(super) fn otlp(&mut self) -> Option<Otlp> {
        let url = self.one("otlp-endpoint", |text| {
            let usual =
                || format!("`{text}` is not an address; write it like http://localhost:4318");
            text.parse::<AppUrl>().and_then(|it| it.below(PATH)).map_err(|_| usual())
        });
        let every = self.one("otlp-interval", |text| {
            let most = Duration::from_hours(1);
            within(units::duration(text)?, Duration::from_secs(1), most, "between 1s and 1h")
        });
        if let (Some(raw), false) =
            (self.chosen.get("otlp-interval"), self.chosen.contains_key("otlp-endpoint"))
        {
            let message = "says how often a collector is told; name it with --otlp-endpoint";
            self.mistakes.push(Mistake::new(raw.source.clone(), message));
        }
        Some(Otlp { url: url?, every: every.unwrap_or(EVERY) })
    }
}
