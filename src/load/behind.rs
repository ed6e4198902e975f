//! Slow readers: what they cost the server while they are behind, and how long it takes until they have
//! everything.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use super::{
    fan_out::Stage,
    machine::Usage,
    member::Phase,
    metrics::{BEHIND, CATCH_UPS, Counted, FELL_BEHIND},
    report::{Report, as_float},
    target::Target,
};

/// The name of how often readers fell behind.
pub const FELL: &str = "times a reader fell behind";

/// What was seen while they were behind.
#[derive(Debug)]
pub(super) struct Behind {
    /// What the server counted before the first edit.
    before: Option<Counted>,
    then: Option<Counted>,
    after: Option<Counted>,
    used_then: Option<Usage>,
    used_after: Option<Usage>,
    /// From the moment they read again until the last of them had everything.
    took: Option<Duration>,
}

impl Behind {
    /// Looks before the first edit; nothing, where everybody reads.
    pub(super) async fn before(target: &Target, slow: usize) -> Option<Self> {
        if slow == 0 {
            return None;
        }
        let before = Counted::of(&target.url).await;
        let (then, after, used_then, used_after, took) = (None, None, None, None, None);
        Some(Self { before, then, after, used_then, used_after, took })
    }

    /// Looks while they are behind, lets them read, and looks again when they have everything.
    pub(super) async fn caught_up(
        &mut self,
        target: &Target,
        stage: &Stage,
        wait: impl Future<Output = bool>,
    ) {
        let shared = &stage.shared;
        self.used_then = target.process.and_then(|it| it.usage());
        self.then = Counted::of(&target.url).await;
        let from = shared.began.elapsed();
        shared.phase.send_replace(Phase::CatchingUp);
        if wait.await {
            let latest = Duration::from_nanos(shared.latest.load(Relaxed));
            self.took = Some(latest.saturating_sub(from));
        }
        self.used_after = target.process.and_then(|it| it.usage());
        self.after = Counted::of(&target.url).await;
    }

    /// Adds what was seen.
    pub(super) fn tell(&self, report: &mut Report) {
        if let Some(used) = &self.used_then {
            report.tell("memory while readers are behind", as_float(used.resident), "KiB");
        }
        if let Some(used) = &self.used_after {
            report.tell("memory after they caught up", as_float(used.resident), "KiB");
        }
        if let (Some(before), Some(then)) = (&self.before, &self.then) {
            let figures =
                [("readers behind", then.get(BEHIND)), (FELL, then.since(before, FELL_BEHIND))];
            for (name, value) in figures {
                value.into_iter().for_each(|value| report.tell(name, value, ""));
            }
        }
        if let (Some(before), Some(after)) = (&self.before, &self.after)
            && let Some(given) = after.since(before, CATCH_UPS)
        {
            report.tell("caught up by one difference", given, "");
        }
        if let Some(took) = self.took {
            report.tell("caught up in", took.as_secs_f64() * 1e3, "ms");
        }
    }
}
