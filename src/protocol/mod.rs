//! Turns WebSocket frames into messages and back, for every dialect.
//!
//! No I/O, no document, no HTTP. Sources of the formats: lib0 `encoding.js`, y-protocols
//! `PROTOCOL.md`, `@hocuspocus/common`, and what unmodified clients send.

pub mod message;
pub mod varint;
mod sync;
pub mod y_websocket;
pub mod hocuspocus;
pub mod close;
#[cfg(test)]
mod tests;

pub use close::CloseReason;
pub use message::{Address, ClientMessage, Dialect, ProtocolError, Scope, ServerMessage};

impl Address {
    /// Writes a frame for this address; `None` when its dialect has no such message.
    #[must_use]
    pub fn encode(&self, message: &ServerMessage) -> Option<bytes::Bytes> {
        match self {
            Self::None => y_websocket::encode(message),
            Self::Hocuspocus(address) => hocuspocus::encode(address, message),
        }
    }

    /// Whether a frame is for this address.
    #[must_use]
    pub fn is_of(&self, frame: &[u8]) -> bool {
        match self {
            Self::None => true,
            Self::Hocuspocus(address) => hocuspocus::is_to(address, frame),
        }
    }
}
