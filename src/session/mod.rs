//! What a connection's frames mean: which documents they open, what waits for permission, what is
//! answered at once. Decides; performs nothing.
//!
//! [`Sessions`] is one connection's state: fed frames and decisions, it returns [`Effect`]s for
//! the edge to perform in order. Knows the dialects; knows no socket, document or clock.

mod hocuspocus;
mod y_websocket;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::{
    auth::Secret,
    identity::Access,
    ids::{DocumentId, DocumentName},
    limits::Limits,
    protocol::{Address, ClientMessage, CloseReason, Dialect, ProtocolError},
};

/// What the request that opened the connection said.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The document named by the path, if the path named one.
    pub document: Option<DocumentName>,
    /// Why the path cannot name a document.
    pub refused: Option<CloseReason>,
    /// One of our own clients, which wants to be greeted.
    pub greet: bool,
    /// The epoch that our own client holds a copy of.
    pub epoch: Option<DocumentId>,
}

/// Something for the edge to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Find out what the bearer may do with the document, then call [`Sessions::authorized`], or
    /// [`Sessions::reconsidered`] if the session has its document open.
    Authorize {
        /// The session that asks.
        session: u32,
        /// The document it asks for.
        document: DocumentName,
        /// What a frame shows besides what the request did.
        token: Option<Secret>,
    },
    /// Subscribe the session to its document.
    Open {
        /// The session.
        session: u32,
        /// Its document.
        document: DocumentName,
        /// What its frames carry in front.
        address: Address,
        /// What it may do.
        access: Access,
    },
    /// What an open session may do is now this.
    Change {
        /// The session.
        session: u32,
        /// What it may do.
        access: Access,
    },
    /// Unsubscribe the session, tell its client why, and let nothing more of the document reach it.
    TurnAway {
        /// The session.
        session: u32,
        /// Why.
        reason: CloseReason,
    },
    /// Hand a message to the session's document.
    Forward(u32, ClientMessage),
    /// Unsubscribe the session, or stop finding out whether it may open its document.
    Leave(u32),
    /// Write a frame.
    Send(Bytes),
    /// Hang up.
    Close(CloseReason),
}

/// What the bearer of a token may do, or why nothing.
pub type Decision = Result<Access, CloseReason>;

/// The sessions of one connection.
#[derive(Debug)]
pub struct Sessions {
    request: Request,
    bounds: Bounds,
    dialect: Option<Spoken>,
    strikes: u32,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    strikes: u32,
    sessions: usize,
    waiting_bytes: usize,
    waiting_messages: usize,
}

#[derive(Debug)]
enum Spoken {
    YWebsocket(y_websocket::Session),
    Hocuspocus(Box<hocuspocus::Sessions>),
}

impl Sessions {
    /// A connection that has said nothing yet.
    #[must_use]
    pub fn new(request: Request, limits: &Limits) -> Self {
        let bounds = Bounds {
            strikes: limits.strikes,
            sessions: limits.sessions_per_connection,
            waiting_bytes: limits.pre_auth_bytes,
            waiting_messages: limits.pre_auth_messages,
        };
        Self { request, bounds, dialect: None, strikes: 0 }
    }

    /// What the request that opened the connection said.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The dialect, once the first frame has shown it.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        self.dialect.as_ref().map(|spoken| match spoken {
            Spoken::YWebsocket(_) => Dialect::YWebsocket,
            Spoken::Hocuspocus(_) => Dialect::Hocuspocus,
        })
    }

    /// Takes a binary frame in.
    #[must_use]
    pub fn receive(&mut self, frame: &Bytes) -> Vec<Effect> {
        if frame.is_empty() {
            return Vec::new();
        }
        let Some(dialect) = self.dialect().or_else(|| Dialect::of_first_frame(frame)) else {
            return Vec::new();
        };
        let spoken = self.dialect.get_or_insert_with(|| match dialect {
            Dialect::YWebsocket => Spoken::YWebsocket(y_websocket::Session::new(&self.request)),
            Dialect::Hocuspocus => Spoken::Hocuspocus(Box::default()),
        });
        let effects = match spoken {
            Spoken::YWebsocket(session) => session.receive(frame, self.bounds),
            Spoken::Hocuspocus(sessions) => sessions.receive(frame, self.bounds),
        };
        effects.unwrap_or_else(|error| self.strike(error))
    }

    /// Whether so much waits for answers to [`Effect::Authorize`] that it is better not to read on.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        match &self.dialect {
            Some(Spoken::Hocuspocus(it)) => it.is_crowded(self.bounds),
            _ => false,
        }
    }

    /// Takes the answer to [`Effect::Authorize`] in.
    #[must_use]
    pub fn authorized(&mut self, session: u32, decision: Decision) -> Vec<Effect> {
        match &mut self.dialect {
            Some(Spoken::YWebsocket(it)) => it.authorized(decision),
            Some(Spoken::Hocuspocus(it)) => it.authorized(session, decision),
            None => Vec::new(),
        }
    }

    /// Takes in what an open session may do now.
    #[must_use]
    pub fn reconsidered(&mut self, session: u32, decision: Decision) -> Vec<Effect> {
        match &mut self.dialect {
            Some(Spoken::YWebsocket(it)) => it.reconsidered(decision),
            Some(Spoken::Hocuspocus(it)) => it.reconsidered(session, decision),
            None => Vec::new(),
        }
    }

    /// Asks a session's client for a fresh token, if its dialect has words for that; otherwise it
    /// comes back with one after it was hung up on.
    #[must_use]
    pub fn ask_for_token(&self, session: u32) -> Option<Effect> {
        match &self.dialect {
            Some(Spoken::Hocuspocus(it)) => it.ask_for_token(session),
            _ => None,
        }
    }

    /// The sessions that have their document open, each with its frames' address.
    #[must_use]
    pub fn open(&self) -> Vec<(u32, Address)> {
        match &self.dialect {
            Some(Spoken::YWebsocket(it)) if it.is_open() => vec![(0, Address::None)],
            Some(Spoken::Hocuspocus(it)) => it.open(),
            _ => Vec::new(),
        }
    }

    /// A frame that cannot be read is dropped; a connection that sends nothing else is closed.
    fn strike(&mut self, error: ProtocolError) -> Vec<Effect> {
        self.strikes += 1;
        if self.strikes < self.bounds.strikes {
            return Vec::new();
        }
        vec![Effect::Close(CloseReason::Malformed(error.to_string()))]
    }
}
