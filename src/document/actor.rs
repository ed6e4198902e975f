//! A document's actor: the loop that owns its CRDT, presence and subscribers, and only routes.
//!
//! Invariants: (1) state vector, presence and registration of a new subscriber are taken in one
//! turn, and a session gets no document frame before its first SyncStep2; (2) entries are
//! journalled in the order they were applied; (3) an ack is sent only after the entry's journal
//! position is durable, in receive order, exactly once per message that the dialect counts; (4)
//! unload only when everything is durable; (5) a failed load makes the document unavailable, never
//! empty; (6) nothing stays pending inside the CRDT.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    Command, NewSubscriber, Setup, Unavailable,
    acknowledge::Acknowledgements,
    durability::Durability,
    load::{Loaded, load, turn_away},
    presence::Presence,
    registry::Lease,
    subscriber::{Answer, Subscriber},
    sync::SyncCache,
    updates::Batch,
};
use crate::{
    crdt::{self, DocumentState, Incoming},
    identity::{Author, AuthorKind},
    ids::{DocumentId, SubscriberId},
    protocol::{ClientMessage, CloseReason, ServerMessage},
};

/// Commands taken from the mailbox in one turn.
const TURN: usize = 256;

pub(super) struct Actor {
    pub(super) setup: Arc<Setup>,
    pub(super) lease: Lease,
    pub(super) id: DocumentId,
    /// Whether the document exists in the store; reading alone does not create it.
    pub(super) born: bool,
    pub(super) state: DocumentState,
    /// The state can no longer be trusted: end, and be loaded again.
    pub(super) poisoned: bool,
    /// Boxed, because most documents have one and a map's node has room for eleven.
    pub(super) subscribers: BTreeMap<SubscriberId, Box<Subscriber>>,
    pub(super) presence: Presence,
    pub(super) durability: Durability,
    pub(super) acknowledgements: Acknowledgements,
    pub(super) batch: Batch,
    pub(super) sync_cache: Option<SyncCache>,
    /// Stands for who left before their last edits were applied.
    pub(super) departed: Arc<Author>,
    presence_due: Option<Instant>,
    idle_since: Option<Instant>,
    stopping: Option<oneshot::Sender<()>>,
}

