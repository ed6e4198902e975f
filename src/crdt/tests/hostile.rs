//! Bytes that no honest client writes, made at random from a seed.

use super::{
    sessions::{one_of, pick},
    *,
};
use crate::{
    crdt::{
        Refusal,
        parser::{Id, Update as Parsed},
        writer::Writer,
    },
    random::{Random, SeededRandom},
};

/// How often something random passed admission, and how often not.
#[derive(Debug, Default)]
struct Tally {
    applied: usize,
    known: usize,
    incomplete: usize,
    refused: usize,
}

/// Feeds a document, and checks after each message that it is whole and can be saved.
fn feed(document: &mut DocumentState, incoming: &[Incoming], tally: &mut Tally) {
    let applied = match document.apply(incoming) {
        Ok(applied) => applied,
        Err(poisoned) => panic!("{poisoned} {incoming:?}"),
    };
    for verdict in &applied.verdicts {
        match verdict {
            Verdict::Applied(_) => tally.applied += 1,
            Verdict::Known => tally.known += 1,
            Verdict::Incomplete(_) => tally.incomplete += 1,
            Verdict::Refused(_) => tally.refused += 1,
        }
    }
    let (state, clocks) = document.engine_state();
    assert!(Parsed::parse(&state).is_ok(), "{incoming:?} made {state:?}");
    assert_eq!(document.index_clocks(), clocks, "{incoming:?}");
}

fn finish(document: &mut DocumentState) {
    let mut copy = reload(document);
    let (state, _) = document.engine_state();
    assert_eq!(copy.state_vector(), document.state_vector());
    let honest = Editor::new(77);
    // An editor of the same library would overflow its stack over thousands of clients at once.
    for part in crate::crdt::split::split_work(&state, usize::MAX, 1000) {
        honest.receive(&part);
    }
    let update = honest.edit(|txn| {
        use yrs::WriteTxn;
        txn.get_or_insert_text("honest").insert(txn, 0, "still here");
    });
    for document in [document, &mut copy] {
        assert!(matches!(apply_one(document, live(&update)), Verdict::Applied(_)));
        assert_eq!(document.text("honest"), "still here");
    }
}

/// Honest bytes with a few of them changed.
fn mutate(random: &dyn Random, update: &Bytes, other: &Bytes) -> Bytes {
    let mut bytes = update.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1) as u64) as usize;
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 => bytes.insert(at, random.below(256) as u8),
            3 if !bytes.is_empty() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => {
                let from = random.below(other.len().max(1) as u64) as usize;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from.min(other.len())..]);
            }
        }
    }
    bytes.into()
}

/// An update that follows the grammar and names what is near, with no sense in it.
fn nonsense(random: &dyn Random, clocks: &[(u64, u32)]) -> Bytes {
    let mut writer = Writer::default();
    let clients: Vec<u64> = (1..=3).filter(|_| random.below(2) == 0).collect();
    let end = |client: u64| {
        clocks.iter().find(|(known, _)| *known == client).map_or(0, |(_, clock)| *clock)
    };
    writer.count(clients.len());
    for client in clients {
        let blocks = 1 + random.below(2) as usize;
        let clock = end(client).saturating_sub(if random.below(4) == 0 { 2 } else { 0 })
            + u32::from(random.below(30) == 0);
        writer.section(blocks, Id { client, clock });
        for _ in 0..blocks {
            nonsense_block(random, &mut writer, &end);
        }
    }
    let ranges = random.below(3);
    writer.number(u64::from(ranges > 0));
    if ranges > 0 {
        writer.number(1 + random.below(3));
        writer.number(ranges);
        for _ in 0..ranges {
            writer.number(random.below(12));
            writer.number(1 + random.below(4));
        }
    }
    writer.into_bytes()
}

fn nonsense_block(random: &dyn Random, writer: &mut Writer, end: &impl Fn(u64) -> u32) {
    let kind = pick(random, &[0, 1, 3, 4, 4, 4, 5, 6, 7, 7, 7, 8, 9, 10]);
    if kind == 0 || kind == 10 {
        writer.number(kind);
        return writer.number(1 + random.below(3));
    }
    // Map entries follow map entries now and then, and what they do not fit is refused.
    let flags = pick(random, &[0x80, 0x80, 0xc0, 0xc0, 0x40, 0, 0, 0, 0x20, 0xa0]);
    if flags & 0x80 != 0 {
        nonsense_id(random, writer, end);
    }
    if flags & 0x40 != 0 {
        nonsense_id(random, writer, end);
    }
    if flags & 0xc0 == 0 {
        if random.below(2) == 0 {
            writer.raw(&[1]);
            writer.string(pick(random, &["a", "b", "text"]));
        } else {
            writer.raw(&[0]);
            nonsense_id(random, writer, end);
        }
        if flags & 0x20 != 0 {
            writer.string(pick(random, &["k", "l"]));
        }
    }
    match kind {
        1 => writer.number(1 + random.below(4)),
        4 => writer.string(pick(random, &["x", "hello", "a😀b", "😀"])),
        3 => writer.string("bytes"),
        5 => writer.string(pick(random, &["1", "{}", "null"])),
        6 => {
            writer.string("bold");
            writer.string(pick(random, &["true", "null"]));
        }
        7 => writer.raw(pick(random, &[&[0][..], &[1], &[2], &[3, 1, b'p'], &[4], &[6]])),
        8 => writer.raw(pick(random, &[&[1, 126][..], &[2, 125, 1, 119, 1, b'v'], &[1, 117, 0]])),
        _ => {
            writer.string("guid");
            writer.raw(&[118, 0]);
        }
    }
}

