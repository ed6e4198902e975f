//! Both dialects spoken by hand: frames that clients write and some that none would.

use std::time::Duration;

use bytes::Bytes;
use coscribe::server::Server;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// Longer than anything takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a connection frames its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    YWebsocket,
    Hocuspocus,
}

/// A connection to one document.
pub(super) struct Wire {
    dialect: Dialect,
    document: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(super) heard: Vec<Bytes>,
    pub(super) closed: Option<u16>,
}

/// Text "t" gets an "x" by client 7: an edit that fits anywhere.
pub(super) const EDIT: &[u8] = &[1, 1, 7, 0, 4, 1, 1, b't', 1, b'x', 0];

pub(super) const SYNC_STEP1: &[u8] = &[0, 0, 1, 0];
pub(super) const QUERY_AWARENESS: &[u8] = &[3];

impl Wire {
    /// Connects and shows a token in the way of the dialect.
    pub(super) async fn connect(
        server: &Server,
        dialect: Dialect,
        document: &str,
        token: &str,
    ) -> Self {
        let address = server.addresses()[0];
        let url = match dialect {
            Dialect::YWebsocket => format!("ws://{address}/ws/{document}?token={token}"),
            Dialect::Hocuspocus => format!("ws://{address}/ws"),
        };
        let (socket, _) = connect_async(url).await.expect("upgraded");
        let document = document.to_owned();
        let mut it = Self { dialect, document, socket, heard: Vec::new(), closed: None };
        if dialect == Dialect::Hocuspocus {
            it.shows(token).await;
        }
        it
    }

    /// Connects, asks for the document and has it.
    pub(super) async fn synced(
        server: &Server,
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
        let version = [&[5][..], b"4.8.0"].concat();
        self.says(&[&[2, 0][..], &text(token), &version].concat()).await;
    }

    pub(super) async fn says(&mut self, message: &[u8]) {
        let frame = match self.dialect {
            Dialect::YWebsocket => message.to_vec(),
            Dialect::Hocuspocus => [&text(&self.document)[..], message].concat(),
        };
        self.says_bytes(frame).await;
    }

    /// Says bytes as they are.
    pub(super) async fn says_raw(&mut self, frame: Vec<u8>) {
        self.says_bytes(frame).await;
    }

    async fn says_bytes(&mut self, frame: Vec<u8>) {
        // A server that hangs up meanwhile says so to who listens next.
        let _gone = self.socket.send(Message::binary(frame)).await.is_err();
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

    /// Says goodbye, once everything before it was dealt with, and listens to the end.
    pub(super) async fn leaves(&mut self) {
        if self.dialect == Dialect::Hocuspocus {
            // Answered at once and in order: everything before it has reached the document.
            self.says_bytes(vec![2, b'a', b'\n', 2, 0, 0, 0]).await;
            let before = self.heard.len();
            while !self.heard[before..].iter().any(|frame| frame.starts_with(b"\x02a\n")) {
                let _other = self.next_frame().await;
            }
        }
        let _gone = self.socket.close(None).await.is_err();
        while self.next_frame().await.is_some() {}
    }

    /// The next message, without its address.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.next_frame().await?;
            let front = match self.dialect {
                Dialect::YWebsocket => Vec::new(),
                Dialect::Hocuspocus => text(&self.document),
            };
            if frame.starts_with(&front) {
                return Some(frame.slice(front.len()..));
            }
        }
    }

    async fn next_frame(&mut self) -> Option<Bytes> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
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
