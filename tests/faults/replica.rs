//! An editor's own copy of a document, kept by yrs apart from the server's: text made of tokens
//! that nobody else writes, and a map with a key for each editor.

use std::collections::BTreeMap;

use bytes::Bytes;
use yrs::{
    Doc, GetString, Map, MapRef, OffsetKind, Options, Out, ReadTxn, StateVector, Text, TextRef,
    Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

/// An update smaller than this cannot exhaust a stack; yrs recurses over an update's clients.
const SHALLOW: usize = 16 * 1024;

/// The document's text and its map, as people would see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) map: BTreeMap<String, i64>,
}

/// A copy that can be edited.
#[derive(Debug)]
pub(crate) struct Replica {
    doc: Doc,
    text: TextRef,
    map: MapRef,
}

impl Replica {
    /// An empty copy; `client` must be of nobody else.
    pub(crate) fn new(client: u64) -> Self {
        let options = Options {
            client_id: yrs::ClientID::new(client),
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        };
        let doc = Doc::with_options(options);
        let (text, map) = (doc.get_or_insert_text("text"), doc.get_or_insert_map("map"));
        Self { doc, text, map }
    }

    /// A copy of what one update says.
    pub(crate) fn of_update(update: &[u8]) -> Result<Self, String> {
        let replica = Self::new(1);
        replica.apply(update)?;
        Ok(replica)
    }

    /// Takes in what the server sent; an error when anything in it is missing or cannot be read.
    pub(crate) fn apply(&self, update: &[u8]) -> Result<(), String> {
        if update.len() < SHALLOW {
            return self.apply_here(update);
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(256 << 20);
            let applying = thread.spawn_scoped(scope, || self.apply_here(update));
            applying.expect("a thread").join().expect("yrs does not panic on what the server sends")
        })
    }

    fn apply_here(&self, update: &[u8]) -> Result<(), String> {
        let update = Update::decode_v1(update).map_err(|error| error.to_string())?;
        let mut transaction = self.doc.transact_mut();
        transaction.apply_update(update).map_err(|error| error.to_string())?;
        if transaction.has_missing_updates() {
            return Err("an update depends on something that never came".to_owned());
        }
        Ok(())
    }

    /// Inserts a text; gives the update to send.
    pub(crate) fn insert(&self, at: u32, text: &str) -> Bytes {
        let mut transaction = self.doc.transact_mut();
        self.text.insert(&mut transaction, at, text);
        transaction.encode_update_v1().into()
    }

    /// Deletes a range; gives the update to send.
    pub(crate) fn delete(&self, at: u32, length: u32) -> Bytes {
        let mut transaction = self.doc.transact_mut();
        self.text.remove_range(&mut transaction, at, length);
        transaction.encode_update_v1().into()
    }

    /// Sets a key; gives the update to send.
    pub(crate) fn set(&self, key: &str, value: i64) -> Bytes {
        let mut transaction = self.doc.transact_mut();
        self.map.insert(&mut transaction, key, value);
        transaction.encode_update_v1().into()
    }

    pub(crate) fn length(&self) -> u32 {
        self.text.len(&self.doc.transact())
    }

    pub(crate) fn state_vector(&self) -> Bytes {
        self.doc.transact().state_vector().encode_v1().into()
    }

    /// What a copy with this state vector lacks.
    pub(crate) fn diff(&self, state_vector: &[u8]) -> Bytes {
        let theirs = StateVector::decode_v1(state_vector).expect("the server's state vector");
        self.doc.transact().encode_diff_v1(&theirs).into()
    }

    pub(crate) fn content(&self) -> Content {
        let transaction = self.doc.transact();
        let number = |value| match value {
            Out::Any(yrs::Any::Number(number)) => number.as_i64().unwrap_or(i64::MAX),
            // Nobody writes anything else; the judge will say so.
            _ => i64::MAX,
        };
        Content {
            text: self.text.get_string(&transaction),
            map: self
                .map
                .iter(&transaction)
                .map(|(key, value)| (key.to_string(), number(value)))
                .collect(),
        }
    }
}
