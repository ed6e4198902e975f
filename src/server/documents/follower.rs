//! Follows a document from within the program: every change, and who is here.
//!
//! A session like those of editors, with the same bounded queue: who does not keep up gets one
//! difference instead of many changes.

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::Documents;
use crate::{
    crdt::{PresenceEntry, encode_presence, parse_presence},
    document::{Command, DocumentHandle, NewSubscriber, Outbox, Taken, Unavailable},
    identity::{Access, Author},
    ids::{ClientId, DocumentName, SubscriberId},
    protocol::{Address, ClientMessage, CloseReason, ServerMessage, y_websocket},
};

/// Bytes taken from the queue at a time.
const TAKE_BYTES: usize = 64 * 1024;

/// A document that was unloaded under us is not asked for in a tight loop.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A state vector that has nothing.
const NOTHING: &[u8] = &[0];

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The document changed; a Yjs update, version 1. The first one holds all that was there before.
    /// What one brings may have been there already, which Yjs does not mind.
    Changed(Bytes),
    /// Who is here changed; see [`Follower::people`].
    Presence,
}

/// What happens in a document, from [`Document::follow`](super::Document::follow) on.
///
/// The program is not seen by others unless it shows a presence.
#[derive(Debug)]
pub struct Follower {
    documents: Documents,
    name: DocumentName,
    id: SubscriberId,
    document: DocumentHandle,
    outbox: Arc<Outbox>,
    events: VecDeque<Event>,
    people: BTreeMap<u64, (u32, Value)>,
    own: Own,
}

/// What the program shows.
#[derive(Debug)]
struct Own {
    client: ClientId,
    clock: u32,
    state: Option<Bytes>,
    told: Instant,
}

impl Follower {
    pub(super) async fn begin(
        documents: Documents,
        name: DocumentName,
        client: ClientId,
    ) -> Result<Self, Unavailable> {
        let id = SubscriberId { connection: documents.connections.number(), session: 0 };
        let (document, outbox) = subscribe(&documents, &name, id).await?;
        let own = Own { client, clock: 0, state: None, told: Instant::now() };
        Ok(Self {
            documents,
            name,
            id,
            document,
            outbox,
            events: VecDeque::new(),
            people: BTreeMap::new(),
            own,
        })
    }

    /// The next thing that happens; `None` when nothing more will: the document was deleted or is
    /// damaged, or the server stops. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        let renewal = self.documents.all.limits().presence_expiry / 2;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let mut frames = Vec::new();
            let taking = poll_fn(|context| self.outbox.poll_take(context, TAKE_BYTES, &mut frames));
            let renew = async {
                match self.own.state {
                    Some(_) => sleep_until(self.own.told + renewal).await,
                    None => std::future::pending().await,
                }
            };
            let taken = tokio::select! {
                biased;
                taken = taking => Some(taken),
                () = renew => None,
            };
            match taken {
                Some(Taken::Frames) => frames.iter().for_each(|frame| self.on_frame(frame)),
                // An unloaded document has closed the queue as well.
                Some(Taken::CaughtUp) => {
                    drop(self.document.send(Command::CaughtUp(self.id)).await);
                }
                Some(Taken::Close(CloseReason::Restart | CloseReason::Overloaded)) => {
                    sleep(AGAIN_AFTER).await;
                    self.again().await?;
                }
                // The program's own rights never change.
                Some(Taken::Review) => {}
                Some(Taken::Close(_)) => return None,
                None => drop(self.tell().await),
            }
        }
    }

    /// Who is here now, by the client id of their editor, as far as the events told it; this program
    /// is not among them.
    pub fn people(&self) -> impl Iterator<Item = (ClientId, &Value)> {
        self.people.iter().map(|(client, (_, state))| (ClientId(*client), state))
    }

    /// Shows this program to the others, as their editors show each other: usually
    /// `{"user": {"name": …, "color": …}}`; `None` hides it. It is shown as long as somebody waits
    /// for [`Follower::next`] again and again.
    ///
    /// # Errors
    /// When the document has been unloaded or is going away.
    pub async fn set_presence(&mut self, state: Option<&Value>) -> Result<(), Unavailable> {
        if self.own.state.is_none() && state.is_none() {
            return Ok(());
        }
        self.own.state = state.map(|state| state.to_string().into());
        self.tell().await
    }

    async fn tell(&mut self) -> Result<(), Unavailable> {
        self.own.clock += 1;
        self.own.told = Instant::now();
        let state = self.own.state.clone().unwrap_or_else(|| Bytes::from_static(b"null"));
        let entry = PresenceEntry { client: self.own.client.0, clock: self.own.clock, state };
        let message = ClientMessage::Awareness(encode_presence([entry].iter()));
        self.document.send(Command::Message(self.id, message, None)).await
    }

    /// The document was unloaded under us, or we fell behind for too long: begins anew.
    async fn again(&mut self) -> Option<()> {
        let begun = subscribe(&self.documents, &self.name, self.id).await;
        (self.document, self.outbox) = begun.ok()?;
        if self.own.state.is_some() {
            self.tell().await.ok()?;
        }
        Some(())
    }

    fn on_frame(&mut self, frame: &Bytes) {
        match y_websocket::decode_server(frame) {
            Ok(Some(ServerMessage::SyncStep2(update) | ServerMessage::Update(update))) => {
                self.events.push_back(Event::Changed(update));
            }
            Ok(Some(ServerMessage::Awareness(message))) => self.on_presence(&message),
            _ => {}
        }
    }

    fn on_presence(&mut self, message: &[u8]) {
        let limits = self.documents.all.limits();
        let entries = parse_presence(message, limits.presence_per_document, limits.presence_bytes);
        let mut news = false;
        for entry in entries.unwrap_or_default() {
            if entry.client == self.own.client.0 {
                continue;
            }
            let state = serde_json::from_slice(&entry.state).unwrap_or(Value::Null);
            news |= if state.is_null() {
                self.people.remove(&entry.client).is_some()
            } else {
                let shown = (entry.clock, state);
                self.people.insert(entry.client, shown.clone()) != Some(shown)
            };
        }
        if news && self.events.back() != Some(&Event::Presence) {
            self.events.push_back(Event::Presence);
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.outbox.abandon();
        let gone = Box::new(Command::Unsubscribe(self.id));
        if let Err(Some(gone)) = self.document.try_send(gone) {
            let document = self.document.clone();
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { document.send(*gone).await });
            }
        }
    }
}

async fn subscribe(
    documents: &Documents,
    name: &DocumentName,
    id: SubscriberId,
) -> Result<(DocumentHandle, Arc<Outbox>), Unavailable> {
    let document = documents.all.open(name)?;
    let outbox = Arc::new(Outbox::new(documents.all.limits().outbox_bytes));
    let new = NewSubscriber {
        id,
        address: Address::None,
        outbox: Arc::clone(&outbox),
        // Its edits go another way, where they say who they are by.
        access: Access::View,
        author: Author::server(""),
        greet: false,
        open: false,
        epoch: None,
    };
    document.send(Command::Subscribe(Box::new(new))).await?;
    let all = ClientMessage::SyncStep1(Bytes::from_static(NOTHING));
    document.send(Command::Message(id, all, None)).await?;
    Ok((document, outbox))
}
