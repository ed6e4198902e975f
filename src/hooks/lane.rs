//! The queue of what is told of one document: in order, bounded, and waited for by nobody.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::{Mutex, mpsc};

use super::{Presence, Saved, Stored, Unload, Updated, VersionMade, runner::Inner};
use crate::{
    ids::DocumentName,
    telemetry::{meter::Hook, numbers::Label, warnings::HooksOverflowing},
};

/// What may wait to be told of one document. A hook that keeps up never sees it; one that hangs
/// must not fill the memory.
pub const WAITING: usize = 1024;

/// Bytes of what may wait; one thing that is larger may wait alone.
const WAITING_BYTES: usize = 16 << 20;

/// Something to be told.
#[derive(Debug)]
pub(crate) enum Told {
    Updated(Updated),
    Saved(Saved),
    Stored(Stored),
    Presence(Presence),
    Version(VersionMade),
    Unload(Unload),
}

impl Told {
    pub(super) fn hook(&self) -> Hook {
        match self {
            Self::Updated(_) => Hook::Updated,
            Self::Saved(_) => Hook::Saved,
            Self::Stored(_) => Hook::Stored,
            Self::Presence(_) => Hook::Presence,
            Self::Version(_) => Hook::Version,
            Self::Unload(_) => Hook::Unload,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Updated(it) => it.update.len(),
            Self::Stored(it) => it.state.len(),
            Self::Presence(it) => it.states.iter().map(|(_, state)| state.len()).sum(),
            Self::Saved(_) | Self::Version(_) | Self::Unload(_) => 0,
        }
    }
}

/// The way to tell of a document. What was told is told to the end after it is dropped.
pub(crate) struct Lane {
    queue: Arc<Queue>,
    inner: Arc<Inner>,
}

/// The queue of a document, as long as somebody may tell of it.
pub(super) struct Queue {
    document: DocumentName,
    sender: mpsc::Sender<Told>,
    bytes: Arc<AtomicUsize>,
    overflowing: AtomicBool,
}

/// A document's queue, and the turn of whoever empties one: a document that is loaded again waits
/// for what is still to be told of its last time.
#[derive(Default)]
pub(super) struct Place {
    queue: Weak<Queue>,
    turn: Arc<Mutex<()>>,
}

impl Place {
    /// Whether nobody tells of the document any more, and nobody waits for a turn to.
    fn is_empty(&self) -> bool {
        self.queue.strong_count() == 0 && Arc::strong_count(&self.turn) == 1
    }
}

impl Lane {
    pub(super) fn start(inner: &Arc<Inner>, document: &DocumentName) -> Self {
        let mut places = inner.places();
        let place = places.entry(document.clone()).or_default();
        if let Some(queue) = place.queue.upgrade() {
            return Self { queue, inner: Arc::clone(inner) };
        }
        let (sender, waiting) = mpsc::channel::<Told>(WAITING);
        let queue = Arc::new(Queue {
            document: document.clone(),
            sender,
            bytes: Arc::default(),
            overflowing: AtomicBool::new(false),
        });
        place.queue = Arc::downgrade(&queue);
        let (turn, left) = (Arc::clone(&place.turn), Arc::clone(&queue.bytes));
        inner.busy().send_modify(|lanes| *lanes += 1);
        let lane = Self { queue, inner: Arc::clone(inner) };
        let (inner, name) = (Arc::clone(inner), document.clone());
        inner.runtime().clone().spawn(async move {
            let _ended = Ended(&inner);
            empty(&inner, waiting, turn, &left).await;
            let mut places = inner.places();
            if places.get(&name).is_some_and(Place::is_empty) {
                places.remove(&name);
            }
        });
        lane
    }

    /// Whether it will be told.
    pub(crate) fn tell(&self, told: Told) -> bool {
        let queue = &*self.queue;
        let (hook, bytes) = (told.hook(), told.bytes());
        let before = queue.bytes.fetch_add(bytes, Ordering::Relaxed);
        let has_room = before == 0 || before + bytes <= WAITING_BYTES;
        let taken = has_room && queue.sender.try_send(told).is_ok();
        if !taken {
            queue.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.inner.meter().hooks_failed[hook].add(1);
        }
        let was_overflowing = queue.overflowing.swap(!taken, Ordering::Relaxed);
        if !taken && !was_overflowing {
            HooksOverflowing { document: &queue.document, hook: &hook.value() }.note();
        }
        taken
    }
}

/// Tells what comes until nobody can tell any more.
async fn empty(
    inner: &Inner,
    mut waiting: mpsc::Receiver<Told>,
    turn: Arc<Mutex<()>>,
    left: &AtomicUsize,
) {
    let _turn = turn.lock().await;
    while let Some(told) = waiting.recv().await {
        left.fetch_sub(told.bytes(), Ordering::Relaxed);
        inner.tell(told).await;
    }
}

/// Counts a lane out, also when its task is cut short.
struct Ended<'a>(&'a Inner);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.busy().send_modify(|lanes| *lanes -= 1);
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("document", &self.queue.document).finish_non_exhaustive()
    }
}
