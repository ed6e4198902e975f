//! A document of the library that takes its memory with it when it goes, whatever documents lie inside it.
//!
//! A document inside another holds the outer one for as long as it is there, so that neither would
//! ever be freed: what is told of with [`Held::note_documents`] is deleted before the rest is let go.
//! Of those that a transaction deletes the library would look up the places when these are freed
//! already; it is made to forget them, and to list none. Knows nothing of admission.

use std::{
    collections::BTreeMap,
    mem::{ManuallyDrop, take},
    ops::{Deref, Range},
    panic::{AssertUnwindSafe, catch_unwind},
};

use yrs::{
    ClientID, Doc, IdSet, OffsetKind, Options, Transact, TransactionMut, Update, WriteTxn,
    updates::decoder::Decode,
};

use super::{
    parser::{Delete, Id},
    writer::Writer,
};
use crate::ids::ClientId;

/// See above.
pub(super) struct Held {
    doc: Doc,
    /// Documents inside it, some of which may be deleted, or not there yet.
    documents: Vec<Id>,
}

impl Held {
    /// An empty document that writes as `client`; offsets count UTF-16 units, as in every Yjs client.
    pub(super) fn new(client: ClientId, keeps_all: bool) -> Self {
        let mut options = Options::with_client_id(ClientID::new(client.0));
        options.offset_kind = OffsetKind::Utf16;
        options.skip_gc = keeps_all;
        // The server's state is a function of its clients' edits: it tidies nothing by itself.
        options.cleanup_formatting = false;
        let doc = Doc::with_options(options);
        let forgetful = doc.observe_after_transaction("documents", forget_documents);
        debug_assert!(forgetful.is_ok(), "nobody else has it yet");
        Self { doc, documents: Vec::new() }
    }

    /// Takes note of documents inside it, before they are applied or after.
    pub(super) fn note_documents(&mut self, documents: impl IntoIterator<Item = Id>) {
        self.documents.extend(documents);
    }

    /// The documents inside it.
    pub(super) fn documents(&self) -> &[Id] {
        &self.documents
    }

    /// Forgets those that are gone; what is deleted takes no room.
    pub(super) fn forget_gone(&mut self, is_gone: impl Fn(Id) -> bool) {
        self.documents.retain(|document| !is_gone(*document));
    }

    fn delete_documents(&self) {
        let mut ranges: BTreeMap<u64, Vec<Range<u32>>> = BTreeMap::new();
        let mut deletes = Vec::with_capacity(self.documents.len());
        for id in &self.documents {
            ranges.entry(id.client).or_default().push(id.clock..id.clock + 1);
            deletes.push(Delete { id: *id, len: 1 });
        }
        let places = IdSet::from_iter(ranges.into_iter().map(|(id, it)| (ClientID::new(id), it)));
        deletes.sort_unstable_by_key(|delete| delete.id);
        let mut writer = Writer::default();
        writer.count(0);
        writer.deletes(&deletes);
        let Ok(update) = Update::decode_v1(writer.as_slice()) else { return };
        // While unwinding the transaction must not commit: that would panic again and abort.
        let Ok(txn) = self.doc.try_transact_mut() else { return };
        let mut txn = ManuallyDrop::new(txn);
        if txn.apply_update(update).is_ok() {
            // Where everything keeps its place, deleted ones are there as well.
            txn.gc(Some(&places));
        }
        drop(ManuallyDrop::into_inner(txn));
    }
}

impl Deref for Held {
    type Target = Doc;

    fn deref(&self) -> &Doc {
        &self.doc
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.documents.is_empty() {
            // Should the library fail, the memory is lost, and nothing else.
            let _ = catch_unwind(AssertUnwindSafe(|| self.delete_documents()));
        }
    }
}

fn forget_documents(txn: &mut TransactionMut<'_>) {
    drop(take(txn.subdocs_mut()));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use yrs::{Array, ArrayRef, Map, ReadTxn};

    use super::*;

    const BY: ClientId = ClientId(9);

    /// Gives a document something to hold, which is let go when the document is freed.
    fn tied(held: &Held) -> Arc<()> {
        let token = Arc::new(());
        let tied = Arc::clone(&token);
        held.observe_update_v1("token", move |_, _| drop(Arc::clone(&tied))).unwrap();
        token
    }

    fn list(held: &Held) -> ArrayRef {
        held.get_or_insert_array("list")
    }

    /// Puts documents in a row, and one into a map inside it.
    fn fill(held: &mut Held, documents: u32) {
        let list = list(held);
        let mut txn = held.transact_mut();
        for at in 0..documents {
            list.insert(&mut txn, at, Doc::new());
        }
        let map = list.insert(&mut txn, documents, yrs::MapPrelim::default());
        map.insert(&mut txn, "inner", Doc::new());
        drop(txn);
        let inside = (0..documents).chain([documents + 1]);
        held.note_documents(inside.map(|clock| Id { client: BY.0, clock }));
    }

    #[test]
    fn a_document_with_documents_inside_is_freed() {
        for keeps_all in [false, true] {
            let mut held = Held::new(BY, keeps_all);
            let token = tied(&held);
            fill(&mut held, 5);
            drop(held);
            assert_eq!(Arc::strong_count(&token), 1, "it is still there");
        }
    }

    #[test]
    fn so_it_is_when_some_are_deleted_and_others_never_came() {
        for keeps_all in [false, true] {
            let mut held = Held::new(BY, keeps_all);
            let token = tied(&held);
            fill(&mut held, 5);
            // Those in a row, then one together with what it lies in.
            list(&held).remove_range(&mut held.transact_mut(), 1, 3);
            list(&held).remove_range(&mut held.transact_mut(), 2, 1);
            assert_eq!(list(&held).len(&held.transact()), 2);
            held.note_documents([Id { client: BY.0, clock: 70 }, Id { client: 3, clock: 0 }]);
            drop(held);
            assert_eq!(Arc::strong_count(&token), 1, "it is still there");
        }
    }

    #[test]
    fn the_library_lists_no_document_whose_place_it_would_look_up_later() {
        let mut held = Held::new(BY, false);
        fill(&mut held, 3);
        assert_eq!(held.transact().subdocs().count(), 0);
    }
}
