//! Who somebody sees in a document, kept as y-protocols `awareness.js` keeps it, and what they show
//! of themselves.

use std::collections::BTreeMap;

use bytes::Bytes;
use coscribe::crdt::{PresenceEntry, encode_presence, parse_presence};

/// See the module.
#[derive(Debug)]
pub(crate) struct Attendance {
    client: u64,
    name: String,
    clock: u32,
    seen: BTreeMap<u64, PresenceEntry>,
}

impl Attendance {
    pub(crate) fn new(client: u64, name: &str) -> Self {
        Self { client, name: name.to_owned(), clock: 0, seen: BTreeMap::new() }
    }

    /// What is shown of somebody of this name.
    pub(crate) fn state_of(name: &str) -> String {
        format!("{{\"user\":{{\"name\":\"⟦{name}:\"}}}}")
    }

    /// Under which id they write.
    pub(crate) fn client(&self) -> u64 {
        self.client
    }

    /// How often they have shown something.
    pub(crate) fn clock(&self) -> u32 {
        self.clock
    }

    /// Shows that they are here, once more.
    pub(crate) fn show(&mut self) -> Bytes {
        self.clock += 1;
        let state = Self::state_of(&self.name).into();
        encode_presence([PresenceEntry { client: self.client, clock: self.clock, state }].iter())
    }

    /// Takes in who is here.
    pub(crate) fn hear(&mut self, message: &[u8]) -> Result<(), String> {
        let entries = parse_presence(message, 1000, 1 << 20).map_err(|error| error.to_string())?;
        for entry in entries {
            let known = self.seen.get(&entry.client);
            let newer = known.is_none_or(|known| {
                known.clock < entry.clock
                    || (known.clock == entry.clock && entry.is_leave() && !known.is_leave())
            });
            if entry.client == self.client {
                // Who says that we have left is contradicted when we show ourselves again.
                self.clock = self.clock.max(entry.clock);
            } else if newer {
                self.seen.insert(entry.client, entry);
            }
        }
        Ok(())
    }

    /// Without a connection nobody is seen.
    pub(crate) fn forget(&mut self) {
        self.seen.clear();
    }

    /// What the others show.
    pub(crate) fn others(&self) -> Vec<String> {
        let here = self.seen.values().filter(|entry| !entry.is_leave());
        let mut states: Vec<_> =
            here.map(|entry| String::from_utf8_lossy(&entry.state).into_owned()).collect();
        states.sort();
        states
    }
}
