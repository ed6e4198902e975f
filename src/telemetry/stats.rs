//! What happened lately, a value for each second and fewer for longer ago: what the page of the server
//! draws. Bounded: as much after a year as after a day.
//!
//! Reads a [`Meter`] when it is told to; knows nobody who looks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Meter, numbers::Shape, process::Process};
use crate::clock::Timestamp;

/// What is known of each moment. Rates are by second, times in seconds, sizes in bytes.
pub const SERIES: [&str; 16] = [
    "updates_in",
    "updates_out",
    "bytes_in",
    "bytes_out",
    "connections",
    "sessions",
    "documents",
    "unsaved",
    "behind",
    "failures",
    "delivery_p50",
    "delivery_p99",
    "sync_p50",
    "sync_p99",
    "memory",
    "cpu",
];

/// How long ago can be looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Ten minutes, by the second.
    Minutes,
    /// An hour, by ten seconds.
    Hour,
    /// A day, by two minutes.
    Day,
}

/// Values of a moment, in the order of [`SERIES`]; `None` where nothing happened that could be measured.
pub type Values = [Option<f64>; SERIES.len()];

/// What happened lately.
#[derive(Debug)]
pub struct Stats {
    meter: Arc<Meter>,
    rings: Mutex<[Ring; 3]>,
}

#[derive(Debug)]
struct Ring {
    step: Duration,
    keep: usize,
    before: Option<(Duration, Reading)>,
    moments: VecDeque<(Timestamp, Values)>,
}

/// What a meter said at a moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    updates_in: u64,
    updates_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    failures: u64,
    delivery: Shape,
    commit: Shape,
    process: Option<Process>,
}

impl Span {
    /// All, in the order of how far they reach.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Minutes, "10m"), (Self::Hour, "1h"), (Self::Day, "24h")];

    /// The span that goes by this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, word)| *word == text).map(|(span, _)| span)
    }
}

impl Stats {
    /// Nothing yet.
    #[must_use]
    pub fn new(meter: Arc<Meter>) -> Self {
        let ring = |seconds, keep| Ring {
            step: Duration::from_secs(seconds),
            keep,
            before: None,
            moments: VecDeque::new(),
        };
        Self { meter, rings: Mutex::new([ring(1, 600), ring(10, 360), ring(120, 720)]) }
    }

