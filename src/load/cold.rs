//! Opening a large document that the server has to read first: from dialling to its whole state.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use super::{
    Told,
    dialect::{Dialect, Heard, Line},
    error::Failed,
    fan_out,
    histogram::Histogram,
    joining::{Joined, join_until},
    plan::{Awaited, Old, Pace, Plan, Until},
    report::{Report, ServerUse, as_float},
    target::Target,
    trace::Trace,
};
use crate::ids::DocumentName;

/// Edits on their way while a document is written.
const WINDOW: usize = 256;

/// Time to open it.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a document is opened.
#[derive(Clone, Debug)]
pub struct Cold {
    /// The document.
    pub document: String,
    /// What is in it: it is open once all of it has come.
    pub history: Arc<Trace>,
    /// How often.
    pub rounds: NonZeroUsize,
}

/// Writes a history into a document, as one client does.
///
/// # Errors
/// When the server does not take it.
pub async fn write(
    target: &Target,
    dialect: Dialect,
    document: &str,
    history: &Arc<Trace>,
    told: Told<'_>,
) -> Result<Report, Failed> {
    let one = Old { documents: 1, document: document.to_owned(), history: Arc::clone(history) };
    write_all(target, dialect, &one, told).await
}

/// Writes a history into each of several documents.
///
/// # Errors
/// As [`write()`].
pub async fn write_all(
    target: &Target,
    dialect: Dialect,
    old: &Old,
    told: Told<'_>,
) -> Result<Report, Failed> {
    let acknowledges = dialect.acknowledges();
    let history = Arc::clone(&old.history);
    let plan = Plan {
        documents: old.documents,
        clients: if acknowledges { 1 } else { 2 },
        pace: Pace::Window(WINDOW),
        until: Until::Edits(history.updates.len() as u64),
        awaited: if acknowledges { Awaited::Acknowledgement } else { Awaited::Delivery },
        asks_for_acknowledgement: acknowledges,
        patience: Duration::from_secs(60),
        document: old.document.clone(),
        ..Plan::default()
    };
    let report = fan_out::run(target, dialect, &plan, Some(history), told).await?;
    match report.is_sound() {
        true => Ok(report),
        false => Err(Failed::Server("the server did not take the whole document".to_owned())),
    }
}

/// Whether a message brings a whole document.
pub(super) fn brings(heard: &Heard, history: &Trace) -> bool {
    match heard {
        Heard::State(update) | Heard::Edit(update) => history.is_whole_in(update),
        _ => false,
    }
}

/// Connects and waits for the whole document.
async fn open(line: &Line, history: &Trace) -> Result<Joined, Failed> {
    join_until(line, PATIENCE, |heard| brings(heard, history)).await
}

/// Opens the document and restarts a server of our own before each time; one that runs already is as
/// cold as whoever calls left it.
///
/// # Errors
/// When it cannot be opened, or is empty.
pub async fn run(
    mut target: Target,
    program: &str,
    dialect: Dialect,
    cold: &Cold,
    told: Told<'_>,
) -> Result<Report, Failed> {
    let name = DocumentName::new(&cold.document)
        .map_err(|error| Failed::Settings(format!("the document {}: {error}", cold.document)))?;
    let (mut took, mut again) = (Histogram::default(), Histogram::default());
    let mut report = Report::default();
    let rounds = cold.rounds.get();
    for round in 0..rounds {
        told("opening", round as u64, rounds as u64);
        if target.is_own() {
            target = target.restart(program, dialect).await?;
        }
        let line = dialect.line(&target.url, &name).await?;
        let before = target.process.and_then(|it| it.usage());
        let opened = open(&line, &cold.history).await?;
        let after = target.process.and_then(|it| it.usage());
        report.seconds += opened.took.as_secs_f64();
        report.bytes = opened.bytes;
        report.server = before.zip(after).map(|(before, after)| ServerUse { before, after });
        took.record(opened.took);
        again.record(open(&line, &cold.history).await?.took);
    }
    report.joined = took.summary();
    if let Some(again) = again.summary() {
        report.tell("opened again p50", again.p50, "ms");
    }
    if let Some(server) = &report.server {
        let grown = server.after.resident.saturating_sub(server.before.resident);
        report.tell("memory of the open document", as_float(grown), "KiB");
    }
    report.tell("state", as_float(report.bytes) / 1024.0, "KiB");
    Ok(report)
}
