//! The way to a document's actor: commands go into its mailbox, and who comes too late is told why.
//!
//! Knows nothing of what the actor does with them.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{Command, Unavailable, live::Live, load::turn_away};
use crate::{
    identity::Author,
    ids::{DocumentName, Seq},
    protocol::CloseReason,
};

/// The way to a document's actor. Cheap to clone; holding one keeps the document loaded.
#[derive(Clone, Debug)]
pub struct DocumentHandle {
    pub(super) name: DocumentName,
    pub(super) mailbox: mpsc::Sender<Box<Command>>,
    pub(super) live: Arc<Live>,
}

impl DocumentHandle {
    /// What the document was called when it was opened.
    #[must_use]
    pub fn name(&self) -> &DocumentName {
        &self.name
    }

    /// Hands over a command if the mailbox has room; gives it back otherwise. Who comes too late to a
    /// document that could not be loaded is told so as those before are.
    ///
    /// # Errors
    /// `Some(command)` when the mailbox is full, `None` when the document has been unloaded.
    pub fn try_send(&self, command: Box<Command>) -> Result<(), Option<Box<Command>>> {
        match self.mailbox.try_send(command) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(command)) => Err(Some(command)),
            Err(mpsc::error::TrySendError::Closed(command)) => {
                self.answer(*command).map_err(|_| None)
            }
        }
    }

    /// Hands over a session's command, waiting for room; otherwise as [`DocumentHandle::try_send`].
    ///
    /// # Errors
    /// Why to hang up: the document has been unloaded in the meantime.
    pub async fn hand_over(&self, command: Box<Command>) -> Result<(), CloseReason> {
        match self.mailbox.send(command).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendError(command)) => self.answer(*command),
        }
    }

    /// Turns away what an actor that failed to load was too quick to hear.
    fn answer(&self, command: Command) -> Result<(), CloseReason> {
        let reason = self.live.failure().ok_or(CloseReason::Restart)?;
        turn_away(command, reason);
        Ok(())
    }

    /// Hands over a command, waiting for room.
    ///
    /// # Errors
    /// When the document has been unloaded in the meantime, or why it could not be loaded.
    pub async fn send(&self, command: Command) -> Result<(), Unavailable> {
        let sent = self.mailbox.send(Box::new(command)).await;
        sent.map_err(|_| self.live.failure().cloned().unwrap_or(Unavailable::Reloading))
    }

    /// Applies an edit by the server; resolves when it is durable, after which everyone sees it, to
    /// the entry that then is the last.
    ///
    /// # Errors
    /// When it is refused or cannot be stored.
    pub async fn edit(&self, update: Bytes, author: Arc<Author>) -> Result<Seq, Unavailable> {
        self.edit_if(update, author, None).await
    }

    /// The same if the last entry still is this one.
    ///
    /// # Errors
    /// When it is not, or the edit is refused or cannot be stored.
    pub async fn edit_if(
        &self,
        update: Bytes,
        author: Arc<Author>,
        expected: Option<Seq>,
    ) -> Result<Seq, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Edit { update, author, expected, reply }).await?;
        answer.await.map_err(|_| Unavailable::Reloading)?
    }

    /// Reads the whole document as one update.
    ///
    /// # Errors
    /// When the document cannot be loaded.
    pub async fn read(&self) -> Result<Bytes, Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Read(reply)).await?;
        answer.await.map_err(|_| Unavailable::Reloading)?
    }
}
