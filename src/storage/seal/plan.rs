//! Which archives to rewrite next; no I/O.

use std::ops::RangeInclusive;

/// Largest archive that merging makes. Rewriting needs that much free space for a while.
pub const MERGED_BYTES: u64 = 1 << 30;

/// How many neighbours are merged at a time. More than four are needed where a few small archives
/// lie between large ones.
const NEIGHBOURS: RangeInclusive<usize> = 4..=8;

/// What planning needs to know of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveInfo {
    /// What it covers.
    pub range: RangeInclusive<u64>,
    /// Bytes of its file.
    pub bytes: u64,
    /// How many of them rewriting would drop, as they belong to deleted documents.
    pub dead: u64,
    /// Whether it may be rewritten: no damage is known in it.
    pub sound: bool,
}

/// Chooses the archives (in order of their ranges) to merge now; `None` when all is well.
///
/// Four or more neighbours merge when the largest is no larger than the others together. So whatever
/// is rewritten at least doubles its file, no byte is rewritten more than about ten times on the way
/// from 1 MiB to the cap, and what stays unmerged below the cap is a logarithmic number of files.
///
/// An archive that is more than half dead is rewritten together with its smaller neighbour. Not alone:
/// the new file would take the old one's name, and whoever reads by places of the old one would take
/// it for damaged.
#[must_use]
pub fn plan_merge(archives: &[ArchiveInfo]) -> Option<RangeInclusive<u64>> {
    let dead = archives
        .windows(2)
        .filter(|pair| pair.iter().any(|archive| archive.dead > archive.bytes / 2))
        .filter(|pair| may_join(pair, 2 * MERGED_BYTES))
        .min_by_key(|pair| live(pair));
    if let Some(pair) = dead {
        return Some(*pair[0].range.start()..=*pair[1].range.end());
    }
    NEIGHBOURS
        .flat_map(|count| archives.windows(count))
        .filter(|window| merges(window))
        .min_by_key(|window| live(window))
        .map(|window| *window[0].range.start()..=*window[window.len() - 1].range.end())
}

fn merges(window: &[ArchiveInfo]) -> bool {
    let largest = window.iter().map(|archive| archive.bytes).max().unwrap_or(0);
    let all: u64 = window.iter().map(|archive| archive.bytes).sum();
    largest <= all - largest && may_join(window, MERGED_BYTES)
}

fn may_join(window: &[ArchiveInfo], most: u64) -> bool {
    // A gap may be a journal file that could not be sealed; a range across it would claim it.
    let gapless = window.windows(2).all(|pair| {
        pair[0].range.end().checked_add(1).is_some_and(|next| next == *pair[1].range.start())
    });
    gapless && window.iter().all(|archive| archive.sound) && live(window) <= most
}

fn live(window: &[ArchiveInfo]) -> u64 {
    window.iter().map(|archive| archive.bytes.saturating_sub(archive.dead)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, SeededRandom};

    fn archives(bytes: &[u64]) -> Vec<ArchiveInfo> {
        let one = |(at, bytes): (usize, &u64)| {
            let number = at as u64;
            ArchiveInfo { range: number..=number, bytes: *bytes, dead: 0, sound: true }
        };
        bytes.iter().enumerate().map(one).collect()
    }

    #[test]
    fn four_neighbours_of_similar_size_merge_the_smallest_first() {
        assert_eq!(plan_merge(&archives(&[1, 1, 1])), None);
        assert_eq!(plan_merge(&archives(&[1, 1, 1, 1])), Some(0..=3));
        assert_eq!(plan_merge(&archives(&[9, 1, 1, 1])), None);
        assert_eq!(plan_merge(&archives(&[9, 9, 9, 9, 2, 2, 2, 2])), Some(4..=7));
        assert_eq!(plan_merge(&archives(&[4, 1, 4, 1])), Some(0..=3));
    }

    #[test]
    fn what_would_be_too_large_is_left_alone() {
        assert_eq!(plan_merge(&archives(&[MERGED_BYTES / 4 + 1; 4])), None);
        assert_eq!(plan_merge(&archives(&[MERGED_BYTES / 4; 4])), Some(0..=3));
    }

    #[test]
    fn neither_gaps_nor_damage_are_merged_across() {
        let mut gap = archives(&[1; 4]);
        gap[3].range = 4..=4;
        assert_eq!(plan_merge(&gap), None);
        let mut damaged = archives(&[1; 4]);
        damaged[1].sound = false;
        assert_eq!(plan_merge(&damaged), None);
        damaged[1].dead = 1;
        assert_eq!(plan_merge(&damaged), None);
    }

    #[test]
    fn an_archive_that_is_mostly_dead_is_rewritten_with_its_smaller_neighbour() {
        let mut dead = archives(&[9, 8, 3]);
        dead[1].dead = 4;
        assert_eq!(plan_merge(&dead), None);
        dead[1].dead = 5;
        assert_eq!(plan_merge(&dead), Some(1..=2));
        dead[2].sound = false;
        assert_eq!(plan_merge(&dead), Some(0..=1));
        assert_eq!(plan_merge(&dead[1..2]), None, "its name would be taken");
    }

    #[test]
    fn archives_stay_few_and_each_byte_is_rewritten_a_few_times() {
        let random = SeededRandom::new(3);
        let (mut written, mut rewritten, mut now) = (0, 0, Vec::new());
        for number in 0..3000 {
            let bytes = 1000 + random.below(64_000);
            written += bytes;
            now.push(ArchiveInfo { range: number..=number, bytes, dead: 0, sound: true });
            while let Some(range) = plan_merge(&now) {
                let at = now.iter().position(|info| info.range.start() == range.start()).unwrap();
                let end = now.iter().position(|info| info.range.end() == range.end()).unwrap();
                let bytes = now.drain(at..=end).map(|info| info.bytes).sum();
                rewritten += bytes;
                now.insert(at, ArchiveInfo { range, bytes, dead: 0, sound: true });
            }
            assert!(now.len() < 30, "{} archives after {number}", now.len());
        }
        assert!(rewritten < 12 * written, "{rewritten} of {written}");
    }
}
