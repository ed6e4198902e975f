//! The text of a document between two moments: what stayed, what came and what went, and by whom.
//!
//! A piece is born with the row that inserted it and dies with the row that deleted it; the rest is a
//! filter. What stayed with what came is the text at the later moment, what stayed with what went
//! that at the earlier one: blocks of rich text have a line break between them.

use std::collections::HashMap;

use super::{HistoryError, Past};
use crate::{
    crdt::{
        content::Names,
        past::{
            Id,
            everything::{Part, everything},
        },
    },
    ids::Seq,
};

/// What became of a stretch of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was there and is.
    Kept,
    /// It came.
    Inserted,
    /// It went.
    Deleted,
    /// It was there and is, and looks otherwise; nothing that is told as text does.
    Changed,
}

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What became of it.
    pub state: State,
    /// Not empty.
    pub text: String,
    /// Who deleted what went, and who wrote the rest: a number of a user.
    pub user: u32,
}

/// Text is all that is asked for.
const NO_NAMES: Names = Names { attributes: &[], marks: &[] };

/// Tells two moments apart.
///
/// # Errors
/// When there is no such moment, or the content cannot be read.
pub fn changes(past: &Past, from: Seq, to: Seq) -> Result<Vec<Run>, HistoryError> {
    let (from, to) = (past.rows_at(from)?, past.rows_at(to)?);
    let lives = Lives::of(past, from.max(to));
    let clocks = past.rows().clocks(past.content().clients().len(), from.max(to));
    let parts = everything(&past.content().inserted(&[], &clocks), NO_NAMES)
        .map_err(|it| HistoryError::Damaged(it.to_string()))?;
    let mut writer =
        Writer { past, lives, from, to, runs: Vec::new(), begun: (false, false), cut: 0 };
    for part in &parts {
        match part {
            Part::Letters(id, text) => writer.text(*id, text),
            Part::Element { id, is_block: true, .. } => writer.block(*id),
            _ => {}
        }
    }
    Ok(writer.runs)
}

/// The rows that a unit begins and ends with, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) born: usize,
    pub(super) died: usize,
}

impl Life {
    pub(super) fn is_at(self, rows: usize) -> bool {
        self.born <= rows && rows < self.died
    }

    pub(super) fn state(self, from: usize, to: usize) -> Option<State> {
        match (self.is_at(from), self.is_at(to)) {
            (true, true) => Some(State::Kept),
            (false, true) => Some(State::Inserted),
            (true, false) => Some(State::Deleted),
            (false, false) => None,
        }
    }
}

/// The lives of all units of a client, in order.
#[derive(Default)]
struct ClientLives {
    /// Where what a row inserted ends.
    births: Vec<(u32, usize)>,
    /// From where to where a row deleted.
    deaths: Vec<(u32, u32, usize)>,
}

pub(super) struct Lives(HashMap<u64, ClientLives>);

impl Lives {
    pub(super) fn of(past: &Past, rows: usize) -> Self {
        let ids = past.content().clients();
        let mut clients: Vec<ClientLives> = Vec::new();
        clients.resize_with(ids.len(), ClientLives::default);
        for (index, row) in past.rows().range(0..rows).enumerate() {
            for (client, len) in row.inserted {
                let births = &mut clients[*client as usize].births;
                let end = births.last().map_or(0, |(end, _)| *end);
                births.push((end + len, index + 1));
            }
            for units in row.deleted {
                let death = (units.clock, units.clock + units.len, index + 1);
                clients[units.client as usize].deaths.push(death);
            }
        }
        for client in &mut clients {
            client.deaths.sort_unstable();
        }
        Self(ids.iter().copied().zip(clients).collect())
    }

    /// The life of a unit, and of how many after it; at most `len`.
    pub(super) fn at(&self, id: Id, len: u32) -> (Life, u32) {
        let forever = Life { born: usize::MAX, died: usize::MAX };
        let Some(client) = self.0.get(&id.client) else { return (forever, len) };
        let birth = client.births.partition_point(|(end, _)| *end <= id.clock);
        let Some((born_end, born)) = client.births.get(birth) else { return (forever, len) };
        let death = client.deaths.partition_point(|(_, end, _)| *end <= id.clock);
        let (died, died_end) = match client.deaths.get(death) {
            Some((start, end, row)) if *start <= id.clock => (*row, *end),
            Some((start, ..)) => (usize::MAX, *start),
            None => (usize::MAX, u32::MAX),
        };
        let life = Life { born: *born, died };
        (life, len.min(born_end - id.clock).min(died_end - id.clock))
    }

    /// What became of a text between two moments, without what neither of them has.
    pub(super) fn pieces(&self, mut id: Id, text: &str, (from, to): (usize, usize)) -> Vec<Piece> {
        let (units, mut pieces): (Vec<u16>, _) = (text.encode_utf16().collect(), Vec::new());
        let mut rest = &units[..];
        while !rest.is_empty() {
            let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
            let (life, len) = self.at(id, len);
            let (piece, after) = rest.split_at(len as usize);
            if let Some(state) = life.state(from, to) {
                let row = if state == State::Deleted { life.died } else { life.born };
                // Half of a pair of surrogates becomes what Yjs makes of it.
                pieces.push(Piece { state, text: String::from_utf16_lossy(piece), row });
            }
            id.clock += len;
            rest = after;
        }
        pieces
    }
}

/// A stretch of text whose letters came and went together.
pub(super) struct Piece {
    pub(super) state: State,
    pub(super) text: String,
    /// The row that took it away, or the one that brought it.
    pub(super) row: usize,
}

struct Writer<'a> {
    past: &'a Past,
    lives: Lives,
    from: usize,
    to: usize,
    runs: Vec<Run>,
    /// Whether each moment has had a block.
    begun: (bool, bool),
    /// The row that took the last block away which one of the moments has and the other has not.
    cut: usize,
}

impl Writer<'_> {
    fn text(&mut self, id: Id, text: &str) {
        for Piece { state, text, row } in self.lives.pieces(id, text, (self.from, self.to)) {
            self.run(state, &text, row);
        }
    }

    fn block(&mut self, id: Id) {
        let (life, _) = self.lives.at(id, 1);
        let Some(state) = life.state(self.from, self.to) else { return };
        let (is_from, is_to) = (state != State::Inserted, state != State::Deleted);
        // The break belongs to the moments that have both this block and one before it.
        let breaks = (is_from && self.begun.0, is_to && self.begun.1);
        let own = if state == State::Deleted { life.died } else { life.born };
        match breaks {
            (true, true) => self.run(State::Kept, "\n", own),
            (false, true) => {
                let row = if state == State::Inserted { own } else { self.cut };
                self.run(State::Inserted, "\n", row);
            }
            (true, false) => {
                let row = if state == State::Deleted { own } else { self.cut };
                self.run(State::Deleted, "\n", row);
            }
            (false, false) => {}
        }
        if state != State::Kept {
            self.cut = own;
        }
        self.begun = (self.begun.0 || is_from, self.begun.1 || is_to);
    }

    fn run(&mut self, state: State, text: &str, row: usize) {
        let user = self.past.rows().row(row - 1).user;
        match self.runs.last_mut() {
            Some(last) if (last.state, last.user) == (state, user) => last.text.push_str(text),
            _ => self.runs.push(Run { state, text: text.to_owned(), user }),
        }
    }
}
