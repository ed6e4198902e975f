//! Names and numbers that identify things: documents, connections, clients, places in a log.
//!
//! Each is a newtype that is valid once built; nothing here knows what the things are.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{limits, random::Random};

/// A document's name as people and URLs give it: 1–256 bytes of UTF-8, compared as bytes.
///
/// Never used as a file path. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentName(Arc<str>);

/// Why a text cannot name a document. The message is meant for the person who chose the name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing left of it.
    #[error("a document name must not be empty")]
    Empty,
    /// Longer than [`limits::NAME_BYTES`].
    #[error("a document name may have at most {max} bytes, this one has {0}", max = limits::NAME_BYTES)]
    TooLong(usize),
    /// Contains a control character, given here.
    #[error("a document name must not contain control characters, this one has {}", .0.escape_unicode())]
    Control(char),
    /// `.` or `..`, which browsers and proxies rewrite on the way.
    #[error("`.` and `..` cannot name a document")]
    Dots,
    /// Not UTF-8, or a broken percent escape.
    #[error("a document name must be percent-encoded UTF-8")]
    Encoding,
}

impl DocumentName {
    /// Checks a name that is already decoded.
    ///
    /// # Errors
    /// When the text is empty, too long, has control characters, or is `.` or `..`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > limits::NAME_BYTES {
            return Err(NameError::TooLong(text.len()));
        }
        if let Some(control) = text.chars().find(|ch| ch.is_control()) {
            return Err(NameError::Control(control));
        }
        if matches!(text, "." | "..") {
            return Err(NameError::Dots);
        }
        Ok(Self(text.into()))
    }

    /// Decodes the rest of a URL path once (`%2F` and a plain `/` both give a slash) and checks it.
    ///
    /// # Errors
    /// As [`DocumentName::new`], and when an escape is broken or the bytes are not UTF-8.
    pub fn from_url_path(path: &str) -> Result<Self, NameError> {
        let decoded = percent_decode(path).ok_or(NameError::Encoding)?;
        Self::new(std::str::from_utf8(&decoded).map_err(|_| NameError::Encoding)?)
    }

    /// A new name that nobody can guess: 22 letters and digits, about 131 random bits.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        const LETTERS: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let letter = |_| char::from(LETTERS[usize::try_from(random.below(62)).unwrap_or(0)]);
        Self((0..22).map(letter).collect::<String>().into())
    }

    /// The name as one segment of a URL path.
    #[must_use]
    pub fn to_url_segment(&self) -> String {
        percent_encode(&self.0)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for DocumentName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Text for a URL's path or query or an extended header parameter (RFC 8187): everything but
/// unreserved characters is escaped.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    use fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Bytes of a text with percent escapes; `None` when an escape is broken.
#[must_use]
pub fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(decoded)
}

/// One life of a document, also called its epoch: a document deleted and created again under the
/// same name has another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(Uuid);

impl DocumentId {
    /// No document: what a store keeps small records of its own under.
    pub const STORE: Self = Self(Uuid::max());

    /// A fresh one, as a version 4 UUID.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// From the sixteen bytes that a store keeps.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes that a store keeps.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Reads the usual text form of a UUID; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An entry's place in its document's log, from 1. Ordered, not necessarily dense.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number under which the CRDT files an editor's operations; never a person. At most 2⁵³ − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

impl ClientId {
    /// The largest number that a JavaScript client can hold exactly.
    pub const MAX: u64 = (1 << 53) - 1;

    /// A fresh one, from the whole range.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        Self((u64::from_le_bytes(bytes) & Self::MAX).max(1))
    }
}

/// A socket, numbered in the order they were accepted by this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One document on one connection: the connection, and the number of the session on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId {
    /// The socket.
    pub connection: ConnectionId,
    /// Which of the socket's sessions; y-websocket has one, Hocuspocus several.
    pub session: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_once_and_compared_as_bytes() {
        let name = |path| DocumentName::from_url_path(path).map(|name| name.as_str().to_owned());
        assert_eq!(name("a/b"), Ok("a/b".into()));
        assert_eq!(name("a%2Fb"), Ok("a/b".into()));
        assert_eq!(name("a%252Fb"), Ok("a%2Fb".into()));
        assert_eq!(name("ro%20om%F0%9F%98%80"), Ok("ro om😀".into()));
        assert_eq!(name("a+b"), Ok("a+b".into()));
    }

    #[test]
    fn bad_names_say_what_is_wrong() {
        let error = |path| DocumentName::from_url_path(path).expect_err(path);
        assert_eq!(error(""), NameError::Empty);
        assert_eq!(error("%20"), NameError::Empty);
        assert_eq!(error(".."), NameError::Dots);
        assert_eq!(error("a%00b"), NameError::Control('\0'));
        assert_eq!(error("a%F"), NameError::Encoding);
        assert_eq!(error("%FF"), NameError::Encoding);
        assert!(DocumentName::new(&"x".repeat(256)).is_ok());
        assert_eq!(
            DocumentName::new(&"x".repeat(257)).expect_err("long").to_string(),
            "a document name may have at most 256 bytes, this one has 257"
        );
    }
}
