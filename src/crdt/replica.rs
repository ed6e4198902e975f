//! A peer's own copy of a document: one shared text to edit, and what to tell the others.
//!
//! For clients, not for the server: it trusts the updates it is given, as every Yjs client trusts
//! its server. Offsets count UTF-16 units, as in every other Yjs client.

use std::fmt;

use bytes::Bytes;
use yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact,
    TransactionMut, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::ids::ClientId;

/// An update that changes nothing: no blocks, no deletions.
const NOTHING: &[u8] = &[0, 0];

/// A local document with one shared text.
pub struct Replica {
    doc: Doc,
    text: TextRef,
}

/// An edit of the text in the making; everything done through it becomes one update.
pub struct TextEdit<'a> {
    text: TextRef,
    transaction: TransactionMut<'a>,
}

/// An edit reaches beyond the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset} is beyond the text's end at {length}")]
pub struct OutOfRange {
    /// Where the edit wanted to be, in UTF-16 units.
    pub offset: u64,
    /// The text's length, in UTF-16 units.
    pub length: u32,
}

/// Bytes of a peer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: {reason}")]
pub struct Unreadable {
    what: &'static str,
    reason: String,
}

impl Replica {
    /// An empty document that writes as `client`, with the root text of this name.
    #[must_use]
    pub fn new(client: ClientId, root: &str) -> Self {
        let mut options = Options::with_client_id(ClientID::new(client.0));
        options.offset_kind = OffsetKind::Utf16;
        options.cleanup_formatting = false;
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text(root);
        Self { doc, text }
    }

    /// Changes the text; gives what the change returns, and the update that tells the others, or
    /// `None` when nothing changed.
    pub fn edit<R>(&mut self, change: impl FnOnce(&mut TextEdit<'_>) -> R) -> (R, Option<Bytes>) {
        let transaction = self.doc.transact_mut();
        let mut edit = TextEdit { text: self.text.clone(), transaction };
        let result = change(&mut edit);
        let update = edit.transaction.encode_update_v1();
        (result, (update != NOTHING).then(|| update.into()))
    }

    /// Adds what a peer sent.
    ///
    /// # Errors
    /// When the bytes are not an update.
    pub fn apply(&mut self, update: &[u8]) -> Result<(), Unreadable> {
        let unreadable =
            |error: &dyn fmt::Display| Unreadable { what: "update", reason: error.to_string() };
        let update = Update::decode_v1(update).map_err(|error| unreadable(&error))?;
        let applied = self.doc.transact_mut().apply_update(update);
        applied.map_err(|error| unreadable(&error))
    }

    /// What this copy holds, for [`Replica::diff`] of a peer.
    #[must_use]
    pub fn state_vector(&self) -> Bytes {
        self.doc.transact().state_vector().encode_v1().into()
    }

    /// What a peer with this state vector lacks, as one update with the whole delete set.
    ///
    /// # Errors
    /// When the bytes are not a state vector.
    pub fn diff(&self, state_vector: &[u8]) -> Result<Bytes, Unreadable> {
        let known = StateVector::decode_v1(state_vector)
            .map_err(|error| Unreadable { what: "state vector", reason: error.to_string() })?;
        Ok(self.doc.transact().encode_diff_v1(&known).into())
    }

    /// The text as it is now.
    #[must_use]
    pub fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("client", &self.doc.client_id()).finish_non_exhaustive()
    }
}

impl TextEdit<'_> {
    /// The length of the text, in UTF-16 units.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an edit in the making is not a collection")]
    pub fn len(&self) -> u32 {
        self.text.len(&self.transaction)
    }

    /// The text with this edit so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.text.get_string(&self.transaction)
    }

    /// Inserts before the unit at `offset`; at the end when that is the text's length.
    ///
    /// # Errors
    /// When `offset` is beyond the end; then nothing changes.
    pub fn insert(&mut self, offset: u32, text: &str) -> Result<(), OutOfRange> {
        self.check(offset.into())?;
        self.text.insert(&mut self.transaction, offset, text);
        Ok(())
    }

    /// Deletes `length` units from `offset` on.
    ///
    /// # Errors
    /// When they reach beyond the end; then nothing changes.
    pub fn delete(&mut self, offset: u32, length: u32) -> Result<(), OutOfRange> {
        self.check(u64::from(offset) + u64::from(length))?;
        self.text.remove_range(&mut self.transaction, offset, length);
        Ok(())
    }

    /// Inserts at the end.
    pub fn push(&mut self, text: &str) {
        self.text.push(&mut self.transaction, text);
    }

    fn check(&self, offset: u64) -> Result<(), OutOfRange> {
        let length = self.len();
        if offset > u64::from(length) { Err(OutOfRange { offset, length }) } else { Ok(()) }
    }
}

impl fmt::Debug for TextEdit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextEdit").field("length", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(client: u64) -> Replica {
        Replica::new(ClientId(client), "text")
    }

    #[test]
    fn what_one_copy_does_the_other_repeats() {
        let (mut ada, mut bob) = (replica(1), replica(2));
        let ((), update) = ada.edit(|text| text.push("hello 😀"));
        bob.apply(&update.expect("a change")).expect("sound");
        let (done, update) = bob.edit(|text| {
            text.delete(0, 5)?;
            text.insert(0, "bye")
        });
        assert_eq!(done, Ok(()));
        ada.apply(&update.expect("a change")).expect("sound");
        assert_eq!(ada.text(), "bye 😀");
        assert_eq!(bob.text(), ada.text());
    }

    #[test]
    fn a_difference_brings_a_copy_up_to_date_deletions_included() {
        let (mut ada, mut bob) = (replica(1), replica(2));
        ada.edit(|text| text.push("abc"));
        bob.apply(&ada.diff(&bob.state_vector()).expect("sound")).expect("sound");
        ada.edit(|text| text.delete(0, 2)).0.expect("in range");
        bob.edit(|text| text.push("d"));
        bob.apply(&ada.diff(&bob.state_vector()).expect("sound")).expect("sound");
        assert_eq!(bob.text(), "cd");
        assert_eq!(ada.text(), "c");
    }

    #[test]
    fn offsets_count_utf_16_units() {
        let mut ada = replica(1);
        ada.edit(|text| {
            text.push("😀b");
            assert_eq!(text.len(), 3);
            text.insert(2, "a").expect("in range");
            assert_eq!(text.text(), "😀ab");
        });
        assert_eq!(ada.text(), "😀ab");
    }

    #[test]
    fn an_edit_beyond_the_end_is_refused_and_changes_nothing() {
        let mut ada = replica(1);
        ada.edit(|text| text.push("ab"));
        let (result, update) = ada.edit(|text| text.insert(3, "x"));
        assert_eq!(result, Err(OutOfRange { offset: 3, length: 2 }));
        assert_eq!(update, None);
        let (result, _) = ada.edit(|text| text.delete(1, u32::MAX));
        assert_eq!(result, Err(OutOfRange { offset: 1 + u64::from(u32::MAX), length: 2 }));
        assert_eq!(ada.text(), "ab");
    }

    #[test]
    fn an_edit_that_does_nothing_has_no_update() {
        assert_eq!(replica(1).edit(|text| text.insert(0, "")), (Ok(()), None));
    }

    #[test]
    fn unreadable_bytes_are_named() {
        let error = replica(1).apply(&[7]).expect_err("cut short").to_string();
        assert!(error.starts_with("not a valid update: "), "{error}");
        let error = replica(1).diff(&[7]).expect_err("cut short").to_string();
        assert!(error.starts_with("not a valid state vector: "), "{error}");
    }
}
