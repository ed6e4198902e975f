//! One connection's task: polls the socket, the queue of frames and the clock, and performs what
//! the sessions decide.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{FutureExt, Sink, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep_until},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message},
};

use super::{
    Metered, Sockets,
    connections::Registration,
    lifetime::Lifetime,
    metered::Progress,
    questions::{Answer, Questions},
    review::Held,
    socket,
};
use crate::{
    auth::Credentials,
    document::{Budget, Command, DocumentHandle, Outbox, Taken},
    few::Few,
    ids::SubscriberId,
    limits::Limits,
    protocol::{CloseReason, Dialect},
    session::{Effect, Request, Sessions},
    telemetry::{
        Meter,
        happenings::{ConnectionClosed, ConnectionOpened},
        meter::Ended,
        numbers::Label,
        warnings::SessionLeftBehind,
    },
};

/// Bytes taken from the queue before a flush; one more frame may come on top.
pub(in crate::http) const WRITE_BYTES: usize = 16 * 1024;

/// More than this at once leaves buffers behind that an idle connection should not keep.
const KEPT_BYTES: usize = 8 * 1024;

/// Resolves when a document or the budget has room again, or to why there never will be.
type Blocked = Pin<Box<dyn Future<Output = Result<(), CloseReason>> + Send>>;

pub(super) struct Pump<S> {
    pub(super) socket: WebSocketStream<Metered<S>>,
    pub(super) sockets: Arc<Sockets>,
    pub(super) sessions: Sessions,
    pub(super) documents: Few<u32, DocumentHandle>,
    /// What the request showed of who is behind it.
    pub(super) credentials: Credentials,
    /// What each session may do; empty where everybody may do everything.
    pub(super) rights: Few<u32, Box<Held>>,
    /// What is being found out of what sessions may do.
    pub(super) questions: Questions,
    pub(super) outbox: Arc<Outbox>,
    pub(super) budget: Arc<Budget>,
    pub(super) registration: Registration,
    /// Effects not yet performed; any only while something blocks.
    pub(super) todo: VecDeque<Todo>,
    /// Waits for a permit or for room in a mailbox; nothing is read meanwhile.
    pub(super) blocked: Option<Blocked>,
    pub(super) taken: Vec<Bytes>,
    pub(super) unflushed: bool,
    /// The socket's buffers have grown and are given back when it is idle.
    swollen: bool,
    pub(super) lifetime: Lifetime,
    /// What it sends can no longer be understood; it is read so that it hears why.
    deaf: bool,
    /// Frames were just taken, so that it is the peer's turn to be heard.
    listen_first: bool,
    pub(super) progress: Progress,
    /// Why it ends; its client leaves unless we hang up.
    pub(super) ended: Ended,
    pub(super) timer: Pin<Box<Sleep>>,
}

pub(super) enum Todo {
    Effect(Effect),
    CaughtUp(u32),
}

enum Event {
    Received(Message),
    Broken(tungstenite::Error),
    Ended,
    Unblocked(Result<(), CloseReason>),
    Answered(u32, Answer, bool),
    Taken(Taken),
    Timer,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    pub(super) fn new(
        socket: WebSocketStream<Metered<S>>,
        request: Request,
        credentials: Credentials,
        sockets: Arc<Sockets>,
    ) -> Self {
        let limits = sockets.documents.limits();
        let outbox = Arc::new(Outbox::new(limits.outbox_bytes));
        let lifetime = Lifetime::new(Instant::now(), limits);
        let registration = sockets.connections.register(&outbox);
        sockets.documents.meter().note(&ConnectionOpened { connection: &registration.id });
        Self {
            sessions: Sessions::new(request, limits),
            budget: sockets.documents.budget().share(limits.unsaved_bytes_per_connection),
            registration,
            ended: Ended::Left,
            timer: Box::pin(sleep_until(
                Instant::now() + limits.handshake_timeout.min(limits.keepalive),
            )),
            socket,
            documents: Few::default(),
            credentials,
            rights: Few::default(),
            questions: Questions::default(),
            outbox,
            todo: VecDeque::new(),
            blocked: None,
            taken: Vec::new(),
            unflushed: false,
            swollen: false,
            lifetime,
            deaf: false,
            listen_first: false,
            progress: Progress::default(),
            sockets,
        }
    }

