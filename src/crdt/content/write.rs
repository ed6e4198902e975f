//! Writes updates: the first one of a new document, and changes of what a document tells about
//! itself.
//!
//! A new document is written block by block instead of through the library, whose insertions at
//! the end take as long as what is there already.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use yrs::{Map as _, Transact, WriteTxn};

use super::{Body, Content, META, Mark, Meta, Node, RICH, SCHEMA, TEXT, Unreadable, read};
use crate::{
    crdt::{
        parser::{Block, Id, Kind, Parent},
        writer::Writer,
    },
    ids::ClientId,
    limits,
};

/// Shared types as updates number them.
const ELEMENT: u64 = 3;
const XML_TEXT: u64 = 6;

/// The first update of a new document, made by `client`.
#[must_use]
pub fn write(content: &Content, client: ClientId) -> Bytes {
    let mut blocks = Blocks { client: client.0, clock: 0, count: 0, writer: Writer::default() };
    match &content.body {
        Body::Rich(nodes) => blocks.children(Parent::Root(RICH), nodes),
        Body::Text(text) => {
            if !text.is_empty() {
                blocks.string(Parent::Root(TEXT), None, text);
            }
        }
    }
    for (key, value) in entries(&content.meta) {
        blocks.entry(Parent::Root(META), key, &value);
    }
    blocks.entry(Parent::Root(META), "schema", &Value::from(SCHEMA));
    blocks.into_update()
}

/// A document after a change of what it tells about itself.
#[derive(Clone, Debug)]
pub struct Edited {
    /// What changed, as an update.
    pub change: Bytes,
    /// All of it.
    pub state: Bytes,
}

/// The update that sets what `meta` says and leaves the rest; `None` when there is nothing to
/// change. Belongs on a thread with a large stack.
///
/// # Errors
/// When the bytes are not the state of a document.
pub fn edit_meta(
    state: &[u8],
    meta: &Meta,
    client: ClientId,
) -> Result<Option<Edited>, Unreadable> {
    let engine = read::open(state, client, None)?;
    let mut txn = engine.doc().transact_mut();
    let root = txn.get_or_insert_map(META);
    let mut changed = false;
    for (key, value) in entries(meta) {
        let value = yrs::Any::from(value.as_str().unwrap_or_default());
        if root.get(&txn, key) != Some(yrs::Out::Any(value.clone())) {
            root.insert(&mut txn, key, value);
            changed = true;
        }
    }
    let change = txn.encode_update_v1().into();
    drop(txn);
    Ok(changed.then(|| Edited { change, state: engine.encode().into() }))
}

fn entries(meta: &Meta) -> Vec<(&'static str, Value)> {
    let title = meta.title.as_deref().map(|title| read::cut(title, limits::TITLE_UNITS));
    let lang = meta.lang.as_deref().map(|lang| read::cut(lang, limits::TITLE_UNITS));
    [("title", title), ("kind", meta.kind.map(super::Kind::as_str)), ("lang", lang)]
        .into_iter()
        .filter_map(|(key, value)| Some((key, Value::from(value?))))
        .collect()
}

/// The blocks of one client in the making.
struct Blocks {
    client: u64,
    clock: u32,
    count: usize,
    writer: Writer,
}

impl Blocks {
    fn into_update(self) -> Bytes {
        let mut update = Writer::with_capacity(self.writer.len() + 32);
        update.count(1);
        update.section(self.count, Id { client: self.client, clock: 0 });
        update.raw(self.writer.as_slice());
        update.deletes(&[]);
        update.into_bytes()
    }

    /// Begins a block of so many units, behind its left neighbour or first in its parent.
    fn begin(
        &mut self,
        kind: Kind,
        (parent, left): (Parent<'_>, Option<Id>),
        key: Option<&str>,
        len: u32,
    ) -> Id {
        let id = Id { client: self.client, clock: self.clock };
        let block = Block {
            id,
            len,
            kind,
            origin: left,
            right_origin: None,
            parent: left.is_none().then_some(parent),
            key,
            keyed: key.is_some(),
            bytes: &[],
            content: &[],
        };
        self.writer.place(&block, 0);
        self.clock += len;
        self.count += 1;
        id
    }

    fn children(&mut self, parent: Parent<'_>, nodes: &[Node]) {
        let mut left = None;
        let is_text = |node: &Node| matches!(node, Node::Text { .. });
        for group in nodes.chunk_by(|a, b| is_text(a) && is_text(b)) {
            left = Some(match &group[0] {
                Node::Text { .. } => self.text(parent, left, group),
                Node::Element { name, attributes, children } => {
                    self.element((parent, left), name, attributes, children)
                }
            });
        }
    }

    fn element(
        &mut self,
        place: (Parent<'_>, Option<Id>),
        name: &str,
        attributes: &Map<String, Value>,
        children: &[Node],
    ) -> Id {
        let id = self.begin(Kind::Type, place, None, 1);
        self.writer.number(ELEMENT);
        self.writer.string(name);
        // As editors do it: what is null is absent.
        for (key, value) in attributes.iter().filter(|(_, value)| !value.is_null()) {
            self.entry(Parent::Item(id), key, value);
        }
        self.children(Parent::Item(id), children);
        id
    }

    fn entry(&mut self, parent: Parent<'_>, key: &str, value: &Value) {
        self.begin(Kind::Any, (parent, None), Some(key), 1);
        self.writer.count(1);
        self.writer.any(value);
    }

    fn text(&mut self, parent: Parent<'_>, left: Option<Id>, stretches: &[Node]) -> Id {
        let id = self.begin(Kind::Type, (parent, left), None, 1);
        self.writer.number(XML_TEXT);
        let (mut left, mut open) = (None, &[][..]);
        for stretch in stretches {
            if let Node::Text { text, marks } = stretch {
                left = self.formats(id, left, open, marks);
                open = marks;
                if !text.is_empty() {
                    left = Some(self.string(Parent::Item(id), left, text));
                }
            }
        }
        self.formats(id, left, open, &[]);
        id
    }

    /// Ends the marks that end here and begins those that begin.
    fn formats(
        &mut self,
        text: Id,
        mut left: Option<Id>,
        before: &[Arc<Mark>],
        after: &[Arc<Mark>],
    ) -> Option<Id> {
        let named = |marks: &[Arc<Mark>], name: &str| marks.iter().any(|mark| mark.name == name);
        for mark in before.iter().filter(|mark| !named(after, &mark.name)) {
            left = Some(self.format(text, left, &mark.name, "null"));
        }
        for mark in after.iter().filter(|mark| !before.contains(mark)) {
            let value = Value::Object(mark.attributes.clone()).to_string();
            left = Some(self.format(text, left, &mark.name, &value));
        }
        left
    }

    fn format(&mut self, text: Id, left: Option<Id>, name: &str, json: &str) -> Id {
        let id = self.begin(Kind::Format, (Parent::Item(text), left), None, 1);
        self.writer.string(name);
        self.writer.string(json);
        id
    }

    /// Gives its last unit.
    fn string(&mut self, parent: Parent<'_>, left: Option<Id>, text: &str) -> Id {
        let len: u32 = text.chars().map(|ch| if ch.len_utf16() == 2 { 2 } else { 1 }).sum();
        let id = self.begin(Kind::String, (parent, left), None, len);
        self.writer.string(text);
        Id { clock: id.clock + len - 1, ..id }
    }
}
