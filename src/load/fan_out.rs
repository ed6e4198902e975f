//! Writers and readers of documents: everybody joins, the writers write, everything arrives, everybody
//! is compared. The server is watched from the first edit to the last delivery.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    Told,
    behind::Behind,
    board::Board,
    converge::Convergence,
    dialect::Dialect,
    error::Failed,
    histogram::Histogram,
    inbox::Room,
    member::{Found, Member, Phase, Shared},
    plan::{Plan, Until},
    report::{Report, ServerUse},
    script::Script,
    target::Target,
    trace::Trace,
    visits::visit,
};
use crate::{
    ids::DocumentName,
    random::{Random, SeededRandom},
};

/// What is told while writers write.
pub(super) const WRITING: &str = "writing";

/// How often is looked how far it is.
const LOOK: Duration = Duration::from_millis(5);

/// Client ids of writers begin below this, so that they have the size that Yjs draws.
const IDS: u64 = 1 << 31;

/// Documents with their boards and clients.
pub(super) struct Stage {
    pub(super) shared: Arc<Shared>,
    documents: Vec<(String, Arc<Board>, Arc<Script>)>,
    clients: JoinSet<Result<(usize, Found), Failed>>,
}

/// Runs a plan. `history` is what the first writer of each document writes instead of edits.
///
/// # Errors
/// When the settings do not go together, or clients cannot join. Clients that do not converge are no
/// error but in the report.
pub async fn run(
    target: &Target,
    dialect: Dialect,
    plan: &Plan,
    history: Option<Arc<Trace>>,
    told: Told<'_>,
) -> Result<Report, Failed> {
    plan.check()?;
    let mut stage = set(target, dialect, plan, history.as_ref()).await?;
    joined(&mut stage, told).await?;
    let usage = || target.process.and_then(|it| it.usage());
    let mut behind = Behind::before(target, plan.slow).await;
    let visiting = visit(target, dialect, plan, &stage.shared).await;
    let before = usage();
    let began = stage.shared.began.elapsed();
    stage.shared.phase.send_replace(Phase::Writing);
    written(&stage, began, told).await;
    stage.shared.phase.send_replace(Phase::Arriving);
    arrived(&stage, told).await;
    let after = usage();
    let latest = Duration::from_nanos(stage.shared.latest.load(Relaxed));
    if let Some(behind) = &mut behind {
        behind.caught_up(target, &stage, caught_up(&stage, told)).await;
    }
    stage.shared.phase.send_replace(Phase::Over);
    let mut report = Report {
        seconds: latest.saturating_sub(began).as_secs_f64(),
        server: before.zip(after).map(|(before, after)| ServerUse { before, after }),
        ..Report::default()
    };
    gathered(stage, &mut report, told).await;
    if let Some(behind) = &behind {
        behind.tell(&mut report);
    }
    visiting.tell(target, &mut report).await;
    Ok(report)
}

/// Makes documents and clients, and lets them join.
async fn set(
    target: &Target,
    dialect: Dialect,
    plan: &Plan,
    history: Option<&Arc<Trace>>,
) -> Result<Stage, Failed> {
    let random = SeededRandom::new(plan.seed);
    let shared = Arc::new(Shared {
        plan: plan.clone(),
        phase: watch::Sender::new(Phase::Joining),
        began: Instant::now(),
        joined: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        delivered: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
        latest: AtomicU64::new(0),
        caught_up: AtomicU64::new(0),
        dialling: Semaphore::new(plan.at_once.max(1)),
        room: Room::new(plan.keep),
    });
    let mut stage = Stage { shared, documents: Vec::new(), clients: JoinSet::new() };
    let receivers = u32::try_from(plan.clients - 1).unwrap_or(u32::MAX);
    let receivers = match plan.awaited {
        super::plan::Awaited::Delivery => receivers,
        super::plan::Awaited::Acknowledgement => 1,
    };
    for index in 0..plan.documents {
        let name = plan.document(index);
        let document = DocumentName::new(&name)
            .map_err(|error| Failed::Settings(format!("the document {name}: {error}")))?;
        let room = plan.on_their_way();
        let board = Arc::new(Board::new(plan.writers, room, receivers, stage.shared.began));
        let first = 2 + random.below(IDS);
        let script = Arc::new(match history {
            Some(played) => Script::played(Arc::clone(played)),
            None => Script::typed(first, plan.edit_bytes, plan.quota()),
        });
        for client in 0..plan.clients + plan.slow {
            let member = Member {
                shared: Arc::clone(&stage.shared),
                line: dialect.line(&target.url, &document).await?,
                board: Arc::clone(&board),
                script: Arc::clone(&script),
                writer: (client < plan.writers).then_some(client),
                slow: client >= plan.clients,
                id: first + client as u64,
                shift: super::report::as_float(random.below(1_000)) / 1_000.0,
            };
            stage.clients.spawn(async move { Ok((index, member.run().await?)) });
        }
        stage.documents.push((name, board, script));
    }
    Ok(stage)
}

