//! Changes of the index, and how they become rows.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::ids::{DocumentId, DocumentName};

use super::{
    Facts, Index, IndexError, IndexedArchive, Located, poisoned,
    rows::{self, CHUNK_BYTES, Digest, Key},
};

/// One change. Within a batch, later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A name is that of a living document, or of none.
    Name(DocumentName, Option<DocumentId>),
    /// What is known of a document.
    Facts(DocumentId, Facts),
    /// A life of this name ended; these client ids wrote in it.
    Retired {
        /// The name it had at its end.
        name: DocumentName,
        /// The life.
        id: DocumentId,
        /// Its client ids.
        clients: Vec<u64>,
    },
    /// A segment lies there.
    Place(Located),
    /// A segment does not lie there any more.
    NoPlace(Located),
    /// A small record was written or, without a value, removed.
    Keyed {
        /// Beside which document.
        id: DocumentId,
        /// Its key.
        key: Box<str>,
        /// The revision it has now.
        revision: u64,
        /// What was written.
        value: Option<Bytes>,
    },
    /// Places and small records of a document are of no use any more; the facts stay.
    Ended(DocumentId),
    /// The index contains exactly these archives, or is being changed.
    Watermark(Option<Vec<IndexedArchive>>),
}

/// Rows to be written together.
#[derive(Default)]
pub(super) struct Batch(BTreeMap<Key, Option<Vec<u8>>>);

impl Index {
    /// Makes all changes or, when it fails, perhaps none. Holds all of them in memory, as sled does;
    /// the caller keeps a batch to some thousands.
    ///
    /// # Errors
    /// When sled cannot be read or written.
    pub fn apply(&self, changes: Vec<Change>) -> Result<(), IndexError> {
        let mut batch = Batch::default();
        for change in changes {
            self.expand(change, &mut batch)?;
        }
        self.write(batch)
    }

    /// Writes rows and the digest that goes with them.
    pub(super) fn write(&self, batch: Batch) -> Result<(), IndexError> {
        let mut current = self.digest.lock().map_err(poisoned)?;
        let mut digest: Digest = *current;
        let mut out = Vec::with_capacity(batch.0.len() + 1);
        for (key, value) in batch.0 {
            let value = value.map(|value| rows::wrap(&key, &value));
            if key.is_rebuilt() {
                if let Some(old) = self.backend.get(key.bytes())? {
                    digest.remove(&key, &old);
                }
                if let Some(new) = &value {
                    digest.add(&key, new);
                }
            }
            out.push((key.bytes().to_vec(), value));
        }
        let key = Key::digest();
        out.push((key.bytes().to_vec(), Some(rows::wrap(&key, &digest.value()))));
        self.backend.apply(out)?;
        *current = digest;
        Ok(())
    }

    fn expand(&self, change: Change, batch: &mut Batch) -> Result<(), IndexError> {
        match change {
            Change::Name(name, Some(id)) => batch.put(Key::name(&name), rows::id_value(id)),
            Change::Name(name, None) => batch.remove(Key::name(&name)),
            Change::Facts(id, facts) => batch.put(Key::facts(id), rows::facts_value(&facts)),
            Change::Retired { name, id, clients } => {
                for (at, part) in (0..).zip(clients.chunks(CHUNK_BYTES / 8)) {
                    batch.put(Key::retired(&name, id, at), rows::clients_value(part));
                }
            }
            Change::Place(located) => {
                batch.put(Key::place(&located), rows::place_value(&located));
            }
            Change::NoPlace(located) => batch.remove(Key::place(&located)),
            Change::Keyed { id, key, revision, value } => {
                self.remove_within(&Key::keyed_parts(id, &key), batch)?;
                let head = Key::keyed(id, &key);
                let Some(value) = value else {
                    batch.remove(head);
                    return Ok(());
                };
                batch.put(head, rows::keyed_value(revision, &value));
                for (at, part) in (0..).zip(value.chunks(CHUNK_BYTES)) {
                    batch.put(Key::keyed_part(id, &key, at), part.to_vec());
                }
            }
            Change::Ended(id) => {
                for prefix in [Key::places(id), Key::keyed_of(id), Key::keyed_parts_of(id)] {
                    self.remove_within(&prefix, batch)?;
                }
            }
            Change::Watermark(Some(archives)) => {
                batch.put(Key::watermark(), rows::watermark_value(&archives));
            }
            Change::Watermark(None) => batch.remove(Key::watermark()),
        }
        Ok(())
    }

    /// Removes what is stored under a prefix and what this batch would have put there.
    fn remove_within(&self, prefix: &Key, batch: &mut Batch) -> Result<(), IndexError> {
        for key in self.backend.keys(prefix.bytes())? {
            batch.remove(Key::read(key));
        }
        for (key, value) in &mut batch.0 {
            if key.bytes().starts_with(prefix.bytes()) {
                *value = None;
            }
        }
        Ok(())
    }
}

impl Batch {
    pub(super) fn put(&mut self, key: Key, value: Vec<u8>) {
        self.0.insert(key, Some(value));
    }

    pub(super) fn remove(&mut self, key: Key) {
        self.0.insert(key, None);
    }
}
