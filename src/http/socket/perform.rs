//! Performs what a connection's sessions decided: opens documents and hands them messages.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep},
};

use super::{
    admission::{Applicant, admission},
    hooked,
    pump::{Pump, Todo},
    questions::Answer,
};
use crate::{
    auth::{Grant, Secret},
    document::{Command, NewSubscriber},
    identity::{Access, Author},
    ids::DocumentName,
    protocol::{Address, ClientMessage, CloseReason},
    session::Effect,
};

/// What anything that waits for the disk costs on top of its bytes: room in queues and, for an
/// edit, a record of its own.
const WAITING_COST: usize = 256;

/// Other messages are handled at once, so that only large ones count.
const FREE_BYTES: usize = 16 * 1024;

/// The bytes of the budget that a message takes while it is on its way.
pub(super) fn cost(message: &ClientMessage) -> Option<usize> {
    let bytes = match message {
        ClientMessage::Update(bytes)
        | ClientMessage::SyncStep2(bytes)
        | ClientMessage::Barrier(bytes) => return Some(bytes.len() + WAITING_COST),
        ClientMessage::SyncStep1(bytes) | ClientMessage::Awareness(bytes) => bytes.len(),
        ClientMessage::Stateless(text) => text.len(),
        ClientMessage::QueryAwareness
        | ClientMessage::Token { .. }
        | ClientMessage::Close
        | ClientMessage::Pong
        | ClientMessage::Unknown(_) => 0,
    };
    (bytes > FREE_BYTES).then_some(bytes)
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    /// Performs what is to be done until something blocks.
    pub(super) fn perform(&mut self) {
        while self.blocked.is_none()
            && let Some(todo) = self.todo.pop_front()
        {
            self.perform_one(todo);
        }
        if self.todo.is_empty() {
            // A connection at rest has nothing to do, and needs no room for it.
            self.todo = VecDeque::new();
        }
    }

    /// Performs this at once, unless something blocks or waits: then it comes after that.
    pub(super) fn perform_in_turn(&mut self, todo: Todo) {
        if self.blocked.is_none() && self.todo.is_empty() {
            self.perform_one(todo);
        } else {
            self.todo.push_back(todo);
        }
    }

    fn perform_one(&mut self, todo: Todo) {
        match todo {
            Todo::CaughtUp(session) => {
                self.tell(session, Command::CaughtUp(self.subscriber(session)));
            }
            Todo::Effect(Effect::Send(frame)) => self.outbox.push(frame),
            Todo::Effect(Effect::Close(reason)) => self.outbox.close(reason),
            Todo::Effect(Effect::Forward(session, message)) => self.forward(session, message),
            Todo::Effect(Effect::Leave(session)) => {
                self.tell(session, Command::Unsubscribe(self.subscriber(session)));
                self.documents.remove(&session);
                self.rights.remove(&session);
                self.questions.drop_about(session);
            }
            Todo::Effect(Effect::Change { session, access }) => {
                let author = self.author(session);
                let session_id = self.subscriber(session);
                self.tell(session, Command::Change { session: session_id, access, author });
            }
            Todo::Effect(Effect::TurnAway { session, reason }) => {
                self.tell(session, Command::TurnAway(self.subscriber(session), reason));
                self.documents.remove(&session);
                self.rights.remove(&session);
                self.questions.drop_about(session);
            }
            Todo::Effect(Effect::Open { session, document, address, access }) => {
                self.open(session, &document, address, access);
            }
            Todo::Effect(Effect::Authorize { session, document, token }) => {
                self.authorize(session, document, token);
            }
        }
    }

    /// Asks what a session may do. Everything else goes on meanwhile.
    fn authorize(&mut self, session: u32, document: DocumentName, token: Option<Secret>) {
        if self.documents.contains_key(&session) {
            return self.show(session, token);
        }
        self.ask_first(session, document, token, Instant::now(), Duration::ZERO);
    }

    /// Asks what a session may do that has wanted its document since then.
    pub(super) fn ask_first(
        &mut self,
        session: u32,
        document: DocumentName,
        token: Option<Secret>,
        since: Instant,
        pause: Duration,
    ) {
        let credentials = self.credentials(token.as_ref());
        let applicant =
            Applicant { document, epoch: self.sessions.request().epoch, token, credentials };
        let (sockets, connection) = (Arc::clone(&self.sockets), self.registration.id);
        let asking = Box::pin(async move {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            let admission = admission(&sockets.documents, &sockets.rights, applicant).await;
            let admission = hooked::decided(&sockets.documents, connection, admission).await;
            Answer::First(Box::new(admission), since)
        });
        self.questions.ask_first(session, asking);
    }

    /// Under whose name a session's edits are kept.
    fn author(&self, session: u32) -> Author {
        let grant = self.rights.get(&session).map(|held| &held.grant);
        grant.unwrap_or(&Grant::of(Access::None)).author(self.registration.id.0)
    }

    fn open(&mut self, session: u32, name: &DocumentName, address: Address, access: Access) {
        let Ok(document) = self.sockets.documents.open(name) else {
            self.outbox.close(CloseReason::Restart);
            return;
        };
        self.documents.insert(session, document);
        let subscribe = Command::Subscribe(Box::new(NewSubscriber {
            id: self.subscriber(session),
            address,
            outbox: Arc::clone(&self.outbox),
            access,
            author: self.author(session),
            greet: self.sessions.request().greet,
            open: self.sockets.rights.is_open(),
            epoch: self.sessions.request().epoch,
        }));
        self.tell(session, subscribe);
    }

    fn forward(&mut self, session: u32, message: ClientMessage) {
        let subscriber = self.subscriber(session);
        if matches!(message, ClientMessage::Barrier(_)) && !self.sessions.request().greet {
            self.quicken();
        }
        let Some(message) = self.ask_about(session, message) else { return };
        let Some(bytes) = cost(&message) else {
            self.tell(session, Command::Message(subscriber, message, None));
            return;
        };
        if let Some(permit) = self.budget.try_take(bytes) {
            self.tell(session, Command::Message(subscriber, message, Some(permit)));
            return;
        }
        let Some(document) = self.documents.get(&session).cloned() else { return };
        let budget = Arc::clone(&self.budget);
        self.blocked = Some(Box::pin(async move {
            let permit = budget.take(bytes).await;
            let command = Command::Message(subscriber, message, Some(permit));
            document.hand_over(Box::new(command)).await
        }));
    }

    /// A y-sweet client hangs up after 3 s without a message once it has asked.
    fn quicken(&mut self) {
        let keepalive = self.limits().keepalive_y_sweet;
        if self.lifetime.keepalive != keepalive {
            self.lifetime.keepalive = keepalive;
            self.reset_timer();
        }
    }

    /// Hands a command to a session's document, waiting for room if there is none.
    fn tell(&mut self, session: u32, command: Command) {
        let Some(document) = self.documents.get(&session) else { return };
        match document.try_send(Box::new(command)) {
            Ok(()) => {}
            Err(None) => self.outbox.close(CloseReason::Restart),
            Err(Some(command)) => {
                let document = document.clone();
                self.blocked = Some(Box::pin(async move { document.hand_over(command).await }));
            }
        }
    }
}
