//! Rich documents between two moments: states, what was before, and by whom.

use serde_json::{Map, Value};

use super::*;
use crate::{
    crdt::content::{Content, Mark, Meta},
    history::compared::{Node, compared},
};

const NAMES: Names = Names { attributes: &["level"], marks: &["bold"] };

/// A node in letters: its state, its author, and what it is.
fn told(past: &Past, nodes: &[Node]) -> String {
    let by = |user: u32| past.rows().users()[user as usize].name.to_string();
    let marks = |marks: &[Arc<Mark>]| {
        marks.iter().map(|mark| mark.name.clone()).collect::<Vec<_>>().join("+")
    };
    let one = |node: &Node| match node {
        Node::Text { text, marks: now, before, fate } => {
            let before = before.as_ref().map(|before| format!(" was [{}]", marks(before)));
            let before = before.unwrap_or_default();
            format!("{:?} {}: {text:?} [{}]{before}", fate.state, by(fate.user), marks(now))
        }
        Node::Element { name, attributes, before, content, fate } => {
            let level = |all: &Map<String, Value>| all.get("level").cloned();
            let before = before.as_ref().map(|it| format!(" was {:?}", level(it)));
            format!(
                "{:?} {}: {name} {:?}{} ({})",
                fate.state,
                by(fate.user),
                level(attributes),
                before.unwrap_or_default(),
                told(past, content)
            )
        }
    };
    nodes.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Ada writes a heading with two words, Bob makes it smaller and one word bold, Ada deletes the other.
fn meeting() -> Past {
    let bold = Arc::new(Mark { name: "bold".to_owned(), attributes: Map::new() });
    let text =
        |text: &str, marks: Vec<Arc<Mark>>| content::Node::Text { text: text.to_owned(), marks };
    let written = |level: u64, children: Vec<content::Node>| {
        let attributes = [("level".to_owned(), Value::from(level))].into_iter().collect();
        let heading = content::Node::Element { name: "heading".into(), attributes, children };
        let content = Content { meta: Meta::default(), body: Body::Rich(vec![heading]) };
        content::write(&content, ClientId(9))
    };
    let moments = [
        written(2, vec![text("one two", vec![])]),
        written(2, vec![text("one ", vec![]), text("two", vec![bold.clone()])]),
        written(2, vec![text("two", vec![bold])]),
    ];
    let mut past = past(&[("Ada", written(1, vec![text("one two", vec![])]))]);
    for (at, (name, moment)) in ["Bob", "Bob", "Ada"].iter().zip(&moments).enumerate() {
        let seq = at as u64 + 1;
        let now = past.state(Seq(seq)).unwrap();
        let edit = content::restore(&now, moment, ClientId(20 + seq)).unwrap().unwrap();
        past.push(&stored(seq + 1, name, &edit)).unwrap();
    }
    past
}

#[test]
fn what_came_went_and_looks_otherwise_is_told_with_who_did_it() {
    let past = meeting();
    let told = |from, to| told(&past, &compared(&past, Seq(from), Seq(to), NAMES).unwrap());
    let one = "Some(Number(1))";
    let two = "Some(Number(2))";
    assert_eq!(told(0, 1), format!("Inserted Ada: heading {one} (Inserted Ada: \"one two\" [])"));
    assert_eq!(
        told(1, 2),
        format!("Changed Bob: heading {two} was {one} (Kept Ada: \"one two\" [])")
    );
    assert_eq!(
        told(1, 3),
        format!(
            "Changed Bob: heading {two} was {one} (Kept Ada: \"one \" []; Changed Bob: \"two\" [bold] was [])"
        )
    );
    assert_eq!(
        told(2, 4),
        format!(
            "Kept Ada: heading {two} (Deleted Ada: \"one \" []; Changed Bob: \"two\" [bold] was [])"
        )
    );
    assert_eq!(
        told(3, 4),
        format!("Kept Ada: heading {two} (Deleted Ada: \"one \" []; Kept Ada: \"two\" [bold])")
    );
    let beyond = compared(&past, Seq(0), Seq(5), NAMES);
    assert!(matches!(beyond, Err(HistoryError::Beyond { .. })), "{beyond:?}");
}
