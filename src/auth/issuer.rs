//! Makes tokens for an app that would rather ask for one than sign it: the same tokens that
//! [`Tokens`](super::Tokens) believes. Decides nothing about who may have one.

use serde_json::{Map, Value};

use super::token::SigningKey;
use crate::{clock::Timestamp, identity::Access, ids::DocumentName};

/// Signs with the server's own secret.
#[derive(Debug)]
pub struct Issuer {
    /// The secret, or any key that the server believes.
    pub key: SigningKey,
    /// The name under which tokens mean this server, if they must name one.
    pub audience: Option<String>,
}

/// What a token is to say.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The one document it is for.
    pub document: &'a DocumentName,
    /// How far it goes.
    pub access: Access,
    /// A stable id of its bearer, and a name to show.
    pub user: Option<(&'a str, &'a str)>,
    /// When it ends; whole seconds count.
    pub expires: Timestamp,
}

/// Why no token can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// See [`Grants`](super::Grants): it would stand for all names that begin so.
    #[error(
        "in a token a name that ends in `*` stands for all names that begin so; share this document by a link"
    )]
    Pattern,
    /// Some keys need randomness to sign.
    #[error("the system gave no randomness to sign with")]
    Randomness,
}

impl Issuer {
    /// A token that says this.
    ///
    /// # Errors
    /// When the name would mean more than this document, or the system's randomness fails.
    pub fn issue(&self, said: Said<'_>) -> Result<String, IssueError> {
        let Said { document, access, user, expires } = said;
        if document.as_str().ends_with('*') {
            return Err(IssueError::Pattern);
        }
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("documents", serde_json::json!({ document.as_str(): access }));
        claim("exp", (expires.0 / 1000).into());
        if let Some((id, name)) = user {
            claim("sub", id.into());
            claim("name", name.into());
        }
        if let Some(audience) = &self.audience {
            claim("aud", audience.clone().into());
        }
        self.key.sign(None, &claims).ok_or(IssueError::Randomness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{
        keys::{Algorithm, Key},
        token::check,
    };

    const SECRET: &[u8] = b"a secret that is long enough for tests";

    fn issue(name: &str) -> Result<String, IssueError> {
        let key = SigningKey::new(SECRET).unwrap();
        let issuer = Issuer { key, audience: Some("us".to_owned()) };
        let (access, user) = (Access::Comment, Some(("u1", "Ada")));
        let document = &DocumentName::new(name).unwrap();
        issuer.issue(Said { document, access, user, expires: Timestamp(90_500) })
    }

    #[test]
    fn says_what_it_was_asked_to_say() {
        let key = Key::new(Algorithm::Hs256, None, SECRET).unwrap();
        let token = issue("team/notes").unwrap();
        let claims = check(&token, &[key], &["us".to_owned()], Timestamp(1)).unwrap();
        let access =
            |name| claims.grants.as_ref().unwrap().access(&DocumentName::new(name).unwrap());
        assert_eq!((access("team/notes"), access("team/notes2")), (Access::Comment, Access::None));
        assert_eq!(claims.user.as_ref().map(|it| (&*it.id, &*it.name)), Some(("u1", "Ada")));
    }

    #[test]
    fn never_speaks_of_more_than_one_document() {
        assert_eq!(issue("team/*").unwrap_err(), IssueError::Pattern);
        assert_eq!(issue("*").unwrap_err(), IssueError::Pattern);
    }
}
