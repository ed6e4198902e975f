//! y-websocket framing, with the messages that y-sweet (102) and our own client (120) add.

use bytes::Bytes;

use super::{ClientMessage, ProtocolError, ServerMessage};

/// Reads one frame; ignores what follows the first message.
///
/// # Errors
/// When the frame is cut short or holds an impossible number.
pub fn decode(_frame: &Bytes) -> Result<ClientMessage, ProtocolError> {
    unimplemented!()
}

/// Writes one frame; `None` when the dialect has no such message.
#[must_use]
pub fn encode(_message: &ServerMessage) -> Option<Bytes> {
    unimplemented!()
}
