//! What the hooks of the program around the server hear of a document. Nothing here waits.

use tokio::time::Instant;

use super::{Documents, actor::Actor};
use crate::{
    crdt::PresenceEntry,
    hooks::{Lane, Presence, Saved, Stored, Told, Unload, Updated, VersionMade},
    ids::{DocumentName, Seq},
    storage::{Entry, versions::Version},
    telemetry::warnings::StateUnsound,
};

/// The way to them, and what they do not have yet.
#[derive(Debug)]
pub(super) struct Telling {
    lane: Option<Lane>,
    unrest: Option<Unrest>,
}

/// Changes that were not told with the whole document.
#[derive(Clone, Copy, Debug)]
struct Unrest {
    since: Instant,
    last: Instant,
}

impl Telling {
    pub(super) fn new(lane: Option<Lane>) -> Self {
        Self { lane, unrest: None }
    }
}

impl Documents {
    /// Tells that somebody made a version.
    pub(crate) fn version_made(&self, document: &DocumentName, version: &Version) {
        if self.hooks().is_some() {
            self.hooks().tell(document, version_made(document, version));
        }
    }
}

pub(super) fn version_made(document: &DocumentName, version: &Version) -> Told {
    Told::Version(VersionMade {
        document: document.clone(),
        id: version.id.clone(),
        name: version.name.clone(),
        seq: version.seq,
        author: (*version.author).clone(),
        automatic: version.automatic,
    })
}

impl Actor {
    pub(super) fn tell_updated(&mut self, entries: &[Entry]) {
        let Some(lane) = &self.telling.lane else { return };
        for Entry { time, author, update } in entries {
            let (time, author, update) = (*time, (**author).clone(), update.clone());
            let document = self.lease.name().clone();
            lane.tell(Told::Updated(Updated { document, time, author, update }));
        }
        let now = Instant::now();
        self.telling.unrest.get_or_insert(Unrest { since: now, last: now }).last = now;
    }

    pub(super) fn tell_saved(&self, last: Seq) {
        if let Some(lane) = &self.telling.lane {
            let document = self.lease.name().clone();
            lane.tell(Told::Saved(Saved { document, id: self.id, last }));
        }
    }

    pub(super) fn tell_presence(&self, entries: &[PresenceEntry]) {
        if let Some(lane) = &self.telling.lane {
            let states = entries.iter().map(|entry| (entry.client, entry.state.clone())).collect();
            lane.tell(Told::Presence(Presence { document: self.lease.name().clone(), states }));
        }
    }

    /// When the document will have come to rest; `None` while something is on its way to the disk,
    /// whose arrival is looked at anyway.
    pub(super) fn rest_due(&self) -> Option<Instant> {
        let limits = &self.setup.limits;
        let durable = self.durability.failed.is_none() && self.durability.settled_at().is_some();
        let unrest = self.telling.unrest.filter(|_| durable)?;
        Some((unrest.last + limits.rest_after).min(unrest.since + limits.rest_at_most))
    }

    /// Tells the whole document if that is due.
    pub(super) fn tell_rest(&mut self, now: Instant) {
        if self.rest_due().is_some_and(|due| due <= now) {
            self.tell_stored(now);
        }
    }

    fn tell_stored(&mut self, now: Instant) {
        let Some((lane, last)) = self.telling.lane.as_ref().zip(self.durability.settled_at())
        else {
            return;
        };
        let (document, id) = (self.lease.name().clone(), self.id);
        let told = match self.state.snapshot() {
            Ok(state) => lane.tell(Told::Stored(Stored { document, id, last, state })),
            Err(reason) => {
                StateUnsound { document: &document, reason: &reason }.note();
                true
            }
        };
        // Who does not keep up hears of it later.
        self.telling.unrest = (!told).then_some(Unrest { since: now, last: now });
    }

    /// The document leaves memory.
    pub(super) fn tell_end(&mut self) {
        if self.rest_due().is_some() && !self.poisoned {
            self.tell_stored(Instant::now());
        }
        if let Some(lane) = self.telling.lane.take() {
            lane.tell(Told::Unload(Unload { document: self.lease.name().clone() }));
        }
    }
}
