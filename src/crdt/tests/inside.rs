//! Documents inside a document: how many there may be, and that they go when it goes.

use std::sync::Arc;

use yrs::Array;

use super::{
    super::{content, copy, engine::Engine, parser::Id, past::Past, writer::Writer},
    *,
};
use crate::{crdt::Refusal, limits::DOCUMENTS_INSIDE};

const FULL: Verdict = Verdict::Refused(Refusal::TooManyInside { limit: DOCUMENTS_INSIDE });

/// The update that puts documents into a list, behind those that its client has put there.
fn inside(client: u64, from: u32, count: usize) -> Bytes {
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(count, Id { client, clock: from });
    for clock in (from..).take(count) {
        if let Some(before) = clock.checked_sub(1) {
            writer.raw(&[0x89]);
            writer.number(client);
            writer.number(before.into());
        } else {
            writer.raw(&[9, 1, 1, b'l']);
        }
        // A name, and no options.
        writer.raw(&[1, b'd', 126]);
    }
    writer.raw(&[0]);
    writer.into_bytes()
}

/// The update that deletes a client's first units.
fn without(client: u64, count: u64) -> Bytes {
    let mut writer = Writer::default();
    writer.raw(&[0, 1]);
    writer.number(client);
    writer.raw(&[1, 0]);
    writer.number(count);
    writer.into_bytes()
}

#[test]
fn a_document_takes_a_bounded_number_of_documents_and_deleting_makes_room() {
    let mut document = document();
    let applied = apply_one(&mut document, step2(&inside(5, 0, DOCUMENTS_INSIDE - 1)));
    assert!(matches!(applied, Verdict::Applied(_)));
    // The last there is room for, one too many and a letter, all together.
    let letter = Editor::new(6).insert(0, "a");
    let batch = [live(&inside(7, 0, 1)), live(&inside(8, 0, 1)), live(&letter)];
    let verdicts = apply(&mut document, &batch).verdicts;
    assert!(matches!(&verdicts[..], [Verdict::Applied(_), FULL, Verdict::Applied(_)]));
    let whole = document.diff(&[0]).expect("it can be told");
    assert_eq!(apply_one(&mut document, step2(&whole)), Verdict::Known, "what is there may come");

    assert!(matches!(apply_one(&mut document, live(&without(5, 2))), Verdict::Applied(_)));
    assert_eq!(apply_one(&mut document, live(&inside(8, 0, 3))), FULL);
    assert!(matches!(apply_one(&mut document, live(&inside(8, 0, 2))), Verdict::Applied(_)));
    assert_eq!(apply_one(&mut reload(&document), live(&inside(9, 0, 1))), FULL);
}

#[test]
fn a_stored_document_with_more_opens_and_takes_no_further_one() {
    let mut document = document();
    let stored = inside(5, 0, DOCUMENTS_INSIDE + 10);
    document.load([&stored[..]].into_iter()).expect("what was stored opens");
    assert_eq!(apply_one(&mut document, live(&inside(8, 0, 1))), FULL);
    let letter = Editor::new(6).insert(0, "a");
    assert!(matches!(apply_one(&mut document, live(&letter)), Verdict::Applied(_)));
    assert!(matches!(apply_one(&mut document, live(&without(5, 11))), Verdict::Applied(_)));
    assert!(matches!(apply_one(&mut document, live(&inside(8, 0, 1))), Verdict::Applied(_)));
}

/// Gives a document something to hold, which is let go when the document is freed.
fn tied(engine: &Engine) -> Arc<()> {
    let token = Arc::new(());
    let tied = Arc::clone(&token);
    let observed =
        engine.doc().observe_update_v1("token", move |_, _| drop(Arc::clone(&tied))).is_ok();
    assert!(observed, "nobody is at work in it");
    token
}

fn assert_freed(token: &Arc<()>, what: &str) {
    assert_eq!(Arc::strong_count(token), 1, "{what} is still there");
}

#[test]
fn whatever_holds_documents_inside_is_freed() {
    let three = inside(5, 0, 3);
    let mut document = document();
    let token = tied(&document.engine);
    apply_one(&mut document, live(&three));
    apply_one(&mut document, live(&without(5, 1)));
    drop(document);
    assert_freed(&token, "a live document");

    let mut document = self::document();
    let token = tied(&document.engine);
    document.load([&three[..]].into_iter()).expect("it opens");
    drop(document);
    assert_freed(&token, "a stored document");

    let opened = content::open(&three, ClientId(1), None).expect("it opens");
    let token = tied(&opened);
    drop(opened);
    assert_freed(&token, "an opened state");
}

#[test]
fn a_replayed_past_is_freed() {
    let mut past = Past::default();
    past.replay(&inside(5, 0, 3)).expect("it can be replayed");
    // From here on the library is asked.
    past.replay(&Bytes::from_static(&[1, 1, 6, 0, 0x27, 1, 1, b'm', 1, b'k', 1, 0])).expect("too");
    let token = tied(past.engine().expect("it is asked"));
    // In that map, so that it stays so.
    past.replay(&Bytes::from_static(&[1, 1, 7, 0, 0x29, 0, 6, 0, 1, b'x', 1, b'd', 126, 0]))
        .expect("too");
    assert!(past.engine().is_some());
    drop(past);
    assert_freed(&token, "a past");
}

#[test]
fn a_changed_copy_is_freed() {
    let token = Arc::new(());
    let tied = Arc::clone(&token);
    let changed = copy::edit(&inside(5, 0, 3), ClientId(1), move |txn| {
        let list = yrs::WriteTxn::get_or_insert_array(txn, "l");
        yrs::Observable::observe(&list, "token", move |_, _| drop(Arc::clone(&tied)));
        list.insert(txn, 0, Doc::new());
        list.remove(txn, 1);
    });
    assert!(changed.is_ok_and(|((), update)| update.is_some()));
    assert_freed(&token, "a copy");
}
