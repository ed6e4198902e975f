//! The questions that a connection has open about what its sessions may do: several at once, so that
//! a document about which the answer takes long holds up no other. Asks nothing itself.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::admission::Admission;
use crate::{
    auth::{Denied, Grant},
    limits::RIGHTS_QUESTIONS,
};

/// Resolves to what a session may do.
pub(super) type Asking = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What was found out.
pub(super) enum Answer {
    /// Whether a session may open its document, and since when it wants to.
    First(Box<Admission>, Instant),
    /// What an open session may do now.
    Again(Result<Grant, Denied>),
}

/// The open questions; at most one for each session.
#[derive(Default)]
pub(super) struct Questions(Vec<Open>);

struct Open {
    session: u32,
    is_first: bool,
    /// Rights have changed since it was asked.
    is_stale: bool,
    asking: Asking,
}

impl Questions {
    /// Waits for the answer for a session that wants to open its document.
    pub(super) fn ask_first(&mut self, session: u32, asking: Asking) {
        self.0.push(Open { session, is_first: true, is_stale: false, asking });
    }

    /// Waits for the answer for one that has its document open.
    pub(super) fn ask_again(&mut self, session: u32, asking: Asking) {
        self.0.push(Open { session, is_first: false, is_stale: false, asking });
    }

    /// Whether a session waits to open its document.
    pub(super) fn has_first(&self) -> bool {
        self.0.iter().any(|it| it.is_first)
    }

    /// Whether as many sessions wait to open their documents as may.
    pub(super) fn is_full_of_first(&self) -> bool {
        self.0.iter().filter(|it| it.is_first).count() >= RIGHTS_QUESTIONS
    }

    /// Whether as many open sessions are asked about as may be.
    pub(super) fn is_full(&self) -> bool {
        self.0.iter().filter(|it| !it.is_first).count() >= RIGHTS_QUESTIONS
    }

    /// Nobody wants to know any more.
    pub(super) fn drop_about(&mut self, session: u32) {
        self.0.retain(|it| it.session != session);
    }

    /// Rights have changed: questions about open sessions are to be asked anew, and what comes of
    /// the others is not to be believed for long.
    pub(super) fn are_stale(&mut self) {
        self.0.retain(|it| it.is_first);
        self.0.iter_mut().for_each(|it| it.is_stale = true);
    }

    /// The next answer, for which session, and whether rights have changed since it was asked.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        with_first: bool,
    ) -> Poll<(u32, Answer, bool)> {
        for index in 0..self.0.len() {
            let open = &mut self.0[index];
            if open.is_first && !with_first {
                continue;
            }
            if let Poll::Ready(answer) = open.asking.as_mut().poll(context) {
                let open = self.0.remove(index);
                if self.0.is_empty() {
                    // Most connections ask once.
                    self.0 = Vec::new();
                }
                return Poll::Ready((open.session, answer, open.is_stale));
            }
        }
        Poll::Pending
    }
}
