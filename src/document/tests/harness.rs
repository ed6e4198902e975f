//! Documents on a store that can be held up, and sessions with a queue instead of a socket.

use std::{sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;
pub(super) use yjs::Writer;

use crate::document::{Command, DocumentHandle, Documents, NewSubscriber, Outbox, Setup, Taken};
use crate::{
    clock::{Clock, TestClock},
    identity::{Access, Author, AuthorKind},
    ids::{ConnectionId, DocumentName, SubscriberId},
    limits::Limits,
    protocol::{Address, ClientMessage, CloseReason},
    random::SeededRandom,
    storage::{Store, held::Held},
};

/// Just enough of the update format to type into a text named `t` from outside the CRDT.
mod yjs {
    use bytes::Bytes;

    /// One client's typing.
    pub(in crate::document::tests) struct Writer {
        client: u8,
        clock: u8,
    }

    impl Writer {
        pub(in crate::document::tests) fn new(client: u8) -> Self {
            Self { client, clock: 0 }
        }

        /// Types one character at the end of what this client typed.
        pub(in crate::document::tests) fn types(&mut self, character: u8) -> Bytes {
            let (client, clock) = (self.client, self.clock);
            self.clock += 1;
            let content = [1, character, 0];
            let place = match clock.checked_sub(1) {
                None => vec![1, 1, client, clock, 4, 1, 1, b't'],
                Some(before) => vec![1, 1, client, clock, 0x84, client, before],
            };
            [&place[..], &content].concat().into()
        }

        /// Pretends to have typed so much that nobody else has.
        pub(in crate::document::tests) fn skip(&mut self, characters: u8) {
            self.clock += characters;
        }
    }
}

pub(super) struct World {
    pub(super) store: Arc<Held>,
    pub(super) documents: Documents,
    /// Which document sessions join.
    pub(super) name: DocumentName,
    next: u64,
}

pub(super) fn setup_with(store: &Arc<Held>, limits: Limits, clock: Arc<dyn Clock>) -> Setup {
    Setup {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock,
        random: Arc::new(SeededRandom::new(1)),
        limits,
        threads: 1,
        hooks: crate::hooks::Runner::default(),
    }
}

pub(super) fn setup(limits: Limits) -> Setup {
    setup_with(&Held::new(), limits, Arc::new(TestClock::default()))
}

pub(super) fn world(limits: Limits) -> World {
    world_with(limits, Arc::new(TestClock::default()))
}

pub(super) fn world_with(limits: Limits, clock: Arc<dyn Clock>) -> World {
    let store = Held::new();
    let documents = Documents::new(setup_with(&store, limits, clock));
    let name = DocumentName::new("notes").expect("a good name");
    World { store, documents: documents.expect("threads start"), name, next: 0 }
}

pub(super) fn quick() -> Limits {
    Limits { unload_after: Duration::from_millis(20), ..Limits::default() }
}

/// Bounds under which presence goes out at once.
pub(super) fn eager() -> Limits {
    Limits { presence_interval: Duration::ZERO, ..Limits::default() }
}

/// Somebody whose frames go to a queue.
pub(super) fn newcomer(number: u64, address: Address, outbox: &Arc<Outbox>) -> NewSubscriber {
    NewSubscriber {
        id: SubscriberId { connection: ConnectionId(number), session: 0 },
        address,
        outbox: Arc::clone(outbox),
        access: Access::Edit,
        author: Author {
            kind: AuthorKind::Claimed,
            user: "".into(),
            name: "".into(),
            connection: number,
        },
        greet: false,
        open: false,
        epoch: None,
    }
}

/// A session with a queue instead of a socket.
pub(super) struct Session {
    pub(super) id: SubscriberId,
    pub(super) handle: DocumentHandle,
    pub(super) outbox: Arc<Outbox>,
    address: Address,
    waiting: Vec<Bytes>,
}

impl World {
    pub(super) async fn join(&mut self, address: Address) -> Session {
        self.join_with(address, |_| {}).await
    }

    pub(super) async fn join_with(
        &mut self,
        address: Address,
        change: impl FnOnce(&mut NewSubscriber),
    ) -> Session {
        self.next += 1;
        let handle = self.documents.open(&self.name).expect("not stopping");
        let outbox = Arc::new(Outbox::new(self.documents.limits().outbox_bytes));
        let mut new = newcomer(self.next, address, &outbox);
        change(&mut new);
        let session = Session::of(&new, handle.clone());
        handle.send(Command::Subscribe(Box::new(new))).await.expect("open");
        session
    }

    pub(super) async fn synced(&mut self, address: Address) -> Session {
        let mut session = self.join(address).await;
        session.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
        session.hears_until("step2").await;
        if session.address == Address::None {
            session.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
        }
        session
    }
}

impl Session {
    /// The session of somebody who is about to subscribe.
    pub(super) fn of(new: &NewSubscriber, handle: DocumentHandle) -> Self {
        let (outbox, address) = (Arc::clone(&new.outbox), new.address.clone());
        Self { id: new.id, handle, outbox, address, waiting: Vec::new() }
    }

    pub(super) async fn says(&self, message: ClientMessage) {
        self.handle.send(Command::Message(self.id, message, None)).await.expect("open");
    }

    /// The next thing on the queue.
    pub(super) async fn take(&mut self) -> Result<Bytes, CloseReason> {
        loop {
            if !self.waiting.is_empty() {
                return Ok(self.waiting.remove(0));
            }
            let next = std::future::poll_fn(|context| {
                let mut frames = Vec::new();
                match self.outbox.poll_take(context, usize::MAX, &mut frames) {
                    Poll::Ready(taken) => Poll::Ready((taken, frames)),
                    Poll::Pending => Poll::Pending,
                }
            });
            match tokio::time::timeout(Duration::from_secs(10), next)
                .await
                .expect("hears something")
            {
                (Taken::Frames, frames) => self.waiting = frames,
                (Taken::Close(reason), _) => return Err(reason),
                (Taken::Review, _) => {}
                (Taken::CaughtUp, _) => {
                    self.handle.send(Command::CaughtUp(self.id)).await.expect("open");
                }
            }
        }
    }

    /// The next frame in a word.
    pub(super) async fn hears(&mut self) -> String {
        match self.take().await {
            Ok(frame) => self.word(&frame),
            Err(reason) => format!("close {}", reason.frame(None).0),
        }
    }

    fn word(&self, frame: &Bytes) -> String {
        let body = match &self.address {
            Address::None => frame.clone(),
            Address::Hocuspocus(address) => frame.slice(1 + address.len()..),
        };
        match &body[..] {
            [0, 0, ..] => "step1".into(),
            [0, 1, ..] => "step2".into(),
            [0, 2, ..] => {
                format!("update {}", String::from_utf8_lossy(&body[body.len() - 2..body.len() - 1]))
            }
            [1, ..] => "presence".into(),
            [2, ..] => "denied".into(),
            [8, stored] => format!("status {stored}"),
            [102, ..] => "barrier".into(),
            [120, ..] => "hello".into(),
            other => format!("{other:?}"),
        }
    }

    /// Takes everything that waits, as a connection would: what it is owed follows at once.
    pub(super) async fn drains(&mut self) -> Vec<Bytes> {
        let mut drained = Vec::new();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            self.handle.read().await.expect("loaded");
            let mut frames = Vec::new();
            match self.outbox.poll_take(&mut context, usize::MAX, &mut frames) {
                Poll::Ready(Taken::Frames) => drained.append(&mut frames),
                Poll::Ready(Taken::CaughtUp) => {
                    self.handle.send(Command::CaughtUp(self.id)).await.expect("open");
                }
                Poll::Ready(Taken::Review) => {}
                Poll::Ready(Taken::Close(_)) | Poll::Pending => return drained,
            }
        }
    }

    pub(super) async fn hears_until(&mut self, word: &str) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            heard.push(self.hears().await);
            if heard.last().is_some_and(|last| last == word) {
                return heard;
            }
        }
    }

    /// Everything queued once the actor has answered a question asked after it.
    pub(super) async fn hears_now(&mut self) -> Vec<String> {
        self.handle.read().await.expect("loaded");
        let mut heard = Vec::new();
        loop {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let mut frames = Vec::new();
            let taken = self.outbox.poll_take(&mut context, usize::MAX, &mut frames);
            self.waiting.extend(frames);
            if self.waiting.is_empty() {
                if let Poll::Ready(Taken::Close(reason)) = taken {
                    heard.push(format!("close {}", reason.frame(None).0));
                }
                return heard;
            }
            while !self.waiting.is_empty() {
                heard.push(self.hears().await);
            }
        }
    }
}
