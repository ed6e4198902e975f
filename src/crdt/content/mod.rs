//! What a document says: its content as a tree of plain values, and updates made of such a tree.
//!
//! Knows the roots and their shapes, which all apps that open our documents share; not which nodes
//! and marks there are, nor any file format.

mod difference;
mod edit;
mod read;
mod restore;
mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use difference::letters_changed;
pub use edit::{EditError, TextEdit, edit_text};
pub(super) use read::open;
pub use read::read;
pub use restore::{RestoreError, append, restore};
pub use write::{Edited, edit_meta, write};

/// The XML fragment that holds rich text.
pub(super) const RICH: &str = "default";

/// The text that holds Markdown or code.
pub(super) const TEXT: &str = "text";

/// The map in which a document tells about itself.
const META: &str = "meta";

/// The rich text schema that is written.
const SCHEMA: u32 = 1;

/// What kind of content a document has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A tree of nodes.
    Rich,
    /// A text in Markdown.
    Markdown,
    /// A text in another language, or none.
    Code,
}

impl Kind {
    /// As documents and programs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rich => "rich",
            Self::Markdown => "markdown",
            Self::Code => "code",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let known = [Self::Rich, Self::Markdown, Self::Code];
        let found = known.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// Not a kind of document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of document `{0}`: rich, markdown or code")]
pub struct UnknownKind(String);

/// What a document tells about itself; `None` where it says nothing that can be understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// At most [`TITLE_UNITS`](crate::limits::TITLE_UNITS) long.
    pub title: Option<String>,
    /// The kind; a document of another app may leave it to its content.
    pub kind: Option<Kind>,
    /// The language of code.
    pub lang: Option<String>,
}

/// A document's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Rich text.
    Rich(Vec<Node>),
    /// Markdown or code.
    Text(String),
}

/// A document as plain values.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// What it tells about itself, its kind as its content shows it where it does not say.
    pub meta: Meta,
    /// The rest.
    pub body: Body,
}

/// A part of rich text.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// An element, at most [`TYPE_DEPTH`](crate::limits::TYPE_DEPTH) deep in others.
    Element {
        /// What it is, such as `paragraph`.
        name: Arc<str>,
        /// Those that were asked for.
        attributes: Map<String, Value>,
        /// What is in it, in order.
        children: Vec<Node>,
    },
    /// A stretch of text.
    Text {
        /// Not empty.
        text: String,
        /// Shared between stretches, as one link may be cut into many.
        marks: Vec<Arc<Mark>>,
    },
}

/// Formatting of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it is, such as `bold`.
    pub name: String,
    /// What it says, such as where a link leads.
    pub attributes: Map<String, Value>,
}

/// The text of a document, given as its whole state, with its blocks on lines of their own. Belongs
/// on a thread with a large stack.
///
/// # Errors
/// When the bytes are no such state, or it has too many parts.
pub fn text(state: &[u8]) -> Result<String, Unreadable> {
    let mut text = String::new();
    match read(state, Names { attributes: &[], marks: &[] })?.body {
        Body::Text(all) => text = all,
        Body::Rich(nodes) => lines(&nodes, &mut text),
    }
    Ok(text)
}

fn lines(nodes: &[Node], into: &mut String) {
    for node in nodes {
        match node {
            Node::Text { text, .. } => into.push_str(text),
            Node::Element { children, .. } => {
                if !into.is_empty() && !into.ends_with('\n') {
                    into.push('\n');
                }
                lines(children, into);
            }
        }
    }
}

/// Which names a reader understands; what else a document holds costs it nothing.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// Attributes of elements.
    pub attributes: &'static [&'static str],
    /// Formatting of text.
    pub marks: &'static [&'static str],
}

/// A state cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not an update, or not the whole of a document.
    #[error("not a whole document as a Yjs update: {0}")]
    State(String),
    /// It has more parts than are read.
    #[error("the document has more than {max} parts", max = crate::limits::CONTENT_NODES)]
    TooManyNodes,
}
