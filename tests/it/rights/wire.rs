//! The dialects spoken by hand through every door: frames that clients write and some that none would.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use coscribe::server::Server;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, http, protocol::Role},
};

use super::by_requests;

/// Longer than anything takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a connection frames its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    YWebsocket,
    /// As versions 3 and 4 do.
    Hocuspocus,
    /// Says nothing of a token when it has none, and nothing of its version.
    Hocuspocus2,
    /// Version 4, when several providers have the same document open.
    HocuspocusSessions,
}

/// What a connection comes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    WebSocket,
    /// Where WebSockets are blocked.
    Requests,
    YSweet,
}

/// Something that listens.
pub(super) trait Listens {
    fn address(&self) -> SocketAddr;
}

impl Listens for Server {
    fn address(&self) -> SocketAddr {
        self.addresses()[0]
    }
}

impl Listens for SocketAddr {
    fn address(&self) -> SocketAddr {
        *self
    }
}

/// What carries bytes both ways.
trait Carries: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Carries for T {}

/// A connection to one document.
pub(super) struct Wire {
    dialect: Dialect,
    pub(super) document: String,
    /// `None` when the door stayed shut.
    socket: Option<WebSocketStream<Box<dyn Carries>>>,
    pub(super) heard: Vec<Bytes>,
    pub(super) closed: Option<u16>,
    /// What was answered instead of opening the door: status, headers and body.
    pub(super) refused: Option<String>,
}

/// Text "t" gets an "x" by client 7: an edit that fits anywhere.
pub(super) const EDIT: &[u8] = &[1, 1, 7, 0, 4, 1, 1, b't', 1, b'x', 0];

pub(super) const SYNC_STEP1: &[u8] = &[0, 0, 1, 0];
pub(super) const QUERY_AWARENESS: &[u8] = &[3];

impl Wire {
    /// Connects and shows a token in the way of the dialect.
    pub(super) async fn connect(
        server: &impl Listens,
        dialect: Dialect,
        document: &str,
        token: &str,
    ) -> Self {
        Self::connect_through(Door::WebSocket, server, dialect, document, token).await
    }

    /// The same through one of the doors.
    pub(super) async fn connect_through(
        door: Door,
        server: &impl Listens,
        dialect: Dialect,
        document: &str,
        token: &str,
    ) -> Self {
        let address = server.address();
        let named = dialect == Dialect::YWebsocket;
        let path = match door {
            Door::YSweet => format!("/y-sweet/d/{document}/ws/{document}?token={token}"),
            Door::WebSocket if named => format!("/ws/{document}?token={token}"),
            Door::Requests if named => format!("/sse/{document}?token={token}"),
            Door::WebSocket => "/ws".to_owned(),
            Door::Requests => "/sse".to_owned(),
        };
        let (mut socket, mut refused) = (None, None);
        if door == Door::Requests {
            let stream: Box<dyn Carries> = Box::new(by_requests::open(address, &path).await);
            socket = Some(WebSocketStream::from_raw_socket(stream, Role::Client, None).await);
        } else {
            let stream: Box<dyn Carries> =
                Box::new(TcpStream::connect(address).await.expect("listens"));
            match client_async(format!("ws://{address}{path}"), stream).await {
                Ok((upgraded, _)) => socket = Some(upgraded),
                Err(tungstenite::Error::Http(response)) => refused = Some(told(&response)),
                Err(error) => panic!("{error}"),
            }
        }
        let document = document.to_owned();
        let (heard, closed) = (Vec::new(), None);
        let mut it = Self { dialect, document, socket, heard, closed, refused };
        if !(named || dialect == Dialect::Hocuspocus2 && token.is_empty()) {
            it.shows(token).await;
        }
        it
    }

    /// Connects as a Hocuspocus provider would, and shows nothing.
    pub(super) async fn silent(server: &impl Listens, document: &str) -> Self {
        let mut it = Self::connect(server, Dialect::Hocuspocus2, document, "").await;
        it.dialect = Dialect::Hocuspocus;
        it
    }

    /// Connects, asks for the document and has it.
    pub(super) async fn synced(
        server: &impl Listens,
        dialect: Dialect,
        document: &str,
        token: &str,
    ) -> Self {
        let mut it = Self::connect(server, dialect, document, token).await;
        it.says(SYNC_STEP1).await;
        it.hears(&[0, 1]).await;
        it
    }

    /// Hocuspocus: shows a token.
    pub(super) async fn shows(&mut self, token: &str) {
        let version = match self.dialect {
            Dialect::Hocuspocus2 => Vec::new(),
            _ => text("4.8.0"),
        };
        self.says(&[&[2, 0][..], &text(token), &version].concat()).await;
    }

    pub(super) async fn says(&mut self, message: &[u8]) {
        self.says_bytes([&self.front()[..], message].concat()).await;
    }

    /// Says bytes as they are.
    pub(super) async fn says_raw(&mut self, frame: Vec<u8>) {
        self.says_bytes(frame).await;
    }

