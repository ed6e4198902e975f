//! The CRDT itself, behind calls that contain its panics and never leave anything pending.
//!
//! The live documents' only use of `yrs`. It trusts that updates were admitted: on other bytes the library
//! overflows the stack, loops or corrupts memory, which no call here could contain.
//!
//! What it stores less exactly than Yjs: big integers come back as numbers, and of a document inside
//! a document only the options it knows.

use std::{
    any::Any,
    cell::OnceCell,
    collections::BTreeMap,
    mem::{ManuallyDrop, forget},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use yrs::{
    ClientID, Doc, GetString, ID, IdSet, ReadTxn, StateVector, Transact, TransactionMut, Update,
    WriteTxn,
    updates::{decoder::Decode, encoder::Encode},
};

use super::{
    held::Held,
    meta::{self, Meta, MetaChanges},
    parser::{Delete, Id},
    split::split_work,
    state::EMPTY,
};
use crate::ids::ClientId;

/// Clients in one application of an update; the library recurses over them.
const CLIENTS_AT_ONCE: usize = 2048;

/// Blocks in one application of an update, between which it may be stopped.
const BLOCKS_AT_ONCE: usize = 512;

/// Updates of fewer bytes are not cut.
const SMALL: usize = 4 * 1024;

/// An update as the library holds it, in parts of little work each that depend on earlier ones only.
pub(super) type Decoded = Vec<Update>;

/// What a transaction changed.
#[derive(Debug)]
pub(super) struct Change {
    /// Whether it changed anything.
    pub(super) any: bool,
    /// Whether some of it could not be integrated, or not in time; that was thrown away.
    pub(super) pending: bool,
    /// Everything it changed as one update, when asked for or when something was pending.
    pub(super) update: Bytes,
}

/// The library failed; the document it held is gone.
#[derive(Debug)]
pub(super) struct Broken {
    /// Which update did it, unless it failed on all of them together.
    pub(super) culprit: Option<usize>,
    /// What it said.
    pub(super) reason: String,
}

/// A document of the library, made when there is something to put into it: most of those that wait
/// for a first edit never see one, and each would cost two kilobytes.
pub(super) struct Engine {
    made: OnceCell<Made>,
    client: ClientId,
    keeps_all: bool,
}

struct Made {
    doc: Held,
    meta_changed: Arc<AtomicBool>,
}

impl Engine {
    pub(super) fn new(client: ClientId) -> Self {
        Self { made: OnceCell::new(), client, keeps_all: false }
    }

    /// One in which everything deleted keeps its place in the tree, so that what is deleted along
    /// with it is told as well.
    pub(super) fn keeping_all(client: ClientId) -> Self {
        Self { keeps_all: true, ..Self::new(client) }
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(|| {
            let doc = Held::new(self.client, self.keeps_all);
            Made { meta_changed: meta::watch(&doc), doc }
        })
    }

    /// The library's document, if there is anything in it.
    fn held(&self) -> Option<&Held> {
        self.made.get().map(|made| &made.doc)
    }

    /// Decodes admitted bytes.
    pub(super) fn decode(update: &[u8]) -> Result<Decoded, &'static str> {
        if update.is_empty() {
            return Ok(Vec::new());
        }
        if update.len() < SMALL {
            return Ok(vec![Self::decode_part(update)?]);
        }
        let parts = split_work(update, BLOCKS_AT_ONCE, CLIENTS_AT_ONCE);
        parts.iter().map(|part| Self::decode_part(part)).collect()
    }

    /// Decodes admitted bytes of so many clients that nobody will stop on their way. Cutting them
    /// would add a sixth to opening a large document.
    pub(super) fn decode_whole(update: &[u8], clients: usize) -> Result<Decoded, &'static str> {
        match clients {
            ..=CLIENTS_AT_ONCE => Ok(vec![Self::decode_part(update)?]),
            _ => Self::decode(update),
        }
    }

    fn decode_part(part: &[u8]) -> Result<Update, &'static str> {
        catch_unwind(|| Update::decode_v1(part).ok())
            .unwrap_or_default()
            .ok_or("it holds a value that cannot be read")
    }

    /// Takes note of documents inside the document, before they are applied or after.
    pub(super) fn note_documents(&mut self, documents: impl IntoIterator<Item = Id>) {
        let mut documents = documents.into_iter().peekable();
        if documents.peek().is_some() {
            self.made();
        }
        if let Some(made) = self.made.get_mut() {
            made.doc.note_documents(documents);
        }
    }

    /// How many documents lie inside the document; those that were deleted may be among them.
    pub(super) fn documents(&self) -> usize {
        self.held().map_or(0, |doc| doc.documents().len())
    }

    /// The same after looking, which costs as much as there are deletions.
    pub(super) fn count_documents(&mut self) -> usize {
        let Some(Made { doc, .. }) = self.made.get_mut() else { return 0 };
        let look = || doc.transact().snapshot().delete_set;
        if let Ok(deleted) = catch_unwind(AssertUnwindSafe(look)) {
            let is_gone = |id: Id| deleted.contains(&ID::new(ClientID::new(id.client), id.clock));
            doc.forget_gone(is_gone);
        }
        self.documents()
    }

    /// Applies updates in one transaction; `encode` asks for what it changed. `stop` is asked after
    /// each part; what comes after a yes is thrown away.
    pub(super) fn apply(
        &mut self,
        updates: Vec<Decoded>,
        encode: bool,
        stop: &dyn Fn() -> bool,
    ) -> Result<Change, Broken> {
        let single = (updates.len() == 1).then_some(0);
        let mut current = None;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // While unwinding the transaction must not commit: that would panic again and abort.
            let mut txn = ManuallyDrop::new(self.doc().transact_mut());
            let numbered = updates.into_iter().enumerate();
            let mut parts = numbered
                .flat_map(|(index, parts)| parts.into_iter().map(move |part| (index, part)))
                .peekable();
            let mut stopped = false;
            while !stopped && let Some((index, part)) = parts.next() {
                current = Some(index);
                txn.apply_update(part).map_err(|error| error.to_string())?;
                stopped = parts.peek().is_some() && stop();
            }
            current = single;
            let change = read_change(&mut txn, encode, stopped);
            drop(ManuallyDrop::into_inner(txn));
            Ok(change)
        }));
        let reason = match outcome {
            Ok(Ok(change)) => return Ok(change),
            Ok(Err(reason)) => reason,
            Err(panic) => describe(panic.as_ref()),
        };
        self.give_up();
        Err(Broken { culprit: current, reason })
    }

    /// Applies an update in a transaction of its own; gives what that deleted and was not deleted
    /// before, in no order.
    pub(super) fn replay(&mut self, update: Decoded) -> Result<Vec<Delete>, Broken> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // While unwinding the transaction must not commit: that would panic again and abort.
            let mut txn = ManuallyDrop::new(self.doc().transact_mut());
            for part in update {
                txn.apply_update(part).map_err(|error| error.to_string())?;
            }
            if txn.has_missing_updates() {
                return Err("something it depends on is missing".to_owned());
            }
            let deleted = txn.delete_set().iter().flat_map(|(client, ranges)| {
                let client = client.get();
                ranges.iter().map(move |range| Delete {
                    id: Id { client, clock: range.start },
                    len: range.end - range.start,
                })
            });
            let deleted = deleted.collect();
            drop(ManuallyDrop::into_inner(txn));
            Ok(deleted)
        }));
        let reason = match outcome {
            Ok(Ok(deleted)) => return Ok(deleted),
            Ok(Err(reason)) => reason,
            Err(panic) => describe(panic.as_ref()),
        };
        self.give_up();
        Err(Broken { culprit: Some(0), reason })
    }

    fn give_up(&mut self) {
        // Dropping it could touch what is broken.
        forget(self.made.take());
    }

    /// Whether `meta` has changed since this was last asked.
    pub(super) fn take_meta_changed(&self) -> bool {
        let changed = self.made.get().map(|made| &made.meta_changed);
        changed.is_some_and(|it| it.load(Ordering::Relaxed) && it.swap(false, Ordering::Relaxed))
    }

    /// What the document says about itself; nothing when the library fails on it.
    pub(super) fn meta(&self) -> Meta {
        let read = || self.held().map(|doc| meta::read(&doc.transact()));
        catch_unwind(AssertUnwindSafe(read)).ok().flatten().unwrap_or_default()
    }

    /// Writes in `meta` under the document's own client id; gives the update that tells the others.
    pub(super) fn edit_meta(&mut self, changes: &MetaChanges) -> Result<Vec<u8>, Broken> {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // While unwinding the transaction must not commit: that would panic again and abort.
            let mut txn = ManuallyDrop::new(self.doc().transact_mut());
            meta::write(&mut txn, changes);
            let update = txn.encode_update_v1();
            drop(ManuallyDrop::into_inner(txn));
            update
        }));
        outcome.map_err(|panic| {
            self.give_up();
            Broken { culprit: None, reason: describe(panic.as_ref()) }
        })
    }

    /// The whole state as one update, without what is pending.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.held().map_or_else(
            || EMPTY.to_vec(),
            |doc| doc.transact().encode_diff_v1(&StateVector::default()),
        )
    }

    /// What a peer lacks that has these clocks; `None` when the library failed.
    pub(super) fn diff(&self, clocks: impl Iterator<Item = (u64, u32)>) -> Option<Vec<u8>> {
        let vector = clocks.map(|(client, clock)| (ClientID::new(client), clock)).collect();
        let Some(doc) = self.held() else { return Some(EMPTY.to_vec()) };
        catch_unwind(AssertUnwindSafe(|| doc.transact().encode_diff_v1(&vector))).ok()
    }

    /// Whether all of these are deleted already.
    pub(super) fn has_deleted(&self, deletes: impl Iterator<Item = Delete>) -> bool {
        let mut ranges: BTreeMap<u64, Vec<Range<u32>>> = BTreeMap::new();
        for Delete { id, len } in deletes {
            ranges.entry(id.client).or_default().push(id.clock..id.clock + len);
        }
        let asked = IdSet::from_iter(ranges.into_iter().map(|(id, it)| (ClientID::new(id), it)));
        let Some(doc) = self.held() else { return asked.is_empty() };
        let known = || asked.diff(&doc.transact().snapshot().delete_set).is_empty();
        asked.is_empty() || catch_unwind(AssertUnwindSafe(known)).unwrap_or(false)
    }

    /// The whole state as one update that decodes to the same state.
    pub(super) fn snapshot(&self) -> Result<Vec<u8>, String> {
        catch_unwind(AssertUnwindSafe(|| self.checked_snapshot()))
            .unwrap_or_else(|panic| Err(describe(panic.as_ref())))
    }

    fn checked_snapshot(&self) -> Result<Vec<u8>, String> {
        let Some(doc) = self.held() else { return Ok(EMPTY.to_vec()) };
        let state = self.encode();
        let mut copy = Self::new(self.client);
        copy.note_documents(doc.documents().iter().copied());
        let decoded = Self::decode(&state)?;
        copy.apply(vec![decoded], false, &|| false).map_err(|broken| broken.reason)?;
        // Two encodings may differ in where blocks are cut; what they say may not.
        if copy.encode() == state {
            return Ok(state);
        }
        let (mine, other) = (doc.transact().snapshot(), copy.doc().transact().snapshot());
        if mine.encode_v1().len() == other.encode_v1().len() && mine == other {
            Ok(state)
        } else {
            Err("the encoded state decodes to another state".into())
        }
    }

    /// The library's document, for those who read its types.
    pub(super) fn doc(&self) -> &Doc {
        &self.made().doc
    }

    /// The text of a root, empty when there is none.
    pub(super) fn text(&self, root: &str) -> String {
        let Some(doc) = self.held() else { return String::new() };
        let txn = doc.transact();
        txn.get_text(root).map_or_else(String::new, |text| text.get_string(&txn))
    }

    /// Clocks by client, as the library counts them.
    #[cfg(test)]
    pub(super) fn clocks(&self) -> Vec<(u64, u32)> {
        let vector = self.doc().transact().state_vector();
        vector.iter().map(|(client, clock)| (client.get(), *clock)).collect()
    }
}

