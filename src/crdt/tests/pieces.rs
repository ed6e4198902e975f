//! Updates cut into pieces.

use super::*;
use crate::crdt::split;

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
