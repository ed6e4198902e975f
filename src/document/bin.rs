//! The bin: a deleted document keeps its name and everything in it for a while, and nobody can open
//! it. After that it really ends, and the client ids that wrote in it are retired under its name.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Documents, Event, Unavailable};
use crate::{
    clock::Timestamp,
    crdt,
    ids::{DocumentId, DocumentName},
    protocol::CloseReason,
    storage::{Opened, Record, Store, StoreError},
    telemetry::warnings::BinStays,
};

/// The key of the record.
pub(super) const KEY: &str = "bin";

/// Documents looked at before others may have a turn.
const SWEEP_TURN: usize = 256;

#[derive(Serialize, Deserialize)]
struct InBin {
    deleted: Timestamp,
}

/// The record that says since when a document is in the bin.
pub(super) fn record(deleted: Timestamp) -> Bytes {
    serde_json::to_vec(&InBin { deleted }).unwrap_or_default().into()
}

/// When the document was put into the bin, if it is there.
pub(super) async fn deleted(
    store: &dyn Store,
    id: DocumentId,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(store.record(id, KEY).await?.map(|record| read(&record)))
}

/// A record that cannot be read still says that the document is there; since when is anybody's
/// guess, and the youngest is the safest.
fn read(record: &Record) -> Timestamp {
    serde_json::from_slice(&record.value).map_or(Timestamp(u64::MAX), |it: InBin| it.deleted)
}

impl Documents {
    /// Puts a document into the bin and sends everybody away who has it open; one that is there
    /// already stays as it is.
    ///
    /// # Errors
    /// When there is none of this name, or nothing can be written.
    pub async fn put_into_bin(&self, name: &DocumentName) -> Result<(), Unavailable> {
        let setup = self.setup();
        let id = setup.store.find(name).await?.ok_or(Unavailable::Missing)?;
        match setup.store.put_record(id, KEY, 0, Some(record(setup.clock.now()))).await {
            Ok(_) => self.events().tell(name, || Event::Deleted { id, for_ever: false }),
            Err(StoreError::Conflict(_)) => {}
            Err(StoreError::Missing) => return Err(Unavailable::Missing),
            Err(error) => return Err(error.into()),
        }
        // Only now that nobody can open it any more. Somebody else who holds the name has closed it.
        let reason = CloseReason::NotFound(Unavailable::InBin.to_string());
        drop(self.hold(name, reason).await);
        Ok(())
    }

    /// Whether a document of this name is in the bin. When that cannot be read, opening it says why.
    pub async fn is_in_bin(&self, name: &DocumentName) -> bool {
        let store = &self.setup().store;
        match store.find(name).await {
            Ok(Some(id)) => matches!(deleted(&**store, id).await, Ok(Some(_))),
            _ => false,
        }
    }

    /// Takes a document out of the bin; one that is not there stays as it is.
    ///
    /// # Errors
    /// When there is none of this name, or nothing can be written.
    pub async fn restore(&self, name: &DocumentName) -> Result<(), Unavailable> {
        let store = &self.setup().store;
        let id = store.find(name).await?.ok_or(Unavailable::Missing)?;
        let Some(record) = store.record(id, KEY).await? else { return Ok(()) };
        match store.put_record(id, KEY, record.revision, None).await {
            Ok(_) => {
                self.events().tell(name, || Event::Restored { id });
                Ok(())
            }
            Err(StoreError::Conflict(_)) => Ok(()),
            Err(StoreError::Missing) => Err(Unavailable::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a document for ever. Its name is free; what old copies of it hold is refused under
    /// that name.
    ///
    /// # Errors
    /// When there is none of this name, it cannot be read, or nothing can be written.
    pub async fn delete(&self, name: &DocumentName) -> Result<(), Unavailable> {
        let setup = self.setup();
        let id = setup.store.find(name).await?.ok_or(Unavailable::Missing)?;
        let gone = CloseReason::NotFound("this document was deleted".to_owned());
        let _closed = self.hold(name, gone).await?;
        self.end(name, id).await
    }

    /// Ends a life that nobody has open.
    async fn end(&self, name: &DocumentName, id: DocumentId) -> Result<(), Unavailable> {
        let setup = self.setup();
        let clients = clients(&setup.store.open(id).await?)?;
        match setup.store.delete(id, setup.clock.now(), clients).await {
            Ok(()) => {
                self.events().tell(name, || Event::Deleted { id, for_ever: true });
                self.forget_aliases(id).await;
                Ok(())
            }
            Err(StoreError::Missing) => Err(Unavailable::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes for ever what has been in the bin for at least `keep`. Gives how many.
    ///
    /// # Errors
    /// When the store cannot be read; a document that cannot be deleted stays for the next time.
    pub async fn sweep_bin(&self, keep: Duration) -> Result<usize, Unavailable> {
        let setup = self.setup();
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        let (mut after, mut swept) = (None, 0);
        loop {
            let page = setup.store.list("", after.as_ref(), SWEEP_TURN).await?;
            for info in &page {
                let since = deleted(&*setup.store, info.id).await.unwrap_or_default();
                let due = since.is_some_and(|it| it.0.saturating_add(keep) <= setup.clock.now().0);
                if !due {
                    continue;
                }
                match self.delete_from_bin(&info.name, info.id).await {
                    Ok(()) => swept += 1,
                    Err(reason) => {
                        BinStays { document: &info.name, reason: &reason }.note();
                    }
                }
            }
            let Some(last) = page.last() else { return Ok(swept) };
            after = Some(last.name.clone());
            tokio::task::yield_now().await;
        }
    }

    /// Deletes a document that still is in the bin once nobody can take it out any more.
    async fn delete_from_bin(
        &self,
        name: &DocumentName,
        id: DocumentId,
    ) -> Result<(), Unavailable> {
        let gone = CloseReason::NotFound("this document was deleted".to_owned());
        let _closed = self.hold(name, gone).await?;
        let store: &Arc<dyn Store> = &self.setup().store;
        if deleted(&**store, id).await?.is_none() {
            return Ok(());
        }
        self.end(name, id).await
    }
}

/// Client ids that ever wrote in a document.
pub(super) fn clients(opened: &Opened) -> Result<Vec<u64>, Unavailable> {
    let snapshot = opened.snapshot.iter().map(|snapshot| &snapshot.state);
    let entries = opened.entries.iter().map(|stored| &stored.entry.update);
    let mut clients = Vec::new();
    for update in snapshot.chain(entries) {
        let found =
            crdt::clients(update).map_err(|error| Unavailable::Damaged(error.0.to_owned()))?;
        clients.extend(found);
    }
    clients.sort_unstable();
    clients.dedup();
    Ok(clients)
}
