//! Tells a collector of OpenTelemetry the numbers of the server, again and again. Nothing is queued: what
//! was not taken is in the next numbers, which count from the beginning.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};

use super::config::Otlp;
use crate::{
    clock::Clock,
    document::Documents,
    http::{caller::Caller, health::Readiness},
    telemetry::{otlp::Times, warnings::CollectorGone},
};

/// A collector has this long to take numbers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Begins to tell the collector, if there is one, until `stop` turns true.
///
/// # Errors
/// When TLS cannot be set up.
pub(super) fn start(
    settings: Option<&Otlp>,
    documents: &Documents,
    clock: &Arc<dyn Clock>,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let Some(settings) = settings else { return Ok(()) };
    let caller = Caller::new(settings.url.clone()).context("cannot speak TLS to otlp-endpoint")?;
    let (documents, clock, stop) = (documents.clone(), Arc::clone(clock), stop.clone());
    tokio::spawn(run(caller, settings.every, documents, clock, stop));
    Ok(())
}

async fn run(
    caller: Caller,
    every: Duration,
    documents: Documents,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    let started = clock.now();
    let mut ticks = interval(every);
    // Who was late has nothing to make up for.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut spell = Spell::default();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let meter = documents.meter();
        Readiness::of(*stop.borrow(), &documents.store().health(), meter).note(meter);
        let body = meter.otlp(Times { started, now: clock.now() });
        let telling = timeout(PATIENCE, caller.tell(body.into()));
        let answer = tokio::select! {
            answer = telling => answer.unwrap_or_else(|_| Err("it did not answer in time".into())),
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match spell.after(answer) {
            Some(News::Lost(reason)) => {
                CollectorGone { reason: &reason }.note();
            }
            Some(News::Found) => tracing::info!("a collector takes metrics again"),
            None => {}
        }
    }
}

/// Whether the collector takes numbers.
#[derive(Debug, Default)]
struct Spell {
    failing: bool,
}

/// What is worth a line: not each failure.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Lost(String),
    Found,
}

impl Spell {
    fn after(&mut self, answer: Result<u16, String>) -> Option<News> {
        let reason = match answer {
            Ok(200..=299) => {
                return std::mem::take(&mut self.failing).then_some(News::Found);
            }
            Ok(status) => format!("it answered with status {status}"),
            Err(reason) => reason,
        };
        let known = std::mem::replace(&mut self.failing, true);
        (!known).then_some(News::Lost(reason))
    }
}

#[cfg(test)]
mod tests {
    use tokio::{net::TcpListener, time::Instant};

    use super::*;
    use crate::{
        clock::TestClock, document::Setup, hooks::Runner, limits::Limits, random::SystemRandom,
        storage::memory::Memory,
    };

    #[tokio::test(start_paused = true)]
    async fn who_never_answers_is_waited_for_as_long_as_is_said_and_tried_again() {
        let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/metrics", collector.local_addr().unwrap());
        let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
        let documents = Documents::new(Setup {
            store: Arc::new(Memory::new()),
            clock: Arc::clone(&clock),
            random: Arc::new(SystemRandom),
            limits: Limits::default(),
            threads: 0,
            hooks: Runner::default(),
        });
        let caller = Caller::new(url.parse().unwrap()).unwrap();
        let (_stop, stopped) = watch::channel(false);
        let (begun, every) = (Instant::now(), Duration::from_secs(60));
        tokio::spawn(run(caller, every, documents.unwrap(), clock, stopped));
        let (_silent, _) = collector.accept().await.unwrap();
        collector.accept().await.unwrap();
        // In a time that passes only while nobody has anything to do.
        assert!(begun.elapsed() <= every + PATIENCE, "{:?}", begun.elapsed());
    }

    #[test]
    fn a_collector_that_is_gone_is_told_of_once_and_once_when_it_is_back() {
        let mut spell = Spell::default();
        assert_eq!(spell.after(Ok(200)), None);
        let lost = spell.after(Ok(503));
        assert_eq!(lost, Some(News::Lost("it answered with status 503".into())));
        for answer in [Err("refused".to_owned()), Ok(404), Ok(301)] {
            assert_eq!(spell.after(answer), None);
        }
        assert_eq!(spell.after(Ok(204)), Some(News::Found));
        assert_eq!(spell.after(Ok(200)), None);
        assert!(matches!(spell.after(Err("gone".into())), Some(News::Lost(_))));
    }
}
