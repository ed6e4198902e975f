//! Who may do what: the question that every door asks, and ways to answer it.
//!
//! [`Authorizer`] is the whole contract; embedders write their own. Knows names, roles and what
//! somebody shows; knows no document, socket or store.

mod callback;
mod combined;
mod fingerprint;
mod grants;
mod issuer;
pub mod keys;
mod open;
mod secret;
mod signature;
pub mod share;
pub mod throttle;
pub mod token;
mod tokens;
pub mod y_sweet;

#[cfg(test)]
mod tests;

use std::{fmt, future::Future, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

pub use callback::{Ask, Callback, Reply};
pub use combined::Combined;
pub use fingerprint::fingerprint;
pub use grants::Grants;
pub use issuer::{IssueError, Issuer, Said};
pub use open::Open;
pub use secret::Secret;
pub use signature::Signer;
pub use tokens::Tokens;

use crate::{
    clock::Timestamp,
    identity::{Access, Author, AuthorKind},
    ids::DocumentName,
};

/// Decides what somebody may do.
///
/// It is asked once when a session opens a document or a request arrives, again when what it said
/// expires, and again when somebody says that rights have changed. Whatever it does not know, it
/// denies.
pub trait Authorizer: Send + Sync {
    /// What who asks may do with the document, or with the server when no document is named.
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant>;

    /// The documents that who asks may see in a list. None, unless an authorizer says otherwise:
    /// a list must not tell what exists to those who may not know.
    fn visible<'a>(&'a self, question: &'a Question) -> Answering<'a, Visible> {
        let _ = question;
        Box::pin(async { Ok(Visible::None) })
    }

    /// Whether who asks runs the server: sees its numbers, sends people away, says what is logged. Nobody
    /// does, unless an authorizer says otherwise; owning documents is something else.
    fn operates<'a>(&'a self, credentials: &'a Credentials) -> Answering<'a, ()> {
        let _ = credentials;
        Box::pin(async { Err(Denied::Unauthorized(NOT_OPERATING.to_owned())) })
    }

    /// Lets go of what it remembers: rights have changed somewhere.
    fn forget(&self) {}

    /// Whether everybody may do everything, so that nobody needs to sign in or be told how.
    fn is_open(&self) -> bool {
        false
    }
}

/// What those hear who do not run the server and might yet show that they do.
const NOT_OPERATING: &str = "this is for those who run the server";

/// An answer that may take a while.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Denied>> + Send + 'a>>;

/// Who asks, and for what.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The document, if it is about one.
    pub document: Option<DocumentName>,
    /// What is shown.
    pub credentials: Credentials,
}

/// What somebody shows of who they are. Nothing of it appears in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Tokens from a frame, the query, a subprotocol or the `Authorization` header; the one most
    /// deliberately shown comes first.
    pub tokens: Vec<Secret>,
    /// The `Cookie` headers of the request, as sent.
    pub cookies: Option<Secret>,
    /// Where the connection comes from.
    pub address: Option<IpAddr>,
    /// The page that asks, as its browser says.
    pub origin: Option<Arc<str>>,
}

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How far they may go.
    pub access: Access,
    /// Who they are, if something vouches for it.
    pub user: Option<User>,
    /// The moment from which this is no longer so; it is asked again then.
    pub expires: Option<Timestamp>,
    /// How long this may be believed without asking again.
    pub recheck: Option<Duration>,
}

/// A person whose identity something vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// Stable; means something to whoever vouches.
    pub id: Arc<str>,
    /// To be shown; may be empty.
    pub name: Arc<str>,
}

/// Why somebody may do nothing. None of these depends on whether the document exists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing that counts was shown: signing in, or a fresh token, may help.
    #[error("{0}")]
    Unauthorized(String),
    /// It is known who asks, and they may not.
    #[error("you may not open this document")]
    Forbidden,
    /// It could not be found out: asking again later may help.
    #[error("{0}")]
    Unavailable(String),
}

/// Which documents somebody may see in a list.
#[derive(Clone)]
pub enum Visible {
    /// All.
    All,
    /// None.
    None,
    /// Those whose name this says yes to.
    Those(Arc<dyn Fn(&DocumentName) -> bool + Send + Sync>),
}

impl Question {
    /// About a document.
    #[must_use]
    pub fn about(document: &DocumentName, credentials: Credentials) -> Self {
        Self { document: Some(document.clone()), credentials }
    }
}

impl Credentials {
    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.cookies.as_ref()?.expose().split(';');
        let mut values =
            pairs.filter_map(|pair| pair.split_once('=')).filter(|(key, _)| key.trim() == name);
        values.next().map(|(_, value)| value.trim().trim_matches('"'))
    }

    /// Whether nothing is shown that could say who asks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.iter().all(|token| token.expose().is_empty()) && self.cookies.is_none()
    }
}

impl Grant {
    /// This access for as long as nothing changes, to nobody in particular.
    #[must_use]
    pub fn of(access: Access) -> Self {
        Self { access, user: None, expires: None, recheck: None }
    }

    /// Whether the document may be looked at.
    #[must_use]
    pub fn may_view(&self) -> bool {
        self.access >= Access::View
    }

    /// Under whose name edits are kept.
    #[must_use]
    pub fn author(&self, connection: u64) -> Author {
        match &self.user {
            Some(User { id, name }) => Author {
                kind: AuthorKind::Verified,
                user: Arc::clone(id),
                name: Arc::clone(name),
                connection,
            },
            None => {
                Author { kind: AuthorKind::Claimed, user: "".into(), name: "".into(), connection }
            }
        }
    }
}

impl Visible {
    /// Whether a document of this name is among them.
    #[must_use]
    pub fn includes(&self, name: &DocumentName) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Those(those) => those(name),
        }
    }
}

impl fmt::Debug for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::None => "None",
            Self::Those(_) => "Those(…)",
        })
    }
}
