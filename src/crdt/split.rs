//! Cuts one update into pieces that can be applied in order, so that a slow link carries whole messages.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    order::{Form, Frontier, order},
    parser::{Block, Delete, Id, Kind, Malformed, Update},
    reader::Reader,
    writer::Writer,
};

/// Cuts a sound update (version 1) into updates of at most about `piece_bytes` that give the same
/// document when applied in order, each integrating at once; long strings and delete sets are cut too.
///
/// The deletions come last. A single value that is larger stays whole, and so does an update that
/// cannot be ordered because it is not sound.
#[must_use]
pub fn split(update: &Bytes, piece_bytes: usize) -> Vec<Bytes> {
    if update.len() <= piece_bytes {
        return vec![update.clone()];
    }
    let read = Update::parse(update).ok();
    let pieces = read.and_then(|read| cut(&read, Most::bytes(piece_bytes)));
    pieces.unwrap_or_else(|| vec![update.clone()])
}

/// The same of an update that was read already.
pub(super) fn split_read(update: &Bytes, read: &Update<'_>, piece_bytes: usize) -> Vec<Bytes> {
    if update.len() <= piece_bytes {
        return vec![update.clone()];
    }
    cut(read, Most::bytes(piece_bytes)).unwrap_or_else(|| vec![update.clone()])
}

/// Cuts an update so that no piece has more than so many blocks, or clients, in it.
pub(super) fn split_work(update: &[u8], blocks: usize, clients: usize) -> Vec<Bytes> {
    let most = Most { bytes: usize::MAX, blocks, clients };
    let pieces = Update::parse(update).ok().and_then(|read| cut(&read, most));
    pieces.unwrap_or_else(|| vec![Bytes::copy_from_slice(update)])
}

/// What a piece may hold.
#[derive(Clone, Copy)]
struct Most {
    bytes: usize,
    blocks: usize,
    clients: usize,
}

impl Most {
    fn bytes(bytes: usize) -> Self {
        Self { bytes, blocks: usize::MAX, clients: usize::MAX }
    }
}

fn cut(update: &Update<'_>, most: Most) -> Option<Vec<Bytes>> {
    let cutter = Cutter { most, pieces: Vec::new(), piece: Piece::default() };
    let mut inside = Inside { clients: Inside::of(update), cutter };
    order(update, &mut inside).ok().filter(|order| order.complete)?;
    let mut cutter = inside.cutter;
    cutter.flush();
    cutter.deletes(&update.deletes().collect::<Vec<_>>());
    Some(cutter.pieces)
}

/// What of an update its receiver has, at first everything that is not in it; blocks are cut in the
/// order in which they get there.
struct Inside {
    /// Client ids in order, each with the clock reached and the clock after its last block. Looked up
    /// several times for each block, which a list is quicker at than a map.
    clients: Vec<(u64, u32, u32)>,
    cutter: Cutter,
}

impl Inside {
    fn of(update: &Update<'_>) -> Vec<(u64, u32, u32)> {
        let sections = update.sections.iter();
        let mut clients: Vec<_> = sections.map(|s| (s.client, s.clock, s.end)).collect();
        clients.sort_unstable();
        clients
    }

    fn place(&self, client: u64) -> Option<usize> {
        self.clients.binary_search_by_key(&client, |(client, ..)| *client).ok()
    }
}

impl Frontier for Inside {
    fn end(&self, client: u64) -> u32 {
        self.place(client).map_or(0, |place| self.clients[place].1)
    }

    fn knows(&self, id: Id) -> bool {
        self.place(id.client).is_none_or(|place| {
            let (_, reached, end) = self.clients[place];
            id.clock < reached || id.clock >= end
        })
    }

    fn integrate(&mut self, block: &Block<'_>) -> Result<Form, Malformed> {
        if let Some(place) = self.place(block.id.client) {
            self.clients[place].1 = block.end();
        }
        self.cutter.block(block);
        Ok(Form::AsItIs)
    }
}

