//! What documents need from outside, each as a parameter.

use std::sync::Arc;

use crate::{clock::Clock, hooks::Runner, limits::Limits, random::Random, storage::Store};

/// What documents need from outside.
pub struct Setup {
    /// Where documents are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance, for ids.
    pub random: Arc<dyn Random>,
    /// The bounds.
    pub limits: Limits,
    /// How many document threads to start. With 0 documents live on the runtime that calls, whose
    /// stack then bounds what they can hold: for simulations, which need everything on one thread.
    pub threads: usize,
    /// Who wants to know what happens.
    pub(crate) hooks: Runner,
}

impl Setup {
    /// For documents without hooks on the runtime that calls, as simulations need them.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn simulated(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        limits: Limits,
    ) -> Self {
        Self { store, clock, random, limits, threads: 0, hooks: Runner::default() }
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("threads", &self.threads).finish_non_exhaustive()
    }
}
