//! What retention left of a document's past: from where on the entries are kept, and of which moments
//! before that the whole state is.
//!
//! A small record beside the document says so, written in one commit with the states themselves:
//! from then on entries before it are not read any more, and rewriting leaves them out. Values and
//! checks only; knows no files and no CRDT.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    ids::Seq,
    storage::{Record, StoreError, versions},
};

/// The key of the record.
pub(crate) const KEY: &str = "past";

/// What is kept of a past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The entry whose state stands for everything up to it; 0 while the past is whole.
    pub floor: Seq,
    /// Earlier moments of which the whole state is kept, in order.
    #[serde(default)]
    pub moments: Vec<Seq>,
}

impl Kept {
    /// Whether the state of exactly this moment is kept for itself.
    #[must_use]
    pub fn has_state(&self, seq: Seq) -> bool {
        self.is_cut() && (seq == self.floor || self.moments.binary_search(&seq).is_ok())
    }

    /// Whether something was cut off.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.floor > Seq(0)
    }

    /// Whether nothing before this moment is needed to tell what the document said then.
    #[must_use]
    pub fn can_show(&self, seq: Seq) -> bool {
        seq >= self.floor || self.has_state(seq)
    }

    /// What a record says; `None` when it cannot be read.
    pub(crate) fn read(record: &Record) -> Option<Self> {
        let mut kept: Self = serde_json::from_slice(&record.value).ok()?;
        kept.moments.retain(|seq| *seq < kept.floor);
        kept.moments.sort_unstable();
        kept.moments.dedup();
        Some(kept)
    }

    /// The record's value.
    pub(crate) fn written(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Whether this may follow on `before` with new states of `bases`: nothing that was cut comes
    /// back, every state is there, and no version loses its moment.
    pub(crate) fn check(
        &self,
        before: &Self,
        bases: &[Seq],
        last: Seq,
        records: &[(Box<str>, Record)],
    ) -> Result<(), StoreError> {
        let refused = |reason: String| Err(StoreError::Conflict(reason));
        if self.floor < before.floor || self.floor > last || self.floor < Seq(2) {
            return refused(format!(
                "the past cannot be cut at entry {}; it begins with {} and ends with {last}",
                self.floor, before.floor
            ));
        }
        let ordered = self.moments.windows(2).all(|pair| pair[0] < pair[1])
            && self.moments.last().is_none_or(|seq| *seq < self.floor);
        if !ordered {
            return refused("the moments to keep are out of order".into());
        }
        let mut states = self.moments.iter().chain([&self.floor]);
        if let Some(seq) = states.find(|seq| !before.has_state(**seq) && !bases.contains(seq)) {
            return refused(format!("the state of entry {seq} is not there"));
        }
        let mut versions = versions::of_records(records).into_iter();
        let loses = |seq: Seq| before.can_show(seq) && !self.can_show(seq);
        if let Some(version) = versions.find(|version| loses(version.seq)) {
            return refused(format!("a version has entry {} as its moment", version.seq));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_in_order_whoever_wrote_it() {
        let read = |text: &'static str| {
            let value = Bytes::from_static(text.as_bytes());
            Kept::read(&Record { revision: 1, value })
        };
        let expected = Kept { floor: Seq(9), moments: vec![Seq(2), Seq(4)] };
        assert_eq!(read(r#"{"floor":9,"moments":[4,2,9,4,12]}"#), Some(expected));
        assert_eq!(read(r#"{"floor":3}"#), Some(Kept { floor: Seq(3), moments: Vec::new() }));
        assert_eq!(read("{"), None);
    }
}
