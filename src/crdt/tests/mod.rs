//! Tests of the door as a whole: what live documents do with honest and hostile bytes.

mod content;
mod deferred;
mod honest;
mod hostile;
mod inside;
mod live;
mod meta;
mod pieces;
mod places;
mod restore;
mod sessions;
mod traces;

use std::sync::Arc;

use bytes::Bytes;
use yrs::{
    ClientID, Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, Transact,
    TransactionMut, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use super::{Applied, Bounds, DocumentState, Incoming, Verdict};
use crate::ids::ClientId;

/// Bounds that tests of other things do not meet.
const WIDE: Bounds = Bounds { update_bytes: 4 << 20, document_bytes: 50 << 20 };

/// An editor: a client of the CRDT that keeps what it sends.
struct Editor {
    doc: Doc,
}

impl Editor {
    fn new(client: u64) -> Self {
        let mut options = Options::with_client_id(ClientID::new(client));
        options.offset_kind = OffsetKind::Utf16;
        Self { doc: Doc::with_options(options) }
    }

    /// Edits in one transaction; returns the update an editor would send.
    fn edit(&self, edit: impl FnOnce(&mut TransactionMut<'_>)) -> Bytes {
        let mut txn = self.doc.transact_mut();
        edit(&mut txn);
        txn.encode_update_v1().into()
    }

    fn insert(&self, at: u32, text: &str) -> Bytes {
        let root = self.doc.get_or_insert_text("text");
        self.edit(|txn| root.insert(txn, at, text))
    }

    fn remove(&self, at: u32, len: u32) -> Bytes {
        let root = self.doc.get_or_insert_text("text");
        self.edit(|txn| root.remove_range(txn, at, len))
    }

    fn receive(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("an update for an editor");
        self.doc.transact_mut().apply_update(update).expect("an update for an editor");
    }

    /// Whether nothing of an update would have to wait.
    fn can_integrate(&self, update: &[u8]) -> bool {
        let mut copy = document();
        let state = self.diff(&[0]);
        copy.load([&state[..], update].into_iter()).is_ok()
    }

    fn vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    fn diff(&self, vector: &[u8]) -> Bytes {
        let vector = StateVector::decode_v1(vector).expect("a state vector");
        // As stock clients do, with what is pending.
        self.doc.transact().encode_state_as_update_v1(&vector).into()
    }

    fn text(&self) -> String {
        let root = self.doc.get_or_insert_text("text");
        root.get_string(&self.doc.transact())
    }
}

fn document() -> DocumentState {
    document_with(WIDE, &[])
}

fn document_with(bounds: Bounds, retired: &[u64]) -> DocumentState {
    DocumentState::new(ClientId(99), bounds, Arc::from(retired))
}

fn live(update: &Bytes) -> Incoming {
    Incoming { update: update.clone(), step2: false }
}

fn step2(update: &Bytes) -> Incoming {
    Incoming { update: update.clone(), step2: true }
}

fn apply(document: &mut DocumentState, incoming: &[Incoming]) -> Applied {
    document.apply(incoming).expect("the document stays whole")
}

fn apply_one(document: &mut DocumentState, incoming: Incoming) -> Verdict {
    apply(document, &[incoming]).verdicts.remove(0)
}

/// A document from its snapshot, as after a restart.
fn reload(document: &DocumentState) -> DocumentState {
    let snapshot = document.snapshot().expect("a snapshot");
    let mut copy = self::document();
    copy.load([&snapshot[..]].into_iter()).expect("a snapshot loads");
    copy
}

/// How many rounds a random test runs: a few, or as many as a variable of the environment says.
#[expect(clippy::disallowed_methods, reason = "tests take the length of long runs from outside")]
fn rounds(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

fn hex(text: &str) -> Bytes {
    let digits: Vec<u32> = text.chars().filter_map(|ch| ch.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}
