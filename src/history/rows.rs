//! What is kept of each entry: when, who, which units it inserted and which it deleted.
//!
//! Plain columns, about 40 bytes a row, as a document may have a million. Knows no content.

use std::{collections::HashMap, ops::Range, sync::Arc};

use crate::{
    clock::Timestamp,
    crdt::past::Step,
    identity::{Author, AuthorKind},
    ids::Seq,
};

/// A person or program, as a pack names them: connections are not told apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// How the name is known.
    pub kind: AuthorKind,
    /// The stable id, if there is one.
    pub id: Arc<str>,
    /// The name to show.
    pub name: Arc<str>,
}

/// Units of one client, which has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// The client.
    pub client: u32,
    /// The first clock.
    pub clock: u32,
    /// How many.
    pub len: u32,
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its place.
    pub seq: Seq,
    /// When it was received.
    pub time: Timestamp,
    /// Who delivered it.
    pub user: u32,
    /// Bytes of its update.
    pub bytes: u32,
    /// Client numbers, and how many units each got.
    pub inserted: &'a [(u32, u32)],
    /// What is deleted since.
    pub deleted: &'a [Units],
}

/// All entries, in order.
#[derive(Debug, Default)]
pub struct Rows {
    seqs: Vec<u64>,
    times: Vec<u64>,
    authors: Vec<u32>,
    bytes: Vec<u32>,
    /// By row: where its insertions and deletions end.
    ends: Vec<(u32, u32)>,
    inserted: Vec<(u32, u32)>,
    deleted: Vec<Units>,
    users: Vec<User>,
    known: HashMap<User, u32>,
    /// The author met last: most entries have the one of the entry before.
    recent: Option<(Arc<Author>, u32)>,
}

impl Rows {
    /// Adds an entry.
    pub fn push(
        &mut self,
        seq: Seq,
        time: Timestamp,
        author: &Arc<Author>,
        bytes: usize,
        step: &Step,
    ) {
        let user = self.user_of(author);
        self.seqs.push(seq.0);
        self.times.push(time.0);
        self.authors.push(user);
        self.bytes.push(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.inserted.extend_from_slice(&step.inserted);
        self.deleted.extend(step.deleted.iter().map(|&(client, clock, len)| Units {
            client,
            clock,
            len,
        }));
        let end = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        self.ends.push((end(self.inserted.len()), end(self.deleted.len())));
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seqs.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// One of them, counted from 0.
    #[must_use]
    pub fn row(&self, index: usize) -> Row<'_> {
        let before = index.checked_sub(1).map_or((0, 0), |before| self.ends[before]);
        let end = self.ends[index];
        Row {
            seq: Seq(self.seqs[index]),
            time: Timestamp(self.times[index]),
            user: self.authors[index],
            bytes: self.bytes[index],
            inserted: &self.inserted[before.0 as usize..end.0 as usize],
            deleted: &self.deleted[before.1 as usize..end.1 as usize],
        }
    }

    /// Several of them in order.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Row<'_>> {
        range.map(|index| self.row(index))
    }

    /// How many rows come up to and with a seq.
    #[must_use]
    pub fn up_to(&self, seq: Seq) -> usize {
        self.seqs.partition_point(|it| *it <= seq.0)
    }

    /// How many rows come up to and with a time. Times may go back where clocks did; then it is up
    /// to the last row that was received by then.
    #[must_use]
    pub fn up_to_time(&self, time: Timestamp) -> usize {
        self.times.iter().rposition(|it| *it <= time.0).map_or(0, |index| index + 1)
    }

    /// The first and the last seq.
    #[must_use]
    pub fn bounds(&self) -> Option<(Seq, Seq)> {
        Some((Seq(*self.seqs.first()?), Seq(*self.seqs.last()?)))
    }

    /// By number.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The next clock of each of `clients` clients after so many rows.
    #[must_use]
    pub fn clocks(&self, clients: usize, rows: usize) -> Vec<u32> {
        let mut clocks = vec![0; clients];
        let end = rows.checked_sub(1).map_or(0, |last| self.ends[last].0 as usize);
        for (client, len) in &self.inserted[..end] {
            clocks[*client as usize] += len;
        }
        clocks
    }

    /// Everything deleted in the first so many rows.
    #[must_use]
    pub fn deleted(&self, rows: usize) -> &[Units] {
        let end = rows.checked_sub(1).map_or(0, |last| self.ends[last].1 as usize);
        &self.deleted[..end]
    }

    /// About how much memory they take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.seqs.capacity() * 8
            + self.times.capacity() * 8
            + self.authors.capacity() * 4
            + self.bytes.capacity() * 4
            + self.ends.capacity() * 8
            + self.inserted.capacity() * 8
            + self.deleted.capacity() * size_of::<Units>()
            + self.users.len() * 200
    }

    fn user_of(&mut self, author: &Arc<Author>) -> u32 {
        if let Some((recent, user)) = &self.recent
            && (Arc::ptr_eq(recent, author) || recent == author)
        {
            return *user;
        }
        let user = User { kind: author.kind, id: author.user.clone(), name: author.name.clone() };
        let next = u32::try_from(self.users.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry(user.clone()).or_insert(next);
        if number == next {
            self.users.push(user);
        }
        self.recent = Some((Arc::clone(author), number));
        number
    }
}