/// The blocks of one piece, by client in the order they came.
#[derive(Default)]
struct Piece {
    sections: Vec<(Id, usize, Writer)>,
    places: BTreeMap<u64, usize>,
    size: usize,
    blocks: usize,
}

struct Cutter {
    most: Most,
    pieces: Vec<Bytes>,
    piece: Piece,
}

impl Cutter {
    fn block(&mut self, block: &Block<'_>) {
        if block.bytes.len() > self.room() && self.piece.size > 0 {
            self.flush();
        }
        if block.bytes.len() <= self.room() {
            return self.whole(block);
        }
        match block.kind {
            Kind::String => self.string(block),
            Kind::Any => self.values(block),
            _ => self.whole(block),
        }
    }

    fn whole(&mut self, block: &Block<'_>) {
        let (from, end) = (block.id.clock, block.end());
        self.add(block.id, |writer| writer.block(block, from, end));
    }

    fn string(&mut self, block: &Block<'_>) {
        let text = Reader::new(block.content).string().expect("the parser has read this text");
        let (mut at, mut start) = (0, 0);
        while at < text.len() {
            let mut end = text.floor_char_boundary((at + self.room()).min(text.len()));
            if end == at {
                end = text.ceil_char_boundary(at + 1);
            }
            let part = &text[at..end];
            let id = Id { clock: block.id.clock + start, ..block.id };
            self.add(id, |writer| {
                writer.place(block, start);
                writer.string(part);
            });
            // Units fit: the parser has counted those of the whole text.
            start += part.encode_utf16().count() as u32;
            at = end;
            self.flush();
        }
    }

    fn values(&mut self, block: &Block<'_>) {
        let mut reader = Reader::new(block.content);
        reader.count(1).expect("the parser has read this count");
        let mut start = 0;
        while start < block.len {
            let first = reader.at();
            let mut len = 0;
            while start + len < block.len && (len == 0 || reader.at() - first < self.room()) {
                reader.any().expect("the parser has read this value");
                len += 1;
            }
            let id = Id { clock: block.id.clock + start, ..block.id };
            self.add(id, |writer| {
                writer.place(block, start);
                writer.number(u64::from(len));
                writer.raw(reader.since(first));
            });
            start += len;
            self.flush();
        }
    }

    fn add(&mut self, id: Id, write: impl FnOnce(&mut Writer)) {
        let Piece { sections, places, blocks, .. } = &self.piece;
        let new_client = sections.len() == self.most.clients && !places.contains_key(&id.client);
        if new_client || *blocks == self.most.blocks {
            self.flush();
        }
        let piece = &mut self.piece;
        let place = *piece.places.entry(id.client).or_insert(piece.sections.len());
        if place == piece.sections.len() {
            piece.sections.push((id, 0, Writer::default()));
        }
        let (_, blocks, writer) = &mut piece.sections[place];
        let before = writer.len();
        write(writer);
        *blocks += 1;
        piece.size += writer.len() - before;
        piece.blocks += 1;
    }

    /// Bytes left in the piece, with some kept for the heads of its sections.
    fn room(&self) -> usize {
        const HEAD: usize = 18;
        let heads = HEAD.saturating_mul(self.piece.sections.len() + 2);
        self.most.bytes.saturating_sub(self.piece.size + heads)
    }

    fn flush(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        if piece.sections.is_empty() {
            return;
        }
        let mut writer = Writer::with_capacity(piece.size + 18 * piece.sections.len() + 18);
        writer.count(piece.sections.len());
        for (first, blocks, section) in piece.sections {
            writer.section(blocks, first);
            writer.raw(section.as_slice());
        }
        writer.deletes(&[]);
        self.pieces.push(writer.into_bytes());
    }

    fn deletes(&mut self, deletes: &[Delete]) {
        // A client id, a count and two clocks at their longest.
        const RANGE: usize = 8 + 1 + 5 + 5;
        for chunk in deletes.chunks((self.most.bytes / RANGE).max(1)) {
            let mut writer = Writer::default();
            writer.count(0);
            writer.deletes(chunk);
            self.pieces.push(writer.into_bytes());
        }
    }
}
