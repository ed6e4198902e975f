//! Updates cut into pieces.

use super::{
    sessions::{content, updates},
    *,
};
use crate::{crdt::split, random::SeededRandom};

/// Applies pieces in order, each of which must integrate at once. Deletions come last, when blocks
/// that say themselves that they are deleted have arrived.
fn assemble(pieces: &[Bytes]) -> DocumentState {
    let mut document = document();
    for piece in pieces {
        let verdict = apply_one(&mut document, live(piece));
        assert!(matches!(verdict, Verdict::Applied(_) | Verdict::Known), "{verdict:?}");
    }
    document
}

#[test]
fn a_small_update_is_one_piece() {
    let update = Editor::new(1).insert(0, "hello");
    assert_eq!(split(&update, 100), [update]);
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let ada = Editor::new(1);
    let text = "añ😀".repeat(400);
    let update = ada.insert(0, &text);
    for size in [1, 2, 3, 50, 333, 1000] {
        let pieces = split(&update, size);
        assert!(pieces.iter().all(|piece| piece.len() <= size.max(40)), "{size}");
        assert_eq!(assemble(&pieces).text("text"), text, "{size}");
    }
}

#[test]
fn pieces_come_in_an_order_that_integrates_with_deletions_last() {
    let (ada, bob) = (Editor::new(1), Editor::new(2));
    for round in 0..200 {
        let (from, to) = if round % 3 == 0 { (&ada, &bob) } else { (&bob, &ada) };
        to.receive(&from.insert(round / 2, "word "));
        if round % 5 == 0 {
            to.receive(&from.remove(round, 2));
        }
    }
    let whole = ada.diff(&[0]);
    let pieces = split(&whole, 200);
    assert!(pieces.len() > whole.len() / 200);
    assert!(pieces.iter().all(|piece| piece.len() <= 260));
    let document = assemble(&pieces);
    assert_eq!(document.engine_state(), reload(&document).engine_state());
    assert_eq!(assemble(&[whole]).engine_state(), document.engine_state());
}

#[test]
fn any_document_arrives_the_same_in_pieces_of_any_size() {
    for seed in 0..rounds("COSCRIBE_SPLITS", 40) {
        let random = SeededRandom::new(seed);
        let mut document = document();
        for update in updates(&random, 60) {
            apply_one(&mut document, step2(&update));
        }
        let (state, clocks) = document.engine_state();
        let whole = Editor::new(500);
        whole.receive(&state);
        for size in [1, 30, 100, 700] {
            let pieces = split(&state.clone().into(), size);
            let arrived = assemble(&pieces);
            assert_eq!(arrived.index_clocks(), clocks, "seed {seed}");
            let reader = Editor::new(501);
            for piece in &pieces {
                reader.receive(piece);
            }
            assert_eq!(content(&reader), content(&whole), "seed {seed}, pieces of {size}");
            // What lies beyond everything is the delete set alone.
            let end = document.state_vector();
            assert_eq!(arrived.diff(&end), document.diff(&end), "seed {seed}, pieces of {size}");
        }
    }
}

#[test]
fn a_difference_is_cut_against_what_its_receiver_has() {
    let (ada, bob) = (Editor::new(1), Editor::new(2));
    for round in 0..60 {
        bob.receive(&ada.insert(round, "first "));
    }
    let vector = bob.vector();
    for round in 0..60 {
        ada.insert(round * 3, "second ");
    }
    for piece in split(&ada.diff(&vector), 100) {
        assert!(bob.can_integrate(&piece));
        bob.receive(&piece);
    }
    assert_eq!(bob.text(), ada.text());
}

#[test]
fn lists_of_values_and_many_deletions_are_cut_too() {
    use yrs::Array;
    let ada = Editor::new(1);
    let array = ada.doc.get_or_insert_array("array");
    ada.edit(|txn| array.insert_range(txn, 0, (0..500).map(|value| f64::from(value) + 0.5)));
    for at in 0..200 {
        ada.edit(|txn| array.remove_range(txn, at, 1));
    }
    let pieces = split(&ada.diff(&[0]), 200);
    assert!(pieces.iter().all(|piece| piece.len() <= 240));
    let document = assemble(&pieces);
    let reader = Editor::new(2);
    reader.receive(&document.engine_state().0);
    assert_eq!(content(&reader), content(&ada));
}

#[test]
fn what_cannot_be_cut_stays_whole() {
    for bytes in [
        &b"no update at all"[..],
        &hex("02 01 02 00 84 01 01 01 78  01 01 00 84 02 00 02 79 7a 00"),
    ] {
        let bytes = Bytes::copy_from_slice(bytes);
        assert_eq!(split(&bytes, 4), [bytes]);
    }
}

#[test]
fn higher_client_ids_come_first_where_nothing_else_decides() {
    let ends = |pieces: &[Bytes]| -> Vec<u64> {
        let update = |piece| crate::crdt::parser::Update::parse(piece).expect("a piece");
        pieces.iter().flat_map(|piece| update(piece).sections).map(|s| s.client).collect()
    };
    // Three clients, lowest first, each with a letter at the same place.
    let letter = |client| [1, client, 0, 4, 1, 1, b't', 1, b'x'];
    let update = [&[3][..], &letter(2), &letter(5), &letter(9), &[0]].concat();
    assert_eq!(ends(&split(&update.into(), 1)), [9, 5, 2]);
}
