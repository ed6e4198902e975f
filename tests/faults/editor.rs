//! An editor: types tokens into its replica, sends each edit, counts the answers, goes on offline
//! when the server is gone and brings it all when it is back.

use std::{collections::VecDeque, time::Duration};

use bytes::{Bytes, BytesMut};
use coscribe::{
    protocol::{ClientMessage, ServerMessage, varint},
    random::{Random, SeededRandom},
};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::{
    journal::{Journal, Op},
    replica::Replica,
    wire::{Framing, Gone, PATIENCE, Wire},
};

/// Edits on their way beyond which an editor waits for answers.
const IN_FLIGHT: usize = 64;

/// A person at a keyboard, more or less.
#[derive(Debug)]
pub(crate) struct Editor {
    pub(crate) document: String,
    pub(crate) framing: Framing,
    pub(crate) replica: Replica,
    pub(crate) journal: Journal,
    /// Answers with which the server refused an edit.
    pub(crate) refused: usize,
    deletes: bool,
    random: SeededRandom,
    next_token: u64,
    /// Own tokens that are acknowledged, not deleted, as numbers with the index of their insert.
    mine: VecDeque<(usize, u64)>,
}

/// A connection in use: what was sent on it and not yet answered.
#[derive(Debug)]
pub(crate) struct Online {
    wire: Wire,
    unanswered: VecDeque<Counted>,
    /// An edit was refused: later answers do not cover it, until a whole state is accepted.
    torn: bool,
    /// Has given its own state, so that live edits have all they depend on.
    live: bool,
    synced: bool,
}

/// A message that the server answers once it is durable.
#[derive(Clone, Copy, Debug)]
struct Counted {
    /// So many operations are saved with it.
    covered: usize,
    /// It holds the whole state that the server lacks.
    whole: bool,
}

impl Editor {
    pub(crate) fn new(name: &str, document: &str, framing: Framing, seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let client = 2 + random.below(1 << 31);
        Self {
            document: document.to_owned(),
            framing,
            replica: Replica::new(client),
            journal: Journal::new(name),
            refused: 0,
            deletes: true,
            random,
            next_token: 1,
            mine: VecDeque::new(),
        }
    }

    /// Somebody whose state never has a deletion in it: a reconnect of theirs can bring nothing.
    pub(crate) fn who_never_deletes(self) -> Self {
        Self { deletes: false, ..self }
    }

    /// Connects and exchanges states, until everything typed so far is acknowledged.
    pub(crate) async fn go_online(&mut self, port: u16) -> Result<Online, Gone> {
        let wire = Wire::connect(port, self.framing, &self.document).await?;
        let unanswered = VecDeque::new();
        let mut online = Online { wire, unanswered, torn: false, live: false, synced: false };
        self.ask(&mut online).await?;
        self.settle(&mut online).await?;
        Ok(online)
    }

    /// Asks for what it lacks and waits for it.
    pub(crate) async fn refresh(&mut self, online: &mut Online) -> Result<(), Gone> {
        online.synced = false;
        self.ask(online).await?;
        self.settle(online).await
    }

    /// Types at this pace until the connection ends or the time is over.
    pub(crate) async fn type_for(
        &mut self,
        online: &mut Online,
        pace: Duration,
        time: Duration,
    ) -> Result<(), Gone> {
        let end = Instant::now() + time;
        let mut keys = interval(pace);
        keys.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while Instant::now() < end {
            tokio::select! {
                message = online.wire.receive() => self.take(online, message?).await?,
                _ = keys.tick(), if online.unanswered.len() < IN_FLIGHT => {
                    let update = self.type_something();
                    self.send_edit(online, ClientMessage::Update(update)).await?;
                }
                () = tokio::time::sleep_until(end) => {}
            }
        }
        Ok(())
    }

    /// Does one thing and waits until it is answered.
    pub(crate) async fn type_and_settle(&mut self, online: &mut Online) -> Result<(), Gone> {
        let update = self.type_something();
        self.send_edit(online, ClientMessage::Update(update)).await?;
        self.settle(online).await
    }

    /// Waits until everything sent is answered.
    pub(crate) async fn settle(&mut self, online: &mut Online) -> Result<(), Gone> {
        let deadline = Instant::now() + PATIENCE;
        while !(online.live && online.synced && online.unanswered.is_empty()) {
            let message = timeout_at(deadline, online.wire.receive()).await;
            let message = message.map_err(|_| Gone::Silent)??;
            self.take(online, message).await?;
        }
        Ok(())
    }

