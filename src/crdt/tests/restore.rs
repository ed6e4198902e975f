//! Bringing back what a document said: whatever happened in between, it says the same again, and
//! what others do meanwhile stays.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use yrs::{
    Any, ArrayPrelim, GetString, MapPrelim, Out, ReadTxn, Text, Transact, TransactionMut, WriteTxn,
    Xml, XmlElementPrelim, XmlElementRef, XmlFragment, XmlFragmentRef, XmlOut, XmlTextPrelim,
    types::{Attrs, text::YChange},
};

use super::{Editor, apply_one, document, rounds, step2};
use crate::{
    crdt::{
        Verdict,
        content::{self, RestoreError},
    },
    ids::ClientId,
    random::{Random, SeededRandom},
};

/// Everything that rich text says, with marks and attributes, in words.
fn said(editor: &Editor) -> String {
    let root = editor.doc.get_or_insert_xml_fragment("default");
    let text = editor.doc.get_or_insert_text("text");
    let txn = editor.doc.transact();
    let mut words = text.get_string(&txn);
    for child in root.children(&txn) {
        tell(&txn, &child, &mut words);
    }
    words
}

fn tell(txn: &impl ReadTxn, node: &XmlOut, words: &mut String) {
    match node {
        XmlOut::Element(element) => {
            let attributes: BTreeMap<_, _> = element
                .attributes(txn)
                .map(|(key, value)| (key.to_owned(), format!("{value:?}")))
                .collect();
            words.push_str(&format!("<{} {attributes:?}>", element.tag()));
            element.children(txn).for_each(|child| tell(txn, &child, words));
            words.push_str("</>");
        }
        XmlOut::Text(text) => {
            words.push('"');
            let mut last = None;
            for part in text.diff(txn, YChange::identity) {
                let marks: BTreeMap<_, _> = part
                    .attributes
                    .iter()
                    .flat_map(|it| it.iter())
                    .map(|(key, value)| (key.to_string(), format!("{value:?}")))
                    .collect();
                if last.as_ref() != Some(&marks) {
                    words.push_str(&format!("{marks:?}"));
                    last = Some(marks);
                }
                match part.insert {
                    Out::Any(Any::String(text)) => words.push_str(&text),
                    other => words.push_str(&format!("[{other:?}]")),
                }
            }
            words.push('"');
        }
        XmlOut::Fragment(_) => words.push_str("<>"),
    }
}

/// What `editor` says after it was made to say what it said when it had this state.
fn brought_back(editor: &Editor, then: &[u8], client: u64) -> Editor {
    let now = editor.diff(&[0]);
    let update = content::restore(&now, then, ClientId(client)).expect("it can be restored");
    let copy = Editor::new(client + 1);
    copy.receive(&now);
    if let Some(update) = update {
        let mut server = document();
        server.load([&now[..]].into_iter()).expect("a state");
        let verdict = apply_one(&mut server, step2(&update));
        assert!(matches!(verdict, Verdict::Applied(_)), "{verdict:?}");
        copy.receive(&update);
    }
    copy
}

fn mark(name: &str, value: impl Into<Any>) -> Attrs {
    Attrs::from([(Arc::from(name), value.into())])
}

fn below(random: &SeededRandom, end: u32) -> u32 {
    u32::try_from(random.below(end.into())).expect("it is below")
}

/// One of the things that people do.
fn change(txn: &mut TransactionMut<'_>, root: &XmlFragmentRef, random: &SeededRandom) {
    let blocks = root.len(txn);
    if blocks == 0 || random.below(6) == 0 {
        let tag = ["paragraph", "heading", "blockquote"][random.below(3) as usize];
        let block = root.insert(txn, below(random, blocks + 1), XmlElementPrelim::empty(tag));
        if tag == "heading" {
            block.insert_attribute(txn, "level", i64::from(below(random, 3)));
        }
        let holder = if tag == "blockquote" {
            block.push_back(txn, XmlElementPrelim::empty("paragraph"))
        } else {
            block
        };
        holder.push_back(txn, XmlTextPrelim::new("some words 😀 here"));
        return;
    }
    let at = below(random, blocks);
    if random.below(8) == 0 {
        return root.remove(txn, at);
    }
    let Some(XmlOut::Element(block)) = root.get(txn, at) else { return };
    if random.below(8) == 0 {
        return match random.below(3) {
            0 => block.remove_attribute(txn, &"level"),
            1 => drop(block.insert_attribute(txn, "checked", random.below(2) == 0)),
            _ => drop(block.insert_attribute(txn, "level", i64::from(below(random, 3)))),
        };
    }
    change_text(txn, &block, random);
}

