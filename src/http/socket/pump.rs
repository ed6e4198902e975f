//! One connection's task: polls the socket, the queue of frames and the clock, and performs what
//! the sessions decide.

use std::{
    collections::{BTreeMap, VecDeque},
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Sink, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    Edge, Metered,
    connections::Registration,
    lifetime::{Due, Lifetime},
};
use crate::{
    crdt::encode_presence,
    document::{Budget, Command, DocumentHandle, NewSubscriber, Outbox, Taken},
    identity::{Access, Author, AuthorKind},
    ids::{DocumentName, SubscriberId},
    limits::Limits,
    protocol::{Address, ClientMessage, CloseReason, ServerMessage},
    session::{Effect, Request, Sessions},
};

/// Bytes taken from the queue before a flush; one more frame may come on top.
const WRITE_BYTES: usize = 16 * 1024;

/// How long a refused client waits for its close frame: old y-websocket clients reconnect 100 ms
/// after it, whatever it says.
const REFUSAL_PAUSE: std::time::Duration = std::time::Duration::from_millis(1_000);

pub(super) struct Pump<S> {
    socket: WebSocketStream<Metered<S>>,
    edge: Arc<Edge>,
    request: Request,
    sessions: Sessions,
    documents: BTreeMap<u32, DocumentHandle>,
    outbox: Arc<Outbox>,
    budget: Arc<Budget>,
    registration: Registration,
    /// Effects not yet performed; more than one only while something blocks.
    todo: VecDeque<Todo>,
    /// Waits for a permit or for room in a mailbox; nothing is read meanwhile.
    blocked: Option<Pin<Box<dyn Future<Output = Result<(), CloseReason>> + Send>>>,
    taken: Vec<Bytes>,
    unflushed: bool,
    lifetime: Lifetime,
    bytes_read: u64,
    timer: Pin<Box<Sleep>>,
}

enum Todo {
    Effect(Effect),
    CaughtUp(u32),
}

enum Event {
    Received(Message),
    Broken(tungstenite::Error),
    Ended,
    Unblocked(Result<(), CloseReason>),
    Taken(Taken),
    Timer,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    pub(super) fn new(
        socket: WebSocketStream<Metered<S>>,
        request: Request,
        edge: Arc<Edge>,
    ) -> Self {
        let limits = edge.documents.limits();
        let outbox = Arc::new(Outbox::new(limits.outbox_bytes));
        let lifetime = Lifetime::new(Instant::now(), limits);
        Self {
            sessions: Sessions::new(request.clone(), limits),
            budget: edge.documents.budget().share(limits.unsaved_bytes_per_connection),
            registration: edge.connections.register(&outbox),
            timer: Box::pin(sleep_until(
                Instant::now() + limits.handshake_timeout.min(limits.keepalive),
            )),
            socket,
            request,
            documents: BTreeMap::new(),
            outbox,
            todo: VecDeque::new(),
            blocked: None,
            taken: Vec::new(),
            unflushed: false,
            lifetime,
            bytes_read: 0,
            edge,
        }
    }

    pub(super) async fn run(mut self) {
        while let Some(event) = poll_fn(|context| self.poll(context)).await {
            if self.on_event(event).is_break() {
                break;
            }
            self.perform();
        }
        self.outbox.abandon();
        for (session, document) in std::mem::take(&mut self.documents) {
            // An unloaded document has forgotten the session already.
            let _ = document.send(Command::Unsubscribe(self.subscriber(session))).await;
        }
    }

    fn limits(&self) -> &Limits {
        self.edge.documents.limits()
    }

    fn subscriber(&self, session: u32) -> SubscriberId {
        SubscriberId { connection: self.registration.id, session }
    }

