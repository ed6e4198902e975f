//! Whose turn it is at one receiver: documents with something to tell, when each is due, and how
//! long to wait after a failure. Decides on numbers; time and chance are parameters.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use crate::{
    ids::DocumentId,
    limits::{
        WEBHOOK_FAILURES, WEBHOOK_PATIENCE, WEBHOOK_PAUSE, WEBHOOK_PAUSE_MAX, WEBHOOK_REQUESTS,
        WEBHOOK_WAITING,
    },
    random::Random,
};

/// What there is to do at one receiver.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    waiting: HashMap<DocumentId, Turn>,
    queue: BTreeSet<(Duration, DocumentId)>,
    running: HashMap<DocumentId, Running>,
    /// Failures in a row, of whatever document.
    failures: u32,
    /// The receiver is left alone until then.
    paused: Duration,
    /// Documents were left out because too many wait.
    overflowed: bool,
    /// The receiver wants to hear of nothing more.
    gone: bool,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    due: Duration,
    /// Since when something is to be told.
    since: Duration,
    /// Attempts that failed.
    failures: u32,
}

/// A document that is being told of.
#[derive(Clone, Copy, Debug)]
struct Running {
    /// Attempts that failed before.
    failures: u32,
    /// There is more to tell.
    again: Option<Turn>,
}

/// How telling of a document ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There was nothing to tell.
    Nothing,
    /// Everything is told.
    Done,
    /// Something was told and there is more.
    More,
    /// The receiver did not take it.
    Failed,
    /// What is to be told could not be read, which is not the receiver's fault.
    Stuck,
    /// The receiver never wants to hear of anything again.
    Gone,
}

impl Schedule {
    /// Notes that there is something to tell, once nothing more came for `debounce`.
    pub(super) fn nudge(&mut self, id: DocumentId, now: Duration, debounce: Duration) {
        if self.gone {
            return;
        }
        let fresh = Turn { due: now + debounce, since: now, failures: 0 };
        if let Some(running) = self.running.get_mut(&id) {
            running.again = Some(running.again.map_or(fresh, |turn| turn.later(now, debounce)));
        } else if let Some(turn) = self.waiting.get(&id).copied() {
            if turn.failures == 0 {
                self.put(id, turn.later(now, debounce));
            }
        } else if self.waiting.len() < WEBHOOK_WAITING {
            self.put(id, fresh);
        } else {
            self.overflowed = true;
        }
    }

    /// The document whose turn it is, if it is anybody's.
    pub(super) fn next(&mut self, now: Duration) -> Option<DocumentId> {
        if self.gone || now < self.paused || self.running.len() >= self.width() {
            return None;
        }
        let (due, id) = self.queue.first().copied()?;
        if due > now {
            return None;
        }
        let failures = self.take(id).map_or(0, |turn| turn.failures);
        self.running.insert(id, Running { failures, again: None });
        Some(id)
    }

    /// When [`Schedule::next`] should be asked again, if nothing happens before.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let (due, _) = self.queue.first().filter(|_| self.running.len() < self.width())?;
        (!self.gone).then(|| (*due).max(self.paused))
    }

    /// Notes how it ended.
    pub(super) fn ended(
        &mut self,
        id: DocumentId,
        outcome: Outcome,
        now: Duration,
        random: &dyn Random,
    ) {
        let Some(Running { failures, again }) = self.running.remove(&id) else { return };
        match outcome {
            Outcome::Nothing | Outcome::Done | Outcome::More => {
                if outcome != Outcome::Nothing {
                    self.recovered(now);
                }
                let more = Turn { due: now, since: now, failures: 0 };
                if let Some(turn) = (outcome == Outcome::More).then_some(more).or(again) {
                    self.put(id, turn);
                }
            }
            Outcome::Failed | Outcome::Stuck => {
                let failures = failures + 1;
                let due = now + pause(failures, random);
                self.put(id, Turn { due, since: now, failures });
                if outcome == Outcome::Failed {
                    self.failed(now, random);
                }
            }
            Outcome::Gone => {
                *self = Self { gone: true, ..Self::default() };
            }
        }
    }

    /// Whether documents that were left out should be looked for now.
    pub(super) fn take_overflow(&mut self) -> bool {
        let idle = self.waiting.is_empty() && self.running.is_empty();
        idle && std::mem::take(&mut self.overflowed)
    }

    /// Documents of which something is to be told, or is being told.
    pub(super) fn left(&self) -> usize {
        let again = self.running.keys().filter(|id| !self.waiting.contains_key(id)).count();
        self.waiting.len() + again
    }

    /// Notes that documents have to be looked for.
    pub(super) fn overflow(&mut self) {
        self.overflowed = true;
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// One at a time while nobody knows whether the receiver is there.
    fn width(&self) -> usize {
        if self.failures >= WEBHOOK_FAILURES { 1 } else { WEBHOOK_REQUESTS }
    }

    fn failed(&mut self, now: Duration, random: &dyn Random) {
        self.failures = self.failures.saturating_add(1);
        if let Some(beyond) = self.failures.checked_sub(WEBHOOK_FAILURES) {
            self.paused = now + pause(beyond + 1, random);
        }
    }

    /// Whoever failed only because the receiver was gone need not wait any longer.
    fn recovered(&mut self, now: Duration) {
        if std::mem::take(&mut self.failures) < WEBHOOK_FAILURES {
            return;
        }
        self.paused = now;
        let failed = self.waiting.iter().filter(|(_, turn)| turn.failures > 0 && turn.due > now);
        let failed: Vec<_> = failed.map(|(id, turn)| (*id, *turn)).collect();
        for (id, turn) in failed {
            self.put(id, Turn { due: now, ..turn });
        }
    }

    fn put(&mut self, id: DocumentId, turn: Turn) {
        self.take(id);
        self.waiting.insert(id, turn);
        self.queue.insert((turn.due, id));
    }

    fn take(&mut self, id: DocumentId) -> Option<Turn> {
        let turn = self.waiting.remove(&id)?;
        self.queue.remove(&(turn.due, id));
        Some(turn)
    }
}

