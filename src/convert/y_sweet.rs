//! What y-sweet keeps of a document (`data.ysweet`), read: the updates that the document is made of.
//!
//! The file is a map in bincode, a count and then keys and values, each a length and that many bytes;
//! numbers have eight bytes, the low ones first. The keys are those of yrs-kvstore: `00 00` and a name
//! and `00` lead to a number, `00 01`, that number and `00` to a state, and `00 01`, the number, `02`,
//! a count and `00` to each update that came later. y-sweet calls every document `doc`.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};

/// Where the number of the document is.
const NUMBER: &[u8] = b"\0\0doc\0";

/// What the keys of everything of the document begin with; the number follows.
const DOCUMENT: &[u8] = &[0, 1];

/// The document's state, behind the number.
const STATE: u8 = 0;

/// An update that came after that, behind the number.
const UPDATE: u8 = 2;

/// Not such a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no data.ysweet: {0}")]
pub struct NotYSweet(&'static str);

/// Reads a file. A document that nobody has written in has no updates.
///
/// # Errors
/// When it is no such file or was cut off.
pub fn read(mut file: Bytes) -> Result<Vec<Bytes>, NotYSweet> {
    let count = length(&mut file)?;
    let mut entries = BTreeMap::new();
    for _ in 0..count {
        let key = text(&mut file)?;
        entries.insert(key, text(&mut file)?);
    }
    if file.has_remaining() {
        return Err(NotYSweet("something follows its end"));
    }
    let Some(number) = entries.get(NUMBER) else {
        return if entries.is_empty() {
            Ok(Vec::new())
        } else {
            Err(NotYSweet("it has no document"))
        };
    };
    let begins = [DOCUMENT, &number[..]].concat();
    let mut updates = Vec::new();
    // In the order of the keys the state comes first, then the updates as they came.
    for (key, value) in &entries {
        if let Some([STATE] | [UPDATE, ..]) = key.strip_prefix(&begins[..]) {
            updates.push(value.clone());
        }
    }
    Ok(updates)
}

fn length(file: &mut Bytes) -> Result<u64, NotYSweet> {
    file.try_get_u64_le().map_err(|_| CUT_OFF)
}

fn text(file: &mut Bytes) -> Result<Bytes, NotYSweet> {
    let length = usize::try_from(length(file)?).map_err(|_| CUT_OFF)?;
    if length > file.len() {
        return Err(CUT_OFF);
    }
    Ok(file.split_to(length))
}

const CUT_OFF: NotYSweet = NotYSweet("it ends too early");
