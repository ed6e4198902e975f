//! The loop of one receiver: whose turn it is, what to tell, was it taken.
//!
//! Does what `told` and `schedule` decide. One document is told of by one request at a time, which is
//! what keeps its events in order.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::{
    select,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Kind, Message, Post, Surroundings, Target, ended,
    event::{Content, Data, Event, What, Who},
    schedule::Outcome,
    told::{self, BIN, Claim, PAGE, Present, Told},
    watched::{Line, Watched},
};
use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    limits::{
        WEBHOOK_AUTHORS, WEBHOOK_FAILURES, WEBHOOK_PAUSE, WEBHOOK_READ_BYTES, WEBHOOK_TIMEOUT,
        WEBHOOK_TURN,
    },
    storage::{DocumentInfo, StoreError, versions},
    telemetry::{
        happenings::{WebhookRefused, WebhookTaken},
        warnings::{ReceiverEnded, ReceiverGone, WebhookUnreadable, WebhooksUnknown},
    },
};

/// Tells one receiver.
pub(super) struct Courier {
    pub(super) watched: Arc<Watched>,
    /// Which line is ours.
    pub(super) index: usize,
    pub(super) post: Arc<dyn Post>,
    pub(super) surroundings: Surroundings,
    /// Whose turn it is to read content.
    pub(super) contents_turns: Arc<Semaphore>,
}

/// Why an event was not told.
enum Trouble {
    /// It could not be read what to tell.
    Reading(String),
    /// The document ended or was renamed meanwhile: look again.
    Moved,
    /// The receiver did not take it.
    Refused(String),
    /// The receiver wants nothing any more.
    Gone,
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Self::Moved,
            error => Self::Reading(error.to_string()),
        }
    }
}

impl Courier {
    fn line(&self) -> &Line {
        &self.watched.lines[self.index]
    }

    fn target(&self) -> &Target {
        &self.line().target
    }

    fn now(&self) -> Duration {
        self.surroundings.clock.elapsed()
    }