impl Turn {
    /// Moved back by something that came now; never out of sight.
    fn later(self, now: Duration, debounce: Duration) -> Self {
        let latest = self.since + debounce.saturating_mul(WEBHOOK_PATIENCE);
        let due = if debounce.is_zero() { now } else { (now + debounce).min(latest) };
        // What is due at once stays so.
        Self { due: if self.due <= now { self.due } else { due }, ..self }
    }
}

/// Doubles with each failure; between half and all of it, so that not everybody comes back at once.
fn pause(failures: u32, random: &dyn Random) -> Duration {
    let doubled = WEBHOOK_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let whole = doubled.min(WEBHOOK_PAUSE_MAX);
    let half = whole / 2;
    half + Duration::from_millis(random.below(u64::try_from(half.as_millis()).unwrap_or(0) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::SeededRandom, storage::conformance::id};

    const SECOND: Duration = Duration::from_secs(1);

    fn all_of(schedule: &mut Schedule, now: Duration) -> Vec<DocumentId> {
        std::iter::from_fn(|| schedule.next(now)).collect()
    }

    #[test]
    fn a_document_waits_for_a_pause_and_not_for_ever() {
        let mut schedule = Schedule::default();
        for second in 0..20 {
            let now = second * SECOND;
            schedule.nudge(id(1), now, 2 * SECOND);
            let due = 2 * WEBHOOK_PATIENCE;
            assert_eq!(all_of(&mut schedule, now).is_empty(), second < due, "{second}");
            if second >= due {
                return;
            }
        }
    }

    #[test]
    fn what_comes_while_a_document_is_told_of_is_its_next_turn() {
        let (mut schedule, random) = (Schedule::default(), SeededRandom::new(1));
        schedule.nudge(id(1), SECOND, Duration::ZERO);
        assert_eq!(all_of(&mut schedule, SECOND), [id(1)]);
        schedule.nudge(id(1), SECOND, Duration::ZERO);
        assert_eq!(all_of(&mut schedule, SECOND), [], "one request at a time about a document");
        schedule.ended(id(1), Outcome::Done, SECOND, &random);
        assert_eq!(all_of(&mut schedule, SECOND), [id(1)]);
        schedule.ended(id(1), Outcome::Nothing, SECOND, &random);
        assert_eq!((all_of(&mut schedule, SECOND), schedule.wake_at()), (vec![], None));
    }

    #[test]
    fn a_document_that_is_never_taken_does_not_hold_up_others_and_is_tried_ever_less() {
        let (mut schedule, random) = (Schedule::default(), SeededRandom::new(1));
        let (mut now, mut tried) = (Duration::ZERO, 0);
        schedule.nudge(id(1), now, Duration::ZERO);
        while now < 3600 * SECOND {
            schedule.nudge(id(2), now, Duration::ZERO);
            for next in all_of(&mut schedule, now) {
                let outcome = if next == id(1) { Outcome::Failed } else { Outcome::Done };
                tried += usize::from(next == id(1));
                schedule.ended(next, outcome, now, &random);
            }
            assert_eq!(schedule.waiting.len(), 1, "the other was told at {now:?}");
            now += SECOND;
        }
        assert!((60..140).contains(&tried), "{tried}");
    }

    #[test]
    fn a_receiver_that_is_gone_is_tried_seldom_and_told_everything_at_once_when_it_is_back() {
        let (mut schedule, random) = (Schedule::default(), SeededRandom::new(1));
        let (mut now, mut tried) = (Duration::ZERO, 0);
        for number in 0..200 {
            schedule.nudge(id(number), now, Duration::ZERO);
        }
        while now < 1800 * SECOND {
            for next in all_of(&mut schedule, now) {
                schedule.ended(next, Outcome::Failed, now, &random);
                tried += 1;
            }
            now = schedule.wake_at().expect("it is tried again").max(now + SECOND / 10);
        }
        assert!((30..100).contains(&tried), "{tried} requests in half an hour");
        let back = schedule.wake_at().expect("it is tried again");
        assert!(back <= now + WEBHOOK_PAUSE_MAX);
        let one = all_of(&mut schedule, back);
        assert_eq!(one.len(), 1, "it is not stormed");
        schedule.ended(one[0], Outcome::Done, back, &random);
        let mut told = 1;
        while let Some(next) = schedule.next(back) {
            schedule.ended(next, Outcome::Done, back, &random);
            told += 1;
        }
        assert_eq!(told, 200);
    }

    #[test]
    fn only_so_many_wait_and_the_others_are_looked_for_later() {
        let (mut schedule, random) = (Schedule::default(), SeededRandom::new(1));
        for number in 0..=WEBHOOK_WAITING as u64 {
            schedule.nudge(id(number), SECOND, Duration::ZERO);
        }
        assert_eq!(schedule.waiting.len(), WEBHOOK_WAITING);
        assert!(!schedule.take_overflow(), "not while others wait");
        while let Some(next) = schedule.next(SECOND) {
            schedule.ended(next, Outcome::Done, SECOND, &random);
        }
        assert!(schedule.take_overflow());
        assert!(!schedule.take_overflow());
    }
}
