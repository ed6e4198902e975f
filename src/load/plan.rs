//! What a measurement with writers does: how many, how fast, how long, waiting for what.

use std::{sync::Arc, time::Duration};

use super::{
    edits::{EDITS_MAX, WRITERS_MAX},
    error::Failed,
    trace::Trace,
};

/// Edits of one writer on their way when they leave at a rate, beyond which it falls behind.
const AT_A_RATE: usize = 4_096;

/// Largest edit.
const EDIT_BYTES: usize = 64 << 10;

/// How edits leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many of a writer's are on their way at a time: the next leaves when one has arrived.
    Window(usize),
    /// So many in a second from each writer, whatever arrives.
    Rate(f64),
}

/// When writers stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// After so many edits each.
    Edits(u64),
    /// After this time.
    Time(Duration),
}

/// When an edit has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// When every other client of its document has it.
    Delivery,
    /// When its writer hears that it was taken.
    Acknowledgement,
}

/// Documents that were written before and are not open.
#[derive(Clone, Debug)]
pub struct Old {
    /// How many.
    pub documents: usize,
    /// The document, or how their names begin when there are several.
    pub document: String,
    /// What is in each.
    pub history: Arc<Trace>,
}

impl Old {
    /// The name of one of them.
    #[must_use]
    pub fn document(&self, index: usize) -> String {
        name(&self.document, self.documents, index)
    }
}

/// A measurement with writers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many documents.
    pub documents: usize,
    /// Clients of each, writers included.
    pub clients: usize,
    /// How many of them write.
    pub writers: usize,
    /// Clients on top that read nothing while the others do.
    pub slow: usize,
    /// People on top who come, look and go, all the time.
    pub visitors: usize,
    /// What every second of them visits instead of the documents that are worked on.
    pub old: Option<Old>,
    /// How edits leave.
    pub pace: Pace,
    /// When writers stop.
    pub until: Until,
    /// When an edit has arrived.
    pub awaited: Awaited,
    /// Whether writers ask for acknowledgements.
    pub asks_for_acknowledgement: bool,
    /// Bytes of text in an edit.
    pub edit_bytes: usize,
    /// How often each client shows its presence.
    pub presence: Option<Duration>,
    /// Connections that are made at the same time.
    pub at_once: usize,
    /// How long nothing may arrive before it is given up.
    pub patience: Duration,
    /// Bytes that all clients together keep of what they receive, to be judged.
    pub keep: u64,
    /// Where chance comes from.
    pub seed: u64,
    /// The document, or how their names begin when there are several.
    pub document: String,
}

impl Plan {
    /// How many edits of a writer may be on their way.
    #[must_use]
    pub fn on_their_way(&self) -> usize {
        match self.pace {
            Pace::Window(window) => window,
            Pace::Rate(_) => AT_A_RATE,
        }
    }

    /// How many edits each writer writes at most.
    #[must_use]
    pub fn quota(&self) -> u64 {
        match self.until {
            Until::Edits(edits) => edits,
            Until::Time(_) => EDITS_MAX,
        }
    }

    /// Says what does not go together.
    ///
    /// # Errors
    /// With words for the person who wrote it.
    pub fn check(&self) -> Result<(), Failed> {
        let wrong = |why: String| Err(Failed::Settings(why));
        if self.documents == 0 || self.clients == 0 {
            return wrong("there is nothing to measure without documents and clients".to_owned());
        }
        if self.writers == 0 || self.writers > self.clients {
            let clients = self.clients;
            return wrong(format!("1 to {clients} of {clients} clients can write"));
        }
        if self.writers > WRITERS_MAX {
            return wrong(format!("at most {WRITERS_MAX} clients of a document can write"));
        }
        if self.clients < 2 && self.awaited == Awaited::Delivery {
            return wrong("nothing is delivered to one client; give at least two".to_owned());
        }
        if self.pace == Pace::Window(0) || matches!(self.pace, Pace::Rate(rate) if rate <= 0.0) {
            return wrong("a window or rate of nothing never writes".to_owned());
        }
        if matches!(self.until, Until::Edits(edits) if edits == 0 || edits > EDITS_MAX) {
            return wrong(format!("a writer writes 1 to {EDITS_MAX} edits"));
        }
        if self.edit_bytes > EDIT_BYTES {
            return wrong(format!("an edit has at most {EDIT_BYTES} bytes"));
        }
        if self.old.as_ref().is_some_and(|old| old.documents == 0) {
            return wrong("visitors cannot go round no documents".to_owned());
        }
        Ok(())
    }

    /// The name of one of its documents.
    #[must_use]
    pub fn document(&self, index: usize) -> String {
        name(&self.document, self.documents, index)
    }
}

fn name(begins: &str, documents: usize, index: usize) -> String {
    if documents == 1 { begins.to_owned() } else { format!("{begins}-{index}") }
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            documents: 1,
            clients: 2,
            writers: 1,
            slow: 0,
            visitors: 0,
            old: None,
            pace: Pace::Window(1),
            until: Until::Time(Duration::from_secs(5)),
            awaited: Awaited::Delivery,
            asks_for_acknowledgement: false,
            edit_bytes: 16,
            presence: None,
            at_once: 64,
            patience: Duration::from_secs(10),
            keep: 1 << 30,
            seed: 1,
            document: "bench".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_go_together_is_said() {
        assert!(Plan::default().check().is_ok());
        for (plan, words) in [
            (Plan { documents: 0, ..Plan::default() }, "nothing to measure"),
            (Plan { writers: 3, ..Plan::default() }, "1 to 2 of 2 clients"),
            (Plan { clients: 1, ..Plan::default() }, "at least two"),
            (Plan { pace: Pace::Window(0), ..Plan::default() }, "never writes"),
            (Plan { pace: Pace::Rate(-1.0), ..Plan::default() }, "never writes"),
            (Plan { until: Until::Edits(0), ..Plan::default() }, "1 to 16777216 edits"),
            (Plan { edit_bytes: 1 << 20, ..Plan::default() }, "at most 65536 bytes"),
            (Plan { clients: 5_000, writers: 5_000, ..Plan::default() }, "at most 4096"),
        ] {
            let error = plan.check().expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
