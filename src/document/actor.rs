//! A document's actor: the loop that owns its CRDT, presence and subscribers, and only routes.
//!
//! Invariants: (1) state vector, presence and registration of a new subscriber are taken in one
//! turn, and a session gets no document frame before its first SyncStep2; (2) entries are
//! journalled in the order they were applied; (3) an ack is sent only after the entry's journal
//! position is durable, in receive order, exactly once per message that the dialect counts; (4)
//! unload only when everything is durable; (5) a failed load makes the document unavailable, never
//! empty; (6) nothing stays pending inside the CRDT.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    Command, Setup, Unavailable,
    acknowledge::Acknowledgements,
    card::Card,
    deferring::Deferred,
    durability::{Durability, Finished},
    load::{Loaded, When, load, turn_away},
    mailbox::Mailbox,
    presence::Presence,
    registry::Lease,
    subscriber::{Answer, Subscriber},
    sync::SyncCache,
    telling::Telling,
    updates::Batch,
};
use crate::{
    clock::Timestamp,
    crdt::{DocumentState, Incoming},
    few::Few,
    ids::{DocumentId, SubscriberId},
    protocol::{ClientMessage, CloseReason},
    telemetry::happenings::{DocumentFailed, DocumentUnloaded},
};

pub(super) struct Actor {
    pub(super) setup: Arc<Setup>,
    pub(super) lease: Lease,
    pub(super) id: DocumentId,
    /// Whether the document exists in the store; reading alone does not create it.
    pub(super) born: bool,
    pub(super) state: DocumentState,
    /// Until the CRDT has loaded the document.
    pub(super) deferred: Option<Box<Deferred>>,
    /// The state cannot be trusted: end, and be loaded again.
    pub(super) poisoned: bool,
    /// Boxed, because a tree's node has room for eleven.
    pub(super) subscribers: Few<SubscriberId, Box<Subscriber>>,
    pub(super) presence: Presence,
    pub(super) durability: Durability,
    pub(super) card: Card,
    pub(super) telling: Telling,
    /// When it was last edited.
    pub(super) changed: Option<Timestamp>,
    pub(super) acknowledgements: Acknowledgements,
    pub(super) batch: Batch,
    pub(super) sync_cache: Option<SyncCache>,
    pub(super) idle_since: Option<Instant>,
    presence_due: Option<Instant>,
    /// Who wants to hear that it has ended.
    stopping: Vec<oneshot::Sender<()>>,
}

/// Loads a document and serves it until it is idle, broken or told to stop.
///
/// What it does once is boxed: an async function keeps room for its arguments and for every step it
/// took, for as long as the document is open.
pub(super) fn run(
    setup: Arc<Setup>,
    lease: Lease,
    requests: mpsc::Receiver<Box<Command>>,
) -> impl Future<Output = ()> + Send {
    let begin = Box::pin(begin(setup, lease, Mailbox::new(requests)));
    async move {
        // The actor goes first: nobody finds the mailbox any more when that is closed.
        let Some((mut mailbox, mut actor)) = begin.await else { return };
        if actor.serve(&mut mailbox).await == Served::Interrupted {
            Box::pin(actor.finish(mailbox)).await;
        }
    }
}

/// Loads a document, or tells everybody who wants it why that cannot be done.
async fn begin(
    setup: Arc<Setup>,
    lease: Lease,
    mut mailbox: Mailbox,
) -> Option<(Mailbox, Box<Actor>)> {
    let since = Instant::now();
    let loaded = match lease.shared() {
        Some(shared) => load(&setup, lease.name(), &shared.loads, When::Needed).await,
        None => Err(Unavailable::Reloading),
    };
    match loaded {
        Ok(loaded) => {
            let mut actor = Box::new(Actor::new(setup, lease, loaded));
            actor.note_read(since.elapsed());
            Some((mailbox, actor))
        }
        Err(reason) => {
            if !matches!(reason, Unavailable::InBin | Unavailable::Refused(_)) {
                let document = lease.name();
                lease.meter().note(&DocumentFailed { document, reason: &reason });
            }
            let mut lease = lease;
            lease.live().fail(reason.clone());
            lease.retire();
            mailbox.close();
            while let Some(command) = mailbox.rest().await {
                turn_away(command, &reason);
            }
            None
        }
    }
}

/// What an actor waits for.
enum Turn {
    /// The store finished something.
    Finished(Finished),
    /// Commands have come; or none ever will, as nobody can send any more.
    Commands(bool),
    /// A moment has come.
    Due,
}

/// Why an actor stopped serving.
#[derive(PartialEq, Eq)]
enum Served {
    /// Nobody has it open and it has given up its place.
    Idle,
    /// Broken, told to stop, or the server is gone: what is left must be finished.
    Interrupted,
}

