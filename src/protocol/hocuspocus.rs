//! Hocuspocus framing: every frame begins with the address of the document it is for.
//!
//! Types as in `@hocuspocus/common`; providers 2.x to 4.x. Says nothing about who may do what.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    ClientMessage, ProtocolError, Scope, ServerMessage,
    sync::{self, AUTH, AWARENESS, Kind, QUERY_AWARENESS, SYNC},
    varint::{self, Reader},
};

/// Bytes of an address: any document name, and more than any provider's session id takes. An
/// address is kept for as long as its session, so it must not grow with the frame.
pub const ADDRESS_BYTES: usize = 1024;

const STATELESS: u64 = 5;
const CLOSE: u64 = 7;
const SYNC_STATUS: u64 = 8;

/// A ping and a pong are the whole frame: one byte, no address.
const PING: u8 = 9;
const PONG: u8 = 10;

/// Kinds of auth messages. From a client, `TOKEN` carries its token; from a server it asks for it.
const TOKEN: u64 = 0;
const PERMISSION_DENIED: u64 = 1;
const AUTHENTICATED: u64 = 2;

/// A message and the address it came with.
pub type Addressed = (Option<Arc<[u8]>>, ClientMessage);

/// Reads one frame: its address (`None` for a bare ping or pong) and its message; ignores trailing
/// bytes.
///
/// # Errors
/// When the frame is cut short, holds an impossible number, or its address is empty or longer than
/// [`ADDRESS_BYTES`].
pub fn decode(frame: &Bytes) -> Result<Addressed, ProtocolError> {
    match frame[..] {
        [PONG] => return Ok((None, ClientMessage::Pong)),
        [PING] => return Ok((None, ClientMessage::Unknown(PING.into()))),
        _ => {}
    }
    let mut reader = Reader::new(frame);
    let address = read_address(&mut reader)?;
    Ok((Some(address), read_message(&mut reader)?))
}

/// The document's name within an address: what stands before the first NUL.
#[must_use]
pub fn document_of(address: &[u8]) -> &[u8] {
    address.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Whether a frame carries this address.
#[must_use]
pub fn is_to(address: &[u8], frame: &[u8]) -> bool {
    let mut front = BytesMut::new();
    varint::bytes(&mut front, address);
    frame.starts_with(&front)
}

/// Writes one frame; `None` when the dialect has no such message.
#[must_use]
pub fn encode(address: &[u8], message: &ServerMessage) -> Option<Bytes> {
    if matches!(message, ServerMessage::Ping) {
        return Some(Bytes::from_static(&[PING]));
    }
    let mut out = BytesMut::new();
    varint::bytes(&mut out, address);
    match message {
        ServerMessage::SyncStep1(body) => sync::write(&mut out, Kind::Step1, body),
        ServerMessage::SyncStep2(body) => sync::write(&mut out, Kind::Step2, body),
        ServerMessage::Update(body) => sync::write(&mut out, Kind::Update, body),
        ServerMessage::Awareness(body) => sync::write_plain(&mut out, AWARENESS, body),
        ServerMessage::Stateless(text) => sync::write_plain(&mut out, STATELESS, text.as_bytes()),
        ServerMessage::Close(reason) => sync::write_plain(&mut out, CLOSE, reason.as_bytes()),
        ServerMessage::SyncStatus(accepted) => {
            varint::uint(&mut out, SYNC_STATUS);
            out.put_u8(u8::from(*accepted));
        }
        ServerMessage::PermissionDenied(reason) => {
            write_auth(&mut out, PERMISSION_DENIED);
            varint::bytes(&mut out, reason.as_bytes());
        }
        ServerMessage::Authenticated(scope) => {
            write_auth(&mut out, AUTHENTICATED);
            varint::bytes(&mut out, scope_text(*scope).as_bytes());
        }
        ServerMessage::TokenRequest => write_auth(&mut out, TOKEN),
        ServerMessage::Barrier(_) | ServerMessage::Hello(_) | ServerMessage::Ping => return None,
    }
    Some(out.freeze())
}

fn read_address(reader: &mut Reader<'_>) -> Result<Arc<[u8]>, ProtocolError> {
    let address = reader.bytes()?;
    if address.len() > ADDRESS_BYTES {
        return Err(ProtocolError::Number);
    }
    let text = std::str::from_utf8(document_of(&address)).map_err(|_| ProtocolError::Text)?;
    if text.trim().is_empty() {
        return Err(ProtocolError::Address);
    }
    Ok(Arc::from(&address[..]))
}

fn read_message(reader: &mut Reader<'_>) -> Result<ClientMessage, ProtocolError> {
    Ok(match reader.uint()? {
        SYNC => match sync::read(reader)? {
            (Kind::Step1, body) => ClientMessage::SyncStep1(body),
            (Kind::Step2, body) => ClientMessage::SyncStep2(body),
            (Kind::Update, body) => ClientMessage::Update(body),
        },
        AWARENESS => ClientMessage::Awareness(reader.bytes()?),
        AUTH => match reader.uint()? {
            TOKEN => read_token(reader)?,
            _ => ClientMessage::Unknown(AUTH),
        },
        QUERY_AWARENESS => ClientMessage::QueryAwareness,
        STATELESS => ClientMessage::Stateless(reader.text()?),
        CLOSE => ClientMessage::Close,
        // Types 4 and 6 are for servers among themselves: from a client they would bypass rights.
        other => ClientMessage::Unknown(other),
    })
}

fn read_token(reader: &mut Reader<'_>) -> Result<ClientMessage, ProtocolError> {
    let token = reader.text()?;
    let version = if reader.is_at_end() { None } else { Some(reader.text()?) };
    Ok(ClientMessage::Token { token, version })
}

fn write_auth(out: &mut BytesMut, kind: u64) {
    varint::uint(out, AUTH);
    varint::uint(out, kind);
}

fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadWrite => "read-write",
        Scope::ReadOnly => "readonly",
    }
}
