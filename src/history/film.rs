//! A document's past as a film: the lines of any moment, every letter with its author.
//!
//! Made once of everything that was ever in the document; a moment is then a filter over it, forwards
//! and backwards alike. Rich text is shown as text: lists with their marks, tables row by row. Knows no
//! screen and no colours.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::{
    HistoryError, Past,
    changes::{Life, Lives},
};
use crate::crdt::{
    content::{Formats, Mark, Names},
    past::{
        Id,
        everything::{self, everything},
    },
};

/// What can be shown in letters.
const NAMES: Names = Names {
    attributes: &["level", "checked"],
    marks: &["bold", "italic", "underline", "strike", "code", "link", "highlight"],
};

/// A past that can be shown at any moment. Moments are numbers of rows.
#[derive(Debug)]
pub struct Film {
    parts: Vec<Part>,
    rows: usize,
}

#[derive(Debug)]
struct Part {
    life: Life,
    user: u32,
    what: What,
}

#[derive(Debug)]
enum What {
    Text(String),
    Block(Arc<[Element]>),
    /// Something begins in which no format is open, or ends.
    Begin,
    End,
    Format(Arc<str>, Option<Arc<Mark>>),
}

/// An element around a block, or the block.
#[derive(Clone, Debug)]
struct Element {
    id: Id,
    name: Arc<str>,
    /// All values that its attributes ever had.
    attributes: Arc<[(Life, &'static str, Value)]>,
}

impl Element {
    /// What an attribute says after so many rows.
    fn attribute(&self, key: &str, rows: usize) -> Option<&Value> {
        let mut all = self.attributes.iter();
        all.find(|(life, name, _)| *name == key && life.is_at(rows)).map(|(.., value)| value)
    }
}

/// What a moment looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Never without a line.
    pub lines: Vec<Line>,
    /// Where the last edit was: a line, and letters before the place.
    pub caret: Option<(usize, usize)>,
}

/// A line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What stands in front of it: the mark of a list, or room for one.
    pub lead: String,
    /// Whether it is a heading.
    pub heading: bool,
    /// The text.
    pub spans: Vec<Span>,
}

/// A stretch of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Who wrote it; `None` for what the display adds.
    pub user: Option<u32>,
    /// How it looks.
    pub look: Look,
    /// Not empty.
    pub text: String,
}

/// What marks make of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark that people set by itself")]
pub struct Look {
    /// Bold.
    pub bold: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined, as links are.
    pub underline: bool,
    /// Struck out.
    pub strike: bool,
    /// Code, or highlighted: on another ground.
    pub ground: bool,
}

impl Look {
    fn of(formats: &Formats) -> Self {
        let mut look = Self::default();
        for mark in formats.marks() {
            match &mark.name[..] {
                "bold" => look.bold = true,
                "italic" => look.italic = true,
                "underline" | "link" => look.underline = true,
                "strike" => look.strike = true,
                "code" | "highlight" => look.ground = true,
                _ => {}
            }
        }
        look
    }
}

impl Line {
    /// How many letters it has without its lead.
    #[must_use]
    pub fn letters(&self) -> usize {
        self.spans.iter().map(|span| span.text.chars().count()).sum()
    }

    fn push(&mut self, user: Option<u32>, look: Look, text: &str) {
        match self.spans.last_mut() {
            Some(last) if (last.user, last.look) == (user, look) => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.spans.push(Span { user, look, text: text.to_owned() }),
        }
    }
}

impl Film {
    /// Makes a film of a past. Belongs on a thread with a large stack.
    ///
    /// # Errors
    /// When the content cannot be read.
    pub fn of(past: &Past) -> Result<Self, HistoryError> {
        let rows = past.rows().len();
        let lives = Lives::of(past, rows);
        let clocks = past.rows().clocks(past.content().clients().len(), rows);
        let parts = everything(&past.content().inserted(&[], &clocks), NAMES)
            .map_err(|it| HistoryError::Damaged(it.to_string()))?;
        let mut maker = Maker { past, lives, rows, parts: Vec::new(), around: Vec::new() };
        parts.into_iter().for_each(|part| maker.add(part));
        Ok(Self { parts: maker.parts, rows })
    }

    /// How many moments there are after the beginning.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The document after so many rows.
    #[must_use]
    pub fn frame(&self, rows: usize) -> Frame {
        let mut writer = Writer::of(rows);
        for part in &self.parts {
            let is_there = part.life.born <= rows && rows < part.life.died;
            match &part.what {
                What::Begin => writer.formats.push(Formats::default()),
                What::End => drop(writer.formats.pop()),
                What::Text(text) if is_there => writer.text(part.user, text),
                What::Block(around) if is_there => writer.block(around),
                What::Format(key, mark) if is_there => writer.format(key, mark.clone()),
                _ => {}
            }
            let changed = if is_there { part.life.born == rows } else { part.life.died == rows };
            if changed && rows > 0 {
                writer.mark();
            }
        }
        Frame { lines: writer.lines, caret: writer.caret }
    }
}

