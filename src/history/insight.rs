//! What storage asks about documents when it writes a whole store anew. Must be used where the CRDT has
//! a large stack.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;

use crate::{
    clock::Timestamp,
    crdt::{self, Bounds, DocumentState},
    ids::ClientId,
    random::Random,
    storage::insight::{Insight, Making},
};

/// The one who knows.
pub struct Knowledge<'a> {
    /// For client ids that write nothing.
    pub random: &'a dyn Random,
}

/// Small records that say when they were made.
#[derive(Deserialize)]
struct Dated {
    /// When a document was put into the bin.
    deleted: Option<Timestamp>,
    /// When a share link was made.
    created: Option<Timestamp>,
}

struct Made<'a> {
    random: &'a dyn Random,
    state: DocumentState,
    added: Vec<Bytes>,
}

impl Insight for Knowledge<'_> {
    fn clients(&self, update: &[u8]) -> Vec<u64> {
        crdt::clients(update).unwrap_or_default()
    }

    fn since(&self, key: &str, value: &[u8]) -> Option<Timestamp> {
        if key != "bin" && !key.starts_with("share/") {
            return None;
        }
        let dated: Dated = serde_json::from_slice(value).ok()?;
        dated.deleted.or(dated.created)
    }

    fn document(&self) -> Box<dyn Making + '_> {
        Box::new(Made { random: self.random, state: empty(self.random), added: Vec::new() })
    }
}

/// No entry is too large, and no life before it is minded.
pub(super) fn empty(random: &dyn Random) -> DocumentState {
    let bounds = Bounds { update_bytes: usize::MAX / 8, document_bytes: usize::MAX / 8 };
    DocumentState::new(ClientId::new(random), bounds, Arc::new([]))
}

impl Making for Made<'_> {
    fn add(&mut self, update: &[u8]) -> Result<(), String> {
        let update = Bytes::copy_from_slice(update);
        self.state.try_load(&update)?;
        if let Err(reason) = self.state.load(std::iter::once(&update[..])) {
            // What admission let pass and the CRDT did not leaves it in an unknown state.
            self.state = empty(self.random);
            self.state.load(self.added.iter().map(|it| &it[..]))?;
            return Err(reason);
        }
        self.added.push(update);
        Ok(())
    }
}
