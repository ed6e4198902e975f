//! A local document and what it owes the server: frames in, frames out, no socket and no timer.
//!
//! Edits are numbered from 1. A barrier (message 102) asks about the highest number sent so far; its
//! echo says that everything up to it is durable. The numbers are absolute and outlive connections,
//! as each connection begins with a difference that holds every earlier edit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;

use super::{
    link::Link,
    presence::Presence,
    status::{End, Refused, Undelivered},
};
use crate::{
    crdt::replica::{Replica, TextEdit},
    identity::Access,
    ids::{ClientId, DocumentId},
    protocol::{
        ClientMessage, ServerMessage,
        varint::{self, Reader},
        y_websocket,
    },
};

/// What a frame from the server asks for beyond what is already done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Fine,
    /// Go on by a new connection; the reason is for a person.
    Reconnect(String),
    /// Stop for good.
    End(End),
}

/// The document of one client, over all its connections.
#[derive(Debug)]
pub(super) struct Document {
    replica: Replica,
    presence: Presence,
    epoch: Option<DocumentId>,
    access: Option<Access>,
    /// The number of the newest edit.
    made: u64,
    /// The highest number known to be durable.
    saved: u64,
    /// What passed on this connection; `None` between connections.
    link: Option<Link>,
}

/// The server's greeting (message 120). Fields of later servers are passed over.
#[derive(Deserialize)]
struct Hello {
    epoch: Option<DocumentId>,
    access: Option<Access>,
}

impl Document {
    pub(super) fn new(client: ClientId, root: &str) -> Self {
        Self {
            replica: Replica::new(client, root),
            presence: Presence::new(client),
            epoch: None,
            access: None,
            made: 0,
            saved: 0,
            link: None,
        }
    }

    pub(super) fn text(&self) -> String {
        self.replica.text()
    }

    pub(super) fn epoch(&self) -> Option<DocumentId> {
        self.epoch
    }

    pub(super) fn access(&self) -> Option<Access> {
        self.access
    }

    pub(super) fn presence(&mut self) -> &mut Presence {
        &mut self.presence
    }

    /// The number of the newest edit.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// Whether edits up to this number are durable; an error when they never will be.
    pub(super) fn is_saved(&self, number: u64) -> Result<bool, Refused> {
        if self.saved < number && !self.may_edit() {
            return Err(Refused::ReadOnly);
        }
        Ok(self.saved >= number)
    }

