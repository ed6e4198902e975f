//! What admission must know of a document: how far each client got, and how deep its items lie.
//!
//! Holds no content. Neighbouring items of one shape share a run, so a flat text costs one run per
//! client. Units are only ever added; what a later deletion empties keeps the depth it had, which
//! can only be too careful.

use std::{collections::HashMap, mem::take};

use super::{
    order::{Form, Frontier},
    parser::{Block, Id, Kind, Malformed, Parent},
};
use crate::limits;

/// Where the units of a document lie in its tree of shared types.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    clients: HashMap<u64, Client>,
    /// Clients touched since the last `keep`, with how they were.
    undo: Vec<(u64, Mark)>,
    /// Documents inside the document that were integrated since then.
    documents: Vec<Id>,
}

#[derive(Clone, Debug)]
struct Client {
    end: u32,
    first: Shape,
    /// Starts of later runs, where the shape changes.
    later: Vec<(u32, Shape)>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    end: u32,
    later: usize,
}

/// What a unit is to others that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// How many shared types it is inside of, root types not counted.
    depth: u8,
    holds: Holds,
    keyed: Keyed,
}

/// Whether a unit is an entry of a map or an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyed {
    Yes,
    No,
    /// It is gone, or stands beside nothing but what is: what it says of itself may get lost when it is
    /// stored.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Type,
    Content,
    Gone,
}

const _: () = assert!(limits::TYPE_DEPTH < u8::MAX as u32);

impl Index {
    /// Keeps what was integrated since the last call; gives the documents inside the document among
    /// that.
    pub(super) fn keep(&mut self) -> Vec<Id> {
        self.undo.clear();
        take(&mut self.documents)
    }

    /// How many documents inside the document were integrated since the last `keep`.
    pub(super) fn new_documents(&self) -> usize {
        self.documents.len()
    }

    /// Forgets what was integrated since the last `keep`.
    pub(super) fn revert(&mut self) {
        self.documents.clear();
        while let Some((id, mark)) = self.undo.pop() {
            if mark.end == 0 {
                self.clients.remove(&id);
            } else if let Some(client) = self.clients.get_mut(&id) {
                client.end = mark.end;
                client.later.truncate(mark.later);
            }
        }
    }

    /// Client ids with their clocks, in no order.
    pub(super) fn clients(&self) -> impl ExactSizeIterator<Item = (u64, u32)> {
        self.clients.iter().map(|(id, client)| (*id, client.end))
    }

    /// Whether a unit is an entry of a map or an attribute.
    pub(super) fn is_entry(&self, id: Id) -> bool {
        self.shape(id).is_some_and(|shape| shape.keyed == Keyed::Yes)
    }

    /// Whether units lie directly in a root type and are nothing but content: what becomes of them
    /// concerns no other unit.
    pub(super) fn is_flat(&self, id: Id, len: u32) -> bool {
        let Some(first) = self.shape(id) else { return false };
        let later = self.clients.get(&id.client).map_or(&[][..], |client| &client.later);
        let after = later.partition_point(|(start, _)| *start <= id.clock);
        let rest = later[after..].iter().take_while(|(start, _)| start - id.clock < len);
        let is_flat = |shape: Shape| {
            shape.depth == 0 && shape.holds == Holds::Content && shape.keyed != Keyed::Yes
        };
        is_flat(first) && rest.into_iter().all(|(_, shape)| is_flat(*shape))
    }

    /// How many runs it holds.
    #[cfg(test)]
    pub(super) fn runs(&self) -> usize {
        self.clients.values().map(|client| 1 + client.later.len()).sum()
    }

    fn shape(&self, id: Id) -> Option<Shape> {
        let client = self.clients.get(&id.client).filter(|client| id.clock < client.end)?;
        let after = client.later.partition_point(|(start, _)| *start <= id.clock);
        Some(after.checked_sub(1).map_or(client.first, |run| client.later[run].1))
    }

