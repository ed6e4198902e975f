//! What happens to a document, or to all, as server-sent events.
//!
//! A document's events have a moment of its past for their id, so that a reader who was away goes on
//! after the last it has seen: edits are read from the store, and none is lost on a slow reader. What
//! is not kept, a reader that is too slow is told to have missed.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::stream;
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{Instant, MissedTickBehavior, interval},
};
use warp::{
    Reply,
    http::{HeaderValue, header::CACHE_CONTROL},
    reply::Response,
    sse,
};

use super::{
    Api, Asked, Failure, Outcome,
    content::tag,
    people::{people, user},
};
use crate::{
    auth::Visible,
    document::{Event, Happened, Heard, Listener},
    identity::Access,
    ids::{DocumentId, DocumentName, Seq},
    limits::EVENTS_HEARTBEAT,
};

/// Events on their way to a reader; the others wait where they are bounded.
const QUEUE: usize = 16;

/// Bytes of the past that are read at a time.
const PAGE_BYTES: usize = 256 << 10;

/// A stream comes again after this, when it breaks off.
pub(super) const RETRY: Duration = Duration::from_secs(2);

/// The way to a reader, and how fresh is what is known of its rights.
pub(super) struct Line {
    tell: mpsc::Sender<sse::Event>,
    /// Says that rights have changed.
    changed: watch::Receiver<()>,
    /// When its reader was last asked about.
    confirmed: Instant,
}

/// The reader has gone, may no more, or there is nothing more to tell.
pub(super) struct Over;

pub(super) type Told = Result<(), Over>;

impl Api {
    pub(super) async fn events(self: &Arc<Self>, asked: &Asked, name: &DocumentName) -> Outcome {
        let place = self.place()?;
        // First, so that nothing happens unheard between looking and listening.
        let listener = self.documents.events().listen(Some(name.clone()));
        let (line, told) = Line::new(self);
        let summary = self.living(name).await?;
        let seen = asked.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let after = match seen.map(|id| Seen::parse(id, summary.id)) {
            Some(Some(Seen { seq, same: true })) => seq.min(summary.last),
            // Another life, of which the reader knows nothing.
            Some(Some(Seen { same: false, .. })) => Seq(0),
            Some(None) => return Err(Failure::Bad("`Last-Event-ID` has a number".to_owned())),
            None => summary.last,
        };
        // Who may only look does not see the past, so not who was at work then either.
        let recalls = self.allow(asked, name, Access::Edit).await.is_ok();
        let after = if recalls { after } else { summary.last };
        let (api, asked, name, id) = (Arc::clone(self), asked.clone(), name.clone(), summary.id);
        let mut follower = Follower { api, asked, name, id, after, line, listener };
        tokio::spawn(async move {
            let Over = follower.follow().await;
            drop(place);
        });
        Ok(stream_of(told))
    }

    pub(super) async fn all_events(self: &Arc<Self>, asked: &Asked) -> Outcome {
        let place = self.place()?;
        let listener = self.documents.events().listen(None);
        let (line, told) = Line::new(self);
        let visible = self.visible(asked).await?;
        let (api, asked) = (Arc::clone(self), asked.clone());
        let mut watcher = Watcher { api, asked, visible, line, listener };
        tokio::spawn(async move {
            let Over = watcher.watch().await;
            drop(place);
        });
        Ok(stream_of(told))
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| Failure::Busy)
    }

    pub(super) fn place_for_operators(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.server_streams).try_acquire_owned().map_err(|_| Failure::Busy)
    }
}

impl Line {
    pub(super) fn new(api: &Api) -> (Self, mpsc::Receiver<sse::Event>) {
        let (tell, told) = mpsc::channel(QUEUE);
        let (changed, confirmed) = (api.changed.subscribe(), Instant::now());
        (Self { tell, changed, confirmed }, told)
    }

    /// Waits for room. Gives whether the reader must be asked about again before it is told more:
    /// one that is slow may have waited longer than its right lasts.
    pub(super) async fn is_stale(&mut self) -> Result<bool, Over> {
        // Nobody else uses the room.
        drop(self.tell.reserve().await.map_err(|_| Over)?);
        let changed = self.changed.has_changed().unwrap_or_default();
        Ok(changed || self.confirmed.elapsed() >= EVENTS_HEARTBEAT)
    }

    pub(super) fn confirm(&mut self) {
        self.changed.mark_unchanged();
        self.confirmed = Instant::now();
    }

