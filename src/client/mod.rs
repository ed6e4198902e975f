//! A client in Rust: a shared text that stays in step with a server.
//!
//! Speaks y-websocket framing, so any Yjs server will do for editing; being told what is *saved*
//! takes one that answers message 102, as this crate's does. The files, from the outside in:
//! `socket` connects, `document` says what to send, `link` remembers one connection, `presence` who
//! else is there.
//!
//! ```no_run
//! use coscribe::{client::{Client, Options}, ids::DocumentName};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let name = DocumentName::new("notes")?;
//! let client = Client::connect("ws://localhost:8080/ws", &name, Options::default())?;
//! client.synced().await?;
//! client.edit(|text| text.push("Hello from Rust.\n"))?;
//! client.saved().await?;
//! println!("on the server's disk: {}", client.text());
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod document;
pub mod download;
mod link;
mod options;
mod presence;
mod shared;
mod socket;
mod status;
#[cfg(test)]
mod tests;
pub mod wire;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};

pub use options::{Options, SetupError};
pub use status::{End, Refused, Status, Undelivered};

pub use crate::crdt::replica::{OutOfRange, TextEdit};
use crate::{
    identity::Access,
    ids::{ClientId, DocumentName},
};
use options::Address;
use shared::Shared;

/// A document that stays in step with a server by itself, also after the connection was lost.
///
/// Edits take effect here at once and are sent when they can be; they are kept in memory only, so
/// wait for [`Client::saved`] before letting go of what must not be lost. Dropping the client hangs
/// up without a goodbye.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Shared>,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Client {
    /// Begins to connect to a document of the server whose WebSockets are at `url`, such as
    /// `ws://localhost:8080/ws` or `wss://example.org/ws`.
    ///
    /// # Errors
    /// When `url` or an authority in the options cannot be used. That the server cannot be reached
    /// is no error but a [`Status`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect(
        url: &str,
        document: &DocumentName,
        options: Options,
    ) -> Result<Self, SetupError> {
        let address = Address::new(url, document, &options)?;
        let client = ClientId::new(&*options.random);
        let clock = Arc::clone(&options.clock);
        let shared = Arc::new(Shared::new(client, &options.root, clock));
        let (closing, closed) = watch::channel(false);
        let task = tokio::spawn(socket::run(Arc::clone(&shared), address, options, closed));
        Ok(Self { shared, closing, task })
    }

    /// The number under which this client writes and shows its presence.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.shared.id
    }

    /// The text as this client knows it.
    #[must_use]
    pub fn text(&self) -> String {
        self.shared.lock().text()
    }

    /// Changes the text, and gives what the change returns; all of it becomes one edit. Do not call
    /// the client from within.
    ///
    /// # Errors
    /// When the client has ended, or may only read; then nothing changes.
    pub fn edit<R>(&self, change: impl FnOnce(&mut TextEdit<'_>) -> R) -> Result<R, Refused> {
        if let Status::Ended(end) = &*self.shared.status.borrow() {
            return Err(end.clone().into());
        }
        let result = self.shared.lock().edit(change)?;
        self.shared.tell();
        Ok(result)
    }

    /// Passes on an edit that was made elsewhere, as it is. It is trusted like those of the server.
    ///
    /// # Errors
    /// When the client has ended, may only read, or the bytes are no update.
    pub fn deliver(&self, update: &Bytes) -> Result<(), Undelivered> {
        if let Status::Ended(end) = &*self.shared.status.borrow() {
            return Err(Refused::from(end.clone()).into());
        }
        self.shared.lock().deliver(update)?;
        self.shared.tell();
        Ok(())
    }

    /// Whether this client knows of nothing that anybody ever wrote in the document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.lock().is_empty()
    }

    /// Waits until every edit made so far is on the server's disk.
    ///
    /// # Errors
    /// When that cannot happen any more.
    pub async fn saved(&self) -> Result<(), Refused> {
        let number = self.shared.lock().made();
        self.shared
            .wait(|document| match document.is_saved(number) {
                Ok(saved) => saved.then_some(Ok(())),
                Err(refused) => Some(Err(refused)),
            })
            .await?
    }

    /// Waits until this client has what the server had when they connected.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn synced(&self) -> Result<(), Refused> {
        Ok(self.shared.wait(|document| document.is_synced().then_some(())).await?)
    }

    /// Waits for a text that satisfies `condition`, and gives it.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn until(&self, mut condition: impl FnMut(&str) -> bool) -> Result<String, Refused> {
        Ok(self
            .shared
            .wait(|document| Some(document.text()).filter(|text| condition(text)))
            .await?)
    }

    /// How the client is doing, now and from now on.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// Turns ready whenever the text, somebody's presence or what is saved may have changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// What the server lets this client do; `None` while it has not said so.
    #[must_use]
    pub fn access(&self) -> Option<Access> {
        self.shared.lock().access()
    }

    /// Shows a state to everyone who has the document open, such as a name and a caret; `None`
    /// takes it back.
    pub fn set_presence(&self, state: Option<&Value>) {
        self.shared.lock().presence().set(state);
        self.shared.tell();
    }

    /// What the others show, ordered by client.
    #[must_use]
    pub fn presence(&self) -> Vec<(ClientId, Value)> {
        self.shared.lock().presence().others()
    }

    /// Sends what still waits, takes back the presence and hangs up. Does not wait for anything to
    /// be saved: see [`Client::saved`].
    pub async fn close(mut self) {
        self.closing.send_replace(true);
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the client's task failed");
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}
