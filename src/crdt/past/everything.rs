//! Everything that was ever in a document, in its order: what moments and differences are filters of.
//!
//! The library tells the id of each text only where two snapshots differ; so it is asked for the
//! difference between nothing and everything. Formats come as embedded values that say their own ids,
//! for the reason that `content::read` gives; attributes, of which the library shows the last values
//! only, are read by `attributes`.

use std::{collections::HashMap, sync::Arc};

use yrs::{
    Any, ID, IdSet, Out, ReadTxn, Snapshot, Text, TextRef, Transact, TransactionMut,
    branch::{Branch, BranchID, BranchPtr},
    types::text::YChange,
};

pub use super::attributes::Attribute;
use super::attributes::attributes;
use crate::{
    crdt::{
        content::{Mark, Names, RICH, TEXT, Unreadable, format_of, open},
        parser::{Id, Update},
    },
    ids::ClientId,
    limits,
};

/// What comes next in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// An element begins; what was ever in it follows, up to its end.
    Element {
        /// Which it is.
        id: Id,
        /// What it is, such as `listItem`.
        name: Arc<str>,
        /// Whether it ever held text, or never held an element.
        is_block: bool,
        /// All values that its attributes ever had.
        attributes: Vec<Attribute>,
    },
    /// A text begins, in which no format is open yet; it has an end as well.
    Text,
    /// The end of the element or text that began last.
    End,
    /// Letters of one client; the first unit has this id.
    Letters(Id, String),
    /// The text that follows has this mark, or none any more, under a key.
    Format(Id, Arc<str>, Option<Arc<Mark>>),
}

/// Reads everything that was ever in a document: the update is one without deletions, as
/// [`Past::inserted`](super::Past::inserted) gives it. Belongs on a thread with a large stack.
///
/// # Errors
/// When the update cannot be read, or has too many parts.
pub fn everything(update: &[u8], names: Names) -> Result<Vec<Part>, Unreadable> {
    let parsed = Update::parse(update).map_err(|it| Unreadable::State(it.0.to_owned()))?;
    let attributes = attributes(&parsed, names.attributes);
    let engine = open(update, ClientId(1), Some(names))?;
    let mut txn = engine.doc().transact_mut();
    let all = Snapshot::new(txn.state_vector(), IdSet::default());
    let mut walk = Walk { all, none: Snapshot::default(), attributes, found: Vec::new() };
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

/// What a type holds: elements have a name.
enum Inner {
    Letters(ID, String),
    Type(TextRef, Option<Arc<str>>),
    Format(Id, Arc<str>, Option<Arc<Mark>>),
}

struct Walk {
    all: Snapshot,
    none: Snapshot,
    attributes: HashMap<Id, Vec<Attribute>>,
    found: Vec<Part>,
}

impl Walk {
    fn parts(&self, parent: TextRef, txn: &mut TransactionMut<'_>) -> Vec<Inner> {
        let parts = parent.diff_range(txn, Some(&self.all), Some(&self.none), YChange::identity);
        let parts = parts.into_iter().filter_map(|part| match (part.insert, part.ychange) {
            (Out::Any(Any::String(text)), Some(at)) => {
                Some(Inner::Letters(at.id, text.as_ref().to_owned()))
            }
            (Out::Any(Any::Array(format)), _) => {
                format_of(&format).map(|(id, key, mark)| Inner::Format(id, key, mark))
            }
            (Out::YXmlElement(element), _) => {
                let name = element.try_tag().cloned().unwrap_or_default();
                Some(Inner::Type(text_of(element.as_ref()), Some(name)))
            }
            (Out::YXmlText(text), _) => Some(Inner::Type(text_of(text.as_ref()), None)),
            (Out::YXmlFragment(inner), _) => Some(Inner::Type(text_of(inner.as_ref()), None)),
            (Out::YText(text), _) => Some(Inner::Type(text, None)),
            _ => None,
        });
        parts.collect()
    }

    /// Admission bounds how deep this goes.
    fn follow(
        &mut self,
        parts: Vec<Inner>,
        txn: &mut TransactionMut<'_>,
    ) -> Result<(), Unreadable> {
        for part in parts {
            if self.found.len() >= limits::CONTENT_NODES {
                return Err(Unreadable::TooManyNodes);
            }
            match part {
                Inner::Letters(id, text) => self.found.push(Part::Letters(id_of(id), text)),
                Inner::Format(id, key, mark) => self.found.push(Part::Format(id, key, mark)),
                Inner::Type(inner, name) => {
                    let parts = self.parts(inner.clone(), txn);
                    self.begin(&inner, name, &parts);
                    self.follow(parts, txn)?;
                    self.found.push(Part::End);
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, inner: &TextRef, name: Option<Arc<str>>, parts: &[Inner]) {
        let begun = match (name, AsRef::<Branch>::as_ref(inner).id()) {
            (Some(name), BranchID::Nested(id)) => {
                let id = id_of(id);
                let attributes = self.attributes.remove(&id).unwrap_or_default();
                Part::Element { id, name, is_block: is_block(parts), attributes }
            }
            _ => Part::Text,
        };
        self.found.push(begun);
    }
}

fn is_block(parts: &[Inner]) -> bool {
    let mut held = parts.iter().filter(|part| !matches!(part, Inner::Format(..))).peekable();
    held.peek().is_none() || held.any(|part| !matches!(part, Inner::Type(_, Some(_))))
}

fn id_of(id: ID) -> Id {
    Id { client: id.client.get(), clock: id.clock }
}

fn text_of(branch: &Branch) -> TextRef {
    TextRef::from(BranchPtr::from(branch))
}
