//! The roles of the matrix, the tokens that stand for them, and what is in the document they want.

use coscribe::{
    auth::{
        token::SigningKey,
        y_sweet::{Key, Pass, Permission},
    },
    clock::{Clock, SystemClock, Timestamp},
    identity::Access,
    server::Server,
};
use serde_json::{Value, json};

use crate::{
    harness::serve_with,
    http::{Answer, ask_with},
};

pub(super) const SECRET: &str = "a secret that only the tests' app knows";

/// The bytes 0 to 29, and 1 to 30.
pub(super) const Y_SWEET_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const OTHER_Y_SWEET_KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e";

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
    /// Had a link to edit the document, which has ended.
    Revoked,
}

impl Who {
    pub(super) const ALL: [Self; 10] = [
        Self::Nobody,
        Self::Expired,
        Self::OtherDocument,
        Self::OtherAlgorithm,
        Self::OtherKey,
        Self::View,
        Self::Comment,
        Self::Edit,
        Self::Owner,
        Self::Revoked,
    ];

    pub(super) fn sees(self) -> bool {
        matches!(self, Self::View | Self::Comment | Self::Edit | Self::Owner)
    }

    pub(super) fn edits(self) -> bool {
        matches!(self, Self::Edit | Self::Owner)
    }

    /// Something vouches for who it is, whatever they may do.
    pub(super) fn is_known(self) -> bool {
        self.sees() || matches!(self, Self::OtherDocument | Self::Revoked)
    }

    /// Whether it may so much.
    pub(super) fn reaches(self, access: Access) -> bool {
        let has = match self {
            Self::View => Access::View,
            Self::Comment => Access::Comment,
            Self::Edit => Access::Edit,
            Self::Owner => Access::Owner,
            _ => Access::None,
        };
        has >= access
    }

    /// What it shows to a server on which the document exists.
    pub(super) async fn token_at(self, server: &Server, document: &str) -> String {
        if self != Self::Revoked {
            return self.token();
        }
        let (id, token) = share(server, document, "edit").await;
        end_share(server, document, &id).await;
        token
    }

    /// What it shows to a server that believes tokens of y-sweet, where those can say the same.
    pub(super) fn y_sweet_token(self) -> Option<String> {
        let document = if self == Self::OtherDocument { "secre" } else { "secret" };
        let permission = match self {
            Self::Nobody => return Some(String::new()),
            Self::OtherAlgorithm | Self::Comment | Self::Revoked => return None,
            Self::Owner => Permission::Server,
            _ => Permission::Document { name: document.into(), full: self != Self::View },
        };
        let expires = if self == Self::Expired { now() - 60 } else { now() + 600 };
        let key = if self == Self::OtherKey { OTHER_Y_SWEET_KEY } else { Y_SWEET_KEY };
        let pass = Pass { permission, expires: Some(Timestamp(expires * 1000)) };
        Some(Key::new(key).expect("a key").sign(&pass))
    }

    /// What it shows. The documents of the matrix begin with `secret`.
    pub(super) fn token(self) -> String {
        let role = match self {
            Self::Nobody | Self::Revoked => return String::new(),
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
    SystemClock::new().now().0 / 1000
}

pub(super) fn signed(key: &str, claims: &Value) -> String {
    let key = SigningKey::new(key.as_bytes()).expect("a key");
    key.sign(None, claims.as_object().expect("an object")).expect("signs")
}

/// A server that believes tokens.
pub(super) async fn guarded() -> Server {
    serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0"), ("auth-secret", SECRET)]).await
}

/// The same, and those of a y-sweet server as well.
pub(super) async fn guarded_for_y_sweet() -> Server {
    let listen = ("listen", "127.0.0.1:0");
    let keys = [("auth-secret", SECRET), ("y-sweet-auth", Y_SWEET_KEY)];
    serve_with(&[("memory", "true"), listen, keys[0], keys[1]]).await
}

/// Makes a link to a document; gives its id and token.
pub(super) async fn share(server: &Server, document: &str, access: &str) -> (String, String) {
    let line = format!("POST /documents/{document}/shares");
    let body = format!(r#"{{"access":"{access}","name":"For Mia"}}"#);
    let made = ask_as(server, &Who::Owner.token(), &line, &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let text = |key: &str| made.json()[key].as_str().expect("a text").to_owned();
    (text("id"), text("token"))
}

pub(super) async fn end_share(server: &Server, document: &str, id: &str) {
    let line = format!("DELETE /documents/{document}/shares/{id}");
    let ended = ask_as(server, &Who::Owner.token(), &line, "").await;
    assert_eq!(ended.status, 204, "{}", ended.text());
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

/// An answer with everything but its date, to be compared.
pub(super) fn undated(answer: &Answer) -> String {
    let lines = answer.head.lines().filter(|line| !line.starts_with("date: "));
    let head: Vec<_> = lines.collect();
    format!("{}\n\n{}", head.join("\n"), String::from_utf8_lossy(&answer.body))
}
