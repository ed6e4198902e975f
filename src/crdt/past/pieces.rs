//! All text that was ever in a document, in its order: the pieces that a difference is made of.
//!
//! The library tells the id of each piece only where two snapshots differ; so it is asked for the
//! difference between nothing and everything. Formats and embedded things are left out before it
//! sees them, for the reason that `content::read` gives.

use std::sync::Arc;

use yrs::{
    Any, ID, IdSet, Out, ReadTxn, Snapshot, Text, TextRef, Transact, TransactionMut, Xml,
    XmlElementRef,
    branch::{Branch, BranchID, BranchPtr},
    types::text::YChange,
};

use crate::{
    crdt::{
        content::{Names, RICH, TEXT, Unreadable, open, translate},
        parser::Id,
    },
    ids::ClientId,
    limits,
};

/// Formats and values are not text.
const NO_NAMES: Names = Names { attributes: &[], marks: &[] };

/// What comes next in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A text of one client, whose first unit has this id.
    Text(Id, String),
    /// A block of rich text begins; its text follows. A block is an element that ever held text, or
    /// never held an element. Where it is: the elements around it from the outermost on, itself last.
    Block(Id, Arc<[Element]>),
}

/// An element on the way to a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Which it is.
    pub id: Id,
    /// What it is, such as `listItem`.
    pub name: Arc<str>,
    /// Of a heading as it is now; otherwise 0.
    pub level: u8,
}

/// Reads everything that was ever in a document: the update is one without deletions, as
/// [`Past::inserted`](super::Past::inserted) gives it. Belongs on a thread with a large stack.
///
/// # Errors
/// When the update cannot be read, or has too many parts.
pub fn pieces(everything: &[u8]) -> Result<Vec<Piece>, Unreadable> {
    let engine = open(everything, ClientId(1), Some(&|update| translate(update, NO_NAMES)))?;
    let mut txn = engine.doc().transact_mut();
    let all = Snapshot::new(txn.state_vector(), IdSet::default());
    let mut walk = Walk { all, none: Snapshot::default(), found: Vec::new(), around: Vec::new() };
    if let Some(root) = txn.get_xml_fragment(RICH) {
        let parts = walk.parts(text_of(root.as_ref()), &mut txn);
        walk.follow(parts, &mut txn)?;
    }
    if walk.found.is_empty()
        && let Some(root) = txn.get_text(TEXT)
    {
        let parts = walk.parts(root, &mut txn);
        walk.follow(parts, &mut txn)?;
    }
    Ok(walk.found)
}

/// A text with the id of its first unit, or a type, with name and level if it is an element.
enum Part {
    Text(ID, String),
    Type(TextRef, Option<(Arc<str>, u8)>),
}

struct Walk {
    all: Snapshot,
    none: Snapshot,
    found: Vec<Piece>,
    /// The elements that are open.
    around: Vec<Element>,
}

impl Walk {
    fn parts(&self, parent: TextRef, txn: &mut TransactionMut<'_>) -> Vec<Part> {
        let parts = parent.diff_range(txn, Some(&self.all), Some(&self.none), YChange::identity);
        let parts = parts.into_iter().filter_map(|part| match (part.insert, part.ychange) {
            (Out::Any(Any::String(text)), Some(at)) => Some(Part::Text(at.id, text.to_string())),
            (Out::YXmlElement(element), _) => {
                let name = element.try_tag().cloned().unwrap_or_default();
                let level = level(&element, txn);
                Some(Part::Type(text_of(element.as_ref()), Some((name, level))))
            }
            (Out::YXmlText(text), _) => Some(Part::Type(text_of(text.as_ref()), None)),
            (Out::YXmlFragment(inner), _) => Some(Part::Type(text_of(inner.as_ref()), None)),
            (Out::YText(text), _) => Some(Part::Type(text, None)),
            _ => None,
        });
        parts.collect()
    }

    /// Admission bounds how deep this goes.
    fn follow(&mut self, parts: Vec<Part>, txn: &mut TransactionMut<'_>) -> Result<(), Unreadable> {
        for part in parts {
            if self.found.len() >= limits::CONTENT_NODES {
                return Err(Unreadable::TooManyNodes);
            }
            match part {
                Part::Text(id, text) => self.found.push(Piece::Text(id_of(id), text)),
                Part::Type(inner, element) => {
                    let parts = self.parts(inner.clone(), txn);
                    let depth = self.around.len();
                    if let Some((name, level)) = element
                        && let BranchID::Nested(id) = AsRef::<Branch>::as_ref(&inner).id()
                    {
                        let id = id_of(id);
                        self.around.push(Element { id, name, level });
                        if is_block(&parts) {
                            self.found.push(Piece::Block(id, self.around[..].into()));
                        }
                    }
                    self.follow(parts, txn)?;
                    self.around.truncate(depth);
                }
            }
        }
        Ok(())
    }
}

fn is_block(parts: &[Part]) -> bool {
    let is_text = |part: &Part| !matches!(part, Part::Type(_, Some(_)));
    parts.is_empty() || parts.iter().any(is_text)
}

fn level(element: &XmlElementRef, txn: &impl ReadTxn) -> u8 {
    match element.get_attribute(txn, "level") {
        Some(Out::Any(Any::Number(level))) => {
            level.as_f64().unwrap_or_default().clamp(0.0, 6.0) as u8
        }
        _ => 0,
    }
}

fn id_of(id: ID) -> Id {
    Id { client: id.client.get(), clock: id.clock }
}

fn text_of(branch: &Branch) -> TextRef {
    TextRef::from(BranchPtr::from(branch))
}
