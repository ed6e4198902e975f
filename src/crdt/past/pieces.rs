//! All text that was ever in a document, in its order: the pieces that a difference is made of.
//!
//! The library tells the id of each piece only where two snapshots differ; so it is asked for the
//! difference between nothing and everything. Formats and embedded things are left out before it
//! sees them, for the reason that `content::read` gives.

use yrs::{
    Any, ID, IdSet, Out, ReadTxn, Snapshot, Text, TextRef, Transact, TransactionMut,
    branch::{Branch, BranchID, BranchPtr},
    types::text::YChange,
};

use crate::{
    crdt::{
        content::{Names, RICH, TEXT, Unreadable, open},
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
    /// never held an element.
    Block(Id),
}

/// Reads everything that was ever in a document: the update is one without deletions, as
/// [`Past::inserted`](super::Past::inserted) gives it. Belongs on a thread with a large stack.
///
/// # Errors
/// When the update cannot be read, or has too many parts.
pub fn pieces(everything: &[u8]) -> Result<Vec<Piece>, Unreadable> {
    let engine = open(everything, ClientId(1), Some(NO_NAMES))?;
    let mut txn = engine.doc().transact_mut();
    let all = Snapshot::new(txn.state_vector(), IdSet::default());
    let mut walk = Walk { all, none: Snapshot::default(), found: Vec::new() };
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

/// A text with the id of its first unit, or a type with whether it is an element.
enum Part {
    Text(ID, String),
    Type(TextRef, bool),
}

struct Walk {
    all: Snapshot,
    none: Snapshot,
    found: Vec<Piece>,
}

impl Walk {
    fn parts(&self, parent: TextRef, txn: &mut TransactionMut<'_>) -> Vec<Part> {
        let parts = parent.diff_range(txn, Some(&self.all), Some(&self.none), YChange::identity);
        let parts = parts.into_iter().filter_map(|part| match (part.insert, part.ychange) {
            (Out::Any(Any::String(text)), Some(at)) => Some(Part::Text(at.id, text.to_string())),
            (Out::YXmlElement(element), _) => Some(Part::Type(text_of(element.as_ref()), true)),
            (Out::YXmlText(text), _) => Some(Part::Type(text_of(text.as_ref()), false)),
            (Out::YXmlFragment(inner), _) => Some(Part::Type(text_of(inner.as_ref()), false)),
            (Out::YText(text), _) => Some(Part::Type(text, false)),
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
                Part::Type(inner, is_element) => {
                    let parts = self.parts(inner.clone(), txn);
                    if is_element
                        && is_block(&parts)
                        && let BranchID::Nested(id) = AsRef::<Branch>::as_ref(&inner).id()
                    {
                        self.found.push(Piece::Block(id_of(id)));
                    }
                    self.follow(parts, txn)?;
                }
            }
        }
        Ok(())
    }
}

fn is_block(parts: &[Part]) -> bool {
    let is_text = |part: &Part| !matches!(part, Part::Type(_, true));
    parts.is_empty() || parts.iter().any(is_text)
}

fn id_of(id: ID) -> Id {
    Id { client: id.client.get(), clock: id.clock }
}

fn text_of(branch: &Branch) -> TextRef {
    TextRef::from(BranchPtr::from(branch))
}