impl Actor {
    pub(super) fn new(setup: Arc<Setup>, lease: Lease, loaded: Box<Loaded>) -> Self {
        let Loaded { id, born, state, durability, card, changed } = *loaded;
        lease.live().show(card.shown());
        lease.live().note_saved(durability.size(), changed);
        lease.meter().documents.add(1);
        let telling = Telling::new(setup.hooks.lane(lease.name()));
        Self {
            setup,
            lease,
            id,
            born,
            state,
            deferred: None,
            poisoned: false,
            subscribers: Few::default(),
            presence: Presence::default(),
            durability,
            card,
            telling,
            changed,
            acknowledgements: Acknowledgements::default(),
            batch: Batch::default(),
            sync_cache: None,
            idle_since: Some(Instant::now()),
            presence_due: None,
            stopping: Vec::new(),
        }
    }

    async fn serve(&mut self, mailbox: &mut Mailbox) -> Served {
        // Boxed, as a document at rest waits for no moment.
        let mut timer: Option<Pin<Box<Sleep>>> = None;
        loop {
            match (&mut timer, self.deadline()) {
                (timer, None) => *timer = None,
                (Some(timer), Some(deadline)) => timer.set(sleep_until(deadline)),
                (none, Some(deadline)) => *none = Some(Box::pin(sleep_until(deadline))),
            }
            match poll_fn(|context| self.poll_turn(mailbox, &mut timer, context)).await {
                Turn::Finished(finished) => self.on_finished(finished),
                Turn::Commands(false) => return Served::Interrupted,
                Turn::Commands(true) => {
                    while !self.is_ending()
                        && let Some(command) = mailbox.next()
                    {
                        self.handle(command);
                    }
                    self.apply_batch();
                }
                Turn::Due => {}
            }
            if self.is_ending() {
                return Served::Interrupted;
            }
            self.evaluate();
            if self.may_unload() {
                Box::pin(self.snapshot_before_unload()).await;
                if self.may_unload() {
                    if self.lease.retire_if_idle(mailbox.requests()) {
                        self.tell_end();
                        return Served::Idle;
                    }
                    // Somebody holds on to it: look again after as long.
                    self.idle_since = Some(Instant::now());
                }
            }
        }
    }

    /// What comes next. In this order, so that a run can be repeated: what is finished comes first, as it is no more
    /// than what was begun; time comes last, as every round looks at the clock anyway.
    fn poll_turn(
        &mut self,
        mailbox: &mut Mailbox,
        timer: &mut Option<Pin<Box<Sleep>>>,
        context: &mut Context<'_>,
    ) -> Poll<Turn> {
        if let Poll::Ready(finished) = self.durability.poll_next(context) {
            return Poll::Ready(Turn::Finished(finished));
        }
        if let Poll::Ready(open) = mailbox.poll_fill(context) {
            return Poll::Ready(Turn::Commands(open));
        }
        match timer {
            Some(timer) => {
                ready!(timer.as_mut().poll(context));
                Poll::Ready(Turn::Due)
            }
            None => Poll::Pending,
        }
    }

    fn is_ending(&self) -> bool {
        self.poisoned || !self.stopping.is_empty()
    }

    pub(super) fn handle(&mut self, command: Command) {
        if command.follows_edits() {
            self.apply_batch();
        }
        if self.poisoned {
            return self.handle_last(command);
        }
        if command.needs_loading()
            && let Err(reason) = self.load_deferred()
        {
            return turn_away(command, &reason);
        }
        match command {
            Command::Message(from, message, permit) => self.on_message(from, message, permit),
            Command::Subscribe(new) => self.subscribe(*new),
            Command::Unsubscribe(id) => self.unsubscribe(id),
            Command::Refused { from, update, step2, reason } => {
                self.turn_down(from, &update, step2, reason);
            }
            Command::Change { session, access, author } => {
                self.change_rights(session, access, author);
            }
            Command::TurnAway(id, reason) => self.turn_away(id, reason),
            Command::CaughtUp(id) => self.catch_up(id),
            Command::Stateless(payload) => self.fan_out_stateless(payload, None),
            Command::Edit { update, author, expected, reply } => {
                self.edit_by_server(update, author, expected, reply);
            }
            Command::Begin { content, meta, author, reply } => {
                self.begin(content, &meta, author, reply);
            }
            Command::EditMeta { changes, author, reply } => self.edit_meta(&changes, author, reply),
            Command::Read(reply) => {
                let state = self.state.snapshot().map_err(Unavailable::Damaged);
                drop(reply.send(state));
            }
            Command::ReadAt(reply) => self.read_at(reply),
            Command::Attendees(reply) => self.tell_attendees(reply),
            Command::Asked(waiting) => self.tell_owners(waiting),
            Command::Stop(..) => self.handle_last(command),
        }
    }

    /// Takes a command after the last that is served.
    fn handle_last(&mut self, command: Command) {
        match command {
            Command::Unsubscribe(id) => self.unsubscribe(id),
            Command::TurnAway(id, reason) => self.turn_away(id, reason),
            Command::Stop(reason, done) => {
                for subscriber in self.subscribers.values() {
                    match &reason {
                        // Whoever comes back would be told the same.
                        CloseReason::NotFound(_) => subscriber.turn_away(reason.clone()),
                        reason => subscriber.outbox.close(reason.clone()),
                    }
                }
                self.stopping.push(done);
            }
            command => {
                let reason = self.lease.live().failure().unwrap_or(&Unavailable::Reloading);
                turn_away(command, reason);
            }
        }
    }

