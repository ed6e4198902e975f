//! Edits that were promised and are gone after a server was killed in the middle of its work.
//!
//! Promised is what was acknowledged to its writer; where the dialect has no acknowledgement, what
//! another client has seen. Nobody who has the edits connects before they are looked for.

use std::{collections::HashSet, num::NonZeroUsize, pin::pin, str::FromStr, time::Duration};

use tokio::{sync::Notify, time::sleep};

use super::{
    Told,
    dialect::{Dialect, Heard},
    edits::{ROOT, marks},
    error::Failed,
    fan_out::{self, WRITING},
    joining::join_until,
    plan::{Awaited, Pace, Plan, Until},
    report::{Report, as_float},
    target::Target,
};
use crate::{
    crdt::replica::Replica,
    ids::{ClientId, DocumentName},
    random::{Random, SeededRandom},
};

/// Edits on their way when the server is killed.
const WINDOW: usize = 32;

/// How long is waited for edits that are not there: some servers answer before they have read.
const READING: Duration = Duration::from_secs(5);

/// A state, or a part of one: more bytes than somebody types at once.
const LONG: usize = 4 << 10;

/// The client that looks, and writes nothing.
const LOOKER: ClientId = ClientId(1);

/// Nothing arrives from a server that is dead.
const PATIENCE: Duration = Duration::from_millis(600);

/// What was promised of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// The document.
    pub document: String,
    /// So many edits, from the first on.
    pub edits: u64,
}