    /// Does one thing to its replica; gives the update to send.
    pub(crate) fn type_something(&mut self) -> Bytes {
        let acked = self.journal.acked;
        let ready = self.mine.iter().position(|(index, _)| *index < acked);
        // Documents stay small, so that rounds stay quick.
        let deletes = if self.mine.len() > 400 { 7 } else { 3 };
        let deletes = if self.deletes { deletes } else { 0 };
        let (op, update) = match (self.random.below(10), ready) {
            (chance, Some(place)) if chance < deletes => {
                let (_, number) = self.mine.remove(place).expect("a place that was found");
                (Op::Delete(number), self.delete(number))
            }
            (7, _) if self.deletes => {
                let value = i64::try_from(self.journal.ops.len()).expect("few operations") + 1;
                (Op::Set(value), self.replica.set(&self.journal.key(), value))
            }
            (place, _) => {
                let number = self.next_token;
                self.next_token += 1;
                self.mine.push_back((self.journal.ops.len(), number));
                (Op::Insert(number), self.insert(number, place))
            }
        };
        self.journal.ops.push(op);
        update
    }

    fn insert(&self, number: u64, place: u64) -> Bytes {
        let at = match place {
            8 => 0,
            9 => self.gap(),
            _ => self.replica.length(),
        };
        self.replica.insert(at, &self.journal.token(number))
    }

    /// Somewhere between two tokens: nobody's token may be torn by another.
    fn gap(&self) -> u32 {
        let text = self.replica.content().text;
        let from = self.random.below(text.len() as u64 + 1) as usize;
        let before = text.floor_char_boundary(from);
        let end = text[before..].find('⟧').map_or(text.len(), |at| before + at + '⟧'.len_utf8());
        units(&text[..end])
    }

    fn delete(&self, number: u64) -> Bytes {
        let token = self.journal.token(number);
        let text = self.replica.content().text;
        let at = text.find(&token).expect("an acknowledged token is in its writer's own copy");
        self.replica.delete(units(&text[..at]), units(&token))
    }

    async fn ask(&mut self, online: &mut Online) -> Result<(), Gone> {
        online.wire.send(&ClientMessage::SyncStep1(self.replica.state_vector())).await
    }

    /// Sends an edit that covers everything done so far, and for y-websocket the question whether
    /// it is saved.
    async fn send_edit(&mut self, online: &mut Online, edit: ClientMessage) -> Result<(), Gone> {
        let covered = self.journal.ops.len();
        self.journal.sent = covered;
        let whole = matches!(edit, ClientMessage::SyncStep2(_));
        online.unanswered.push_back(Counted { covered, whole });
        online.wire.send(&edit).await?;
        if self.framing == Framing::YWebsocket {
            let mut payload = BytesMut::new();
            varint::uint(&mut payload, covered as u64);
            online.wire.send(&ClientMessage::Barrier(payload.freeze())).await?;
        }
        Ok(())
    }

    async fn take(&mut self, online: &mut Online, message: ServerMessage) -> Result<(), Gone> {
        let unsound = |error: String| Gone::Broken(format!("unsound update: {error}"));
        match message {
            ServerMessage::SyncStep1(theirs) => {
                let edit = ClientMessage::SyncStep2(self.replica.diff(&theirs));
                online.live = true;
                self.send_edit(online, edit).await?;
            }
            ServerMessage::SyncStep2(update) => {
                self.replica.apply(&update).map_err(unsound)?;
                online.synced = true;
            }
            ServerMessage::Update(update) => self.replica.apply(&update).map_err(unsound)?,
            ServerMessage::SyncStatus(stored) => self.answered(online, stored),
            ServerMessage::Barrier(payload) => {
                let covered = varint::Reader::new(&payload).uint().expect("our own payload");
                let expected = online.unanswered.front().map(|counted| counted.covered as u64);
                assert_eq!(expected, Some(covered), "answers come in order");
                self.answered(online, true);
            }
            ServerMessage::PermissionDenied(_) => {
                self.refused += 1;
                online.torn = true;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Editor {
    /// Notes an answer to the oldest message that waits for one.
    fn answered(&mut self, online: &mut Online, stored: bool) {
        let counted = online.unanswered.pop_front().expect("one answer for each edit");
        if !stored {
            self.refused += 1;
            online.torn = true;
            return;
        }
        online.torn &= !counted.whole;
        if !online.torn {
            self.journal.acked = self.journal.acked.max(counted.covered);
        }
    }
}

fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).expect("texts of tests are short")
}
