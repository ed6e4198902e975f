//! Measures servers as their clients see them: `coscribe bench`.
//!
//! Clients here are cheap, so that thousands fit beside the server they load: edits are written by
//! hand (`edits`, `trace`), what comes is searched for marks and kept (`inbox`), and only after the
//! measured time is it applied to replicas and compared (`converge`). `plan` says what is done,
//! `member` is one client, `board` the closed loop between them, `fan_out` puts them together, with
//! readers who fall `behind` and people who come for `visits`; `idle`, `joining` and `cold` are the
//! measurements without writers, `crash` counts what a killed server lost, `chart` draws. `recorded` reads
//! histories from files, `target` starts servers of our own, `machine` reads what a server uses and
//! `metrics` what one of ours counts. The words and the options are the command's.

pub mod behind;
pub mod board;
pub mod chart;
pub mod cold;
pub mod converge;
pub mod crash;
pub mod dialect;
pub mod edits;
mod error;
pub mod fan_out;
pub mod histogram;
pub mod idle;
pub mod inbox;
pub mod joining;
pub mod machine;
mod member;
mod metrics;
pub mod plan;
pub mod recorded;
pub mod report;
pub mod script;
pub mod target;
pub mod trace;
pub mod visits;

pub use error::Failed;

/// What is told while a measurement runs: what it does, how much of it is done, of how much.
pub type Told<'a> = &'a (dyn Fn(&str, u64, u64) + Send + Sync);
