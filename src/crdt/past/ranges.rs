//! A set of clocks as ranges that neither touch nor overlap.

use std::collections::BTreeMap;

/// Which units of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(BTreeMap<u32, u32>);

impl Ranges {
    /// Adds a range.
    pub(super) fn insert(&mut self, from: u32, to: u32) {
        self.add(from, to, &mut |_, _| {});
    }

    /// Adds a range; tells of the parts of it that are new, in order.
    pub(super) fn add(&mut self, mut from: u32, to: u32, new: &mut dyn FnMut(u32, u32)) {
        if from >= to {
            return;
        }
        let (mut start, mut end) = (from, to);
        if let Some((&first, &last)) = self.0.range(..=from).next_back()
            && last >= from
        {
            start = first;
            end = end.max(last);
            from = from.max(last);
        }
        while let Some((&first, &last)) = self.0.range((start + 1)..=to).next() {
            if first > from {
                new(from, first);
            }
            from = from.max(last);
            end = end.max(last);
            self.0.remove(&first);
        }
        if from < to {
            new(from, to);
        }
        self.0.insert(start, end);
    }

    /// Each range's first clock and the clock after its last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().map(|(from, to)| (*from, *to))
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * 12
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_new_is_told_once_and_ranges_never_touch() {
        let (mut ranges, mut units) = (Ranges::default(), BTreeSet::new());
        let mut seed = 7_u32;
        let mut chance = |below: u32| {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (seed >> 16) % below
        };
        for _ in 0..2_000 {
            let from = chance(400);
            let to = from + chance(9);
            let mut told = Vec::new();
            ranges.add(from, to, &mut |from, to| told.extend(from..to));
            let new: Vec<u32> = (from..to).filter(|unit| units.insert(*unit)).collect();
            assert_eq!(told, new);
            if chance(50) == 0 {
                (ranges, units) = (Ranges::default(), BTreeSet::new());
            }
            let all: Vec<(u32, u32)> = ranges.iter().collect();
            assert!(all.windows(2).all(|pair| pair[0].1 < pair[1].0), "{all:?}");
            assert!(all.into_iter().flat_map(|(from, to)| from..to).eq(units.iter().copied()));
        }
    }
}
