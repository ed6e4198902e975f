//! How a client is doing, and why it cannot do what was asked.
//!
//! Plain values; who computes them is `document` and `socket`.

use crate::crdt::replica::Unreadable;

/// Whether the server and this client are in touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// On the way: dialling, or connected and not yet in step with the server.
    Connecting,
    /// In step with the server; changes flow both ways.
    Online,
    /// The connection was lost and will be tried again; edits are kept in memory meanwhile.
    Offline {
        /// What happened.
        reason: String,
    },
    /// Over; no new attempt is made.
    Ended(End),
}

/// Why a client does not try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// The server will not have this client here, or would not take its edits.
    #[error("the server refused the connection: {reason}")]
    Denied {
        /// In the server's words.
        reason: String,
    },
    /// The document this client knew is gone; there may be another one of the same name. The old
    /// text is still in this client, for somebody to copy.
    #[error("the document was deleted on the server or replaced by another of the same name")]
    Replaced,
    /// [`close`](super::Client::close) was called, or the client's task was stopped.
    #[error("the client is closed")]
    Closed,
}

/// Why an edit was not made, or cannot be saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The client has ended.
    #[error(transparent)]
    Ended(#[from] End),
    /// The server lets this client read only.
    #[error("this client may read the document, not change it")]
    ReadOnly,
}

/// Why an edit that was made elsewhere is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// As with one's own.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It is not an update.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}
