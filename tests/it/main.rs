//! Whole servers in this process, used through the Rust client over real sockets.
//!
//! `harness` starts them; `formats` opens old stores, `sync` is about documents and people, `restart` about what a store keeps.

mod formats;
mod harness;
mod restart;
mod sync;
