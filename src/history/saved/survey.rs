//! A first walk over the entries of a document that is about to be saved: its header must be true before
//! the first entry is written, and nobody keeps a million entries in memory for that.

use std::{
    collections::HashSet,
    io::{self, Write},
    sync::Arc,
};

use super::{Header, Version, Writer, write::anywhere};
use crate::{
    clock::Timestamp,
    crdt::Kind,
    identity::Author,
    ids::{DocumentId, Seq},
    storage::StoredEntry,
};

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Survey {
    users: Vec<Arc<Author>>,
    seen: HashSet<Arc<Author>>,
    entries: u64,
    bytes: u64,
    cut: bool,
    last: Seq,
    /// Moments of versions, in order, and how many entries come up to each.
    moments: Vec<(Seq, u64)>,
    /// So many of them lie before the last entry.
    passed: usize,
}

/// What else a header says.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The life that is saved.
    pub life: DocumentId,
    /// Its title, or nothing.
    pub title: String,
    /// Its kind, if it tells.
    pub kind: Option<Kind>,
    /// The language of code, or nothing.
    pub lang: String,
    /// When it began.
    pub created: Timestamp,
    /// What time it is.
    pub saved: Timestamp,
}

impl Survey {
    /// A survey that will know where these seqs are among the entries, given in order.
    #[must_use]
    pub fn of_moments(seqs: impl IntoIterator<Item = Seq>) -> Self {
        let mut moments: Vec<_> = seqs.into_iter().map(|seq| (seq, 0)).collect();
        moments.sort_unstable();
        moments.dedup();
        Self { moments, ..Self::default() }
    }

    /// Looks at the next entry.
    pub fn add(&mut self, stored: &StoredEntry) {
        while let Some((seq, entries)) = self.moments.get_mut(self.passed)
            && *seq < stored.seq
        {
            *entries = self.entries;
            self.passed += 1;
        }
        // A past that is whole begins with 1.
        self.cut |= self.entries == 0 && stored.seq > Seq(1);
        self.entries += 1;
        self.bytes += stored.entry.update.len() as u64;
        self.last = stored.seq;
        self.user(&stored.entry.author);
    }

    /// Counts somebody among the users.
    pub fn user(&mut self, author: &Arc<Author>) {
        // Most entries are by somebody seen before, whose connection may be another.
        if self.seen.contains(author) {
            return;
        }
        let author = anywhere(author);
        if self.seen.insert(Arc::clone(&author)) {
            self.users.push(author);
        }
    }

    /// The number of the last entry that is not after a moment given to [`Survey::of_moments`]; 0 when
    /// all are.
    #[must_use]
    pub fn entry_at(&self, seq: Seq) -> u64 {
        match self.moments.binary_search_by_key(&seq, |(at, _)| *at) {
            Ok(at) if at < self.passed => self.moments[at].1,
            Ok(_) => self.entries,
            Err(_) => 0,
        }
    }

    /// The seq of the last entry seen, at which the second walk ends too.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.last
    }

    /// Begins the file. The entries that were seen follow, then the versions.
    ///
    /// # Errors
    /// When the stream takes no more.
    pub fn write<W: Write>(
        &self,
        out: W,
        subject: Subject,
        versions: &[Version],
    ) -> io::Result<Writer<W>> {
        let Subject { life, title, kind, lang, created, saved } = subject;
        let (users, entries, bytes) = (self.users.len() as u64, self.entries, self.bytes);
        let (versions, cut) = (versions.len() as u64, self.cut);
        let header = Header {
            life,
            title,
            kind,
            lang,
            created,
            saved,
            users,
            entries,
            versions,
            bytes,
            cut,
        };
        Writer::new(out, &header, &self.users)
    }
}
