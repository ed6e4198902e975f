//! The past against naive replay: what the first entries make, applied one after the other.

mod cache;
mod changes;
mod compared;
mod unpack;

use std::sync::Arc;

use bytes::Bytes;

use super::{HistoryError, Past, pack, pack::Coding};
use crate::{
    clock::Timestamp,
    crdt::{
        content::{self, Body, Names},
        replica::Replica,
    },
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentId, Seq},
    random::{Random, SeededRandom},
    storage::{Entry, StoredEntry},
};
use unpack::unpack;

pub(super) fn id() -> DocumentId {
    DocumentId::from_bytes(*b"a document's id.")
}

pub(super) fn author(name: &str) -> Arc<Author> {
    let kind = AuthorKind::Claimed;
    Arc::new(Author { kind, user: "".into(), name: name.into(), connection: 7 })
}

pub(super) fn stored(seq: u64, name: &str, update: &Bytes) -> StoredEntry {
    let entry = Entry {
        time: Timestamp(1_000_000 + seq * seq % 977),
        author: author(name),
        update: update.clone(),
    };
    StoredEntry { seq: Seq(seq), entry }
}

/// Three people who type into a text at the same time and hear of each other now and then.
pub(super) fn typed(seed: u64, edits: usize) -> Vec<(&'static str, Bytes)> {
    let random = SeededRandom::new(seed);
    let below = |end: u32| u32::try_from(random.below(u64::from(end.max(1)))).unwrap();
    let mut people: Vec<_> = ["Ada", "Bob", "Eve"]
        .into_iter()
        .zip([11, 500, 77])
        .map(|(name, client)| (name, Replica::new(ClientId(client), "text"), 0))
        .collect();
    let mut log: Vec<(&'static str, Bytes)> = Vec::new();
    while log.len() < edits {
        let (name, replica, heard) = &mut people[below(3) as usize];
        if below(3) == 0 {
            for (_, update) in &log[*heard..] {
                replica.apply(update).unwrap();
            }
            *heard = log.len();
        }
        let ((), update) = replica.edit(|text| {
            let at = whole(&text.text(), below(text.len() + 1));
            match below(4) {
                0 => {
                    let end = whole(&text.text(), (at + below(4)).min(text.len()));
                    text.delete(at, end - at).unwrap();
                }
                1 => text.push("ü\u{1f600}\u{1f600}"),
                _ => text.insert(at, ["a", "bc", "d e f"][below(3) as usize]).unwrap(),
            }
        });
        log.extend(update.map(|update| (*name, update)));
    }
    log
}

/// The place at or before an offset that parts no pair of surrogates: no editor does.
fn whole(text: &str, offset: u32) -> u32 {
    let units: Vec<u16> = text.encode_utf16().collect();
    let is_second_half = units.get(offset as usize).is_some_and(|it| (0xdc00..0xe000).contains(it));
    offset - u32::from(is_second_half)
}

pub(super) fn past(log: &[(&str, Bytes)]) -> Past {
    let mut past = Past::new(id());
    for (index, (name, update)) in log.iter().enumerate() {
        past.push(&stored(index as u64 + 1, name, update)).unwrap();
    }
    past
}

fn text_at(past: &Past, moment: u64) -> String {
    let mut replica = Replica::new(ClientId(1), "text");
    replica.apply(&past.state(Seq(moment)).unwrap()).unwrap();
    replica.text()
}

#[test]
fn every_moment_is_what_naive_replay_makes() {
    for seed in 1..4 {
        let log = typed(seed, 400);
        let past = past(&log);
        let mut naive = Replica::new(ClientId(1), "text");
        assert_eq!(text_at(&past, 0), "");
        for (index, (_, update)) in log.iter().enumerate() {
            naive.apply(update).unwrap();
            assert_eq!(text_at(&past, index as u64 + 1), naive.text(), "seed {seed}, {index}");
        }
    }
}

#[test]
fn a_moment_is_a_state_of_its_own() {
    let log = typed(5, 50);
    let past = past(&log);
    for moment in [1, 20, 50] {
        let state = past.state(Seq(moment)).unwrap();
        let read = content::read(&state, Names { attributes: &[], marks: &[] }).unwrap();
        assert_eq!(read.body, Body::Text(text_at(&past, moment)));
    }
}

#[test]
fn a_pack_says_what_the_rows_say() {
    let log = typed(9, 300);
    let past = past(&log);
    let pack = unpack(&pack::write(&past, Seq(0)).unwrap());
    assert_eq!((pack.epoch, pack.after, pack.last, pack.floor), (*id().as_bytes(), 0, 300, 0));
    let names: Vec<_> = pack.users.iter().map(|(_, _, name)| &name[..]).collect();
    for (index, row) in pack.rows.iter().enumerate() {
        let expected = past.rows().row(index);
        assert_eq!((row.seq, row.time), (expected.seq.0, expected.time.0.cast_signed()));
        assert_eq!(names[row.user], log[index].0);
        let clients = past.content().clients();
        let inserted: Vec<_> =
            expected.inserted.iter().map(|(it, len)| (clients[*it as usize], *len)).collect();
        assert_eq!(row.inserted, inserted);
        let deleted = expected.deleted.iter();
        let deleted: Vec<_> =
            deleted.map(|it| (clients[it.client as usize], it.clock, it.len)).collect();
        assert_eq!(row.deleted, deleted);
    }
    assert!(pack.starts.is_empty());
}

#[test]
fn packs_that_continue_each_other_are_the_whole() {
    let log = typed(3, 240);
    let whole = unpack(&pack::write(&past(&log), Seq(0)).unwrap());
    let mut replica = Replica::new(ClientId(1), "text");
    let mut rows = Vec::new();
    let mut ends = std::collections::HashMap::new();
    for (after, last) in [(0, 1), (1, 90), (90, 90), (90, 140), (140, 240)] {
        let part = unpack(&pack::write(&past(&log[..last]), Seq(after)).unwrap());
        assert_eq!((part.after, part.last), (after, last as u64));
        for (client, clock) in &part.starts {
            assert_eq!(ends[client], *clock);
        }
        for row in part.rows {
            row.inserted.iter().for_each(|(it, len)| *ends.entry(*it).or_insert(0) += *len);
            rows.push((row.seq, row.time, row.inserted, row.deleted));
        }
        replica.apply(&part.update).unwrap();
    }
    let expected = whole.rows.into_iter();
    let expected: Vec<_> =
        expected.map(|row| (row.seq, row.time, row.inserted, row.deleted)).collect();
    assert_eq!(rows, expected);
    let mut once = Replica::new(ClientId(1), "text");
    once.apply(&whole.update).unwrap();
    assert_eq!(replica.text(), once.text());
}

#[test]
fn what_is_compressed_is_the_same_and_kept_until_something_is_new() {
    let log = typed(4, 60);
    let mut past = past(&log[..59]);
    let plain = past.pack(Seq(0), Coding::Plain).unwrap();
    let mut unpacked = Vec::new();
    let packed = past.pack(Seq(0), Coding::Brotli).unwrap();
    brotli::BrotliDecompress(&mut &packed[..], &mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    let packed = past.pack(Seq(0), Coding::Gzip).unwrap();
    let mut unpacked = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
    assert_eq!(past.pack(Seq(0), Coding::Gzip).unwrap().as_ptr(), packed.as_ptr());
    past.push(&stored(60, log[59].0, &log[59].1)).unwrap();
    assert_eq!(unpack(&past.pack(Seq(0), Coding::Plain).unwrap()).last, 60);
}

#[test]
fn a_past_begins_where_it_was_cut() {
    let log = typed(6, 100);
    let whole = past(&log);
    let mut cut = Past::new(id());
    cut.push(&stored(40, "Ada", &whole.state(Seq(40)).unwrap())).unwrap();
    for (index, (name, update)) in log.iter().enumerate().skip(40) {
        cut.push(&stored(index as u64 + 1, name, update)).unwrap();
    }
    assert_eq!((cut.floor(), cut.last()), (Seq(40), Seq(100)));
    for moment in [40, 41, 70, 100] {
        assert_eq!(text_at(&cut, moment), text_at(&whole, moment));
    }
    assert!(matches!(cut.state(Seq(39)), Err(HistoryError::Cut(Seq(40)))));
    assert!(matches!(pack::write(&cut, Seq(39)), Err(HistoryError::Cut(Seq(40)))));
    assert_eq!(unpack(&pack::write(&cut, Seq(0)).unwrap()).floor, 40);
    assert_eq!(unpack(&pack::write(&cut, Seq(40)).unwrap()).rows.len(), 60);
}

#[test]
fn what_does_not_fit_is_damage_and_never_shown() {
    let log = typed(7, 20);
    let mut past = past(&log[..10]);
    let gap = stored(12, "Ada", &Bytes::from_static(&[1, 1, 99, 5, 4, 1, 1, b't', 1, b'x', 0]));
    let refused = past.push(&gap).unwrap_err();
    assert!(matches!(&refused, HistoryError::Damaged(reason) if reason.contains("entry 12")));
    let mut past = self::past(&log[..10]);
    let again = past.push(&stored(10, "Ada", &log[10].1)).unwrap_err();
    assert!(matches!(again, HistoryError::Damaged(_)), "{again}");
    let beyond = past.state(Seq(11)).unwrap_err();
    assert!(matches!(beyond, HistoryError::Beyond { asked: Seq(11), last: Seq(10) }));
}