/// The parts of a film in the making.
struct Maker<'a> {
    past: &'a Past,
    lives: Lives,
    rows: usize,
    parts: Vec<Part>,
    /// What is open: elements, and texts.
    around: Vec<Option<Element>>,
}

impl Maker<'_> {
    fn add(&mut self, part: everything::Part) {
        match part {
            everything::Part::Element { id, name, is_block, attributes } => {
                let attributes = attributes.into_iter();
                let attributes = attributes.map(|it| (self.lives.at(it.id, 1).0, it.key, it.value));
                self.around.push(Some(Element { id, name, attributes: attributes.collect() }));
                if is_block {
                    let around: Arc<[Element]> = self.around.iter().flatten().cloned().collect();
                    self.push(self.lives.at(id, 1).0, What::Block(around));
                }
                self.push(ALWAYS, What::Begin);
            }
            everything::Part::Text => {
                self.around.push(None);
                self.push(ALWAYS, What::Begin);
            }
            everything::Part::End => {
                self.around.pop();
                self.push(ALWAYS, What::End);
            }
            everything::Part::Format(id, key, mark) => {
                self.push(self.lives.at(id, 1).0, What::Format(key, mark));
            }
            everything::Part::Letters(id, text) => self.letters(id, &text),
        }
    }

    fn letters(&mut self, mut id: Id, text: &str) {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut rest = &units[..];
        while !rest.is_empty() {
            let len = u32::try_from(rest.len()).unwrap_or(u32::MAX);
            let (life, len) = self.lives.at(id, len);
            let (now, later) = rest.split_at(len as usize);
            self.push(life, What::Text(String::from_utf16_lossy(now)));
            id.clock += len;
            rest = later;
        }
    }

    fn push(&mut self, life: Life, what: What) {
        let born = life.born.checked_sub(1);
        let user = match born.filter(|row| *row < self.rows) {
            Some(row) => self.past.rows().row(row).user,
            None if born.is_none() => 0,
            // It came later.
            None => return,
        };
        self.parts.push(Part { life, user, what });
    }
}

/// Beginnings and ends are there with and without what they enclose.
const ALWAYS: Life = Life { born: 0, died: usize::MAX };

/// The lines of a moment in the making.
struct Writer {
    lines: Vec<Line>,
    caret: Option<(usize, usize)>,
    /// The elements around the last block.
    around: Option<Arc<[Element]>>,
    /// How many items each numbered list has had.
    numbers: HashMap<Id, usize>,
    /// Of all that is open; never empty.
    formats: Vec<Formats>,
    rows: usize,
}

impl Writer {
    /// Nothing yet of the moment after so many rows.
    fn of(rows: usize) -> Self {
        Self {
            lines: vec![Line::default()],
            caret: None,
            around: None,
            numbers: HashMap::new(),
            formats: vec![Formats::default()],
            rows,
        }
    }

    fn format(&mut self, key: &Arc<str>, mark: Option<Arc<Mark>>) {
        if let Some(formats) = self.formats.last_mut() {
            formats.follow(key, mark);
        }
    }

    fn last(&mut self) -> &mut Line {
        if self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let last = self.lines.len() - 1;
        &mut self.lines[last]
    }

    fn mark(&mut self) {
        let letters = self.last().letters();
        self.caret = Some((self.lines.len() - 1, letters));
    }

