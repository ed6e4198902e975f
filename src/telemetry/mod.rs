//! What the server says about itself: lines in the log, and numbers.
//!
//! Any module may emit events through `tracing` and move the numbers of the [`Meter`] it was given;
//! only this one decides where lines go and how numbers are told. It calls nobody back.

pub mod exposition;
pub mod happenings;
mod log;
pub mod meter;
pub mod numbers;
pub mod otlp;
pub mod process;
pub mod stats;
pub mod warnings;

pub use log::{AlreadyInstalled, Log, LogFilter, LogFormat, install};
pub use meter::Meter;
