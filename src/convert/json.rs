//! `ProseMirror`'s JSON: checked against the schema when read, so that nobody loses what they sent.

use std::{io, sync::Arc};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};

use super::{
    ConvertError, Document, Understood,
    nodes::{self, ELEMENTS, NAMES},
};
use crate::{
    crdt::content::{Kind, Mark, Meta, Node},
    limits,
};

/// Reads a document: `{"type": "doc", …}`, or `{"type": "text", …}` for Markdown and code.
pub(crate) fn read(text: &str) -> Result<Document, ConvertError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| ConvertError::NotJson(error.to_string()))?;
    match value.get("type").and_then(Value::as_str) {
        Some("doc") => {
            let mut reader = Reader { nodes: 0, place: Vec::new() };
            let nodes = reader.children(&value, "doc")?;
            let meta = Meta { kind: Some(Kind::Rich), ..Meta::default() };
            Ok(Document { meta, body: Understood::Rich(nodes::to_model(&nodes)?) })
        }
        Some("text") => {
            let field = |key: &str| value.get(key).and_then(Value::as_str);
            let Some(text) = field("text") else {
                return Err(ConvertError::NotJson("it has no `text`".into()));
            };
            let kind = match field("kind") {
                None => Kind::Markdown,
                Some("code") => Kind::Code,
                Some("markdown") => Kind::Markdown,
                Some(other) => {
                    let words = format!("`kind` of a text is markdown or code, not `{other}`");
                    return Err(ConvertError::NotJson(words));
                }
            };
            let lang = field("lang").map(str::to_owned);
            let meta = Meta { kind: Some(kind), lang, title: None };
            Ok(Document { meta, body: Understood::Text(text.to_owned()) })
        }
        _ => Err(ConvertError::NotJson("its `type` is neither `doc` nor `text`".into())),
    }
}

struct Reader {
    nodes: usize,
    /// Where we are: the number of each child on the way.
    place: Vec<usize>,
}

impl Reader {
    fn wrong<T>(&self, what: impl Into<String>) -> Result<T, ConvertError> {
        let path: Vec<_> = self.place.iter().map(|at| format!("content[{at}]")).collect();
        let place = if path.is_empty() { "the top".to_owned() } else { path.join(".") };
        Err(ConvertError::NotInSchema { what: what.into(), place })
    }

    fn children(&mut self, parent: &Value, name: &str) -> Result<Vec<Node>, ConvertError> {
        let children = match parent.get("content") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(children)) => children,
            Some(_) => return self.wrong("`content` that is no list"),
        };
        let mut nodes = Vec::with_capacity(children.len());
        for (at, child) in children.iter().enumerate() {
            self.place.push(at);
            nodes.push(self.node(child, name)?);
            self.place.pop();
        }
        Ok(nodes)
    }

    fn node(&mut self, value: &Value, parent: &str) -> Result<Node, ConvertError> {
        self.nodes += 1;
        if self.nodes > limits::CONTENT_NODES {
            return Err(ConvertError::TooManyNodes);
        }
        let Some(name) = value.get("type").and_then(Value::as_str) else {
            return self.wrong("a node without `type`");
        };
        if name != "text" && !ELEMENTS.contains(&name) {
            return self.wrong(format!("the unknown node `{name}`"));
        }
        if !may_hold(parent, name) {
            return self.wrong(format!("`{name}` inside `{parent}`"));
        }
        if name == "text" {
            let marks = self.marks(value)?;
            return match value.get("text").and_then(Value::as_str) {
                Some(text) => Ok(Node::Text { text: text.to_owned(), marks }),
                None => self.wrong("a `text` node without text"),
            };
        }
        let attributes = match value.get("attrs") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(attributes)) => attributes.clone(),
            Some(_) => return self.wrong("`attrs` that are no object"),
        };
        let children = self.children(value, name)?;
        Ok(Node::Element { name: name.into(), attributes, children })
    }

    fn marks(&self, node: &Value) -> Result<Vec<Arc<Mark>>, ConvertError> {
        let marks = match node.get("marks") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(marks)) => marks,
            Some(_) => return self.wrong("`marks` that are no list"),
        };
        let mut found = Vec::with_capacity(marks.len());
        for mark in marks {
            let Some(name) = mark.get("type").and_then(Value::as_str) else {
                return self.wrong("a mark without `type`");
            };
            if !NAMES.marks.contains(&name) {
                return self.wrong(format!("the unknown mark `{name}`"));
            }
            let attributes = mark.get("attrs").and_then(Value::as_object).cloned();
            let attributes = attributes.unwrap_or_default();
            found.push(Arc::new(Mark { name: name.to_owned(), attributes }));
        }
        Ok(found)
    }
}

/// Whether a node may stand directly in another.
fn may_hold(parent: &str, child: &str) -> bool {
    let is_inline = matches!(child, "text" | "hardBreak");
    let is_part =
        matches!(child, "listItem" | "taskItem" | "tableRow" | "tableHeader" | "tableCell");
    match parent {
        "paragraph" | "heading" => is_inline,
        "codeBlock" => child == "text",
        "bulletList" | "orderedList" => child == "listItem",
        "taskList" => child == "taskItem",
        "table" => child == "tableRow",
        "tableRow" => matches!(child, "tableHeader" | "tableCell"),
        "doc" | "blockquote" | "listItem" | "taskItem" | "tableHeader" | "tableCell" => {
            !is_inline && !is_part
        }
        _ => false,
    }
}

/// Writes a document, ending with a line feed.
pub(crate) fn write(document: &Document) -> Result<String, ConvertError> {
    let mut out = Bounded(Vec::new());
    let written = match &document.body {
        Understood::Rich(blocks) => {
            let nodes = nodes::from_model(blocks);
            serde_json::to_writer(&mut out, &Doc(&nodes))
        }
        Understood::Text(text) => {
            let kind = document.meta.kind.unwrap_or(Kind::Markdown).as_str();
            let lang = document.meta.lang.as_deref().unwrap_or_default();
            let value = json!({ "type": "text", "kind": kind, "lang": lang, "text": text });
            serde_json::to_writer(&mut out, &value)
        }
    };
    written.map_err(|_| ConvertError::ResultTooLarge)?;
    let mut text = String::from_utf8(out.0).map_err(|_| ConvertError::NotText)?;
    text.push('\n');
    Ok(text)
}

/// A writer that takes as much as may be exported.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > limits::EXPORT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Doc<'a>(&'a [Node]);
struct Nodes<'a>(&'a [Node]);
struct OneNode<'a>(&'a Node);
struct OneMark<'a>(&'a Mark);
struct Marks<'a>(&'a [Arc<Mark>]);

impl Serialize for Doc<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "doc")?;
        map.serialize_entry("content", &Nodes(self.0))?;
        map.end()
    }
}

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for node in self.0 {
            list.serialize_element(&OneNode(node))?;
        }
        list.end()
    }
}

impl Serialize for OneNode<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Node::Text { text, marks } => {
                map.serialize_entry("type", "text")?;
                if !marks.is_empty() {
                    map.serialize_entry("marks", &Marks(marks))?;
                }
                map.serialize_entry("text", text)?;
            }
            Node::Element { name, attributes, children } => {
                map.serialize_entry("type", &**name)?;
                if !attributes.is_empty() {
                    map.serialize_entry("attrs", attributes)?;
                }
                if !children.is_empty() {
                    map.serialize_entry("content", &Nodes(children))?;
                }
            }
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
        if !self.0.attributes.is_empty() {
            map.serialize_entry("attrs", &self.0.attributes)?;
        }
        map.end()
    }
}
