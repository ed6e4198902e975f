//! A document gets another name. Who has it open under the old one is sent away, and copies of it on
//! devices that only know the old name cannot bring it to life there a second time.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    Documents, Event, Unavailable,
    aliases::{self, AliasError},
    bin,
};
use crate::{
    ids::{DocumentId, DocumentName},
    protocol::CloseReason,
    storage::{Store, StoreError},
    telemetry::warnings::NameNotTold,
};

/// The key of the record that says what a renamed document is called now.
const KEY: &str = "name";

#[derive(Serialize, Deserialize)]
struct Called {
    name: String,
}

/// What a document was called last, as far as that was kept.
pub(super) async fn called(
    store: &dyn Store,
    id: DocumentId,
) -> Result<Option<DocumentName>, StoreError> {
    let record = match store.record(id, KEY).await {
        Err(StoreError::Missing) => None,
        record => record?,
    };
    let called: Option<Called> = record.and_then(|it| serde_json::from_slice(&it.value).ok());
    Ok(called.and_then(|it| DocumentName::new(&it.name).ok()))
}

impl Documents {
    /// Gives a document another name; the old one leads to it from now on if it is kept.
    ///
    /// # Errors
    /// When there is none of this name, the other is taken, or nothing can be written.
    pub async fn rename(
        &self,
        old: &DocumentName,
        new: &DocumentName,
        keep_old: bool,
    ) -> Result<(), AliasError> {
        if old == new {
            return Ok(());
        }
        let setup = self.setup();
        let store = &setup.store;
        let id = store.find(old).await.map_err(Unavailable::from)?.ok_or(Unavailable::Missing)?;
        if bin::deleted(&**store, id).await.map_err(Unavailable::from)?.is_some() {
            return Err(Unavailable::InBin.into());
        }
        self.check_free_for(new, Some(id)).await?;
        // Who comes back with the epoch is told the new name (`renamed`); who comes back without
        // one brings edits of client ids that are retired there, and is sent away for good.
        let _old = self.hold(old, CloseReason::Restart).await?;
        // Who waits at the new name for a document to begin finds it there.
        let _new = self.hold(new, CloseReason::Restart).await?;
        let clients = bin::clients(&store.open(id).await.map_err(Unavailable::from)?)?;
        // Before, so that no moment has neither name, and without effect until the name is free.
        if keep_old {
            self.lead(old, id).await?;
        } else {
            self.forget_alias(old).await?;
        }
        match store.rename(id, new, setup.clock.now()).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Err(Unavailable::Taken.into()),
            Err(StoreError::Missing) => return Err(Unavailable::Missing.into()),
            Err(error) => return Err(Unavailable::from(error).into()),
        }
        if let Err(error) = self.tell_name(id, new).await {
            NameNotTold { document: new, reason: &error }.note();
        }
        // It was another name of this document, if it was one.
        self.forget_alias(new).await?;
        let (from, to) = (old.clone(), new.clone());
        self.events().tell(old, || Event::Renamed { id, from: from.clone(), to: to.clone() });
        self.events().tell_document(new, || Event::Renamed { id, from, to });
        Ok(self.retire(old, clients).await?)
    }

    /// Whether a document could begin under this name.
    ///
    /// # Errors
    /// Why it could not: the name is taken, also by something in the bin or as another name of a
    /// document, or the store cannot be read.
    pub async fn check_free(&self, name: &DocumentName) -> Result<(), Unavailable> {
        self.check_free_for(name, None).await
    }

    /// Whether a name is free, or leads to this document only.
    async fn check_free_for(
        &self,
        name: &DocumentName,
        document: Option<DocumentId>,
    ) -> Result<(), Unavailable> {
        let store = &self.setup().store;
        match store.find(name).await? {
            None => match aliases::led_to(&**store, name).await? {
                Some(led) if document.is_none() || store.find(&led).await? != document => {
                    Err(Unavailable::Taken)
                }
                _ => Ok(()),
            },
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
        called(&**store, epoch).await.ok()?.filter(|called| called != name)
    }

    /// Keeps what the document is called now, for those who come back with its epoch or another name.
    pub(super) async fn tell_name(
        &self,
        id: DocumentId,
        name: &DocumentName,
    ) -> Result<(), StoreError> {
        let store = &self.setup().store;
        let called = Called { name: name.as_str().to_owned() };
        let value = serde_json::to_vec(&called).unwrap_or_default();
        let revision = store.record(id, KEY).await?.map_or(0, |record| record.revision);
        store.put_record(id, KEY, revision, Some(Bytes::from(value))).await.map(drop)
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
