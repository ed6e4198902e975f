//! Connections over a stream in memory, with a client that does what no client should.

mod asking;
mod overload;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{io::DuplexStream, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::{Connections, Sockets};
use crate::{
    auth::Credentials,
    clock::TestClock,
    document::{Documents, Setup},
    http::{Accepted, rights::Rights},
    ids::DocumentName,
    limits::Limits,
    random::SeededRandom,
    storage::memory::Memory,
};

const STEP1: &[u8] = &[0, 0, 1, 0];

/// A frame of an edit: `x` typed by client 7.
const UPDATE: &[u8] = &[0, 2, 11, 1, 1, 7, 0, 4, 1, 1, b't', 1, b'x', 0];

/// A question whether what came before is on disk, and its answer.
const BARRIER: &[u8] = &[102, 1, 1];

/// What connections come to.
struct House {
    sockets: Arc<Sockets>,
}

struct Connected {
    documents: Documents,
    socket: WebSocketStream<DuplexStream>,
    serving: JoinHandle<()>,
}

/// Documents on threads of their own.
fn setup(limits: Limits) -> Setup {
    Setup {
        store: Arc::new(Memory::new()),
        clock: Arc::new(TestClock::default()),
        random: Arc::new(SeededRandom::new(1)),
        limits,
        threads: 1,
        hooks: crate::hooks::Runner::default(),
    }
}

/// Documents where the test is, so that with a paused clock time goes on only when nothing else
/// does.
fn beside(limits: Limits) -> Setup {
    Setup { threads: 0, ..setup(limits) }
}

/// Waits until nothing goes on any more, where documents are beside the test and the clock is
/// paused.
async fn everything_stands_still() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test]
async fn a_connection_keeps_no_room_for_what_it_does_once() {
    let house = House::new(setup(Limits::default()), Rights::open());
    let (_ours, theirs) = tokio::io::duplex(1);
    let serving = house.sockets.serve(theirs, accepted(None));
    assert!(size_of_val(&serving) <= 96, "{} bytes", size_of_val(&serving));
}

async fn connect(limits: Limits, name: Option<&str>) -> Connected {
    House::new(setup(limits), Rights::open()).connect(name).await
}

/// A request for the document of this name.
fn accepted(name: Option<&str>) -> Accepted {
    Accepted {
        peer: None,
        document: Ok(name.map(|name| DocumentName::new(name).expect("a good name"))),
        query: Vec::new(),
        subprotocol: None,
        credentials: Credentials::default(),
    }
}

impl House {
    fn new(setup: Setup, rights: Rights) -> Self {
        let documents = Documents::new(setup).expect("threads start");
        let (connections, rights) = (Connections::default(), Arc::new(rights));
        Self { sockets: Arc::new(Sockets { documents, connections, rights }) }
    }

    async fn connect(&self, name: Option<&str>) -> Connected {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let serving = tokio::spawn(self.sockets.serve(theirs, accepted(name)));
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        Connected { documents: self.sockets.documents.clone(), socket, serving }
    }

    /// Connects and has the document, in both directions.
    async fn synced(&self, name: &str) -> Connected {
        let mut it = self.connect(Some(name)).await;
        it.says(STEP1).await;
        it.hears(&[0, 1]).await;
        it.says(&[0, 1, 2, 0, 0]).await;
        it
    }
}

impl Connected {
    async fn says(&mut self, frame: &[u8]) {
        self.socket.send(Message::Binary(Bytes::copy_from_slice(frame))).await.expect("open");
    }

    /// Frames until the close frame, and its code.
    async fn hears_to_the_end(&mut self) -> (Vec<Bytes>, Option<u16>) {
        let mut frames = Vec::new();
        while let Some(Ok(message)) = self.socket.next().await {
            match message {
                Message::Binary(frame) => frames.push(frame),
                Message::Close(close) => return (frames, close.map(|close| close.code.into())),
                _ => {}
            }
        }
        (frames, None)
    }

    async fn hears(&mut self, kind: &[u8]) -> Bytes {
        loop {
            match self.socket.next().await.expect("open").expect("sound") {
                Message::Binary(frame) if frame.starts_with(kind) => return frame,
                Message::Close(close) => panic!("closed: {close:?}"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn who_sends_too_much_at_once_hears_why_and_is_stopped() {
    let limits = Limits { message_bytes: 1000, ..Limits::default() };
    let mut it = connect(limits, Some("notes")).await;
    it.says(STEP1).await;
    it.hears(&[0, 1]).await;
    it.says(&vec![7; 300_000]).await;
    let (frames, code) = it.hears_to_the_end().await;
    assert!(frames.iter().any(|frame| frame.starts_with(&[2, 0])), "{frames:?}");
    assert_eq!(code, Some(4413));
}

#[tokio::test]
async fn who_never_shows_a_token_does_not_stay() {
    let limits = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    let mut it = connect(limits, None).await;
    it.says(&[&[3][..], b"doc", UPDATE].concat()).await;
    assert_eq!(it.hears_to_the_end().await.1, Some(4408));
}

#[tokio::test]
async fn a_connection_that_is_cut_short_leaves_its_document() {
    let limits = Limits { unload_after: Duration::from_millis(10), ..Limits::default() };
    let mut it = connect(limits, Some("notes")).await;
    it.says(STEP1).await;
    it.hears(&[0, 1]).await;
    it.serving.abort();
    while it.documents.loaded() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn who_is_not_listened_to_is_not_taken_for_dead() {
    let dead_after = Duration::from_millis(50);
    let (ping_after, keepalive) = (dead_after / 4, dead_after / 4);
    let limits = Limits { dead_after, ping_after, keepalive, ..Limits::default() };
    let mut it = connect(limits.clone(), Some("notes")).await;
    it.says(STEP1).await;
    it.hears(&[0, 1]).await;
    it.says(&[0, 1, 2, 0, 0]).await;
    let whole = it.documents.budget().take(limits.unsaved_bytes).await;
    it.says(UPDATE).await;
    it.says(&[102, 1, 1]).await;
    // Long enough to be given up, were it not for the budget.
    let waiting = tokio::time::timeout(dead_after * 4, it.hears(&[102])).await;
    assert!(waiting.is_err());
    drop(whole);
    it.hears(&[102]).await;
}

#[tokio::test]
async fn a_connection_made_while_others_are_sent_away_is_sent_away_too() {
    let connections = Connections::default();
    connections.drain(Duration::ZERO, &SeededRandom::new(1)).await;
    let outbox = Arc::new(crate::document::Outbox::new(10));
    let _registration = connections.register(&outbox);
    assert!(outbox.is_closing());
}
