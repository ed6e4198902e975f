//! The lines of a server, each found by an id that only who opened it knows.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use warp::http::HeaderValue;

use super::line::Line;
use crate::{
    limits::FALLBACK_GAP,
    random::{Random, SystemRandom},
};

/// The open lines. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Mutex<HashMap<LineId, Opened>>>);

/// 256 bits, as 64 letters.
type LineId = String;

/// A line, and what the requests that carry it have in common.
#[derive(Debug)]
struct Opened {
    line: Arc<Line>,
    by: Opener,
}

/// What every request on a line must have in common with the one that opened it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opener {
    /// The path as it was sent, which names the document.
    pub(super) path: String,
    /// The page's site; `None` outside browsers, and when a page reads from its own server.
    pub(super) origin: Option<HeaderValue>,
}

impl Lines {
    /// Keeps a line for as long as `serve` takes, and says how it is called. `held` lives as long.
    pub(super) fn open<F>(
        &self,
        by: Opener,
        line: Line,
        other_end: F,
        held: impl Send + 'static,
    ) -> LineId
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // The system's own randomness, never a sequence that a seed repeats: the id is a secret.
        let mut id = [0; 32];
        SystemRandom.fill(&mut id);
        let id: LineId = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = Arc::new(line);
        self.lock().insert(id.clone(), Opened { line: Arc::clone(&line), by });
        let entry = Entry { id: id.clone(), lines: self.clone() };
        tokio::spawn(async move {
            let _held = held;
            let _entry = entry;
            line.serve(other_end, FALLBACK_GAP).await;
        });
        id
    }

    /// The line of this id, for who shows that it is his.
    pub(super) fn find(&self, id: &[u8], by: &Opener) -> Option<Arc<Line>> {
        let id = std::str::from_utf8(id).ok()?;
        let lines = self.lock();
        let opened = lines.get(id)?;
        let same_site = by.origin.is_none() || by.origin == opened.by.origin;
        (same_site && by.path == opened.by.path).then(|| Arc::clone(&opened.line))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LineId, Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line's place among the open ones; given up on drop, also by a panic of what it serves.
struct Entry {
    id: LineId,
    lines: Lines,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.lines.lock().remove(&self.id);
    }
}
