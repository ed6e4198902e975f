//! What a measurement found: numbers for people, for files and for comparing. Knows no sockets.

use serde::{Deserialize, Serialize};

use super::{converge::Convergence, histogram::Summary, machine::Usage};

/// One measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was measured.
    pub scenario: String,
    /// How, by option, in the order they are told.
    pub settings: Vec<(String, String)>,
    /// Seconds from the first edit to the last delivery, or of the whole scenario.
    pub seconds: f64,
    /// Edits that were written.
    pub edits: u64,
    /// Edits that arrived at others, counted for each client.
    pub deliveries: u64,
    /// Frames that clients received.
    pub frames: u64,
    /// Bytes of these frames.
    pub bytes: u64,
    /// From writing an edit to its arrival, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Summary>,
    /// From writing an edit to its acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Summary>,
    /// From dialling to being in step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Summary>,
    /// What the server used, when it runs on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerUse>,
    /// Whether everybody has the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convergence: Option<Convergence>,
    /// What else a scenario found: name, number, unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Figure>,
    /// What is to be known about the numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The name of what was promised before a server was killed.
pub const PROMISED: &str = "edits promised";

/// The name of what was promised and is gone.
pub const LOST: &str = "edits lost";

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Such as `idle-connection`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Such as `KiB`.
    pub unit: String,
}

/// What the server used between the first edit and the last delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerUse {
    /// Before.
    pub before: Usage,
    /// After.
    pub after: Usage,
}

impl ServerUse {
    /// Seconds of CPU, in the program and in the system.
    #[must_use]
    pub fn cpu(&self) -> (f64, f64) {
        (self.after.user - self.before.user, self.after.system - self.before.system)
    }
}

impl Report {
    /// Microseconds of the server's CPU for each delivered edit.
    #[must_use]
    pub fn cpu_per_delivery(&self) -> Option<f64> {
        self.cpu_per(self.deliveries)
    }

    /// Microseconds of the server's CPU for each of so many things.
    #[must_use]
    pub fn cpu_per(&self, things: u64) -> Option<f64> {
        let (user, system) = self.server.as_ref()?.cpu();
        (things > 0).then(|| (user + system) * 1e6 / as_float(things))
    }

    /// Adds a number of its own.
    pub fn tell(&mut self, name: &str, value: f64, unit: &str) {
        self.more.push(Figure { name: name.to_owned(), value, unit: unit.to_owned() });
    }

    /// Adds what is to be known about the numbers.
    pub fn note(&mut self, words: impl Into<String>) {
        self.notes.push(words.into());
    }

    /// Adds how many edits were promised before a server was killed, and how many of them are gone.
    pub fn tell_promises(&mut self, promised: u64, lost: u64) {
        self.tell(PROMISED, as_float(promised), "");
        self.tell(LOST, as_float(lost), "");
    }

