//! What a live document does with updates that come in.

use super::*;
use crate::{
    crdt::{Refusal, state::EMPTY},
    limits::BATCH_UPDATES,
};

#[test]
fn a_lone_keystroke_is_journalled_and_sent_on_as_it_came() {
    let (ada, mut document) = (Editor::new(1), document());
    let update = ada.insert(0, "a");
    let applied = apply(&mut document, &[live(&update)]);
    assert_eq!(applied.verdicts, [Verdict::Applied(update.clone())]);
    assert_eq!(applied.broadcasts.len(), 1);
    assert_eq!(applied.broadcasts[0].update, update);
    assert_eq!(document.text("text"), "a");
}

#[test]
fn what_is_kept_does_not_pin_the_buffer_it_came_in() {
    let (ada, mut document) = (Editor::new(1), document());
    let update = ada.insert(0, "a");
    let buffer = Bytes::from([&update[..], &[0; 100]].concat());
    let Verdict::Applied(entry) = apply_one(&mut document, live(&buffer.slice(..update.len())))
    else {
        panic!("it is new")
    };
    assert_ne!(entry.as_ptr(), buffer.as_ptr());
}

#[test]
fn a_batch_is_journalled_one_by_one_and_sent_on_as_one() {
    let (ada, bob, mut document) = (Editor::new(1), Editor::new(2), document());
    let updates = [ada.insert(0, "a"), bob.insert(0, "b"), ada.insert(1, "c")];
    let applied = apply(&mut document, &updates.clone().map(|update| live(&update)));
    assert_eq!(applied.verdicts, updates.map(Verdict::Applied));
    assert_eq!(applied.broadcasts.len(), 1);
    assert_eq!(applied.broadcasts[0].members, 0..3);
    let reader = Editor::new(3);
    reader.receive(&applied.broadcasts[0].update);
    assert_eq!(reader.text(), document.text("text"));
}

#[test]
fn a_long_batch_is_cut_at_its_bound() {
    let (ada, mut document) = (Editor::new(1), document());
    let many = BATCH_UPDATES + 36;
    let updates: Vec<_> = (0..).take(many).map(|at| live(&ada.insert(at, "x"))).collect();
    let applied = apply(&mut document, &updates);
    let members: Vec<_> = applied.broadcasts.iter().map(|one| one.members.clone()).collect();
    assert_eq!(members, [0..BATCH_UPDATES, BATCH_UPDATES..many]);
}

#[test]
fn duplicates_are_known_within_a_batch_and_after_it() {
    let (ada, mut document) = (Editor::new(1), document());
    let (insert, remove) = (ada.insert(0, "abc"), ada.remove(1, 1));
    let twice = [&insert, &insert, &remove, &remove].map(live);
    let applied = apply(&mut document, &twice);
    let expected = [
        Verdict::Applied(insert.clone()),
        Verdict::Known,
        Verdict::Applied(remove.clone()),
        Verdict::Known,
    ];
    assert_eq!(applied.verdicts, expected);
    assert_eq!(applied.broadcasts.len(), 2);
    assert_eq!(apply(&mut document, &twice).verdicts, vec![Verdict::Known; 4]);
}

#[test]
fn of_a_step_2_only_what_it_adds_is_kept() {
    let (ada, mut document) = (Editor::new(1), document());
    apply_one(&mut document, live(&ada.insert(0, "hello world")));
    apply_one(&mut document, live(&ada.remove(0, 3)));
    assert_eq!(apply_one(&mut document, step2(&ada.diff(&[0]))), Verdict::Known);

    ada.insert(0, "new ");
    ada.remove(6, 1);
    let whole = ada.diff(&[0]);
    let applied = apply(&mut document, &[step2(&whole)]);
    let Verdict::Applied(entry) = &applied.verdicts[0] else { panic!("it adds something") };
    assert!(entry.len() < 30, "{entry:?}");
    assert_eq!(applied.broadcasts[0].update, entry);
    assert_eq!(document.text("text"), ada.text());
}

