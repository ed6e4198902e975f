//! Moments of a server's life that the program around it may watch, change or refuse.
//!
//! [`Hooks`] is the whole contract; `runner` makes sure that a hook which panics or hangs harms only
//! its own call. Knows names, people and bytes; knows no document, socket or store.
//!
//! Those that *ask* are waited for, by the one whom they concern: a refusal, a panic or an answer
//! that takes longer than [`Limits::hook`](crate::limits::Limits::hook) refuses. Those that *tell*
//! hold up nobody: they come one after another for each document, in the order of what happened; a
//! call that fails is logged, and when [`WAITING`] of a document wait, what comes next is left out.

mod lane;
mod moments;
mod runner;

use std::future::Future;

use bytes::Bytes;

pub use lane::WAITING;
pub(crate) use lane::{Lane, Told};
pub use moments::{
    Authenticate, Connect, FirstContent, Load, Presence, Saved, Stateless, Stored, Unload, Update,
    Updated, VersionMade,
};
pub(crate) use runner::Runner;

use crate::identity::Access;

/// Why something is refused, in words for the person whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    /// A refusal for this reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// What a program wants to watch, change or refuse. Every method may be left out, and may be written
/// as an `async fn`. Never block the thread in one: use `tokio::task::spawn_blocking`.
///
/// ```
/// use coscribe::hooks::{Hooks, Refusal, Update};
///
/// struct ClosedAtNight;
///
/// impl Hooks for ClosedAtNight {
///     async fn update(&self, it: Update) -> Result<(), Refusal> {
///         match it.document.as_str().starts_with("night/") {
///             true => Ok(()),
///             false => Err(Refusal::new("we are closed")),
///         }
///     }
/// }
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// Asks: may this connection go on? Comes before anything is known of who it is.
    fn connect(&self, it: Connect) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = it;
        async { Ok(()) }
    }

    /// Asks: how far may this session go? Comes after the authorizer has said yes, each time it is
    /// asked; what it said can be lowered, not raised. Requests are asked about like sessions, with 0
    /// for their connection. Which names a list or a stream of all events shows, and what somebody
    /// may do apart from any document, the authorizer says alone.
    fn authenticate(
        &self,
        it: Authenticate,
    ) -> impl Future<Output = Result<Access, Refusal>> + Send {
        async move { Ok(it.access) }
    }

    /// Asks: may this document be read from the store? A refusal makes it unavailable for everybody
    /// until it is asked for again.
    fn load(&self, it: Load) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = it;
        async { Ok(()) }
    }

    /// Asks: what does this document begin with, which somebody opens and which does not exist? A
    /// Yjs update of a whole document, version 1; `None` for nothing. Many may be asked at once, and
    /// the content comes in once all the same.
    fn first_content(
        &self,
        it: FirstContent,
    ) -> impl Future<Output = Result<Option<Bytes>, Refusal>> + Send {
        let _ = it;
        async { Ok(None) }
    }

    /// Asks: may this edit of a client be made? A client's later edits wait meanwhile, nobody else's
    /// do. Comes before the bytes are checked, which is why they are not shown.
    fn update(&self, it: Update) -> impl Future<Output = Result<(), Refusal>> + Send {
        let _ = it;
        async { Ok(()) }
    }

    /// Asks: what becomes of this message of a Hocuspocus provider? What is returned goes to the
    /// others; a refusal goes to nobody.
    fn stateless(&self, it: Stateless) -> impl Future<Output = Result<String, Refusal>> + Send {
        async move { Ok(it.payload) }
    }

    /// Tells that an edit was admitted and is part of the document, on its way to the disk.
    fn updated(&self, it: Updated) -> impl Future<Output = ()> + Send {
        let _ = it;
        async {}
    }

    /// Tells that everything up to an entry is durable.
    fn saved(&self, it: Saved) -> impl Future<Output = ()> + Send {
        let _ = it;
        async {}
    }

    /// Tells, with the whole document, that nothing has changed for a while, or that changes have
    /// gone on for a longer while; and before it is unloaded. All of it is durable. For a copy in a
    /// database of one's own: the next call brings whatever an earlier one missed.
    fn stored(&self, it: Stored) -> impl Future<Output = ()> + Send {
        let _ = it;
        async {}
    }

    /// Tells that somebody shows something else of themselves, or has left.
    fn presence(&self, it: Presence) -> impl Future<Output = ()> + Send {
        let _ = it;
        async {}
    }

    /// Tells that a version was made, by a person or after a pause.
    fn version(&self, it: VersionMade) -> impl Future<Output = ()> + Send {
        let _ = it;
        async {}
    }

    /// Tells that a document has left memory.
    fn unload(&self, it: Unload) -> impl Future<Output = ()> + Send {
        let _ = it;
        async {}
    }

    /// Tells that everything is durable and the store about to be closed. The server waits for it,
    /// and before it for what was told of documents.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}
