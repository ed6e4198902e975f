//! The edit that makes a document say again what it said before: what is there already stays as it
//! is, what is missing is written anew. So nobody's old copy can undo it, and what is typed
//! meanwhile stays.
//!
//! Works on copies in which formats are embedded values (`[key, value]`, other embedded values
//! `[value]`): all of a sequence then are units of one length with nothing between them, and formats
//! come back in the places where they were. Knows the roots of our apps; `meta` and roots of others
//! are left alone.

use std::{
    collections::{BTreeMap, HashMap},
    mem::{ManuallyDrop, forget},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use bytes::Bytes;
use serde_json::Value;
use yrs::{
    Any, Doc, In, Out, ReadTxn, Text, TextRef, Transact, TransactionMut, WriteTxn, Xml,
    XmlElementPrelim,
    branch::{Branch, BranchID},
    types::{
        Delta,
        text::{DeltaPrelim, YChange},
        xml::XmlDeltaPrelim,
    },
};

use super::{
    RICH, TEXT, Unreadable,
    difference::{Atom, Fate, Step, Unit, difference},
    read::{self, json, text_of},
};
use crate::{
    crdt::{
        parser::{Block, Id, Kind, Update},
        reader::Reader,
        state::EMPTY,
        writer::Writer,
    },
    ids::ClientId,
    limits,
};

/// Why a document cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// One of the states cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It has something in its text that only the app that wrote it could write again.
    #[error("the document has content of another app, which cannot be restored")]
    Foreign,
}

/// The update, written as `client`, that makes the document `now` say what it said `then`, both
/// given as whole states; `None` when it does already. Belongs on a thread with a large stack.
///
/// # Errors
/// When a state cannot be read or restored.
pub fn restore(now: &[u8], then: &[u8], client: ClientId) -> Result<Option<Bytes>, RestoreError> {
    with_past(now, then, client, become_past)
}

/// The update, written as `client`, that puts what `more` says behind what the document `now` says,
/// both given as whole states; `None` when there is nothing more. Belongs on a thread with a large
/// stack.
///
/// # Errors
/// When a state cannot be read or restored.
pub fn append(now: &[u8], more: &[u8], client: ClientId) -> Result<Option<Bytes>, RestoreError> {
    with_past(now, more, client, put_behind)
}

fn with_past(
    now: &[u8],
    then: &[u8],
    client: ClientId,
    work: impl FnOnce(&mut TransactionMut<'_>, &Doc) -> Result<(), RestoreError>,
) -> Result<Option<Bytes>, RestoreError> {
    let past = read::open_in_other_words(then, ClientId(1), Some(&formats_as_values))?;
    let changed = change(now, client, |txn| work(txn, past.doc()));
    if changed.is_err() {
        // Dropping it could touch what is broken.
        forget(past);
    }
    changed?
}

/// The update that `work` makes of a document, given as its whole state, in which formats are values;
/// `None` when it changes nothing. An outer error says that reading broke down.
pub(super) fn change<E: From<Unreadable>>(
    now: &[u8],
    client: ClientId,
    work: impl FnOnce(&mut TransactionMut<'_>) -> Result<(), E>,
) -> Result<Result<Option<Bytes>, E>, Unreadable> {
    let engine = match read::open_in_other_words(now, client, Some(&formats_as_values)) {
        Ok(engine) => engine,
        Err(reason) => return Ok(Err(reason.into())),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // While unwinding the transaction must not commit: that would panic again and abort.
        let mut txn = ManuallyDrop::new(engine.doc().transact_mut());
        let outcome = work(&mut txn);
        let update = txn.encode_update_v1();
        drop(ManuallyDrop::into_inner(txn));
        outcome.map(|()| update)
    }));
    let Ok(outcome) = outcome else {
        // As above.
        forget(engine);
        return Err(Unreadable::State("reading it broke down".to_owned()));
    };
    Ok(outcome.and_then(|update| {
        Ok((update != EMPTY).then(|| values_as_formats(&update)).transpose()?)
    }))
}

fn become_past(txn: &mut TransactionMut<'_>, then: &Doc) -> Result<(), RestoreError> {
    let past = then.transact();
    let mut shapes = Shapes::default();
    for (then, now) in roots(txn, &past) {
        let then = then.map_or(Ok(Vec::new()), |root| shapes.pieces(&past, &root))?;
        let pieces = shapes.pieces(&*txn, &now)?;
        become_like(txn, &now, &pieces, &then)?;
    }
    Ok(())
}

