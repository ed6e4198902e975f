//! Where a block says it stands: between which units no cursor can be, and between which one should not.

use super::*;
use crate::crdt::{
    Refusal,
    content::{self, Body, Names},
    past::Past,
    writer::Writer,
};

/// The text that everything here is put into: one letter of it takes two units.
const TEXT: &str = "a😀b";
const UNITS: u32 = 4;

/// The reader of plain text needs none.
const NAMES: Names = Names { attributes: &[], marks: &[] };

/// A letter of a client, after one unit of the text and before another; of none where there is no such.
fn letter(client: u64, clock: u32, after: u32, before: u32, letter: &str) -> Bytes {
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(1, crate::crdt::parser::Id { client, clock });
    let flag = |unit: u32, bit: u8| if unit < UNITS { bit } else { 0 };
    writer.raw(&[4 | flag(after, 0x80) | flag(before, 0x40)]);
    for unit in [after, before].into_iter().filter(|unit| *unit < UNITS) {
        writer.raw(&[5]);
        writer.number(unit.into());
    }
    if after >= UNITS && before >= UNITS {
        writer.raw(&[1]);
        writer.string("text");
    }
    writer.string(letter);
    writer.raw(&[0]);
    writer.into_bytes()
}

fn text() -> Bytes {
    let mut writer = Writer::default();
    writer.raw(&[1, 1, 5, 0, 4, 1]);
    writer.string("text");
    writer.string(TEXT);
    writer.raw(&[0]);
    writer.into_bytes()
}

/// What everybody who reads a document is given: its text now, after a restart, for a client that comes
/// new, as it is exported, and as the past has it.
fn readings(document: &mut DocumentState, entries: &[Bytes]) -> Vec<String> {
    let mut newcomer = self::document();
    apply_one(&mut newcomer, step2(&document.diff(&[0]).expect("it can be told")));
    let mut past = Past::default();
    let steps = entries.iter().map(|entry| past.replay(entry).expect("it can be replayed"));
    let steps: Vec<_> = steps.collect();
    let clock = |number: usize| {
        let number = u32::try_from(number).expect("a few clients");
        let inserted = steps.iter().flat_map(|step| &step.inserted);
        inserted.filter(|(client, _)| *client == number).map(|(_, units)| units).sum()
    };
    let clocks: Vec<u32> = (0..past.clients().len()).map(clock).collect();
    let deleted = steps.iter().flat_map(|step| step.deleted.iter().copied());
    let moment = past.state(&clocks, deleted);
    let exported = |state: &[u8]| match content::read(state, NAMES).expect("it can be read").body {
        Body::Text(text) => text,
        body => panic!("a text is read as {body:?}"),
    };
    vec![
        document.text("text"),
        reload(document).text("text"),
        newcomer.text("text"),
        exported(&document.snapshot().expect("it can be saved")),
        exported(&moment),
    ]
}

#[test]
fn what_is_admitted_reads_the_same_to_everybody_wherever_it_says_it_stands() {
    let (mut applied, mut refused) = (0, 0);
    for client in [4, 5, 6] {
        let clock = if client == 5 { UNITS } else { 0 };
        for places in 0..5_u32.pow(4) {
            let [after, before, after_2, before_2] =
                [0, 1, 2, 3].map(|place| places / 5_u32.pow(place) % 5);
            let entries = [
                text(),
                letter(client, clock, after, before, "x"),
                letter(client, clock + 1, after_2, before_2, "y"),
            ];
            let mut document = document();
            let verdicts =
                apply(&mut document, &entries.clone().map(|entry| live(&entry))).verdicts;
            if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Refused(_))) {
                refused += 1;
                continue;
            }
            applied += 1;
            let readings = readings(&mut document, &entries);
            assert!(
                readings.iter().all(|reading| *reading == readings[0]),
                "{client}: {after} x {before}, {after_2} y {before_2}: {readings:?}"
            );
        }
    }
    // After one of four units, or none, and before a later one, or none: 15 of the 25 places.
    assert_eq!((applied, refused), (3 * 15 * 15, 3 * (25 * 25 - 15 * 15)));
}

#[test]
fn a_letter_that_says_it_stands_before_what_it_follows_is_refused_and_loads_where_it_is_stored() {
    for (after, before) in [(3, 3), (3, 0), (2, 1)] {
        let forged = letter(6, 0, after, before, "x");
        let mut document = document();
        apply_one(&mut document, live(&text()));
        let verdict = apply_one(&mut document, live(&forged));
        assert!(matches!(verdict, Verdict::Refused(Refusal::Malformed(_))), "{verdict:?}");
        assert_eq!(document.text("text"), TEXT);
        let next = letter(6, 0, 3, UNITS, "c");
        assert_eq!(apply_one(&mut document, live(&next)), Verdict::Applied(next.clone()));
        let stored = [&text()[..], &forged];
        assert_eq!(self::document().load(stored.into_iter()), Ok(()), "it was taken before");
    }
}

