//! Coscribe: a collaborative document server for every Yjs editor.

pub mod ids;
pub mod identity;
pub mod limits;
pub mod clock;
pub mod random;
pub mod telemetry;

pub mod crdt;
pub mod protocol;
pub mod storage;

pub mod session;
pub mod document;

pub mod http;
pub mod client;

pub mod server;
pub mod cli;