fn put_behind(txn: &mut TransactionMut<'_>, more: &Doc) -> Result<(), RestoreError> {
    let past = more.transact();
    let mut shapes = Shapes::default();
    for (more, now) in roots(txn, &past) {
        let Some(more) = more else { continue };
        let more = shapes.pieces(&past, &more)?;
        if more.is_empty() {
            continue;
        }
        let length = now.len(&*txn);
        let mut delta = if length > 0 { vec![Delta::Retain(length, None)] } else { Vec::new() };
        for piece in &more {
            delta.push(Delta::Inserted(shell(piece)?, None));
        }
        now.apply_delta(txn, delta);
        // Of the new ones only the shells are there: what is in them is compared with nothing.
        let is_type = |out: &Out| !matches!(out, Out::Any(_));
        let outs = now.diff(&*txn, YChange::identity).into_iter().map(|part| part.insert);
        let outs: Vec<_> = outs.filter(is_type).collect();
        let nodes: Vec<_> = more.iter().filter_map(Piece::node).collect();
        let first = outs.len().saturating_sub(nodes.len());
        for (out, node) in outs[first..].iter().zip(nodes) {
            finish(txn, out, None, node)?;
        }
    }
    Ok(())
}

/// The roots of our apps, as they were and as they are.
fn roots(txn: &mut TransactionMut<'_>, past: &impl ReadTxn) -> [(Option<TextRef>, TextRef); 2] {
    let then_rich = past.get_xml_fragment(RICH).map(|root| text_of(root.as_ref()));
    let then_text = past.get_text(TEXT);
    let now_rich = txn.get_or_insert_xml_fragment(RICH);
    let now_text = txn.get_or_insert_text(TEXT);
    [(then_rich, text_of(now_rich.as_ref())), (then_text, now_text)]
}

/// A part of a sequence.
pub(super) enum Piece {
    Text(String),
    Value(Any, u32),
    Type(Node, Unit),
}

impl Piece {
    fn node(&self) -> Option<&Node> {
        match self {
            Self::Type(node, _) => Some(node),
            Self::Text(_) | Self::Value(..) => None,
        }
    }
}

/// A shared type in a sequence.
pub(super) struct Node {
    shell: Shell,
    attributes: BTreeMap<Arc<str>, Any>,
    pieces: Vec<Piece>,
}

/// What a shared type is, without what is in it.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Shell {
    Element(Arc<str>),
    XmlText,
    Text,
    /// Known only to the app that wrote it.
    Foreign,
}

/// Numbers for things, the same for equal ones.
#[derive(Default)]
pub(super) struct Shapes {
    numbers: HashMap<Shape, u32>,
    nodes: usize,
}

#[derive(PartialEq, Eq, Hash)]
enum Shape {
    Value(String),
    Kind(Shell),
    Node(Shell, Vec<(Arc<str>, String)>, Vec<Part>),
    /// Equal to itself only.
    Foreign((u64, u32)),
}

#[derive(PartialEq, Eq, Hash)]
enum Part {
    Text(String),
    Unit(u32),
}

impl Shapes {
    fn number(&mut self, shape: Shape) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(shape).or_insert(next)
    }

    /// All of a sequence. Admission bounds how deep this goes.
    pub(super) fn pieces(
        &mut self,
        txn: &impl ReadTxn,
        parent: &TextRef,
    ) -> Result<Vec<Piece>, RestoreError> {
        let mut pieces = Vec::new();
        let mut seen: u32 = 0;
        for part in parent.diff(txn, YChange::identity) {
            self.nodes += 1;
            if self.nodes > 2 * limits::CONTENT_NODES {
                return Err(Unreadable::TooManyNodes.into());
            }
            seen += 1;
            pieces.push(match part.insert {
                Out::Any(Any::String(text)) => {
                    seen += text.chars().map(|ch| ch.len_utf16() as u32).sum::<u32>() - 1;
                    Piece::Text(text.as_ref().to_owned())
                }
                Out::Any(value) => {
                    let number = self.number(Shape::Value(json(&value).to_string()));
                    Piece::Value(value, number)
                }
                out => self.node(txn, &out)?,
            });
        }
        // Plain values in a sequence are not among its differences.
        if seen == parent.len(txn) { Ok(pieces) } else { Err(RestoreError::Foreign) }
    }

    fn node(&mut self, txn: &impl ReadTxn, out: &Out) -> Result<Piece, RestoreError> {
        let (shell, attributes) = match out {
            Out::YXmlElement(element) => {
                let tag = element.try_tag().cloned().unwrap_or_default();
                (Shell::Element(tag), attributes(txn, element))
            }
            Out::YXmlText(text) => (Shell::XmlText, attributes(txn, text)),
            Out::YText(_) => (Shell::Text, BTreeMap::new()),
            _ => (Shell::Foreign, BTreeMap::new()),
        };
        let branch = branch(out);
        let id = branch.and_then(|branch| match branch.id() {
            BranchID::Nested(id) => Some((id.client.get(), id.clock)),
            BranchID::Root(_) => None,
        });
        let kind = self.number(Shape::Kind(shell.clone()));
        let (Some(branch), false) = (branch, shell == Shell::Foreign) else {
            let id = id.ok_or(RestoreError::Foreign)?;
            let exact = self.number(Shape::Foreign(id));
            let node = Node { shell, attributes, pieces: Vec::new() };
            return Ok(Piece::Type(node, Unit { exact, id: Some(id), kind: exact }));
        };
        let pieces = self.pieces(txn, &text_of(branch))?;
        let said = attributes.iter().map(|(key, value)| (key.clone(), json(value).to_string()));
        let parts = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => Part::Text(text.clone()),
            Piece::Value(_, number) => Part::Unit(*number),
            Piece::Type(_, unit) => Part::Unit(unit.exact),
        });
        let shape = Shape::Node(shell.clone(), said.collect(), parts.collect());
        let exact = self.number(shape);
        Ok(Piece::Type(Node { shell, attributes, pieces }, Unit { exact, id, kind }))
    }
}