    /// The next thing that happened; `None` when the socket can no longer be written.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if ready!(self.poll_write(context)).is_err() {
            return Poll::Ready(None);
        }
        if !self.unflushed
            && let Poll::Ready(taken) = self.outbox.poll_take(context, WRITE_BYTES, &mut self.taken)
            && !(matches!(taken, Taken::Close(_)) && self.is_ending())
        {
            return Poll::Ready(Some(Event::Taken(taken)));
        }
        if let Some(blocked) = &mut self.blocked {
            if let Poll::Ready(outcome) = blocked.as_mut().poll(context) {
                self.blocked = None;
                return Poll::Ready(Some(Event::Unblocked(outcome)));
            }
        } else if self.is_ending() || !self.outbox.is_choked() {
            if let Poll::Ready(next) = self.socket.poll_next_unpin(context) {
                return Poll::Ready(Some(match next {
                    Some(Ok(message)) => Event::Received(message),
                    Some(Err(error)) => Event::Broken(error),
                    None => Event::Ended,
                }));
            }
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Some(Event::Timer))
    }

    /// Drives the flush; never holds up the rest while the peer takes nothing.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ()>> {
        if self.unflushed {
            match Pin::new(&mut self.socket).poll_flush(context) {
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    self.lifetime.writing_since = None;
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Err(())),
                Poll::Pending => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_ending(&self) -> bool {
        self.lifetime.close_at.is_some() || self.lifetime.closing_since.is_some()
    }

    fn on_event(&mut self, event: Event) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        match event {
            Event::Received(message) => self.on_message(message),
            Event::Unblocked(Ok(())) => {}
            Event::Unblocked(Err(reason)) => self.outbox.close(reason),
            Event::Taken(taken) => return self.on_taken(taken),
            Event::Timer => return self.on_timer(),
            Event::Ended => return Break(()),
            Event::Broken(tungstenite::Error::Capacity(error)) => {
                // The rest of the message is still on its way and cannot be skipped.
                self.refuse_too_large(&error.to_string());
                return Continue(());
            }
            Event::Broken(error) => {
                tracing::debug!(connection = %self.registration.id, %error, "connection broken");
                return Break(());
            }
        }
        Continue(())
    }

    fn on_message(&mut self, message: Message) {
        self.lifetime.heard = Instant::now();
        // Pings were answered by the library, into its buffer.
        self.unflushed |= matches!(message, Message::Ping(_) | Message::Close(_));
        if let Message::Binary(frame) = message
            && !self.is_ending()
        {
            self.lifetime.new_since = None;
            let effects = self.sessions.receive(&frame);
            self.todo.extend(effects.into_iter().map(Todo::Effect));
        }
    }

    fn on_taken(&mut self, taken: Taken) -> std::ops::ControlFlow<()> {
        match taken {
            Taken::Frames => {
                for frame in std::mem::take(&mut self.taken) {
                    if self.start_send(Message::Binary(frame)).is_err() {
                        return std::ops::ControlFlow::Break(());
                    }
                }
            }
            Taken::CaughtUp => {
                self.todo.extend(self.documents.keys().map(|session| Todo::CaughtUp(*session)));
            }
            Taken::Close(reason) => self.begin_close(reason),
        }
        std::ops::ControlFlow::Continue(())
    }

    fn start_send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        let now = Instant::now();
        self.lifetime.sent = now;
        self.lifetime.writing_since.get_or_insert(now);
        self.unflushed = true;
        Pin::new(&mut self.socket).start_send(message)
    }

    /// A refusal's close frame waits a moment; any other goes out at once.
    fn begin_close(&mut self, reason: CloseReason) {
        let refusal = !matches!(
            reason,
            CloseReason::Restart
                | CloseReason::Overloaded
                | CloseReason::Normal
                | CloseReason::Timeout
        );
        let pause = if refusal { REFUSAL_PAUSE } else { std::time::Duration::ZERO };
        self.lifetime.close_at = Some(Instant::now() + pause);
        self.outbox.close(reason);
        self.reset_timer();
    }

    fn refuse_too_large(&mut self, why: &str) {
        let reason = CloseReason::TooLarge(why.to_owned());
        let denied = ServerMessage::PermissionDenied(why.to_owned());
        for (_, address) in self.sessions.open() {
            if let Some(frame) = address.encode(&denied) {
                self.outbox.push(frame);
            }
        }
        self.outbox.close(reason);
    }

    fn on_timer(&mut self) -> std::ops::ControlFlow<()> {
        let read = self.socket.get_ref().bytes_read();
        if read != self.bytes_read {
            self.bytes_read = read;
            self.lifetime.heard = Instant::now();
        }
        let due = self.lifetime.due(Instant::now(), self.limits());
        let sent = match due {
            Due::Nothing(_) => Ok(()),
            Due::Keepalive => {
                self.lifetime.sent = Instant::now();
                self.keepalive().map_or(Ok(()), |frame| self.start_send(Message::Binary(frame)))
            }
            Due::Ping => {
                self.lifetime.pinged = Some(Instant::now());
                self.start_send(Message::Ping(Bytes::new()))
            }
            Due::Silence => {
                self.outbox.close(CloseReason::Timeout);
                self.lifetime.new_since = None;
                self.lifetime.heard = Instant::now();
                Ok(())
            }
            Due::CloseNow => self.send_close(),
            Due::Stalled => return std::ops::ControlFlow::Break(()),
        };
        self.reset_timer();
        match sent {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(_) => std::ops::ControlFlow::Break(()),
        }
    }

    fn reset_timer(&mut self) {
        let now = Instant::now();
        let at = match self.lifetime.due(now, self.limits()) {
            Due::Nothing(at) => at,
            _ => now,
        };
        self.timer.as_mut().reset(at);
    }

    fn send_close(&mut self) -> Result<(), tungstenite::Error> {
        self.lifetime.close_at = None;
        self.lifetime.closing_since = Some(Instant::now());
        let mut context = Context::from_waker(std::task::Waker::noop());
        let reason = match self.outbox.poll_take(&mut context, 0, &mut Vec::new()) {
            Poll::Ready(Taken::Close(reason)) => reason,
            _ => CloseReason::Normal,
        };
        let (code, text) = reason.frame(self.sessions.dialect());
        tracing::debug!(connection = %self.registration.id, code, text, "closing a connection");
        let frame = CloseFrame { code: CloseCode::from(code), reason: text.into() };
        self.start_send(Message::Close(Some(frame)))
    }

    /// An empty awareness message: nothing to anybody but a client's watchdog.
    fn keepalive(&self) -> Option<Bytes> {
        let (_, address) = self.sessions.open().into_iter().next()?;
        address.encode(&ServerMessage::Awareness(encode_presence([].iter())))
    }

    /// Performs what is to be done until something blocks.
    fn perform(&mut self) {
        while self.blocked.is_none()
            && let Some(todo) = self.todo.pop_front()
        {
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
                }
                Todo::Effect(Effect::Open { session, document, address, access }) => {
                    self.open(session, &document, address, access);
                }
                Todo::Effect(Effect::Authorize { session, .. }) => {
                    // Until there are rights, whoever can reach the server may edit.
                    let effects = self.sessions.authorized(session, Ok(Access::Edit));
                    for effect in effects.into_iter().rev() {
                        self.todo.push_front(Todo::Effect(effect));
                    }
                }
            }
        }
    }

    fn open(&mut self, session: u32, name: &DocumentName, address: Address, access: Access) {
        let Ok(document) = self.edge.documents.open(name) else {
            self.outbox.close(CloseReason::Restart);
            return;
        };
        self.documents.insert(session, document);
        let subscribe = Command::Subscribe(Box::new(NewSubscriber {
            id: self.subscriber(session),
            address,
            outbox: Arc::clone(&self.outbox),
            access,
            author: Author {
                kind: AuthorKind::Claimed,
                user: "".into(),
                name: "".into(),
                connection: self.registration.id.0,
            },
            greet: self.request.greet,
            epoch: self.request.epoch,
        }));
        self.tell(session, subscribe);
    }

    fn forward(&mut self, session: u32, message: ClientMessage) {
        let subscriber = self.subscriber(session);
        if matches!(message, ClientMessage::Barrier(_)) && !self.request.greet {
            self.quicken();
        }
        let edit = match &message {
            ClientMessage::Update(bytes) | ClientMessage::SyncStep2(bytes) => Some(bytes.len()),
            _ => None,
        };
        let Some(bytes) = edit else {
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
            document.send(command).await.map_err(|_| CloseReason::Restart)
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
                self.blocked = Some(Box::pin(async move {
                    document.send(*command).await.map_err(|_| CloseReason::Restart)
                }));
            }
        }
    }
}
