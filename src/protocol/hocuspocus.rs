//! Hocuspocus framing: every frame begins with the address of the document it is for.

use std::sync::Arc;

use bytes::Bytes;

use super::{ClientMessage, ProtocolError, ServerMessage};

/// Reads one frame: its address (`None` for a bare pong) and its message; ignores trailing bytes.
///
/// # Errors
/// When the frame is cut short, holds an impossible number, or its address is empty.
pub fn decode(_frame: &Bytes) -> Result<(Option<Arc<[u8]>>, ClientMessage), ProtocolError> {
    unimplemented!()
}

/// The document's name within an address: what stands before the first NUL.
#[must_use]
pub fn document_of(_address: &[u8]) -> &[u8] {
    unimplemented!()
}

/// Writes one frame; `None` when the dialect has no such message.
#[must_use]
pub fn encode(_address: &[u8], _message: &ServerMessage) -> Option<Bytes> {
    unimplemented!()
}