fn attributes<X: Xml>(txn: &impl ReadTxn, of: &X) -> BTreeMap<Arc<str>, Any> {
    let plain = |(key, value): (&str, Out)| match value {
        Out::Any(value) => Some((Arc::from(key), value)),
        _ => None,
    };
    of.attributes(txn).filter_map(plain).collect()
}

fn branch(out: &Out) -> Option<&Branch> {
    Some(match out {
        Out::YXmlElement(it) => it.as_ref(),
        Out::YXmlText(it) => it.as_ref(),
        Out::YXmlFragment(it) => it.as_ref(),
        Out::YText(it) => it.as_ref(),
        Out::YArray(it) => it.as_ref(),
        Out::YMap(it) => it.as_ref(),
        _ => return None,
    })
}

/// Makes a sequence have these parts: first its units in place, then what is in each.
fn become_like(
    txn: &mut TransactionMut<'_>,
    sequence: &TextRef,
    now: &[Piece],
    then: &[Piece],
) -> Result<(), RestoreError> {
    let found = difference(&atoms(now), &atoms(then));
    let mut coming = then.iter().filter(|piece| !matches!(piece, Piece::Text(_)));
    let mut fates = found.fates.iter();
    let mut delta = Vec::with_capacity(found.steps.len());
    for step in found.steps {
        match step {
            Step::Keep(units) => delta.push(Delta::Retain(units, None)),
            Step::Delete(units) => delta.push(Delta::Deleted(units)),
            Step::Insert(text) => {
                delta.push(Delta::Inserted(In::Any(Any::String(text.into())), None));
            }
            Step::InsertUnits(count) => {
                let is_new = |_: &&Piece| fates.next() == Some(&Fate::New);
                for piece in coming.by_ref().filter(is_new).take(count) {
                    delta.push(Delta::Inserted(shell(piece)?, None));
                }
            }
        }
    }
    if matches!(delta.last(), Some(Delta::Retain(..))) {
        delta.pop();
    }
    if !delta.is_empty() {
        sequence.apply_delta(txn, delta);
    }
    let old: Vec<_> = now.iter().filter(|piece| !matches!(piece, Piece::Text(_))).collect();
    let new = then.iter().filter(|piece| !matches!(piece, Piece::Text(_)));
    let mut wanted = Vec::new();
    for (fate, piece) in found.fates.into_iter().zip(new) {
        if let Piece::Type(node, _) = piece {
            wanted.push((fate, node));
        }
    }
    if wanted.iter().all(|(fate, _)| *fate == Fate::Same) {
        return Ok(());
    }
    let is_type = |out: &Out| !matches!(out, Out::Any(_));
    let outs = sequence.diff(&*txn, YChange::identity).into_iter().map(|part| part.insert);
    let outs: Vec<_> = outs.filter(is_type).collect();
    for (out, (fate, node)) in outs.iter().zip(wanted) {
        let before = match fate {
            Fate::Same => continue,
            Fate::New => None,
            Fate::Made(at) => match old.get(at) {
                Some(Piece::Type(before, _)) => Some(before),
                _ => None,
            },
        };
        finish(txn, out, before, node)?;
    }
    Ok(())
}

