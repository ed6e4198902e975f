//! The past of a document: its entries replayed one by one, with everything that was ever in it.
//!
//! [`Past::replay`] takes the entries in order and tells of each what it inserted and what it
//! deleted. Whoever keeps these rows can then ask for the document at any moment: [`Past::state`]
//! gives it as a whole update for `convert` and [`content::read`](super::content::read), and
//! [`everything`](everything::everything) gives all that was ever in it, in its order, so that a filter
//! by rows is any moment or difference. Knows no times, authors or seqs.
//!
//! Belongs on a thread with a large stack: the CRDT recurses.

mod attributes;
mod blocks;
pub mod everything;
mod ranges;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt};

use bytes::Bytes;

pub use super::parser::Id;
use super::{
    admission::admit,
    engine::Engine,
    index::Index,
    parser::{Delete, Section, Update},
    writer::Writer,
};
use crate::ids::ClientId;
use blocks::Written;
use ranges::Ranges;

/// The id of a scratch document, which writes nothing.
const NOBODY: ClientId = ClientId(1);

/// A flat text is replayed without the library, many times as fast; but where other edits come in
/// between, the library's document must be made each time. After so many times it stays.
const REMAKES: u32 = 8;

/// About what the library needs for a block or a part of one.
const BLOCK_BYTES: usize = 160;

/// About what it needs for a document inside the document.
const DOCUMENT_BYTES: usize = 2048;

/// Entries replayed so far. Clients have numbers in the order they first wrote.
#[derive(Default)]
pub struct Past {
    index: Index,
    clients: Vec<u64>,
    numbers: HashMap<u64, u32>,
    written: Vec<Written>,
    deleted: Vec<Ranges>,
    /// What knows the tree; none while it would be behind.
    engine: Option<Engine>,
    /// About how much memory that takes.
    weight: usize,
    /// How often it was made of what is written down.
    remakes: u32,
    /// Documents inside the document, deleted or not.
    documents: Vec<Id>,
}

/// What one entry did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Units added, by number of their client.
    pub inserted: Vec<(u32, u32)>,
    /// Units that are deleted since: number of their client, clock and how many; in order.
    pub deleted: Vec<(u32, u32, u32)>,
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("clients", &self.clients.len()).finish_non_exhaustive()
    }
}

impl Past {
    /// Replays the next entry.
    ///
    /// # Errors
    /// When it cannot be read or builds on something that is missing: what was stored is damaged, and
    /// this past must be dropped.
    pub fn replay(&mut self, update: &Bytes) -> Result<Step, String> {
        let parsed = Update::parse(update).map_err(|malformed| malformed.0.to_owned())?;
        let admitted = admit(update, &parsed, &mut self.index).map_err(|it| it.0.to_owned())?;
        if !admitted.complete {
            return Err("something it depends on is missing".into());
        }
        self.note_documents();
        let Some(admitted) = admitted.update else { return Ok(Step::default()) };
        let parsed = Update::parse(&admitted).map_err(|malformed| malformed.0.to_owned())?;
        let deleted = self.ask(&admitted, &parsed)?;
        let inserted = self.write_down(&parsed);
        Ok(Step { inserted, deleted: self.note_deleted(deleted) })
    }

    fn note_documents(&mut self) {
        let new = self.index.keep();
        if let Some(engine) = &mut self.engine {
            engine.note_documents(new.iter().copied());
            self.weight += new.len() * DOCUMENT_BYTES;
        }
        self.documents.extend(new);
    }

    /// Client ids by their numbers.
    #[must_use]
    pub fn clients(&self) -> &[u64] {
        &self.clients
    }