#[test]
fn a_block_between_units_of_different_places_is_refused_and_loads_where_it_is_stored() {
    let other = hex("01 01 07 00 04 01 05 6f 74 68 65 72 02 7a 7a 00");
    let garbage = hex("01 01 08 00 00 02 00");
    for forged in [
        // Between two texts; between a text and garbage, and the other way round.
        "01 01 06 00 c4 05 01 07 01 01 78 00",
        "01 01 06 00 c4 05 00 08 01 01 78 00",
        "01 01 06 00 c4 08 00 05 01 01 78 00",
    ] {
        let mut document = document();
        apply(&mut document, &[live(&text()), live(&other), live(&garbage)]);
        let verdict = apply_one(&mut document, live(&hex(forged)));
        assert!(matches!(verdict, Verdict::Refused(Refusal::Malformed(_))), "{verdict:?}");
        let stored = [&text()[..], &other, &garbage, &hex(forged)];
        assert_eq!(self::document().load(stored.into_iter()), Ok(()), "it was taken before");
    }
    // Who went on typing in one text and then says it was the other.
    let mut document = document();
    let begun = hex("01 01 06 00 c4 05 00 05 01 01 78 00");
    apply(&mut document, &[live(&text()), live(&other), live(&begun)]);
    let goes_on = hex("01 01 06 01 c4 06 00 07 01 01 79 00");
    assert!(matches!(apply_one(&mut document, live(&goes_on)), Verdict::Refused(_)));
}

#[test]
fn what_was_refused_is_forgotten() {
    let mut document = document();
    apply_one(&mut document, live(&text()));
    // The client of the text begins elsewhere, and then says what cannot be.
    let elsewhere = hex("01 02 05 04 84 05 00 01 78 c4 05 04 05 04 01 79 00");
    assert!(matches!(apply_one(&mut document, live(&elsewhere)), Verdict::Refused(_)));
    let goes_on = letter(5, UNITS, UNITS - 1, UNITS, "c");
    assert_eq!(apply_one(&mut document, live(&goes_on)), Verdict::Applied(goes_on.clone()));
    // Between the last letter, which the first go would have begun a row with, and the one before it.
    let forged = hex("01 01 06 00 c4 05 04 05 03 01 7a 00");
    assert!(matches!(apply_one(&mut document, live(&forged)), Verdict::Refused(_)));
}

#[test]
fn between_what_was_typed_from_right_to_left_anybody_may_type() {
    let (ada, bob, mut document) = (Editor::new(1), Editor::new(2), document());
    let mut send = |to: &Editor, update: Bytes| {
        to.receive(&update);
        assert_eq!(apply_one(&mut document, live(&update)), Verdict::Applied(update));
    };
    for word in ["three", "two ", "one "] {
        send(&bob, ada.insert(0, word));
    }
    // Between two words of which the left one is younger, going on there, and into the words.
    for (at, word) in [(4, "b"), (5, "c "), (10, "d"), (2, "e")] {
        send(&ada, bob.insert(at, word));
    }
    send(&bob, ada.insert(5, "f"));
    send(&bob, ada.remove(0, 7));
    send(&ada, bob.insert(0, "g"));
    send(&bob, ada.insert(1, "h"));
    assert_eq!(document.text("text"), ada.text());
    assert_eq!(reload(&document).text("text"), ada.text());
}

#[test]
fn between_collected_units_anything_may_have_stood() {
    // Two units of which nobody knows any more which was left of the other.
    let garbage = hex("01 01 05 00 00 02 00");
    let mut document = document();
    apply_one(&mut document, live(&garbage));
    let late = hex("01 01 06 00 c4 05 01 05 00 01 78 00");
    assert!(matches!(apply_one(&mut document, live(&late)), Verdict::Applied(_)));
}

/// What Yjs 13.6 sends and then shows when somebody's edit cuts a letter of two units.
#[test]
fn a_letter_that_is_cut_reads_as_in_yjs_to_everybody() {
    let cases = [
        (
            "a letter between the halves",
            "01 01 02 00 c4 05 01 05 02 01 78 00",
            "a\u{fffd}x\u{fffd}b",
        ),
        ("the first half deleted", "00 01 05 01 01 01", "a\u{fffd}b"),
        ("the second half deleted", "00 01 05 01 02 01", "a\u{fffd}b"),
        (
            "the first half made bold",
            "01 02 02 00 c6 05 00 05 01 04 62 6f 6c 64 04 74 72 75 65 \
             c6 05 01 05 02 04 62 6f 6c 64 04 6e 75 6c 6c 00",
            "a\u{fffd}\u{fffd}b",
        ),
    ];
    for (what, update, shown) in cases {
        let entries = [text(), hex(update)];
        let mut document = document();
        for entry in &entries {
            let verdict = apply_one(&mut document, live(entry));
            assert_eq!(verdict, Verdict::Applied(entry.clone()), "{what}");
        }
        for reading in readings(&mut document, &entries) {
            assert_eq!(reading, shown, "{what}");
        }
    }
}

#[test]
fn what_a_block_says_beside_garbage_may_get_lost_and_the_rest_still_loads() {
    let mut document = document();
    // Garbage; an entry beside it, as it says; another beside that one, as that one says; one that does
    // not say it.
    let garbage = hex("01 01 05 00 00 01 00");
    let entry = hex("01 01 06 00 a8 05 00 01 7d 01 00");
    let later = hex("01 01 07 00 a8 06 00 01 7d 02 00");
    let silent = hex("01 01 08 00 88 06 00 01 7d 03 00");
    for update in [&garbage, &entry, &later, &silent] {
        let verdict = apply_one(&mut document, live(update));
        assert_eq!(verdict, Verdict::Applied(update.clone()));
    }
    // The library writes the first entry without saying that it is one.
    let silenced = hex("01 01 06 00 88 05 00 01 7d 01 00");
    let stored = [&garbage[..], &silenced, &later, &silent];
    assert_eq!(self::document().load(stored.into_iter()), Ok(()));
}
