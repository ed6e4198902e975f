//! Random sessions of editors, as other tests need them: what they type, and how they may meet.

use yrs::{
    Any, Array, ArrayPrelim, Map, MapPrelim, TextPrelim, XmlElementPrelim, XmlFragment,
    XmlTextPrelim,
    types::{Attrs, ToJson},
};

use super::*;
use crate::random::Random;

/// One of several values.
pub(super) fn pick<T: Copy>(random: &dyn Random, from: &[T]) -> T {
    *one_of(random, from)
}

/// One of several things.
pub(super) fn one_of<'a, T>(random: &dyn Random, from: &'a [T]) -> &'a T {
    &from[random.below(from.len() as u64) as usize]
}

/// A position up to and including `len`.
fn place(random: &dyn Random, len: u32) -> u32 {
    random.below(u64::from(len) + 1) as u32
}

fn word(random: &dyn Random) -> &'static str {
    pick(random, &["a", "bc", "hello ", "😀", "añ", "x\u{1F469}\u{200D}\u{1F680}y", "\n"])
}

fn value(random: &dyn Random, depth: u32) -> Any {
    match random.below(if depth == 0 { 5 } else { 7 }) {
        0 => Any::Null,
        1 => Any::Bool(true),
        2 => Any::from(random.below(1000) as f64 / 8.0),
        3 => Any::from(word(random)),
        4 => Any::Undefined,
        5 => Any::from(vec![value(random, depth - 1), value(random, depth - 1)]),
        _ => Any::from(std::collections::HashMap::from([(
            "key".to_owned(),
            value(random, depth - 1),
        )])),
    }
}

/// One edit of a kind that real editors make; returns the update.
pub(super) fn edit(editor: &Editor, random: &dyn Random) -> Bytes {
    match random.below(10) {
        0..=4 => edit_text(editor, random),
        5 | 6 => edit_map(editor, random),
        7 => edit_array(editor, random),
        _ => edit_xml(editor, random),
    }
}

/// Positions between whole characters: half of a surrogate pair is lost for good, as in editors.
fn places(text: &yrs::TextRef, txn: &TransactionMut<'_>) -> Vec<u32> {
    let mut places = vec![0];
    let mut at = 0;
    for part in text.diff(txn, yrs::types::text::YChange::identity) {
        match part.insert {
            yrs::Out::Any(Any::String(characters)) => {
                for ch in characters.chars() {
                    at += ch.len_utf16() as u32;
                    places.push(at);
                }
            }
            _ => {
                at += 1;
                places.push(at);
            }
        }
    }
    places
}

fn edit_text(editor: &Editor, random: &dyn Random) -> Bytes {
    let text = editor.doc.get_or_insert_text("text");
    editor.edit(|txn| {
        let places = places(&text, txn);
        let first = random.below(places.len() as u64) as usize;
        let last = (first + random.below(7) as usize).min(places.len() - 1);
        let (at, count) = (places[first], places[last] - places[first]);
        match random.below(10) {
            0..=5 => text.insert(txn, at, word(random)),
            6 | 7 => text.remove_range(txn, at, count),
            8 => {
                let on = if random.below(3) == 0 { Any::Null } else { Any::Bool(true) };
                text.format(txn, at, count, Attrs::from([("bold".into(), on)]));
            }
            _ => drop(text.insert_embed(txn, at, Any::from(vec![value(random, 1)]))),
        }
    })
}

fn edit_map(editor: &Editor, random: &dyn Random) -> Bytes {
    let map = editor.doc.get_or_insert_map("map");
    editor.edit(|txn| {
        let key = pick(random, &["one", "two", "three"]);
        match random.below(5) {
            0 | 1 => drop(map.insert(txn, key, value(random, 2))),
            2 => drop(map.remove(txn, key)),
            3 => drop(map.insert(txn, key, MapPrelim::from([("inner", value(random, 1))]))),
            _ => match map.get(txn, key) {
                Some(yrs::Out::YMap(inner)) => {
                    inner.insert(txn, pick(random, &["inner", "deep"]), TextPrelim::new("deep"));
                }
                _ => drop(map.insert(txn, key, TextPrelim::new(word(random)))),
            },
        }
    })
}

fn edit_array(editor: &Editor, random: &dyn Random) -> Bytes {
    let array = editor.doc.get_or_insert_array("array");
    editor.edit(|txn| {
        let len = array.len(txn);
        let at = place(random, len);
        match random.below(4) {
            0 => array.insert_range(txn, at, [value(random, 1), value(random, 2), Any::Null]),
            1 => drop(array.insert(txn, at, ArrayPrelim::from([value(random, 1)]))),
            2 if len > 0 => array.remove_range(txn, at.min(len - 1), 1),
            _ => drop(array.insert(txn, at, value(random, 3))),
        }
    })
}

fn edit_xml(editor: &Editor, random: &dyn Random) -> Bytes {
    let xml = editor.doc.get_or_insert_xml_fragment("xml");
    editor.edit(|txn| {
        let len = xml.len(txn);
        let at = place(random, len);
        match (random.below(4), xml.get(txn, at)) {
            (0, Some(yrs::XmlOut::Element(element))) => {
                use yrs::Xml;
                element.insert_attribute(txn, "level", word(random));
            }
            (1, Some(yrs::XmlOut::Element(element))) => {
                let _ = element.push_back(txn, XmlElementPrelim::empty("item"));
            }
            (2, Some(_)) => xml.remove_range(txn, at, 1),
            (_, Some(yrs::XmlOut::Text(text))) => text.push(txn, word(random)),
            (3, _) => drop(xml.insert(txn, at, XmlTextPrelim::new(word(random)))),
            _ => drop(xml.insert(txn, at, XmlElementPrelim::empty("p"))),
        }
    })
}

/// Everything that people would see in a document.
pub(super) fn content(editor: &Editor) -> String {
    let (doc, text) = (&editor.doc, editor.text());
    let map = doc.get_or_insert_map("map");
    let array = doc.get_or_insert_array("array");
    let xml = doc.get_or_insert_xml_fragment("xml");
    let txn = doc.transact();
    let mut map: Vec<_> = map
        .iter(&txn)
        .map(|(key, value)| format!("{key}={}", sorted(&value.to_json(&txn))))
        .collect();
    map.sort();
    format!("{text:?} {map:?} {} {}", sorted(&array.to_json(&txn)), xml.get_string(&txn))
}

/// A value with the keys of its maps in order.
fn sorted(value: &Any) -> String {
    match value {
        Any::Array(values) => {
            format!("[{}]", values.iter().map(sorted).collect::<Vec<_>>().join(","))
        }
        Any::Map(entries) => {
            let mut entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}:{}", sorted(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        other => other.to_string(),
    }
}

/// Updates of a short session between three editors who meet now and then.
pub(super) fn updates(random: &dyn Random, count: usize) -> Vec<Bytes> {
    let editors = [Editor::new(1), Editor::new(2), Editor::new(1 << 40)];
    (0..count)
        .map(|_| {
            let editor = one_of(random, &editors);
            if random.below(3) == 0 {
                editor.receive(&one_of(random, &editors).diff(&editor.vector()));
            }
            if random.below(12) == 0 { editor.diff(&[0]) } else { edit(editor, random) }
        })
        .collect()
}