    /// Resolves when the reader has gone.
    pub(super) async fn closed(&self) {
        self.tell.closed().await;
    }

    pub(super) async fn send(&self, event: sse::Event) -> Told {
        self.tell.send(event).await.map_err(|_| Over)
    }
}

pub(super) fn stream_of(mut told: mpsc::Receiver<sse::Event>) -> Response {
    let events = stream::poll_fn(move |context| told.poll_recv(context).map(|it| it.map(Ok)));
    let mut response = sse::reply(infallible(events)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn infallible<S>(events: S) -> S
where
    S: futures_util::Stream<Item = Result<sse::Event, Infallible>>,
{
    events
}

/// What a reader has seen last.
struct Seen {
    seq: Seq,
    /// Of this life of the document, as far as it says.
    same: bool,
}

impl Seen {
    fn parse(text: &str, id: DocumentId) -> Option<Self> {
        let (seq, life) = match text.trim().split_once('.') {
            Some((seq, life)) => (seq, Some(DocumentId::parse(life)?)),
            None => (text.trim(), None),
        };
        Some(Self { seq: Seq(seq.parse().ok()?), same: life.is_none_or(|life| life == id) })
    }
}

/// One who reads the events of a document.
struct Follower {
    api: Arc<Api>,
    asked: Asked,
    name: DocumentName,
    /// The life it is in.
    id: DocumentId,
    /// The last entry that was told.
    after: Seq,
    line: Line,
    listener: Listener,
}

impl Follower {
    async fn follow(&mut self) -> Over {
        match self.run().await {
            Ok(()) | Err(Over) => Over,
        }
    }

    async fn run(&mut self) -> Told {
        let open = json!({ "epoch": self.id, "seq": self.after });
        self.tell(self.event("open", &open).retry(RETRY)).await?;
        self.catch_up().await?;
        self.tell_people().await?;
        let mut beat = heartbeat();
        loop {
            tokio::select! {
                () = self.line.tell.closed() => return Err(Over),
                heard = self.listener.next() => match heard {
                    Heard::Event(happened) => self.hear(&happened).await?,
                    Heard::Missed(count) => {
                        self.tell(self.event("missed", &json!({ "events": count }))).await?;
                        self.look_again().await?;
                    }
                    Heard::End => return Err(Over),
                },
                Ok(()) = self.line.changed.changed() => self.ask_again().await?,
                _ = beat.tick() => {
                    self.ask_again().await?;
                    self.tell(sse::Event::default().comment("")).await?;
                }
            }
        }
    }

    /// Whether its reader may still look.
    async fn ask_again(&mut self) -> Told {
        self.line.confirm();
        let still = self.api.allow(&self.asked, &self.name, Access::View).await;
        still.map(drop).map_err(|_| Over)
    }

    async fn hear(&mut self, happened: &Happened) -> Told {
        match &happened.event {
            Event::Created { id } => {
                self.begin(*id).await?;
            }
            Event::Saved { id, last } => {
                if *id == self.id && *last > self.after {
                    self.catch_up().await?;
                    self.tell(self.event("saved", &json!({ "seq": self.after }))).await?;
                }
            }
            Event::Renamed { to, .. } if *to != self.name => {
                // Its reader may not know the other name.
                let known = self.api.allow(&self.asked, to, Access::View).await.is_ok();
                let said = json!({ "name": known.then(|| to.as_str()) });
                self.tell(self.event("renamed", &said)).await?;
                return Err(Over);
            }
            Event::Renamed { id, .. } => self.begin(*id).await?,
            Event::Deleted { for_ever, .. } => {
                self.tell(self.event("deleted", &json!({ "forever": for_ever }))).await?;
                return Err(Over);
            }
            Event::Restored { .. } => {}
            Event::Presence => self.tell_people().await?,
        }
        Ok(())
    }

    /// Another life begins under the name.
    async fn begin(&mut self, id: DocumentId) -> Told {
        if id != self.id {
            (self.id, self.after) = (id, Seq(0));
            self.tell(self.event("created", &json!({ "epoch": id }))).await?;
        }
        Ok(())
    }

    /// After events were missed: what is there now.
    async fn look_again(&mut self) -> Told {
        let summary = self.api.living(&self.name).await.map_err(|_| Over)?;
        self.begin(summary.id).await?;
        self.catch_up().await?;
        self.tell_people().await
    }

    /// Tells the entries that were not told yet.
    async fn catch_up(&mut self) -> Told {
        loop {
            let store = Arc::clone(self.api.documents.store());
            let page = store.history(self.id, self.after, PAGE_BYTES).await.map_err(|_| Over)?;
            if page.is_empty() {
                return Ok(());
            }
            for stored in page {
                self.after = stored.seq;
                let entry = &stored.entry;
                let said = json!({
                    "seq": stored.seq,
                    "time": entry.time,
                    "user": user(&entry.author),
                    "bytes": entry.update.len(),
                });
                self.tell(self.event("update", &said)).await?;
            }
        }
    }

    async fn tell_people(&mut self) -> Told {
        let people = people(&self.api.documents.attendees(&self.name).await);
        self.tell(self.event("presence", &json!({ "people": people }))).await
    }

    fn event(&self, kind: &str, said: &Value) -> sse::Event {
        let id = tag(self.after, self.id);
        sse::Event::default().id(id).event(kind).data(said.to_string())
    }

    async fn tell(&mut self, event: sse::Event) -> Told {
        if self.line.is_stale().await? {
            self.ask_again().await?;
        }
        self.line.send(event).await
    }
}

/// One who reads the events of all documents.
struct Watcher {
    api: Arc<Api>,
    asked: Asked,
    visible: Visible,
    line: Line,
    listener: Listener,
}

impl Watcher {
    async fn watch(&mut self) -> Over {
        match self.run().await {
            Ok(()) | Err(Over) => Over,
        }
    }

    async fn run(&mut self) -> Told {
        self.tell("open", &json!({})).await?;
        let mut beat = heartbeat();
        loop {
            tokio::select! {
                () = self.line.tell.closed() => return Err(Over),
                heard = self.listener.next() => match heard {
                    Heard::Event(happened) => self.hear(&happened).await?,
                    Heard::Missed(count) => {
                        self.tell("missed", &json!({ "events": count })).await?;
                    }
                    Heard::End => return Err(Over),
                },
                Ok(()) = self.line.changed.changed() => self.ask_again().await?,
                _ = beat.tick() => {
                    self.ask_again().await?;
                    self.line.send(sse::Event::default().comment("")).await?;
                }
            }
        }
    }

    /// What its reader may see now.
    async fn ask_again(&mut self) -> Told {
        self.line.confirm();
        self.visible = self.api.visible(&self.asked).await.map_err(|_| Over)?;
        Ok(())
    }

    async fn hear(&mut self, happened: &Happened) -> Told {
        // Asked before what it may see is looked at.
        if self.line.is_stale().await? {
            self.ask_again().await?;
        }
        match self.shown(happened) {
            Some((kind, said)) => self.tell(kind, &said).await,
            None => Ok(()),
        }
    }

    /// What its reader may hear of it. Of a name that it does not know nothing is said.
    fn shown(&self, happened: &Happened) -> Option<(&'static str, Value)> {
        let name = &happened.name;
        if let Event::Renamed { id, from, to } = &happened.event {
            return match (self.visible.includes(from), self.visible.includes(to)) {
                (true, true) => {
                    let said = json!({ "name": from.as_str(), "epoch": id, "to": to.as_str() });
                    Some(("renamed", said))
                }
                (true, false) => {
                    let said = json!({ "name": from.as_str(), "epoch": id, "forever": false });
                    Some(("deleted", said))
                }
                (false, true) => Some(("created", json!({ "name": to.as_str(), "epoch": id }))),
                (false, false) => None,
            };
        }
        if !self.visible.includes(name) {
            return None;
        }
        let name = name.as_str();
        match &happened.event {
            Event::Created { id } => Some(("created", json!({ "name": name, "epoch": id }))),
            Event::Saved { id, last } => {
                Some(("saved", json!({ "name": name, "epoch": id, "seq": last })))
            }
            Event::Deleted { id, for_ever } => {
                Some(("deleted", json!({ "name": name, "epoch": id, "forever": for_ever })))
            }
            Event::Restored { id } => Some(("restored", json!({ "name": name, "epoch": id }))),
            Event::Renamed { .. } | Event::Presence => None,
        }
    }

    async fn tell(&self, kind: &str, said: &Value) -> Told {
        self.line.send(sse::Event::default().event(kind).data(said.to_string())).await
    }
}

fn heartbeat() -> tokio::time::Interval {
    let mut beat = interval(EVENTS_HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