#[test]
fn an_update_that_is_partly_known_is_kept_from_where_it_is_new() {
    let (ada, mut document) = (Editor::new(1), document());
    apply_one(&mut document, live(&ada.insert(0, "ab")));
    ada.insert(2, "c😀d");
    let whole = ada.diff(&[0]);
    let Verdict::Applied(entry) = apply_one(&mut document, live(&whole)) else {
        panic!("it adds something")
    };
    assert_eq!(document.text("text"), "abc😀d");
    let mut again = super::document();
    assert_eq!(apply_one(&mut again, live(&entry)), Verdict::Incomplete(None));
}

#[test]
fn a_gap_is_incomplete_until_it_is_filled() {
    let (ada, mut document) = (Editor::new(1), document());
    let [first, second, third] = ["a", "b", "c"].map(|text| ada.insert(0, text));
    apply_one(&mut document, live(&first));
    assert_eq!(apply_one(&mut document, live(&third)), Verdict::Incomplete(None));
    assert_eq!(document.text("text"), "a");
    apply(&mut document, &[live(&second), live(&third)]);
    assert_eq!(document.text("text"), "cba");
}

#[test]
fn deletions_of_what_is_unknown_are_left_out() {
    let (ada, mut document) = (Editor::new(1), document());
    let first = ada.insert(0, "abc");
    ada.insert(3, "def");
    let remove = ada.remove(2, 2);
    assert_eq!(apply_one(&mut document, live(&remove)), Verdict::Incomplete(None));
    apply_one(&mut document, live(&first));
    let Verdict::Incomplete(Some(entry)) = apply_one(&mut document, live(&remove)) else {
        panic!("one of the two is known")
    };
    assert_eq!(document.text("text"), "ab");
    assert_eq!(apply_one(&mut document, live(&entry)), Verdict::Known);
    let rest = ada.diff(&document.state_vector());
    assert!(matches!(apply_one(&mut document, step2(&rest)), Verdict::Applied(_)));
    assert_eq!(document.text("text"), ada.text());
}

#[test]
fn pieces_that_wait_in_a_client_do_not_stop_what_it_made() {
    let (ada, relay, mut document) = (Editor::new(1), Editor::new(2), document());
    ada.insert(0, "a");
    let late = ada.insert(1, "b");
    relay.insert(0, "mine");
    relay.receive(&late);
    let sent = relay.diff(&[0]);
    let Verdict::Incomplete(Some(_)) = apply_one(&mut document, step2(&sent)) else {
        panic!("the relay's own text can be applied")
    };
    assert_eq!(document.text("text"), "mine");
    apply_one(&mut document, step2(&ada.diff(&[0])));
    relay.receive(&document.diff(&relay.vector()).expect("a diff"));
    assert_eq!(relay.text(), document.text("text"));
}

#[test]
fn blocks_that_wait_for_each_other_are_never_applied() {
    // Client 2 hangs on client 1's second unit, whose first hangs on client 2.
    let circle = hex("02 01 02 00 84 01 01 01 78  01 01 00 84 02 00 02 79 7a 00");
    let mut document = document();
    assert_eq!(apply_one(&mut document, live(&circle)), Verdict::Incomplete(None));
    assert_eq!(&document.state_vector()[..], [0]);
}

#[test]
fn sections_may_depend_on_each_other_in_any_order() {
    let (ada, bob, mut document) = (Editor::new(1), Editor::new(2), document());
    for round in 0..20 {
        let (from, to) = if round % 2 == 0 { (&ada, &bob) } else { (&bob, &ada) };
        to.receive(&from.insert(round / 2, "x"));
    }
    assert!(matches!(apply_one(&mut document, live(&ada.diff(&[0]))), Verdict::Applied(_)));
    assert_eq!(document.text("text"), ada.text());
}

