//! Reads one block of an update: a stretch of units that one client made.
//!
//! The grammar is that of Yjs 13 (`src/structs/*.js`):
//!
//! ```text
//! block  := 0 length                                                        collected garbage
//!         | 10 length                                                       a gap
//!         | info [id if 0x80] [id if 0x40] [parent if neither] content      info & 31 = 1 to 9
//! parent := (1 name | 0 id) [key if 0x20]
//! ```
//!
//! What is accepted here means the same to the CRDT library, which reads some forms differently
//! from Yjs: XML hooks (it skips their name) are refused, legacy JSON content is marked for
//! rewriting (it reads one value too many).

use super::reader::{Malformed, Reader, check_json};
use crate::limits;

/// The name of one unit of content: who made it, and which of theirs it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// The client id.
    pub client: u64,
    /// Counts the client's units from 0.
    pub clock: u32,
}

/// What a block is inserted into, when no neighbour tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent<'a> {
    /// A root type of that name.
    Root(&'a str),
    /// A shared type inside another.
    Item(Id),
}

/// What a block holds; the numbers are those on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Content that was deleted and collected together with its place.
    Gc = 0,
    /// Deleted content that still has a place.
    Deleted = 1,
    /// Values as JSON texts; written by Yjs before 13.
    Json = 2,
    /// A byte array.
    Binary = 3,
    /// Text.
    String = 4,
    /// One JSON value within text.
    Embed = 5,
    /// A formatting mark.
    Format = 6,
    /// A shared type.
    Type = 7,
    /// Plain values.
    Any = 8,
    /// A document inside the document.
    Document = 9,
    /// Nothing: a stretch of clocks that the sender does not have.
    Skip = 10,
}

/// A stretch of one client's units.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Its first unit.
    pub id: Id,
    /// How many units; text counts UTF-16 code units. Zero for empty items, which old clients wrote.
    pub len: u32,
    /// What it holds.
    pub kind: Kind,
    /// The unit to its left when it was made.
    pub origin: Option<Id>,
    /// The unit to its right when it was made.
    pub right_origin: Option<Id>,
    /// Present exactly when it has neither origin.
    pub parent: Option<Parent<'a>>,
    /// The key in its parent, where the format gives it.
    pub key: Option<&'a str>,
    /// Whether the block says that it has a key, given or inherited. Clients that merge updates
    /// drop this when the key is inherited.
    pub keyed: bool,
    /// The whole block as it came.
    pub bytes: &'a [u8],
    /// The content as it came, its length or count included.
    pub content: &'a [u8],
}

impl Block<'_> {
    /// The clock after its last unit.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.id.clock + self.len
    }
}

/// Reads a block whose first unit is known from those before it.
pub(super) fn read_block<'a>(reader: &mut Reader<'a>, id: Id) -> Result<Block<'a>, Malformed> {
    let start = reader.at();
    let info = reader.byte()?;
    let mut block = Block {
        id,
        len: 0,
        kind: Kind::Gc,
        origin: None,
        right_origin: None,
        parent: None,
        key: None,
        keyed: info & 0x20 != 0,
        bytes: &[],
        content: &[],
    };
    if info == 0 || info == 10 {
        block.kind = if info == 0 { Kind::Gc } else { Kind::Skip };
        block.len = reader.clock()?;
        if block.len == 0 {
            return Err(Malformed("a block is empty"));
        }
    } else {
        read_place(reader, info, &mut block)?;
        let content = reader.at();
        (block.kind, block.len) = read_content(reader, info & 0x1f)?;
        block.content = reader.since(content);
    }
    if block.len > limits::CLOCK_MAX - id.clock {
        return Err(Malformed("a clock is too big"));
    }
    block.bytes = reader.since(start);
    Ok(block)
}

fn read_place<'a>(
    reader: &mut Reader<'a>,
    info: u8,
    block: &mut Block<'a>,
) -> Result<(), Malformed> {
    let me = block.id;
    let read_id = |reader: &mut Reader<'a>| {
        let id = Id { client: reader.client()?, clock: reader.clock()? };
        if id.client == me.client && id.clock >= me.clock {
            return Err(Malformed("a block depends on itself"));
        }
        Ok(id)
    };
    if info & 0x80 != 0 {
        block.origin = Some(read_id(reader)?);
    }
    if info & 0x40 != 0 {
        block.right_origin = Some(read_id(reader)?);
    }
    if info & 0xc0 == 0 {
        block.parent = Some(match reader.byte()? {
            1 => Parent::Root(reader.key()?),
            0 => Parent::Item(read_id(reader)?),
            _ => return Err(Malformed("a block has an unknown kind of parent")),
        });
        if block.keyed {
            block.key = Some(reader.key()?);
        }
    }
    Ok(())
}

fn read_content(reader: &mut Reader<'_>, kind: u8) -> Result<(Kind, u32), Malformed> {
    let units = |count: usize| u32::try_from(count).map_err(|_| Malformed("a clock is too big"));
    match kind {
        1 => Ok((Kind::Deleted, reader.clock()?)),
        2 => {
            let count = reader.count(1)?;
            for _ in 0..count {
                check_legacy_json(reader.string()?)?;
            }
            Ok((Kind::Json, units(count)?))
        }
        3 => reader.buffer().map(|_| (Kind::Binary, 1)),
        4 => Ok((Kind::String, units(reader.string()?.encode_utf16().count())?)),
        5 => reader.json().map(|_| (Kind::Embed, 1)),
        6 => {
            reader.key()?;
            reader.json()?;
            Ok((Kind::Format, 1))
        }
        7 => {
            match reader.byte()? {
                // Array, map, text, fragment, XML text; an element has a name.
                0 | 1 | 2 | 4 | 6 => {}
                3 => drop(reader.key()?),
                _ => return Err(Malformed("a shared type is of an unsupported kind")),
            }
            Ok((Kind::Type, 1))
        }
        8 => {
            let count = reader.count(1)?;
            for _ in 0..count {
                reader.any()?;
            }
            Ok((Kind::Any, units(count)?))
        }
        9 => {
            reader.key()?;
            reader.any()?;
            Ok((Kind::Document, 1))
        }
        _ => Err(Malformed("a block has an unknown kind of content")),
    }
}

/// Legacy content is rewritten value by value later, which must not fail then.
fn check_legacy_json(text: &str) -> Result<(), Malformed> {
    if text == "undefined" {
        return Ok(());
    }
    check_json(text)?;
    serde_json::from_str::<serde_json::Value>(text)
        .map(drop)
        .map_err(|_| Malformed("a value is not JSON"))
}
