//! Which units of one client follow each other: typed in a row, so that the CRDT has them as one item,
//! or could.
//!
//! The units of a row stand in the order of their clocks, with others between them perhaps. Where
//! garbage stood that was collected is not known: each such unit is a row of its own. Knows no content.

/// The rows of one client. The usual ones, of one row, take no memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// Where a row begins, or garbage; before the first of them there is one row. Clocks use 31 bits;
    /// the lowest here says garbage.
    begins: Vec<u32>,
}

impl Rows {
    /// Adds units from a clock on: the row before goes on, or another begins.
    pub(super) fn add(&mut self, clock: u32, goes_on: bool) {
        let after_garbage = self.begins.last().is_some_and(|begin| begin & 1 == 1);
        if clock > 0 && (after_garbage || !goes_on) {
            self.begins.push(clock << 1);
        }
    }

    /// Adds collected garbage from a clock on.
    pub(super) fn add_garbage(&mut self, clock: u32) {
        if self.begins.last().is_none_or(|begin| begin & 1 == 0) {
            self.begins.push(clock << 1 | 1);
        }
    }

    /// The first unit of the row that a unit is in.
    pub(super) fn first(&self, clock: u32) -> u32 {
        let after = self.begins.partition_point(|begin| begin >> 1 <= clock);
        match after.checked_sub(1).map(|last| self.begins[last]) {
            None => 0,
            Some(garbage) if garbage & 1 == 1 => clock,
            Some(begin) => begin >> 1,
        }
    }

    /// How many beginnings it holds, to come back to.
    pub(super) fn len(&self) -> usize {
        self.begins.len()
    }

    /// Forgets what was added since it had so many.
    pub(super) fn truncate(&mut self, len: usize) {
        self.begins.truncate(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_goes_on_until_another_begins_and_garbage_is_in_none() {
        let mut rows = Rows::default();
        rows.add(0, false);
        rows.add(3, true);
        assert_eq!(rows.len(), 0, "one row takes no memory");
        rows.add(5, false);
        rows.add_garbage(7);
        rows.add_garbage(8);
        // What follows garbage begins a row.
        rows.add(10, true);
        rows.add(11, true);
        let firsts: Vec<u32> = (0..13).map(|clock| rows.first(clock)).collect();
        assert_eq!(firsts, [0, 0, 0, 0, 0, 5, 5, 7, 8, 9, 10, 10, 10]);
        rows.truncate(1);
        assert_eq!(rows.first(9), 5);
    }

    #[test]
    fn garbage_may_be_first() {
        let mut rows = Rows::default();
        rows.add_garbage(0);
        rows.add(2, false);
        assert_eq!([0, 1, 2, 3].map(|clock| rows.first(clock)), [0, 1, 2, 2]);
    }

    #[test]
    fn the_last_clock_there_can_be_has_its_place() {
        let mut rows = Rows::default();
        rows.add_garbage(crate::limits::CLOCK_MAX);
        assert_eq!(rows.first(crate::limits::CLOCK_MAX), crate::limits::CLOCK_MAX);
        assert_eq!(rows.first(crate::limits::CLOCK_MAX - 1), 0);
    }
}
