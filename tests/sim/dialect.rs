//! The three families of clients as frames: what a message looks like on each one's wire, and how
//! each is told that its edits are saved. Holds no document.

use bytes::{BufMut, Bytes, BytesMut};
use coscribe::protocol::{
    ClientMessage, ServerMessage,
    varint::{self, Reader},
    y_websocket,
};

/// A family of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Is never told.
    YWebsocket,
    /// Asks after each edit.
    YSweet,
    /// Is told of each edit, in frames that carry the document's name.
    Hocuspocus,
}

/// A Hocuspocus client shows an empty token before anything else.
const TOKEN: [u8; 3] = [2, 0, 0];

impl Dialect {
    /// Those of the people of a document, in turn.
    pub(crate) fn of_person(number: u64) -> Self {
        [Self::Hocuspocus, Self::YSweet, Self::YWebsocket][(number % 3) as usize]
    }

    /// Whether its frames say which document they are for.
    pub(crate) fn has_address(self) -> bool {
        self == Self::Hocuspocus
    }

    /// Whether it is told that its edits are saved.
    pub(crate) fn is_told(self) -> bool {
        self != Self::YWebsocket
    }

    /// Whether a frame is for this document, and not for another on the same line.
    pub(crate) fn is_meant(self, document: &str, frame: &[u8]) -> bool {
        !self.has_address() || frame.starts_with(&addressed(document, &[]))
    }

    /// Whether a frame says that one message is saved.
    pub(crate) fn is_answer(self, frame: &[u8]) -> bool {
        self == Self::Hocuspocus && frame.ends_with(&[8, 1]) && frame.len() < 8
    }

    /// What is sent before anything else.
    pub(crate) fn greeting(self, document: &str) -> Option<Bytes> {
        (self == Self::Hocuspocus).then(|| addressed(document, &TOKEN))
    }

    /// A message as a frame.
    pub(crate) fn frame(self, document: &str, message: &ClientMessage) -> Bytes {
        let body = y_websocket::encode_client(message).expect("a message every dialect has");
        if self == Self::Hocuspocus { addressed(document, &body) } else { body }
    }

    /// The question whether everything up to here is saved, where it is asked.
    pub(crate) fn question(self, number: usize) -> Option<ClientMessage> {
        let mut payload = BytesMut::new();
        varint::uint(&mut payload, number as u64);
        (self == Self::YSweet).then(|| ClientMessage::Barrier(payload.freeze()))
    }

    /// What a frame says; `None` for what means nothing to such a client.
    pub(crate) fn read(
        self,
        document: &str,
        frame: &Bytes,
    ) -> Result<Option<ServerMessage>, String> {
        let sound = |frame: &Bytes| y_websocket::decode_server(frame).map_err(|it| it.to_string());
        if self != Self::Hocuspocus {
            return sound(frame);
        }
        let front = addressed(document, &[]);
        if !frame.starts_with(&front) {
            return Err(format!("a frame for {document} carries another address: {frame:?}"));
        }
        let body = frame.slice(front.len()..);
        match body[..] {
            [0 | 1, ..] => sound(&body),
            [2, 1, ..] => Ok(Some(ServerMessage::PermissionDenied(String::new()))),
            [8, status] => Ok(Some(ServerMessage::SyncStatus(status == 1))),
            _ => Ok(None),
        }
    }
}

/// The number in an answer to [`Dialect::question`].
pub(crate) fn number_of(payload: &Bytes) -> Option<u64> {
    Reader::new(payload).uint().ok()
}

fn addressed(document: &str, body: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    varint::bytes(&mut out, document.as_bytes());
    out.put_slice(body);
    out.freeze()
}