    async fn says_bytes(&mut self, frame: Vec<u8>) {
        // A server that hangs up meanwhile says so to who listens next.
        if let Some(socket) = &mut self.socket {
            let _gone = socket.send(Message::binary(frame)).await.is_err();
        }
    }

    /// What its frames have in front.
    fn front(&self) -> Vec<u8> {
        match self.dialect {
            Dialect::YWebsocket => Vec::new(),
            Dialect::Hocuspocus | Dialect::Hocuspocus2 => text(&self.document),
            Dialect::HocuspocusSessions => text(&format!("{}\0one", self.document)),
        }
    }

    /// Listens for a message that begins so; gives the rest.
    pub(super) async fn hears(&mut self, kind: &[u8]) -> Bytes {
        let listening = async {
            while let Some(body) = self.next().await {
                if body.starts_with(kind) {
                    return Some(body.slice(kind.len()..));
                }
            }
            None
        };
        let heard = tokio::time::timeout(PATIENCE, listening).await.ok().flatten();
        let (closed, all) = (self.closed, &self.heard);
        heard.unwrap_or_else(|| panic!("{kind:?} does not come ({closed:?}); heard {all:?}"))
    }

    /// Waits until it was told whether it may.
    async fn is_answered(&mut self) {
        let answers = [1, 2].map(|kind| [&self.front()[..], &[2, kind]].concat());
        let is_answer = |frame: &Bytes| answers.iter().any(|it| frame.starts_with(it));
        while !self.heard.iter().any(is_answer) {
            let _other = self.next_frame().await.expect("an answer");
        }
    }

    /// Listens for a message that begins so, unless it came already.
    pub(super) async fn has_or_hears(&mut self, kind: &[u8]) {
        let wanted = [&self.front()[..], kind].concat();
        if !self.heard.iter().any(|frame| frame.starts_with(&wanted)) {
            self.hears(kind).await;
        }
    }

    /// Waits until everything it said was dealt with, where frames have addresses.
    pub(super) async fn is_through(&mut self) {
        // Answered at once and in order: everything before it has reached the document.
        self.says_bytes(vec![2, b'a', b'\n', 2, 0, 0, 0]).await;
        let before = self.heard.len();
        while !self.heard[before..].iter().any(|frame| frame.starts_with(b"\x02a\n")) {
            let _other = self.next_frame().await;
        }
    }

    /// Says goodbye, once everything before it was dealt with, and listens to the end.
    pub(super) async fn leaves(&mut self) {
        if self.dialect != Dialect::YWebsocket {
            self.is_answered().await;
            self.is_through().await;
        }
        if let Some(socket) = &mut self.socket {
            let _gone = socket.close(None).await.is_err();
        }
        while self.next_frame().await.is_some() {}
    }

    /// The next message, without its address.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.next_frame().await?;
            let front = self.front();
            if frame.starts_with(&front) {
                return Some(frame.slice(front.len()..));
            }
        }
    }

    async fn next_frame(&mut self) -> Option<Bytes> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.as_mut()?.next()).await;
            match next.expect("hears something") {
                Some(Ok(Message::Binary(frame))) => {
                    self.heard.push(frame.clone());
                    return Some(frame);
                }
                Some(Ok(Message::Close(frame))) => {
                    self.closed = self.closed.or(frame.map(|it| it.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Listens until the server hangs up.
    pub(super) async fn hangs(&mut self) -> Option<u16> {
        while self.next_frame().await.is_some() {}
        self.closed
    }

    /// Whether anything it heard holds this word.
    pub(super) fn has_heard(&self, word: &str) -> bool {
        let word = word.as_bytes();
        self.heard.iter().any(|frame| frame.windows(word.len()).any(|it| it == word))
    }
}

/// An answer but for its date, to be compared.
fn told(response: &http::Response<Option<Vec<u8>>>) -> String {
    let headers = response.headers().iter().filter(|(name, _)| *name != "date");
    let headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
    format!("{}\n{}\n\n{body}", response.status(), headers.join("\n"))
}

/// A text with its length in front.
fn text(text: &str) -> Vec<u8> {
    bytes_with_length(text.as_bytes())
}

pub(super) fn bytes_with_length(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = bytes.len();
    while left > 0x7f {
        out.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).expect("seven bits"));
    out.extend_from_slice(bytes);
    out
}

/// A sync message of this kind.
pub(super) fn sync(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[0, kind][..], &bytes_with_length(payload)].concat()
}

/// A presence of this client that shows a word.
pub(super) fn presence(client: u8, clock: u8, word: &str) -> Vec<u8> {
    let state = format!(r#"{{"word":"{word}"}}"#);
    let entry = [&[1, client, clock][..], &text(&state)].concat();
    [&[1][..], &bytes_with_length(&entry)].concat()
}

/// An app's own message.
pub(super) fn stateless(kind: u8, word: &str) -> Vec<u8> {
    [&[kind][..], &text(word)].concat()
}
