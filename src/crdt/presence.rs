//! Awareness messages as bytes: read with bounds, written without the CRDT.

use bytes::Bytes;

use super::Refusal;

/// One client's presence in an awareness message (y-protocols `awareness.js`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceEntry {
    /// The client id.
    pub client: u64,
    /// Counts its states.
    pub clock: u32,
    /// JSON text; `null` when the client has left.
    pub state: Bytes,
}

impl PresenceEntry {
    /// Whether the client says it has left.
    #[must_use]
    pub fn is_leave(&self) -> bool {
        &self.state[..] == b"null"
    }
}

/// Reads an awareness message of at most `entries` clients with states of at most `state_bytes`
/// each; ignores trailing bytes. A state must be UTF-8 and JSON.
///
/// # Errors
/// When it is malformed or over a bound.
pub fn parse_presence(
    _message: &[u8],
    _entries: usize,
    _state_bytes: usize,
) -> Result<Vec<PresenceEntry>, Refusal> {
    unimplemented!()
}

/// Writes an awareness message.
#[must_use]
pub fn encode_presence<'a>(_entries: impl ExactSizeIterator<Item = &'a PresenceEntry>) -> Bytes {
    unimplemented!()
}
