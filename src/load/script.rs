//! What the writers of one document write: edits made as they go, or a history.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    edits::{Typist, marks},
    trace::Trace,
};

/// Text for the writers of a document.
#[derive(Clone, Debug)]
pub struct Script {
    text: Text,
    quota: u64,
}

#[derive(Clone, Debug)]
enum Text {
    /// Each writer's client id is this one and its number.
    Typed { client: u64, bytes: usize },
    /// One writer repeats it.
    Played(Arc<Trace>),
}

impl Script {
    /// Edits of so many bytes, at most `quota` of each writer, from client ids that begin here.
    #[must_use]
    pub fn typed(client: u64, bytes: usize, quota: u64) -> Self {
        Self { text: Text::Typed { client, bytes }, quota }
    }

    /// A history, which one writer repeats.
    #[must_use]
    pub fn played(trace: Arc<Trace>) -> Self {
        Self { quota: trace.updates.len() as u64, text: Text::Played(trace) }
    }

    /// The edit of a writer with this number.
    #[must_use]
    pub fn edit(&self, writer: usize, number: u64) -> Bytes {
        match &self.text {
            Text::Typed { client, bytes } => {
                Typist::new(client + writer as u64, writer, *bytes).edit(number)
            }
            Text::Played(trace) => {
                let number = usize::try_from(number).unwrap_or(usize::MAX);
                trace.updates.get(number).cloned().unwrap_or_default()
            }
        }
    }

    /// How many edits each writer has.
    #[must_use]
    pub fn quota(&self) -> u64 {
        self.quota
    }

    /// Whether a writer has no more to write after so many.
    #[must_use]
    pub fn is_over(&self, written: u64) -> bool {
        written >= self.quota
    }

    /// The edits in an update: writers and numbers.
    pub fn edits_in(&self, update: &[u8], mut tell: impl FnMut(usize, u64)) {
        match &self.text {
            Text::Typed { .. } => marks(update).for_each(|(writer, number)| tell(writer, number)),
            Text::Played(trace) => trace.numbers_in(update, |number| tell(0, number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_known_again() {
        let typed = Script::typed(5, 20, 50);
        let played = Script::played(Arc::new(Trace::drawn(4, 50)));
        for script in [typed, played] {
            for number in 0..50 {
                let mut found = Vec::new();
                script.edits_in(&script.edit(0, number), |writer, it| found.push((writer, it)));
                assert_eq!(found, [(0, number)]);
            }
            assert!(script.is_over(50) && !script.is_over(49));
        }
    }
}
