//! A person at an editor: types tokens into a copy, sends each edit, counts the answers, goes on
//! offline and brings it all when the server is back. Knows frames; knows no network and no time.

use std::collections::VecDeque;

use bytes::Bytes;
use coscribe::{
    protocol::{ClientMessage, ServerMessage},
    random::{Random, SeededRandom},
};

use crate::{
    attendance::Attendance,
    dialect::{Dialect, number_of},
    journal::{Journal, Op},
    replica::Replica,
};

/// Edits on their way beyond which a person waits for answers.
const IN_FLIGHT: usize = 30;

/// See the module.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) document: String,
    pub(crate) dialect: Dialect,
    pub(crate) replica: Replica,
    pub(crate) journal: Journal,
    pub(crate) attendance: Attendance,
    /// Frames to send.
    pub(crate) out: Vec<Bytes>,
    /// What the server did that no server may do.
    pub(crate) complaints: Vec<String>,
    online: Online,
    random: SeededRandom,
    next_token: u64,
    /// Own tokens that are not deleted, as numbers with the index of their insert.
    mine: VecDeque<(usize, u64)>,
}

/// What was sent on a connection and not yet answered.
#[derive(Debug, Default)]
struct Online {
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

impl Person {
    pub(crate) fn new(document: &str, number: u64, seed: u64) -> Self {
        let random = SeededRandom::new(seed);
        let client = 2 + random.below(1 << 31);
        let name = format!("{document}-{number}");
        Self {
            document: document.to_owned(),
            dialect: Dialect::of_person(number),
            replica: Replica::new(client),
            attendance: Attendance::new(client, &name),
            journal: Journal::new(&name),
            out: Vec::new(),
            complaints: Vec::new(),
            online: Online::default(),
            random,
            next_token: 1,
            mine: VecDeque::new(),
        }
    }

    /// Begins on a new connection.
    pub(crate) fn connect(&mut self) {
        self.online = Online::default();
        self.out = self.dialect.greeting(&self.document).into_iter().collect();
        self.say(&ClientMessage::SyncStep1(self.replica.state_vector()));
        self.show();
    }

    /// Notes that the connection is gone. What was not answered never will be.
    pub(crate) fn disconnect(&mut self) {
        self.online = Online::default();
        self.attendance.forget();
        self.out.clear();
    }

    /// Shows that somebody is here, as editors do again and again.
    pub(crate) fn show(&mut self) {
        let message = self.attendance.show();
        self.say(&ClientMessage::Awareness(message));
    }

    /// Whether everything that was done is known to be saved, or would be if this dialect were told.
    pub(crate) fn is_settled(&self) -> bool {
        let told = !self.dialect.is_told() || self.journal.acked == self.journal.ops.len();
        self.online.live && self.online.synced && self.online.unanswered.is_empty() && told
    }

    /// Does one thing; sends it if there is a connection that is ready for it.
    pub(crate) fn act(&mut self) {
        if self.online.unanswered.len() >= IN_FLIGHT {
            return;
        }
        let update = self.change();
        if self.online.live {
            self.send_edit(&ClientMessage::Update(update), false);
        }
    }

    fn change(&mut self) -> Bytes {
        let acked = self.journal.acked;
        let told = self.dialect.is_told();
        let ready = self.mine.iter().position(|(index, _)| !told || *index < acked);
        match (self.random.below(10), ready) {
            (0..3, Some(place)) => {
                let (_, number) = self.mine.remove(place).expect("a place that was found");
                self.journal.ops.push(Op::Delete(number));
                let (at, length) = self.place_of(number);
                self.replica.delete(at, length)
            }
            (3, Some(place)) => {
                let (at, length) = self.place_of(self.mine[place].1);
                self.replica.mark(at, length, self.random.below(3) > 0)
            }
            (4, _) => {
                let value = i64::try_from(self.journal.ops.len()).expect("few operations") + 1;
                self.journal.ops.push(Op::Set(value));
                self.replica.set(&self.journal.key(), value)
            }
            (chance, _) => {
                let number = self.next_token;
                self.next_token += 1;
                self.mine.push_back((self.journal.ops.len(), number));
                self.journal.ops.push(Op::Insert(number));
                let at = if chance < 8 { self.replica.length() } else { self.gap() };
                self.replica.insert(at, &self.journal.token(number))
            }
        }
    }

    /// Somewhere between two tokens: nobody's token may be torn by another.
    fn gap(&self) -> u32 {
        let text = self.replica.content().text;
        let from = usize::try_from(self.random.below(text.len() as u64 + 1)).expect("a short text");
        let before = text.floor_char_boundary(from);
        let end = text[before..].find('⟧').map_or(text.len(), |at| before + at + '⟧'.len_utf8());
        units(&text[..end])
    }

    fn place_of(&self, number: u64) -> (u32, u32) {
        let token = self.journal.token(number);
        let text = self.replica.content().text;
        let at = text.find(&token).expect("nobody else deletes a token from its writer's copy");
        (units(&text[..at]), units(&token))
    }

    fn say(&mut self, message: &ClientMessage) {
        self.out.push(self.dialect.frame(&self.document, message));
    }

    /// Sends an edit that covers everything done so far.
    fn send_edit(&mut self, edit: &ClientMessage, whole: bool) {
        let covered = self.journal.ops.len();
        self.journal.sent = covered;
        self.say(edit);
        if let Some(question) = self.dialect.question(covered) {
            self.say(&question);
        }
        if self.dialect.is_told() {
            self.online.unanswered.push_back(Counted { covered, whole });
        }
    }

    /// Whether a frame on this person's line is for this document.
    pub(crate) fn is_meant(&self, frame: &[u8]) -> bool {
        self.dialect.is_meant(&self.document, frame)
    }

    /// Takes a frame in.
    pub(crate) fn receive(&mut self, frame: &Bytes) {
        let outcome = match self.dialect.read(&self.document, frame) {
            Ok(Some(message)) => self.take(message),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.complaints.extend(outcome.err());
    }

    fn take(&mut self, message: ServerMessage) -> Result<(), String> {
        match message {
            ServerMessage::SyncStep1(theirs) => {
                let state = self.replica.diff(&theirs);
                self.online.live = true;
                self.send_edit(&ClientMessage::SyncStep2(state), true);
            }
            ServerMessage::SyncStep2(update) => {
                self.online.synced = true;
                return self.replica.apply(&update);
            }
            ServerMessage::Update(update) => return self.replica.apply(&update),
            ServerMessage::SyncStatus(stored) => return self.answered(stored, None),
            ServerMessage::Barrier(payload) => return self.answered(true, number_of(&payload)),
            ServerMessage::PermissionDenied(_) => self.online.torn = true,
            ServerMessage::Awareness(message) => return self.attendance.hear(&message),
            _ => {}
        }
        Ok(())
    }

    /// Notes an answer to the oldest message that waits for one.
    fn answered(&mut self, stored: bool, number: Option<u64>) -> Result<(), String> {
        let who = &self.journal.editor;
        let Some(counted) = self.online.unanswered.pop_front() else {
            return Err(format!("{who} was answered once more than asked"));
        };
        if number.is_some_and(|number| number != counted.covered as u64) {
            return Err(format!("{who} was given the answer {number:?} to {counted:?}"));
        }
        self.online.torn = !stored || (self.online.torn && !counted.whole);
        if !self.online.torn {
            self.journal.acked = self.journal.acked.max(counted.covered);
        }
        Ok(())
    }
}

fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).expect("texts of tests are short")
}
