//! The only door to yrs: what the rest of the server may do with CRDT bytes.
//!
//! Client bytes never reach yrs unchecked: `parser` reads them without yrs, `admission` decides
//! which part of them may be applied, `state` applies it through `engine`. Knows no protocol, disk or socket.

mod about;
mod admission;
mod block;
pub mod content;
pub mod copy;
#[doc(hidden)]
pub mod corpus;
mod deferred;
mod engine;
mod held;
mod index;
pub mod meta;
mod order;
pub mod parser;
pub mod past;
pub mod presence;
mod reader;
pub mod replica;
mod size;
pub mod split;
pub mod state;
mod trial;
pub mod verdict;
mod writer;

/// The CRDT that documents are made of, in the version that this server uses.
pub use yrs;

pub use content::Kind;
pub use meta::{Meta, MetaChanges};
pub use parser::clients;
pub use presence::{PresenceEntry, encode_presence, parse_presence};
pub use split::split;
pub use state::DocumentState;
pub use verdict::{Applied, Bounds, Broadcast, Incoming, Poisoned, Refusal, Verdict};

#[cfg(test)]
mod tests;