#[test]
fn edits_of_an_earlier_life_are_refused_but_not_what_is_known() {
    let (ada, bob) = (Editor::new(1), Editor::new(2));
    let mut document = document_with(WIDE, &[9, 1, 4]);
    let refused = Verdict::Refused(Refusal::Retired);
    assert_eq!(apply_one(&mut document, live(&ada.insert(0, "a"))), refused);
    assert_eq!(apply_one(&mut document, step2(&ada.diff(&[0]))), refused);
    assert!(matches!(apply_one(&mut document, live(&bob.insert(0, "b"))), Verdict::Applied(_)));
}

#[test]
fn a_full_document_takes_deletions_only() {
    let bounds = Bounds { update_bytes: 1000, document_bytes: 2000 };
    let (ada, mut document) = (Editor::new(1), document_with(bounds, &[]));
    let long = "x".repeat(990);
    assert!(matches!(
        apply_one(&mut document, live(&ada.insert(0, &"x".repeat(1000)))),
        Verdict::Refused(Refusal::TooLarge { limit: 1000, .. })
    ));
    let ada = Editor::new(2);
    for at in 0..2 {
        let update = ada.insert(at * 900, &long[..900]);
        assert!(matches!(apply_one(&mut document, live(&update)), Verdict::Applied(_)));
    }
    let over = Editor::new(3).insert(0, &long[..500]);
    let full = Verdict::Refused(Refusal::Full { limit: 2000 });
    assert_eq!(apply_one(&mut document, live(&over)), full);
    assert!(matches!(apply_one(&mut document, live(&ada.remove(0, 1000))), Verdict::Applied(_)));
    assert!(matches!(apply_one(&mut document, live(&over)), Verdict::Applied(_)));
}

#[test]
fn holes_in_a_full_document_end_somewhere() {
    let bounds = Bounds { update_bytes: 2000, document_bytes: 2000 };
    let (ada, mut document) = (Editor::new(1), document_with(bounds, &[]));
    apply_one(&mut document, live(&ada.insert(0, &"x".repeat(1900))));
    let full = Verdict::Refused(Refusal::Full { limit: 2500 });
    let refused = (0..900).any(|at| {
        let update = ada.remove(at, 1);
        apply_one(&mut document, live(&update)) == full
    });
    assert!(refused && document.snapshot().expect("a snapshot").len() < 2600);
}

#[test]
fn many_small_edits_do_not_count_more_than_the_document_they_make() {
    let bounds = Bounds { update_bytes: 1000, document_bytes: 2000 };
    let (ada, mut document) = (Editor::new(1), document_with(bounds, &[]));
    for at in 0..1500 {
        let verdict = apply_one(&mut document, live(&ada.insert(at, "x")));
        assert!(matches!(verdict, Verdict::Applied(_)), "{at}: {verdict:?}");
    }
}

#[test]
fn a_refused_update_leaves_no_trace() {
    let mut document = document();
    // A text at the root, then a block inside that text, which is not a type.
    let broken = hex("01 02 05 00 04 01 01 74 01 61  04 00 05 00 01 62 00");
    assert!(matches!(
        apply_one(&mut document, live(&broken)),
        Verdict::Refused(Refusal::Malformed(_))
    ));
    assert_eq!(&document.state_vector()[..], [0]);
    let honest = hex("01 01 05 00 04 01 01 74 01 61 00");
    assert_eq!(apply_one(&mut document, live(&honest)), Verdict::Applied(honest));
}

#[test]
fn a_refused_update_leaves_a_client_where_it_was() {
    let mut document = document();
    apply_one(&mut document, live(&hex("01 01 05 00 04 01 01 74 01 61 00")));
    // A letter, a map, and a block inside a text: the map must not be remembered.
    let refused =
        Verdict::Refused(Refusal::Malformed("a block lies inside something that is not a type"));
    let broken = hex("01 03 05 01 84 05 00 01 62  07 01 01 6d 01  04 00 05 00 01 62 00");
    assert_eq!(apply_one(&mut document, live(&broken)), refused);
    assert_eq!(document.state_vector(), hex("01 05 01"));
    assert_eq!(document.index_runs(), 1);
    let honest = hex("01 01 05 01 84 05 00 03 62 63 64 00");
    assert_eq!(apply_one(&mut document, live(&honest)), Verdict::Applied(honest));
    let inside = hex("01 01 05 04 04 00 05 02 01 65 00");
    assert_eq!(apply_one(&mut document, live(&inside)), refused);
}

