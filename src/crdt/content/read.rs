//! Reads the roots of a document, whatever its clients made of them.
//!
//! The library's own ways to walk a type loop for ever when the type is not what its name promises.
//! Only one of them is sound on every type: a text's list of differences. So every type is read as
//! a text. That list would also copy all open formats for each stretch of text, which makes a small
//! hostile document huge; so formats are turned into embedded values before the library sees them,
//! and which of them are open is followed here.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use yrs::{
    Any, Map as _, Out, ReadTxn, Text, TextRef, Transact, Transaction, Xml, XmlElementRef,
    branch::{Branch, BranchPtr},
    types::text::YChange,
};

use super::{Body, Content, Kind, META, Mark, Meta, Names, Node, RICH, TEXT, Unreadable};
use crate::{
    crdt::{
        admission::admit,
        engine::Engine,
        index::Index,
        parser::{self, Block, Id},
        reader::Reader,
        writer::Writer,
    },
    ids::ClientId,
    limits,
};

/// Formats that are followed at a time. Editors have a dozen.
const OPEN_FORMATS: usize = 64;

/// Reads a whole document from its state. Belongs on a thread with a large stack.
///
/// # Errors
/// When the bytes are no such state, or it has too many parts.
pub fn read(state: &[u8], names: Names) -> Result<Content, Unreadable> {
    let engine = open(state, ClientId(1), Some(names))?;
    let txn = engine.doc().transact();
    let mut walk = Walk { txn: &txn, names, nodes: 0 };
    let rich = match txn.get_xml_fragment(RICH) {
        Some(root) => walk.children(text_of(root.as_ref()))?,
        None => Vec::new(),
    };
    let mut text = String::new();
    if let Some(root) = txn.get_text(TEXT) {
        walk.text(&root, &mut text)?;
    }
    let mut meta = read_meta(&txn);
    meta.kind = meta.kind.or(match (rich.is_empty(), text.is_empty()) {
        (false, _) => Some(Kind::Rich),
        (true, false) => Some(Kind::Markdown),
        (true, true) => None,
    });
    let body = match meta.kind {
        Some(Kind::Rich) | None => Body::Rich(rich),
        Some(Kind::Markdown | Kind::Code) => Body::Text(text),
    };
    Ok(Content { meta, body })
}

/// A document in the library, made of a whole state; with names, as [`translate`] puts it.
pub(in crate::crdt) fn open(
    state: &[u8],
    client: ClientId,
    names: Option<Names>,
) -> Result<Engine, Unreadable> {
    match names {
        Some(names) => open_in_other_words(state, client, Some(&|it| translate(it, names))),
        None => open_in_other_words(state, client, None),
    }
}

