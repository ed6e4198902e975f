//! The documents of a server for the program that it runs in: found, made, read, edited, followed.
//!
//! Knows what `document` does and words it for people who write an app; no socket takes part, and
//! nobody's rights are asked: the program is the host.

mod handle;
mod follower;

use std::sync::Arc;

use bytes::Bytes;

pub use follower::{Event, Follower};
pub use handle::Document;

pub use crate::{
    crdt::{Kind, Meta, MetaChanges, replica::TextEdit},
    document::{Summary, Unavailable},
};
use crate::{
    document, http::socket::Connections, identity::Author, ids::DocumentName, storage::Store,
};

/// All documents of a server. Cheap to clone.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use coscribe::{Server, identity::Author, ids::DocumentName};
///
/// let server = Server::builder().memory().build().await?;
/// let notes = server.documents().get(&DocumentName::new("notes")?);
/// notes.edit_text(Author::server("bot"), |text| text.push("Hello.")).await?;
/// assert_eq!(notes.text().await?.as_deref(), Some("Hello."));
/// # server.shutdown().await?;
/// # anyhow::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Documents {
    all: document::Documents,
    connections: Connections,
}

impl Documents {
    pub(super) fn new(all: document::Documents, connections: Connections) -> Self {
        Self { all, connections }
    }

    /// The document of this name, whether there is one or not: its first edit makes it.
    #[must_use]
    pub fn get(&self, name: &DocumentName) -> Document {
        Document::new(self.clone(), name.clone())
    }

    /// What is known of all documents, those in the bin too, in the order of their names. Opens none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<Summary>, Unavailable> {
        self.all.summaries("").await
    }

    /// Begins a document that says this about itself, with content if there is some (a Yjs update of
    /// a whole document, version 1); resolves when it is durable.
    ///
    /// # Errors
    /// When the name is taken, so that of many who try at once only one succeeds; when the content
    /// is refused, or nothing can be written.
    pub async fn create(
        &self,
        name: &DocumentName,
        content: Option<Bytes>,
        meta: MetaChanges,
        author: Author,
    ) -> Result<Document, Unavailable> {
        self.all.create(name, content, meta, Arc::new(author)).await?;
        Ok(self.get(name))
    }

    /// The store that keeps them, for what it alone knows: every entry with its time and author.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        self.all.store()
    }

    /// How many are loaded now.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.all.loaded()
    }
}
