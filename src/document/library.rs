//! Documents as things on a shelf: what there is, found and listed without opening any, and new ones.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Command, Documents, Unavailable, bin, card, live::Live};
use crate::{
    clock::Timestamp,
    crdt::{Meta, MetaChanges},
    identity::Author,
    ids::{DocumentId, DocumentName, Seq},
    protocol::CloseReason,
    storage::{DocumentInfo, StoreError},
};

/// Documents read between two turns of others.
const TURN: usize = 512;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its name now.
    pub name: DocumentName,
    /// This life of it.
    pub id: DocumentId,
    /// What it says about itself, as far as is known without opening it.
    pub meta: Arc<Meta>,
    /// When this life began.
    pub created: Timestamp,
    /// When the last edit was received.
    pub changed: Timestamp,
    /// The last entry.
    pub last: Seq,
    /// Bytes of all edits.
    pub bytes: u64,
    /// Sessions that have it open.
    pub people: usize,
    /// When it was put into the bin, if it is there.
    pub deleted: Option<Timestamp>,
}

impl Documents {
    /// What is known of one document; `None` when there is none of this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn summary(&self, name: &DocumentName) -> Result<Option<Summary>, Unavailable> {
        // A name comes before every longer one that begins with it.
        let found = self.setup().store.list(name.as_str(), None, 1).await?;
        match found.into_iter().next().filter(|info| info.name == *name) {
            Some(info) => {
                let live = self.live_of(name);
                Ok(Some(self.summarize(info, live.as_deref()).await?))
            }
            None => Ok(None),
        }
    }

    /// What is known of all documents whose names begin so, in the order of their names.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn summaries(&self, prefix: &str) -> Result<Vec<Summary>, Unavailable> {
        let live = self.live();
        let mut summaries: Vec<Summary> = Vec::new();
        loop {
            let after = summaries.last().map(|summary| summary.name.clone());
            let page = self.setup().store.list(prefix, after.as_ref(), TURN).await?;
            if page.is_empty() {
                return Ok(summaries);
            }
            for info in page {
                let live = live.get(&info.name).map(|live| &**live);
                summaries.push(self.summarize(info, live).await?);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn summarize(
        &self,
        info: DocumentInfo,
        live: Option<&Live>,
    ) -> Result<Summary, Unavailable> {
        let DocumentInfo { name, id, created, changed, last, bytes } = info;
        let store = &self.setup().store;
        let meta = match live.and_then(Live::card) {
            Some(meta) => meta,
            None => Arc::new(
                known(store.record(id, card::KEY).await)?
                    .flatten()
                    .and_then(|it| card::read(&it.value))
                    .unwrap_or_default(),
            ),
        };
        let deleted = known(bin::deleted(&**store, id).await)?.flatten();
        let people = live.map_or(0, Live::people);
        Ok(Summary { name, id, meta, created, changed, last, bytes, people, deleted })
    }

    /// Begins a document; resolves when it is durable.
    ///
    /// # Errors
    /// When the name is taken, the content is refused, or nothing can be written.
    pub async fn create(
        &self,
        name: &DocumentName,
        content: Option<Bytes>,
        meta: MetaChanges,
        author: Arc<Author>,
    ) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let begin = Command::Begin { content, meta, author, reply };
        self.open(name)?.send(begin).await?;
        answer.await.map_err(|_| Unavailable::Reloading)?.map(drop)
    }

    /// Gives a name to a document that has nothing in it yet; one that is there stays as it is.
    ///
    /// # Errors
    /// When it is in the bin, somebody is about to bring another under this name, or nothing can be
    /// written.
    pub async fn begin(&self, name: &DocumentName) -> Result<(), Unavailable> {
        let store = &self.setup().store;
        if store.find(name).await?.is_some() {
            return if self.is_in_bin(name).await { Err(Unavailable::InBin) } else { Ok(()) };
        }
        self.check_free(name).await?;
        // Who has it open without having written comes back and finds it there.
        let _held = self.hold(name, CloseReason::Restart).await?;
        let (id, now) = (DocumentId::new(self.random()), self.clock().now());
        store.create(name, id, now).await?;
        Ok(())
    }

    /// Writes what a document says about itself; resolves when it is durable, after which everyone
    /// sees it.
    ///
    /// # Errors
    /// When there is none of this name, or nothing can be written.
    pub async fn edit_meta(
        &self,
        name: &DocumentName,
        changes: MetaChanges,
        author: Arc<Author>,
    ) -> Result<(), Unavailable> {
        if self.setup().store.find(name).await?.is_none() {
            return Err(Unavailable::Missing);
        }
        if self.is_in_bin(name).await {
            return Err(Unavailable::InBin);
        }
        let (reply, answer) = oneshot::channel();
        let edit = Command::EditMeta { changes, author, reply };
        self.open(name)?.send(edit).await?;
        answer.await.map_err(|_| Unavailable::Reloading)?.map(drop)
    }
}

/// A damaged document, or one that has just ended, is listed without what cannot be known.
fn known<T>(outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Damaged(_) | StoreError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}