/// Puts an update in other words before the library sees it.
pub(in crate::crdt) type Rewrite<'a> = &'a dyn Fn(&parser::Update<'_>) -> Bytes;

/// A document in the library, made of a whole state.
pub(super) fn open_in_other_words(
    state: &[u8],
    client: ClientId,
    rewrite: Option<Rewrite<'_>>,
) -> Result<Engine, Unreadable> {
    let wrong = |reason: &str| Unreadable::State(reason.to_owned());
    let state = Bytes::copy_from_slice(state);
    let update = parser::Update::parse(&state).map_err(|malformed| wrong(malformed.0))?;
    let mut index = Index::default();
    let admitted = admit(&state, &update, &mut index).map_err(|malformed| wrong(malformed.0))?;
    if !admitted.complete {
        return Err(wrong("it builds on edits that it does not hold"));
    }
    let mut engine = Engine::new(client);
    engine.note_documents(index.keep());
    if let Some(mut admitted) = admitted.update {
        if let Some(rewrite) = rewrite {
            let update =
                parser::Update::parse(&admitted).map_err(|malformed| wrong(malformed.0))?;
            admitted = rewrite(&update);
        }
        let decoded = Engine::decode(&admitted).map_err(wrong)?;
        let applied = engine.apply(vec![decoded], false, &|| false);
        let change = applied.map_err(|broken| Unreadable::State(broken.reason))?;
        if change.pending {
            return Err(wrong("it leaves something pending"));
        }
    }
    Ok(engine)
}

/// The same update with formats as embedded `[name, value, client, clock]`, and without what nobody
/// asked for.
fn translate(update: &parser::Update<'_>, names: Names) -> Bytes {
    let mut writer = Writer::default();
    writer.count(update.sections.len());
    for section in &update.sections {
        let first = parser::Id { client: section.client, clock: section.clock };
        writer.section(section.blocks().count(), first);
        for block in section.blocks() {
            match block.kind {
                parser::Kind::Format => format(&block, names, &mut writer),
                parser::Kind::Embed => place(&block, None, &mut writer),
                _ => writer.raw(block.bytes),
            }
        }
    }
    writer.deletes(&update.deletes().collect::<Vec<_>>());
    writer.into_bytes()
}

fn format(block: &Block<'_>, names: Names, writer: &mut Writer) {
    let mut reader = Reader::new(block.content);
    let (Ok(key), Ok(value)) = (reader.key(), reader.json()) else {
        return place(block, None, writer);
    };
    let known = names.marks.contains(&mark_name(key));
    let Id { client, clock } = block.id;
    let embedded = known.then(|| format!("[{},{value},{client},{clock}]", Value::from(key)));
    place(block, embedded.as_deref(), writer);
}

/// The block with other content: an embedded value, or something deleted.
fn place(block: &Block<'_>, embedded: Option<&str>, writer: &mut Writer) {
    let kind = if embedded.is_some() { parser::Kind::Embed } else { parser::Kind::Deleted };
    writer.place(&Block { kind, ..*block }, 0);
    match embedded {
        Some(json) => writer.string(json),
        None => writer.number(u64::from(block.len)),
    }
}

/// The mark that a format is about: editors add a hash where marks of a type may overlap
/// (`name--hash`, of eight characters).
fn mark_name(key: &str) -> &str {
    const HASH: usize = 8;
    let Some(at) = key.len().checked_sub(HASH + 2) else { return key };
    match (key.get(..at), key.get(at..at + 2), key.get(at + 2..)) {
        (Some(name), Some("--"), Some(hash))
            if hash.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=".contains(&it)) =>
        {
            name
        }
        _ => key,
    }
}

pub(super) fn text_of(branch: &Branch) -> TextRef {
    TextRef::from(BranchPtr::from(branch))
}

struct Walk<'a> {
    txn: &'a Transaction<'a>,
    names: Names,
    nodes: usize,
}

