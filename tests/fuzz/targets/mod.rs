//! What is fuzzed: a function per surface that bytes from outside reach, with honest inputs to start
//! from. A function returns for whatever it is given; what must not happen is a panic.
//!
//! Shared by the smoke run (this test) and by `fuzz/`, where libFuzzer drives it. Knows neither.

mod backup;
mod bytes;
mod checksums;
mod content;
mod crdt;
mod edge;
mod http;
mod messages;
mod nonsense;
mod saved;
mod store;
mod wire;

pub(crate) use bytes::Input;

/// A surface that bytes from outside reach.
pub(crate) struct Target {
    /// What it is called on the command line and in the corpus.
    pub(crate) name: &'static str,
    /// Takes any bytes.
    pub(crate) run: fn(&[u8]),
    /// Honest inputs, and known attacks.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// MiB that one input may take.
    pub(crate) memory: u64,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "update", run: crdt::update, seeds: crdt::update_seeds, memory: 64 },
    Target { name: "nonsense", run: nonsense::run, seeds: nonsense::seeds, memory: 64 },
    Target { name: "vector", run: crdt::vector, seeds: crdt::vector_seeds, memory: 16 },
    Target { name: "presence", run: crdt::presence, seeds: crdt::presence_seeds, memory: 16 },
    Target { name: "stored", run: crdt::stored, seeds: crdt::stored_seeds, memory: 64 },
    Target { name: "frame", run: wire::frame, seeds: wire::frame_seeds, memory: 16 },
    Target { name: "session", run: wire::session, seeds: wire::session_seeds, memory: 32 },
    Target { name: "journal", run: store::journal, seeds: store::journal_seeds, memory: 64 },
    Target { name: "record", run: store::record, seeds: store::record_seeds, memory: 16 },
    Target { name: "archive", run: store::archive, seeds: store::archive_seeds, memory: 64 },
    Target { name: "backup", run: backup::run, seeds: backup::seeds, memory: 64 },
    Target { name: "saved", run: saved::run, seeds: saved::seeds, memory: 64 },
    Target { name: "convert", run: content::convert, seeds: content::convert_seeds, memory: 64 },
    Target { name: "change", run: content::change, seeds: content::change_seeds, memory: 64 },
    Target { name: "token", run: edge::token, seeds: edge::token_seeds, memory: 16 },
    Target { name: "name", run: edge::name, seeds: edge::name_seeds, memory: 16 },
    Target { name: "http", run: http::run, seeds: http::seeds, memory: 128 },
];

/// The target of this name.
pub(crate) fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
