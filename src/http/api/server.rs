//! The server itself, for those who run it: what moves in it, who does not keep up, what is logged; and
//! sending away and unloading.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval};
use warp::{http::StatusCode, sse};

use super::{
    Api, Asked, Body, Chunks, Failure, Outcome,
    events::{Line, RETRY, stream_of},
    nothing,
    people::{id, shown, user},
};
use crate::{
    clock::Timestamp,
    document::{Attendee, Busy},
    ids::{ConnectionId, DocumentName},
    limits::{LOG_CHANGE_MINUTES, SERVER_DOCUMENTS},
    telemetry::{
        Log, LogFilter,
        happenings::{ConnectionSentAway, DocumentSentAway, LogChanged},
        stats::{SERIES, Span, Stats},
    },
};

/// How often a stream says what happened.
const SECOND: Duration = Duration::from_secs(1);

/// Rates are of the time since somebody looked before, if that is not longer ago.
const FRESH: Duration = Duration::from_secs(5);

/// What is known of the server as a whole.
#[derive(Debug)]
pub struct Running {
    /// What happened lately.
    pub stats: Arc<Stats>,
    /// The log, unless it belongs to the program around the server.
    pub log: Option<Log>,
    /// When it was started.
    pub started: Timestamp,
    documents: Mutex<Looked>,
}

/// What was seen of all documents by who looked last.
#[derive(Debug, Default)]
struct Looked {
    at: Option<Instant>,
    moved: HashMap<DocumentName, (u64, u64)>,
    busiest: Vec<(Busy, Option<(f64, f64)>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    filter: String,
    #[serde(default)]
    minutes: Option<u64>,
}

impl Running {
    /// From now on.
    #[must_use]
    pub fn new(stats: Arc<Stats>, log: Option<Log>, started: Timestamp) -> Self {
        Self { stats, log, started, documents: Mutex::default() }
    }

    /// The documents in which most moves, and how much by second. All who look within a second see the
    /// same.
    fn busiest(&self, all: impl FnOnce() -> Vec<Busy>) -> Vec<(Busy, Option<(f64, f64)>)> {
        let mut looked = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let since = looked.at.map(|at| at.elapsed());
        if since.is_some_and(|since| since < SECOND * 9 / 10) {
            return looked.busiest.clone();
        }
        let seconds = since.filter(|since| *since < FRESH).map(|since| since.as_secs_f64());
        let all = all();
        let rate = |it: &Busy| {
            let (seconds, before) = (seconds?, looked.moved.get(&it.name)?);
            #[expect(clippy::cast_precision_loss, reason = "to be shown")]
            let by_second = |now: u64, then: u64| now.saturating_sub(then) as f64 / seconds;
            Some((by_second(it.received, before.0), by_second(it.sent, before.1)))
        };
        let mut rows: Vec<_> = all.iter().map(|it| (it, rate(it))).collect();
        let weight = |(it, rate): &(&Busy, Option<(f64, f64)>)| {
            let (received, sent) = rate.unwrap_or_default();
            (it.behind > 0, received + sent, it.people)
        };
        rows.sort_by(|a, b| {
            let (a_weight, b_weight) = (weight(a), weight(b));
            let order = b_weight.partial_cmp(&a_weight).unwrap_or(std::cmp::Ordering::Equal);
            order.then_with(|| a.0.name.cmp(&b.0.name))
        });
        rows.truncate(SERVER_DOCUMENTS);
        let busiest: Vec<_> = rows.into_iter().map(|(it, rate)| (it.clone(), rate)).collect();
        looked.moved = all.into_iter().map(|it| (it.name, (it.received, it.sent))).collect();
        looked.at = Some(Instant::now());
        looked.busiest.clone_from(&busiest);
        busiest
    }
}

impl Api {
    fn running(&self) -> Result<&Running, Failure> {
        self.running.as_ref().ok_or(Failure::NoAddress)
    }

