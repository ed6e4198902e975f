//! Reads Yjs updates and state vectors (version 1) without the CRDT: bounded, block by block.
//!
//! The grammar is that of Yjs 13 (`src/utils/encoding.js`, `src/structs/*.js`):
//!
//! ```text
//! update  := sections {blocks client clock {block}} deletes
//! block   := 0 length                                                        collected garbage
//!          | 10 length                                                       a gap
//!          | info [id if 0x80] [id if 0x40] [parent if neither] content      info & 31 = 1 to 9
//! parent  := (1 name | 0 id) [key if 0x20]
//! deletes := clients {client ranges {clock length}}
//! ```
//!
//! What is accepted here means the same to the CRDT library, which reads some forms differently
//! from Yjs: XML hooks (it skips their name) are refused, legacy JSON content is marked for
//! rewriting (it reads one value too many).

pub use super::reader::Malformed;
use super::reader::Reader;
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

/// The blocks of one client.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// Whose blocks these are.
    pub client: u64,
    /// The clock of the first.
    pub clock: u32,
    /// The clock after the last.
    pub end: u32,
    blocks: usize,
    bytes: &'a [u8],
}

impl<'a> Section<'a> {
    /// Its blocks in order.
    #[must_use]
    pub fn blocks(&self) -> Blocks<'a> {
        Blocks {
            client: self.client,
            clock: self.clock,
            left: self.blocks,
            reader: Reader::new(self.bytes),
        }
    }
}

/// A range of deleted units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delete {
    /// The first.
    pub id: Id,
    /// How many, at least one.
    pub len: u32,
}

/// An update that follows the grammar; whether it fits a document is `admission`'s to say.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// At most one per client, none without blocks.
    pub sections: Vec<Section<'a>>,
    /// Whether the bytes may go to the CRDT as they are: no gap, nothing empty, no legacy JSON.
    pub plain: bool,
    deletes: &'a [u8],
}

impl<'a> Update<'a> {
    /// Reads an update to its last byte.
    ///
    /// # Errors
    /// When no Yjs client would write this.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let count = reader.count(3)?;
        let mut update = Self { sections: Vec::new(), plain: true, deletes: &[] };
        for _ in 0..count {
            update.read_section(&mut reader)?;
        }
        refuse_twice(update.sections.iter().map(|section| section.client))?;
        let start = reader.at();
        update.read_deletes(&mut reader)?;
        update.deletes = reader.since(start);
        if reader.remaining() > 0 { Err(Malformed("bytes follow its end")) } else { Ok(update) }
    }

    /// What it deletes, in the order given.
    pub fn deletes(&self) -> impl Iterator<Item = Delete> + use<'a> {
        let mut reader = Reader::new(self.deletes);
        let mut clients = read_checked(&mut reader, |reader| reader.count(2));
        let (mut client, mut ranges) = (0, 0);
        std::iter::from_fn(move || {
            while ranges == 0 {
                clients = clients.checked_sub(1)?;
                client = read_checked(&mut reader, Reader::client);
                ranges = read_checked(&mut reader, |reader| reader.count(2));
            }
            ranges -= 1;
            Some(read_checked(&mut reader, |reader| read_delete(reader, client)))
        })
    }

    fn read_section(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let count = reader.count(2)?;
        let client = reader.client()?;
        let clock = reader.clock()?;
        let start = reader.at();
        let mut end = clock;
        let mut real = false;
        for _ in 0..count {
            let block = read_block(reader, Id { client, clock: end })?;
            self.plain &= block.len > 0 && !matches!(block.kind, Kind::Skip | Kind::Json);
            real |= block.len > 0 && block.kind != Kind::Skip;
            end = block.end();
        }
        if real {
            let bytes = reader.since(start);
            self.sections.push(Section { client, clock, end, blocks: count, bytes });
        } else {
            self.plain = false;
        }
        Ok(())
    }

    fn read_deletes(&mut self, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let mut clients = Vec::new();
        for _ in 0..reader.count(2)? {
            let client = reader.client()?;
            let ranges = reader.count(2)?;
            clients.push(client);
            self.plain &= ranges > 0;
            for _ in 0..ranges {
                read_delete(reader, client)?;
            }
        }
        refuse_twice(clients.into_iter())
    }
}

/// The blocks of a section that are still to come. A copy is a place to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Blocks<'a> {
    client: u64,
    clock: u32,
    left: usize,
    reader: Reader<'a>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        self.left = self.left.checked_sub(1)?;
        let id = Id { client: self.client, clock: self.clock };
        let block = read_checked(&mut self.reader, |reader| read_block(reader, id));
        self.clock = block.end();
        Some(block)
    }
}

/// Reads a state vector to its last byte: pairs of client id and clock.
///
/// # Errors
/// When no Yjs client would write this.
pub fn parse_state_vector(bytes: &[u8]) -> Result<Vec<(u64, u32)>, Malformed> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(2)?;
    let entries = (0..count).map(|_| Ok((reader.client()?, reader.clock()?)));
    let entries = entries.collect::<Result<Vec<_>, Malformed>>()?;
    if reader.remaining() > 0 { Err(Malformed("bytes follow its end")) } else { Ok(entries) }
}

/// Reads again what `parse` has accepted.
fn read_checked<'a, T>(
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> T {
    read(reader).expect("the same bytes were read without error before")
}

fn read_delete(reader: &mut Reader<'_>, client: u64) -> Result<Delete, Malformed> {
    let clock = reader.clock()?;
    let len = reader.clock()?;
    if len == 0 {
        return Err(Malformed("it deletes an empty range"));
    }
    if clock > limits::CLOCK_MAX - len {
        return Err(Malformed("a clock is too big"));
    }
    Ok(Delete { id: Id { client, clock }, len })
}

fn read_block<'a>(reader: &mut Reader<'a>, id: Id) -> Result<Block<'a>, Malformed> {
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
    super::reader::check_json(text)?;
    serde_json::from_str::<serde_json::Value>(text)
        .map(drop)
        .map_err(|_| Malformed("a value is not JSON"))
}

/// Clients write each id once, nearly always in order, so that sorting is rarely needed.
fn refuse_twice(clients: impl ExactSizeIterator<Item = u64> + Clone) -> Result<(), Malformed> {
    if clients.clone().is_sorted_by(|a, b| a > b) || clients.clone().is_sorted_by(|a, b| a < b) {
        return Ok(());
    }
    let mut sorted: Vec<u64> = clients.collect();
    sorted.sort_unstable();
    if sorted.is_sorted_by(|a, b| a < b) {
        Ok(())
    } else {
        Err(Malformed("it names a client twice"))
    }
}
