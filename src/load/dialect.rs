//! What a client of each family says and hears, as frames. No sockets, no documents.

use std::{fmt, str::FromStr};

use bytes::{BufMut, Bytes, BytesMut};

use super::error::Failed;
use crate::{
    client::download::post,
    ids::DocumentName,
    protocol::{
        ClientMessage, ServerMessage,
        varint::{self, Reader},
        y_websocket,
    },
};

/// What a server may say in an answer about a token.
const TOKEN_BYTES: usize = 64 << 10;

/// A family of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// y-websocket: the document is in the address.
    YWebsocket,
    /// The Hocuspocus provider: the document is in each frame, and edits are acknowledged.
    Hocuspocus,
    /// y-sweet's client: asks for a token first, and for acknowledgements by message 102.
    YSweet,
}

/// What a frame from the server means to a client that measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The server asks for what it lacks.
    Question,
    /// What was asked for; the client is in step.
    State(Bytes),
    /// A live edit.
    Edit(Bytes),
    /// So many more of the client's edits are acknowledged: all up to this number, or one.
    Saved(Acknowledged),
    /// An edit was not taken, or the client may not be here.
    Refused(String),
    /// Presence and whatever else there is.
    Other,
}

/// Which edits an acknowledgement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// One more.
    Next,
    /// Everything up to the one with this number.
    UpTo(u64),
}

/// One document as one client names it.
#[derive(Clone, Debug)]
pub struct Line {
    dialect: Dialect,
    /// Where to connect.
    pub url: String,
    /// In front of each frame.
    address: Bytes,
}

impl Dialect {
    /// How to reach a document of the server at `url`.
    ///
    /// # Errors
    /// When the server is to issue a token and does not.
    pub async fn line(self, url: &str, document: &DocumentName) -> Result<Line, Failed> {
        let base = url.trim_end_matches('/');
        let name = document.as_str();
        let mut address = BytesMut::new();
        let url = match self {
            Self::YWebsocket => format!("{base}/{name}"),
            Self::Hocuspocus => {
                varint::bytes(&mut address, name.as_bytes());
                base.to_owned()
            }
            Self::YSweet => y_sweet_url(base, name).await?,
        };
        Ok(Line { dialect: self, url, address: address.freeze() })
    }

    /// Whether a client hears that its edits were taken.
    #[must_use]
    pub fn acknowledges(self) -> bool {
        self != Self::YWebsocket
    }
}

impl Line {
    /// What a client says first.
    #[must_use]
    pub fn opening(&self) -> Vec<Bytes> {
        let mut frames = Vec::new();
        if self.dialect == Dialect::Hocuspocus {
            // An empty token; the version is the one whose habits these are.
            frames.push(self.frame(b"\x02\x00\x00\x054.8.0"));
        }
        frames.push(self.frame(&[0, 0, 1, 0]));
        frames
    }

    /// The answer to [`Heard::Question`]: the server lacks nothing of this client.
    #[must_use]
    pub fn nothing(&self) -> Bytes {
        self.frame(&[0, 1, 2, 0, 0])
    }

    /// A live edit.
    #[must_use]
    pub fn edit(&self, update: &Bytes) -> Bytes {
        self.message(&ClientMessage::Update(update.clone()))
    }

    /// Presence.
    #[must_use]
    pub fn presence(&self, states: &Bytes) -> Bytes {
        self.message(&ClientMessage::Awareness(states.clone()))
    }

    /// Whether what answers a question is acknowledged as an edit is.
    #[must_use]
    pub fn counts_answers(&self) -> bool {
        self.dialect == Dialect::Hocuspocus
    }

    /// Asks whether everything up to the edit with this number is taken, where that is a message of
    /// its own.
    #[must_use]
    pub fn question(&self, number: u64) -> Option<Bytes> {
        let mut payload = BytesMut::new();
        varint::uint(&mut payload, number);
        (self.dialect == Dialect::YSweet)
            .then(|| self.message(&ClientMessage::Barrier(payload.freeze())))
    }

    /// Understands a frame.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hear(&self, frame: &Bytes) -> Result<Heard, Failed> {
        let foreign = |error| Failed::Frame(format!("{error}"));
        let body = match self.dialect {
            Dialect::Hocuspocus if frame[..] == [9] => return Ok(Heard::Other),
            Dialect::Hocuspocus => match frame.strip_prefix(&self.address[..]) {
                Some(body) => frame.slice_ref(body),
                None => return Ok(Heard::Other),
            },
            Dialect::YWebsocket | Dialect::YSweet => frame.clone(),
        };
        if self.dialect == Dialect::Hocuspocus
            && let Some(heard) = hocuspocus_only(&body)
        {
            return Ok(heard);
        }
        Ok(match y_websocket::decode_server(&body).map_err(foreign)? {
            Some(ServerMessage::SyncStep1(_)) => Heard::Question,
            Some(ServerMessage::SyncStep2(update)) => Heard::State(update),
            Some(ServerMessage::Update(update)) => Heard::Edit(update),
            Some(ServerMessage::Barrier(payload)) => {
                Heard::Saved(Acknowledged::UpTo(Reader::new(&payload).uint().map_err(foreign)?))
            }
            Some(ServerMessage::PermissionDenied(reason)) => Heard::Refused(reason),
            _ => Heard::Other,
        })
    }

    fn message(&self, message: &ClientMessage) -> Bytes {
        let body = y_websocket::encode_client(message).unwrap_or_default();
        self.frame(&body)
    }

    fn frame(&self, body: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(self.address.len() + body.len());
        out.put_slice(&self.address);
        out.put_slice(body);
        out.freeze()
    }
}

