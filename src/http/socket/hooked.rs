//! Where a connection waits for what the program around the server says: whether it may go on, how
//! far a session may go, what a document begins with, whether an edit may be made.
//!
//! Only this connection waits; what others do goes on.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{admission::Admission, perform::cost, pump::Pump};
use crate::{
    auth::{Denied, Grant},
    crdt::MetaChanges,
    document::{Command, Documents, Unavailable},
    hooks::{Authenticate, Connect, FirstContent, Refusal, Runner, Stateless, Update},
    identity::Author,
    ids::{ConnectionId, DocumentName},
    protocol::{ClientMessage, CloseReason},
    telemetry::warnings::DocumentNotBegun,
};

/// An update with nothing in it: what a client that has nothing answers in the handshake.
const NOTHING: &[u8] = &[0, 0];

/// What becomes of a session that may open its document.
pub(super) async fn decided(
    documents: &Documents,
    connection: ConnectionId,
    admission: Admission,
) -> Admission {
    if !documents.hooks().is_some() {
        return admission;
    }
    let Admission { decision, document, token, renamed } = admission;
    let decision = match decision {
        Ok(grant) => match granted(documents.hooks(), connection, &document, grant).await {
            Ok(grant) => begin(documents, &document).await.map(|()| grant),
            Err(Refusal(reason)) => Err(CloseReason::Forbidden(reason)),
        },
        refused => refused,
    };
    Admission { decision, document, token, renamed }
}

/// How far somebody may go after the program around the server had its say.
pub(in crate::http) async fn granted(
    hooks: &Runner,
    connection: ConnectionId,
    document: &DocumentName,
    grant: Grant,
) -> Result<Grant, Refusal> {
    if !hooks.is_some() {
        return Ok(grant);
    }
    let (document, author) = (document.clone(), grant.author(connection.0));
    let asked = Authenticate { connection, document, access: grant.access, author };
    let access = hooks.authenticate(asked).await?;
    let grant = Grant { access, ..grant };
    if grant.may_view() { Ok(grant) } else { Err(Refusal::new(Denied::Forbidden.to_string())) }
}

/// Lets a document that does not exist begin with what the program has for it. Of many who come at
/// once one brings it in; for the others it is there then.
pub(in crate::http) async fn begin(
    documents: &Documents,
    name: &DocumentName,
) -> Result<(), CloseReason> {
    let found = documents.store().find(name).await;
    if found.map_err(|error| CloseReason::Storage(error.to_string()))?.is_some() {
        return Ok(());
    }
    let asked = FirstContent { document: name.clone() };
    let content = match documents.hooks().first_content(asked).await {
        Ok(content) => match content.filter(|content| content[..] != *NOTHING) {
            Some(content) => content,
            None => return Ok(()),
        },
        Err(Refusal(reason)) => return Err(CloseReason::Storage(reason)),
    };
    let author = Arc::new(Author::server(""));
    match documents.create(name, Some(content), MetaChanges::default(), author).await {
        Ok(()) | Err(Unavailable::Taken) => Ok(()),
        Err(reason) => {
            DocumentNotBegun { document: name, reason: &reason }.note();
            Err(CloseReason::Storage(reason.to_string()))
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    /// Asks whether the connection may go on; one that may not is told so and closed.
    pub(super) async fn ask_to_connect(
        &mut self,
        peer: Option<SocketAddr>,
        document: Option<DocumentName>,
    ) {
        let hooks = self.sockets.documents.hooks().clone();
        if hooks.is_some() {
            let asked = Connect { connection: self.registration.id, peer, document };
            if let Err(Refusal(reason)) = hooks.connect(asked).await {
                self.outbox.close(CloseReason::Forbidden(reason));
            }
        }
    }

    /// Gives a message back that nobody has to be asked about; asks about the others and hands them
    /// on, or not, when the answer is there. Nothing is read of the connection meanwhile.
    pub(super) fn ask_about(
        &mut self,
        session: u32,
        message: ClientMessage,
    ) -> Option<ClientMessage> {
        let hooks = self.sockets.documents.hooks();
        let concerns = match &message {
            ClientMessage::Update(_) | ClientMessage::Stateless(_) => true,
            ClientMessage::SyncStep2(update) => update[..] != *NOTHING,
            _ => false,
        };
        if !hooks.is_some() || !concerns {
            return Some(message);
        }
        let handle = self.documents.get(&session).cloned()?;
        let (hooks, budget) = (hooks.clone(), Arc::clone(&self.budget));
        let (from, connection) = (self.subscriber(session), self.registration.id);
        let document = handle.name().clone();
        self.blocked = Some(Box::pin(async move {
            let permit = match cost(&message) {
                Some(bytes) => Some(budget.take(bytes).await),
                None => None,
            };
            let asked = |bytes: &Bytes| Update {
                document: document.clone(),
                connection,
                bytes: bytes.len(),
            };
            let turned_down = |update: &Bytes, step2, Refusal(reason)| Command::Refused {
                from,
                update: update.clone(),
                step2,
                reason,
            };
            let command = match message {
                ClientMessage::Update(ref update) => match hooks.update(asked(update)).await {
                    Ok(()) => Command::Message(from, message, permit),
                    Err(refusal) => turned_down(update, false, refusal),
                },
                ClientMessage::SyncStep2(ref update) => match hooks.update(asked(update)).await {
                    Ok(()) => Command::Message(from, message, permit),
                    Err(refusal) => turned_down(update, true, refusal),
                },
                ClientMessage::Stateless(payload) => {
                    let asked = Stateless { document, connection, payload };
                    match hooks.stateless(asked).await {
                        Ok(payload) => {
                            Command::Message(from, ClientMessage::Stateless(payload), permit)
                        }
                        Err(_) => return Ok(()),
                    }
                }
                message => Command::Message(from, message, permit),
            };
            handle.hand_over(Box::new(command)).await
        }));
        None
    }
}