    /// What the server is, and how it is.
    pub(super) async fn server(&self, asked: &Asked) -> Outcome {
        let running = self.running()?;
        let health = self.documents.store().health();
        let (damaged, unwritable) = (health.damage.len(), health.unwritable.is_some());
        let told = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started": running.started,
            "now": self.documents.clock().now(),
            "writable": !unwritable,
            "damaged": damaged,
            "warnings": health.warnings.iter().chain(&health.index).collect::<Vec<_>>(),
            "store": self.meter().store_bytes.iter().map(|(part, bytes)| (part, bytes.get()))
                .collect::<BTreeMap<_, _>>(),
            "disk_free": self.meter().disk_free.get(),
            "totals": self.totals(),
            // The listener for those who run the server has no documents.
            "documents_here": !asked.whence.admin_listener,
            "spans": Span::ALL.map(|(_, word)| word),
        });
        Ok(super::json(StatusCode::OK, &told))
    }

    /// What was refused and what failed since the start.
    fn totals(&self) -> Value {
        let meter = self.meter();
        let by =
            |numbers: Vec<(&'static str, u64)>| numbers.into_iter().collect::<BTreeMap<_, _>>();
        json!({
            "refused": by(meter.edits_refused.iter().map(|(word, it)| (word, it.get())).collect()),
            "closed": by(meter.connections_closed.iter().map(|(word, it)| (word, it.get())).collect()),
            "journal_failures": meter.commits_failed.get(),
            "load_failures": meter.documents_failed.get(),
            "reloaded": meter.documents_broken.get(),
            "fell_behind": meter.fell_behind.get(),
        })
    }

    /// What happened lately.
    pub(super) fn server_stats(&self, asked: &Asked) -> Outcome {
        let span = Span::parse(asked.value("span").unwrap_or("10m"));
        let known = || Failure::Bad("`span` is 10m, 1h or 24h".to_owned());
        let columns = self.running()?.stats.columns(span.ok_or_else(known)?);
        Ok(super::json(StatusCode::OK, &columns))
    }

    /// The same as it happens, second by second, after what was before.
    pub(super) async fn server_events(self: &Arc<Self>, asked: &Asked) -> Outcome {
        let place = self.place_for_operators()?;
        let (mut line, told) = Line::new(self);
        let before = self.running()?.stats.columns(Span::Minutes);
        let (api, asked) = (Arc::clone(self), asked.clone());
        tokio::spawn(async move {
            // The reader has gone, or may no more.
            let _over = api.follow_server(&asked, &mut line, &before).await.is_err();
            drop(place);
        });
        Ok(stream_of(told))
    }

    async fn follow_server(
        &self,
        asked: &Asked,
        line: &mut Line,
        before: &Value,
    ) -> Result<(), super::events::Over> {
        let open = json!({ "names": SERIES, "before": before });
        let event =
            |kind: &str, said: &Value| sse::Event::default().event(kind).data(said.to_string());
        line.send(event("open", &open).retry(RETRY)).await?;
        let mut seconds = interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut draining = self.documents.events().listen(None);
        loop {
            tokio::select! {
                () = line.closed() => return Err(super::events::Over),
                heard = draining.next() => {
                    if heard == crate::document::Heard::End {
                        return Err(super::events::Over);
                    }
                    continue;
                }
                _ = seconds.tick() => {}
            }
            if line.is_stale().await? {
                line.confirm();
                self.operates(asked).await.map_err(|_| super::events::Over)?;
            }
            let said = self.second().await;
            line.send(event("second", &said)).await?;
        }
    }

    /// What there is to say of the last second.
    async fn second(&self) -> Value {
        let Ok(running) = self.running() else { return Value::Null };
        let busiest = running.busiest(|| self.documents.busy());
        let mut behind = Vec::new();
        for (busy, _) in busiest.iter().filter(|(busy, _)| busy.behind > 0).take(4) {
            let late = self.documents.attendees(&busy.name).await;
            let late = late.into_iter().filter(|it| it.behind.is_some());
            behind.extend(late.map(|it| session(&busy.name, &it)));
        }
        behind.sort_by_key(|it| std::cmp::Reverse(it["waiting"].as_u64()));
        behind.truncate(SERVER_DOCUMENTS);
        let documents: Vec<_> = busiest.iter().map(|(busy, rate)| document(busy, *rate)).collect();
        json!({ "last": running.stats.latest(), "documents": documents, "behind": behind })
    }

    /// Who has a document open that is in memory, and how far behind each is. Loads nothing.
    pub(super) async fn server_document(&self, name: &DocumentName) -> Outcome {
        if !self.documents.busy().iter().any(|it| it.name == *name) {
            return Err(Failure::NotLoaded);
        }
        let sessions: Vec<_> =
            self.documents.attendees(name).await.iter().map(|it| session(name, it)).collect();
        Ok(super::json(StatusCode::OK, &json!({ "sessions": sessions })))
    }

    /// Sends everybody away and lets go of a document. Nothing of it is lost.
    pub(super) async fn unload(&self, name: &DocumentName) -> Outcome {
        if !self.documents.unload(name).await? {
            return Err(Failure::NotLoaded);
        }
        self.meter().note(&DocumentSentAway { document: name });
        Ok(nothing())
    }

    /// Ends a connection, with everything that is open on it.
    pub(super) fn hang_up(&self, id: ConnectionId) -> Outcome {
        if !self.connections.send_away(id) {
            return Err(Failure::NoConnection);
        }
        self.meter().note(&ConnectionSentAway { connection: &id });
        Ok(nothing())
    }

    /// What is logged.
    pub(super) fn log(&self) -> Outcome {
        let log = self.running()?.log.as_ref().ok_or(Failure::NoLog)?;
        let (configured, now) = log.filters();
        let told = json!({ "filter": now.to_string(), "configured": configured.to_string() });
        Ok(super::json(StatusCode::OK, &told))
    }

    /// Logs something else from now on, or for so many minutes.
    pub(super) async fn set_log(&self, body: Body<impl Chunks>) -> Outcome {
        let Wanted { filter, minutes } = body.json(self.documents.limits().request_bytes).await?;
        let filter: LogFilter = filter.parse().map_err(Failure::Bad)?;
        if minutes.is_some_and(|it| it == 0 || it > LOG_CHANGE_MINUTES) {
            return Err(Failure::Bad(format!("`minutes` is 1 to {LOG_CHANGE_MINUTES}")));
        }
        let log = self.running()?.log.clone().ok_or(Failure::NoLog)?;
        let change = log.set(&filter);
        let told = minutes.map_or_else(|| "unlimited".to_owned(), |it| it.to_string());
        self.meter().note(&LogChanged { filter: &filter, minutes: &told });
        if let Some(minutes) = minutes {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
                log.undo(change);
            });
        }
        self.log()
    }
}

fn document(busy: &Busy, rate: Option<(f64, f64)>) -> Value {
    json!({
        "name": busy.name.as_str(),
        "people": busy.people,
        "behind": busy.behind,
        "updates_in": rate.map(|(received, _)| received),
        "updates_out": rate.map(|(_, sent)| sent),
        "bytes": busy.bytes,
        "saved": busy.saved,
    })
}

fn session(name: &DocumentName, it: &Attendee) -> Value {
    json!({
        "id": id(it.id),
        "document": name.as_str(),
        "access": it.access,
        "user": user(&it.author),
        "presence": it.presence.iter().map(shown).collect::<Vec<_>>(),
        "waiting": it.waiting,
        "behind": it.behind.map(|it| it.as_secs_f64()),
    })
}