impl Walk<'_> {
    /// Admission bounds how deep this goes.
    fn children(&mut self, parent: TextRef) -> Result<Vec<Node>, Unreadable> {
        let mut nodes = Vec::new();
        let mut formats = Formats::default();
        for part in parent.diff(self.txn, YChange::identity) {
            match part.insert {
                Out::Any(Any::String(text)) => {
                    self.count()?;
                    nodes.push(Node::Text {
                        text: text.as_ref().to_owned(),
                        marks: formats.marks(),
                    });
                }
                Out::Any(Any::Array(format)) => {
                    if let Some((_, key, mark)) = format_of(&format) {
                        formats.follow(&key, mark);
                    }
                }
                Out::YXmlElement(element) => nodes.push(self.element(&element)?),
                Out::YXmlText(text) => nodes.extend(self.children(text_of(text.as_ref()))?),
                Out::YXmlFragment(inner) => nodes.extend(self.children(text_of(inner.as_ref()))?),
                Out::YText(text) => nodes.extend(self.children(text)?),
                _ => {}
            }
        }
        Ok(nodes)
    }

    fn element(&mut self, element: &XmlElementRef) -> Result<Node, Unreadable> {
        self.count()?;
        let mut attributes = Map::new();
        for name in self.names.attributes {
            if let Some(Out::Any(value)) = element.get_attribute(self.txn, name) {
                attributes.insert((*name).to_owned(), json(&value));
            }
        }
        let name = element.try_tag().cloned().unwrap_or_default();
        let children = self.children(text_of(element.as_ref()))?;
        Ok(Node::Element { name, attributes, children })
    }

    fn text(&mut self, root: &TextRef, into: &mut String) -> Result<(), Unreadable> {
        for part in root.diff(self.txn, YChange::identity) {
            if let Out::Any(Any::String(text)) = part.insert {
                self.count()?;
                into.push_str(&text);
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > limits::CONTENT_NODES { Err(Unreadable::TooManyNodes) } else { Ok(()) }
    }
}

/// A format as [`translate`] puts it: which it is, its key, and the mark, if it sets one.
pub(in crate::crdt) fn format_of(format: &[Any]) -> Option<(Id, Arc<str>, Option<Arc<Mark>>)> {
    let [Any::String(key), value, Any::Number(client), Any::Number(clock)] = format else {
        return None;
    };
    let id = Id { client: client.as_f64()? as u64, clock: clock.as_f64()? as u32 };
    let attributes = match json(value) {
        Value::Object(attributes) => attributes,
        _ => Map::new(),
    };
    let mark = || Arc::new(Mark { name: mark_name(key).to_owned(), attributes });
    Some((id, key.clone(), (*value != Any::Null).then(mark)))
}

/// The formats that are open at a place of a text.
#[derive(Clone, Debug, Default)]
pub struct Formats(Vec<(Arc<str>, Arc<Mark>)>);

impl Formats {
    /// Goes past a format, which sets a mark under its key or ends it.
    pub fn follow(&mut self, key: &Arc<str>, mark: Option<Arc<Mark>>) {
        self.0.retain(|(open, _)| open != key);
        if let Some(mark) = mark
            && self.0.len() < OPEN_FORMATS
        {
            self.0.push((key.clone(), mark));
        }
    }

    /// What is open.
    #[must_use]
    pub fn marks(&self) -> Vec<Arc<Mark>> {
        self.0.iter().map(|(_, mark)| mark.clone()).collect()
    }

    /// What is open under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Mark> {
        self.0.iter().find(|(open, _)| **open == *key).map(|(_, mark)| &**mark)
    }
}

/// Whole numbers stay whole. Admission bounds the depth.
pub(in crate::crdt) fn json(value: &Any) -> Value {
    match value {
        Any::Bool(value) => Value::from(*value),
        Any::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let whole = number as i64;
            if whole as f64 == number { Value::from(whole) } else { Value::from(number) }
        }
        Any::String(text) => Value::from(text.as_ref()),
        Any::Array(values) => values.iter().map(json).collect(),
        Any::Map(entries) => {
            entries.iter().map(|(key, value)| (key.to_string(), json(value))).collect()
        }
        Any::Null | Any::Undefined | Any::Buffer(_) => Value::Null,
    }
}

fn read_meta(txn: &Transaction<'_>) -> Meta {
    let Some(root) = txn.get_map(META) else { return Meta::default() };
    let text = |key: &str| match root.get(txn, key) {
        Some(Out::Any(Any::String(text))) => Some(text.as_ref().to_owned()),
        _ => None,
    };
    Meta {
        title: text("title").map(|title| cut(&title, limits::TITLE_UNITS).to_owned()),
        kind: text("kind").and_then(|kind| kind.parse().ok()),
        lang: text("lang").map(|lang| cut(&lang, limits::TITLE_UNITS).to_owned()),
    }
}

/// The beginning of a text, of at most so many UTF-16 units.
pub(super) fn cut(text: &str, units: usize) -> &str {
    let mut left = units;
    let end = text.char_indices().find(|(_, ch)| {
        let fits = left.checked_sub(ch.len_utf16());
        left = fits.unwrap_or(0);
        fits.is_none()
    });
    end.map_or(text, |(at, _)| &text[..at])
}