    /// The shape of a block whose dependencies are all known.
    fn shape_of(&self, block: &Block<'_>) -> Result<Shape, Malformed> {
        let depth_at = |id: Option<Id>| {
            id.and_then(|id| self.shape(id)).map_or(0, |neighbour| neighbour.depth)
        };
        // Both neighbours of an honest block lie in the same type.
        let mut depth = depth_at(block.origin).max(depth_at(block.right_origin));
        let continued = depth_at(self.continued(block));
        if let Some(Parent::Item(id)) = block.parent {
            depth = match self.shape(id) {
                Some(Shape { holds: Holds::Content, .. }) | None => {
                    return Err(Malformed("a block lies inside something that is not a type"));
                }
                Some(parent) => parent.depth + 1,
            };
        }
        depth = depth.max(continued);
        let holds = match block.kind {
            Kind::Type if u32::from(depth) >= limits::TYPE_DEPTH => {
                return Err(Malformed("shared types nest too deep"));
            }
            Kind::Type => Holds::Type,
            Kind::Gc | Kind::Deleted => Holds::Gone,
            _ => Holds::Content,
        };
        Ok(Shape { depth, holds, keyed: self.is_keyed(block)? })
    }

    /// The last known unit of a block that is partly known: what is new continues there, whatever
    /// the block says.
    fn continued(&self, block: &Block<'_>) -> Option<Id> {
        let client = block.id.client;
        let last = self.end(client).checked_sub(1).filter(|last| *last >= block.id.clock);
        last.map(|clock| Id { client, clock })
    }

    /// Whether a block is an entry of a map: it says so, or one of its neighbours is one.
    fn is_keyed(&self, block: &Block<'_>) -> Result<Keyed, Malformed> {
        let neighbours = [block.origin, block.right_origin, self.continued(block)];
        let (mut entry, mut listed) = (block.keyed, false);
        for shape in neighbours.into_iter().flatten().filter_map(|id| self.shape(id)) {
            entry |= shape.keyed == Keyed::Yes;
            listed |= shape.keyed == Keyed::No && shape.holds != Holds::Gone;
        }
        if entry && listed {
            return Err(Malformed("a map entry lies next to what is none"));
        }
        // An entry is one unit long: the state would not survive encoding if one were split.
        if entry && block.kind == Kind::String && block.len > 1 {
            return Err(Malformed("a map entry holds a text"));
        }
        Ok(match (entry, listed || block.parent.is_some()) {
            _ if block.kind == Kind::Gc => Keyed::Unknown,
            (true, _) => Keyed::Yes,
            (false, true) => Keyed::No,
            (false, false) => Keyed::Unknown,
        })
    }
}

impl Frontier for Index {
    fn end(&self, client: u64) -> u32 {
        self.clients.get(&client).map_or(0, |client| client.end)
    }

    fn knows(&self, id: Id) -> bool {
        id.clock < self.end(id.client)
    }

    fn integrate(&mut self, block: &Block<'_>) -> Result<Form, Malformed> {
        let shape = self.shape_of(block)?;
        let client = self.clients.entry(block.id.client).or_insert(Client {
            end: 0,
            first: shape,
            later: Vec::new(),
        });
        if self.undo.last().is_none_or(|(id, _)| *id != block.id.client) {
            let mark = Mark { end: client.end, later: client.later.len() };
            self.undo.push((block.id.client, mark));
        }
        let last = client.later.last().map_or(client.first, |(_, shape)| *shape);
        if client.end > 0 && shape != last {
            client.later.push((client.end, shape));
        }
        client.end = block.end();
        if block.kind == Kind::Document {
            self.documents.push(block.id);
        }
        let several = block.len > 1 && matches!(block.kind, Kind::Any | Kind::Json);
        Ok(if shape.keyed == Keyed::Yes && several { Form::UnitByUnit } else { Form::AsItIs })
    }
}
