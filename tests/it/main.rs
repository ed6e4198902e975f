//! Whole servers in this process, used through the Rust client over real sockets.
//!
//! `harness` starts them; `sync` is about documents and people, `restart` about what a store keeps.

mod harness;
mod restart;
mod sync;
