//! All blocks that one client ever wrote, in the order of their clocks, as an update holds them.
//!
//! Letters typed one after the other grow together, whatever was deleted of them later; so the whole
//! past of a document takes few bytes. Knows nothing of deletions.

use crate::crdt::{
    block::{Block, Id, Kind, read_block},
    reader::Reader,
    writer::Writer,
};

/// Blocks between two places to start reading from.
const STRIDE: usize = 256;

/// What one client wrote.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Blocks that do not change any more.
    bytes: Writer,
    /// How many.
    blocks: usize,
    /// The clock, and the place in the bytes, of every so many of them.
    places: Vec<(u32, usize)>,
    /// The last block while it is a text that may grow.
    tail: Option<Tail>,
    end: u32,
}

#[derive(Debug)]
struct Tail {
    clock: u32,
    /// The block up to its text.
    place: Writer,
    right_origin: Option<Id>,
    text: String,
}

impl Written {
    /// The clock after the last unit.
    pub(super) fn end(&self) -> u32 {
        self.end
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let tail = self.tail.as_ref().map_or(0, |tail| tail.text.capacity() + 64);
        self.bytes.len() + self.places.capacity() * 16 + tail + size_of::<Self>()
    }

    /// Adds the next block. `is_entry` says whether it is an entry of a map, which never grow.
    pub(super) fn push(&mut self, block: &Block<'_>, is_entry: bool) {
        if block.kind != Kind::String || is_entry {
            self.settle();
            self.note_place(block.id.clock);
            self.bytes.raw(block.bytes);
            self.blocks += 1;
        } else if let Some(text) = text_of(block) {
            let before = self.end.checked_sub(1).map(|clock| Id { clock, ..block.id });
            match &mut self.tail {
                Some(tail) if block.origin == before && block.right_origin == tail.right_origin => {
                    tail.text.push_str(text);
                }
                _ => self.begin(block, text),
            }
        }
        self.end = block.end();
    }

    /// Writes what lies between two clocks as a section of an update; returns whether there is any.
    pub(super) fn write(&self, client: u64, from: u32, to: u32, writer: &mut Writer) -> bool {
        let to = to.min(self.end);
        if from >= to {
            return false;
        }
        if from == 0 && to == self.end {
            writer.section(self.blocks + usize::from(self.tail.is_some()), Id { client, clock: 0 });
            writer.raw(self.bytes.as_slice());
            if let Some(tail) = &self.tail {
                tail.write(writer);
            }
            return true;
        }
        let mut part = Writer::default();
        let mut count = 0;
        self.each(client, from, &mut |block| {
            if block.id.clock >= to {
                return false;
            }
            if block.end() > from {
                part.block(block, from, to);
                count += 1;
            }
            true
        });
        writer.section(count, Id { client, clock: from });
        writer.raw(part.as_slice());
        true
    }

    /// Goes through the blocks from about a clock on, while it is told to go on.
    fn each(&self, client: u64, from: u32, visit: &mut dyn FnMut(&Block<'_>) -> bool) {
        let after = self.places.partition_point(|(clock, _)| *clock <= from);
        let (clock, at) = after.checked_sub(1).map_or((0, 0), |index| self.places[index]);
        let next = go_through(&self.bytes.as_slice()[at..], Id { client, clock }, visit);
        if let (Some(clock), Some(tail)) = (next, &self.tail) {
            let mut writer = Writer::default();
            tail.write(&mut writer);
            go_through(writer.as_slice(), Id { client, clock }, visit);
        }
    }

    fn begin(&mut self, block: &Block<'_>, text: &str) {
        self.settle();
        self.note_place(block.id.clock);
        let mut place = Writer::default();
        place.place(block, 0);
        let right_origin = block.right_origin;
        self.tail = Some(Tail { clock: block.id.clock, place, right_origin, text: text.into() });
    }

    fn settle(&mut self) {
        if let Some(tail) = self.tail.take() {
            debug_assert!(tail.clock < self.end, "a text that grows is not empty");
            tail.write(&mut self.bytes);
            self.blocks += 1;
        }
    }

    fn note_place(&mut self, clock: u32) {
        if self.blocks.is_multiple_of(STRIDE) {
            self.places.push((clock, self.bytes.len()));
        }
    }
}

impl Tail {
    fn write(&self, writer: &mut Writer) {
        writer.raw(self.place.as_slice());
        writer.string(&self.text);
    }
}

fn text_of<'a>(block: &Block<'a>) -> Option<&'a str> {
    Reader::new(block.content).string().ok()
}

/// The clock after the last block; `None` when the visitor has had enough.
fn go_through(bytes: &[u8], mut id: Id, visit: &mut dyn FnMut(&Block<'_>) -> bool) -> Option<u32> {
    let mut reader = Reader::new(bytes);
    while reader.remaining() > 0 {
        let block = read_block(&mut reader, id).expect("the same bytes were read before");
        if !visit(&block) {
            return None;
        }
        id.clock = block.end();
    }
    Some(id.clock)
}
