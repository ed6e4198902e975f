//! Why we hang up: one reason, its close code for each dialect.
//!
//! Codes 4400 to 4499 end y-websocket 3.1 for good, so they stand only for what a retry cannot fix.

use super::Dialect;

/// Bytes that a close frame has for its reason (RFC 6455 §5.5).
const REASON_BYTES: usize = 123;

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
    /// No such document, or not a possible name. 4404; for Hocuspocus 4403, the code that stops
    /// version 2 of its provider.
    NotFound(String),
    /// The document is another life under the same name. 4409.
    Replaced,
    /// A change or message over a size limit, which a retry cannot fix. 4413; for Hocuspocus 1009,
    /// the code that stops version 2 of its provider.
    TooLarge(String),
    /// The document cannot be read or written at the moment: come back later. 1013.
    Storage(String),
    /// Nothing was heard for too long: 4408 for Hocuspocus, whose own code that is and who comes
    /// back after it; 1013 for everyone else, who would take 4408 for the end.
    Timeout,
    /// The usual end. 1000.
    Normal,
}

impl CloseReason {
    /// The close code and a reason text of at most 123 bytes.
    #[must_use]
    pub fn frame(&self, dialect: Option<Dialect>) -> (u16, String) {
        let hocuspocus = dialect == Some(Dialect::Hocuspocus);
        let (code, text) = match self {
            Self::Restart => (1012, "the server is restarting, come back soon"),
            Self::Overloaded => (1013, "the connection cannot keep up, come back later"),
            Self::Malformed(why) => (4400, &why[..]),
            Self::Unauthorized(why) => (4401, &why[..]),
            Self::Forbidden(why) => (4403, &why[..]),
            Self::NotFound(why) => (if hocuspocus { 4403 } else { 4404 }, &why[..]),
            Self::Replaced => (4409, "this document was replaced by a new one of the same name"),
            Self::TooLarge(why) => (if hocuspocus { 1009 } else { 4413 }, &why[..]),
            Self::Storage(why) => (1013, &why[..]),
            Self::Timeout => {
                (if hocuspocus { 4408 } else { 1013 }, "nothing was heard for too long")
            }
            Self::Normal => (1000, ""),
        };
        (code, text[..text.floor_char_boundary(REASON_BYTES)].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(reason: &CloseReason, dialect: Option<Dialect>) -> u16 {
        reason.frame(dialect).0
    }

    #[test]
    fn only_what_a_retry_cannot_fix_stops_y_websocket() {
        let why = || String::from("why");
        for dialect in [None, Some(Dialect::YWebsocket)] {
            for (reason, expected) in [
                (CloseReason::Malformed(why()), 4400),
                (CloseReason::Unauthorized(why()), 4401),
                (CloseReason::Forbidden(why()), 4403),
                (CloseReason::NotFound(why()), 4404),
                (CloseReason::Replaced, 4409),
                (CloseReason::TooLarge(why()), 4413),
                (CloseReason::Restart, 1012),
                (CloseReason::Overloaded, 1013),
                (CloseReason::Storage(why()), 1013),
                (CloseReason::Timeout, 1013),
                (CloseReason::Normal, 1000),
            ] {
                assert_eq!(code(&reason, dialect), expected, "{reason:?}");
            }
        }
    }

    #[test]
    fn old_hocuspocus_providers_get_the_codes_that_stop_them() {
        let hocuspocus = Some(Dialect::Hocuspocus);
        assert_eq!(code(&CloseReason::NotFound("no".into()), hocuspocus), 4403);
        assert_eq!(code(&CloseReason::TooLarge("no".into()), hocuspocus), 1009);
        assert_eq!(code(&CloseReason::Timeout, hocuspocus), 4408);
        assert_eq!(code(&CloseReason::Restart, hocuspocus), 1012);
    }

    #[test]
    fn reasons_fit_a_close_frame_and_stay_utf_8() {
        let (_, reason) = CloseReason::Forbidden("é".repeat(100)).frame(None);
        assert_eq!(reason, "é".repeat(61), "123 bytes hold 61 letters of two bytes");
        let (_, reason) = CloseReason::Forbidden("x".repeat(123)).frame(None);
        assert_eq!(reason.len(), 123);
    }
}
