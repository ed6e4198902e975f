//! Whole servers in this process, used through the Rust client over real sockets.
//!
//! `harness` starts them; `formats` opens old stores, `sync` is about documents and people, `restart` about what a store keeps.
//! `store_speed` measures the local engine by itself, for people who ask it to.

mod formats;
mod harness;
mod restart;
mod store_speed;
mod sync;
