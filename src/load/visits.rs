//! People who come, look and go while others work: to the documents that are worked on, which are open,
//! and round old ones, which the server has to read first.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    cold::brings,
    dialect::{Dialect, Heard},
    error::Failed,
    histogram::Histogram,
    joining::{Joined, PATIENCE, join, join_until},
    member::{Phase, Shared},
    metrics::{Counted, LOADED, OPEN},
    plan::{Old, Plan},
    report::{Report, as_float},
    target::Target,
};
use crate::ids::DocumentName;

/// How long a visitor stays, and stays away.
const VISIT: Duration = Duration::from_millis(500);

/// How often is looked whether documents are open yet.
const LOOK: Duration = Duration::from_millis(50);

/// People who come and go.
#[derive(Debug)]
pub(super) struct Visitors {
    tasks: JoinSet<Result<(), Failed>>,
    seen: Arc<Seen>,
    /// What the server had counted before they came.
    before: Option<Counted>,
}

/// How visitors were received, and which old document is next.
#[derive(Debug, Default)]
struct Seen {
    warm: Mutex<Histogram>,
    cold: Mutex<Histogram>,
    next: AtomicUsize,
}

/// One of them.
struct Visitor {
    url: String,
    dialect: Dialect,
    /// The open document that is visited.
    open: String,
    /// The old ones that are visited instead.
    old: Option<Old>,
    seen: Arc<Seen>,
}

/// Waits until a server of our own has let go of every document.
///
/// # Errors
/// When it does not, or does not say.
pub async fn closed(target: &Target, patience: Duration) -> Result<(), Failed> {
    let deadline = Instant::now() + patience;
    loop {
        let open = Counted::of(&target.url).await.and_then(|it| it.get(OPEN));
        match open {
            Some(open) if open <= 0.0 => return Ok(()),
            None => {
                let why = "the server does not say which documents are open";
                return Err(Failed::Server(why.to_owned()));
            }
            Some(open) if Instant::now() > deadline => {
                let why = format!("the server keeps {open} documents open that nobody uses");
                return Err(Failed::Server(why));
            }
            Some(_) => sleep(LOOK).await,
        }
    }
}

/// Lets visitors come for as long as a plan's writers write, and each once at least. Every second one
/// goes round the old documents, when there are any.
pub(super) async fn visit(
    target: &Target,
    dialect: Dialect,
    plan: &Plan,
    shared: &Arc<Shared>,
) -> Visitors {
    let before = if plan.old.is_some() { Counted::of(&target.url).await } else { None };
    let (mut tasks, seen) = (JoinSet::new(), Arc::new(Seen::default()));
    for number in 0..plan.visitors {
        let visitor = Visitor {
            url: target.url.clone(),
            dialect,
            open: plan.document(number % plan.documents),
            old: plan.old.clone().filter(|_| number % 2 == 1),
            seen: Arc::clone(&seen),
        };
        let shared = Arc::clone(shared);
        let pause = VISIT.mul_f64(as_float(number as u64 % 10) / 10.0);
        tasks.spawn(async move {
            sleep(pause).await;
            loop {
                let joined = visitor.comes().await?;
                sleep(VISIT).await;
                joined.wire.close().await;
                sleep(VISIT).await;
                if *shared.phase.borrow() > Phase::Writing {
                    return Ok(());
                }
            }
        });
    }
    Visitors { tasks, seen, before }
}

impl Visitor {
    async fn comes(&self) -> Result<Joined, Failed> {
        let document = match &self.old {
            Some(old) => old.document(self.seen.next.fetch_add(1, Relaxed) % old.documents),
            None => self.open.clone(),
        };
        let name = DocumentName::new(&document).map_err(|it| Failed::Settings(it.to_string()))?;
        let line = self.dialect.line(&self.url, &name).await?;
        let (joined, took) = match &self.old {
            Some(old) => {
                let all = |heard: &Heard| brings(heard, &old.history);
                (join_until(&line, PATIENCE, all).await?, &self.seen.cold)
            }
            None => (join(&line).await?, &self.seen.warm),
        };
        took.lock().unwrap_or_else(PoisonError::into_inner).record(joined.took);
        Ok(joined)
    }
}

impl Visitors {
    /// Waits for the last of them and adds how they were received.
    pub(super) async fn tell(mut self, target: &Target, report: &mut Report) {
        let (mut turned_away, mut first) = (0, None);
        while let Some(ended) = self.tasks.join_next().await {
            let why = match ended {
                Ok(Ok(())) => continue,
                Ok(Err(failed)) => failed.to_string(),
                Err(panicked) => panicked.to_string(),
            };
            turned_away += 1;
            first.get_or_insert(why);
        }
        let mut visits = [0.0; 2];
        for (index, (name, took)) in
            [("warm", &self.seen.warm), ("cold", &self.seen.cold)].into_iter().enumerate()
        {
            let took = took.lock().unwrap_or_else(PoisonError::into_inner).summary();
            if let Some(took) = took {
                visits[index] = as_float(took.count);
                report.tell(&format!("{name} visits"), as_float(took.count), "");
                report.tell(&format!("{name} visit p50"), took.p50, "ms");
                report.tell(&format!("{name} visit p99"), took.p99, "ms");
            }
        }
        self.doubt(visits[1], target, report).await;
        if turned_away > 0 {
            report.tell("visitors turned away", as_float(turned_away), "");
            report.note(format!("a visitor was turned away: {}", first.unwrap_or_default()));
        }
    }

    /// Notes where cold visits were none, as far as the server says which documents it read.
    async fn doubt(&self, cold: f64, target: &Target, report: &mut Report) {
        if cold <= 0.0 {
            return;
        }
        let after = Counted::of(&target.url).await;
        let loaded = self.before.as_ref().zip(after).and_then(|it| it.1.since(it.0, LOADED));
        let Some(loaded) = loaded else {
            return report.note(
                "the server does not say what it read: cold visits are cold only if it lets go of \
                 documents sooner than somebody comes again",
            );
        };
        report.tell("documents read for visits", loaded, "");
        if loaded < cold {
            report.note(format!(
                "{} of {cold} cold visits found their document still open; give more \
                 --old-documents, or start the server with a shorter --unload-after",
                cold - loaded
            ));
        }
    }
}
