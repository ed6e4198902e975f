//! What goes into a live document and what comes out: the words between it and its actor.

use bytes::Bytes;

use super::parser::Malformed;

/// Bounds of one document, taken from `limits::Limits`.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Largest live update.
    pub update_bytes: usize,
    /// Largest sync step 2, and largest document encoded as one update.
    pub document_bytes: usize,
}

/// Bytes from a client that want to become part of the document.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// A Yjs update, version 1, unchecked.
    pub update: Bytes,
    /// Whether it came as a sync step 2 (a difference with the whole delete set) rather than live.
    pub step2: bool,
}

/// What became of one [`Incoming`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Applied whole; this is to be journalled (the client's own bytes for a live update, only
    /// what it added for a step 2).
    Applied(Bytes),
    /// It held nothing new; nothing to journal.
    Known,
    /// It depends on something that never arrived. The part that could be applied, if any, is to
    /// be journalled; the sender must be asked for the rest with a sync step 1.
    Incomplete(Option<Bytes>),
    /// Nothing of it was applied.
    Refused(Refusal),
}

/// Why bytes were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No Yjs client writes this; a strike for the sender.
    #[error("not a valid Yjs update: {0}")]
    Malformed(&'static str),
    /// Over a bound that honest clients can reach; not a strike.
    #[error("the update has {bytes} bytes, at most {limit} are accepted")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many are accepted.
        limit: usize,
    },
    /// The document is full; deleting is still possible.
    #[error("the document has reached its size limit of {limit} bytes")]
    Full {
        /// The document's bound.
        limit: usize,
    },
    /// Over a bound that honest clients can reach; not a strike.
    #[error("the document has reached its limit of {limit} documents inside it")]
    TooManyInside {
        /// How many there may be.
        limit: usize,
    },
    /// Made by a client of an earlier life of the document.
    #[error("this edit belongs to an earlier document of the same name")]
    Retired,
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed.0)
    }
}

/// One message for all subscribers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// The update to send.
    pub update: Bytes,
    /// Which of the incoming are in it, as indexes; those in between that were known or refused
    /// hold nothing.
    pub members: std::ops::Range<usize>,
}

/// What applying a batch did: a verdict for each incoming, in order, and what to tell everyone.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// As many as there were incoming.
    pub verdicts: Vec<Verdict>,
    /// In order; together they hold every change of the batch.
    pub broadcasts: Vec<Broadcast>,
}

/// The document in memory can no longer be trusted (the CRDT panicked); drop it and load it again
/// from what is durable. Nothing of the batch may be journalled.
#[derive(Debug, thiserror::Error)]
#[error("the document's state broke while applying an update: {reason}")]
pub struct Poisoned {
    /// Which incoming did it, if a replay one by one found it.
    pub culprit: Option<usize>,
    /// The panic's message.
    pub reason: String,
}
