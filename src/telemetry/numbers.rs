//! Numbers that many threads move and one reads now and then: counters, gauges, histograms, and the
//! same by a label. Knows no name and no text; moving one takes no lock.

use std::{
    marker::PhantomData,
    ops::Index,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

/// Upper ends of a histogram's buckets in microseconds; what takes longer is in one more.
pub const BUCKETS: [u64; 18] = [
    20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
    1_000_000, 2_000_000, 5_000_000, 10_000_000,
];

/// Only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// Goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

/// How long something took, each time.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS.len() + 1],
    nanos: AtomicU64,
}

/// A histogram as it was at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// How many fell into each bucket, not counting those of the buckets before.
    pub counts: [u64; BUCKETS.len() + 1],
    /// All of them together, in nanoseconds.
    pub nanos: u64,
}

/// The values that a label has.
pub trait Label: Copy {
    /// What the label is called.
    const NAME: &'static str;
    /// Its values in order.
    const VALUES: &'static [&'static str];
    /// Which of them this is.
    fn index(self) -> usize;

    /// Its word.
    fn value(self) -> &'static str {
        Self::VALUES[self.index()]
    }
}

/// One number for each value of a label.
#[derive(Debug)]
pub struct By<L, T> {
    each: Box<[T]>,
    label: PhantomData<fn(L)>,
}

impl Counter {
    /// Of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds so many.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Gauge {
    /// Adds so many, or takes them away.
    pub fn add(&self, change: i64) {
        self.0.fetch_add(change, Ordering::Relaxed);
    }

    /// Is so many from now on.
    pub fn set(&self, value: u64) {
        self.0.store(i64::try_from(value).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Histogram {
    /// Notes that it took so long once.
    pub fn note(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|end| end * 1_000 < nanos);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// What was noted so far.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape {
            counts: std::array::from_fn(|index| self.counts[index].load(Ordering::Relaxed)),
            nanos: self.nanos.load(Ordering::Relaxed),
        }
    }
}

impl Shape {
    /// How often something was noted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        super::exposition::seconds(self.nanos)
    }

    /// What was noted since an earlier moment.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            counts: std::array::from_fn(|it| self.counts[it].saturating_sub(before.counts[it])),
            nanos: self.nanos.saturating_sub(before.nanos),
        }
    }

    /// The time that this share of all stayed below, in seconds, as far as buckets tell; `None` when
    /// nothing was noted.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "buckets are no more exact")]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all = self.count();
        let mut left = share * all as f64;
        let mut begin = 0.0;
        for (index, count) in self.counts.iter().enumerate() {
            // What is in the last bucket is at least as long as where it begins.
            let end = BUCKETS.get(index).map_or(begin, |micros| *micros as f64 / 1e6);
            if *count > 0 && left <= *count as f64 {
                return Some(begin + (end - begin) * left / *count as f64);
            }
            left -= *count as f64;
            begin = end;
        }
        (all > 0).then_some(begin)
    }
}

impl<L: Label, T: Default> Default for By<L, T> {
    fn default() -> Self {
        let each = L::VALUES.iter().map(|_| T::default()).collect();
        Self { each, label: PhantomData }
    }
}

impl<L: Label, T> Index<L> for By<L, T> {
    type Output = T;

    fn index(&self, label: L) -> &T {
        &self.each[label.index()]
    }
}

impl<L: Label, T> By<L, T> {
    /// Each value of the label with its number.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        L::VALUES.iter().copied().zip(&self.each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_bucket_that_it_does_not_pass() {
        let histogram = Histogram::default();
        for micros in [20, 21, 50, 10_000_000, 10_000_001] {
            histogram.note(Duration::from_micros(micros));
        }
        let counts = histogram.shape().counts;
        assert_eq!((counts[0], counts[1], counts[17], counts[18]), (1, 2, 1, 1));
        assert_eq!(histogram.shape().nanos, 20_000_092_000);
    }

    #[test]
    fn a_quantile_is_that_of_what_was_noted_since() {
        let histogram = Histogram::default();
        assert_eq!(histogram.shape().quantile(0.5), None);
        histogram.note(Duration::from_secs(9));
        let before = histogram.shape();
        for _ in 0..98 {
            histogram.note(Duration::from_micros(150));
        }
        for _ in 0..2 {
            histogram.note(Duration::from_micros(900));
        }
        let since = histogram.shape().since(&before);
        assert_eq!(since.count(), 100);
        let half = since.quantile(0.5).unwrap();
        assert!((0.000_1..0.000_2).contains(&half), "{half}");
        let most = since.quantile(0.99).unwrap();
        assert!((0.000_5..=0.001).contains(&most), "{most}");
        histogram.note(Duration::from_secs(60));
        assert_eq!(histogram.shape().since(&before).quantile(1.0), Some(10.0));
    }
}