impl FromStr for Promise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` does not say NAME=NUMBER");
        let (document, edits) = text.rsplit_once('=').ok_or_else(wrong)?;
        Ok(Self { document: document.to_owned(), edits: edits.parse().map_err(|_| wrong())? })
    }
}

/// When and how a server is killed.
#[derive(Clone, Debug)]
pub struct Blow {
    /// The document that is written, or how their names begin.
    pub document: String,
    /// It falls so long after everybody has joined, and up to twice of it.
    pub after: Duration,
    /// Says when in between.
    pub seed: u64,
}

/// Writes until the server is killed; gives what was promised.
///
/// # Errors
/// When it cannot be killed, or clients cannot join.
pub async fn strike(
    target: &Target,
    dialect: Dialect,
    blow: &Blow,
    told: Told<'_>,
) -> Result<Promise, Failed> {
    let Some(process) = target.process else {
        let why = "only a process on this machine can be killed; --pid says which one it is";
        return Err(Failed::Settings(why.to_owned()));
    };
    let acknowledges = dialect.acknowledges();
    let plan = Plan {
        pace: Pace::Window(WINDOW),
        until: Until::Time(blow.after * 4),
        awaited: if acknowledges { Awaited::Acknowledgement } else { Awaited::Delivery },
        asks_for_acknowledgement: acknowledges,
        patience: PATIENCE,
        document: blow.document.clone(),
        ..Plan::default()
    };
    let part = as_float(SeededRandom::new(blow.seed).below(1_000)) / 1_000.0;
    let after = blow.after.mul_f64(1.0 + part);
    let begun = Notify::new();
    let telling = |what: &str, done, all| {
        if what == WRITING {
            begun.notify_one();
        }
        told(what, done, all);
    };
    let kill = async {
        begun.notified().await;
        sleep(after).await;
        process.kill();
    };
    let mut run = pin!(fan_out::run(target, dialect, &plan, None, &telling));
    let report = tokio::select! {
        report = &mut run => report,
        () = kill => run.await,
    }?;
    let seen = report.acknowledged.map_or(0, |it| it.count);
    let edits = if acknowledges { seen } else { report.deliveries };
    Ok(Promise { document: blow.document.clone(), edits })
}

/// Reads a document from a server that was started again; gives how many promised edits are gone.
///
/// # Errors
/// When it cannot be read.
pub async fn lost(target: &Target, dialect: Dialect, promise: &Promise) -> Result<u64, Failed> {
    let name = DocumentName::new(&promise.document)
        .map_err(|error| Failed::Settings(format!("the document {}: {error}", promise.document)))?;
    let line = dialect.line(&target.url, &name).await?;
    let mut reader = Reader::new(promise.edits);
    let joined = join_until(&line, READING, |heard| {
        if let Heard::State(update) | Heard::Edit(update) = heard {
            reader.hear(update);
        }
        !matches!(heard, Heard::Question) && reader.gone() == 0
    });
    match joined.await {
        // What is not there by now is gone.
        Ok(_) | Err(Failed::Silent(_)) => {
            reader.read();
            Ok(reader.gone())
        }
        Err(failed) => Err(failed),
    }
}

/// Finds promised edits. A server may cut a long text anywhere, also within a mark, so the text is read
/// as a replica reads it; not with each small edit, as that takes long.
struct Reader {
    promised: u64,
    replica: Replica,
    found: HashSet<u64>,
}

impl Reader {
    fn new(promised: u64) -> Self {
        Self { promised, replica: Replica::new(LOOKER, ROOT), found: HashSet::new() }
    }

    fn hear(&mut self, update: &[u8]) {
        self.find(update);
        // What cannot be applied is not there, and so is gone.
        if self.replica.apply(update).is_ok() && update.len() > LONG {
            self.read();
        }
    }

    fn read(&mut self) {
        let text = self.replica.text();
        self.find(text.as_bytes());
    }

    fn find(&mut self, bytes: &[u8]) {
        let numbers = marks(bytes).map(|it| it.1);
        self.found.extend(numbers.filter(|it| *it < self.promised));
    }

    fn gone(&self) -> u64 {
        self.promised - self.found.len() as u64
    }
}

/// Kills a server of our own again and again, and looks each time.
///
/// # Errors
/// When it does not start again, or a document cannot be read.
pub async fn rounds(
    mut target: Target,
    program: &str,
    dialect: Dialect,
    (blow, rounds): (&Blow, NonZeroUsize),
    told: Told<'_>,
) -> Result<Report, Failed> {
    let (mut promised, mut gone) = (0, 0);
    let rounds = rounds.get();
    for round in 0..rounds {
        told("killing", round as u64, rounds as u64);
        let document = format!("{}-{round}", blow.document);
        let blow = Blow { document, seed: blow.seed + round as u64, ..blow.clone() };
        let quiet = |_: &str, _, _| {};
        let promise = strike(&target, dialect, &blow, &quiet).await?;
        target = target.restart(program, dialect).await?;
        gone += lost(&target, dialect, &promise).await?;
        promised += promise.edits;
    }
    let mut report = Report::default();
    report.tell("times killed", as_float(rounds as u64), "");
    report.tell_promises(promised, gone);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::edits::Typist;

    #[test]
    fn an_edit_that_a_server_cut_in_two_is_there_and_one_that_never_came_is_gone() {
        let typist = Typist::new(7, 0, 16);
        let mut reader = Reader::new(3);
        assert_eq!(reader.gone(), 3);
        reader.hear(&typist.edit(0));
        assert_eq!(reader.gone(), 2);
        // The second one in two blocks, as of a text that is cut behind its 20th letter.
        let second = typist.edit(1);
        let letters = &second[second.len() - 17..second.len() - 1];
        for (at, part) in [(16_u8, &letters[..4]), (20, &letters[4..])] {
            let mut update = vec![1, 1, 7, at, 0x84, 7, at - 1, u8::try_from(part.len()).unwrap()];
            update.extend(part);
            update.push(0);
            reader.hear(&update);
        }
        reader.read();
        assert_eq!(reader.gone(), 1);
        reader.hear(b"nonsense");
        assert_eq!(reader.gone(), 1);
        reader.hear(&typist.edit(2));
        assert_eq!(reader.gone(), 0);
    }
}
