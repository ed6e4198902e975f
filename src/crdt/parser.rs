//! Reads Yjs updates and state vectors (version 1) without the CRDT: bounded, block by block.
//!
//! The grammar is that of Yjs 13 (`src/utils/encoding.js`); `block` has that of a block:
//!
//! ```text
//! update  := sections {blocks client clock {block}} deletes
//! deletes := clients {client ranges {clock length}}
//! ```

use bytes::Bytes;

use super::{block::read_block, reader::Reader};
pub use super::{
    block::{Block, Id, Kind, Parent},
    reader::Malformed,
};
use crate::limits;

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

/// Client ids whose blocks an update holds.
///
/// # Errors
/// When no Yjs client would write this.
pub fn clients(update: &[u8]) -> Result<Vec<u64>, Malformed> {
    Ok(Update::parse(update)?.sections.iter().map(|section| section.client).collect())
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

    /// The documents inside the document that it holds.
    pub(super) fn documents(&self) -> impl Iterator<Item = Id> + use<'a, '_> {
        let blocks = self.sections.iter().flat_map(Section::blocks);
        blocks.filter(|block| block.kind == Kind::Document).map(|block| block.id)
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

/// Where the parts of an update lie that was read, so that it need not be read once more.
#[derive(Debug)]
pub(super) struct Outline {
    sections: Vec<(Section<'static>, Bytes)>,
    plain: bool,
    deletes: Bytes,
}

impl Outline {
    /// Of an update, and the bytes that it was read from.
    pub(super) fn of(update: &Update<'_>, bytes: &Bytes) -> Self {
        let section = |section: &Section<'_>| {
            (Section { bytes: &[], ..*section }, bytes.slice_ref(section.bytes))
        };
        let sections = update.sections.iter().map(section).collect();
        Self { sections, plain: update.plain, deletes: bytes.slice_ref(update.deletes) }
    }

    /// The update.
    pub(super) fn update(&self) -> Update<'_> {
        let sections = self.sections.iter().map(|(section, bytes)| Section { bytes, ..*section });
        Update { sections: sections.collect(), plain: self.plain, deletes: &self.deletes }
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
