//! What connections that do nothing cost the server: memory, and CPU while they are kept alive.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::sleep;

use super::{
    Told,
    dialect::Dialect,
    edits::Typist,
    error::Failed,
    joining::{Storm, join, lines, storm},
    machine::Usage,
    report::{Report, ServerUse, as_float},
    target::Target,
};

/// Connections before memory is looked at first: what the first ones cost is the server's, not theirs.
const WARM: usize = 20;

/// Largest edit of [`Idle::bring`]: it is cut into these.
const PIECE: u64 = 16 << 10;

/// Memory settles after the last answer: buffers are given back, snapshots written.
const SETTLE: Duration = Duration::from_secs(1);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Idle {
    /// How many connections.
    pub clients: usize,
    /// How many documents; as many as connections gives each its own.
    pub documents: usize,
    /// How long they are watched.
    pub hold: Duration,
    /// Bytes of text that each then brings.
    pub bring: u64,
    /// How many dial at the same time.
    pub at_once: usize,
    /// How the documents' names begin.
    pub document: String,
}

/// Runs it.
///
/// # Errors
/// When somebody is not let in, or the server cannot be watched.
pub async fn run(
    target: &Target,
    dialect: Dialect,
    idle: &Idle,
    told: Told<'_>,
) -> Result<Report, Failed> {
    let Some(process) = target.process else {
        let why = "memory can be measured on this machine only; is its process somebody else's? --pid \
                   says which one it is";
        return Err(Failed::Settings(why.to_owned()));
    };
    let gone = || Failed::Server("the server is gone".to_owned());
    let usage = || process.usage().ok_or_else(gone);
    let connect = async |clients, documents, prefix: &str| {
        let document = format!("{}-{prefix}", idle.document);
        let all = Storm { clients, documents, at_once: idle.at_once, document };
        storm(target, dialect, &all, told).await
    };
    let (_, warm) = connect(WARM, WARM, "warm").await?;
    sleep(SETTLE).await;
    let before = usage()?;
    let (mut report, mut wires) = connect(idle.clients, idle.documents, "idle").await?;
    sleep(SETTLE).await;
    let connected = usage()?;
    let clients = as_float(idle.clients as u64);
    tell_memory(&mut report, "idle connection", before, connected, clients);
    told("holding", 0, 1);
    let held = usage()?;
    // Whoever is not read hangs up some day, so the wires are read while they are held.
    let mut reading: FuturesUnordered<_> =
        wires.iter_mut().map(async |wire| while wire.receive().await.is_ok() {}).collect();
    tokio::select! {
        Some(()) = reading.next() => {
            return Err(Failed::Server("the server hung up on an idle connection".to_owned()));
        }
        () = sleep(idle.hold) => {}
    }
    drop(reading);
    let after = usage()?;
    let (user, system) = ServerUse { before: held, after }.cpu();
    let seconds = idle.hold.as_secs_f64();
    report.tell("server CPU of idle connections", (user + system) / seconds * 100.0, "% of a core");
    if idle.bring > 0 {
        let lines =
            lines(target, dialect, &format!("{}-idle", idle.document), idle.documents).await?;
        for (number, wire) in wires.iter_mut().enumerate() {
            told("bringing text", number as u64, idle.clients as u64);
            let pieces = idle.bring.div_ceil(PIECE);
            let bytes = usize::try_from(idle.bring.div_ceil(pieces)).unwrap_or(usize::MAX);
            let typist = Typist::new(1_000 + number as u64, 0, bytes);
            for piece in 0..pieces {
                let update: Bytes = typist.edit(piece);
                wire.send(lines[number % lines.len()].edit(&update))?;
                wire.flush().await?;
            }
        }
        sleep(SETTLE + idle.hold).await;
        tell_memory(&mut report, "connection that brought text", before, usage()?, clients);
        let last = lines.get(idle.clients.min(lines.len()).saturating_sub(1));
        for line in [lines.first(), last].into_iter().flatten() {
            let held = join(line).await?.bytes;
            if held < idle.bring {
                let why = format!("it holds {held} bytes of a text of {}", idle.bring);
                return Err(Failed::Server(why));
            }
        }
    }
    report.server = Some(ServerUse { before, after });
    drop(warm);
    Ok(report)
}

fn tell_memory(report: &mut Report, name: &str, before: Usage, after: Usage, clients: f64) {
    let each = |before: u64, after: u64| as_float(after.saturating_sub(before)) / clients;
    report.tell(name, each(before.resident, after.resident), "KiB");
    if before.proportional > 0 {
        let share = each(before.proportional, after.proportional);
        report.tell(&format!("{name}, PSS"), share, "KiB");
    }
}
