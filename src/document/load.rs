//! Reads a document from the store, or says why it is unavailable: never as an empty one.

use std::sync::Arc;

use super::{
    Command, Setup, Unavailable, durability::Durability, registry::Lease, subscriber::Subscriber,
};
use crate::{
    crdt::{Bounds, DocumentState},
    ids::{ClientId, DocumentId},
    protocol::CloseReason,
    storage::{Opened, StoreError},
};

/// A document as it was read.
pub(super) struct Loaded {
    pub(super) id: DocumentId,
    pub(super) born: bool,
    pub(super) state: DocumentState,
    pub(super) durability: Durability,
}

/// Reads a document, a few at a time on the whole server.
pub(super) async fn load(setup: &Setup, lease: &Lease) -> Result<Box<Loaded>, Unavailable> {
    let shared = lease.shared().ok_or(Unavailable::Reloading)?;
    let _turn = shared.loads.acquire().await.map_err(|_| Unavailable::Reloading)?;
    let reading = async {
        let retired = setup.store.retired_clients(lease.name()).await?;
        match setup.store.find(lease.name()).await? {
            Some(id) => Ok((id, true, setup.store.open(id).await?, retired)),
            None => Ok((DocumentId::new(&*setup.random), false, Opened::default(), retired)),
        }
    };
    let read = tokio::time::timeout(setup.limits.load_timeout, reading).await;
    let (id, born, opened, retired) =
        read.map_err(|_| Unavailable::Reloading)?.map_err(|error: StoreError| match error {
            StoreError::Damaged(reason) => Unavailable::Damaged(reason),
            StoreError::Read(_)
            | StoreError::Missing
            | StoreError::Conflict(_)
            | StoreError::Refused(_) => Unavailable::Reloading,
            StoreError::Failed(reason) => Unavailable::Unwritable(reason),
        })?;
    let bounds = Bounds {
        update_bytes: setup.limits.update_bytes,
        document_bytes: setup.limits.document_bytes,
    };
    let client = ClientId::new(&*setup.random);
    let mut state =
        DocumentState::new(client, bounds, retired).with_clock(Arc::clone(&setup.clock));
    let snapshot = opened.snapshot.as_ref();
    let updates = snapshot.map(|snapshot| &snapshot.state[..]).into_iter();
    let updates = updates.chain(opened.entries.iter().map(|stored| &stored.entry.update[..]));
    state.load(updates).map_err(Unavailable::Damaged)?;
    let bytes = opened.entries.iter().map(|stored| stored.entry.update.len() as u64).sum();
    let durability = Durability::of_opened(
        opened.last,
        snapshot.map_or(0, |snapshot| snapshot.revision),
        snapshot.map_or(0, |snapshot| snapshot.state.len() as u64),
        opened.entries.len() as u64,
        bytes,
    );
    Ok(Box::new(Loaded { id, born, state, durability }))
}

/// Tells who waits that the document cannot be served.
pub(super) fn turn_away(command: Command, reason: &Unavailable) {
    match command {
        Command::Subscribe(new) => {
            let close = match reason {
                Unavailable::Damaged(_) => CloseReason::Storage(reason.to_string()),
                _ => CloseReason::Overloaded,
            };
            match close {
                CloseReason::Overloaded => new.outbox.close(close),
                close => Subscriber::new(*new).turn_away(close),
            }
        }
        Command::Edit { reply, .. } => drop(reply.send(Err(reason.clone()))),
        Command::Read(reply) => drop(reply.send(Err(reason.clone()))),
        Command::Stop(_, done) => drop(done.send(())),
        Command::Unsubscribe(_)
        | Command::Message(..)
        | Command::CaughtUp(_)
        | Command::Stateless(_) => {}
    }
}
