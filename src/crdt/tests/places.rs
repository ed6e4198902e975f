//! Where a block says it stands, and what everybody reads then.

use super::*;
use crate::crdt::{
    content::{self, Body, Names},
    past::Past,
    writer::Writer,
};

/// The text that everything here is put into: one letter of it takes two units.
const TEXT: &str = "a😀b";

/// The reader of plain text needs none.
const NAMES: Names = Names { attributes: &[], marks: &[] };

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
fn a_block_that_says_it_stands_before_what_it_follows_is_taken() {
    // Editors that take back and redo what several people did together make such blocks.
    let mut document = document();
    apply_one(&mut document, live(&text()));
    let crossed = hex("01 01 06 00 c4 05 03 05 00 01 78 00");
    assert!(matches!(apply_one(&mut document, live(&crossed)), Verdict::Applied(_)));
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