fn change_text(txn: &mut TransactionMut<'_>, block: &XmlElementRef, random: &SeededRandom) {
    let text = match block.get(txn, 0) {
        Some(XmlOut::Text(text)) => text,
        Some(XmlOut::Element(inner)) => return change_text(txn, &inner, random),
        _ => block.push_back(txn, XmlTextPrelim::new("")),
    };
    let len = text.len(txn);
    // Not in the middle of a character of two units, which no editor does.
    let words = text.diff(&*txn, YChange::identity);
    let plain =
        words.iter().all(|it| matches!(&it.insert, Out::Any(Any::String(text)) if text.is_ascii()));
    let at = if plain { below(random, len + 1) } else { 0 };
    match random.below(6) {
        0 if plain && at < len => {
            let count = 1 + below(random, (len - at).min(9));
            text.remove_range(txn, at, count);
        }
        1 if plain && at < len => {
            let count = 1 + below(random, len - at);
            let attrs = match random.below(3) {
                0 => mark("bold", Any::from_json("{}").expect("JSON")),
                1 => mark("link", Any::from_json(r#"{"href":"x","b":1.5}"#).expect("JSON")),
                _ => mark("bold", Any::Null),
            };
            text.format(txn, at, count, attrs);
        }
        2 => {
            text.insert_embed(txn, at, Any::from_json(r#"{"image":"y"}"#).expect("JSON"));
        }
        3 => {
            text.insert_with_attributes(txn, at, "new ", mark("italic", true));
        }
        _ => text.insert(txn, at, "typed\nand "),
    }
}

#[test]
fn rich_text_says_what_it_said_with_marks_and_attributes_whatever_happened_since() {
    for seed in 0..rounds("COSCRIBE_RESTORE_ROUNDS", 60) {
        let random = SeededRandom::new(seed);
        let people = [Editor::new(1), Editor::new(2)];
        let mut moments = Vec::new();
        for step in 0..40 {
            let person = &people[random.below(2) as usize];
            let root = person.doc.get_or_insert_xml_fragment("default");
            let update = person.edit(|txn| change(txn, &root, &random));
            // Now and then one is away for a while.
            if random.below(3) > 0 {
                people.iter().for_each(|other| other.receive(&person.diff(&[0])));
            }
            assert!(!update.is_empty());
            if step % 4 == 0 {
                people[0].receive(&people[1].diff(&[0]));
                moments.push((people[0].diff(&[0]), said(&people[0])));
            }
        }
        people[0].receive(&people[1].diff(&[0]));
        for (number, (then, words)) in (0_u64..).zip(&moments) {
            let copy = brought_back(&people[0], then, 100 + number * 10);
            assert_eq!(said(&copy), *words, "seed {seed}, moment {number}");
        }
        // And back and forth on the same copy, where originals and their successors meet.
        let mut copy = Editor::new(9);
        copy.receive(&people[0].diff(&[0]));
        for number in 0..6_u64 {
            let (then, words) = &moments[random.below(moments.len() as u64) as usize];
            copy = brought_back(&copy, then, 1000 + number * 10);
            assert_eq!(said(&copy), *words, "seed {seed}, time {number}");
        }
    }
}

#[test]
fn what_is_there_already_stays_and_only_the_rest_is_written() {
    let editor = Editor::new(1);
    editor.insert(0, &"a line of text\n".repeat(2_000));
    let then = editor.diff(&[0]);
    editor.remove(15, 15);
    editor.insert(300, "WRONG");
    let update = content::restore(&editor.diff(&[0]), &then, ClientId(7)).expect("restored");
    let update = update.expect("there is something to do");
    assert!(update.len() < 100, "{} bytes for one line", update.len());
    editor.receive(&update);
    assert_eq!(editor.text(), "a line of text\n".repeat(2_000));
    let again = content::restore(&editor.diff(&[0]), &then, ClientId(8));
    assert_eq!(again, Ok(None), "nothing is left to do");
}

#[test]
fn everybody_converges_on_what_was_restored_and_what_was_typed_meanwhile() {
    let (ada, bob, away) = (Editor::new(1), Editor::new(2), Editor::new(3));
    ada.insert(0, "first line\nsecond line\nthird line\n");
    let then = ada.diff(&[0]);
    away.receive(&then);
    ada.remove(0, 23);
    ada.insert(0, "rubbish ");
    bob.receive(&ada.diff(&[0]));
    let now = ada.diff(&[0]);
    // While it is being restored one types, and one who saw nothing of all this comes back later.
    bob.insert(8, "and more ");
    away.insert(23, "from afar: ");
    let update = content::restore(&now, &then, ClientId(7)).expect("restored").expect("an edit");
    for editor in [&ada, &bob, &away] {
        editor.receive(&update_after(editor, &now, &update));
    }
    let everything: Vec<_> = [&ada, &bob, &away].iter().map(|it| it.diff(&[0])).collect();
    for editor in [&ada, &bob, &away] {
        everything.iter().for_each(|state| editor.receive(state));
    }
    let text = ada.text();
    assert_eq!((bob.text(), away.text()), (text.clone(), text.clone()));
    for part in ["and more ", "from afar: "] {
        assert_eq!(text.matches(part).count(), 1, "{part:?} in {text:?}");
    }
    let restored = text.replace("and more ", "").replace("from afar: ", "");
    assert_eq!(restored, "first line\nsecond line\nthird line\n");
}

/// The restoring edit and what it builds on.
fn update_after(editor: &Editor, now: &[u8], update: &Bytes) -> Bytes {
    editor.receive(now);
    update.clone()
}

#[test]
fn content_that_only_another_app_could_write_again_is_refused_not_dropped() {
    let editor = Editor::new(1);
    editor.edit(|txn| {
        let root = txn.get_or_insert_xml_fragment("default");
        let text = root.push_back(txn, XmlTextPrelim::new("ac"));
        text.insert_embed(txn, 1, MapPrelim::from([("k", "v")]));
    });
    let then = editor.diff(&[0]);
    assert_eq!(content::restore(&then, &then, ClientId(7)), Ok(None), "what is there may stay");
    editor.edit(|txn| txn.get_or_insert_xml_fragment("default").remove(txn, 0));
    let refused = content::restore(&editor.diff(&[0]), &then, ClientId(7));
    assert_eq!(refused, Err(RestoreError::Foreign));
    let array = Editor::new(2);
    array.edit(|txn| {
        let root = txn.get_or_insert_array("default");
        yrs::Array::push_back(&root, txn, ArrayPrelim::from(["b"]));
        yrs::Array::push_back(&root, txn, "a");
    });
    let state = array.diff(&[0]);
    assert_eq!(content::restore(&state, &state, ClientId(7)), Err(RestoreError::Foreign));
    assert!(matches!(
        content::restore(&state, b"junk", ClientId(7)),
        Err(RestoreError::Unreadable(_))
    ));
}
