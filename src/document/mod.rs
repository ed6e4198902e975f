//! Open documents: one actor each, on threads of their own, reachable only through a handle.
//!
//! Knows the CRDT door, the store and how to encode frames; knows no socket. Read in this order:
//! [`registry`] finds or starts an actor, `handle` is the way to it, [`command`] is what one can ask
//! of it, `actor` is its loop, and the files it routes to each answer one question.

pub mod command;
pub mod registry;
pub mod outbox;
pub mod budget;
mod actor;
pub mod aliases;
mod attendance;
mod beginning;
mod bin;
mod card;
mod acknowledge;
mod deferring;
mod durability;
mod events;
mod fan_out;
mod handle;
mod importing;
mod library;
mod live;
mod load;
mod mailbox;
mod pauses;
mod presence;
mod reading;
mod renaming;
mod setup;
pub mod sharing;
mod subscriber;
mod sync;
mod telling;
mod threads;
mod updates;

#[cfg(test)]
mod tests;

pub use budget::{Budget, Permit};
pub use command::{Attendee, Command, NewSubscriber, Reading, Unavailable};
pub use events::{Event, Events, Happened, Heard, Listener};
pub use handle::DocumentHandle;
pub use importing::{Brought, Records, bring_in};
pub use library::Summary;
pub use outbox::{Outbox, Taken};
pub use registry::{Busy, Documents};
pub use setup::Setup;