/// Loads a document and serves it until it is idle, broken or told to stop.
pub(super) async fn run(
    setup: Arc<Setup>,
    lease: Lease,
    mut requests: mpsc::Receiver<Box<Command>>,
) {
    // Boxed, so that an idle document does not keep the room that loading took.
    let loaded = Box::pin(load(&setup, &lease)).await;
    match loaded {
        Ok(loaded) => {
            let mut actor = Box::new(Actor::new(setup, lease, *loaded));
            if actor.serve(&mut requests).await == Served::Interrupted {
                Box::pin(actor.finish(requests)).await;
            }
        }
        Err(reason) => {
            tracing::error!(document = %lease.name(), %reason, "failed to load a document");
            let mut lease = lease;
            lease.retire();
            requests.close();
            while let Some(command) = requests.recv().await {
                turn_away(*command, &reason);
            }
        }
    }
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
    fn new(setup: Arc<Setup>, lease: Lease, loaded: Loaded) -> Self {
        let Loaded { id, born, state, durability } = loaded;
        Self {
            setup,
            lease,
            id,
            born,
            state,
            poisoned: false,
            subscribers: BTreeMap::new(),
            presence: Presence::default(),
            durability,
            acknowledgements: Acknowledgements::default(),
            batch: Batch::default(),
            sync_cache: None,
            departed: Arc::new(Author {
                kind: AuthorKind::Claimed,
                user: "".into(),
                name: "".into(),
                connection: 0,
            }),
            presence_due: None,
            idle_since: Some(Instant::now()),
            stopping: None,
        }
    }

    async fn serve(&mut self, requests: &mut mpsc::Receiver<Box<Command>>) -> Served {
        let mut turn = Vec::new();
        loop {
            let deadline = self.deadline();
            let wait = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                count = requests.recv_many(&mut turn, TURN) => {
                    if count == 0 {
                        return Served::Interrupted;
                    }
                    for command in turn.drain(..) {
                        self.handle(*command);
                    }
                    if turn.capacity() > 32 {
                        turn = Vec::new();
                    }
                    self.apply_batch();
                }
                finished = self.durability.next() => self.on_finished(finished),
                () = wait => {}
            }
            if self.poisoned || self.stopping.is_some() {
                return Served::Interrupted;
            }
            self.evaluate();
            if self.may_unload() {
                Box::pin(self.snapshot_before_unload()).await;
                if self.may_unload() && self.lease.retire_if_idle(requests) {
                    return Served::Idle;
                }
            }
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Message(from, message, permit) => self.on_message(from, message, permit),
            Command::Subscribe(new) => self.subscribe(*new),
            Command::Unsubscribe(id) => {
                // What it sent before must still be applied under its name.
                self.apply_batch();
                self.subscribers.remove(&id);
                self.presence.leave(id, Instant::now());
            }
            Command::CaughtUp(id) => {
                self.apply_batch();
                self.catch_up(id);
            }
            Command::Stateless(payload) => self.fan_out_stateless(payload, None),
            Command::Edit { update, author, reply } => {
                self.apply_batch();
                self.edit_by_server(update, author, reply);
            }
            Command::Read(reply) => {
                self.apply_batch();
                let state = self.state.snapshot().map_err(Unavailable::Damaged);
                drop(reply.send(state));
            }
            Command::Stop(reason, done) => {
                self.apply_batch();
                for subscriber in self.subscribers.values() {
                    subscriber.outbox.close(reason.clone());
                }
                self.stopping = Some(done);
            }
        }
    }

    fn on_message(
        &mut self,
        from: SubscriberId,
        message: ClientMessage,
        permit: Option<super::Permit>,
    ) {
        match message {
            ClientMessage::Update(update) => {
                self.receive_edit(from, Incoming { update, step2: false }, permit);
            }
            ClientMessage::SyncStep2(update) => {
                self.receive_edit(from, Incoming { update, step2: true }, permit);
            }
            ClientMessage::SyncStep1(state_vector) => {
                self.apply_batch();
                self.answer_step1(from, state_vector);
            }
            ClientMessage::Barrier(payload) => {
                self.apply_batch();
                self.owe(from, Answer::Barrier(Bytes::copy_from_slice(&payload)));
                self.acknowledge();
            }
            ClientMessage::Awareness(message) => self.on_presence(from, &message),
            ClientMessage::QueryAwareness => {
                if let Some(subscriber) = self.subscribers.get(&from) {
                    self.send_everyone(subscriber);
                }
            }
            ClientMessage::Stateless(payload) => self.fan_out_stateless(payload, Some(from)),
            // These concern the connection, which keeps them to itself.
            ClientMessage::Token { .. }
            | ClientMessage::Close
            | ClientMessage::Pong
            | ClientMessage::Unknown(_) => {}
        }
    }

    fn subscribe(&mut self, new: NewSubscriber) {
        let replaced = new.epoch.is_some() && new.epoch != self.epoch();
        let mut subscriber = Subscriber::new(new);
        if replaced {
            subscriber.turn_away(CloseReason::Replaced);
            return;
        }
        if subscriber.greet {
            subscriber.send(&self.hello(subscriber.access));
        }
        if !subscriber.counts() {
            subscriber.send(&ServerMessage::SyncStep1(self.state.state_vector()));
            subscriber.asked.push_back(true);
        }
        self.send_everyone(&subscriber);
        self.subscribers.insert(subscriber.id, Box::new(subscriber));
        self.idle_since = None;
    }

    fn on_presence(&mut self, from: SubscriberId, message: &[u8]) {
        let limits = &self.setup.limits;
        let parsed =
            crdt::parse_presence(message, limits.presence_per_document, limits.presence_bytes);
        match parsed {
            Ok(entries) => {
                self.presence.accept(from, entries, Instant::now(), limits);
                self.follow_shown_name(from);
            }
            Err(refusal @ crdt::Refusal::Malformed(_)) => self.strike(from, &refusal),
            Err(refusal) => {
                tracing::info!(document = %self.lease.name(), %refusal, "a presence is ignored");
            }
        }
    }

    /// Where nobody must sign in, edits are kept under the name that their author shows.
    fn follow_shown_name(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if subscriber.author.kind != AuthorKind::Claimed {
            return;
        }
        if let Some(name) = self.presence.shown_name(id)
            && *name != *subscriber.author.name
        {
            let name: String = name.chars().take(100).collect();
            subscriber.author =
                Arc::new(Author { name: name.into(), ..(*subscriber.author).clone() });
        }
    }

    /// Does what is due now: presence, expiry, hopeless readers, snapshots.
    fn evaluate(&mut self) {
        let now = Instant::now();
        let setup = Arc::clone(&self.setup);
        let limits = &setup.limits;
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
        if self.subscribers.is_empty() {
            self.idle_since.get_or_insert(now);
        }
    }

    /// When [`Actor::evaluate`] has something to do even if nothing arrives.
    fn deadline(&self) -> Option<Instant> {
        let limits = &self.setup.limits;
        let news = self.presence_due.filter(|_| self.presence.has_news());
        let sweep =
            (!self.presence.is_empty()).then(|| Instant::now() + limits.presence_expiry / 10);
        let unload = self.idle_since.map(|since| since + limits.unload_after);
        let behind = self.subscribers.values().filter_map(|it| it.behind.as_ref());
        let behind = behind.map(|it| it.since + limits.behind_for).min();
        [news, sweep, unload, behind].into_iter().flatten().min()
    }

    fn may_unload(&self) -> bool {
        let idle = |since: Instant| since.elapsed() >= self.setup.limits.unload_after;
        self.idle_since.is_some_and(idle)
            && self.subscribers.is_empty()
            && self.durability.is_settled()
    }

    async fn snapshot_before_unload(&mut self) {
        if self.wants_snapshot_on_unload() {
            self.encode_snapshot();
            self.settle().await;
        }
    }

    /// Ends: nobody new gets in, everybody is sent away, what was applied becomes durable.
    async fn finish(mut self: Box<Self>, mut requests: mpsc::Receiver<Box<Command>>) {
        requests.close();
        while let Some(command) = requests.recv().await {
            match *command {
                Command::Message(..) if !self.poisoned => self.handle(*command),
                command => turn_away(command, &Unavailable::Reloading),
            }
        }
        self.apply_batch();
        if !self.poisoned && self.wants_snapshot_on_unload() {
            self.encode_snapshot();
        }
        self.settle().await;
        self.lease.retire();
        if let Some(done) = self.stopping.take() {
            // Who asked may have stopped waiting.
            let _ = done.send(());
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        for subscriber in self.subscribers.values() {
            subscriber.outbox.close(CloseReason::Restart);
        }
    }
}