/// Messages that Hocuspocus has and y-websocket has not, or has otherwise.
fn hocuspocus_only(body: &[u8]) -> Option<Heard> {
    match body {
        [8, accepted] => Some(match accepted {
            1 => Heard::Saved(Acknowledged::Next),
            _ => Heard::Refused("the server refused an edit".to_owned()),
        }),
        [2, 1, ..] => Some(Heard::Refused("the server lets nobody in without a token".to_owned())),
        [7, ..] => Some(Heard::Refused("the server closed the document".to_owned())),
        [0 | 1, ..] => None,
        _ => Some(Heard::Other),
    }
}

/// Asks for a client token, as the SDK does for an app.
async fn y_sweet_url(base: &str, name: &str) -> Result<String, Failed> {
    let (_, rest) = base.split_once("://").unwrap_or(("", base));
    let secure = base.starts_with("wss:") || base.starts_with("https:") || base.starts_with("yss:");
    let server = format!("{}://{rest}", if secure { "https" } else { "http" });
    let ask = async |path: String, body: serde_json::Value| {
        let answer = post(&format!("{server}{path}"), &body.to_string(), TOKEN_BYTES).await;
        answer.map_err(|error| Failed::Token(format!("{server}{path}: {error}")))
    };
    ask("/doc/new".to_owned(), serde_json::json!({ "docId": name })).await?;
    let answer = ask(format!("/doc/{name}/auth"), serde_json::json!({})).await?;
    let token: serde_json::Value = serde_json::from_slice(&answer)
        .map_err(|error| Failed::Token(format!("{server}: {error}")))?;
    let Some(url) = token["url"].as_str() else {
        return Err(Failed::Token(format!("{server}: there is no url in the token")));
    };
    let shown = token["token"].as_str().map_or_else(String::new, |token| format!("?token={token}"));
    Ok(format!("{url}/{name}{shown}"))
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "y-websocket" => Ok(Self::YWebsocket),
            "hocuspocus" => Ok(Self::Hocuspocus),
            "y-sweet" => Ok(Self::YSweet),
            _ => Err("it is y-websocket, hocuspocus or y-sweet".to_owned()),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::YWebsocket => "y-websocket",
            Self::Hocuspocus => "hocuspocus",
            Self::YSweet => "y-sweet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn line(dialect: Dialect) -> Line {
        let name = DocumentName::new("doc").expect("a good name");
        dialect.line("ws://host/ws/", &name).await.expect("needs no token")
    }

    #[tokio::test]
    async fn each_family_speaks_as_its_clients_do() {
        let edit = Bytes::from_static(b"xy");
        let plain = line(Dialect::YWebsocket).await;
        assert_eq!(plain.url, "ws://host/ws/doc");
        assert_eq!(plain.opening(), [&b"\0\0\x01\0"[..]]);
        assert_eq!(plain.edit(&edit), &b"\0\x02\x02xy"[..]);
        assert_eq!(plain.question(1), None);
        let addressed = line(Dialect::Hocuspocus).await;
        assert_eq!(addressed.url, "ws://host/ws");
        assert_eq!(addressed.opening()[0], &b"\x03doc\x02\0\0\x054.8.0"[..]);
        assert_eq!(addressed.edit(&edit), &b"\x03doc\0\x02\x02xy"[..]);
    }

    #[tokio::test]
    async fn what_the_server_says_is_understood() {
        let hear = |line: &Line, frame: &'static [u8]| line.hear(&Bytes::from_static(frame));
        let plain = line(Dialect::YWebsocket).await;
        assert_eq!(hear(&plain, b"\0\x02\x02xy").unwrap(), Heard::Edit(Bytes::from_static(b"xy")));
        assert_eq!(hear(&plain, b"\0\0\x01\0").unwrap(), Heard::Question);
        assert_eq!(
            hear(&plain, b"\x66\x01\x05").unwrap(),
            Heard::Saved(Acknowledged::UpTo(5)),
            "message 102"
        );
        assert!(hear(&plain, b"\0\x02\x09xy").is_err(), "cut short");
        let addressed = line(Dialect::Hocuspocus).await;
        let next = Heard::Saved(Acknowledged::Next);
        assert_eq!(hear(&addressed, b"\x03doc\x08\x01").unwrap(), next);
        assert!(matches!(hear(&addressed, b"\x03doc\x08\0").unwrap(), Heard::Refused(_)));
        assert_eq!(hear(&addressed, b"\x03odd\x08\x01").unwrap(), Heard::Other, "not ours");
        assert_eq!(hear(&addressed, b"\x09").unwrap(), Heard::Other, "a ping");
    }
}