/// The name of a unit, mostly one that is known.
fn nonsense_id(random: &dyn Random, writer: &mut Writer, end: &impl Fn(u64) -> u32) {
    let client = 1 + random.below(3);
    let unknown = u64::from(random.below(12) == 0);
    writer.number(client);
    writer.number(random.below(u64::from(end(client)) + unknown));
}

fn run(seeds: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let random = SeededRandom::new(seed);
        let honest = sessions::updates(&random, 12);
        let mut document = document();
        for round in 0..24 {
            let message = |bytes: Bytes| Incoming { update: bytes, step2: random.below(3) == 0 };
            let incoming: Vec<_> = (0..=random.below(3))
                .map(|_| match random.below(4) {
                    0 => message(one_of(&random, &honest).clone()),
                    1 => {
                        message(mutate(&random, one_of(&random, &honest), one_of(&random, &honest)))
                    }
                    _ => message(nonsense(&random, &document.index_clocks())),
                })
                .collect();
            feed(&mut document, &incoming, &mut tally);
            if round % 8 == 7 {
                document = reload(&document);
            }
        }
        finish(&mut document);
    }
    tally
}

#[test]
fn whatever_is_admitted_applies_and_leaves_the_document_whole() {
    let tally = run(0..rounds("COSCRIBE_FUZZ_SEEDS", 150));
    println!("{tally:?}");
    assert!(tally.applied > 100 && tally.known > 10, "{tally:?}");
    assert!(tally.incomplete > 100 && tally.refused > 100, "{tally:?}");
}

/// Samples that the CRDT may hold, or that wait for something: no reason to suspect the sender.
const HARMLESS: &[&str] = &[
    "astral-text-as-array",
    "circle",
    "clients-in-a-chain-20000",
    "clients-without-blocks-60000",
    "delete-of-unknown",
    "deletes-of-unknown-100000",
    "gap",
    "json-reads-one-more",
    "own-state-unreadable",
    "pending-origin",
    "poison-encode",
    "poison-encode-2",
    "sigsegv-on-next-edit",
    "sigsegv-on-next-edit-2",
    "zero-block-client",
];

// Among them are clocks up to and beyond `CLOCK_MAX`, and a key one byte longer than `KEY_BYTES`.
#[test]
fn known_attacks_are_refused_or_harmless() {
    let (ada, mut document) = (Editor::new(501), document());
    apply_one(&mut document, live(&ada.insert(0, "honest")));
    for (name, bytes) in crate::crdt::corpus::hostile_updates() {
        for step2 in [false, true] {
            let update = Bytes::from(bytes.clone());
            let verdict = apply_one(&mut document, Incoming { update, step2 });
            let refused = matches!(verdict, Verdict::Refused(_));
            assert_eq!(refused, !HARMLESS.contains(&name), "{name}: {verdict:?}");
            let update = ada.insert(0, "x");
            assert_eq!(apply_one(&mut document, live(&update)), Verdict::Applied(update), "{name}");
        }
    }
    assert_eq!(document.index_clocks(), document.engine_state().1);
    finish(&mut document);
}

#[test]
fn types_nest_to_their_bound_over_many_updates_and_can_be_deleted() {
    use crate::limits::TYPE_DEPTH;
    let mut document = document();
    let deeper = |clock| live(&crate::crdt::corpus::one_type_deeper(9, clock).into());
    for clock in 0..TYPE_DEPTH {
        assert!(matches!(apply_one(&mut document, deeper(clock)), Verdict::Applied(_)), "{clock}");
        if clock % 50 == 0 {
            document = reload(&document);
        }
    }
    for mut document in [reload(&document), document] {
        assert!(matches!(
            apply_one(&mut document, deeper(TYPE_DEPTH)),
            Verdict::Refused(crate::crdt::Refusal::Malformed(_))
        ));
        let delete = live(&hex("00 01 09 01 00 01"));
        assert!(matches!(apply_one(&mut document, delete), Verdict::Applied(_)));
        finish(&mut document);
    }
}

#[test]
fn who_comes_second_under_a_taken_name_changes_nothing() {
    let (victim, attacker, mut document) = (Editor::new(1), Editor::new(1), document());
    apply_one(&mut document, live(&attacker.insert(0, "EVIL")));
    assert_eq!(apply_one(&mut document, live(&victim.insert(0, "mine"))), Verdict::Known);
    assert!(matches!(
        apply_one(&mut document, live(&victim.insert(4, " more"))),
        Verdict::Applied(_)
    ));
    finish(&mut document);
}

/// Client 11 has typed "\nhello ". Then it says that the block it typed last began between two letters of
/// that: the library would put the rest there, and somewhere else once all is stored and loaded.
#[test]
fn a_block_that_goes_on_otherwise_than_it_began_is_refused() {
    let begun = hex("01010b0004010474657874070a68656c6c6f2000");
    let forged = hex("01010b04c40b020b030668656c6c6f2000");
    let mut document = document();
    let refused = Verdict::Refused(Refusal::Malformed("a block goes on otherwise than it began"));
    for incoming in [live(&forged), step2(&forged)] {
        assert!(matches!(
            apply_one(&mut document, live(&begun)),
            Verdict::Applied(_) | Verdict::Known
        ));
        assert_eq!(apply_one(&mut document, incoming), refused);
        assert_eq!(document.text("text"), "\nhello ");
    }
    // In one batch with what it builds on, and before others.
    let mut document = super::document();
    let ada = Editor::new(1);
    let batch = [live(&begun), live(&forged), live(&ada.insert(0, "a"))];
    let verdicts = apply(&mut document, &batch).verdicts;
    assert_eq!(verdicts[1], refused);
    assert!(matches!((&verdicts[0], &verdicts[2]), (Verdict::Applied(_), Verdict::Applied(_))));
    assert_eq!(reload(&document).text("text"), document.text("text"));
}
