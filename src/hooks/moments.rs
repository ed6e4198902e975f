//! What each hook is given.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::{
    clock::Timestamp,
    identity::{Access, Author},
    ids::{ConnectionId, DocumentId, DocumentName, Seq},
};

/// A WebSocket was opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Connect {
    /// Its number.
    pub connection: ConnectionId,
    /// Where it comes from, when whoever serves the routes says so.
    pub peer: Option<SocketAddr>,
    /// The document in its address, if there is one.
    pub document: Option<DocumentName>,
}

/// A session wants to open a document, or a request is about one, and the authorizer has said how far it may go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authenticate {
    /// Its connection; 0 for a request.
    pub connection: ConnectionId,
    /// The document.
    pub document: DocumentName,
    /// How far it may go.
    pub access: Access,
    /// Under whose name its edits will be kept.
    pub author: Author,
}

/// A document is about to be read from the store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Load {
    /// Its name.
    pub document: DocumentName,
}

/// Somebody opens a document that does not exist.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FirstContent {
    /// Its name.
    pub document: DocumentName,
}

/// A client sent an edit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Update {
    /// The document.
    pub document: DocumentName,
    /// The connection.
    pub connection: ConnectionId,
    /// Bytes of the edit.
    pub bytes: usize,
}

/// A Hocuspocus provider sent a message for the others.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stateless {
    /// The document.
    pub document: DocumentName,
    /// The connection.
    pub connection: ConnectionId,
    /// The message.
    pub payload: String,
}

/// An edit has become part of a document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Updated {
    /// The document.
    pub document: DocumentName,
    /// When it was received.
    pub time: Timestamp,
    /// Who delivered it.
    pub author: Author,
    /// What was admitted of it: a Yjs update, version 1, that is sound and can be applied to a
    /// document that has what came before.
    pub update: Bytes,
}

/// Entries have become durable.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Saved {
    /// The document.
    pub document: DocumentName,
    /// This life of it, by which the store knows it.
    pub id: DocumentId,
    /// The last of them.
    pub last: Seq,
}

/// A document has come to rest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The document.
    pub document: DocumentName,
    /// This life of it.
    pub id: DocumentId,
    /// The last entry that the state contains.
    pub last: Seq,
    /// All of it as one Yjs update, version 1.
    pub state: Bytes,
}

/// Somebody is shown otherwise than before.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Presence {
    /// The document.
    pub document: DocumentName,
    /// The client ids of editors, each with what it shows as JSON; `null` when it has left.
    pub states: Vec<(u64, Bytes)>,
}

/// A version was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VersionMade {
    /// The document.
    pub document: DocumentName,
    /// Its id within the document.
    pub id: String,
    /// What it is called; empty when nobody named it.
    pub name: String,
    /// The last entry that it contains.
    pub seq: Seq,
    /// Who made it, or the edit that it ends with.
    pub author: Author,
    /// Whether it was made after a pause rather than by a person.
    pub automatic: bool,
}

/// A document has left memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unload {
    /// Its name.
    pub document: DocumentName,
}
