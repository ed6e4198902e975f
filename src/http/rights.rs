//! Asks who may do what, in the name of every door: sockets and the API.
//!
//! Whoever shows too much that counts for nothing is not listened to for a while.

use std::{net::IpAddr, sync::Arc};

use super::slots::counted_as;
use crate::{
    auth::{Authorizer, Credentials, Denied, Grant, Open, Question, Visible, throttle::Throttle},
    clock::{Clock, SystemClock},
    ids::DocumentName,
};

/// What the doors share to ask with.
pub struct Rights {
    authorizer: Arc<dyn Authorizer>,
    throttle: Throttle,
    clock: Arc<dyn Clock>,
}

impl Rights {
    /// Asks this authorizer.
    #[must_use]
    pub fn new(authorizer: Arc<dyn Authorizer>, clock: Arc<dyn Clock>) -> Self {
        Self { authorizer, throttle: Throttle::default(), clock }
    }

    /// Everybody may do everything.
    #[must_use]
    pub fn open() -> Self {
        Self::new(Arc::new(Open), Arc::new(SystemClock::new()))
    }

    /// Whether nobody needs to be asked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.authorizer.is_open()
    }

    /// What time it is, for what expires.
    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Lets go of answers that were remembered: rights have changed.
    pub(super) fn forget(&self) {
        self.authorizer.forget();
    }

    /// What who asks may do with a document. Less than looking at it is a denial.
    pub(super) async fn about(
        &self,
        document: &DocumentName,
        credentials: &Credentials,
    ) -> Result<Grant, Denied> {
        self.check_address(credentials)?;
        let answer = self.again(document, credentials).await;
        self.note_failure(credentials, answer)
    }

    /// What who asks may do with the server, apart from any document.
    pub(super) async fn about_server(&self, credentials: &Credentials) -> Result<Grant, Denied> {
        self.check_address(credentials)?;
        let question = Question { document: None, credentials: credentials.clone() };
        let answer = self.authorizer.authorize(&question).await;
        self.note_failure(credentials, answer)
    }

    /// The same for who was let in before: neighbours who guess are not their fault.
    pub(super) async fn again(
        &self,
        document: &DocumentName,
        credentials: &Credentials,
    ) -> Result<Grant, Denied> {
        let question = Question::about(document, credentials.clone());
        let grant = self.authorizer.authorize(&question).await?;
        if grant.may_view() { Ok(grant) } else { Err(Denied::Forbidden) }
    }

    /// Which documents who asks may see in a list.
    pub(super) async fn visible(&self, credentials: &Credentials) -> Result<Visible, Denied> {
        self.check_address(credentials)?;
        let question = Question { document: None, credentials: credentials.clone() };
        let answer = self.authorizer.visible(&question).await;
        self.note_failure(credentials, answer)
    }

    fn check_address(&self, credentials: &Credentials) -> Result<(), Denied> {
        let now = self.clock.elapsed();
        if counted(credentials).is_some_and(|address| self.throttle.is_shut(address, now)) {
            let why = "too many tokens that are not valid came from your network, try again soon";
            return Err(Denied::Unavailable(why.to_owned()));
        }
        Ok(())
    }

    fn note_failure<T>(
        &self,
        credentials: &Credentials,
        answer: Result<T, Denied>,
    ) -> Result<T, Denied> {
        if let (Err(Denied::Unauthorized(_)), Some(address)) = (&answer, counted(credentials))
            && !credentials.is_empty()
        {
            self.throttle.failed(address, self.clock.elapsed());
        }
        answer
    }
}

/// The address that a failure counts for. Loopback addresses are not counted: proxies live there.
fn counted(credentials: &Credentials) -> Option<IpAddr> {
    credentials.address.map(counted_as).filter(|address| !address.is_loopback())
}

impl std::fmt::Debug for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rights").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::{Answering, Secret},
        clock::TestClock,
        identity::Access,
        limits::{FAILURES, FAILURES_WITHIN},
    };

    /// Lets in whoever shows "right".
    struct Word;

    impl Authorizer for Word {
        fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
            let right = question.credentials.tokens.iter().any(|it| it.expose() == "right");
            let denied = || Denied::Unauthorized("no".to_owned());
            Box::pin(async move { right.then(|| Grant::of(Access::View)).ok_or_else(denied) })
        }
    }

    #[tokio::test]
    async fn who_guesses_is_not_listened_to_for_a_while_not_even_with_the_right_word() {
        let clock = Arc::new(TestClock::default());
        let rights = Rights::new(Arc::new(Word), Arc::clone(&clock) as _);
        let name = DocumentName::new("notes").unwrap();
        let shown = |token: &str, last: u8| Credentials {
            tokens: vec![Secret::from(token)],
            address: Some([192, 0, 2, last].into()),
            ..Credentials::default()
        };
        let nothing = Credentials { address: Some([192, 0, 2, 1].into()), ..Default::default() };
        for _ in 0..FAILURES * 2 {
            let denied = rights.about(&name, &nothing).await;
            assert!(matches!(denied, Err(Denied::Unauthorized(_))), "{denied:?}");
        }
        for number in 0..FAILURES {
            let denied = rights.about(&name, &shown(&format!("guess {number}"), 1)).await;
            assert!(matches!(denied, Err(Denied::Unauthorized(_))), "{number} {denied:?}");
        }
        let shut = rights.about(&name, &shown("right", 1)).await;
        assert!(matches!(shut, Err(Denied::Unavailable(_))), "{shut:?}");
        assert!(rights.about(&name, &shown("right", 2)).await.is_ok());
        clock.advance(FAILURES_WITHIN);
        assert!(rights.about(&name, &shown("right", 1)).await.is_ok());
    }
}
