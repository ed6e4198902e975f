//! Other names that lead to a document: an old one that is kept when it is renamed, or any free one.
//!
//! An alias leads to a life of a document, wherever that is renamed to, and to nothing once it has
//! ended. A document of its own comes before an alias of the same name, and none can begin under one.

use bytes::Bytes;

use super::{Documents, Unavailable, renaming::called};
use crate::{
    ids::{DocumentId, DocumentName},
    limits::ALIASES,
    protocol::CloseReason,
    storage::{Store, StoreError},
    telemetry::warnings::AliasStays,
};

/// What the keys of the records begin with, in front of the other name.
const PREFIX: &str = "alias/";

/// Why another name cannot be given or taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AliasError {
    /// The document has as many as it may.
    #[error("this document has {ALIASES} other names, which is as many as it may; end one first")]
    TooMany,
    /// It is no other name of this document.
    #[error("this is no other name of the document")]
    Missing,
    /// The document is not there, the name is taken, or nothing can be read or written.
    #[error(transparent)]
    Document(#[from] Unavailable),
}

/// What the document is called that a name leads to which no document has.
pub(super) async fn led_to(
    store: &dyn Store,
    name: &DocumentName,
) -> Result<Option<DocumentName>, StoreError> {
    if store.find(name).await?.is_some() {
        return Ok(None);
    }
    let Some((id, _)) = alias(store, name).await? else { return Ok(None) };
    let Some(called) = called(store, id).await? else { return Ok(None) };
    // What is read last counts: it may have been renamed or have ended meanwhile.
    Ok((store.find(&called).await? == Some(id)).then_some(called))
}

/// The life that a name leads to, and the revision of the record that says so.
async fn alias(
    store: &dyn Store,
    name: &DocumentName,
) -> Result<Option<(DocumentId, u64)>, StoreError> {
    let record = store.record(DocumentId::STORE, &key(name)).await?;
    Ok(record.and_then(|it| Some((read(&it.value)?, it.revision))))
}

fn read(value: &[u8]) -> Option<DocumentId> {
    DocumentId::parse(std::str::from_utf8(value).ok()?)
}

fn key(name: &DocumentName) -> String {
    format!("{PREFIX}{name}")
}

impl Documents {
    /// What the document is called that this name leads to; `None` when the name is that of a
    /// document, or of nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn led_to(&self, name: &DocumentName) -> Result<Option<DocumentName>, Unavailable> {
        Ok(led_to(&**self.store(), name).await?)
    }

    /// The other names of a document, in the order of their bytes.
    ///
    /// # Errors
    /// When there is no such document, or the store cannot be read.
    pub async fn aliases(&self, name: &DocumentName) -> Result<Vec<DocumentName>, Unavailable> {
        let id = self.id_of(name).await?;
        Ok(self.names_of(id).await?)
    }

    /// Lets another name lead to a document; one that does already stays as it is.
    ///
    /// # Errors
    /// When there is no such document, the name is taken, the document has too many, or nothing can
    /// be written.
    pub async fn add_alias(
        &self,
        name: &DocumentName,
        other: &DocumentName,
    ) -> Result<(), AliasError> {
        let id = self.id_of(name).await?;
        if self.led_to(other).await?.as_ref() == Some(name) {
            return Ok(());
        }
        self.check_free(other).await?;
        // Who waits at the name for a document to begin finds this one there.
        let _held = self.hold(other, CloseReason::Restart).await?;
        self.check_free(other).await?;
        self.tell_name(id, name).await.map_err(Unavailable::from)?;
        self.lead(other, id).await
    }

    async fn id_of(&self, name: &DocumentName) -> Result<DocumentId, Unavailable> {
        self.store().find(name).await?.ok_or(Unavailable::Missing)
    }

    /// Ends another name of a document.
    ///
    /// # Errors
    /// When it is none, or nothing can be written.
    pub async fn end_alias(
        &self,
        name: &DocumentName,
        other: &DocumentName,
    ) -> Result<(), AliasError> {
        let id = self.id_of(name).await?;
        match alias(&**self.store(), other).await.map_err(Unavailable::from)? {
            Some((led, _)) if led == id => Ok(self.forget_alias(other).await?),
            _ => Err(AliasError::Missing),
        }
    }

    /// Writes that a name leads to a life; nobody sees it while a document has the name.
    pub(super) async fn lead(&self, name: &DocumentName, id: DocumentId) -> Result<(), AliasError> {
        let store = self.store();
        let mut names = self.names_of(id).await.map_err(Unavailable::from)?;
        names.retain(|other| other != name);
        if names.len() >= ALIASES {
            return Err(AliasError::TooMany);
        }
        // One that led to what has ended since may be there still.
        let record = store.record(DocumentId::STORE, &key(name)).await;
        let revision = record.map_err(Unavailable::from)?.map_or(0, |record| record.revision);
        let value = Some(Bytes::from(id.to_string()));
        let put = store.put_record(DocumentId::STORE, &key(name), revision, value).await;
        Ok(put.map(drop).map_err(Unavailable::from)?)
    }

    /// Lets a name lead nowhere any more.
    pub(super) async fn forget_alias(&self, name: &DocumentName) -> Result<(), Unavailable> {
        let Some((_, revision)) = alias(&**self.store(), name).await? else { return Ok(()) };
        let put = self.store().put_record(DocumentId::STORE, &key(name), revision, None).await;
        match put {
            // Somebody else has.
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets none lead to a life that has ended. They would lead nowhere in any case, so that one
    /// which cannot be removed does no harm.
    pub(super) async fn forget_aliases(&self, id: DocumentId) {
        for name in self.names_of(id).await.unwrap_or_default() {
            if let Err(reason) = self.forget_alias(&name).await {
                AliasStays { document: &name, reason: &reason }.note();
            }
        }
    }

    async fn names_of(&self, id: DocumentId) -> Result<Vec<DocumentName>, StoreError> {
        let records = self.store().records(DocumentId::STORE, PREFIX).await?;
        let of_it = records.iter().filter(|(_, record)| read(&record.value) == Some(id));
        let names = of_it.filter_map(|(key, _)| DocumentName::new(key.strip_prefix(PREFIX)?).ok());
        Ok(names.collect())
    }
}
