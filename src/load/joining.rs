//! Connecting: one client, and everybody at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    Told,
    dialect::{Dialect, Heard, Line},
    error::Failed,
    histogram::Histogram,
    report::{Report, ServerUse, as_float},
    target::Target,
};
use crate::{
    client::wire::{Gone, Wire},
    ids::DocumentName,
};

/// Time for one client to be in step.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// How often a client that is not let in dials again.
const DIALS_AGAIN: u32 = 5;

/// Its pause before the first of them; it doubles with each.
const PAUSE: Duration = Duration::from_millis(100);

/// Many connections at once.
#[derive(Clone, Debug)]
pub struct Storm {
    /// How many.
    pub clients: usize,
    /// To how many documents.
    pub documents: usize,
    /// How many dial at the same time.
    pub at_once: usize,
    /// How the documents' names begin.
    pub document: String,
}

/// A client that is in step.
#[derive(Debug)]
pub struct Joined {
    /// Its connection.
    pub wire: Wire,
    /// From dialling to the arrival of what was enough.
    pub took: Duration,
    /// Bytes of frames until then.
    pub bytes: u64,
}

/// Connects and waits until the server has told what it holds.
///
/// # Errors
/// When it does not.
pub async fn join(line: &Line) -> Result<Joined, Failed> {
    join_until(line, PATIENCE, |heard| matches!(heard, Heard::State(_))).await
}

/// Connects and waits until what came is enough, as `is_enough` says of each message. Some servers
/// answer before they have read a document, and send the rest as edits.
///
/// # Errors
/// When it never is within the time.
pub async fn join_until(
    line: &Line,
    patience: Duration,
    is_enough: impl FnMut(&Heard) -> bool,
) -> Result<Joined, Failed> {
    let silent = |_| Failed::Silent(patience.as_secs());
    timeout(patience, joined(line, is_enough)).await.map_err(silent)?
}

async fn joined(line: &Line, mut is_enough: impl FnMut(&Heard) -> bool) -> Result<Joined, Failed> {
    let began = Instant::now();
    let mut bytes = 0;
    let mut wire = Wire::connect(&line.url).await?;
    for frame in line.opening() {
        wire.send(frame)?;
    }
    loop {
        let frame = wire.receive().await?;
        // What the client makes of a frame is not the server's time.
        let took = began.elapsed();
        bytes += frame.len() as u64;
        let heard = line.hear(&frame)?;
        if let Heard::Refused(why) = heard {
            return Err(Failed::Refused(why));
        }
        if heard == Heard::Question {
            wire.send(line.nothing())?;
        }
        if is_enough(&heard) {
            wire.flush().await?;
            return Ok(Joined { wire, took, bytes });
        }
    }
}

/// As [`join`], but dials again when it is not let in, as clients do; counts how often that was.
async fn join_at_last(line: &Line, refused: &AtomicU64) -> Result<Joined, Failed> {
    let began = Instant::now();
    let mut pauses = (0..DIALS_AGAIN).map(|it| PAUSE * (1 << it));
    loop {
        let waited = began.elapsed();
        match join(line).await {
            Err(Failed::Gone(gone @ Gone::Unreachable { .. })) => {
                refused.fetch_add(1, Relaxed);
                let Some(pause) = pauses.next() else { return Err(gone.into()) };
                sleep(pause).await;
            }
            joined => return joined.map(|it| Joined { took: waited + it.took, ..it }),
        }
    }
}

/// Brings everybody in step as fast as it goes; gives the connections, too, the n-th to the n-th
/// document, from the first again after the last.
///
/// # Errors
/// When somebody is not let in.
pub async fn storm(
    target: &Target,
    dialect: Dialect,
    storm: &Storm,
    told: Told<'_>,
) -> Result<(Report, Vec<Wire>), Failed> {
    let lines = lines(target, dialect, &storm.document, storm.documents).await?;
    let dialling = Arc::new(Semaphore::new(storm.at_once.max(1)));
    let refused = Arc::new(AtomicU64::new(0));
    let usage = || target.process.and_then(|it| it.usage());
    let before = usage();
    let began = Instant::now();
    let mut joining = JoinSet::new();
    for number in 0..storm.clients {
        let (line, dialling) = (lines[number % lines.len()].clone(), Arc::clone(&dialling));
        let refused = Arc::clone(&refused);
        joining.spawn(async move {
            let _permit = dialling.acquire().await;
            join_at_last(&line, &refused).await.map(|joined| (number, joined))
        });
    }
    let (mut took, mut wires) = (Histogram::default(), Vec::new());
    let mut report = Report::default();
    while let Some(ended) = joining.join_next().await {
        let (number, joined) = ended.map_err(|error| Failed::Server(error.to_string()))??;
        took.record(joined.took);
        report.bytes += joined.bytes;
        wires.push((number, joined.wire));
        told("connecting", wires.len() as u64, storm.clients as u64);
    }
    report.seconds = began.elapsed().as_secs_f64();
    report.server = before.zip(usage()).map(|(before, after)| ServerUse { before, after });
    report.joined = took.summary();
    report.tell("connections", as_float(wires.len() as u64) / report.seconds, "/s");
    report.tell("dials refused", as_float(refused.load(Relaxed)), "");
    if let Some(cost) = report.cpu_per(wires.len() as u64) {
        report.tell("server CPU per connection", cost, "µs");
    }
    // They ended in any order; whoever uses them goes by the document that each is about.
    wires.sort_by_key(|(number, _)| *number);
    Ok((report, wires.into_iter().map(|(_, wire)| wire).collect()))
}

/// The lines to so many documents whose names begin alike.
pub(super) async fn lines(
    target: &Target,
    dialect: Dialect,
    document: &str,
    documents: usize,
) -> Result<Vec<Line>, Failed> {
    let mut lines = Vec::new();
    for index in 0..documents.max(1) {
        let name = format!("{document}-{index}");
        let name = DocumentName::new(&name)
            .map_err(|error| Failed::Settings(format!("the document {name}: {error}")))?;
        lines.push(dialect.line(&target.url, &name).await?);
    }
    Ok(lines)
}
