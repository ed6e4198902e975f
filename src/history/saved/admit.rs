//! The edits of a file that somebody sent, through the same admission as those of a client, all or none.

use std::{collections::HashMap, io::Read, sync::Arc, thread};

use bytes::Bytes;

use super::{Bounds, Header, Reader, SavedError, Version};
use crate::{
    clock::{Clock, Timestamp},
    crdt::{self, DocumentState, Incoming, Meta, Verdict},
    identity::{Author, AuthorKind},
    ids::ClientId,
    limits,
    storage::Entry,
};

/// A saved document that may be stored as it is.
#[derive(Debug)]
pub struct Admitted {
    /// What it says about itself.
    pub header: Header,
    /// What the document itself says, which is the truth.
    pub meta: Meta,
    /// In order, with the authors they have here.
    pub entries: Vec<Entry>,
    /// In order, with the authors they have here.
    pub versions: Vec<Version>,
}

impl Admitted {
    /// The same with nothing from the future, wherever a clock was fast: what is written here next is
    /// not to lie before it.
    fn until(mut self, now: Timestamp) -> Self {
        let times = [&mut self.header.created, &mut self.header.saved];
        let times = times.into_iter().chain(self.entries.iter_mut().map(|entry| &mut entry.time));
        let times = times.chain(self.versions.iter_mut().map(|version| &mut version.time));
        times.for_each(|time| *time = (*time).min(now));
        self
    }
}

/// The CRDT recurses over nested types. Only what is used is ever backed by memory.
const STACK_BYTES: usize = 256 << 20;

/// Takes a whole file in on a thread of its own, for a server or program whose documents have these
/// bounds. Times after now become now.
///
/// # Errors
/// When the file is not sound, one of its edits is refused, or it takes too long by this clock.
pub fn take_in(
    file: impl Read + Send,
    bounds: Bounds,
    document: crdt::Bounds,
    clock: &Arc<dyn Clock>,
) -> Result<Admitted, SavedError> {
    let end = clock.elapsed() + limits::SAVED_TIME;
    let work = || {
        let client = ClientId(1);
        let mut state =
            DocumentState::new(client, document, Arc::from([])).with_clock(Arc::clone(clock));
        admit(Reader::open(file, bounds)?, &mut state, &|| clock.elapsed() > end)
            .map(|admitted| admitted.until(clock.now()))
    };
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("import".into()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work)?;
        thread.join().unwrap_or(Err(SavedError::Broken))
    })
}

/// Takes a whole file into an empty document, the state of which is then that of the file. `over`
/// says whether it has taken too long. Belongs on a thread with a large stack.
///
/// # Errors
/// When the file is not sound or one of its edits is refused. The state must then be dropped.
pub fn admit<R: Read>(
    mut reader: Reader<R>,
    state: &mut DocumentState,
    over: &dyn Fn() -> bool,
) -> Result<Admitted, SavedError> {
    let mut authors = Authors::default();
    let mut entries: Vec<Entry> = Vec::new();
    let mut done = 0;
    loop {
        let next = reader.next_entry()?;
        let ended = next.is_none();
        if let Some(Entry { time, author, update }) = next {
            entries.push(Entry { time, author: authors.here(&author), update });
        }
        if ended || entries.len() - done == limits::BATCH_UPDATES {
            apply(state, &mut entries, done)?;
            done = entries.len();
            if over() {
                return Err(SavedError::TooSlow);
            }
        }
        if ended {
            break;
        }
    }
    let mut here =
        |version: &Version| Version { author: authors.here(&version.author), ..version.clone() };
    let versions = reader.versions().iter().map(&mut here).collect();
    Ok(Admitted { header: reader.header().clone(), meta: state.meta(), entries, versions })
}

/// Applies the entries from `from` on, and makes them what may be stored.
fn apply(state: &mut DocumentState, entries: &mut [Entry], from: usize) -> Result<(), SavedError> {
    let incoming = |entry: &Entry| Incoming { update: entry.update.clone(), step2: false };
    let incoming: Vec<_> = entries[from..].iter().map(incoming).collect();
    let number = |index: usize| (from + index) as u64 + 1;
    let applied = state.apply(&incoming).map_err(|poisoned| SavedError::Refused {
        entry: number(poisoned.culprit.unwrap_or(0)),
        reason: poisoned.reason,
    })?;
    for (index, verdict) in applied.verdicts.into_iter().enumerate() {
        let refused = |reason: String| SavedError::Refused { entry: number(index), reason };
        let update = &mut entries[from + index].update;
        match verdict {
            // A file's edits stay slices of its blocks where admission changed nothing.
            Verdict::Applied(admitted) if admitted == *update => {}
            Verdict::Applied(admitted) => *update = admitted,
            // It keeps its place, because versions count.
            Verdict::Known => *update = Bytes::from_static(NOTHING),
            Verdict::Refused(refusal) => return Err(refused(refusal.to_string())),
            Verdict::Incomplete(_) => {
                return Err(refused("it builds on edits that do not come before it".into()));
            }
        }
    }
    Ok(())
}

/// The update that changes nothing.
const NOTHING: &[u8] = &[0, 0];

/// Authors of a file as they are kept here, each once.
#[derive(Default)]
struct Authors(HashMap<Arc<Author>, Arc<Author>>);

impl Authors {
    fn here(&mut self, author: &Arc<Author>) -> Arc<Author> {
        let new = || Arc::new(as_imported(author));
        self.0.entry(Arc::clone(author)).or_insert_with(new).clone()
    }
}

/// An author of a file as it is kept here: nobody here vouches for what was verified elsewhere.
#[must_use]
pub fn as_imported(author: &Author) -> Author {
    let kind = match author.kind {
        AuthorKind::Claimed => AuthorKind::Claimed,
        AuthorKind::Verified | AuthorKind::Server | AuthorKind::Import => AuthorKind::Import,
    };
    Author { kind, connection: 0, ..author.clone() }
}
