//! The roles of the matrix, the tokens that stand for them, and what is in the document they want.

use std::time::{SystemTime, UNIX_EPOCH};

use coscribe::{auth::token::SigningKey, server::Server};
use serde_json::{Value, json};

use crate::{
    harness::serve_with,
    http::{Answer, ask_with},
};

pub(super) const SECRET: &str = "a secret that only the tests' app knows";

/// A word that only the document holds.
pub(super) const CONTENT: &str = "canary-content";

/// A word that only its editor's presence shows.
pub(super) const PRESENCE: &str = "canary-presence";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Nobody,
    Expired,
    OtherDocument,
    OtherAlgorithm,
    OtherKey,
    View,
    Comment,
    Edit,
    Owner,
}

impl Who {
    pub(super) const ALL: [Self; 9] = [
        Self::Nobody,
        Self::Expired,
        Self::OtherDocument,
        Self::OtherAlgorithm,
        Self::OtherKey,
        Self::View,
        Self::Comment,
        Self::Edit,
        Self::Owner,
    ];

    pub(super) fn sees(self) -> bool {
        matches!(self, Self::View | Self::Comment | Self::Edit | Self::Owner)
    }

    pub(super) fn edits(self) -> bool {
        matches!(self, Self::Edit | Self::Owner)
    }

    /// Something vouches for who it is, whatever they may do.
    pub(super) fn is_known(self) -> bool {
        self.sees() || self == Self::OtherDocument
    }

    /// What it shows. The documents of the matrix begin with `secret`.
    pub(super) fn token(self) -> String {
        let role = match self {
            Self::Nobody => return String::new(),
            Self::View => "view",
            Self::Comment => "comment",
            Self::Edit => "edit",
            _ => "owner",
        };
        let documents = match self {
            Self::OtherDocument => json!({ "other*": role, "secre": role, "secret*x": role }),
            _ => json!({ "secret*": role }),
        };
        let expires = if self == Self::Expired { now() - 60 } else { now() + 600 };
        let claims = json!({ "sub": "u1", "name": "Ada", "exp": expires, "documents": documents });
        match self {
            Self::OtherKey => signed("another secret that is long enough", &claims),
            Self::OtherAlgorithm => {
                signed(include_str!("../../../src/auth/tests/ed25519.pem"), &claims)
            }
            _ => signed(SECRET, &claims),
        }
    }
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

pub(super) fn signed(key: &str, claims: &Value) -> String {
    let key = SigningKey::new(key.as_bytes()).expect("a key");
    key.sign(None, claims.as_object().expect("an object")).expect("signs")
}

/// A server that believes tokens.
pub(super) async fn guarded() -> Server {
    serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0"), ("auth-secret", SECRET)]).await
}

/// Asks for something under `/api/v1` as somebody.
pub(super) async fn ask_as(server: &Server, token: &str, line: &str, body: &str) -> Answer {
    let authorization = match token {
        "" => String::new(),
        token => format!("\r\nauthorization: Bearer {token}"),
    };
    let headers = format!("content-type: application/json{authorization}");
    ask_with(server, line, &headers, body.as_bytes()).await
}

/// Makes a document that holds the canary.
pub(super) async fn write(server: &Server, name: &str) {
    let owner = Who::Owner.token();
    let headers =
        format!("content-type: text/plain\r\nx-coscribe: 1\r\nauthorization: Bearer {owner}");
    let line = format!("POST /documents?format=txt&kind=markdown&name={name}");
    let answer = ask_with(server, &line, &headers, CONTENT.as_bytes()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// The document as it is: its bytes, or the code that says why there are none.
pub(super) async fn bytes(server: &Server, name: &str) -> Result<Vec<u8>, String> {
    let line = format!("GET /documents/{name}/export.yjs");
    let answer = ask_as(server, &Who::Owner.token(), &line, "").await;
    if answer.status == 200 { Ok(answer.body) } else { Err(answer.code()) }
}
