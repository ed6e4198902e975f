//! A rich document between two moments: its tree with what came, what went and what looks otherwise,
//! and by whom.
//!
//! Everything that was ever in the document is gone through once. What is at one of the moments is
//! shown: without what went it is the document at the later one, and without what came, and as
//! `before` says, that at the earlier one. Knows of elements and marks what it is asked for.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};

use super::{
    HistoryError, Past,
    changes::{Lives, Piece, State},
};
use crate::{
    crdt::{
        content::{Formats, Mark, Names},
        past::{
            Id,
            everything::{Attribute, Part, everything},
        },
    },
    ids::Seq,
};

/// What became of a part of a document, and by whom: who deleted what went, who changed what looks
/// otherwise, and who wrote the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// What became of it.
    pub state: State,
    /// A number of a user.
    pub user: u32,
}

/// A part of a document that is there at one of two moments.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// An element.
    Element {
        /// What it is, such as `paragraph`.
        name: Arc<str>,
        /// Those that were asked for.
        attributes: Map<String, Value>,
        /// What they were, where the element is another now.
        before: Option<Map<String, Value>>,
        /// What is in it.
        content: Vec<Node>,
        /// What became of it.
        fate: Fate,
    },
    /// A stretch of text.
    Text {
        /// Not empty.
        text: String,
        /// Its marks.
        marks: Vec<Arc<Mark>>,
        /// What they were, where the text looks otherwise now.
        before: Option<Vec<Arc<Mark>>>,
        /// What became of it.
        fate: Fate,
    },
}

/// Tells two moments apart.
///
/// # Errors
/// When there is no such moment, or the content cannot be read.
pub fn compared(past: &Past, from: Seq, to: Seq, names: Names) -> Result<Vec<Node>, HistoryError> {
    let (from, to) = (past.rows_at(from)?, past.rows_at(to)?);
    let rows = from.max(to);
    let clocks = past.rows().clocks(past.content().clients().len(), rows);
    let parts = everything(&past.content().inserted(&[], &clocks), names)
        .map_err(|it| HistoryError::Damaged(it.to_string()))?;
    let mut writer =
        Writer { past, lives: Lives::of(past, rows), from, to, open: vec![Open::default()] };
    for part in parts {
        match part {
            Part::Element { id, name, attributes, .. } => writer.element(id, name, &attributes),
            Part::Text => writer.text(),
            Part::End => writer.end(),
            Part::Letters(id, text) => writer.letters(id, &text),
            Part::Format(id, key, mark) => writer.format(id, &key, mark),
        }
    }
    Ok(writer.open.pop().unwrap_or_default().content)
}

/// Attributes to show, those of before if they are others, and the last row that changed one.
type Attributes = (Map<String, Value>, Option<Map<String, Value>>, Option<usize>);

/// An element or text that has not ended.
#[derive(Default)]
struct Open {
    /// The element without its content; none of a text, and of what is at neither moment.
    element: Option<Node>,
    /// Whether nothing in it is shown.
    hidden: bool,
    content: Vec<Node>,
    now: Formats,
    then: Formats,
    /// The last row that changed what text looks like, by key.
    changes: HashMap<Arc<str>, usize>,
}

struct Writer<'a> {
    past: &'a Past,
    lives: Lives,
    from: usize,
    to: usize,
    /// From the document on; never empty.
    open: Vec<Open>,
}

impl Writer<'_> {
    fn top(&mut self) -> Option<&mut Open> {
        self.open.last_mut()
    }

    fn fate(&self, state: State, row: usize) -> Fate {
        Fate { state, user: self.past.rows().row(row - 1).user }
    }

    fn element(&mut self, id: Id, name: Arc<str>, all: &[Attribute]) {
        let hidden = self.open.last().is_some_and(|open| open.hidden);
        let (life, _) = self.lives.at(id, 1);
        let state = life.state(self.from, self.to).filter(|_| !hidden);
        let element = state.map(|state| {
            let (attributes, before, changed) = self.attributes(all, state);
            let fate = match (state, changed) {
                (State::Kept, Some(row)) => self.fate(State::Changed, row),
                _ => self.fate(state, if state == State::Deleted { life.died } else { life.born }),
            };
            Node::Element { name, attributes, before, content: Vec::new(), fate }
        });
        self.open.push(Open { hidden: element.is_none(), element, ..Open::default() });
    }

    fn text(&mut self) {
        let hidden = self.open.last().is_some_and(|open| open.hidden);
        self.open.push(Open { hidden, ..Open::default() });
    }

    fn attributes(&self, all: &[Attribute], state: State) -> Attributes {
        let (mut now, mut then, mut changed) = (Map::new(), Map::new(), None);
        for Attribute { id, key, value } in all {
            let (life, _) = self.lives.at(*id, 1);
            let (was, is) = (life.is_at(self.from), life.is_at(self.to));
            if was {
                then.insert((*key).to_owned(), value.clone());
            }
            if is {
                now.insert((*key).to_owned(), value.clone());
            }
            if was != is {
                changed = changed.max(Some(if is { life.born } else { life.died }));
            }
        }
        match state {
            State::Deleted => (then, None, None),
            State::Kept if now != then => (now, Some(then), changed),
            _ => (now, None, None),
        }
    }

    fn end(&mut self) {
        let Some(ended) = self.open.pop() else { return };
        let Some(around) = self.open.last_mut() else { return };
        match ended.element {
            Some(Node::Element { name, attributes, before, fate, .. }) => {
                let content = ended.content;
                around.content.push(Node::Element { name, attributes, before, content, fate });
            }
            // A text is a part of what is around it.
            _ if !ended.hidden => around.content.extend(ended.content),
            _ => {}
        }
    }

    fn format(&mut self, id: Id, key: &Arc<str>, mark: Option<Arc<Mark>>) {
        let (life, _) = self.lives.at(id, 1);
        let (was, is) = (life.is_at(self.from), life.is_at(self.to));
        let Some(open) = self.top() else { return };
        if was != is {
            open.changes.insert(Arc::clone(key), if is { life.born } else { life.died });
        }
        if was {
            open.then.follow(key, mark.clone());
        }
        if is {
            open.now.follow(key, mark);
        }
    }

    fn letters(&mut self, id: Id, text: &str) {
        if self.open.last().is_none_or(|open| open.hidden) {
            return;
        }
        for Piece { state, text, row } in self.lives.pieces(id, text, (self.from, self.to)) {
            self.stretch(&text, state, row);
        }
    }

    fn stretch(&mut self, text: &str, state: State, row: usize) {
        let Some(open) = self.open.last() else { return };
        let marks = if state == State::Deleted { open.then.marks() } else { open.now.marks() };
        let changed = match state {
            State::Kept => open.last_change(),
            _ => None,
        };
        let before = changed.map(|_| open.then.marks());
        let fate = match changed {
            Some(row) => self.fate(State::Changed, row),
            None => self.fate(state, row),
        };
        let Some(open) = self.top() else { return };
        match open.content.last_mut() {
            Some(Node::Text { text: so_far, marks: last, before: earlier, fate: same })
                if *same == fate && *last == marks && *earlier == before =>
            {
                so_far.push_str(text);
            }
            _ => open.content.push(Node::Text { text: text.to_owned(), marks, before, fate }),
        }
    }
}

impl Open {
    /// The last row that made a mark another than it was; `None` where all are the same.
    fn last_change(&self) -> Option<usize> {
        let others = self.changes.iter().filter(|(key, _)| self.now.get(key) != self.then.get(key));
        others.map(|(_, row)| *row).max()
    }
}
