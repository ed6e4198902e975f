//! y-websocket framing, with the messages that y-sweet (102) and our own client (120) add.
//!
//! A frame is a type and its body. Both ends are here: the server's, and that of our own client.

use bytes::{Bytes, BytesMut};

use super::{
    ClientMessage, ProtocolError, ServerMessage,
    sync::{self, AUTH, AWARENESS, Kind, QUERY_AWARENESS, SYNC},
    varint::{self, Reader},
};

/// y-sweet's sync status: answered with its own payload.
const BARRIER: u64 = 102;

/// Our own greeting. Stock clients log an unknown type and go on, but are never sent it.
const HELLO: u64 = 120;

/// The only kind of auth message that exists (y-protocols `auth.js`).
const PERMISSION_DENIED: u64 = 0;

/// Reads a client's frame; ignores what follows the first message.
///
/// # Errors
/// When the frame is cut short or holds an impossible number.
pub fn decode(frame: &Bytes) -> Result<ClientMessage, ProtocolError> {
    let mut reader = Reader::new(frame);
    Ok(match reader.uint()? {
        SYNC => match sync::read(&mut reader)? {
            (Kind::Step1, body) => ClientMessage::SyncStep1(body),
            (Kind::Step2, body) => ClientMessage::SyncStep2(body),
            (Kind::Update, body) => ClientMessage::Update(body),
        },
        AWARENESS => ClientMessage::Awareness(reader.bytes()?),
        QUERY_AWARENESS => ClientMessage::QueryAwareness,
        BARRIER => ClientMessage::Barrier(reader.bytes()?),
        other => ClientMessage::Unknown(other),
    })
}

/// Writes a server's frame; `None` when the dialect has no such message.
#[must_use]
pub fn encode(message: &ServerMessage) -> Option<Bytes> {
    let mut out = BytesMut::new();
    match message {
        ServerMessage::SyncStep1(body) => sync::write(&mut out, Kind::Step1, body),
        ServerMessage::SyncStep2(body) => sync::write(&mut out, Kind::Step2, body),
        ServerMessage::Update(body) => sync::write(&mut out, Kind::Update, body),
        ServerMessage::Awareness(body) => sync::write_plain(&mut out, AWARENESS, body),
        ServerMessage::Barrier(body) => sync::write_plain(&mut out, BARRIER, body),
        ServerMessage::Hello(json) => sync::write_plain(&mut out, HELLO, json.as_bytes()),
        ServerMessage::PermissionDenied(reason) => {
            varint::uint(&mut out, AUTH);
            varint::uint(&mut out, PERMISSION_DENIED);
            varint::bytes(&mut out, reason.as_bytes());
        }
        ServerMessage::SyncStatus(_)
        | ServerMessage::Authenticated(_)
        | ServerMessage::TokenRequest
        | ServerMessage::Stateless(_)
        | ServerMessage::Close(_)
        | ServerMessage::Ping => return None,
    }
    Some(out.freeze())
}

/// Reads a server's frame, for our own client; `None` for a type it does not know.
///
/// # Errors
/// When the frame is cut short or holds an impossible number.
pub fn decode_server(frame: &Bytes) -> Result<Option<ServerMessage>, ProtocolError> {
    let mut reader = Reader::new(frame);
    Ok(Some(match reader.uint()? {
        SYNC => match sync::read(&mut reader)? {
            (Kind::Step1, body) => ServerMessage::SyncStep1(body),
            (Kind::Step2, body) => ServerMessage::SyncStep2(body),
            (Kind::Update, body) => ServerMessage::Update(body),
        },
        AWARENESS => ServerMessage::Awareness(reader.bytes()?),
        AUTH if reader.uint()? == PERMISSION_DENIED => {
            ServerMessage::PermissionDenied(reader.text()?)
        }
        BARRIER => ServerMessage::Barrier(reader.bytes()?),
        HELLO => ServerMessage::Hello(reader.text()?),
        _ => return Ok(None),
    }))
}

/// Writes a client's frame, for our own client; `None` when the dialect has no such message.
#[must_use]
pub fn encode_client(message: &ClientMessage) -> Option<Bytes> {
    let mut out = BytesMut::new();
    match message {
        ClientMessage::SyncStep1(body) => sync::write(&mut out, Kind::Step1, body),
        ClientMessage::SyncStep2(body) => sync::write(&mut out, Kind::Step2, body),
        ClientMessage::Update(body) => sync::write(&mut out, Kind::Update, body),
        ClientMessage::Awareness(body) => sync::write_plain(&mut out, AWARENESS, body),
        ClientMessage::QueryAwareness => varint::uint(&mut out, QUERY_AWARENESS),
        ClientMessage::Barrier(body) => sync::write_plain(&mut out, BARRIER, body),
        ClientMessage::Token { .. }
        | ClientMessage::Stateless(_)
        | ClientMessage::Close
        | ClientMessage::Pong
        | ClientMessage::Unknown(_) => return None,
    }
    Some(out.freeze())
}
