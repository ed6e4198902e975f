//! Edits of a text at positions, as programs write them that know no CRDT.
//!
//! Positions count UTF-16 units, as Yjs and JavaScript do, and embedded values as one. Formats, which
//! are values while a document is changed, count as nothing and stay where they are.

use bytes::Bytes;
use serde::Deserialize;
use yrs::{Any, In, Text, TransactionMut, WriteTxn, types::Delta};

use super::{
    TEXT, Unreadable,
    restore::{Piece, RestoreError, Shapes, change},
};
use crate::ids::ClientId;

/// Stands for an embedded value among letters.
const EMBEDDED: u16 = 0xfffc;

/// A change of a text. All positions of a request are those of the text before it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEdit {
    /// Where, in UTF-16 units from the beginning; the end of the text when it is not said.
    pub at: Option<u32>,
    /// How many units go.
    #[serde(default)]
    pub delete: u32,
    /// What comes.
    #[serde(default)]
    pub insert: String,
}

/// Why a text cannot be edited like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document cannot be read or written.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A position behind the end.
    #[error("an edit reaches to {end}, and the text has {length} UTF-16 units")]
    Beyond {
        /// Where the edit ends.
        end: u64,
        /// How long the text is.
        length: usize,
    },
    /// Two edits change the same.
    #[error("two edits overlap at {0}")]
    Overlap(u32),
    /// A position within a letter.
    #[error("{0} is in the middle of a letter of two UTF-16 units")]
    Split(u32),
}

impl From<Unreadable> for EditError {
    fn from(reason: Unreadable) -> Self {
        Self::Restore(reason.into())
    }
}

/// The update, written as `client`, that makes these edits in the text of a document given as its
/// whole state; `None` when they change nothing. Belongs on a thread with a large stack.
///
/// # Errors
/// When the document cannot be read, or an edit does not fit its text.
pub fn edit_text(
    now: &[u8],
    edits: Vec<TextEdit>,
    client: ClientId,
) -> Result<Option<Bytes>, EditError> {
    change(now, client, |txn| make(txn, edits))?
}

fn make(txn: &mut TransactionMut<'_>, edits: Vec<TextEdit>) -> Result<(), EditError> {
    let text = txn.get_or_insert_text(TEXT);
    let pieces = Shapes::default().pieces(&*txn, &text)?;
    let mut walk = Walk { spans: pieces.iter().map(span).collect(), ..Walk::default() };
    let units: Vec<u16> = pieces.iter().flat_map(units).collect();
    for (at, edit) in in_order(edits, &units)? {
        walk.go(at - walk.at, false);
        if !edit.insert.is_empty() {
            walk.delta.push(Delta::Inserted(In::Any(Any::String(edit.insert.into())), None));
        }
        walk.go(edit.delete, true);
    }
    while matches!(walk.delta.last(), Some(Delta::Retain(..))) {
        walk.delta.pop();
    }
    if !walk.delta.is_empty() {
        text.apply_delta(txn, walk.delta);
    }
    Ok(())
}

/// The edits by position, those at the same one as they came, all of them sound.
fn in_order(edits: Vec<TextEdit>, units: &[u16]) -> Result<Vec<(u32, TextEdit)>, EditError> {
    let length = u32::try_from(units.len()).unwrap_or(u32::MAX);
    let mut edits: Vec<_> =
        edits.into_iter().map(|edit| (edit.at.unwrap_or(length), edit)).collect();
    edits.sort_by_key(|(at, _)| *at);
    let mut free = 0;
    for (at, edit) in &edits {
        let end = u64::from(*at) + u64::from(edit.delete);
        if *at < free {
            return Err(EditError::Overlap(*at));
        }
        let Ok(end) = u32::try_from(end)
            .map_err(drop)
            .and_then(|it| if it > length { Err(()) } else { Ok(it) })
        else {
            return Err(EditError::Beyond { end, length: units.len() });
        };
        if let Some(split) = [*at, end].into_iter().find(|place| is_within(units, *place)) {
            return Err(EditError::Split(split));
        }
        free = end;
    }
    Ok(edits)
}

fn is_within(units: &[u16], place: u32) -> bool {
    let place = place as usize;
    let unit = |at: usize| units.get(at).copied().unwrap_or_default();
    place > 0
        && (0xd800..0xdc00).contains(&unit(place - 1))
        && (0xdc00..0xe000).contains(&unit(place))
}

/// How long a part is, and whether it counts.
fn span(piece: &Piece) -> (u32, bool) {
    match piece {
        Piece::Text(text) => (text.chars().map(|letter| letter.len_utf16() as u32).sum(), true),
        Piece::Value(..) => (1, !is_format(piece)),
        Piece::Type(..) => (1, true),
    }
}

fn units(piece: &Piece) -> Vec<u16> {
    match piece {
        Piece::Text(text) => text.encode_utf16().collect(),
        Piece::Value(..) if is_format(piece) => Vec::new(),
        Piece::Value(..) | Piece::Type(..) => vec![EMBEDDED],
    }
}

fn is_format(piece: &Piece) -> bool {
    matches!(piece, Piece::Value(Any::Array(values), _) if values.len() == 2)
}

/// On the way through a text.
#[derive(Default)]
struct Walk {
    spans: std::collections::VecDeque<(u32, bool)>,
    /// Units that count and are behind us.
    at: u32,
    delta: Vec<Delta<In>>,
}

impl Walk {
    /// Keeps or deletes so many units that count.
    fn go(&mut self, mut count: u32, delete: bool) {
        while count > 0
            && let Some((length, counts)) = self.spans.pop_front()
        {
            let taken = if counts { length.min(count) } else { length };
            if delete && counts {
                self.delta.push(Delta::Deleted(taken));
            } else {
                self.delta.push(Delta::Retain(taken, None));
            }
            if counts {
                count -= taken;
                self.at += taken;
            }
            if taken < length {
                self.spans.push_front((length - taken, counts));
            }
        }
    }
}
