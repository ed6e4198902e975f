//! What is asked of blocks that somebody sends, beyond what those that are stored must be.
//!
//! The library looks up the two neighbours of a block each on its own, and finds none where garbage was
//! collected. Neighbours that cannot be neighbours would put a block in a place that depends on how
//! items happen to be cut and in which order they came: the document would read otherwise once it is
//! stored and loaded. What was stored before is taken as it is.

use super::{
    index::Index,
    order::{Form, Frontier},
    parser::{Block, Id, Kind, Malformed},
};

/// An index that takes note of what somebody sends.
pub(super) struct Sent<'a>(pub(super) &'a mut Index);

impl Frontier for Sent<'_> {
    fn end(&self, client: u64) -> u32 {
        self.0.end(client)
    }

    fn knows(&self, id: Id) -> bool {
        self.0.knows(id)
    }

    fn integrate(&mut self, block: &Block<'_>) -> Result<Form, Malformed> {
        let index = &mut *self.0;
        let (Some(left), Some(right)) = (index.left_of(block), block.right_origin) else {
            return index.integrate(block);
        };
        // Where a cursor can be, the right one is not part of what the left one ends.
        if left.client == right.client && (index.row_of(left)..=left.clock).contains(&right.clock) {
            return Err(Malformed("a block stands before what it follows"));
        }
        match (index.is_garbage(left), index.is_garbage(right)) {
            (false, false) if index.depth(left) != index.depth(right) => {
                Err(Malformed("a block stands between units of different types"))
            }
            (false, false) | (true, true) => index.integrate(block),
            // As in Yjs: what the block is part of is gone, and with it the block.
            _ => index.integrate(&garbage(block)).map(|_| Form::Garbage),
        }
    }
}

fn garbage<'a>(block: &Block<'a>) -> Block<'a> {
    let (origin, right_origin, parent, key) = (None, None, None, None);
    Block { kind: Kind::Gc, origin, right_origin, parent, key, keyed: false, ..*block }
}