    /// Whether this connection has brought us in step with the server.
    pub(super) fn is_synced(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.synced)
    }

    /// Changes the text here; the update waits for its turn to be sent.
    pub(super) fn edit<R>(
        &mut self,
        change: impl FnOnce(&mut TextEdit<'_>) -> R,
    ) -> Result<R, Refused> {
        if !self.may_edit() {
            return Err(Refused::ReadOnly);
        }
        if let Some(link) = &mut self.link {
            link.make_room(&self.replica);
        }
        let (result, update) = self.replica.edit(change);
        if let Some(update) = update {
            self.made += 1;
            if let Some(link) = &mut self.link {
                link.queue(update);
            }
        }
        Ok(result)
    }

    /// Takes in an edit that was made elsewhere, and lets it wait for its turn to be sent.
    pub(super) fn deliver(&mut self, update: &Bytes) -> Result<(), Undelivered> {
        if !self.may_edit() {
            return Err(Refused::ReadOnly.into());
        }
        if let Some(link) = &mut self.link {
            link.make_room(&self.replica);
        }
        self.replica.apply(update)?;
        self.made += 1;
        if let Some(link) = &mut self.link {
            link.queue(update.clone());
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.replica.state_vector()[..] == [0]
    }

    /// An edit panicked half-way: what it did is in the replica and nowhere else. Sends it again
    /// with everything that the server has not confirmed.
    pub(super) fn recover(&mut self) {
        self.made += 1;
        if let Some(link) = &mut self.link {
            link.resend();
        }
    }

    pub(super) fn connected(&mut self) {
        self.link = Some(Link::default());
    }

    pub(super) fn disconnected(&mut self) {
        self.link = None;
        self.presence.disconnect();
    }

    /// Takes in a frame of the server.
    pub(super) fn receive(&mut self, frame: &Bytes, now: Duration) -> Outcome {
        let message = match y_websocket::decode_server(frame) {
            Ok(Some(message)) => message,
            Ok(None) => return Outcome::Fine,
            Err(error) => return reconnect(&error),
        };
        let Some(link) = &mut self.link else { return Outcome::Fine };
        match message {
            ServerMessage::SyncStep1(vector) => link.owe(vector),
            ServerMessage::SyncStep2(update) => match self.replica.apply(&update) {
                Ok(()) => link.synced = true,
                Err(error) => return reconnect(&error),
            },
            ServerMessage::Update(update) => {
                if let Err(error) = self.replica.apply(&update) {
                    return reconnect(&error);
                }
            }
            ServerMessage::Awareness(message) => {
                if let Err(error) = self.presence.receive(&message, now) {
                    tracing::warn!(%error, "the server sent presence that cannot be read");
                }
            }
            ServerMessage::Barrier(echo) => match Reader::new(&echo).uint() {
                Ok(number) if link.barrier == Some(number) => {
                    link.barrier = None;
                    // A reader's edits are dropped before the server answers.
                    if self.may_edit() {
                        self.saved = self.saved.max(number);
                    }
                }
                _ => return reconnect(&"the server answered what was not asked"),
            },
            ServerMessage::Hello(json) => return self.greet(&json),
            ServerMessage::PermissionDenied(reason) => {
                tracing::warn!(reason, "the server denies permission");
            }
            ServerMessage::SyncStatus(_)
            | ServerMessage::Authenticated(_)
            | ServerMessage::TokenRequest
            | ServerMessage::Stateless(_)
            | ServerMessage::Close(_)
            | ServerMessage::Ping => {}
        }
        Outcome::Fine
    }

    /// The next frame for the server, if any is due.
    pub(super) fn next_frame(&mut self, now: Duration) -> Option<Bytes> {
        let may_edit = self.may_edit();
        let link = self.link.as_mut()?;
        let may_ask = |link: &Link| may_edit && link.barrier.is_none() && link.is_drained();
        let message = match link.next(&self.replica) {
            Some(message) => message,
            None => match self.presence.due(now) {
                Some(states) => ClientMessage::Awareness(states),
                None if self.saved < self.made && may_ask(link) => {
                    link.barrier = Some(self.made);
                    let mut number = BytesMut::new();
                    varint::uint(&mut number, self.made);
                    ClientMessage::Barrier(number.freeze())
                }
                None => return None,
            },
        };
        Some(y_websocket::encode_client(&message).expect("only messages of the dialect are made"))
    }

    fn may_edit(&self) -> bool {
        self.access.is_none_or(Access::may_edit)
    }

    fn greet(&mut self, json: &str) -> Outcome {
        let hello: Hello = match serde_json::from_str(json) {
            Ok(hello) => hello,
            Err(error) => {
                return reconnect(&format!("the server's greeting is unreadable: {error}"));
            }
        };
        if self.epoch.is_some() && hello.epoch != self.epoch {
            // Two lives of a document must not be merged: everything would be there twice.
            return Outcome::End(End::Replaced);
        }
        let was_reader = !self.may_edit();
        self.epoch = hello.epoch;
        self.access = hello.access;
        if let Some(link) = self.link.as_mut().filter(|_| was_reader) {
            // What a reader wrote was dropped, if there was any.
            link.resend();
        }
        Outcome::Fine
    }
}

fn reconnect(reason: &dyn std::fmt::Display) -> Outcome {
    Outcome::Reconnect(reason.to_string())
}
