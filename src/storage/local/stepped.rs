//! The engine without threads of its own, for simulations: the journal is written and the rest is
//! tidied when it is told to, a step at a time, by whoever decides what happens next.
//!
//! Everything else is the engine as it is. Knows no simulation.

use std::sync::Arc;

use crate::{
    clock::Clock,
    storage::{
        committer::{Committer, Turn, Writer},
        disk::Disk,
        index::Index,
        keeper::{Hands, Keeper},
        snapshots::Snapshots,
    },
};

use super::{Local, LocalOptions, OpenError, Report, opening::Ready};

/// Those who work for an engine, when they are told to.
pub struct Workers {
    writer: Writer,
    hands: Hands,
}

impl Local {
    /// As [`Local::open`], with the snapshots in this index, and without threads.
    ///
    /// # Errors
    /// As [`Local::open`].
    pub fn open_stepped(
        options: LocalOptions,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        index: Index,
    ) -> Result<(Self, Workers, Report), OpenError> {
        let ready = Ready::new(options, disk, clock, |_, _, _, _| Snapshots::new(index))?;
        let (keeper, hands) =
            Keeper::idle(ready.shared, ready.desk, Arc::clone(&ready.settings.meter));
        let (committer, writer) = Committer::idle(ready.settings);
        let (local, report) = ready.parts.assemble((committer, keeper), true);
        Ok((local, Workers { writer, hands }, report))
    }
}

impl Workers {
    /// Commits once what waits to be written; whether anybody was answered.
    pub fn commit(&mut self) -> bool {
        self.writer.step() == Turn::Answered
    }

    /// Does one piece of what is done behind the journal; whether there was any.
    pub fn tidy(&mut self) -> bool {
        self.hands.step()
    }

    /// Writes and keeps what waits, and finishes the journal, as a server does that is told to stop.
    pub fn close(&mut self, local: &Local) {
        // Nobody is waited for, as there is no thread; what cannot be written is told to its callers.
        drop(local.close_blocking());
        while self.writer.step() != Turn::Ended {}
        while self.hands.step() {}
    }
}