    fn text(&mut self, user: u32, text: &str) {
        let look = self.formats.last().map(Look::of).unwrap_or_default();
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                let before = self.last();
                let (room, heading) = (" ".repeat(before.lead.chars().count()), before.heading);
                self.lines.push(Line { lead: room, heading, spans: Vec::new() });
            }
            self.last().push(Some(user), look, line);
        }
    }

    fn block(&mut self, around: &Arc<[Element]>) {
        let Some(own) = around.last() else { return };
        let before = self.around.replace(Arc::clone(around));
        let shares = |name: &str| {
            let id = |path: &[Element]| path.iter().rfind(|it| &*it.name == name).map(|it| it.id);
            let here = id(around);
            here.is_some() && before.as_deref().and_then(id) == here
        };
        if &*own.name == "hardBreak" {
            self.around = before;
            return self.text(0, "\n");
        }
        if shares("tableRow") {
            return self.last().push(None, Look::default(), "  │  ");
        }
        // Blocks of the document stand apart; items of a list and rows of a table do not.
        if let Some(before) = &before {
            let apart = before.first().map(|it| it.id) != around.first().map(|it| it.id);
            if apart {
                self.lines.push(Line::default());
            }
            self.lines.push(Line::default());
        }
        let is_first = |item: Id| !before.iter().any(|path| path.iter().any(|it| it.id == item));
        let lead = self.lead(around, &is_first);
        let level = around.iter().find(|it| &*it.name == "heading").map(|it| self.level(it));
        let header = around.iter().any(|it| &*it.name == "tableHeader");
        let line = self.last();
        line.lead = match level {
            Some(level) => format!("{lead}{} ", "#".repeat(level)),
            None => lead,
        };
        line.heading = level.is_some() || header;
        if &*own.name == "horizontalRule" {
            line.push(None, Look::default(), "* * *");
        }
    }

    fn level(&self, heading: &Element) -> usize {
        let level = heading.attribute("level", self.rows).and_then(Value::as_u64).unwrap_or(1);
        usize::try_from(level.clamp(1, 6)).unwrap_or(1)
    }

    /// Marks of the lists and quotes around a block; an item's mark stands before its first block.
    fn lead(&mut self, around: &[Element], is_first: &dyn Fn(Id) -> bool) -> String {
        let mut lead = String::new();
        let mut list: Option<&Element> = None;
        for element in around {
            match &*element.name {
                "bulletList" | "orderedList" | "taskList" => list = Some(element),
                "blockquote" => lead.push_str("│ "),
                "listItem" | "taskItem" => {
                    let ordered = list.filter(|list| &*list.name == "orderedList");
                    let mark = match ordered {
                        Some(list) => {
                            let number = self.numbers.entry(list.id).or_default();
                            *number += usize::from(is_first(element.id));
                            format!("{number}. ")
                        }
                        None if &*element.name == "taskItem" => {
                            let done = element.attribute("checked", self.rows);
                            if done == Some(&Value::Bool(true)) { "☒ " } else { "☐ " }.to_owned()
                        }
                        None => "• ".to_owned(),
                    };
                    if is_first(element.id) {
                        lead.push_str(&mark);
                    } else {
                        lead.push_str(&" ".repeat(mark.chars().count()));
                    }
                }
                _ => {}
            }
        }
        lead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Timestamp,
        crdt::replica::Replica,
        identity::{Author, AuthorKind},
        ids::{ClientId, DocumentId, Seq},
        random::{Random, SeededRandom},
        storage::{Entry, StoredEntry},
    };

    fn author(name: &str) -> Arc<Author> {
        let kind = AuthorKind::Claimed;
        Arc::new(Author { kind, user: "".into(), name: name.into(), connection: 0 })
    }

    fn push(past: &mut Past, name: &str, update: bytes::Bytes) {
        let seq = Seq(past.rows().len() as u64 + 1);
        let entry = Entry { time: Timestamp(seq.0), author: author(name), update };
        past.push(&StoredEntry { seq, entry }).unwrap();
    }

    fn text(frame: &Frame) -> String {
        let line = |line: &Line| line.spans.iter().map(|it| &it.text[..]).collect::<String>();
        frame.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_moment_of_two_people_typing_is_what_it_was() {
        let random = SeededRandom::new(7);
        let mut past = Past::new(DocumentId::from_bytes([1; 16]));
        let mut people = [Replica::new(ClientId(5), "text"), Replica::new(ClientId(900), "text")];
        let mut moments = vec![String::new()];
        for _ in 0..600 {
            let who = usize::try_from(random.below(2)).unwrap();
            let (_, update) = people[who].edit(|text| {
                let at = u32::try_from(random.below(u64::from(text.len()) + 1)).unwrap();
                if random.below(3) == 0 && at > 0 {
                    text.delete(at - 1, 1).unwrap();
                } else {
                    text.insert(
                        at,
                        ["a", "b ", "\n", "ü"][usize::try_from(random.below(4)).unwrap()],
                    )
                    .unwrap();
                }
            });
            let update = update.unwrap();
            people[1 - who].apply(&update).unwrap();
            push(&mut past, ["Ada", "Bob"][who], update);
            moments.push(people[0].text());
        }
        let film = Film::of(&past).unwrap();
        assert_eq!(film.rows(), 600);
        for (rows, expected) in moments.iter().enumerate() {
            assert_eq!(text(&film.frame(rows)), *expected, "after {rows}");
        }
    }

    #[test]
    fn letters_have_their_authors_and_the_caret_is_where_the_last_edit_was() {
        let mut past = Past::new(DocumentId::from_bytes([1; 16]));
        let (mut ada, mut bob) =
            (Replica::new(ClientId(5), "text"), Replica::new(ClientId(6), "text"));
        let (_, first) = ada.edit(|text| text.push("one three"));
        bob.apply(first.as_ref().unwrap()).unwrap();
        let (_, second) = bob.edit(|text| text.insert(4, "two ").unwrap());
        let (_, third) = bob.edit(|text| text.delete(0, 4).unwrap());
        push(&mut past, "Ada", first.unwrap());
        push(&mut past, "Bob", second.unwrap());
        push(&mut past, "Bob", third.unwrap());
        let film = Film::of(&past).unwrap();
        let look = Look::default();
        let span = |user: u32, text: &str| Span { user: Some(user), look, text: text.to_owned() };
        let frame = film.frame(2);
        assert_eq!(frame.lines[0].spans, [span(0, "one "), span(1, "two "), span(0, "three")]);
        assert_eq!(frame.caret, Some((0, 8)));
        let frame = film.frame(3);
        assert_eq!((text(&frame), frame.caret), ("two three".to_owned(), Some((0, 0))));
        assert_eq!(film.frame(0), Frame { lines: vec![Line::default()], caret: None });
    }
}
