//! All values that the attributes of elements ever had, read from an update itself: the library shows
//! an attribute's last value only, and not its id.
//!
//! A value says where it belongs, or follows from the value that it replaced: that is its left
//! neighbour. Knows nothing of what is deleted.

use std::collections::HashMap;

use serde_json::Value;
use yrs::{Any, encoding::read::Cursor};

use crate::crdt::{
    content::json,
    parser::{Block, Id, Kind, Parent, Section, Update},
    reader::Reader,
};

/// A value that an attribute had.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its unit.
    pub id: Id,
    /// Which attribute.
    pub key: &'static str,
    /// What it said.
    pub value: Value,
}

/// The values of those attributes that are asked for, by element.
pub(super) fn attributes(
    update: &Update<'_>,
    wanted: &'static [&'static str],
) -> HashMap<Id, Vec<Attribute>> {
    let mut found: HashMap<Id, Vec<Attribute>> = HashMap::new();
    if wanted.is_empty() {
        return found;
    }
    let mut places = Places::of(update, wanted);
    for block in update.sections.iter().flat_map(Section::blocks) {
        let Some((element, key)) = places.find(block.id) else { continue };
        if let Some(key) = key
            && let Some(value) = value(&block)
        {
            found.entry(element).or_default().push(Attribute { id: block.id, key, value });
        }
    }
    found
}

/// An element, and one of the wanted keys.
type Place = (Id, Option<&'static str>);

struct Places {
    known: HashMap<Id, Place>,
    /// Those whose place is that of another.
    like: HashMap<Id, Id>,
    /// Met on the way to the place that is being looked for.
    way: Vec<Id>,
}

impl Places {
    fn of(update: &Update<'_>, wanted: &'static [&'static str]) -> Self {
        let mut places = Self { known: HashMap::new(), like: HashMap::new(), way: Vec::new() };
        for block in update.sections.iter().flat_map(Section::blocks) {
            if let (Some(Parent::Item(element)), Some(key)) = (block.parent, block.key) {
                let key = wanted.iter().find(|wanted| **wanted == key).copied();
                places.known.insert(block.id, (element, key));
            } else if let Some(like) = block.origin.or(block.right_origin)
                && block.len == 1
                && !matches!(block.kind, Kind::Gc | Kind::String | Kind::Embed | Kind::Format)
            {
                places.like.insert(block.id, like);
            }
        }
        places
    }

    fn find(&mut self, id: Id) -> Option<Place> {
        let mut at = id;
        let found = loop {
            if let Some(place) = self.known.get(&at) {
                break Some(*place);
            }
            // What leads nowhere is asked once.
            let Some(next) = self.like.remove(&at) else { break None };
            self.way.push(at);
            at = next;
        };
        for id in self.way.drain(..) {
            if let Some(place) = found {
                self.known.insert(id, place);
            }
        }
        found
    }
}

/// Attributes hold one plain value each.
fn value(block: &Block<'_>) -> Option<Value> {
    if block.kind != Kind::Any || block.len != 1 {
        return None;
    }
    let mut reader = Reader::new(block.content);
    reader.count(1).ok()?;
    let value = &block.content[reader.at()..];
    Some(json(&Any::decode(&mut Cursor::new(value)).ok()?))
}
