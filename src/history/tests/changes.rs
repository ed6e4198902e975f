//! What came and went between two moments, against the texts of both.

use serde_json::Map;

use super::*;
use crate::{
    crdt::content::{Content, Mark, Meta, Node},
    history::changes::{Run, State, changes},
};

fn joined(runs: &[Run], without: State) -> String {
    runs.iter().filter(|run| run.state != without).map(|run| &run.text[..]).collect()
}

fn names(past: &Past, runs: &[Run]) -> Vec<(State, String, String)> {
    let name = |run: &Run| past.rows().users()[run.user as usize].name.to_string();
    runs.iter().map(|run| (run.state, run.text.clone(), name(run))).collect()
}

#[test]
fn what_stayed_and_came_is_one_moment_and_what_stayed_and_went_the_other() {
    let log = typed(12, 300);
    let past = past(&log);
    for (from, to) in [(0, 300), (0, 0), (100, 100), (10, 290), (299, 300), (150, 151)] {
        let runs = changes(&past, Seq(from), Seq(to)).unwrap();
        assert_eq!(joined(&runs, State::Inserted), text_at(&past, from), "{from} to {to}");
        assert_eq!(joined(&runs, State::Deleted), text_at(&past, to), "{from} to {to}");
    }
    assert!(matches!(changes(&past, Seq(1), Seq(301)), Err(HistoryError::Beyond { .. })));
}

#[test]
fn who_wrote_and_who_deleted_is_told() {
    let (mut ada, mut bob) = (Replica::new(ClientId(1), "text"), Replica::new(ClientId(2), "text"));
    let one = ada.edit(|text| text.push("good mornin")).1.unwrap();
    bob.apply(&one).unwrap();
    let two = bob.edit(|text| text.push("g all")).1.unwrap();
    ada.apply(&two).unwrap();
    let three = ada.edit(|text| text.delete(12, 4)).1.unwrap();
    let past = past(&[("Ada", one), ("Bob", two), ("Ada", three)]);
    let told = |from, to| names(&past, &changes(&past, Seq(from), Seq(to)).unwrap());
    let run = |state, text: &str, name: &str| (state, text.to_owned(), name.to_owned());
    use State::{Deleted, Inserted, Kept};
    assert_eq!(told(1, 2), [run(Kept, "good mornin", "Ada"), run(Inserted, "g all", "Bob")]);
    assert_eq!(
        told(2, 3),
        [run(Kept, "good mornin", "Ada"), run(Kept, "g", "Bob"), run(Deleted, " all", "Ada")]
    );
    assert_eq!(told(0, 3), [run(Inserted, "good mornin", "Ada"), run(Inserted, "g", "Bob")]);
}

#[test]
fn blocks_of_rich_text_have_a_line_each() {
    let text = |text: &str| Node::Text { text: text.to_owned(), marks: Vec::new() };
    let block = |name: &str, children: Vec<Node>| Node::Element {
        name: name.into(),
        attributes: Map::new(),
        children,
    };
    let of = |name: &str, words: &str| block(name, vec![text(words)]);
    let item = |words: &str| block("listItem", vec![of("paragraph", words)]);
    let cell = |words: &str| block("tableCell", vec![of("paragraph", words)]);
    let bold = Mark { name: "bold".into(), attributes: Map::new() };
    let words = vec![
        text("two "),
        Node::Text { text: "bold".to_owned(), marks: vec![Arc::new(bold)] },
        text(" words"),
    ];
    let body = Body::Rich(vec![
        of("heading", "One"),
        block("paragraph", words),
        block("bulletList", vec![item("a"), item("b")]),
        block(
            "table",
            vec![
                block("tableRow", vec![cell("x"), cell("y")]),
                block("tableRow", vec![cell("1"), cell("2")]),
            ],
        ),
    ]);
    let update = content::write(&Content { meta: Meta::default(), body }, ClientId(9));
    let past = past(&[("Ada", update)]);
    let runs = changes(&past, Seq(0), Seq(1)).unwrap();
    assert_eq!(joined(&runs, State::Deleted), "One\ntwo bold words\na\nb\nx\ny\n1\n2");
    assert_eq!(joined(&runs, State::Inserted), "");
}

#[test]
fn a_moment_as_a_file_has_nothing_that_was_deleted_by_then() {
    let mut ada = Replica::new(ClientId(1), "text");
    let one = ada.edit(|text| text.push("a secret plan")).1.unwrap();
    let two = ada.edit(|text| text.delete(2, 7)).1.unwrap();
    let three = ada.edit(|text| text.push("!")).1.unwrap();
    let past = past(&[("Ada", one), ("Ada", two), ("Ada", three)]);
    let has = |state: &[u8]| state.windows(6).any(|it| it == b"secret");
    assert!(has(&past.state(Seq(3)).unwrap()), "the past itself knows it");
    assert!(has(&past.state_without_deleted(Seq(1)).unwrap()));
    for moment in [2, 3] {
        let state = past.state_without_deleted(Seq(moment)).unwrap();
        assert!(!has(&state), "{moment}");
        assert_eq!(content::text(&state).unwrap(), text_at(&past, moment));
    }
}
