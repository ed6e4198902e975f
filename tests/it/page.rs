//! An unmodified y-websocket page as the server sees it: it answers every question with all it has,
//! and comes back whatever it is told.

use std::time::Duration;

use bytes::Bytes;
use coscribe::{
    crdt::replica::{Replica, TextEdit},
    ids::ClientId,
    server::Server,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};

/// Longer than anything takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// A page and its copy of the document.
pub(crate) struct Page {
    replica: Replica,
    socket: Option<WebSocketStream<MaybeTlsStream<TcpStream>>>,
}

/// What a page heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The server's answer to what it has: it is in sync.
    Step2,
    /// A change.
    Update(Bytes),
    /// Message 102 came back.
    Barrier,
    /// Message 120: JSON.
    Hello(String),
    /// It was turned away with this code.
    Closed(u16),
}

impl Page {
    pub(crate) fn new(client: u64) -> Self {
        Self { replica: Replica::new(ClientId(client), "text"), socket: None }
    }

    pub(crate) fn text(&self) -> String {
        self.replica.text()
    }

    /// Connects and asks for what it lacks, as y-websocket does. `target` is below `/ws/`.
    pub(crate) async fn connect(&mut self, server: &Server, target: &str) {
        let url = format!("ws://{}/ws/{target}", server.addresses()[0]);
        let (socket, _) = connect_async(url).await.expect("upgraded");
        self.socket = Some(socket);
        let state_vector = self.replica.state_vector();
        self.send(&[0, 0], &state_vector).await;
    }

    /// Types at the end; the change goes out if it is connected.
    pub(crate) async fn types(&mut self, words: &str) {
        let (_, update) = self.replica.edit(|text| text.push(words));
        let update = update.expect("a change");
        if self.socket.is_some() {
            self.send(&[0, 2], &update).await;
        }
    }

    /// Changes the text; the change goes out if it is connected.
    pub(crate) async fn edits(&mut self, change: impl FnOnce(&mut TextEdit<'_>)) {
        let ((), update) = self.replica.edit(change);
        if self.socket.is_some() {
            self.send(&[0, 2], &update.expect("a change")).await;
        }
    }

    /// Closes its connection without a word, as when a laptop is shut.
    pub(crate) fn leaves(&mut self) {
        self.socket = None;
    }

    /// Listens until its text is as expected.
    pub(crate) async fn reads(&mut self, expected: impl Fn(&str) -> bool) {
        while !expected(&self.text()) {
            let heard = tokio::time::timeout(PATIENCE, self.listen()).await;
            heard.unwrap_or_else(|_| panic!("it only reads {:?}", self.text()));
        }
    }

    /// Sends an update that is none of its replica's.
    pub(crate) async fn says(&mut self, update: &[u8]) {
        self.send(&[0, 2], update).await;
    }

    /// Asks to be told when everything it sent is durable.
    pub(crate) async fn asks_saved(&mut self) {
        self.send(&[102], &[1]).await;
    }

    /// Waits until everything it sent is durable.
    pub(crate) async fn saved(&mut self) {
        self.asks_saved().await;
        while self.hears().await != Heard::Barrier {}
    }

    pub(crate) async fn synced(&mut self) {
        while self.hears().await != Heard::Step2 {}
    }

    /// Waits until it is turned away; gives the code.
    pub(crate) async fn turned_away(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.hears().await {
                return code;
            }
        }
    }

    /// The next thing it hears; answers questions and keeps what it is told on the way.
    pub(crate) async fn hears(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.listen()).await.expect("hears something")
    }

    async fn listen(&mut self) -> Heard {
        loop {
            let socket = self.socket.as_mut().expect("connected");
            let frame = match socket.next().await {
                Some(Ok(Message::Binary(frame))) => frame,
                Some(Ok(Message::Close(frame))) => {
                    self.socket = None;
                    return Heard::Closed(frame.map_or(CloseCode::Status, |it| it.code).into());
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => {
                    self.socket = None;
                    return Heard::Closed(1006);
                }
            };
            match frame[..] {
                [0, 0, ..] => {
                    let all = self.replica.diff(&payload(&frame, 2)).expect("sound");
                    self.send(&[0, 1], &all).await;
                }
                [0, 1, ..] => {
                    self.replica.apply(&payload(&frame, 2)).expect("sound");
                    return Heard::Step2;
                }
                [0, 2, ..] => {
                    let update = payload(&frame, 2);
                    self.replica.apply(&update).expect("sound");
                    return Heard::Update(update);
                }
                [102, ..] => return Heard::Barrier,
                [120, ..] => {
                    let text = payload(&frame, 1).to_vec();
                    return Heard::Hello(String::from_utf8(text).expect("UTF-8"));
                }
                _ => {}
            }
        }
    }

    async fn send(&mut self, kind: &[u8], payload: &[u8]) {
        let mut frame = kind.to_vec();
        let mut left = payload.len();
        while left > 0x7f {
            frame.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
            left >>= 7;
        }
        frame.push(u8::try_from(left).expect("seven bits"));
        frame.extend_from_slice(payload);
        let socket = self.socket.as_mut().expect("connected");
        // A server that hangs up meanwhile says so to who listens next.
        let _gone = socket.send(Message::binary(frame)).await.is_err();
    }
}

/// What follows a frame's kind: bytes with their length in front.
fn payload(frame: &Bytes, kind: usize) -> Bytes {
    let length = frame[kind..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    frame.slice(kind + length..)
}