    /// Tells until `stop` turns true.
    pub(super) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        // Whatever the last process left untold is found in the store.
        self.line().schedule().overflow();
        loop {
            let overflowed = self.line().schedule().take_overflow();
            if overflowed && let Err(error) = self.look_for_documents().await {
                WebhooksUnknown { reason: &error }.note();
                self.line().schedule().overflow();
                sleep(WEBHOOK_PAUSE).await;
            }
            while let Some(id) = self.next() {
                let courier = Arc::clone(&self);
                running.spawn(async move {
                    let outcome = AssertUnwindSafe(courier.tell(id)).catch_unwind().await;
                    (id, outcome.unwrap_or(Outcome::Stuck))
                });
            }
            self.line().count(&self.surroundings.meter);
            let wake = self.line().schedule().wake_at();
            let wait = async {
                match wake {
                    Some(wake) => sleep(wake.saturating_sub(self.now())).await,
                    None => std::future::pending().await,
                }
            };
            select! {
                _ = stop.wait_for(|stop| *stop) => return,
                Some(Ok((id, outcome))) = running.join_next() => self.ended(id, outcome),
                () = self.line().changed.notified() => {}
                () = wait => {}
            }
        }
    }

    fn next(&self) -> Option<DocumentId> {
        let now = self.now();
        self.line().schedule().next(now)
    }

    fn ended(&self, id: DocumentId, outcome: Outcome) {
        let now = self.now();
        let mut schedule = self.line().schedule();
        let before = schedule.failures();
        schedule.ended(id, outcome, now, &*self.surroundings.random);
        let (after, target) = (schedule.failures(), &self.target().name);
        drop(schedule);
        if before < WEBHOOK_FAILURES && after >= WEBHOOK_FAILURES {
            ReceiverGone { target }.note();
        } else if before >= WEBHOOK_FAILURES && after == 0 && outcome != Outcome::Gone {
            tracing::info!(%target, "a receiver of webhooks is back");
        }
    }

    /// Marks every document of which something is to be told.
    async fn look_for_documents(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.watched.store.list("", after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            for info in page {
                let id = info.id;
                match self.due(info).await {
                    Ok(true) => self.mark(id),
                    // Of what is damaged nothing can be told, and what ended is looked for below.
                    Ok(false) | Err(StoreError::Damaged(_) | StoreError::Missing) => {}
                    Err(error) => return Err(error),
                }
            }
            tokio::task::yield_now().await;
        }
        for id in ended::all(&*self.watched.store).await? {
            self.mark(id);
        }
        Ok(())
    }

    fn mark(&self, id: DocumentId) {
        self.line().schedule().nudge(id, self.now(), Duration::ZERO);
    }

    async fn due(&self, info: DocumentInfo) -> Result<bool, StoreError> {
        let (told, _) =
            told::remembered(&*self.watched.store, info.id, &self.target().name).await?;
        let present = self.present(info).await?;
        Ok(told::next(told.as_ref(), &present, self.target().kinds).is_some())
    }

    async fn present(&self, info: DocumentInfo) -> Result<Present, StoreError> {
        let (store, target) = (&*self.watched.store, self.target());
        let bin = store.record(info.id, BIN).await?.is_some();
        let version = match target.kinds.has(Kind::Version) {
            true => ended::version(store, info.id, &target.name).await?,
            false => None,
        };
        Ok(Present { info, bin, version })
    }

    /// Tells of a document what there is to tell, or as much as fits into one turn.
    async fn tell(&self, id: DocumentId) -> Outcome {
        let (target, mut outcome) = (&self.target().name, Outcome::Nothing);
        for _ in 0..WEBHOOK_TURN {
            match self.tell_one(id).await {
                Ok(true) => outcome = Outcome::Done,
                Ok(false) => return outcome,
                Err(Trouble::Moved) => {}
                Err(Trouble::Reading(reason)) => {
                    WebhookUnreadable { target, document: &id, reason: &reason }.note();
                    return Outcome::Stuck;
                }
                Err(Trouble::Refused(reason)) => {
                    tracing::debug!(%target, document = %id, reason, "an event was not taken");
                    return Outcome::Failed;
                }
                Err(Trouble::Gone) => {
                    ReceiverEnded { target }.note();
                    return Outcome::Gone;
                }
            }
        }
        if outcome == Outcome::Done { Outcome::More } else { Outcome::Stuck }
    }

    /// Tells one event; says whether there was one.
    async fn tell_one(&self, id: DocumentId) -> Result<bool, Trouble> {
        let store = &*self.watched.store;
        let Target { name, kinds, .. } = self.target();
        let Some(info) = self.watched.find_by_id(id).await? else { return self.tell_end(id).await };
        let (told, mut revision) = told::remembered(store, id, name).await?;
        let present = self.present(info).await?;
        let Some(claim) = told::next(told.as_ref(), &present, *kinds) else { return Ok(false) };
        let mut told = told.unwrap_or_else(|| Told::nothing(&present.info));
        let key = told::key(name);
        if told.claim.is_none() {
            told.claim = Some(claim.clone());
            revision = store.put_record(id, &key, revision, Some(told.written())).await?;
        }
        let event_id = told.id(name, id);
        if let Some(body) = self.body(&event_id, &told, &present.info, &claim).await? {
            self.send(event_id, body).await?;
        }
        if let Claim::Version { id: version } = &claim {
            ended::version_told(store, id, version, name).await?;
        }
        told.done();
        store.put_record(id, &key, revision, Some(told.written())).await?;
        Ok(true)
    }

    async fn tell_end(&self, id: DocumentId) -> Result<bool, Trouble> {
        let (store, target) = (&*self.watched.store, &self.target().name);
        let Some(end) = ended::find(store, id, target).await? else { return Ok(false) };
        let event_id = format!("{target}_{id}_end");
        let what = What::Deleted { forever: true };
        let data = Data { document: &end.name, epoch: id, what };
        let event = Event { id: &event_id, kind: "document.deleted", time: end.time, data };
        let body = event.json();
        self.send(event_id, body).await?;
        ended::told(store, id, target).await?;
        Ok(true)
    }

    async fn send(&self, id: String, body: Bytes) -> Result<(), Trouble> {
        let seconds = self.surroundings.clock.now().0 / 1000;
        let signature = self.target().signer.sign(&id, seconds, &body);
        let message = Message { id, seconds, signature, body };
        let answer = timeout(WEBHOOK_TIMEOUT, self.post.post(message)).await;
        let (meter, target) = (&self.surroundings.meter, &self.target().name);
        let gone = matches!(answer, Ok(Ok(410)));
        let reason = match answer {
            Ok(Ok(200..=299)) => {
                meter.note(&WebhookTaken { target });
                return Ok(());
            }
            Ok(Ok(status)) => format!("it answered with status {status}"),
            Ok(Err(reason)) => reason,
            Err(_) => "it did not answer in time".to_owned(),
        };
        meter.note(&WebhookRefused { target, reason: &reason });
        Err(if gone { Trouble::Gone } else { Trouble::Refused(reason) })
    }

    /// The event as JSON; `None` when there is nothing to tell after all.
    async fn body(
        &self,
        event: &str,
        told: &Told,
        info: &DocumentInfo,
        claim: &Claim,
    ) -> Result<Option<Bytes>, Trouble> {
        let now = self.surroundings.clock.now();
        let found;
        let (kind, time, what) = match claim {
            Claim::Created => ("document.created", info.created, What::Nothing {}),
            Claim::Restored => ("document.restored", now, What::Nothing {}),
            Claim::Deleted => ("document.deleted", now, What::Deleted { forever: false }),
            Claim::Renamed { .. } => {
                ("document.renamed", now, What::Renamed { previous: &told.name })
            }
            Claim::Changed { to } => {
                let (time, what) = self.changes(told.seq, *to, info).await?;
                ("document.changed", time, what)
            }
            Claim::Version { id } => {
                let versions = versions::list(&*self.watched.store, info.id).await?;
                let Some(version) = versions.into_iter().find(|it| it.id == *id) else {
                    return Ok(None);
                };
                found = version;
                ("document.version", found.time, What::Made { version: (&found).into() })
            }
        };
        let document = match claim {
            Claim::Renamed { to } => to,
            _ => info.name.as_str(),
        };
        let data = Data { document, epoch: info.id, what };
        Ok(Some(Event { id: event, kind, time, data }.json()))
    }

    /// What happened in these entries: when the last was made, and by whom all were.
    async fn changes(
        &self,
        told: Seq,
        to: Seq,
        info: &DocumentInfo,
    ) -> Result<(Timestamp, What<'static>), Trouble> {
        let (mut after, mut time, mut authors) = (told, info.changed, Vec::<Who>::new());
        while after < to {
            let page = self.watched.store.history(info.id, after, WEBHOOK_READ_BYTES).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for stored in page.iter().take_while(|stored| stored.seq <= to) {
                time = stored.entry.time;
                let who = Who::from(&*stored.entry.author);
                if authors.len() < WEBHOOK_AUTHORS && !authors.contains(&who) {
                    authors.push(who);
                }
            }
        }
        let content = match self.target().content {
            None => None,
            Some(form) => {
                // The semaphore is never closed.
                let _turn = self.contents_turns.acquire().await;
                let file = self.surroundings.contents.read(&info.name, form).await;
                Some(Content::of(file.map_err(Trouble::Reading)?, form))
            }
        };
        Ok((time, What::Changed { from: Seq(told.0 + 1), to, authors, content }))
    }
}
