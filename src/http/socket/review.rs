//! What open sessions may do, asked again: when it expires, when it has been believed for long
//! enough, when somebody says that rights have changed, and when a client shows another token.
//!
//! A few questions at a time, beside everything else: nobody waits for an answer to be heard.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    admission::closing,
    hooked,
    pump::{Pump, Todo},
    questions::Answer,
};
use crate::{
    auth::{Credentials, Denied, Grant, Secret},
    clock::Timestamp,
    identity::Access,
    ids::DocumentName,
    limits::{RIGHTS_GRACE, RIGHTS_RETRY},
    protocol::CloseReason,
    session::Effect,
};

/// So long before a token expires its client is asked for another one, where there are words for it.
const TOKEN_AHEAD: Duration = Duration::from_secs(10);

/// What an open session may do, and how that was found out.
#[derive(Debug)]
pub(super) struct Held {
    document: DocumentName,
    /// What a frame showed besides what the request did.
    token: Option<Secret>,
    pub(super) grant: Grant,
    /// When somebody last said so.
    confirmed: Instant,
    /// When it is asked again.
    due: Option<Instant>,
    /// The expiry because of which the client was asked for another token.
    asked_for: Option<Timestamp>,
}

impl Held {
    pub(super) fn new(document: DocumentName, token: Option<Secret>, grant: Grant) -> Self {
        Self { document, token, grant, confirmed: Instant::now(), due: None, asked_for: None }
    }

    /// How long the grant has left.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        self.grant.expires.map(|expires| Duration::from_millis(expires.0.saturating_sub(now.0)))
    }

    /// Whether it may be believed a little longer, as it cannot be checked.
    fn may_wait(&self, now: Timestamp) -> bool {
        self.confirmed.elapsed() < RIGHTS_GRACE && self.left(now).is_none_or(|left| !left.is_zero())
    }

    /// Plans the next question.
    fn plan(&mut self, now: Timestamp) {
        let ahead = if self.asked_for == self.grant.expires { Duration::ZERO } else { TOKEN_AHEAD };
        let left = self.left(now).map(|left| left.saturating_sub(ahead));
        let wait = left.into_iter().chain(self.grant.recheck).min();
        self.due = wait.and_then(|wait| Instant::now().checked_add(wait));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    /// What is shown for a session: the token of its frame first, then what the request showed.
    pub(super) fn credentials(&self, token: Option<&Secret>) -> Credentials {
        let mut credentials = self.credentials.clone();
        if let Some(token) = token {
            credentials.tokens.insert(0, token.clone());
        }
        credentials
    }

    /// Remembers what a session may do.
    pub(super) fn hold(&mut self, session: u32, mut held: Held) {
        held.plan(self.sockets.rights.clock().now());
        self.rights.insert(session, Box::new(held));
        self.reset_timer();
    }

    /// When something is to be asked again.
    pub(super) fn next_review(&self) -> Option<Instant> {
        if self.questions.is_full() || self.is_ending() {
            return None;
        }
        self.rights.values().filter_map(|held| held.due).min()
    }

    /// Another token was shown for a session that has its document open.
    pub(super) fn show(&mut self, session: u32, token: Option<Secret>) {
        match self.rights.get_mut(&session) {
            Some(held) => {
                held.token = token;
                self.doubt(session);
            }
            // Nobody needs to show anything here.
            None => self.reconsider(session, Ok(Access::Owner)),
        }
    }

    /// What is known of a session, or being asked, may be about what is no longer so.
    pub(super) fn doubt(&mut self, session: u32) {
        self.questions.drop_about(session);
        if let Some(held) = self.rights.get_mut(&session) {
            held.due = Some(Instant::now());
        }
        self.review();
    }

    /// Everything is asked again.
    pub(super) fn review_all(&mut self) {
        let now = Instant::now();
        self.questions.are_stale();
        self.rights.values_mut().for_each(|held| held.due = Some(now));
        self.review();
    }

    /// Begins to ask what is due.
    pub(super) fn review(&mut self) {
        let now = Instant::now();
        while !self.questions.is_full() && !self.is_ending() {
            let mut all = self.rights.iter_mut();
            let due = all.find(|(_, held)| held.due.is_some_and(|due| due <= now));
            let Some((&session, held)) = due else { break };
            let time = self.sockets.rights.clock().now();
            let left = held.left(time).filter(|left| !left.is_zero() && *left <= TOKEN_AHEAD);
            if left.is_some() && held.asked_for != held.grant.expires {
                held.asked_for = held.grant.expires;
                held.plan(time);
                let request = self.sessions.ask_for_token(session);
                self.todo.extend(request.map(Todo::Effect));
                continue;
            }
            held.due = None;
            let (document, token) = (held.document.clone(), held.token.clone());
            let credentials = self.credentials(token.as_ref());
            let (sockets, connection) = (Arc::clone(&self.sockets), self.registration.id);
            let asking = Box::pin(async move {
                let answer = match sockets.rights.again(&document, &credentials).await {
                    Ok(grant) => {
                        let hooks = sockets.documents.hooks();
                        let granted = hooked::granted(hooks, connection, &document, grant).await;
                        granted.map_err(|_| Denied::Forbidden)
                    }
                    denied => denied,
                };
                Answer::Again(answer)
            });
            self.questions.ask_again(session, asking);
        }
        self.reset_timer();
    }

    /// Goes on with what a session may do now.
    pub(super) fn on_reviewed(&mut self, session: u32, answer: Result<Grant, Denied>) {
        let time = self.sockets.rights.clock().now();
        let Some(held) = self.rights.get_mut(&session) else { return self.review() };
        match answer {
            Ok(grant) => {
                let (access, renamed) = (grant.access, grant.user != held.grant.user);
                held.grant = grant;
                held.confirmed = Instant::now();
                held.plan(time);
                self.reconsider(session, Ok(access));
                if renamed {
                    self.todo.push_back(Todo::Effect(Effect::Change { session, access }));
                }
            }
            Err(Denied::Unavailable(why)) if !held.may_wait(time) => {
                self.reconsider(session, Err(CloseReason::Storage(why)));
            }
            Err(Denied::Unavailable(_)) => {
                held.due = Some(Instant::now() + RIGHTS_RETRY);
                let access = held.grant.access;
                self.reconsider(session, Ok(access));
            }
            Err(denied) => self.reconsider(session, Err(closing(denied))),
        }
        self.review();
    }

    fn reconsider(&mut self, session: u32, decision: crate::session::Decision) {
        // Before what waits, so that it is judged by what is so now.
        for effect in self.sessions.reconsidered(session, decision).into_iter().rev() {
            self.todo.push_front(Todo::Effect(effect));
        }
    }
}
