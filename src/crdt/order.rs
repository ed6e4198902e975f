//! In which order the blocks of an update can be integrated, and which cannot be at all.
//!
//! The same walk decides admission and orders pieces. It is exact: whatever it leaves out depends
//! on something that neither the document nor the update holds, or on itself in a circle.

use std::collections::{BTreeSet, HashSet};

use super::parser::{Block, Blocks, Id, Kind, Malformed, Update};

/// What is integrated already.
pub(super) trait Frontier {
    /// The clock after the last integrated unit of a client.
    fn end(&self, client: u64) -> u32;

    /// Whether a unit is integrated.
    fn knows(&self, id: Id) -> bool;

    /// Takes note of a block whose dependencies are known and which reaches beyond `end`.
    ///
    /// # Errors
    /// When such a block cannot be honest.
    fn integrate(&mut self, block: &Block<'_>) -> Result<Form, Malformed>;
}

/// How a block may reach the CRDT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In one piece.
    AsItIs,
    /// As blocks of one unit each: the values that one map entry had one after the other, which
    /// clients that collect no garbage write together.
    UnitByUnit,
}

/// Consecutive blocks of one section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    /// Which section of the update.
    pub(super) section: usize,
    /// Starts at the first block.
    pub(super) blocks: Blocks<'a>,
    /// The clock from which they are new; may lie inside the first block.
    pub(super) from: u32,
    /// The clock after the last.
    pub(super) end: u32,
}

impl<'a> Run<'a> {
    /// The blocks that hold something new.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'a>> + use<'a> {
        let (from, end) = (self.from, self.end);
        self.blocks
            .take_while(move |block| block.id.clock < end)
            .filter(move |block| block.end() > from && block.len > 0 && block.kind != Kind::Skip)
    }
}

/// What of an update can be integrated.
#[derive(Debug, Default)]
pub(super) struct Order<'a> {
    /// In an order in which every dependency comes first.
    pub(super) runs: Vec<Run<'a>>,
    /// Whether that is all of it.
    pub(super) complete: bool,
    /// Whether some of it was integrated already.
    pub(super) overlaps: bool,
    /// Blocks that are to be written unit by unit.
    pub(super) by_unit: HashSet<Id>,
}

/// Walks an update against a frontier, which is moved along.
pub(super) fn order<'a>(
    update: &Update<'a>,
    frontier: &mut impl Frontier,
) -> Result<Order<'a>, Malformed> {
    let mut order = Order { complete: true, ..Order::default() };
    let mut places: Vec<Blocks<'a>> = update.sections.iter().map(|s| s.blocks()).collect();
    // Sections that wait for a unit, by that unit.
    let mut waiting: BTreeSet<(Id, usize)> = BTreeSet::new();
    // Higher client ids first, as clients write them: the CRDT passes over the items of lower ids
    // that stand at the same place, so the other way round takes quadratic time.
    let mut ready: Vec<usize> = (0..places.len()).collect();
    ready.sort_unstable_by_key(|section| update.sections[*section].client);
    while let Some(section) = ready.pop() {
        let client = update.sections[section].client;
        let from = frontier.end(client);
        let (start, stop) = advance(&mut places[section], frontier, &mut order)?;
        let end = frontier.end(client);
        if end > from {
            order.runs.push(Run { section, blocks: start, from, end });
        }
        match stop {
            Stop::Done => {}
            Stop::Gap => order.complete = false,
            Stop::Waits(id) => drop(waiting.insert((id, section))),
        }
        while let Some(&(id, woken)) =
            waiting.range((Id { client, clock: 0 }, 0)..(Id { client, clock: end }, 0)).next()
        {
            waiting.remove(&(id, woken));
            ready.push(woken);
        }
    }
    order.complete &= waiting.is_empty();
    Ok(order)
}

enum Stop {
    Done,
    Gap,
    Waits(Id),
}

/// Integrates blocks of one section as far as they go; returns where the new ones start.
fn advance<'a>(
    place: &mut Blocks<'a>,
    frontier: &mut impl Frontier,
    order: &mut Order<'a>,
) -> Result<(Blocks<'a>, Stop), Malformed> {
    let mut start = None;
    loop {
        let before = *place;
        let Some(block) = place.next() else {
            return Ok((start.unwrap_or(before), Stop::Done));
        };
        if block.len == 0 || block.kind == Kind::Skip {
            continue;
        }
        let end = frontier.end(block.id.client);
        order.overlaps |= block.id.clock < end;
        if block.end() <= end {
            continue;
        }
        let stop = if block.id.clock > end {
            Some(Stop::Gap)
        } else {
            missing(&block, frontier).map(Stop::Waits)
        };
        if let Some(stop) = stop {
            *place = before;
            return Ok((start.unwrap_or(before), stop));
        }
        if frontier.integrate(&block)? == Form::UnitByUnit {
            order.by_unit.insert(block.id);
        }
        start.get_or_insert(before);
    }
}

fn missing(block: &Block<'_>, frontier: &impl Frontier) -> Option<Id> {
    let parent = match block.parent {
        Some(super::parser::Parent::Item(id)) => Some(id),
        _ => None,
    };
    [block.origin, block.right_origin, parent].into_iter().flatten().find(|id| !frontier.knows(*id))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Frontier for Nothing {
        fn end(&self, _client: u64) -> u32 {
            0
        }

        fn knows(&self, _id: Id) -> bool {
            false
        }

        fn integrate(&mut self, _block: &Block<'_>) -> Result<Form, Malformed> {
            Err(Malformed("not asked for"))
        }
    }

    #[test]
    fn what_can_never_be_integrated_is_left_out() {
        // A block that waits for a stranger, and one behind a gap.
        let bytes = [2, 1, 5, 0, 0x84, 7, 0, 1, b'x', 1, 6, 3, 0x84, 7, 0, 1, b'y', 0];
        let update = Update::parse(&bytes).expect("it follows the grammar");
        let order = order(&update, &mut Nothing).expect("nothing is integrated");
        assert!(order.runs.is_empty() && !order.complete && !order.overlaps);
    }
}
