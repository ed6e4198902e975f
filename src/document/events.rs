//! What happens to documents, told to whoever listens. Telling never waits: who does not keep up is
//! told how much was missed, and reads what it needs from where that is kept.
//!
//! Knows no reader. While nobody listens, telling costs one look at a number.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::broadcast::{self, error::RecvError};

use super::actor::Actor;
use crate::{
    ids::{DocumentId, DocumentName, Seq},
    limits::EVENTS_WAITING,
};

/// Something that happened to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has begun, and that is durable.
    Created {
        /// This life of it.
        id: DocumentId,
    },
    /// Everything up to this entry is durable.
    Saved {
        /// This life of it.
        id: DocumentId,
        /// The entry.
        last: Seq,
    },
    /// It has another name.
    Renamed {
        /// This life of it.
        id: DocumentId,
        /// What it was called.
        from: DocumentName,
        /// What it is called.
        to: DocumentName,
    },
    /// It is in the bin, or gone.
    Deleted {
        /// This life of it.
        id: DocumentId,
        /// Whether it cannot come back.
        for_ever: bool,
    },
    /// It came out of the bin.
    Restored {
        /// This life of it.
        id: DocumentId,
    },
    /// Who is here, or what they show, has changed.
    Presence,
}

/// An event and the document it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What the document was called.
    pub name: DocumentName,
    /// What happened.
    pub event: Event,
}

/// What a listener hears next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This.
    Event(Arc<Happened>),
    /// It did not keep up: so many are lost.
    Missed(u64),
    /// The server stops.
    End,
}

/// Where events go to those who listen.
#[derive(Debug, Default)]
pub struct Events {
    listeners: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ended: bool,
    all: Option<broadcast::Sender<Arc<Happened>>>,
    of: HashMap<DocumentName, broadcast::Sender<Arc<Happened>>>,
}

/// One who listens to a document or to all.
#[derive(Debug)]
pub struct Listener {
    events: Arc<Events>,
    name: Option<DocumentName>,
    receiver: Option<broadcast::Receiver<Arc<Happened>>>,
}

impl Events {
    /// Listens from now on: to one document, or to what happens to all of them but who is here.
    #[must_use]
    pub fn listen(self: &Arc<Self>, name: Option<DocumentName>) -> Listener {
        let mut inner = self.lock();
        let channel = || broadcast::channel(EVENTS_WAITING).0;
        let receiver = if inner.ended {
            None
        } else {
            Some(match &name {
                Some(name) => inner.of.entry(name.clone()).or_insert_with(channel).subscribe(),
                None => inner.all.get_or_insert_with(channel).subscribe(),
            })
        };
        self.listeners.fetch_add(1, Ordering::SeqCst);
        Listener { events: Arc::clone(self), name, receiver }
    }

    /// Tells those who listen to the document, and to all.
    pub(super) fn tell(&self, name: &DocumentName, event: impl FnOnce() -> Event) {
        self.send(name, event, true);
    }

    /// Tells those who listen to the document.
    pub(super) fn tell_document(&self, name: &DocumentName, event: impl FnOnce() -> Event) {
        self.send(name, event, false);
    }

    fn send(&self, name: &DocumentName, event: impl FnOnce() -> Event, all: bool) {
        if self.listeners.load(Ordering::SeqCst) == 0 {
            return;
        }
        let happened = Arc::new(Happened { name: name.clone(), event: event() });
        let inner = self.lock();
        let all = inner.all.as_ref().filter(|_| all && happened.event != Event::Presence);
        for listeners in all.into_iter().chain(inner.of.get(name)) {
            // Whoever listened may have gone this moment.
            let _ = listeners.send(Arc::clone(&happened));
        }
    }

    /// Nothing more happens.
    pub(super) fn end(&self) {
        let mut inner = self.lock();
        *inner = Inner { ended: true, ..Inner::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Only inserts and removes happen under the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Waits for what happens next.
    pub async fn next(&mut self) -> Heard {
        let Some(receiver) = &mut self.receiver else { return Heard::End };
        match receiver.recv().await {
            Ok(happened) => Heard::Event(happened),
            Err(RecvError::Lagged(count)) => Heard::Missed(count),
            Err(RecvError::Closed) => Heard::End,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.events.listeners.fetch_sub(1, Ordering::SeqCst);
        self.receiver = None;
        let mut inner = self.events.lock();
        match &self.name {
            Some(name) => {
                if inner.of.get(name).is_some_and(|it| it.receiver_count() == 0) {
                    inner.of.remove(name);
                }
            }
            None => drop(inner.all.take_if(|it| it.receiver_count() == 0)),
        }
    }
}

impl Actor {
    pub(super) fn announce_saved(&mut self, last: Seq) {
        let (id, newborn) = (self.id, std::mem::take(&mut self.durability.newborn));
        let (events, name) = (self.lease.events(), self.lease.name());
        if newborn {
            events.tell(name, || Event::Created { id });
        }
        events.tell(name, || Event::Saved { id, last });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DocumentName {
        DocumentName::new(text).unwrap()
    }

    fn saved(last: u64) -> Event {
        Event::Saved { id: DocumentId::from_bytes([1; 16]), last: Seq(last) }
    }

    async fn hears(listener: &mut Listener) -> (String, Event) {
        match listener.next().await {
            Heard::Event(happened) => (happened.name.as_str().to_owned(), happened.event.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_listener_hears_of_its_document_and_one_of_all_hears_of_all_but_presence() {
        let events = Arc::new(Events::default());
        let mut one = events.listen(Some(name("a")));
        let mut all = events.listen(None);
        events.tell(&name("b"), || saved(1));
        events.tell(&name("a"), || Event::Presence);
        events.tell(&name("a"), || saved(2));
        assert_eq!(hears(&mut one).await, ("a".into(), Event::Presence));
        assert_eq!(hears(&mut one).await, ("a".into(), saved(2)));
        assert_eq!(hears(&mut all).await, ("b".into(), saved(1)));
        assert_eq!(hears(&mut all).await, ("a".into(), saved(2)));
        events.end();
        assert_eq!(one.next().await, Heard::End);
        assert_eq!(events.listen(None).next().await, Heard::End);
    }

    #[tokio::test]
    async fn who_does_not_keep_up_is_told_how_much_was_missed() {
        let events = Arc::new(Events::default());
        let mut slow = events.listen(Some(name("a")));
        for seq in 0..EVENTS_WAITING as u64 + 7 {
            events.tell(&name("a"), || saved(seq));
        }
        assert_eq!(slow.next().await, Heard::Missed(7));
        assert_eq!(hears(&mut slow).await.1, saved(7));
    }

    #[tokio::test]
    async fn nothing_is_kept_of_who_has_gone() {
        let events = Arc::new(Events::default());
        let listener = events.listen(Some(name("a")));
        drop(events.listen(None));
        drop(listener);
        assert!(events.lock().of.is_empty() && events.lock().all.is_none());
        events.tell(&name("a"), || panic!("nobody listens"));
    }
}
