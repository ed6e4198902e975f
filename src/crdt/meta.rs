//! What a document says about itself in its root map `meta`: title, kind, language. Bounded, and
//! hostile values are passed over.
//!
//! Knows the names of the roots, which are the same in every app that opens our documents
//! (`web/src/sync/meta.js`); knows no card, list or HTTP.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};
use yrs::{
    Any, Doc, Map, MapRef, Observable, Out, ReadTxn, Text, TransactionMut, WriteTxn, XmlFragment,
};

use super::content::Kind;
use crate::limits;

const ROOT: &str = "meta";

/// The newest rich text schema that this server can write.
const SCHEMA: i32 = 1;

/// What a document says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Empty when it has none.
    pub title: String,
    /// `None` when neither `meta` nor the content tells.
    pub kind: Option<Kind>,
    /// The language of code; empty for plain text.
    pub lang: String,
}

/// What is to be written; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetaChanges {
    /// The title.
    pub title: Option<String>,
    /// The kind.
    pub kind: Option<Kind>,
    /// The language of code.
    pub lang: Option<String>,
}

/// A flag that is raised whenever `meta` changes; an edit elsewhere costs nothing.
pub(super) fn watch(doc: &Doc) -> Arc<AtomicBool> {
    let changed = Arc::new(AtomicBool::new(false));
    let raise = Arc::clone(&changed);
    let meta: MapRef = doc.get_or_insert_map(ROOT);
    meta.observe("card", move |_, _| raise.store(true, Ordering::Relaxed));
    changed
}

/// Reads what `meta` says, and the kind from the content where it says none.
pub(super) fn read(txn: &impl ReadTxn) -> Meta {
    let map = txn.get_map(ROOT);
    let text = |key: &str| match map.as_ref()?.get(txn, key)? {
        Out::Any(Any::String(text)) => Some(text),
        _ => None,
    };
    let title = text("title").map_or_else(String::new, |title| clip(&title));
    let kind = text("kind").and_then(|kind| kind.parse().ok());
    let lang = text("lang").filter(|lang| lang.len() <= limits::LANG_BYTES);
    Meta {
        title,
        kind: kind.or_else(|| kind_of_content(txn)),
        lang: lang.map_or_else(String::new, |lang| lang.to_string()),
    }
}

/// Writes what differs.
pub(super) fn write(txn: &mut TransactionMut<'_>, changes: &MetaChanges) {
    let map = txn.get_or_insert_map(ROOT);
    let texts = [
        ("title", changes.title.as_deref()),
        ("kind", changes.kind.map(Kind::as_str)),
        ("lang", changes.lang.as_deref()),
    ];
    for (key, value) in texts {
        let Some(value) = value else { continue };
        let same = matches!(map.get(txn, key), Some(Out::Any(Any::String(old))) if *old == *value);
        if !same {
            map.insert(txn, key, value);
        }
    }
    if changes.kind.is_some() && map.get(txn, "schema").is_none() {
        map.insert(txn, "schema", SCHEMA);
    }
}

/// The longest beginning that a title may have, counted as browsers count.
fn clip(title: &str) -> String {
    let mut units = 0;
    let fits = |ch: &char| {
        units += ch.len_utf16();
        units <= limits::TITLE_UNITS
    };
    title.chars().take_while(fits).collect()
}

fn kind_of_content(txn: &impl ReadTxn) -> Option<Kind> {
    if txn.get_xml_fragment("default").is_some_and(|root| root.len(txn) > 0) {
        return Some(Kind::Rich);
    }
    txn.get_text("text").filter(|root| root.len(txn) > 0).map(|_| Kind::Markdown)
}
