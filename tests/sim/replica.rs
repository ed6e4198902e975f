//! A person's own copy of a document, kept by yrs apart from the server's: text made of tokens that
//! nobody else writes, marked here and there, and a map with a key for each person.

use std::collections::BTreeMap;

use bytes::Bytes;
use coscribe::yrs::{
    Any, ClientID, Doc, GetString, Map, MapRef, OffsetKind, Options, Out, ReadTxn, StateVector,
    Text, TextRef, Transact, Update,
    types::{Attrs, text::YChange},
    updates::{decoder::Decode, encoder::Encode},
};

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
            client_id: ClientID::new(client),
            offset_kind: OffsetKind::Utf16,
            ..Options::default()
        };
        let doc = Doc::with_options(options);
        let (text, map) = (doc.get_or_insert_text("text"), doc.get_or_insert_map("map"));
        Self { doc, text, map }
    }

    /// Takes in what the server sent; an error when anything in it is missing or cannot be read.
    pub(crate) fn apply(&self, update: &[u8]) -> Result<(), String> {
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

    /// Marks a range as bold or not; gives the update to send.
    pub(crate) fn mark(&self, at: u32, length: u32, bold: bool) -> Bytes {
        let value = if bold { Any::Bool(true) } else { Any::Null };
        let mut transaction = self.doc.transact_mut();
        let attributes = Attrs::from([("bold".into(), value)]);
        self.text.format(&mut transaction, at, length, attributes);
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

    /// What a copy with this state vector lacks, with all deletions.
    pub(crate) fn diff(&self, state_vector: &[u8]) -> Bytes {
        let theirs = StateVector::decode_v1(state_vector).expect("the server's state vector");
        self.doc.transact().encode_diff_v1(&theirs).into()
    }

    pub(crate) fn content(&self) -> Content {
        let transaction = self.doc.transact();
        let number = |value| match value {
            Out::Any(Any::Number(number)) => number.as_i64().unwrap_or(i64::MAX),
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

    /// Everything in which two copies could differ, in words: marks, what is known of each client,
    /// and what is deleted.
    pub(crate) fn whole(&self) -> String {
        let transaction = self.doc.transact();
        let parts = self.text.diff(&transaction, YChange::identity);
        let marked: Vec<_> = parts
            .iter()
            .map(|part| {
                let bold = part.attributes.as_ref().is_some_and(|it| it.contains_key("bold"));
                (format!("{:?}", part.insert), bold)
            })
            .collect();
        let known: BTreeMap<_, _> = transaction
            .state_vector()
            .iter()
            .map(|(client, clock)| (format!("{client:?}"), *clock))
            .collect();
        let deleted = transaction.snapshot().delete_set.to_string();
        format!("{marked:?} {:?} {known:?} {deleted}", self.content().map)
    }
}
