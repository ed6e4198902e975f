//! Everything one can ask of a document's actor.
//!
//! Commands of one session arrive in the order they were sent; nothing here waits for the disk.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Outbox, Permit,
    sync::{NOBODY, NOTHING},
};
use crate::{
    crdt::{MetaChanges, PresenceEntry},
    identity::{Access, Author},
    ids::{DocumentId, Seq, SubscriberId},
    protocol::{Address, ClientMessage, CloseReason},
};

/// A request to a document's actor.
#[derive(Debug)]
pub enum Command {
    /// A session opens the document.
    Subscribe(Box<NewSubscriber>),
    /// A session leaves; its presence goes with it.
    Unsubscribe(SubscriberId),
    /// What a session may do, and under whose name, is now this.
    Change {
        /// The session.
        session: SubscriberId,
        /// What it may do.
        access: Access,
        /// Under whose name its edits are kept.
        author: Author,
    },
    /// A session may no more: what waits for it is dropped, and nothing of it is taken.
    TurnAway(SubscriberId, CloseReason),
    /// A message from a session. The permit covers its bytes until they are durable or dropped.
    Message(SubscriberId, ClientMessage, Option<Permit>),
    /// An edit of a session that the program around the server does not allow.
    Refused {
        /// The session.
        from: SubscriberId,
        /// What it sent.
        update: Bytes,
        /// Whether that is its part of a handshake.
        step2: bool,
        /// Why.
        reason: String,
    },
    /// The connection has written everything; a session that was behind can be caught up.
    CaughtUp(SubscriberId),
    /// An app's message for every Hocuspocus session of the document.
    Stateless(String),
    /// An edit by the server itself: fanned out only once it is durable, then answered.
    Edit {
        /// A Yjs update, version 1.
        update: Bytes,
        /// Who it is by.
        author: Arc<Author>,
        /// The entry that must be the last, if it was made for no other state.
        expected: Option<Seq>,
        /// Whether it was accepted and is durable, and the entry that then was the last.
        reply: oneshot::Sender<Result<Seq, Unavailable>>,
    },
    /// Begins the document's life with this, unless it has one; answered once it is durable.
    Begin {
        /// A Yjs update, version 1, that a copy or a file brings.
        content: Option<Bytes>,
        /// What it says about itself.
        meta: MetaChanges,
        /// Who it is by.
        author: Arc<Author>,
        /// Whether the name was free and everything is durable.
        reply: oneshot::Sender<Result<Seq, Unavailable>>,
    },
    /// Writes in `meta`, as an edit by the server.
    EditMeta {
        /// What to write.
        changes: MetaChanges,
        /// Who it is by.
        author: Arc<Author>,
        /// Whether it is durable.
        reply: oneshot::Sender<Result<Seq, Unavailable>>,
    },
    /// Reads the whole document as one update.
    Read(oneshot::Sender<Result<Bytes, Unavailable>>),
    /// Reads the whole document and where in its past that is, once all of it is durable.
    ReadAt(oneshot::Sender<Result<Reading, Unavailable>>),
    /// Who has it open.
    Attendees(oneshot::Sender<Vec<Attendee>>),
    /// So many requests for access wait now: its owners are told.
    Asked(usize),
    /// Sends everybody away with this reason, makes everything durable, unloads.
    Stop(CloseReason, oneshot::Sender<()>),
}

impl Command {
    /// Whether edits that came before it must be applied first.
    pub(super) fn follows_edits(&self) -> bool {
        use ClientMessage::{Barrier, SyncStep1};
        match self {
            Self::Message(_, message, _) => matches!(message, SyncStep1(_) | Barrier(_)),
            Self::Subscribe(_) | Self::Stateless(_) => false,
            // What waits is judged by the rights of the moment at which it is applied.
            Self::Change { .. } | Self::TurnAway(..) => false,
            Self::Unsubscribe(_)
            | Self::Refused { .. }
            | Self::CaughtUp(_)
            | Self::Edit { .. }
            | Self::Begin { .. }
            | Self::EditMeta { .. }
            | Self::Read(_)
            | Self::ReadAt(_)
            | Self::Attendees(_)
            | Self::Asked(_)
            | Self::Stop(..) => true,
        }
    }
}

impl Command {
    /// Whether it can be served only once the CRDT has loaded the document. Whoever has nothing of a
    /// document gets what is stored, and says that they bring nothing.
    pub(super) fn needs_loading(&self) -> bool {
        use ClientMessage::{SyncStep1, SyncStep2, Update};
        match self {
            Self::Message(_, SyncStep1(state_vector), _) => *state_vector != NOBODY,
            Self::Message(_, SyncStep2(update), _) => *update != NOTHING,
            Self::Message(_, message, _) => matches!(message, Update(_)),
            Self::Refused { .. }
            | Self::Edit { .. }
            | Self::Begin { .. }
            | Self::EditMeta { .. }
            | Self::Read(_)
            | Self::ReadAt(_) => true,
            Self::Subscribe(_)
            | Self::Unsubscribe(_)
            | Self::Change { .. }
            | Self::TurnAway(..)
            | Self::CaughtUp(_)
            | Self::Stateless(_)
            | Self::Attendees(_)
            | Self::Asked(_)
            | Self::Stop(..) => false,
        }
    }
}

/// Who opens a document.
#[derive(Debug)]
pub struct NewSubscriber {
    /// Which session.
    pub id: SubscriberId,
    /// What its frames carry in front.
    pub address: Address,
    /// Where its frames go.
    pub outbox: Arc<Outbox>,
    /// What it may do.
    pub access: Access,
    /// Under whose name its edits are kept; a claimed name follows the presence it shows.
    pub author: Author,
    /// Whether it is one of our own clients, which are greeted with the document's epoch.
    pub greet: bool,
    /// Whether everybody may do everything here, which such a client is told.
    pub open: bool,
    /// The epoch it holds a copy of, if any.
    pub epoch: Option<DocumentId>,
}

/// A document as it was read.
#[derive(Debug)]
pub struct Reading {
    /// This life of it.
    pub id: DocumentId,
    /// All of it as one update.
    pub state: Bytes,
    /// Told the last entry in it when all of it is durable.
    pub(super) settled: oneshot::Receiver<Result<Seq, Unavailable>>,
}

/// A session as others may know it.
#[derive(Clone, Debug)]
pub struct Attendee {
    /// Which.
    pub id: SubscriberId,
    /// Under whose name its edits are kept.
    pub author: Arc<Author>,
    /// What it may do.
    pub access: Access,
    /// What it shows of itself.
    pub presence: Vec<PresenceEntry>,
    /// Bytes that its connection has not taken yet.
    pub waiting: usize,
    /// For how long it has not kept up.
    pub behind: Option<Duration>,
}

/// Why a document cannot serve a request now.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// It cannot be loaded; it is not shown as empty.
    #[error("the document cannot be loaded: {0}")]
    Damaged(String),
    /// The store takes no more edits.
    #[error("edits cannot be stored now: {0}")]
    Unwritable(String),
    /// The update was refused.
    #[error("{0}")]
    Refused(String),
    /// The document begins, and there is one of that name.
    #[error("there is already a document of this name")]
    Taken,
    /// It is no longer as it was when the edit was made.
    #[error("the document has changed")]
    Changed,
    /// There is no such document.
    #[error("there is no document of this name")]
    Missing,
    /// It is in the bin.
    #[error("this document is in the bin")]
    InBin,
    /// The document was unloaded or the server is stopping; try again.
    #[error("the document is being reloaded, try again")]
    Reloading,
}
