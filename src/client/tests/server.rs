//! A server that does what a test tells it to, step by step.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Callback, ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    client::{Client, Options},
    clock::TestClock,
    crdt::replica::Replica,
    ids::{ClientId, DocumentName},
    protocol::{ClientMessage, ServerMessage, varint, y_websocket},
    random::SeededRandom,
};

pub(super) const EPOCH: &str = "00000000-0000-4000-8000-000000000001";
pub(super) const OTHER_EPOCH: &str = "00000000-0000-4000-8000-000000000002";

/// A listening socket and the document behind it, which outlives connections.
pub(super) struct TestServer {
    pub(super) listener: TcpListener,
    pub(super) document: Replica,
}

/// One connection, seen from the server.
pub(super) struct Peer {
    pub(super) socket: WebSocketStream<TcpStream>,
    pub(super) uri: String,
}

impl TestServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { listener, document: Replica::new(ClientId(1), "text") }
    }

    pub(super) fn options() -> Options {
        Options {
            random: Arc::new(SeededRandom::new(5)),
            clock: Arc::new(TestClock::default()),
            pause: Duration::from_millis(1)..=Duration::from_millis(1),
            ..Options::default()
        }
    }

    pub(super) fn connect(&self) -> Client {
        let address = self.listener.local_addr().expect("bound");
        let name = DocumentName::new("notes").expect("a name");
        Client::connect(&format!("ws://{address}/ws"), &name, Self::options()).expect("sound")
    }

    pub(super) async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        let mut uri = String::new();
        let socket = accept_hdr_async(stream, SeeUri(&mut uri)).await.expect("an upgrade");
        Peer { socket, uri }
    }

    /// Accepts, and exchanges what both sides have.
    pub(super) async fn accept_and_sync(&mut self) -> Peer {
        let mut peer = self.accept().await;
        self.sync(&mut peer).await;
        peer
    }

    pub(super) async fn sync(&mut self, peer: &mut Peer) {
        let ClientMessage::SyncStep1(vector) = peer.receive().await else {
            panic!("a client begins with what it has");
        };
        peer.send(&ServerMessage::SyncStep1(self.document.state_vector())).await;
        let difference = self.document.diff(&vector).expect("a state vector");
        peer.send(&ServerMessage::SyncStep2(difference)).await;
        self.take(peer).await;
    }

    /// Writes at the end of the document and tells the peer.
    pub(super) async fn tell(&mut self, peer: &mut Peer, text: &str) {
        let (_, update) = self.document.edit(|edit| edit.push(text));
        peer.send(&ServerMessage::Update(update.expect("a change"))).await;
    }

    /// Applies the next message, which must be a change.
    pub(super) async fn take(&mut self, peer: &mut Peer) {
        match peer.receive().await {
            ClientMessage::SyncStep2(update) | ClientMessage::Update(update) => {
                self.document.apply(&update).expect("a sound update");
            }
            other => panic!("expected a change, got {other:?}"),
        }
    }
}

impl Peer {
    pub(super) async fn receive(&mut self) -> ClientMessage {
        match self.socket.next().await {
            Some(Ok(Message::Binary(frame))) => y_websocket::decode(&frame).expect("sound"),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    pub(super) async fn send(&mut self, message: &ServerMessage) {
        let frame = y_websocket::encode(message).expect("of the dialect");
        self.socket.send(Message::Binary(frame)).await.expect("the client reads");
    }

    /// Waits for a question about what is saved and answers it.
    pub(super) async fn confirm(&mut self, number: u64) {
        let question = barrier(number);
        assert_eq!(self.receive().await, ClientMessage::Barrier(question.clone()));
        self.send(&ServerMessage::Barrier(question)).await;
    }

    pub(super) async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        self.socket.send(Message::Close(Some(frame))).await.expect("the client reads");
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

struct SeeUri<'a>(&'a mut String);

impl Callback for SeeUri<'_> {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        *self.0 = request.uri().to_string();
        Ok(response)
    }
}

pub(super) fn barrier(number: u64) -> Bytes {
    let mut out = BytesMut::new();
    varint::uint(&mut out, number);
    out.freeze()
}

pub(super) fn hello(epoch: Option<&str>, access: &str) -> ServerMessage {
    ServerMessage::Hello(json!({"epoch": epoch, "access": access, "later": 1}).to_string())
}