    fn on_message(
        &mut self,
        from: SubscriberId,
        message: ClientMessage,
        permit: Option<super::Permit>,
    ) {
        // Who was turned away, or has left, has no say.
        if !self.subscribers.contains_key(&from) {
            return;
        }
        match message {
            ClientMessage::Update(update) => {
                self.receive_edit(from, Incoming { update, step2: false }, permit);
            }
            ClientMessage::SyncStep2(update) => {
                self.receive_edit(from, Incoming { update, step2: true }, permit);
            }
            ClientMessage::SyncStep1(state_vector) => self.answer_step1(from, &state_vector),
            ClientMessage::Barrier(payload) => {
                self.owe(from, Answer::Barrier(Bytes::copy_from_slice(&payload)), permit);
                self.acknowledge();
            }
            ClientMessage::Awareness(message) => self.on_presence(from, &message),
            ClientMessage::QueryAwareness => self.send_everyone(from),
            ClientMessage::Stateless(payload) => self.receive_stateless(payload, from),
            // These concern the connection, which keeps them to itself.
            ClientMessage::Token { .. }
            | ClientMessage::Close
            | ClientMessage::Pong
            | ClientMessage::Unknown(_) => {}
        }
    }

    /// Does what is due now: presence, expiry, hopeless readers, snapshots.
    pub(super) fn evaluate(&mut self) {
        let now = Instant::now();
        let setup = Arc::clone(&self.setup);
        let limits = &setup.limits;
        self.load_if_due(now);
        self.presence.expire(now, limits.presence_expiry);
        if self.presence.has_news() && self.presence_due.is_none_or(|due| due <= now) {
            self.presence_due = Some(now + limits.presence_interval);
            self.fan_out_presence();
        }
        for subscriber in self.subscribers.values() {
            let behind = subscriber.behind.as_ref();
            if behind.is_some_and(|it| now.duration_since(it.since) >= limits.behind_for) {
                subscriber.outbox.close(CloseReason::Overloaded);
            }
        }
        self.acknowledge();
        self.refresh_card(now);
        self.tell_rest(now);
        let behind = self.subscribers.values().filter(|it| it.behind.is_some()).count();
        self.lease.live().count(self.subscribers.len(), behind);
        if self.subscribers.is_empty() {
            self.idle_since.get_or_insert(now);
        }
    }

    /// When [`Actor::evaluate`] has something to do even if nothing arrives; never what it has just
    /// done, as that would wake it for nothing, for ever.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let limits = &self.setup.limits;
        let news = self.presence_due.filter(|_| self.presence.has_news());
        let sweep =
            (!self.presence.is_empty()).then(|| Instant::now() + limits.presence_expiry / 10);
        let idle = self.idle_since.filter(|_| self.durability.is_settled());
        let unload = idle.map(|since| since + limits.unload_after);
        let staying = self.subscribers.values().filter(|it| !it.outbox.is_closing());
        let behind = staying.filter_map(|it| it.behind.as_ref());
        let behind = behind.map(|it| it.since + limits.behind_for).min();
        let times =
            [news, sweep, unload, behind, self.load_due(), self.card_due(), self.rest_due()];
        times.into_iter().flatten().min()
    }

    pub(super) fn may_unload(&self) -> bool {
        let idle = |since: Instant| since.elapsed() >= self.setup.limits.unload_after;
        self.idle_since.is_some_and(idle)
            && self.subscribers.is_empty()
            && self.durability.is_settled()
    }

    async fn snapshot_before_unload(&mut self) {
        self.keep_card();
        if self.wants_snapshot_on_unload() {
            self.encode_snapshot();
        }
        self.settle().await;
    }

    /// Ends: nobody new gets in, everybody is sent away, what was applied becomes durable.
    async fn finish(mut self: Box<Self>, mut mailbox: Mailbox) {
        mailbox.close();
        while let Some(command) = mailbox.rest().await {
            match command {
                Command::Message(..) => self.handle(command),
                command => self.handle_last(command),
            }
        }
        self.apply_batch();
        if !self.poisoned {
            self.refresh_card(Instant::now());
            if self.wants_snapshot_on_unload() {
                self.encode_snapshot();
            }
        }
        self.settle().await;
        self.keep_card();
        self.settle().await;
        self.tell_end();
        self.lease.retire();
        for done in std::mem::take(&mut self.stopping) {
            // Who asked may have stopped waiting.
            let _ = done.send(());
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        for (_, subscriber) in std::mem::take(&mut self.subscribers) {
            subscriber.outbox.close(CloseReason::Restart);
            self.count_leaving(&subscriber);
        }
        let meter = self.lease.meter();
        meter.documents.add(-1);
        self.durability.forget_unsaved(meter);
        meter.note(&DocumentUnloaded { document: self.lease.name() });
    }
}