    /// About how much memory this takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let written: usize = self.written.iter().map(Written::bytes).sum();
        let deleted: usize = self.deleted.iter().map(Ranges::bytes).sum();
        written + deleted + self.weight
    }

    /// Everything inserted between two moments, each given as clocks by number of the client (0 where
    /// it gives none), with content even where it was deleted since; as an update without deletions.
    #[must_use]
    pub fn inserted(&self, from: &[u32], to: &[u32]) -> Bytes {
        self.update(from, to, &[])
    }

    /// The document at a moment as a whole update: what was inserted before these clocks, by number
    /// of the client, except for these units. It holds what is deleted as well.
    #[must_use]
    pub fn state(&self, to: &[u32], deleted: impl Iterator<Item = (u32, u32, u32)>) -> Bytes {
        let mut ranges: Vec<Ranges> = Vec::new();
        ranges.resize_with(to.len(), Ranges::default);
        for (client, clock, len) in deleted {
            if let Some(ranges) = ranges.get_mut(client as usize) {
                ranges.insert(clock, clock + len);
            }
        }
        self.update(&[], to, &deletes(&self.clients, &ranges))
    }

    fn update(&self, from: &[u32], to: &[u32], deletes: &[Delete]) -> Bytes {
        let mut sections = Writer::default();
        let mut count = 0;
        let mut order: Vec<usize> = (0..self.clients.len()).collect();
        // Higher client ids first, as clients write them; see `order`.
        order.sort_unstable_by_key(|number| std::cmp::Reverse(self.clients[*number]));
        for number in order {
            let clock = |clocks: &[u32]| clocks.get(number).copied().unwrap_or(0);
            let (client, written) = (self.clients[number], &self.written[number]);
            if written.write(client, clock(from), clock(to), &mut sections) {
                count += 1;
            }
        }
        let mut writer = Writer::with_capacity(sections.len() + 16 + 12 * deletes.len());
        writer.count(count);
        writer.raw(sections.as_slice());
        writer.deletes(deletes);
        writer.into_bytes()
    }

    fn number(&mut self, client: u64) -> u32 {
        if let Some(number) = self.numbers.get(&client) {
            return *number;
        }
        let number = u32::try_from(self.clients.len()).unwrap_or(u32::MAX);
        self.clients.push(client);
        self.numbers.insert(client, number);
        self.written.push(Written::default());
        self.deleted.push(Ranges::default());
        number
    }

    fn write_down(&mut self, update: &Update<'_>) -> Vec<(u32, u32)> {
        let mut inserted = Vec::with_capacity(update.sections.len());
        for section in &update.sections {
            let number = self.number(section.client);
            let written = &mut self.written[number as usize];
            let before = written.end();
            debug_assert_eq!(before, section.clock, "what is admitted leaves no gap");
            for block in section.blocks() {
                let is_entry = self.index.is_entry(block.id);
                written.push(&block, is_entry);
            }
            inserted.push((number, written.end() - before));
        }
        inserted
    }

    /// What an update deletes: its own word while everything lies flat, or else the library's, as
    /// deletions follow from where in the tree something is.
    fn ask(&mut self, admitted: &Bytes, parsed: &Update<'_>) -> Result<Vec<Delete>, String> {
        if self.remakes < REMAKES && self.is_flat(parsed) {
            self.engine = None;
            self.weight = 0;
            return Ok(parsed.deletes().collect());
        }
        let engine = match &mut self.engine {
            Some(engine) => engine,
            None => {
                let engine = self.crdt()?;
                self.weight += self.documents.len() * DOCUMENT_BYTES;
                self.remakes += u32::from(!self.clients.is_empty());
                self.engine.insert(engine)
            }
        };
        let decoded = Engine::decode(admitted).map_err(str::to_owned)?;
        let blocks: usize = parsed.sections.iter().map(|section| section.blocks().count()).sum();
        let deleted = engine.replay(decoded).map_err(|broken| broken.reason)?;
        self.weight += (blocks + 2 * deleted.len()) * BLOCK_BYTES;
        Ok(deleted)
    }

    fn is_flat(&self, update: &Update<'_>) -> bool {
        let mut blocks = update.sections.iter().flat_map(Section::blocks);
        blocks.all(|block| self.index.is_flat(block.id, block.len))
            && update.deletes().all(|delete| self.index.is_flat(delete.id, delete.len))
    }

    /// The library's document, made of everything that is written down.
    fn crdt(&self) -> Result<Engine, String> {
        let mut engine = Engine::keeping_all(NOBODY);
        engine.note_documents(self.documents.iter().copied());
        if !self.clients.is_empty() {
            let ends: Vec<u32> = self.written.iter().map(Written::end).collect();
            let deletes: Vec<Delete> = deletes(&self.clients, &self.deleted);
            let state = self.update(&[], &ends, &deletes);
            let decoded = Engine::decode(&state).map_err(str::to_owned)?;
            engine.replay(decoded).map_err(|broken| broken.reason)?;
        }
        Ok(engine)
    }

    /// What is asked at present, if anything is.
    #[cfg(test)]
    pub(super) fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// Those of the deletions that are new.
    fn note_deleted(&mut self, mut deleted: Vec<Delete>) -> Vec<(u32, u32, u32)> {
        deleted.sort_unstable_by_key(|delete| (delete.id.client, delete.id.clock));
        let mut noted: Vec<(u32, u32, u32)> = Vec::with_capacity(deleted.len());
        for Delete { id, len } in deleted {
            let number = self.number(id.client);
            self.deleted[number as usize].add(
                id.clock,
                id.clock + len,
                &mut |from, to| match noted.last_mut() {
                    Some((client, clock, len)) if (*client, *clock + *len) == (number, from) => {
                        *len += to - from;
                    }
                    _ => noted.push((number, from, to - from)),
                },
            );
        }
        noted
    }
}

fn deletes(clients: &[u64], ranges: &[Ranges]) -> Vec<Delete> {
    let by_client = clients.iter().zip(ranges);
    by_client
        .flat_map(|(client, ranges)| {
            let client = *client;
            ranges
                .iter()
                .map(move |(from, to)| Delete { id: Id { client, clock: from }, len: to - from })
        })
        .collect()
}
