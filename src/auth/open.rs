//! Everybody may do everything: what a server does that nobody told otherwise.

use super::{Answering, Authorizer, Grant, Question, Visible};
use crate::identity::Access;

/// Asks nobody to sign in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Authorizer for Open {
    fn authorize<'a>(&'a self, _question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(std::future::ready(Ok(Grant::of(Access::Owner))))
    }

    fn visible<'a>(&'a self, _question: &'a Question) -> Answering<'a, Visible> {
        Box::pin(std::future::ready(Ok(Visible::All)))
    }

    fn is_open(&self) -> bool {
        true
    }
}
