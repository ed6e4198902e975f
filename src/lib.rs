//! Coscribe: a collaborative document server for every Yjs editor, whose "saved" means on disk.
//!
//! The modules below stand in the order of their layers: words, parts, behaviour, edges, assembly,
//! commands. Each uses those above it in this list and none below. ARCHITECTURE.md is the map.
//!
//! The life of an edit: [`http::socket`] reads a frame, [`session`] says what it means, the
//! document's actor ([`document`]) admits and applies it through [`crdt`], sends it to everybody
//! else and hands it to the [`storage::Store`]; once that has synced it, the sender hears "saved".
//!
//! To run a server inside a program, start with [`server::Server`]; to edit documents of one, with
//! [`client::Client`].

pub mod ids;
pub mod identity;
pub mod limits;
pub mod clock;
pub mod random;
pub mod telemetry;

pub mod crdt;
pub mod protocol;
pub mod auth;
pub mod storage;

pub mod session;
pub mod document;
pub mod history;
pub mod convert;
pub mod webhooks;

pub mod http;
pub mod client;

pub mod server;
pub mod cli;

pub use server::{Builder, Server};
