//! Asks who may do what, in the name of every door: sockets and the API.
//!
//! Whoever shows too much that counts for nothing is not listened to for a while.

use std::{net::IpAddr, sync::Arc};

use super::slots::counted_as;
use crate::{
    auth::{
        Authorizer, Credentials, Denied, Grant, Open, Question, User, Visible, throttle::Throttle,
    },
    clock::{Clock, SystemClock},
    ids::DocumentName,
    telemetry::{Meter, happenings::CredentialsRefused},
};

/// What the doors share to ask with.
pub struct Rights {
    authorizer: Arc<dyn Authorizer>,
    throttle: Throttle,
    clock: Arc<dyn Clock>,
    meter: Arc<Meter>,
}

/// What a request shows of where it comes from, for what only those may who run the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whence {
    /// From this machine, through no proxy.
    pub near: bool,
    /// Through the listener that is for those who run the server.
    pub admin_listener: bool,
}

impl Rights {
    /// Asks this authorizer.
    #[must_use]
    pub fn new(authorizer: Arc<dyn Authorizer>, clock: Arc<dyn Clock>) -> Self {
        Self { authorizer, throttle: Throttle::default(), clock, meter: Arc::default() }
    }

    /// The same, counting what counts for nothing.
    #[must_use]
    pub fn metered(self, meter: Arc<Meter>) -> Self {
        Self { meter, ..self }
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

    /// Whether who asks runs the server. Where nobody needs to be asked that is whoever sits at the
    /// machine, and so it is at the listener for those who run it.
    pub(super) async fn operates(
        &self,
        credentials: &Credentials,
        whence: Whence,
    ) -> Result<(), Denied> {
        if whence.near && (whence.admin_listener || self.is_open()) {
            return Ok(());
        }
        if self.is_open() {
            return Err(Denied::Forbidden);
        }
        self.check_address(credentials)?;
        let answer = self.authorizer.operates(credentials).await;
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
        // Asking again would bring the same, at once and for ever.
        if grant.expires.is_some_and(|expires| expires <= self.clock.now()) {
            return Err(Denied::Unauthorized("your right to open this has expired".to_owned()));
        }
        if grant.may_view() { Ok(grant) } else { Err(Denied::Forbidden) }
    }

    /// Who asks, as far as something vouches for that.
    pub(super) async fn known(&self, credentials: &Credentials) -> Option<User> {
        let question = Question { document: None, credentials: credentials.clone() };
        self.authorizer.authorize(&question).await.ok()?.user
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
        if let Err(denied @ Denied::Unauthorized(_)) = &answer
            && !credentials.is_empty()
        {
            let address = credentials.address.map(|it| it.to_string()).unwrap_or_default();
            self.meter.note(&CredentialsRefused { address: &address, reason: denied });
            if let Some(address) = counted(credentials) {
                self.throttle.failed(address, self.clock.elapsed());
            }
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
        clock::{TestClock, Timestamp},
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

        fn visible<'a>(&'a self, question: &'a Question) -> Answering<'a, Visible> {
            Box::pin(async { self.authorize(question).await.map(|_| Visible::All) })
        }
    }

    /// Gives everybody the same.
    struct Given(Grant);

    impl Authorizer for Given {
        fn authorize<'a>(&'a self, _question: &'a Question) -> Answering<'a, Grant> {
            Box::pin(async { Ok(self.0.clone()) })
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
        let (asked, whence) = (shown("right", 1), Whence::default());
        let shut = [
            rights.about(&name, &asked).await.err(),
            rights.about_server(&asked).await.err(),
            rights.visible(&asked).await.err(),
            rights.operates(&asked, whence).await.err(),
        ];
        assert!(shut.iter().all(|it| matches!(it, Some(Denied::Unavailable(_)))), "{shut:?}");
        assert!(rights.about(&name, &shown("right", 2)).await.is_ok());
        clock.advance(FAILURES_WITHIN);
        assert!(rights.about(&name, &shown("right", 1)).await.is_ok());
    }

    #[tokio::test]
    async fn every_door_counts_and_this_machine_is_never_shut_out() {
        let name = DocumentName::new("notes").unwrap();
        let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
        let from = |token: &str, address: IpAddr| Credentials {
            tokens: vec![Secret::from(token)],
            address: Some(address),
            ..Credentials::default()
        };
        for (last, address) in (1..).zip([[192, 0, 2, 1], [127, 0, 0, 1]]) {
            for door in 0..3 {
                let rights = Rights::new(Arc::new(Word), Arc::clone(&clock));
                for _ in 0..FAILURES {
                    let guess = from("guess", address.into());
                    let denied = match door {
                        0 => rights.about_server(&guess).await.err(),
                        1 => rights.visible(&guess).await.err(),
                        _ => rights.operates(&guess, Whence::default()).await.err(),
                    };
                    assert!(matches!(denied, Some(Denied::Unauthorized(_))), "{door} {denied:?}");
                }
                let is_shut = rights.about(&name, &from("right", address.into())).await.is_err();
                assert_eq!(is_shut, last == 1, "{door} {address:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_right_that_is_over_or_shows_nothing_is_none() {
        let clock = Arc::new(TestClock::default());
        let name = DocumentName::new("notes").unwrap();
        let nobody = Credentials::default();
        let now = clock.now();
        let over = Grant { expires: Some(now), ..Grant::of(Access::View) };
        let nothing = Grant::of(Access::None);
        let later = Grant { expires: Some(Timestamp(now.0 + 1)), ..Grant::of(Access::View) };
        let asked = async |grant: Grant| {
            let rights = Rights::new(Arc::new(Given(grant)), Arc::clone(&clock) as _);
            rights.about(&name, &nobody).await
        };
        assert!(matches!(asked(over).await, Err(Denied::Unauthorized(_))));
        assert!(matches!(asked(nothing).await, Err(Denied::Forbidden)));
        assert!(asked(later).await.is_ok());
    }

    #[tokio::test]
    async fn a_server_is_run_from_its_machine_or_by_who_shows_it() {
        let nobody = Credentials::default();
        let open = Rights::open();
        let guarded = Rights::new(Arc::new(Word), Arc::new(TestClock::default()));
        for (near, admin_listener, is_open, expected) in [
            (true, false, true, true),
            (true, true, true, true),
            (false, false, true, false),
            (false, true, true, false),
            (true, false, false, false),
            (true, true, false, true),
            (false, true, false, false),
        ] {
            let rights = if is_open { &open } else { &guarded };
            let operates = rights.operates(&nobody, Whence { near, admin_listener }).await;
            assert_eq!(operates.is_ok(), expected, "{near} {admin_listener} {is_open}");
        }
        let denied = open.operates(&nobody, Whence::default()).await;
        assert!(matches!(denied, Err(Denied::Forbidden)), "nothing could be shown: {denied:?}");
    }
}
