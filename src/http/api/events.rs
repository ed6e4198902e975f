//! What happens to a document, or to all, as server-sent events.
//!
//! A document's events have a moment of its past for their id, so that a reader who was away goes on
//! after the last it has seen: edits are read from the store, and none is lost on a slow reader. What
//! is not kept, a reader that is too slow is told to have missed.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::stream;
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{MissedTickBehavior, interval},
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
const RETRY: Duration = Duration::from_secs(2);

/// The reader has gone, may no more, or there is nothing more to tell.
struct Over;

type Told = Result<(), Over>;

impl Api {
    pub(super) async fn events(self: &Arc<Self>, asked: &Asked, name: &DocumentName) -> Outcome {
        let place = self.place()?;
        // First, so that nothing happens unheard between looking and listening.
        let listener = self.documents.events().listen(Some(name.clone()));
        let summary = self.living(name).await?;
        let seen = asked.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        let after = match seen.map(|id| Seen::parse(id, summary.id)) {
            Some(Some(Seen { seq, same: true })) => seq.min(summary.last),
            // Another life, of which the reader knows nothing.
            Some(Some(Seen { same: false, .. })) => Seq(0),
            Some(None) => return Err(Failure::Bad("`Last-Event-ID` has a number".to_owned())),
            None => summary.last,
        };
        let (tell, told) = mpsc::channel(QUEUE);
        let (api, asked, name, id) = (Arc::clone(self), asked.clone(), name.clone(), summary.id);
        let mut follower = Follower { api, asked, name, id, after, tell, listener };
        tokio::spawn(async move {
            let Over = follower.follow().await;
            drop(place);
        });
        Ok(stream_of(told))
    }

    pub(super) async fn all_events(self: &Arc<Self>, asked: &Asked) -> Outcome {
        let place = self.place()?;
        let listener = self.documents.events().listen(None);
        let visible = self.visible(asked).await?;
        let (tell, told) = mpsc::channel(QUEUE);
        let (api, asked) = (Arc::clone(self), asked.clone());
        let mut watcher = Watcher { api, asked, visible, tell, listener };
        tokio::spawn(async move {
            let Over = watcher.watch().await;
            drop(place);
        });
        Ok(stream_of(told))
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| Failure::Busy)
    }
}

fn stream_of(mut told: mpsc::Receiver<sse::Event>) -> Response {
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
    tell: mpsc::Sender<sse::Event>,
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
                () = self.tell.closed() => return Err(Over),
                heard = self.listener.next() => match heard {
                    Heard::Event(happened) => self.hear(&happened).await?,
                    Heard::Missed(count) => {
                        self.tell(self.event("missed", &json!({ "events": count }))).await?;
                        self.look_again().await?;
                    }
                    Heard::End => return Err(Over),
                },
                _ = beat.tick() => {
                    let still = self.api.allow(&self.asked, &self.name, Access::View).await;
                    still.map_err(|_| Over)?;
                    self.tell(sse::Event::default().comment("")).await?;
                }
            }
        }
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

    async fn tell_people(&self) -> Told {
        let people = people(&self.api.documents.attendees(&self.name).await);
        self.tell(self.event("presence", &json!({ "people": people }))).await
    }

    fn event(&self, kind: &str, said: &Value) -> sse::Event {
        let id = tag(self.after, self.id);
        sse::Event::default().id(id).event(kind).data(said.to_string())
    }

    async fn tell(&self, event: sse::Event) -> Told {
        self.tell.send(event).await.map_err(|_| Over)
    }
}

/// One who reads the events of all documents.
struct Watcher {
    api: Arc<Api>,
    asked: Asked,
    visible: Visible,
    tell: mpsc::Sender<sse::Event>,
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
                () = self.tell.closed() => return Err(Over),
                heard = self.listener.next() => match heard {
                    Heard::Event(happened) => self.hear(&happened).await?,
                    Heard::Missed(count) => {
                        self.tell("missed", &json!({ "events": count })).await?;
                    }
                    Heard::End => return Err(Over),
                },
                _ = beat.tick() => {
                    self.visible = self.api.visible(&self.asked).await.map_err(|_| Over)?;
                    let beat = sse::Event::default().comment("");
                    self.tell.send(beat).await.map_err(|_| Over)?;
                }
            }
        }
    }

    async fn hear(&self, happened: &Happened) -> Told {
        let name = &happened.name;
        if let Event::Renamed { id, from, to } = &happened.event {
            // Of a name that the reader does not know nothing is said.
            let (kind, said) = match (self.visible.includes(from), self.visible.includes(to)) {
                (true, true) => {
                    ("renamed", json!({ "name": from.as_str(), "epoch": id, "to": to.as_str() }))
                }
                (true, false) => {
                    ("deleted", json!({ "name": from.as_str(), "epoch": id, "forever": false }))
                }
                (false, true) => ("created", json!({ "name": to.as_str(), "epoch": id })),
                (false, false) => return Ok(()),
            };
            return self.tell(kind, &said).await;
        }
        if !self.visible.includes(name) {
            return Ok(());
        }
        let (kind, said) = match &happened.event {
            Event::Created { id } => ("created", json!({ "name": name.as_str(), "epoch": id })),
            Event::Saved { id, last } => {
                ("saved", json!({ "name": name.as_str(), "epoch": id, "seq": last }))
            }
            Event::Deleted { id, for_ever } => {
                ("deleted", json!({ "name": name.as_str(), "epoch": id, "forever": for_ever }))
            }
            Event::Restored { id } => ("restored", json!({ "name": name.as_str(), "epoch": id })),
            Event::Renamed { .. } | Event::Presence => return Ok(()),
        };
        self.tell(kind, &said).await
    }

    async fn tell(&self, kind: &str, said: &Value) -> Told {
        let event = sse::Event::default().event(kind).data(said.to_string());
        self.tell.send(event).await.map_err(|_| Over)
    }
}

fn heartbeat() -> tokio::time::Interval {
    let mut beat = interval(EVENTS_HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
