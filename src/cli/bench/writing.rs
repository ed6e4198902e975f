//! Scenarios with writers, and what they are measured against: the bare relay, the same without slow
//! readers, documents that were written before.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    options::{self, Kind, RELAY_DIALECT, Server, Writing},
    progress::Progress,
    scenario::History,
};
use crate::load::{
    Told,
    behind::FELL,
    cold, fan_out,
    plan::{Awaited, Old, Plan, Until},
    report::{Report, as_float},
    trace::Trace,
    visits::closed,
};

/// Edits of a document that was written before.
const OLD_EDITS: usize = 300;

/// A server with old documents lets go of them soon, and is given this long for it.
const FORGETFUL: &[&str] = &["--unload-after", "1s"];
const CLOSING: Duration = Duration::from_secs(60);

/// A report and the file it goes to.
pub(super) type Outcome = (Report, Option<PathBuf>);

/// Measures a plan, and the relay with the same one when that is asked for.
pub(super) async fn written(
    name: &str,
    server: &Server,
    writing: &Writing,
    plan: Plan,
    history: Option<Arc<Trace>>,
) -> anyhow::Result<Outcome> {
    let progress = Progress::new();
    let told = |what: &str, done, all| progress.tell(what, done, all);
    let base = match writing.baseline {
        true => Some(relayed(server, &plan, history.clone(), &told).await),
        false => None,
    };
    let target = server.target().await?;
    if let Some(old) = &plan.old {
        cold::write_all(&target.target, server.dialect, old, &told).await?;
        if target.target.is_own() {
            closed(&target.target, CLOSING).await?;
        }
    }
    let mut report = fan_out::run(&target.target, server.dialect, &plan, history, &told).await?;
    progress.end();
    report.scenario = name.to_owned();
    report.settings = options::settings(server, &target.target, &plan);
    if let Some(base) = base {
        against(&mut report, base, server);
    }
    Ok((report, server.json.clone()))
}

/// What the relay needs for the same, or why that is not known. It never costs the measurement that it
/// is only beside.
async fn relayed(
    server: &Server,
    plan: &Plan,
    history: Option<Arc<Trace>>,
    told: Told<'_>,
) -> Result<f64, String> {
    let plan = Plan {
        awaited: Awaited::Delivery,
        asks_for_acknowledgement: false,
        old: None,
        ..plan.clone()
    };
    let measured = async {
        let target = server.relay().await?;
        anyhow::Ok(fan_out::run(&target, RELAY_DIALECT, &plan, history, told).await?)
    };
    let base = measured.await.map_err(|error| format!("{error:#}"))?;
    if let Some(why) = base.complaint() {
        return Err(format!("the relay {why}"));
    }
    base.cpu_per_delivery().filter(|cost| *cost > 0.0).ok_or_else(|| {
        "the relay used less CPU than the system counts; measure for longer".to_owned()
    })
}

fn against(report: &mut Report, base: Result<f64, String>, server: &Server) {
    match (base, report.cpu_per_delivery()) {
        (Ok(relays), Some(ours)) => {
            report.tell("relay's CPU per delivery", relays, "µs");
            report.tell("times the relay's CPU", ours / relays, "×");
            if server.dialect != RELAY_DIALECT {
                let theirs = server.dialect;
                report.note(format!("the relay ran in {RELAY_DIALECT} framing, not {theirs}"));
            }
        }
        (Ok(_), None) => report.note("no baseline: the server's CPU per delivery is not known"),
        (Err(why), _) => report.note(format!("no baseline: {why}")),
    }
}

/// Measures a history that one writer types into each document.
pub(super) async fn traced(
    server: &Server,
    writing: &Writing,
    history: &History,
) -> anyhow::Result<Outcome> {
    let played = history.read(server.seed)?;
    let plan = writing.plan(server)?;
    let plan = Plan { writers: 1, until: Until::Edits(played.updates.len() as u64), ..plan };
    let (mut report, json) = written("trace", server, writing, plan, Some(played)).await?;
    report.settings.push(("history".to_owned(), history.name()));
    Ok((report, json))
}

/// Measures a plan with slow readers; where the server is started for it, also how much less memory one
/// like it needs without them.
pub(super) async fn slow(
    server: &Server,
    writing: &Writing,
    plan: Plan,
) -> anyhow::Result<Outcome> {
    let without = match server.url {
        None => Some(memory_without(server, &plan).await?),
        Some(_) => None,
    };
    let readers = (plan.slow * plan.documents) as u64;
    let (mut report, json) = written("slow", server, writing, plan, None).await?;
    let then = report.server.as_ref().map(|it| it.after.resident);
    if let (Some(without), Some(then)) = (without.flatten(), then) {
        report.tell("memory without slow readers", as_float(without), "KiB");
        let each = as_float(then.saturating_sub(without)) / as_float(readers.max(1));
        report.tell("memory of a slow reader", each, "KiB");
    }
    if report.more.iter().any(|it| it.name == FELL && it.value <= 0.0) {
        report.note(
            "no reader fell behind: the system's buffers hold all that was written; write more \
             (--edits, --edit-bytes)",
        );
    }
    Ok((report, json))
}

/// The memory of a server at the end of the same plan without slow readers.
async fn memory_without(server: &Server, plan: &Plan) -> anyhow::Result<Option<u64>> {
    let progress = Progress::new();
    let told = |what: &str, done, all| {
        progress.tell(&format!("without slow readers: {what}"), done, all);
    };
    let target = server.target().await?;
    let plan = Plan { slow: 0, ..plan.clone() };
    let report = fan_out::run(&target.target, server.dialect, &plan, None, &told).await?;
    progress.end();
    Ok(report.server.map(|it| it.after.resident))
}

/// What visitors go round, and a server that does not keep it open.
pub(super) fn old_documents(server: &mut Server, visitors: usize, documents: usize) -> Option<Old> {
    let is_relay = server.url.is_none() && server.server == Kind::Relay;
    // One visitor alone visits what is open, and the relay has nothing to read.
    if documents == 0 || visitors < 2 || is_relay {
        return None;
    }
    server.settings = FORGETFUL;
    let history = Arc::new(Trace::drawn(server.seed, OLD_EDITS));
    Some(Old { documents, document: format!("{}-old", server.fresh_name()), history })
}
