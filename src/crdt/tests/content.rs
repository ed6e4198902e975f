//! Reading what documents say, whatever their clients made of our roots.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};
use yrs::{
    Any, Array, ArrayPrelim, Map, MapPrelim, Text, WriteTxn, Xml, XmlElementPrelim, XmlFragment,
    XmlTextPrelim, types::Attrs,
};

use super::{Editor, document};
use crate::{
    crdt::{
        Incoming, Verdict,
        content::{self, Body, Content, Kind, Mark, Meta, Names, Node, Unreadable},
    },
    ids::ClientId,
};

const NAMES: Names = Names { attributes: &["level"], marks: &["bold", "link"] };

fn read(state: &[u8]) -> Content {
    content::read(state, NAMES).expect("a state")
}

fn nodes(state: &[u8]) -> Vec<Node> {
    match read(state).body {
        Body::Rich(nodes) => nodes,
        Body::Text(text) => panic!("a text: {text}"),
    }
}

fn plain(text: &str) -> Node {
    Node::Text { text: text.into(), marks: Vec::new() }
}

fn element(name: &str, attributes: Value, children: Vec<Node>) -> Node {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    Node::Element { name: name.into(), attributes, children }
}

fn attrs(entries: &[(&str, Any)]) -> Attrs {
    entries.iter().map(|(key, value)| (Arc::from(*key), value.clone())).collect()
}

#[test]
fn elements_attributes_and_marks_are_read() {
    let editor = Editor::new(1);
    editor.edit(|txn| {
        let root = txn.get_or_insert_xml_fragment("default");
        let heading = root.push_back(txn, XmlElementPrelim::empty("heading"));
        heading.insert_attribute(txn, "level", 2);
        heading.insert_attribute(txn, "unknown", "x".repeat(100_000));
        let text = heading.push_back(txn, XmlTextPrelim::new(""));
        text.insert(txn, 0, "ab😀");
        let href = Any::Map(Arc::new(HashMap::from([("href".to_owned(), Any::from("x"))])));
        text.format(txn, 1, 3, attrs(&[("link--abcd123=", href), ("odd", Any::from(true))]));
    });
    let Value::Object(attributes) = json!({ "href": "x" }) else { panic!("an object") };
    let link = Mark { name: "link".into(), attributes };
    let linked = Node::Text { text: "b😀".into(), marks: vec![Arc::new(link)] };
    let expected = element("heading", json!({ "level": 2 }), vec![plain("a"), linked]);
    assert_eq!(nodes(&editor.diff(&[0])), [expected]);
}

#[test]
fn roots_of_other_types_are_read_for_what_they_hold() {
    let map = Editor::new(1);
    map.edit(|txn| {
        txn.get_or_insert_map("default").insert(txn, "a", "b");
    });
    assert_eq!(nodes(&map.diff(&[0])), []);
    // An array root that holds a text with a character of two units makes the library loop for ever.
    let text = Editor::new(2);
    text.edit(|txn| txn.get_or_insert_text("default").insert(txn, 0, "hello 😀"));
    assert_eq!(nodes(&text.diff(&[0])), [plain("hello 😀")]);
    let array = Editor::new(3);
    array.edit(|txn| {
        let root = txn.get_or_insert_array("default");
        root.push_back(txn, "a");
        root.push_back(txn, ArrayPrelim::from(["b"]));
        root.push_back(txn, MapPrelim::from([("c", "d")]));
        let text = txn.get_or_insert_array("text");
        text.push_back(txn, "x");
        txn.get_or_insert_array("meta").push_back(txn, "y");
    });
    let content = read(&array.diff(&[0]));
    assert_eq!(content.body, Body::Rich(Vec::new()));
    assert_eq!(content.meta, Meta::default());
}