/// Makes a shared type have these attributes and contents.
fn finish(
    txn: &mut TransactionMut<'_>,
    out: &Out,
    before: Option<&Node>,
    then: &Node,
) -> Result<(), RestoreError> {
    let nothing = BTreeMap::new();
    let said = before.map_or(&nothing, |node| &node.attributes);
    match out {
        Out::YXmlElement(element) => set_attributes(txn, element, said, &then.attributes),
        Out::YXmlText(text) => set_attributes(txn, text, said, &then.attributes),
        _ => {}
    }
    let branch = branch(out).ok_or(RestoreError::Foreign)?;
    let pieces = before.map_or(&[][..], |node| &node.pieces);
    become_like(txn, &text_of(branch), pieces, &then.pieces)
}

fn set_attributes<X: Xml>(
    txn: &mut TransactionMut<'_>,
    of: &X,
    now: &BTreeMap<Arc<str>, Any>,
    then: &BTreeMap<Arc<str>, Any>,
) {
    for key in now.keys().filter(|key| !then.contains_key(*key)) {
        of.remove_attribute(txn, key);
    }
    for (key, value) in then.iter().filter(|(key, value)| now.get(*key) != Some(value)) {
        of.insert_attribute(txn, key.clone(), value.clone());
    }
}

fn atoms(pieces: &[Piece]) -> Vec<Atom<'_>> {
    let atom = |piece| match piece {
        &Piece::Value(_, number) => Atom::Unit(Unit { exact: number, id: None, kind: number }),
        Piece::Text(text) => Atom::Text(text),
        Piece::Type(_, unit) => Atom::Unit(*unit),
    };
    pieces.iter().map(atom).collect()
}

/// A unit to insert, a shared type without its contents.
fn shell(piece: &Piece) -> Result<In, RestoreError> {
    Ok(match piece {
        Piece::Text(text) => In::Any(Any::String(text.as_str().into())),
        Piece::Value(value, _) => In::Any(value.clone()),
        Piece::Type(node, _) => match &node.shell {
            Shell::Element(tag) => In::XmlElement(XmlElementPrelim::empty(tag.clone())),
            Shell::XmlText => In::XmlText(XmlDeltaPrelim::default()),
            Shell::Text => In::Text(DeltaPrelim::default()),
            Shell::Foreign => return Err(RestoreError::Foreign),
        },
    })
}

/// The same update with formats and embedded values told apart by their form.
fn formats_as_values(update: &Update<'_>) -> Bytes {
    rewrite(update, |block, writer| {
        let mut reader = Reader::new(block.content);
        let json = match block.kind {
            Kind::Format => {
                let (Ok(key), Ok(value)) = (reader.key(), reader.json()) else { return false };
                format!("[{},{value}]", Value::from(key))
            }
            Kind::Embed => {
                let Ok(value) = reader.json() else { return false };
                format!("[{value}]")
            }
            _ => return false,
        };
        writer.place(&Block { kind: Kind::Embed, ..*block }, 0);
        writer.string(&json);
        true
    })
}

/// The way back.
fn values_as_formats(update: &[u8]) -> Result<Bytes, Unreadable> {
    let wrong = |reason: &str| Unreadable::State(reason.to_owned());
    let update = Update::parse(update).map_err(|malformed| wrong(malformed.0))?;
    let mut sound = true;
    let formats = rewrite(&update, |block, writer| {
        if block.kind != Kind::Embed {
            return false;
        }
        let values = Reader::new(block.content).json().ok();
        match values.and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok()).as_deref() {
            Some([Value::String(key), value]) => {
                writer.place(&Block { kind: Kind::Format, ..*block }, 0);
                writer.string(key);
                writer.string(&value.to_string());
            }
            Some([value]) => {
                writer.place(block, 0);
                writer.string(&value.to_string());
            }
            _ => {
                sound = false;
                return false;
            }
        }
        true
    });
    if sound { Ok(formats) } else { Err(wrong("an embedded value lost its form")) }
}

/// An update with some of its blocks written anew by `write`, which says whether it did.
fn rewrite(update: &Update<'_>, mut write: impl FnMut(&Block<'_>, &mut Writer) -> bool) -> Bytes {
    let mut writer = Writer::default();
    writer.count(update.sections.len());
    for section in &update.sections {
        let first = Id { client: section.client, clock: section.clock };
        writer.section(section.blocks().count(), first);
        for block in section.blocks() {
            if !write(&block, &mut writer) {
                writer.raw(block.bytes);
            }
        }
    }
    writer.deletes(&update.deletes().collect::<Vec<_>>());
    writer.into_bytes()
}
