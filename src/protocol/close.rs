//! Why we hang up: one reason, its close code for each dialect.

use super::Dialect;

/// Why the server ends a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The server is stopping or the document is being reloaded: come back soon. 1012.
    Restart,
    /// The connection stayed too far behind, or the server is overloaded: come back later. 1013.
    Overloaded,
    /// Bytes that no client of the dialect writes. 4400.
    Malformed(String),
    /// Not signed in. 4401.
    Unauthorized(String),
    /// Signed in, but may not. 4403.
    Forbidden(String),
    /// No such document, or not a possible name. 4404.
    NotFound(String),
    /// The document is another life under the same name. 4409.
    Replaced,
    /// A change over the size limit, which a retry cannot fix. 4413.
    TooLarge(String),
    /// A message over the size limit of the transport. As `TooLarge`.
    Storage(String),
    /// Nothing was heard for too long. 1001 would look like a page leaving, so 4408.
    Timeout,
    /// The usual end.
    Normal,
}

impl CloseReason {
    /// The close code and a reason text of at most 123 bytes.
    #[must_use]
    pub fn frame(&self, _dialect: Option<Dialect>) -> (u16, String) {
        unimplemented!()
    }
}
