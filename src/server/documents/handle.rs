//! One document, for the program that the server runs in.

use std::sync::Arc;

use bytes::Bytes;

use super::{Documents, Follower};
use crate::{
    convert::{self, Format},
    crdt::{
        MetaChanges, content,
        copy::{self, Transaction, TransactionMut},
        replica::{Replica, TextEdit},
    },
    document::{Command, DocumentHandle, Summary, Unavailable},
    identity::Author,
    ids::{ClientId, DocumentName, Seq},
};

/// The root text of the documents that are text.
const TEXT: &str = "text";

/// A document, open or not. Cheap to clone; holding one keeps nothing loaded.
#[derive(Clone, Debug)]
pub struct Document {
    documents: Documents,
    name: DocumentName,
}

impl Document {
    pub(super) fn new(documents: Documents, name: DocumentName) -> Self {
        Self { documents, name }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &DocumentName {
        &self.name
    }

    /// What is known of it without opening it; `None` when there is none of this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn summary(&self) -> Result<Option<Summary>, Unavailable> {
        self.documents.all.summary(&self.name).await
    }

    /// The whole of it as one Yjs update, version 1; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn state(&self) -> Result<Option<Bytes>, Unavailable> {
        self.documents.all.state(&self.name).await
    }

    /// What it says, as plain text with blocks on lines of their own; `None` when there is none of
    /// this name.
    ///
    /// # Errors
    /// When it cannot be loaded or read.
    pub async fn text(&self) -> Result<Option<String>, Unavailable> {
        let Some(state) = self.state().await? else { return Ok(None) };
        let read = move || content::text(&state).map_err(|error| error.to_string());
        aside(read).await.map(Some)
    }

    /// It as a file of this format; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it cannot be loaded or read.
    pub async fn export(&self, format: Format) -> Result<Option<Vec<u8>>, Unavailable> {
        let Some(state) = self.state().await? else { return Ok(None) };
        let write = move || convert::export(&state, format).map_err(|error| error.to_string());
        aside(write).await.map(Some)
    }

    /// Looks at a copy of it with yrs, on a thread where that may take its time; `None` when there
    /// is none of this name.
    ///
    /// # Errors
    /// When it cannot be loaded, or `look` panics.
    pub async fn read<R: Send + 'static>(
        &self,
        look: impl FnOnce(&Transaction<'_>) -> R + Send + 'static,
    ) -> Result<Option<R>, Unavailable> {
        let Some(state) = self.state().await? else { return Ok(None) };
        aside(move || copy::read(&state, look)).await.map(Some)
    }

    /// Changes it with yrs: `change` works on a copy in one transaction, on a thread where that may
    /// take its time, and what it did is then merged, whatever others did meanwhile. Resolves, when
    /// that is durable and shown to everybody, to what `change` returned.
    ///
    /// Reading the copy costs as much as the document is long; [`Document::apply`] does not.
    ///
    /// # Errors
    /// When it is in the bin, cannot be loaded, refuses the change, or `change` panics: nothing is
    /// changed then.
    pub async fn edit<R: Send + 'static>(
        &self,
        author: Author,
        change: impl FnOnce(&mut TransactionMut<'_>) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let (handle, client) = (self.open()?, self.client());
        let state = handle.read().await?;
        let (result, update) = aside(move || copy::edit(&state, client, change)).await?;
        if let Some(update) = update {
            handle.edit(update, Arc::new(author)).await?;
        }
        Ok(result)
    }

    /// The same for a document that is Markdown or code, which is one text.
    ///
    /// # Errors
    /// As [`Document::edit`].
    pub async fn edit_text<R: Send + 'static>(
        &self,
        author: Author,
        change: impl FnOnce(&mut TextEdit<'_>) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let (handle, client) = (self.open()?, self.client());
        let state = handle.read().await?;
        let work = move || {
            let mut replica = Replica::new(client, TEXT);
            replica.apply(&state).map_err(|error| error.to_string())?;
            Ok(replica.edit(change))
        };
        let (result, update) = aside(work).await?;
        if let Some(update) = update {
            handle.edit(update, Arc::new(author)).await?;
        }
        Ok(result)
    }

    /// Merges a Yjs update, version 1, which is checked like one that a client sends; resolves, when
    /// it is durable and shown to everybody, to the entry that then is the last.
    ///
    /// # Errors
    /// When it is refused, depends on edits that the document lacks, or cannot be stored.
    pub async fn apply(&self, update: Bytes, author: Author) -> Result<Seq, Unavailable> {
        self.open()?.edit(update, Arc::new(author)).await
    }

    /// Writes what it says about itself, such as its title; resolves when that is durable.
    ///
    /// # Errors
    /// When there is none of this name, or nothing can be written.
    pub async fn edit_meta(&self, changes: MetaChanges, author: Author) -> Result<(), Unavailable> {
        self.documents.all.edit_meta(&self.name, changes, Arc::new(author)).await
    }

    /// Sends an app's message to everybody who has it open with a Hocuspocus provider (`stateless`).
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn send_stateless(&self, payload: &str) -> Result<(), Unavailable> {
        self.open()?.send(Command::Stateless(payload.to_owned())).await
    }

    /// Begins to follow what happens in it; keeps it loaded.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn follow(&self) -> Result<Follower, Unavailable> {
        Follower::begin(self.documents.clone(), self.name.clone(), self.client()).await
    }

    /// Puts it into the bin, and everybody out of it.
    ///
    /// # Errors
    /// When there is none of this name, or nothing can be written.
    pub async fn put_into_bin(&self) -> Result<(), Unavailable> {
        self.documents.all.put_into_bin(&self.name).await
    }

    /// Takes it out of the bin.
    ///
    /// # Errors
    /// When it is not there, or nothing can be written.
    pub async fn restore(&self) -> Result<(), Unavailable> {
        self.documents.all.restore(&self.name).await
    }

    /// Ends it for ever, past included. Its name is free again, and old copies on devices are not
    /// let into whatever takes it.
    ///
    /// # Errors
    /// When there is none of this name, or nothing can be written.
    pub async fn delete(&self) -> Result<(), Unavailable> {
        self.documents.all.delete(&self.name).await
    }

    fn open(&self) -> Result<DocumentHandle, Unavailable> {
        self.documents.all.open(&self.name)
    }

    fn client(&self) -> ClientId {
        ClientId::new(self.documents.all.random())
    }
}

/// Works on a thread that serves nobody.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, Unavailable> {
    let working = tokio::task::spawn_blocking(work).await;
    let done = working.unwrap_or_else(|_| Err("the program's own part of it panicked".into()));
    done.map_err(Unavailable::Refused)
}
