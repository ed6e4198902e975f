//! Rights from tokens that an app makes: what a sound token says is what its bearer may do.

use std::sync::Arc;

use super::{
    Answering, Authorizer, Credentials, Denied, Grant, Question, Visible,
    keys::Key,
    share::ShareToken,
    token::{Claims, TokenError, check},
};
use crate::{clock::Clock, identity::Access};

/// Believes tokens that one of its keys has signed.
pub struct Tokens {
    /// The keys; the order does not matter.
    pub keys: Vec<Key>,
    /// The names under which tokens mean this server; none for tokens that name nobody.
    pub audiences: Vec<String>,
    /// The cookie that may hold a token.
    pub cookie: Option<String>,
    /// What the bearer of a token may do that speaks of no document: of a token that an identity
    /// provider made, which knows nothing of documents.
    pub otherwise: Access,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Tokens {
    /// What each sound token says that is shown, and what is wrong with the others.
    fn claims(&self, credentials: &Credentials) -> Result<Vec<Claims>, Denied> {
        let cookie = self.cookie.as_deref().and_then(|name| credentials.cookie(name));
        let shown = credentials.tokens.iter().map(|token| token.expose()).chain(cookie);
        let now = self.clock.now();
        let (mut sound, mut worst) = (Vec::new(), None);
        let ours = |token: &&str| !token.is_empty() && ShareToken::read(token).is_none();
        for token in shown.filter(ours) {
            match check(token, &self.keys, &self.audiences, now) {
                Ok(claims) => sound.push(claims),
                Err(error @ TokenError::Invalid) => drop(worst.get_or_insert(error)),
                Err(error) => worst = Some(error),
            }
        }
        if sound.is_empty() {
            let why = worst.map_or_else(
                || "this document is for those who are signed in".to_owned(),
                |error| error.to_string(),
            );
            return Err(Denied::Unauthorized(why));
        }
        Ok(sound)
    }

    fn grant(&self, claims: Claims, question: &Question) -> Grant {
        let access = match (&question.document, &claims.grants) {
            (Some(document), Some(grants)) => grants.access(document),
            _ => self.otherwise,
        };
        Grant { access, user: claims.user, expires: Some(claims.expires), recheck: None }
    }
}

impl Authorizer for Tokens {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        let claims = self.claims(&question.credentials);
        let grants = claims.map(|claims| claims.into_iter().map(|it| self.grant(it, question)));
        let best = grants.map(|grants| {
            // The first of equals: the one most deliberately shown.
            grants.rev().max_by_key(|grant| grant.access).unwrap_or_else(|| Grant::of(Access::None))
        });
        Box::pin(std::future::ready(best))
    }

    fn operates<'a>(&'a self, credentials: &'a Credentials) -> Answering<'a, ()> {
        let operates = self.claims(credentials).and_then(|claims| {
            if claims.iter().any(|it| it.admin) { Ok(()) } else { Err(Denied::Forbidden) }
        });
        Box::pin(std::future::ready(operates))
    }

    fn visible<'a>(&'a self, question: &'a Question) -> Answering<'a, Visible> {
        let otherwise = self.otherwise;
        let visible = self.claims(&question.credentials).map(|claims| {
            Visible::Those(Arc::new(move |name| {
                let access =
                    |it: &Claims| it.grants.as_ref().map_or(otherwise, |it| it.access(name));
                claims.iter().any(|it| access(it) >= Access::View)
            }))
        });
        Box::pin(std::future::ready(visible))
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