#[test]
fn values_and_types_among_text_are_left_out_and_text_within_text_stays() {
    let editor = Editor::new(1);
    editor.edit(|txn| {
        let root = txn.get_or_insert_xml_fragment("default");
        let text = root.push_back(txn, XmlTextPrelim::new("ac"));
        text.insert_embed(txn, 1, Any::Array(Arc::from([Any::from("bold"), Any::from(true)])));
        text.insert_embed(txn, 2, XmlElementPrelim::empty("inner"));
        text.insert_embed(txn, 3, MapPrelim::from([("k", "v")]));
    });
    let expected = [plain("a"), element("inner", json!({}), vec![]), plain("c")];
    assert_eq!(nodes(&editor.diff(&[0])), expected);
}

#[test]
fn deep_and_many_formatted_documents_take_no_time() {
    let editor = Editor::new(1);
    editor.edit(|txn| {
        let mut inner =
            txn.get_or_insert_xml_fragment("default").push_back(txn, XmlElementPrelim::empty("x"));
        for _ in 0..120 {
            inner = inner.push_back(txn, XmlElementPrelim::empty("x"));
        }
    });
    let mut depth = 0;
    let mut nodes = nodes(&editor.diff(&[0]));
    while let Some(Node::Element { children, .. }) = nodes.pop() {
        depth += 1;
        nodes = children;
    }
    assert_eq!(depth, 121);
    // Every format open while every letter stands alone: copies of them would be 400 million.
    let state = formats(20_000);
    let content = content::read(&state, NAMES).expect("read");
    assert!(matches!(content.body, Body::Rich(nodes) if nodes.len() >= 20_000));
}

/// A text of so many letters, before each of which another format begins.
fn formats(count: u32) -> Vec<u8> {
    use crate::crdt::{parser::Id, writer::Writer};
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(2 * count as usize, Id { client: 1, clock: 0 });
    for number in 0..count {
        for format in [true, false] {
            let kind = if format { 6 } else { 4 };
            if number == 0 && format {
                writer.raw(&[kind, 1]);
                writer.string("default");
            } else {
                writer.raw(&[kind | 0x80, 1]);
                writer.number(u64::from(2 * number + u32::from(!format) - 1));
            }
            if format {
                let hash = format!("bold--{number:08}");
                writer.string(&hash);
                writer.string("{}");
            } else {
                writer.string("x");
            }
        }
    }
    writer.deletes(&[]);
    writer.into_bytes().to_vec()
}

#[test]
fn what_is_written_is_admitted_and_can_be_edited() {
    let bold = Arc::new(Mark { name: "bold".into(), attributes: Default::default() });
    let body = vec![
        element(
            "heading",
            json!({ "level": 1 }),
            vec![
                plain("a😀"),
                Node::Text { text: "b".into(), marks: vec![bold] },
                element("hardBreak", json!({}), vec![]),
                plain("c"),
            ],
        ),
        element("paragraph", json!({}), vec![]),
    ];
    let meta = Meta { title: Some("T".into()), kind: Some(Kind::Rich), lang: None };
    let content = Content { meta, body: Body::Rich(body) };
    let update = content::write(&content, ClientId(5));
    let mut state = document();
    let verdict = state.apply(&[Incoming { update: update.clone(), step2: false }]);
    let verdict = verdict.expect("whole").verdicts.remove(0);
    assert_eq!(verdict, Verdict::Applied(update.clone()));
    assert_eq!(read(&state.snapshot().expect("a snapshot")), content);
    let editor = Editor::new(6);
    editor.receive(&update);
    editor.edit(|txn| {
        let root = txn.get_or_insert_xml_fragment("default");
        root.push_back(txn, XmlTextPrelim::new("more"));
        root.remove(txn, 1);
    });
    let after = nodes(&editor.diff(&[0]));
    assert_eq!((after.len(), &after[1]), (2, &plain("more")));
}

#[test]
fn a_state_that_is_not_whole_is_refused() {
    let editor = Editor::new(1);
    editor.insert(0, "a");
    let more = editor.insert(1, "b");
    for bytes in [&more[..], b"", b"junk", &[0, 0, 0]] {
        assert!(matches!(content::read(bytes, NAMES), Err(Unreadable::State(_))));
    }
}
