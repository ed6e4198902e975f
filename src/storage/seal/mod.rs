//! Keeps archives few: merges neighbours, gives back what deleted documents took, and puts a
//! directory in order after a crash.
//!
//! Sealing a journal file is [`super::archive::write_archive`] for that one number. Knows archives
//! only; who reads them meanwhile, and when a journal file may go, is the engine's business.
//!
//! The order that a crash cannot break: [`merge`] makes the new archive durable and verified, the
//! engine lets its readers use it, [`retire`] removes the old ones. [`clean_up`] finishes or undoes
//! what was interrupted.

mod clean_up;
mod merge;
mod plan;

#[cfg(test)]
mod tests;

pub(crate) use clean_up::problem;
pub use clean_up::{CleanUp, clean_up};
pub use merge::{merge, retire, rewrite};
pub use plan::{ArchiveInfo, MERGED_BYTES, plan_merge};