/// Waits until everybody is in step.
async fn joined(stage: &mut Stage, told: Told<'_>) -> Result<(), Failed> {
    let all = stage.clients.len();
    loop {
        let joined = stage.shared.joined.load(Relaxed);
        told("connecting", joined as u64, all as u64);
        if joined == all {
            return Ok(());
        }
        if stage.shared.failed.load(Relaxed) {
            while let Some(ended) = stage.clients.join_next().await {
                if let Ok(Err(failed)) = ended {
                    return Err(failed);
                }
            }
        }
        sleep(LOOK).await;
    }
}

/// Waits until the writers have written what they should, or nothing moves any more.
async fn written(stage: &Stage, began: Duration, told: Told<'_>) {
    let shared = &stage.shared;
    let plan = &shared.plan;
    let writers = (plan.documents * plan.writers) as u64;
    let mut still = Still::new(plan.patience);
    loop {
        let sent = stage.sent();
        let over = match plan.until {
            Until::Time(time) => {
                let past = shared.began.elapsed().saturating_sub(began);
                told(WRITING, past.as_millis() as u64, time.as_millis() as u64);
                past >= time
            }
            Until::Edits(edits) => {
                let quota = stage.documents.first().map_or(edits, |it| it.2.quota());
                told(WRITING, sent, quota * writers);
                sent >= quota * writers
            }
        };
        if over || still.is_over(sent + shared.delivered.load(Relaxed)) {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Waits until everything on its way has arrived, or nothing does any more.
async fn arrived(stage: &Stage, told: Told<'_>) {
    let shared = &stage.shared;
    let mut still = Still::new(shared.plan.patience);
    loop {
        let boards = stage.documents.iter().map(|it| &it.1);
        let waiting: u64 =
            boards.map(|it| (0..it.writers()).map(|it2| it.on_their_way(it2)).sum::<u64>()).sum();
        let sent = stage.sent();
        told("arriving", sent.saturating_sub(waiting), sent);
        let moved = shared.delivered.load(Relaxed) + shared.acknowledged.load(Relaxed);
        if waiting == 0 || still.is_over(moved) || stage.clients.is_empty() {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Waits until slow readers have read what they left; whether they have.
async fn caught_up(stage: &Stage, told: Told<'_>) -> bool {
    let plan = &stage.shared.plan;
    let all = stage.sent() * plan.slow as u64;
    let mut still = Still::new(plan.patience);
    loop {
        let seen = stage.shared.caught_up.load(Relaxed);
        if seen >= all || still.is_over(seen) {
            return seen >= all;
        }
        told("catching up", seen, all);
        sleep(LOOK).await;
    }
}

/// Collects what the clients found and judges it.
async fn gathered(mut stage: Stage, report: &mut Report, told: Told<'_>) {
    let plan = stage.shared.plan.clone();
    report.edits = stage.sent();
    report.deliveries = stage.shared.delivered.load(Relaxed);
    let (mut delivery, mut acknowledged, mut joined) =
        (Histogram::default(), Histogram::default(), Histogram::default());
    let mut ends: Vec<Vec<_>> = stage.documents.iter().map(|_| Vec::new()).collect();
    while let Some(ended) = stage.clients.join_next().await {
        let Ok(Ok((document, found))) = ended else { continue };
        delivery.merge(&found.delivery);
        acknowledged.merge(&found.acknowledged);
        joined.record(found.joined);
        report.frames += found.frames;
        report.bytes += found.bytes;
        ends[document].push(found.end);
    }
    let mut convergence = Convergence::default();
    for (index, ((name, board, script), ends)) in stage.documents.iter().zip(&ends).enumerate() {
        told("comparing", index as u64, plan.documents as u64);
        let numbers = |writer| (0..board.sent(writer)).map(move |number| (writer, number));
        let edits = (0..board.writers()).flat_map(numbers);
        let written: Vec<_> = edits.map(|(writer, it)| script.edit(writer, it)).collect();
        let written: Vec<&[u8]> = written.iter().map(|it| &it[..]).collect();
        convergence.judge(name, &written, ends);
    }
    let all = (plan.documents * (plan.clients + plan.slow)) as u64;
    convergence.clients = convergence.clients.max(all);
    report.acknowledged = acknowledged.summary();
    if plan.asks_for_acknowledgement {
        let answered = report.acknowledged.as_ref().map_or(0, |it| it.count);
        convergence.unanswered = report.edits.saturating_sub(answered);
        if convergence.unanswered > 0 {
            let count = convergence.unanswered;
            convergence.complaints.push(format!("{count} edits were not acknowledged"));
        }
    }
    report.convergence = Some(convergence);
    report.delivery = delivery.summary();
    report.joined = joined.summary();
}

impl Stage {
    fn sent(&self) -> u64 {
        let boards = self.documents.iter().map(|it| &it.1);
        boards.map(|board| (0..board.writers()).map(|it| board.sent(it)).sum::<u64>()).sum()
    }
}

/// Tells when a number has not moved for a while.
struct Still {
    patience: Duration,
    last: u64,
    since: Instant,
}

impl Still {
    fn new(patience: Duration) -> Self {
        Self { patience, last: 0, since: Instant::now() }
    }

    fn is_over(&mut self, number: u64) -> bool {
        if number != self.last {
            (self.last, self.since) = (number, Instant::now());
        }
        self.since.elapsed() > self.patience
    }
}
