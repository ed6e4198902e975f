//! What is shown when: the clock of a replay, its speed, and where people want to be. Pure.

use std::{ops::Range, str::FromStr, time::Duration};

use super::source::Recording;
use crate::clock::Timestamp;

/// Longer pauses are cut to this, in milliseconds as they happened.
const PAUSE: u64 = 4_000;

/// At the end of a film its last picture stays for so long, in milliseconds of the watcher.
const CURTAIN: f64 = 1_500.0;

/// Speeds that keys choose from.
const STEPS: [f64; 9] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0];

/// How many times as fast as it happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Speed(f64);

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self(f64::INFINITY));
        }
        let factor = text.trim_end_matches(['x', '×']).parse().ok();
        let factor = factor.filter(|factor| (0.1..=10_000.0).contains(factor));
        factor.map(Self).ok_or_else(|| "a speed is a number from 0.1 to 10000, or max".to_owned())
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_finite() { write!(f, "{}×", self.0) } else { f.write_str("max") }
    }
}

/// A place in the past, as people name it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Moment {
    Edit(usize),
    Percent(f64),
    Version(String),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(edit) = text.parse() {
            return Ok(Self::Edit(edit));
        }
        if let Some(percent) = text.strip_suffix('%').and_then(|number| number.parse().ok()) {
            return if (0.0..=100.0).contains(&percent) {
                Ok(Self::Percent(percent))
            } else {
                Err("a part of the way is between 0% and 100%".to_owned())
            };
        }
        Ok(Self::Version(text.to_owned()))
    }
}

impl Moment {
    /// After how many rows that is.
    pub(super) fn rows(&self, recording: &Recording) -> anyhow::Result<usize> {
        let all = recording.film.rows();
        match self {
            Self::Edit(edit) if *edit <= all => Ok(*edit),
            Self::Edit(edit) => anyhow::bail!("there is no edit {edit}: the last one is {all}"),
            Self::Percent(percent) => Ok((all as f64 * percent / 100.0).round() as usize),
            Self::Version(name) => {
                let found = recording.versions.iter().find(|(version, _)| version == name);
                found.map(|(_, rows)| *rows).ok_or_else(|| {
                    let names: Vec<_> =
                        recording.versions.iter().map(|(name, _)| format!("`{name}`")).collect();
                    let hint = if names.is_empty() {
                        "it has no versions".to_owned()
                    } else {
                        format!("there are {}", names.join(", "))
                    };
                    anyhow::anyhow!("there is no version `{name}`; {hint}")
                })
            }
        }
    }
}

/// A replay on its way.
#[derive(Debug)]
pub(super) struct Player {
    /// When each row is played, in milliseconds from the beginning, pauses cut.
    at: Vec<u64>,
    range: Range<usize>,
    /// Where it is, in the same time.
    now: f64,
    speed: Speed,
    playing: bool,
    /// How long the end has been shown.
    ended: f64,
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Pause,
    Faster,
    Slower,
    /// So many edits on, or back.
    Step(isize),
    Start,
    End,
    Quit,
}

impl Player {
    pub(super) fn new(times: &[Timestamp], range: Range<usize>, speed: Speed) -> Self {
        let mut at: Vec<u64> = Vec::with_capacity(times.len());
        let mut before: Option<u64> = None;
        let mut sum = 0;
        for time in times {
            // Clocks may go back.
            sum += before.map_or(0, |before| time.0.saturating_sub(before).min(PAUSE));
            before = Some(time.0);
            at.push(sum);
        }
        let mut player = Self { at, range, now: 0.0, speed, playing: true, ended: 0.0 };
        player.go(player.range.start);
        player
    }

    /// How many rows are shown.
    pub(super) fn rows(&self) -> usize {
        let passed = self.at.partition_point(|at| *at as f64 <= self.now);
        passed.clamp(self.range.start, self.range.end)
    }

    pub(super) fn range(&self) -> &Range<usize> {
        &self.range
    }

    pub(super) fn speed(&self) -> Speed {
        self.speed
    }

    pub(super) fn is_playing(&self) -> bool {
        self.playing
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rows() == self.range.end
    }

    /// Whether the end has been there to see.
    pub(super) fn is_over(&self) -> bool {
        self.is_at_end() && self.ended >= CURTAIN
    }

    /// Time passes for the watcher.
    pub(super) fn pass(&mut self, by: Duration) {
        if !self.playing {
            return;
        }
        let by = by.as_secs_f64() * 1000.0;
        if self.is_at_end() {
            self.ended += by;
        } else if self.speed.0.is_finite() {
            self.now += by * self.speed.0;
        } else {
            // As fast as possible is still to be seen: all of it in three seconds, if it is of one moment too.
            self.now += by * self.at.last().map_or(1.0, |at| (*at as f64).max(1.0)) / 3_000.0;
        }
    }

    /// How long until the next row is due, for the watcher; `None` after the last.
    pub(super) fn until_next(&self) -> Option<Duration> {
        let next = *self.at.get(self.rows()).filter(|_| !self.is_at_end())?;
        let left = (next as f64 - self.now).max(0.0) / self.speed.0;
        Some(Duration::from_secs_f64(if left.is_finite() { left / 1000.0 } else { 0.0 }))
    }

    pub(super) fn wish(&mut self, wish: Wish) {
        let step = |nearest: &dyn Fn(f64) -> bool, forward: bool| {
            let mut steps = STEPS.into_iter().filter(|step| nearest(*step));
            if forward { steps.next() } else { steps.next_back() }
        };
        match wish {
            Wish::Pause if self.is_at_end() => {
                self.go(self.range.start);
                self.playing = true;
            }
            Wish::Pause => self.playing = !self.playing,
            Wish::Faster => {
                self.speed = Speed(step(&|it| it > self.speed.0, true).unwrap_or(f64::INFINITY));
            }
            Wish::Slower => {
                self.speed = Speed(step(&|it| it < self.speed.0, false).unwrap_or(STEPS[0]));
            }
            Wish::Step(by) => {
                let rows = self.rows().saturating_add_signed(by);
                self.go(rows.clamp(self.range.start, self.range.end));
            }
            Wish::Start => self.go(self.range.start),
            Wish::End => self.go(self.range.end),
            Wish::Quit => {}
        }
    }

    fn go(&mut self, rows: usize) {
        let at = |row: usize| self.at.get(row).map_or(0.0, |at| *at as f64);
        // Rows of one moment are shown together.
        self.now = rows.checked_sub(1).map_or(-1.0, at);
        self.ended = 0.0;
    }
}