#[test]
fn map_entries_and_list_items_are_no_neighbours() {
    let mut document = document();
    // An entry `k` and a letter, both in the root `b`.
    let start = hex("01 02 05 00 25 01 01 62 01 6b 02 7b 7d  04 01 01 62 01 78 00");
    assert!(matches!(apply_one(&mut document, live(&start)), Verdict::Applied(_)));
    // A letter in a row with both; and a text as an entry.
    for mixed in ["c4 05 00 05 01 01 79", "84 05 00 02 79 7a"] {
        let update = hex(&format!("01 01 06 00 {mixed} 00"));
        let verdict = apply_one(&mut document, live(&update));
        assert!(matches!(verdict, Verdict::Refused(Refusal::Malformed(_))), "{verdict:?}");
    }
}

#[test]
fn overwritten_values_of_a_map_entry_can_be_deleted_one_by_one() {
    use yrs::Map;
    let mut document = document();
    let two_values = hex("01 01 05 00 28 01 01 6d 01 6b 02 7d 01 7d 02 00");
    let Verdict::Applied(entry) = apply_one(&mut document, live(&two_values)) else {
        panic!("it is new")
    };
    let reader = Editor::new(6);
    reader.receive(&entry);
    let map = reader.doc.get_or_insert_map("m");
    assert_eq!(map.get(&reader.doc.transact(), "k"), Some(yrs::Out::Any(2.into())));
    apply_one(&mut document, live(&hex("00 01 05 01 01 01")));
    assert_eq!(reload(&document).state_vector(), hex("01 05 02"));
}

#[test]
fn what_continues_a_known_block_lies_as_deep_as_that() {
    let depth = crate::limits::TYPE_DEPTH;
    let mut document = document();
    for clock in 0..depth {
        let update = crate::crdt::corpus::one_type_deeper(9, clock);
        apply_one(&mut document, live(&update.into()));
    }
    // A letter in the innermost type; then a text that claims to begin there, but at a root.
    apply_one(&mut document, live(&hex("01 01 09 80 01 04 00 09 7f 01 78 00")));
    let longer = hex("01 01 09 80 01 04 01 01 72 02 78 79 00");
    assert!(matches!(apply_one(&mut document, live(&longer)), Verdict::Applied(_)));
    let deeper = hex("01 01 09 82 01 87 09 81 01 00 00");
    assert_eq!(
        apply_one(&mut document, live(&deeper)),
        Verdict::Refused(Refusal::Malformed("shared types nest too deep"))
    );
}

#[test]
fn a_reloaded_document_is_the_same() {
    let (ada, bob, mut document) = (Editor::new(1), Editor::new(2), document());
    for update in [ada.insert(0, "hello 😀 world"), ada.remove(2, 5), bob.insert(0, "x")] {
        apply_one(&mut document, live(&update));
    }
    let mut copy = reload(&document);
    assert_eq!(copy.text("text"), document.text("text"));
    assert_eq!(copy.state_vector(), document.state_vector());
    assert_eq!(apply_one(&mut copy, step2(&ada.diff(&[0]))), Verdict::Known);
}

#[test]
fn loading_what_is_damaged_is_an_error() {
    let ada = Editor::new(1);
    let (first, second) = (ada.insert(0, "a"), ada.insert(1, "b"));
    let load = |stored: &[&[u8]]| document().load(stored.iter().copied());
    assert_eq!(load(&[&first[..], &second, &first, EMPTY]), Ok(()));
    assert!(load(&[&second[..]]).unwrap_err().contains("missing"));
    assert!(load(&[&first[..], &second[..4]]).is_err());
}

