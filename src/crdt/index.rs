//! What admission must know of a document: how far each client got, where its items lie and how deep, and
//! which of them follow each other.
//!
//! Holds no content. Neighbouring items of one shape share a run, so a flat text costs one run per
//! client. Units are only ever added; what a later deletion empties keeps the depth it had, which
//! can only be too careful.

use std::{collections::HashMap, mem::take, num::NonZeroU32};

use super::{
    order::{Form, Frontier},
    parser::{Block, Id, Kind, Malformed, Parent},
    rows::Rows,
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
    /// Why a block that was integrated since then stands where no client puts one.
    misplaced: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Client {
    end: u32,
    first: Shape,
    /// Starts of later runs, where the shape changes.
    later: Vec<(u32, Shape)>,
    rows: Rows,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    end: u32,
    later: usize,
    rows: usize,
}

/// What a unit is to others that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// Which type it lies in.
    place: Place,
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
    /// It is collected garbage, or all its neighbours are: then what it says of itself may get lost when
    /// it is stored.
    Unknown,
}

/// A type, by a number made of its name or of its unit. Two that share one are not told apart, which
/// lets something pass that could be refused. Of collected garbage it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place(Option<NonZeroU32>);

impl Place {
    const UNKNOWN: Self = Self(None);

    fn of(parent: Parent<'_>) -> Self {
        // FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/).
        let add = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        let hash = |bytes: &[u8]| bytes.iter().fold(0x811c_9dc5, add);
        let number = match parent {
            Parent::Root(name) => hash(name.as_bytes()),
            Parent::Item(Id { client, clock }) => {
                clock.to_le_bytes().iter().fold(hash(&client.to_le_bytes()), add)
            }
        };
        Self(NonZeroU32::new(number.max(1)))
    }

    fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
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
        self.misplaced = None;
        take(&mut self.documents)
    }

    /// How many documents inside the document were integrated since the last `keep`.
    pub(super) fn new_documents(&self) -> usize {
        self.documents.len()
    }

    /// Why a block that was integrated since the last `keep` stands where no client puts one, if one does.
    /// The library puts it somewhere, which depends on what came before; the document would read
    /// otherwise once it is stored and loaded.
    pub(super) fn misplaced(&self) -> Option<&'static str> {
        self.misplaced
    }

    /// Forgets what was integrated since the last `keep`.
    pub(super) fn revert(&mut self) {
        self.documents.clear();
        self.misplaced = None;
        while let Some((id, mark)) = self.undo.pop() {
            if mark.end == 0 {
                self.clients.remove(&id);
            } else if let Some(client) = self.clients.get_mut(&id) {
                client.end = mark.end;
                client.later.truncate(mark.later);
                client.rows.truncate(mark.rows);
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
            shape.depth == 0 && shape.holds == Holds::Content && shape.keyed == Keyed::No
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
        let place_at = |id: Option<Id>| {
            id.and_then(|id| self.shape(id)).map_or(Place::UNKNOWN, |neighbour| neighbour.place)
        };
        let place = match (self.continued(block), block.parent) {
            _ if block.kind == Kind::Gc => Place::UNKNOWN,
            (None, Some(parent)) => Place::of(parent),
            (last, _) => place_at(last).or(place_at(block.origin)).or(place_at(block.right_origin)),
        };
        let holds = match block.kind {
            Kind::Type if u32::from(depth) >= limits::TYPE_DEPTH => {
                return Err(Malformed("shared types nest too deep"));
            }
            Kind::Type => Holds::Type,
            Kind::Gc | Kind::Deleted => Holds::Gone,
            _ => Holds::Content,
        };
        Ok(Shape { place, depth, holds, keyed: self.is_keyed(block)? })
    }

    /// The last known unit of a block that is partly known: what is new continues there, whatever
    /// the block says.
    fn continued(&self, block: &Block<'_>) -> Option<Id> {
        let client = block.id.client;
        let last = self.end(client).checked_sub(1).filter(|last| *last >= block.id.clock);
        last.map(|clock| Id { client, clock })
    }

    /// See [`Index::misplaced`].
    fn misplaces(&self, block: &Block<'_>) -> Option<&'static str> {
        let left = self.continued(block).or(block.origin)?;
        let right = block.right_origin?;
        if self.shape(left)?.place != self.shape(right)?.place {
            // That one is garbage and the other is not is of this kind: a type is collected as a whole.
            return Some("a block stands between units that lie in different places");
        }
        // The library looks both neighbours up by cutting the item that they are in, each on its own. Who
        // typed them in one row has no cursor where the right one is not after the left one.
        if left.client != right.client || left.clock < right.clock {
            return None;
        }
        let row = self.clients.get(&left.client)?.rows.first(left.clock);
        (row <= right.clock).then_some("a block stands before what it follows")
    }

    /// Whether what is new of a block follows the last unit of its client, as when one goes on typing.
    fn goes_on(&self, block: &Block<'_>) -> bool {
        let left = self.continued(block).or(block.origin);
        left.is_some_and(|left| {
            left.client == block.id.client && left.clock + 1 == self.end(left.client)
        })
    }

    /// Whether a block is an entry of a map: it says so, or one of its neighbours is one.
    fn is_keyed(&self, block: &Block<'_>) -> Result<Keyed, Malformed> {
        let neighbours = [block.origin, block.right_origin, self.continued(block)];
        let (mut entry, mut listed) = (block.keyed, false);
        for shape in neighbours.into_iter().flatten().filter_map(|id| self.shape(id)) {
            entry |= shape.keyed == Keyed::Yes;
            listed |= shape.keyed == Keyed::No;
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
        self.misplaced = self.misplaced.or_else(|| self.misplaces(block));
        let goes_on = self.goes_on(block);
        let client = self.clients.entry(block.id.client).or_insert(Client {
            end: 0,
            first: shape,
            later: Vec::new(),
            rows: Rows::default(),
        });
        if self.undo.last().is_none_or(|(id, _)| *id != block.id.client) {
            let mark = Mark { end: client.end, later: client.later.len(), rows: client.rows.len() };
            self.undo.push((block.id.client, mark));
        }
        let last = client.later.last().map_or(client.first, |(_, shape)| *shape);
        if client.end > 0 && shape != last {
            client.later.push((client.end, shape));
        }
        if block.kind == Kind::Gc {
            client.rows.add_garbage(client.end);
        } else {
            client.rows.add(client.end, goes_on);
        }
        client.end = block.end();
        if block.kind == Kind::Document {
            self.documents.push(block.id);
        }
        let several = block.len > 1 && matches!(block.kind, Kind::Any | Kind::Json);
        Ok(if shape.keyed == Keyed::Yes && several { Form::UnitByUnit } else { Form::AsItIs })
    }
}
