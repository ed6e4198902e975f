//! A document that is not loaded yet says the same as when it is.

use super::*;

/// What two editors wrote and deleted: a snapshot of most of it, and the edits after.
fn stored() -> Vec<Bytes> {
    let (one, two) = (Editor::new(7), Editor::new(8));
    let first = one.insert(0, "a long beginning");
    two.receive(&first);
    let mut whole = document();
    apply(&mut whole, &[live(&first), live(&two.insert(2, "of two"))]);
    let snapshot = whole.snapshot().expect("it is sound");
    let entries = [two.remove(3, 2), two.insert(4, "x"), one.insert(0, "y")];
    [snapshot].into_iter().chain(entries).collect()
}

fn deferred() -> DocumentState {
    let mut document = document();
    document.defer(stored().into_iter()).expect("it can be read");
    document
}

fn loaded() -> DocumentState {
    let mut document = document();
    document.load(stored().iter().map(|it| &it[..])).expect("it loads");
    document
}

#[test]
fn it_knows_how_far_everybody_got() {
    let mut document = deferred();
    assert_eq!(document.state_vector(), loaded().state_vector());
    document.load_deferred().expect("it loads");
    assert_eq!(document.state_vector(), loaded().state_vector());
}

#[test]
fn what_is_stored_makes_the_whole_document() {
    let reader = Editor::new(9);
    for update in deferred().deferred(16).expect("it is not loaded") {
        reader.receive(&update);
    }
    assert_eq!(reader.text(), loaded().text("text"));
    assert_eq!(reader.vector(), loaded().state_vector());
}

#[test]
fn it_is_no_snapshot_before_it_is_loaded() {
    let mut document = deferred();
    assert!(document.snapshot().is_err());
    document.load_deferred().expect("it loads");
    assert!(!document.is_deferred() && document.deferred(1).is_none());
    assert_eq!(document.snapshot(), loaded().snapshot());
}

#[test]
fn an_edit_finds_it_loaded() {
    let (mut early, mut late) = (deferred(), loaded());
    let edit = live(&Editor::new(10).insert(0, "new "));
    assert_eq!(apply_one(&mut early, edit.clone()), apply_one(&mut late, edit));
    assert_eq!(early.text("text"), late.text("text"));
    assert_eq!(early.snapshot(), late.snapshot());
}

#[test]
fn who_brings_nothing_does_not_load_it() {
    let mut document = deferred();
    let nothing = step2(&Bytes::from_static(&[0, 0]));
    assert_eq!(apply_one(&mut document, nothing), Verdict::Known);
    assert!(document.is_deferred());
}

#[test]
fn what_cannot_be_read_is_told_at_once_and_what_cannot_be_loaded_then() {
    let cut = stored()[0].slice(..9);
    let reason = document().defer([cut].into_iter()).expect_err("it is cut");
    assert!(reason.starts_with("stored update 0 cannot be applied"), "{reason}");

    let mut gap = document();
    gap.defer(stored().into_iter().skip(1)).expect("it can be read");
    let reason = gap.load_deferred().expect_err("the snapshot is missing");
    assert!(reason.contains("something it depends on is missing"), "{reason}");
}
