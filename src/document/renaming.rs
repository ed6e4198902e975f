//! A document gets another name. Who has it open under the old one is sent away, and copies of it on
//! devices that only know the old name cannot bring it to life there a second time.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Documents, Event, Unavailable, bin};
use crate::{
    ids::{DocumentId, DocumentName},
    protocol::CloseReason,
    storage::StoreError,
};

/// The key of the record that says what a renamed document is called now.
const KEY: &str = "name";

#[derive(Serialize, Deserialize)]
struct Called {
    name: String,
}

impl Documents {
    /// Gives a document another name.
    ///
    /// # Errors
    /// When there is none of this name, the other is taken, or nothing can be written.
    pub async fn rename(&self, old: &DocumentName, new: &DocumentName) -> Result<(), Unavailable> {
        if old == new {
            return Ok(());
        }
        let setup = self.setup();
        let store = &setup.store;
        let id = store.find(old).await?.ok_or(Unavailable::Missing)?;
        if bin::deleted(&**store, id).await?.is_some() {
            return Err(Unavailable::InBin);
        }
        self.check_free(new).await?;
        // Who comes back with the epoch is told the new name (`renamed`); who comes back without
        // one brings edits of client ids that are retired there, and is sent away for good.
        let _old = self.hold(old, CloseReason::Restart).await?;
        // Who waits at the new name for a document to begin finds it there.
        let _new = self.hold(new, CloseReason::Restart).await?;
        let clients = bin::clients(&store.open(id).await?)?;
        match store.rename(id, new, setup.clock.now()).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Err(Unavailable::Taken),
            Err(StoreError::Missing) => return Err(Unavailable::Missing),
            Err(error) => return Err(error.into()),
        }
        self.tell_name(id, new).await;
        let (from, to) = (old.clone(), new.clone());
        self.events().tell(old, || Event::Renamed { id, from: from.clone(), to: to.clone() });
        self.events().tell_document(new, || Event::Renamed { id, from, to });
        self.retire(old, clients).await
    }

    pub(super) async fn check_free(&self, name: &DocumentName) -> Result<(), Unavailable> {
        let store = &self.setup().store;
        match store.find(name).await? {
            None => Ok(()),
            Some(holder) if bin::deleted(&**store, holder).await?.is_some() => {
                Err(Unavailable::InBin)
            }
            Some(_) => Err(Unavailable::Taken),
        }
    }

    /// What the document of this epoch is called now, if that is no longer `name`.
    pub async fn renamed(&self, name: &DocumentName, epoch: DocumentId) -> Option<DocumentName> {
        let store = &self.setup().store;
        let here = store.find(name).await.ok()?;
        if here == Some(epoch) {
            return None;
        }
        let record = store.record(epoch, KEY).await.ok()??;
        let called: Called = serde_json::from_slice(&record.value).ok()?;
        DocumentName::new(&called.name).ok().filter(|called| called != name)
    }

    /// Keeps what the document is called now, for those who come back with its epoch.
    async fn tell_name(&self, id: DocumentId, name: &DocumentName) {
        let store = &self.setup().store;
        let called = Called { name: name.as_str().to_owned() };
        let value = serde_json::to_vec(&called).unwrap_or_default();
        let kept = async {
            let revision = store.record(id, KEY).await?.map_or(0, |record| record.revision);
            store.put_record(id, KEY, revision, Some(Bytes::from(value))).await
        };
        if let Err(error) = kept.await {
            tracing::warn!(document = %name, %error, "who knows the old name will not be led on");
        }
    }

    /// Retires client ids under a name that nobody has: a life that ends as it begins leaves just
    /// that behind.
    async fn retire(&self, name: &DocumentName, clients: Vec<u64>) -> Result<(), Unavailable> {
        let setup = self.setup();
        let (id, now) = (DocumentId::new(&*setup.random), setup.clock.now());
        if setup.store.create(name, id, now).await? == id {
            setup.store.delete(id, now, clients).await?;
        }
        Ok(())
    }
}