    pub(super) async fn run(&mut self) {
        while let Some(event) = poll_fn(|context| self.poll(context)).await {
            if self.on_event(event).is_break() {
                break;
            }
            self.perform();
            if !self.documents.is_empty() {
                self.lifetime.new_since = None;
            }
        }
        // Boxed, so that no connection keeps the room for it until then.
        Box::pin(self.leave()).await;
    }

    async fn leave(&mut self) {
        self.outbox.abandon();
        for (session, document) in std::mem::take(&mut self.documents) {
            // An unloaded document has forgotten the session already.
            let _ = document.send(Command::Unsubscribe(self.subscriber(session))).await;
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        self.sockets.documents.limits()
    }

    pub(super) fn meter(&self) -> &Meter {
        self.sockets.documents.meter()
    }

    pub(super) fn subscriber(&self, session: u32) -> SubscriberId {
        SubscriberId { connection: self.registration.id, session }
    }

    /// The next thing that happened; `None` when the socket can no longer be written.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if ready!(self.poll_write(context)).is_err() {
            return Poll::Ready(None);
        }
        // A document is opened at once when it may be, which it cannot while something blocks.
        if let Poll::Ready((session, answer, is_stale)) =
            self.questions.poll(context, self.blocked.is_none())
        {
            return Poll::Ready(Some(Event::Answered(session, answer, is_stale)));
        }
        if self.unflushed
            && let Poll::Ready(taken) = self.outbox.poll_review(context)
        {
            return Poll::Ready(Some(Event::Taken(taken)));
        }
        let listen_first = std::mem::take(&mut self.listen_first);
        if listen_first && let Poll::Ready(event) = self.poll_read(context) {
            return Poll::Ready(Some(event));
        }
        if !self.unflushed
            && let Poll::Ready(taken) = self.outbox.poll_take(context, WRITE_BYTES, &mut self.taken)
            && !(matches!(taken, Taken::Close(_)) && self.is_ending())
        {
            return Poll::Ready(Some(Event::Taken(taken)));
        }
        if !listen_first && let Poll::Ready(event) = self.poll_read(context) {
            return Poll::Ready(Some(event));
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Some(Event::Timer))
    }

    /// What comes from the peer, or that nothing stands in its way any more.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if let Some(blocked) = &mut self.blocked {
            let outcome = ready!(blocked.as_mut().poll(context));
            self.blocked = None;
            return Poll::Ready(Event::Unblocked(outcome));
        }
        if self.deaf {
            return self.socket.get_mut().poll_discard(context).map(|()| Event::Ended);
        }
        if !self.is_listening() {
            return Poll::Pending;
        }
        Poll::Ready(match ready!(self.poll_socket(context)) {
            Some(Ok(message)) => Event::Received(message),
            Some(Err(error)) => Event::Broken(error),
            None => Event::Ended,
        })
    }

    fn poll_socket(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, tungstenite::Error>>> {
        let next = self.socket.poll_next_unpin(context);
        if next.is_pending() && self.swollen && self.renew() {
            return self.socket.poll_next_unpin(context);
        }
        next
    }

    /// Replaces the socket by one with small buffers, as the library never gives memory back: one
    /// large message would cost its size for as long as the connection lasts. Possible when
    /// everything read was understood and everything to be written is.
    fn renew(&mut self) -> bool {
        let idle = !self.unflushed && !self.is_ending();
        if !idle || !self.socket.get_ref().is_between_messages() {
            return false;
        }
        let stream = self.socket.get_mut().hand_over();
        let renewed = socket(stream, self.limits()).now_or_never();
        self.socket = renewed.expect("a socket without a handshake waits for nothing");
        self.swollen = false;
        true
    }

    /// Whether the peer would be heard if it said something.
    pub(super) fn is_listening(&self) -> bool {
        self.blocked.is_none()
            && !self.waits_for_rights()
            && (self.is_ending() || !self.outbox.is_choked())
    }

    /// Whether what comes next has to wait for what a session may do. Where there are several, the
    /// others go on, unless too much waits already.
    fn waits_for_rights(&self) -> bool {
        self.questions.has_first()
            && (self.sessions.dialect() != Some(Dialect::Hocuspocus)
                || self.questions.is_full_of_first()
                || self.sessions.is_crowded())
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

    pub(super) fn is_ending(&self) -> bool {
        self.lifetime.close_at.is_some() || self.lifetime.closing_since.is_some()
    }

    fn on_event(&mut self, event: Event) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        match event {
            Event::Received(message) => self.on_message(message),
            Event::Unblocked(Ok(())) => {}
            Event::Unblocked(Err(reason)) => self.outbox.close(reason),
            Event::Answered(session, Answer::First(admission, since), is_stale) => {
                self.on_admission(session, *admission, since, is_stale);
            }
            Event::Answered(session, Answer::Again(answer), _) => self.on_reviewed(session, answer),
            Event::Taken(taken) => return self.on_taken(taken),
            Event::Timer => return self.on_timer(),
            Event::Ended => return Break(()),
            Event::Broken(tungstenite::Error::Capacity(error)) => {
                // The rest of the message is still on its way, with no telling where it ends.
                self.deaf = true;
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
        if matches!(message, Message::Ping(_) | Message::Close(_)) {
            self.note_writing(Instant::now());
        }
        self.swollen |= message.len() > KEPT_BYTES;
        self.meter().frame_bytes_in.add(message.len() as u64);
        // Who was told to go is not listened to while what is queued for it is written.
        if let Message::Binary(frame) = message
            && !self.is_ending()
            && !self.outbox.is_closing()
        {
            for effect in self.sessions.receive(&frame) {
                self.perform_in_turn(Todo::Effect(effect));
            }
        }
    }

    fn on_taken(&mut self, taken: Taken) -> std::ops::ControlFlow<()> {
        match taken {
            Taken::Frames => {
                let bytes: usize = self.taken.iter().map(Bytes::len).sum();
                self.swollen |= bytes > KEPT_BYTES;
                self.meter().frame_bytes_out.add(bytes as u64);
                self.listen_first = true;
                for frame in std::mem::take(&mut self.taken) {
                    if self.start_send(Message::Binary(frame)).is_err() {
                        return std::ops::ControlFlow::Break(());
                    }
                }
            }
            Taken::CaughtUp => {
                self.todo.extend(self.documents.keys().map(|session| Todo::CaughtUp(*session)));
            }
            Taken::Review => self.review_all(),
            Taken::Close(reason) => self.begin_close(reason),
        }
        std::ops::ControlFlow::Continue(())
    }

    pub(super) fn start_send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        let now = Instant::now();
        self.lifetime.sent = now;
        self.note_writing(now);
        self.swollen |= message.len() > KEPT_BYTES;
        Pin::new(&mut self.socket).start_send(message)
    }

    fn note_writing(&mut self, now: Instant) {
        self.lifetime.writing_since.get_or_insert(now);
        self.unflushed = true;
    }
}

impl<S> Drop for Pump<S> {
    /// A connection that was cut short, by a panic or with its task, leaves its documents too.
    fn drop(&mut self) {
        let (connection, ended) = (&self.registration.id, self.ended);
        let told = ConnectionClosed { connection, reason: &ended.value(), ended };
        self.sockets.documents.meter().note(&told);
        self.outbox.abandon();
        for (session, document) in std::mem::take(&mut self.documents) {
            let id = SubscriberId { connection: self.registration.id, session };
            let gone = Box::new(Command::Unsubscribe(id));
            if let Err(Some(_)) = document.try_send(gone) {
                SessionLeftBehind { connection: &id.connection }.note();
            }
        }
    }
}
