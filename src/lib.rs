//! Coscribe: a collaborative document server for every Yjs editor, whose "saved" means on disk.
//!
//! The modules below stand in the order of their layers: words, parts, behaviour, edges, assembly,
//! commands. Each uses those above it in this list and none below. ARCHITECTURE.md is the map.
//!
//! The life of an edit: [`http::socket`] reads a frame, [`session`] says what it means, the
//! document's actor ([`document`]) admits and applies it through [`crdt`], sends it to everybody
//! else and hands it to the [`storage::Store`]; once that has synced it, the sender hears "saved".
//!
//! To run a server inside a program, start with [`Server::builder`]; to edit documents of one in
//! another process, with [`client::Client`]. What a program needs for that is [`Server`],
//! [`Documents`], [`hooks`], [`auth`], [`storage::Store`], [`limits::Limits`], the words they use
//! ([`ids`], [`identity`], [`clock`], [`convert::Format`]), and [`yrs`]. The rest is public for the
//! tests and tools of this repository and changes as they do.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use coscribe::{Server, identity::Author, ids::DocumentName};
//!
//! let server = Server::builder().memory().build().await?;
//! let routes = server.routes(); // for warp; `server.service()` is for axum and hyper
//! let plan = server.documents().get(&DocumentName::new("plan.md")?);
//! plan.edit_text(Author::verified("u-7", "Ada"), |text| text.push("Hello.")).await?;
//! server.shutdown().await?;
//! # drop(routes);
//! # anyhow::Ok(()) }).unwrap();
//! ```

mod few;
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
pub mod hooks;

pub mod session;
pub mod document;
pub mod history;
pub mod convert;
pub mod webhooks;

pub mod http;
pub mod client;

pub mod server;
#[cfg(feature = "cli")]
pub mod load;
#[cfg(feature = "cli")]
pub mod cli;

pub use crdt::yrs;
pub use server::{
    Builder, Server,
    documents::{Document, Documents, Event, Follower},
};