    /// Looks at the meter. To be called once a second; `elapsed` only grows.
    pub fn look(&self, now: Timestamp, elapsed: Duration) {
        let reading = Reading::of(&self.meter);
        for ring in &mut *self.lock() {
            let due =
                |(at, _): &(Duration, Reading)| elapsed.saturating_sub(*at) * 10 >= ring.step * 9;
            match &ring.before {
                None => ring.before = Some((elapsed, reading)),
                Some(before) if due(before) => {
                    let (at, before) = *before;
                    let seconds = elapsed.saturating_sub(at).as_secs_f64();
                    let values = reading.since(&before, seconds, &self.meter);
                    ring.before = Some((elapsed, reading));
                    ring.moments.push_back((now, values));
                    if ring.moments.len() > ring.keep {
                        ring.moments.pop_front();
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// The last second.
    #[must_use]
    pub fn latest(&self) -> Option<Value> {
        let rings = self.lock();
        let (time, values) = rings[0].moments.back()?;
        let values: Vec<_> = values.iter().map(|it| rounded(*it)).collect();
        Some(json!({ "time": time, "values": values }))
    }

    /// Everything of a span, in columns: they repeat no names.
    #[must_use]
    pub fn columns(&self, span: Span) -> Value {
        let rings = self.lock();
        let ring = &rings[span as usize];
        let times: Vec<_> = ring.moments.iter().map(|(time, _)| *time).collect();
        let columns: serde_json::Map<String, Value> = SERIES
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let column = ring.moments.iter().map(|(_, values)| rounded(values[index]));
                ((*name).to_owned(), column.collect())
            })
            .collect();
        json!({ "step": ring.step.as_secs(), "times": times, "series": columns })
    }

    fn lock(&self) -> MutexGuard<'_, [Ring; 3]> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With as many digits as can be drawn.
#[expect(clippy::cast_possible_truncation, reason = "whole numbers of this size are exact")]
fn rounded(value: Option<f64>) -> Value {
    match value {
        None => Value::Null,
        Some(value) if value.abs() >= 1000.0 => (value.round() as i64).into(),
        Some(value) => ((value * 1e6).round() / 1e6).into(),
    }
}

impl Reading {
    fn of(meter: &Meter) -> Self {
        let all = |numbers: &dyn Fn() -> u64| numbers();
        let failures = [
            meter.documents_failed.get(),
            meter.documents_broken.get(),
            meter.commits_failed.get(),
            all(&|| meter.edits_refused.iter().map(|(_, it)| it.get()).sum()),
            all(&|| {
                meter.requests.iter().map(|(_, by)| by[super::meter::Status::Ours].get()).sum()
            }),
            meter.snapshots[super::meter::Outcome::Failed].get(),
            meter.seals[super::meter::Outcome::Failed].get(),
            meter.webhooks[super::meter::Outcome::Failed].get(),
        ];
        Self {
            updates_in: meter.updates_in.get(),
            updates_out: meter.updates_out.get(),
            bytes_in: meter.frame_bytes_in.get(),
            bytes_out: meter.frame_bytes_out.get(),
            failures: failures.iter().sum(),
            delivery: meter.delivery_time.shape(),
            commit: meter.commit_time.shape(),
            process: Process::read(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "to be drawn")]
    fn since(&self, before: &Self, seconds: f64, meter: &Meter) -> Values {
        let rate = |now: u64, then: u64| Some(now.saturating_sub(then) as f64 / seconds);
        let gauge = |value: i64| Some(value as f64);
        let sessions = meter.sessions.iter().map(|(_, it)| it.get()).sum();
        let (delivery, commit) =
            (self.delivery.since(&before.delivery), self.commit.since(&before.commit));
        let cpu = self.process.zip(before.process);
        [
            rate(self.updates_in, before.updates_in),
            rate(self.updates_out, before.updates_out),
            rate(self.bytes_in, before.bytes_in),
            rate(self.bytes_out, before.bytes_out),
            gauge(meter.connections.get()),
            gauge(sessions),
            gauge(meter.documents.get()),
            gauge(meter.unsaved.get()),
            gauge(meter.behind.get()),
            rate(self.failures, before.failures),
            delivery.quantile(0.5),
            delivery.quantile(0.99),
            commit.quantile(0.5),
            commit.quantile(0.99),
            self.process.map(|it| it.memory),
            cpu.map(|(now, then)| (now.cpu - then.cpu).max(0.0) / seconds),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> (Timestamp, Duration) {
        (Timestamp(second * 1000), Duration::from_secs(second))
    }

    fn column(stats: &Stats, span: Span, name: &str) -> Vec<Option<f64>> {
        let columns = stats.columns(span);
        columns["series"][name].as_array().unwrap().iter().map(Value::as_f64).collect()
    }

    #[test]
    fn rates_are_by_second_and_quantiles_of_that_second() {
        let stats = Stats::new(Arc::default());
        stats.look(at(0).0, at(0).1);
        assert_eq!(stats.latest(), None);
        stats.meter.updates_in.add(30);
        stats.meter.commit_time.note(Duration::from_micros(300));
        stats.look(at(1).0, at(1).1);
        stats.meter.updates_in.add(5);
        // A look that came late.
        stats.look(at(3).0, at(3).1);
        assert_eq!(column(&stats, Span::Minutes, "updates_in"), [Some(30.0), Some(2.5)]);
        let sync = column(&stats, Span::Minutes, "sync_p99");
        assert!(sync[0].is_some_and(|it| it <= 0.000_5) && sync[1].is_none(), "{sync:?}");
        let latest = stats.latest().unwrap();
        assert_eq!(
            (latest["time"].as_u64(), latest["values"][0].as_f64()),
            (Some(3000), Some(2.5))
        );
    }

    #[test]
    fn longer_ago_is_kept_more_coarsely_and_nothing_for_ever() {
        let stats = Stats::new(Arc::default());
        for second in 0..=90_000 {
            stats.meter.updates_in.add(7);
            stats.look(at(second).0, at(second).1);
        }
        for (span, keep, step) in
            [(Span::Minutes, 600, 1), (Span::Hour, 360, 10), (Span::Day, 720, 120)]
        {
            let columns = stats.columns(span);
            assert_eq!(columns["step"], step);
            let times = columns["times"].as_array().unwrap();
            assert_eq!(times.len(), keep);
            let rates = column(&stats, span, "updates_in");
            assert!(rates.iter().all(|it| it.is_some_and(|it| (it - 7.0).abs() < 0.1)), "{span:?}");
        }
    }
}