    /// Whether nobody's document differs, and nothing that was promised is gone.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.complaint().is_none()
    }

    /// What is wrong with the server, or with what was to show that nothing is.
    #[must_use]
    pub fn complaint(&self) -> Option<&'static str> {
        if self.lost() > 0.0 {
            Some("lost what it promised")
        } else if self.more.iter().any(|it| it.name == PROMISED && it.value <= 0.0) {
            Some("promised nothing before it was killed, so nothing could be lost")
        } else if !self.convergence.as_ref().is_none_or(Convergence::is_whole) {
            Some("did not converge")
        } else {
            None
        }
    }

    /// Edits that were promised and are gone; none where nothing was promised.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.more.iter().filter(|it| it.name == LOST).map(|it| it.value).sum()
    }

    /// Everything in it that two reports can be compared by: name, number, unit.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        let mut tell = |name: &str, value: Option<f64>, unit: &str| {
            let value = value.filter(|value| value.is_finite() && *value > 0.0);
            figures.extend(value.map(|value| Figure {
                name: name.to_owned(),
                value,
                unit: unit.to_owned(),
            }));
        };
        let per_second = |count: u64| Some(as_float(count) / self.seconds);
        tell("server CPU per delivery", self.cpu_per_delivery(), "µs");
        if self.deliveries == 0 {
            tell("server CPU per edit", self.cpu_per(self.edits), "µs");
        }
        tell("deliveries", per_second(self.deliveries), "/s");
        tell("edits", per_second(self.edits), "/s");
        for (name, summary) in [
            ("delivery", &self.delivery),
            ("acknowledged", &self.acknowledged),
            ("joined", &self.joined),
        ] {
            let read = |part: fn(&Summary) -> f64| summary.as_ref().map(part);
            tell(&format!("{name} p50"), read(|it| it.p50), "ms");
            tell(&format!("{name} p99"), read(|it| it.p99), "ms");
        }
        let resident = self.server.as_ref().map(|it| as_float(it.after.resident));
        tell("server memory", resident, "KiB");
        figures.extend(self.more.iter().cloned());
        figures
    }

    /// How a later report's numbers stand to this one's: those that both have, with their ratio.
    #[must_use]
    pub fn compared(&self, later: &Self) -> Vec<(Figure, Figure, f64)> {
        let theirs = later.figures();
        let pair = |mine: Figure| {
            let other = theirs.iter().find(|it| it.name == mine.name && it.unit == mine.unit)?;
            Some((mine.clone(), other.clone(), other.value / mine.value))
        };
        self.figures().into_iter().filter_map(pair).collect()
    }
}

/// A count as a number with a fraction. Counts here are far below where that rounds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(deliveries: u64, user: f64) -> Report {
        let after = Usage { user, resident: 2_048, ..Usage::default() };
        Report {
            scenario: "fan-out".to_owned(),
            seconds: 2.0,
            edits: 10,
            deliveries,
            server: Some(ServerUse { before: Usage::default(), after }),
            ..Report::default()
        }
    }

    #[test]
    fn cost_is_cpu_by_deliveries() {
        assert_eq!(report(1_000, 0.5).cpu_per_delivery(), Some(500.0));
        assert_eq!(report(0, 0.5).cpu_per_delivery(), None);
        assert_eq!(Report::default().cpu_per_delivery(), None, "it runs elsewhere");
    }

    #[test]
    fn who_promised_nothing_has_shown_nothing() {
        let crashed = |promised, lost| {
            let mut report = Report::default();
            report.tell_promises(promised, lost);
            report
        };
        assert!(crashed(9, 0).is_sound());
        assert_eq!(crashed(9, 1).complaint(), Some("lost what it promised"));
        let nothing = crashed(0, 0).complaint();
        assert!(nothing.is_some_and(|it| it.contains("promised nothing")), "{nothing:?}");
        assert!(Report::default().is_sound(), "nobody was killed");
    }

    #[test]
    fn two_reports_are_compared_by_what_both_have() {
        let (mut before, mut after) = (report(1_000, 0.5), report(2_000, 0.5));
        before.tell("idle connection", 10.0, "KiB");
        after.tell("something else", 1.0, "KiB");
        let found = before.compared(&after);
        let ratio = |name| found.iter().find(|it| it.0.name == name).map(|it| it.2);
        assert_eq!(ratio("server CPU per delivery"), Some(0.5));
        assert_eq!(ratio("deliveries"), Some(2.0));
        assert_eq!(ratio("idle connection"), None);
        assert_eq!(ratio("delivery p50"), None);
    }

    #[test]
    fn a_report_comes_back_from_its_file() {
        let mut report = report(3, 0.1);
        report.tell("clients", 3.0, "");
        report.convergence =
            Some(Convergence { clients: 3, converged: 2, ..Convergence::default() });
        let json = serde_json::to_string(&report).expect("JSON");
        assert_eq!(serde_json::from_str::<Report>(&json).expect("a report"), report);
        assert!(!report.is_sound());
    }
}