#[test]
fn a_state_vector_that_no_client_writes_is_refused() {
    let (ada, mut document) = (Editor::new(1), document());
    apply_one(&mut document, live(&ada.insert(0, "a😀b")));
    for vector in ["", "80 84 af 5f", "01 01", "01 01 02 03", "01 ff ff ff ff ff ff ff 7f 01"] {
        assert!(document.diff(&hex(vector)).is_err(), "{vector}");
    }
    // Further than the document, unknown clients, the middle of a surrogate pair.
    for vector in ["01 01 7f", "01 05 09", "01 01 02", "00", "02 01 01 01 02"] {
        let diff = document.diff(&hex(vector)).expect(vector);
        assert!(crate::crdt::parser::Update::parse(&diff).is_ok(), "{vector}");
    }
}

#[test]
fn legacy_json_content_arrives_as_values() {
    use yrs::{Array, types::ToJson};
    let mut document = document();
    let legacy =
        hex("01 01 07 00 02 01 01 61 03 01 31 03 22 78 22 09 75 6e 64 65 66 69 6e 65 64 00");
    let applied = apply(&mut document, &[live(&legacy)]);
    let reader = Editor::new(3);
    reader.receive(&applied.broadcasts[0].update);
    let array = reader.doc.get_or_insert_array("a");
    let txn = reader.doc.transact();
    assert_eq!(array.len(&txn), 3);
    assert_eq!(array.to_json(&txn).to_string(), "[1, x, undefined]");
    drop(reload(&document));
}

#[test]
fn a_document_cannot_be_overfilled_within_one_batch() {
    let bounds = Bounds { update_bytes: 1000, document_bytes: 2000 };
    let mut document = document_with(bounds, &[]);
    let updates: Vec<_> =
        (1..9).map(|client| live(&Editor::new(client).insert(0, &"x".repeat(900)))).collect();
    let verdicts = apply(&mut document, &updates).verdicts;
    let taken = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Applied(_)));
    assert_eq!(taken.count(), 2);
}

#[test]
fn a_document_may_move_between_threads() {
    fn send<T: Send>(_: &T) {}
    send(&document());
}

/// A clock on which a second passes whenever somebody looks.
#[derive(Default)]
struct Hurried(std::sync::atomic::AtomicU64);

impl crate::clock::Clock for Hurried {
    fn now(&self) -> crate::clock::Timestamp {
        crate::clock::Timestamp(0)
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

#[test]
fn what_takes_too_long_is_taken_bit_by_bit() {
    let (ada, bob) = (Editor::new(1), Editor::new(2));
    for at in 0..3000 {
        ada.insert(at / 2, "x");
    }
    let mut document = document().with_clock(Arc::new(Hurried::default()));
    let mut rounds = 0;
    loop {
        let rest = ada.diff(&document.state_vector());
        let applied = apply(&mut document, &[step2(&rest)]);
        assert_eq!(document.index_clocks(), document.engine_state().1);
        bob.receive(&applied.broadcasts[0].update);
        match &applied.verdicts[0] {
            Verdict::Incomplete(Some(_)) => rounds += 1,
            Verdict::Applied(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(rounds > 1);
    assert_eq!(document.text("text"), ada.text());
    assert_eq!(bob.text(), ada.text());
}

#[test]
fn what_follows_something_cut_off_is_judged_again() {
    let ada = Editor::new(1);
    for at in 0..3000 {
        ada.insert(at / 2, "x");
    }
    let whole = ada.diff(&[0]);
    let next = ada.insert(3000, "y");
    let after = ada.insert(3001, "z");
    let remove = ada.remove(0, 1);
    let mut document = document().with_clock(Arc::new(Hurried::default()));
    let incoming = [live(&whole), step2(&next), live(&after), live(&remove), live(&whole)];
    let applied = apply(&mut document, &incoming);
    assert!(matches!(applied.verdicts[0], Verdict::Incomplete(Some(_))));
    assert_eq!(document.index_clocks(), document.engine_state().1);
    assert!(document.index_clocks()[0].1 < 3000);
    // Nothing lies behind a gap, which would not be missed any more.
    assert_eq!(reload(&document).state_vector(), document.state_vector());
}
