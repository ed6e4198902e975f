//! Reads a document from the store, or says why it is unavailable: never as an empty one.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{
    Command, Setup, Unavailable, aliases, bin,
    card::{self, Card},
    deferring,
    durability::Durability,
    subscriber::Subscriber,
};
use crate::{
    clock::Timestamp,
    crdt::{Bounds, DocumentState},
    hooks,
    ids::{ClientId, DocumentId, DocumentName},
    protocol::CloseReason,
    storage::{Opened, StoreError},
};

/// A document as it was read.
pub(super) struct Loaded {
    pub(super) id: DocumentId,
    pub(super) born: bool,
    pub(super) state: DocumentState,
    pub(super) durability: Durability,
    pub(super) card: Card,
    /// When it was last edited.
    pub(super) changed: Option<Timestamp>,
}

/// When the CRDT is to load what was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// At once.
    Now,
    /// Once it is needed, where that spares the first visitor a wait.
    Needed,
}

/// Reads a document, a few at a time on the whole server.
pub(super) async fn load(
    setup: &Setup,
    name: &DocumentName,
    loads: &Semaphore,
    when: When,
) -> Result<Box<Loaded>, Unavailable> {
    if setup.hooks.is_some() {
        let asked = setup.hooks.load(hooks::Load { document: name.clone() }).await;
        asked.map_err(|refusal| Unavailable::Refused(refusal.0))?;
    }
    let _turn = loads.acquire().await.map_err(|_| Unavailable::Reloading)?;
    let reading = async {
        let retired = setup.store.retired_clients(name).await?;
        let Some(id) = setup.store.find(name).await? else {
            // Who knew the name before it led elsewhere comes back and is led there.
            if aliases::led_to(&*setup.store, name).await?.is_some() {
                return Err(Unavailable::Taken);
            }
            let id = DocumentId::new(&*setup.random);
            return Ok((id, false, Opened::default(), retired, None, None));
        };
        if bin::deleted(&*setup.store, id).await?.is_some() {
            return Err(Unavailable::InBin);
        }
        let card = setup.store.record(id, card::KEY).await?;
        let listed = setup.store.list(name.as_str(), None, 1).await?.into_iter().next();
        let changed = listed.filter(|info| info.id == id).map(|info| info.changed);
        Ok((id, true, setup.store.open(id).await?, retired, card, changed))
    };
    let read = tokio::time::timeout(setup.limits.load_timeout, reading).await;
    let (id, born, opened, retired, card, changed) = read.map_err(|_| Unavailable::Reloading)??;
    let bounds = Bounds {
        update_bytes: setup.limits.update_bytes,
        document_bytes: setup.limits.document_bytes,
    };
    let client = ClientId::new(&*setup.random);
    let mut state =
        DocumentState::new(client, bounds, retired).with_clock(Arc::clone(&setup.clock));
    let snapshot = opened.snapshot.as_ref();
    let updates = snapshot.map(|snapshot| &snapshot.state).into_iter();
    let updates = updates.chain(opened.entries.iter().map(|stored| &stored.entry.update));
    let outcome = if when == When::Needed && card.is_some() && deferring::pays(setup, &opened) {
        state.defer(updates.cloned())
    } else {
        state.load(updates.map(|update| &update[..]))
    };
    outcome.map_err(Unavailable::Damaged)?;
    let bytes = opened.entries.iter().map(|stored| stored.entry.update.len() as u64).sum();
    let durability = Durability::of_opened(
        opened.last,
        snapshot.map_or(0, |snapshot| snapshot.revision),
        snapshot.map_or(0, |snapshot| snapshot.state.len() as u64),
        opened.entries.len() as u64,
        bytes,
    );
    let card = Card::of_opened(card, &state, born);
    Ok(Box::new(Loaded { id, born, state, durability, card, changed }))
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(reason) => Self::Damaged(reason),
            StoreError::Failed(reason) => Self::Unwritable(reason),
            StoreError::Read(_)
            | StoreError::Missing
            | StoreError::Conflict(_)
            | StoreError::Refused(_) => Self::Reloading,
        }
    }
}

/// Tells who waits that the document cannot be served.
pub(super) fn turn_away(command: Command, reason: &Unavailable) {
    match command {
        Command::Subscribe(new) => {
            let close = match reason {
                Unavailable::Damaged(_) => CloseReason::Storage(reason.to_string()),
                Unavailable::InBin => CloseReason::NotFound(reason.to_string()),
                Unavailable::Refused(why) => CloseReason::Forbidden(why.clone()),
                _ => CloseReason::Overloaded,
            };
            match close {
                CloseReason::Overloaded => new.outbox.close(close),
                close => Subscriber::new(*new).turn_away(close),
            }
        }
        Command::Edit { reply, .. }
        | Command::Begin { reply, .. }
        | Command::EditMeta { reply, .. } => drop(reply.send(Err(reason.clone()))),
        Command::Read(reply) => drop(reply.send(Err(reason.clone()))),
        Command::ReadAt(reply) => drop(reply.send(Err(reason.clone()))),
        Command::Attendees(reply) => drop(reply.send(Vec::new())),
        // Owners ask for what waits when they open it.
        Command::Asked(_) => {}
        Command::Stop(_, done) => drop(done.send(())),
        Command::Unsubscribe(_)
        | Command::Change { .. }
        | Command::TurnAway(..)
        | Command::Message(..)
        | Command::Refused { .. }
        | Command::CaughtUp(_)
        | Command::Stateless(_) => {}
    }
}
