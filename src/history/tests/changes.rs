//! What came and went between two moments, against the texts of both.

use super::*;
use crate::history::changes::{Run, State, changes};

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
    let markdown = "# One\n\ntwo **bold** words\n\n- a\n- b\n\n| x | y |\n| - | - |\n| 1 | 2 |\n";
    let about = convert::About::default();
    let update =
        convert::import(markdown.as_bytes(), Format::Markdown, &about, ClientId(9)).unwrap();
    let past = past(&[("Ada", update)]);
    let runs = changes(&past, Seq(0), Seq(1)).unwrap();
    assert_eq!(joined(&runs, State::Deleted), "One\ntwo bold words\na\nb\nx\ny\n1\n2");
    assert_eq!(joined(&runs, State::Inserted), "");
}