fn read_change(txn: &mut TransactionMut<'_>, encode: bool, stopped: bool) -> Change {
    let missing = txn.has_missing_updates();
    if missing {
        txn.prune_pending();
    }
    let pending = missing || stopped;
    let update = if encode || pending { txn.encode_update_v1().into() } else { Bytes::new() };
    Change { any: txn.has_changes(), pending, update }
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> bool {
        false
    }

    fn decoded(bytes: &[u8]) -> Decoded {
        Engine::decode(bytes).expect("it decodes")
    }

    #[test]
    fn a_failure_names_its_update_and_leaves_an_engine_that_works() {
        let honest = [1, 1, 5, 0, 4, 1, 1, b't', 1, b'x', 0];
        // A block inside a text, which admission would have refused.
        let fatal = [1, 1, 5, 1, 4, 0, 5, 0, 1, b'y', 0];
        let mut engine = Engine::new(ClientId(99));
        let updates = vec![decoded(&honest), decoded(&fatal)];
        let broken = engine.apply(updates, false, &never).expect_err("the library fails");
        assert_eq!(broken.culprit, Some(1));
        assert!(engine.apply(vec![decoded(&honest)], false, &never).is_ok_and(|change| change.any));
    }

    #[test]
    fn until_something_is_put_in_it_answers_as_an_empty_one_and_holds_none() {
        let mut engine = Engine::new(ClientId(99));
        let made = Engine::new(ClientId(99));
        made.doc();
        engine.note_documents([]);
        assert_eq!((engine.documents(), engine.count_documents()), (0, 0));
        assert_eq!(engine.encode(), made.encode());
        assert_eq!(engine.diff([(5, 1)].into_iter()), made.diff([(5, 1)].into_iter()));
        assert_eq!(engine.snapshot(), made.snapshot());
        assert_eq!(engine.meta(), made.meta());
        assert_eq!(engine.text("t"), made.text("t"));
        assert_eq!(engine.take_meta_changed(), made.take_meta_changed());
        let deleted = || [Delete { id: Id { client: 5, clock: 0 }, len: 1 }].into_iter();
        for deletes in [0, 1] {
            let asked = |engine: &Engine| engine.has_deleted(deleted().take(deletes));
            assert_eq!(asked(&engine), asked(&made));
        }
        assert!(engine.made.get().is_none());
    }

    #[test]
    fn a_panic_while_decoding_is_an_error() {
        // A clock at the end of all clocks overflows.
        let fatal = [1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x67, 3, 0x10, 6, 0];
        assert!(Engine::decode(&fatal).is_err());
    }

    #[test]
    fn what_stays_pending_is_thrown_away_and_the_rest_is_told() {
        let honest = [1, 1, 5, 0, 4, 1, 1, b't', 1, b'x', 0];
        let waits = [1, 1, 6, 0, 0x84, 7, 9, 1, b'y', 0];
        let mut engine = Engine::new(ClientId(99));
        let updates = vec![decoded(&honest), decoded(&waits)];
        let change = engine.apply(updates, false, &never).expect("the library holds it back");
        assert!(change.any && change.pending);
        assert_eq!(&change.update[..], honest);
        let again =
            engine.apply(vec![decoded(&honest)], true, &never).expect("nothing waits any more");
        assert!(!again.any && !again.pending);
        assert_eq!(&again.update[..], [0, 0]);
    }

    #[test]
    fn a_state_that_its_encoding_would_change_is_no_snapshot() {
        let mut engine = Engine::new(ClientId(99));
        assert_eq!(engine.snapshot().as_deref(), Ok(&[0, 0][..]));
        // A map entry that holds a text, half of which is then deleted.
        let entry = [1, 1, 1, 0, 0x24, 1, 1, b'a', 1, b'k', 2, b'x', b'y', 0];
        let delete = [0, 1, 1, 1, 1, 1];
        engine.apply(vec![decoded(&entry), decoded(&delete)], false, &never).expect("it is taken");
        assert!(engine.snapshot().is_err());
    }
}
