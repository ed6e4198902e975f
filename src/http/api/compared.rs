//! The rich form of a difference, as JSON: the tree that ProseMirror's JSON has, where every node says
//! what became of it and by whom.

use std::{io, sync::Arc};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

use super::history::Person;
use crate::{
    convert,
    crdt::content::Mark,
    history::{
        HistoryError, Past,
        compared::{Fate, Node, compared},
    },
    ids::Seq,
    limits::EXPORT_BYTES,
};

/// The answer's body; `None` when it would be larger than a file may be, as marks are repeated for
/// each stretch of text. Belongs on a thread with a large stack.
pub(super) fn write(past: &Past, from: Seq, to: Seq) -> Result<Option<Vec<u8>>, HistoryError> {
    let nodes = compared(past, from, to, convert::NAMES)?;
    let users: Vec<Person> = past.rows().users().iter().map(Person::new).collect();
    let mut body = Bounded(Vec::new());
    let whole = Whole { from: from.0, to: to.0, content: Nodes(&nodes, &users) };
    let written = serde_json::to_writer(&mut body, &whole);
    Ok(written.is_ok().then_some(body.0))
}

#[derive(Serialize)]
struct Whole<'a> {
    from: u64,
    to: u64,
    content: Nodes<'a>,
}

struct Nodes<'a>(&'a [Node], &'a [Person]);
struct OneNode<'a>(&'a Node, &'a [Person]);
struct Marks<'a>(&'a [Arc<Mark>]);
struct OneMark<'a>(&'a Mark);

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for node in self.0 {
            list.serialize_element(&OneNode(node, self.1))?;
        }
        list.end()
    }
}

impl Serialize for OneNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let Fate { state, user } = match self.0 {
            Node::Element { name, attributes, before, fate, .. } => {
                map.serialize_entry("type", &**name)?;
                map.serialize_entry("attrs", attributes)?;
                if let Some(before) = before {
                    map.serialize_entry("before", before)?;
                }
                fate
            }
            Node::Text { text, marks, before, fate } => {
                map.serialize_entry("type", "text")?;
                map.serialize_entry("text", text)?;
                map.serialize_entry("marks", &Marks(marks))?;
                if let Some(before) = before {
                    map.serialize_entry("before", &Marks(before))?;
                }
                fate
            }
        };
        map.serialize_entry("state", state)?;
        map.serialize_entry("author", &self.1[*user as usize])?;
        if let Node::Element { content, .. } = self.0 {
            map.serialize_entry("content", &Nodes(content, self.1))?;
        }
        map.end()
    }
}

impl Serialize for Marks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for mark in self.0 {
            list.serialize_element(&OneMark(mark))?;
        }
        list.end()
    }
}

impl Serialize for OneMark<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.0.name)?;
        map.serialize_entry("attrs", &self.0.attributes)?;
        map.end()
    }
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > EXPORT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::{
        clock::Timestamp,
        crdt::content::{self, Body, Content, Meta},
        identity::{Author, AuthorKind},
        ids::{ClientId, DocumentId},
        storage::{Entry, StoredEntry},
    };

    /// A paragraph of so many stretches in one link with a long address.
    fn linked(stretches: usize) -> Past {
        let mut attributes = Map::new();
        attributes.insert("href".to_owned(), Value::from("x".repeat(1 << 20)));
        let link = Arc::new(Mark { name: "link".to_owned(), attributes });
        let bold = Arc::new(Mark { name: "bold".to_owned(), attributes: Map::new() });
        let both = [vec![Arc::clone(&link)], vec![link, bold]];
        let stretch =
            |at: usize| content::Node::Text { text: "a".to_owned(), marks: both[at % 2].clone() };
        let children = (0..stretches).map(stretch).collect();
        let paragraph =
            content::Node::Element { name: "paragraph".into(), attributes: Map::new(), children };
        let content = Content { meta: Meta::default(), body: Body::Rich(vec![paragraph]) };
        let kind = AuthorKind::Claimed;
        let author = Arc::new(Author { kind, user: "".into(), name: "Ada".into(), connection: 0 });
        let update = content::write(&content, ClientId(9));
        let mut past = Past::new(DocumentId::from_bytes([1; 16]));
        let entry = Entry { time: Timestamp(1), author, update };
        past.push(&StoredEntry { seq: Seq(1), entry }).unwrap();
        past
    }

    #[test]
    fn a_mark_that_is_repeated_for_each_stretch_does_not_grow_without_bound() {
        let body = write(&linked(2), Seq(0), Seq(1)).unwrap().unwrap();
        let told: Value = serde_json::from_slice(&body).unwrap();
        let text = &told["content"][0]["content"][1];
        assert_eq!((&text["state"], &text["author"]["name"]), (&"inserted".into(), &"Ada".into()));
        assert_eq!(text["marks"][1]["type"], "bold");
        assert_eq!(write(&linked(140), Seq(0), Seq(1)).unwrap(), None);
    }
}
