//! Tells the user's app over HTTP what happens to documents: at least once, in order for each of
//! them, signed.
//!
//! The log itself is the outbox. Beside each document one small record per receiver says what that
//! has been told (`told`), and what is due follows from comparing it with the document, so that
//! nothing is queued twice and nothing is lost with the process. Read `told` first, then `schedule`
//! (whose turn it is), `watched` (how it is noticed that something is due), `courier` (the loop).
//!
//! Knows the store; how bytes travel ([`Post`]) and what a document says ([`Contents`]) are
//! parameters. A receiver that is slow or gone costs one entry per waiting document, up to a bound,
//! and no document waits for it.

mod courier;
mod ended;
mod event;
mod schedule;
mod target;
mod told;
mod watched;

#[cfg(test)]
mod tests;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::sync::{Semaphore, watch};

use crate::{
    clock::Clock,
    ids::DocumentName,
    limits::WEBHOOK_CONTENTS,
    random::Random,
    storage::{Store, StoreError},
    telemetry::Meter,
};

use courier::Courier;
pub use target::{Form, Kind, Kinds, Target, TargetName};
use watched::Watched;

/// Carries events to a receiver.
pub trait Post: Send + Sync {
    /// Posts JSON; gives the status of the answer, or why there is none.
    fn post(&self, message: Message) -> Waiting<'_, Result<u16, String>>;
}

/// Says what documents hold.
pub trait Contents: Send + Sync {
    /// The document as it is now, in this form; `None` when it has none to show.
    ///
    /// # Errors
    /// When it cannot be read now, and asking again later may help.
    fn read<'a>(
        &'a self,
        document: &'a DocumentName,
        form: Form,
    ) -> Waiting<'a, Result<Option<Bytes>, String>>;
}

/// Something that takes a while.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One event, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The event's id: the same whenever the same event is sent.
    pub id: String,
    /// When it is sent, in seconds since 1970.
    pub seconds: u64,
    /// What it is signed with.
    pub signature: String,
    /// JSON.
    pub body: Bytes,
}

/// Where time, chance and content come from.
#[derive(Clone)]
pub struct Surroundings {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub random: Arc<dyn Random>,
    /// What documents hold.
    pub contents: Arc<dyn Contents>,
    /// The numbers that telling moves.
    pub meter: Arc<Meter>,
}

/// All receivers of a server, before anything is sent.
pub struct Webhooks {
    store: Arc<Watched>,
    posts: Vec<Arc<dyn Post>>,
}

impl Webhooks {
    /// Prepares to tell these receivers of what happens in a store. A receiver that is new is told
    /// of nothing that was there before it.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        targets: Vec<(Target, Arc<dyn Post>)>,
    ) -> Result<Self, StoreError> {
        let (targets, posts): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
        for target in &targets {
            told::welcome(&store, target).await?;
        }
        let watched = Watched::new(store, clock, targets);
        watched.learn_all().await?;
        Ok(Self { store: Arc::new(watched), posts })
    }

    /// The store through which documents must be used, so that what happens is noticed.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// Tells receivers until `stop` turns true. What is not told by then is told after the next start.
    pub fn start(self, surroundings: &Surroundings, stop: &watch::Receiver<bool>) {
        let turns = Arc::new(Semaphore::new(WEBHOOK_CONTENTS));
        for (index, post) in self.posts.into_iter().enumerate() {
            let courier = Courier {
                watched: Arc::clone(&self.store),
                index,
                post,
                surroundings: surroundings.clone(),
                contents_turns: Arc::clone(&turns),
            };
            tokio::spawn(Arc::new(courier).run(stop.clone()));
        }
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("targets", &self.posts.len()).finish_non_exhaustive()
    }
}
