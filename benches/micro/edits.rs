//! From a client's bytes to the document: admission, and many at a time; and the past as a pack.

use std::sync::Arc;

use bytes::Bytes;
use coscribe::{
    clock::Timestamp,
    crdt::{Bounds, DocumentState, Incoming, replica::Replica},
    history::{Past, pack::Coding},
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentId, Seq},
    load::{edits::ROOT, trace::Trace},
    storage::{Entry, StoredEntry},
};

use crate::{Bench, Side};

/// Edits of one round.
const EDITS: usize = 20_000;

/// Edits that the server applies at once, at most.
const BATCH: usize = 64;

pub(crate) fn run(bench: &Bench) {
    let trace = Trace::drawn(1, EDITS);
    let updates = &trace.updates;
    if bench.is_wanted("admission") {
        bench.compare(
            "admission",
            Side { name: "admitted and applied, each", run: &mut || admitted(updates, 1) },
            Side { name: "decoded and applied by yrs", run: &mut || trusted(updates) },
        );
    }
    if bench.is_wanted("apply") {
        bench.compare(
            "apply",
            Side { name: "64 at a time", run: &mut || admitted(updates, BATCH) },
            Side { name: "one at a time", run: &mut || admitted(updates, 1) },
        );
    }
    if bench.is_wanted("pack") {
        let mut past = past_of(updates);
        let plain: Vec<u8> = updates.iter().flat_map(|it| it.iter().copied()).collect();
        bench.compare(
            "pack",
            Side { name: "past as a pack, gzip", run: &mut || packed(&mut past) },
            Side { name: "its updates by zstd 3", run: &mut || zstd(&plain, EDITS as u64) },
        );
    }
}

fn admitted(updates: &[Bytes], batch: usize) -> u64 {
    let bounds = Bounds { update_bytes: 1 << 20, document_bytes: 50 << 20 };
    let mut state = DocumentState::new(ClientId(9), bounds, Arc::from([]));
    for updates in updates.chunks(batch) {
        let incoming: Vec<_> =
            updates.iter().map(|it| Incoming { update: it.clone(), step2: false }).collect();
        state.apply(&incoming).expect("sound edits");
    }
    updates.len() as u64
}

fn trusted(updates: &[Bytes]) -> u64 {
    let mut replica = Replica::new(ClientId(9), ROOT);
    for update in updates {
        replica.apply(update).expect("sound edits");
    }
    updates.len() as u64
}

fn past_of(updates: &[Bytes]) -> Past {
    let kind = AuthorKind::Claimed;
    let author = Arc::new(Author { kind, user: "u".into(), name: "Ada".into(), connection: 1 });
    let mut past = Past::new(DocumentId::from_bytes([7; 16]));
    for (update, seq) in updates.iter().zip(1..) {
        let entry = Entry {
            time: Timestamp(1_700_000_000_000 + seq * 250),
            author: Arc::clone(&author),
            update: update.clone(),
        };
        past.push(&StoredEntry { seq: Seq(seq), entry }).expect("sound edits");
    }
    past
}

fn packed(past: &mut Past) -> u64 {
    let pack = coscribe::history::pack::write(past, Seq(0)).expect("a whole past");
    assert!(!pack.is_empty());
    let coded = past.pack(Seq(0), Coding::Gzip).expect("a whole past");
    assert!(!coded.is_empty());
    EDITS as u64
}

/// Compresses; tells of so many things.
pub(crate) fn zstd(bytes: &[u8], things: u64) -> u64 {
    let small = zstd::bulk::compress(bytes, 3).expect("zstd compresses anything");
    assert!(!small.is_empty());
    things
}
