//! How long things took: counts in buckets that are at most 1/32 wide for their size, so that a
//! percentile is off by three in a hundred and a million samples take some kilobytes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets of one doubling, as a power of two.
const BITS: u32 = 5;

/// Counts of durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By bucket; as long as the largest one needs.
    counts: Vec<u32>,
    count: u64,
    sum: u128,
    max: u64,
}

/// What people read of a histogram; milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there were.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half were at most this.
    pub p50: f64,
    /// Nine of ten were at most this.
    pub p90: f64,
    /// 99 of 100 were at most this.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Histogram {
    /// Adds one.
    pub fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket(nanos);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.count += 1;
        self.sum += u128::from(nanos);
        self.max = self.max.max(nanos);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// So many of a hundred are at most this long: the upper end of a bucket, never more than the
    /// longest.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Duration {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return Duration::from_nanos(upper(bucket).min(self.max));
            }
        }
        Duration::from_nanos(self.max)
    }

    /// What people read; `None` when there is nothing.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        if self.count == 0 {
            return None;
        }
        let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
        let mean = u64::try_from(self.sum / u128::from(self.count)).unwrap_or(u64::MAX);
        Some(Summary {
            count: self.count,
            mean: millis(Duration::from_nanos(mean)),
            p50: millis(self.percentile(50)),
            p90: millis(self.percentile(90)),
            p99: millis(self.percentile(99)),
            max: millis(Duration::from_nanos(self.max)),
        })
    }
}

/// The bucket of a number: its highest bits, and how many follow.
fn bucket(nanos: u64) -> usize {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(BITS + 1);
    ((u64::from(shift) << BITS) + (nanos >> shift)) as usize
}

/// The largest number of a bucket.
fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> BITS).saturating_sub(1);
    let top = bucket - (shift << BITS);
    let end = u128::from(top + 1) << shift;
    u64::try_from(end - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, SeededRandom};

    #[test]
    fn every_number_is_in_the_bucket_that_ends_closely_above_it() {
        let random = SeededRandom::new(1);
        let numbers = (0..64).map(|bit| 1_u64 << bit);
        let any = (0..2_000).map(|_| random.below(u64::MAX) >> random.below(64));
        for number in numbers.chain(any).chain([0, u64::MAX, 31, 32, 33, 63, 64, 65]) {
            let end = upper(bucket(number));
            assert!(end >= number, "{number} is beyond the end {end}");
            assert!(end - number <= number / 32, "{number} ends at {end}");
            if end < u64::MAX {
                assert_eq!(bucket(end) + 1, bucket(end + 1), "buckets follow each other at {end}");
            }
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let random = SeededRandom::new(2);
        let mut numbers: Vec<u64> = (0..5_000).map(|_| random.below(10_000_000)).collect();
        let mut histogram = Histogram::default();
        for number in &numbers {
            histogram.record(Duration::from_nanos(*number));
        }
        numbers.sort_unstable();
        for percent in [1, 50, 90, 99, 100] {
            let exact = numbers[(5_000 * percent as usize).div_ceil(100) - 1];
            let found = histogram.percentile(percent).as_nanos() as u64;
            assert!(found >= exact && found <= exact + exact / 32, "{percent}: {exact} {found}");
        }
    }

    #[test]
    fn parts_make_the_whole() {
        let (mut one, mut two, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for micros in [3, 70, 1_000] {
            one.record(Duration::from_micros(micros));
            both.record(Duration::from_micros(micros));
        }
        for micros in [5_000_000, 1] {
            two.record(Duration::from_micros(micros));
            both.record(Duration::from_micros(micros));
        }
        one.merge(&two);
        assert_eq!(one, both);
        let summary = one.summary().expect("five");
        assert_eq!((summary.count, summary.max), (5, 5_000.0));
    }

    #[test]
    fn nothing_has_no_summary() {
        assert_eq!(Histogram::default().summary(), None);
        assert_eq!(Histogram::default().percentile(50), Duration::ZERO);
    }
}
