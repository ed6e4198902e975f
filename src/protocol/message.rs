//! What a frame means, the same for every dialect.

use std::sync::Arc;

use bytes::Bytes;

/// A family of clients, found from a connection's first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// y-websocket 1.x to 3.x; y-sweet clients speak it too and add message 102.
    YWebsocket,
    /// The Hocuspocus provider 2.x to 4.x: every frame carries an address.
    Hocuspocus,
}

impl Dialect {
    /// Tells the dialect from the first frame of a connection: y-websocket and y-sweet clients
    /// open with a sync message (first byte 0), a Hocuspocus frame begins with the length of a
    /// non-empty address. `None` for an empty frame.
    #[must_use]
    pub fn of_first_frame(frame: &[u8]) -> Option<Self> {
        match frame.first()? {
            0 => Some(Self::YWebsocket),
            _ => Some(Self::Hocuspocus),
        }
    }
}

/// What a server frame carries in front, so that the client finds the document it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// y-websocket: nothing, a connection has one document.
    None,
    /// Hocuspocus: exactly the address the client used, `name` or `name\0session`.
    Hocuspocus(Arc<[u8]>),
}

/// A frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage {
    /// Asks for what the client lacks, given its state vector.
    SyncStep1(Bytes),
    /// What the server lacked.
    SyncStep2(Bytes),
    /// A live edit.
    Update(Bytes),
    /// Presence states.
    Awareness(Bytes),
    /// Asks for all presence states.
    QueryAwareness,
    /// Hocuspocus: who wants in. `version` is the provider's, sent since 4.0.
    Token {
        /// Opaque, may be empty.
        token: String,
        /// Such as `4.8.0`.
        version: Option<String>,
    },
    /// Hocuspocus: an app's own message.
    Stateless(String),
    /// Hocuspocus: leave this document, keep the socket.
    Close,
    /// Message 102: answer with the same payload once everything before it is durable.
    Barrier(Bytes),
    /// Hocuspocus 4: answer to a ping.
    Pong,
    /// A type nobody knows, or one that clients must not send; ignored.
    Unknown(u64),
}

/// What a Hocuspocus client may do, as told to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read and write.
    ReadWrite,
    /// Read.
    ReadOnly,
}

/// A frame to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerMessage {
    /// Asks for what the server lacks.
    SyncStep1(Bytes),
    /// Ends the answer to a client's step 1.
    SyncStep2(Bytes),
    /// A change.
    Update(Bytes),
    /// Presence states (an encoded awareness message).
    Awareness(Bytes),
    /// Hocuspocus: one counted message is durable (`true`) or was refused (`false`).
    SyncStatus(bool),
    /// Message 102, y-websocket framing only.
    Barrier(Bytes),
    /// You may not (y-websocket: type 2; Hocuspocus: auth 1).
    PermissionDenied(String),
    /// Hocuspocus: you may.
    Authenticated(Scope),
    /// Hocuspocus: send your token again.
    TokenRequest,
    /// Hocuspocus: an app's own message.
    Stateless(String),
    /// Hocuspocus: this document is closed for you, with the reason.
    Close(String),
    /// Hocuspocus 4 only.
    Ping,
    /// Our own clients only, message 120 in y-websocket framing: JSON text (see `session::hello`).
    Hello(String),
}

/// Why a frame cannot be read; the message is for a log and a close reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// It ends before it should.
    #[error("the frame ends too early")]
    Truncated,
    /// A number is too large or too long.
    #[error("a number in the frame is out of range")]
    Number,
    /// A text is not UTF-8.
    #[error("a text in the frame is not UTF-8")]
    Text,
    /// A sync message of a kind that does not exist.
    #[error("an unknown kind of sync message")]
    SyncKind,
    /// A Hocuspocus address names no document.
    #[error("the frame's address is empty")]
    Address,
}
