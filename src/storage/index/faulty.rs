//! An index in memory that outlives a crash as sled's might: any row may be as it was before, gone,
//! or damaged. For simulations.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    Index, IndexError,
    backend::{Backend, Row},
    rows::{self, Key},
};
use crate::random::{Random, SeededRandom};

/// The rows. Clones share them.
#[derive(Clone, Default)]
pub struct FaultyRows(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    live: BTreeMap<Vec<u8>, Bytes>,
    durable: BTreeMap<Vec<u8>, Bytes>,
    trusted: bool,
}

impl FaultyRows {
    /// An index over what a crash left of these rows. As with sled, one whose format cannot be read
    /// begins anew.
    #[must_use]
    pub fn index(&self) -> Index {
        if let Ok((index, _)) = Index::check(Box::new(self.clone()), true) {
            return index;
        }
        self.lock().live.clear();
        Index::fresh(Box::new(self.clone())).unwrap_or_else(|_| Index::in_memory())
    }

    /// A mistake that a simulation must find: damage is given out with a checksum that fits, as if
    /// nobody checked.
    pub fn trust(&self) {
        self.lock().trusted = true;
    }

    /// Ends the process with or without the machine. Of what was written since the last time any row
    /// may be lost, and some are damaged.
    pub fn crash(&self, random: &SeededRandom) {
        let mut state = self.lock();
        let State { live, durable, trusted } = &mut *state;
        let keys: std::collections::BTreeSet<_> =
            live.keys().chain(durable.keys()).cloned().collect();
        for key in keys {
            let old = random.below(4) == 0;
            let row = if old { durable.get(&key) } else { live.get(&key) };
            match row.cloned() {
                Some(row) if random.below(8) == 0 => {
                    durable.insert(key.clone(), damaged(key, &row, *trusted, random));
                }
                Some(row) => drop(durable.insert(key, row)),
                None => drop(durable.remove(&key)),
            }
        }
        live.clone_from(durable);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Flips a bit near the end, where the head of a snapshot says its seq.
fn damaged(key: Vec<u8>, row: &Bytes, trusted: bool, random: &SeededRandom) -> Bytes {
    let mut row = row.to_vec();
    let back = usize::try_from(random.below(8)).unwrap_or(0);
    let Some(at) = row.len().checked_sub(1 + back) else { return row.into() };
    row[at] ^= 1 << random.below(8);
    match row.get(4..) {
        Some(value) if trusted => rows::wrap(&Key::read(key), value).into(),
        _ => row.into(),
    }
}

impl Backend for FaultyRows {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, IndexError> {
        Ok(self.lock().live.get(key).cloned())
    }

    fn keys(&self, prefix: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, IndexError> {
        let state = self.lock();
        let within = state.live.range(prefix.to_vec()..).map(|(key, _)| key);
        Ok(within.take_while(|key| key.starts_with(prefix)).take(limit).cloned().collect())
    }

    fn apply(&self, rows: Vec<Row>) -> Result<(), IndexError> {
        let live = &mut self.lock().live;
        for (key, value) in rows {
            match value {
                Some(value) => drop(live.insert(key, value.into())),
                None => drop(live.remove(&key)),
            }
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }

    fn is_in_memory(&self) -> bool {
        false
    }
}
