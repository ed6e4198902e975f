//! Reads a document together with where in its past that is, and who has it open.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Attendee, Command, DocumentHandle, Documents, Reading, Unavailable,
    actor::Actor,
    durability::AfterDurable,
    load::{When, load},
};
use crate::ids::{DocumentName, Seq};

impl Reading {
    /// The last entry in it; resolves when all of it is durable.
    ///
    /// # Errors
    /// When it cannot become durable.
    pub async fn settled(self) -> Result<Seq, Unavailable> {
        self.settled.await.map_err(|_| Unavailable::Reloading)?
    }
}

impl Actor {
    pub(super) fn read_at(&mut self, reply: oneshot::Sender<Result<Reading, Unavailable>>) {
        if !self.born {
            return drop(reply.send(Err(Unavailable::Missing)));
        }
        let state = match self.state.snapshot() {
            Ok(state) => state,
            Err(reason) => return drop(reply.send(Err(Unavailable::Damaged(reason)))),
        };
        let (tell, settled) = oneshot::channel();
        // Who asked may have stopped waiting.
        let _ = reply.send(Ok(Reading { id: self.id, state, settled }));
        if let Some(reason) = &self.durability.failed {
            drop(tell.send(Err(Unavailable::Unwritable(reason.clone()))));
            return;
        }
        let (position, before) = (self.durability.appended, self.state.state_vector());
        let (updates, outcome) = (Vec::new(), Ok(()));
        self.durability.wait_for(AfterDurable { position, before, updates, outcome, reply: tell });
        self.release_durable();
    }

    pub(super) fn tell_attendees(&self, reply: oneshot::Sender<Vec<Attendee>>) {
        let attendees = self.subscribers.values().map(|subscriber| Attendee {
            id: subscriber.id,
            author: std::sync::Arc::clone(&subscriber.author),
            access: subscriber.access,
            presence: self.presence.of(subscriber.id),
            waiting: subscriber.outbox.bytes(),
            behind: subscriber.behind.as_ref().map(|it| it.since.elapsed()),
        });
        // As above.
        let _ = reply.send(attendees.collect());
    }
}

impl DocumentHandle {
    /// Reads the whole document and where in its past that is.
    ///
    /// # Errors
    /// When there is none, or it cannot be loaded.
    pub async fn read_at(&self) -> Result<Reading, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::ReadAt(reply)).await?;
        answer.await.map_err(|_| Unavailable::Reloading)?
    }
}

impl Documents {
    /// Reads a whole document as one update and the last entry in it, without keeping it loaded if
    /// it is not. The entry is unknown while nothing can be written.
    ///
    /// # Errors
    /// When there is none of this name, or it cannot be loaded.
    pub async fn state_at(&self, name: &DocumentName) -> Result<(Bytes, Option<Seq>), Unavailable> {
        if self.setup().store.find(name).await?.is_none() {
            return Err(Unavailable::Missing);
        }
        if self.live_of(name).is_some() {
            let reading = self.open(name)?.read_at().await?;
            let state = reading.state.clone();
            return match reading.settled().await {
                Ok(seq) => Ok((state, Some(seq))),
                Err(Unavailable::Unwritable(_)) => Ok((state, None)),
                Err(reason) => Err(reason),
            };
        }
        let (shared, name) = (self.shared().clone(), name.clone());
        let threads = shared.threads.of(&name).clone();
        // Loading recurses over nested types, for which only these threads have the stack.
        let reading = threads.spawn(async move {
            let loaded = Box::pin(load(&shared.setup, &name, &shared.loads, When::Now)).await?;
            let state = loaded.state.snapshot().map_err(Unavailable::Damaged)?;
            if loaded.born {
                Ok((state, loaded.durability.settled_at()))
            } else {
                Err(Unavailable::Missing)
            }
        });
        reading.await.map_err(|_| Unavailable::Reloading)?
    }

    /// Tells the owners who have a document open how many requests for access wait.
    pub async fn tell_owners(&self, name: &DocumentName, waiting: usize) {
        if self.live_of(name).is_none() {
            return;
        }
        let Ok(document) = self.open(name) else { return };
        // One that is being unloaded has nobody in it.
        let _unneeded = document.send(Command::Asked(waiting)).await;
    }

    /// Who has a document open; nobody when it is not loaded.
    pub async fn attendees(&self, name: &DocumentName) -> Vec<Attendee> {
        if self.live_of(name).is_none() {
            return Vec::new();
        }
        let Ok(document) = self.open(name) else { return Vec::new() };
        let (reply, answer) = oneshot::channel();
        match document.send(Command::Attendees(reply)).await {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }
}
