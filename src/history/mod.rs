//! The past of documents: what can be made of the entries that the store keeps.
//!
//! Knows the CRDT door, entries and authors; knows no live document, no socket and no file system.

pub mod saved;
