//! Somebody who wants harm: sends what no editor would, in every dialect, and pretends to be others.
//!
//! What it sends is refused, without effect, or an edit like any other; never does it take the place
//! of an honest edit, which nobody can tell from a relay (DESIGN: client ids are not bound to users).

use bytes::{BufMut, Bytes, BytesMut};
use coscribe::{
    crdt::{PresenceEntry, corpus, encode_presence},
    protocol::ClientMessage,
    random::{Random, SeededRandom},
};

use crate::{attendance::Attendance, dialect::Dialect, line::Line};

/// Longer samples cost time and are tried elsewhere (`tests/faults/hostile.rs`).
const SAMPLE_BYTES: usize = 2000;

/// A clock that no honest person of a simulation reaches.
const FAR: u64 = 1_000_000;

/// See the module.
#[derive(Debug)]
pub(crate) struct Liar {
    pub(crate) document: String,
    pub(crate) dialect: Dialect,
    pub(crate) line: Option<Line>,
    random: SeededRandom,
    samples: Vec<Vec<u8>>,
}

impl Liar {
    pub(crate) fn new(document: String, number: u64, seed: u64) -> Self {
        let samples = corpus::hostile_updates().into_iter().map(|(_, bytes)| bytes);
        Self {
            document,
            dialect: Dialect::of_person(number),
            line: None,
            random: SeededRandom::new(seed),
            samples: samples.filter(|bytes| bytes.len() < SAMPLE_BYTES).collect(),
        }
    }

    /// Begins on a connection, not always as one should.
    pub(crate) fn begin(&mut self, now: u64, line: Line) {
        let line = self.line.insert(line);
        if self.random.below(8) > 0 {
            let asks = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
            let frames = self.dialect.greeting(&self.document).into_iter();
            for frame in frames.chain([self.dialect.frame(&self.document, &asks)]) {
                line.send(frame, now, &self.random);
            }
        }
    }

    /// Sends something. `victim` is somebody honest.
    pub(crate) fn act(&mut self, now: u64, victim: &Attendance) {
        let frame = self.lie(victim);
        if let Some(line) = &mut self.line {
            line.send(frame, now, &self.random);
        }
    }

    fn lie(&self, victim: &Attendance) -> Bytes {
        let random = &self.random;
        let sample = || {
            let at = random.below(self.samples.len() as u64);
            Bytes::from(self.samples[usize::try_from(at).expect("few samples")].clone())
        };
        let message = match random.below(8) {
            0 => return self.noise(60),
            1 => ClientMessage::SyncStep1(self.noise(20)),
            2 => ClientMessage::SyncStep2(sample()),
            3 => ClientMessage::Update(sample()),
            4 => ClientMessage::Update(after_a_gap(victim.client())),
            5 => ClientMessage::Awareness(self.noise(30)),
            6 => ClientMessage::Awareness(in_the_name_of(victim, random)),
            _ => ClientMessage::QueryAwareness,
        };
        self.dialect.frame(&self.document, &message)
    }

    /// Bytes of no meaning, at most so many.
    fn noise(&self, most: u64) -> Bytes {
        let length = usize::try_from(self.random.below(most)).expect("a short frame");
        let mut bytes = vec![0; length];
        self.random.fill(&mut bytes);
        bytes.into()
    }
}

/// A letter of somebody's, long after everything they wrote.
fn after_a_gap(client: u64) -> Bytes {
    let mut out = BytesMut::new();
    for number in [1, 1, client, FAR, 4, 1] {
        coscribe::protocol::varint::uint(&mut out, number);
    }
    out.put_slice(&[4, b't', b'e', b'x', b't', 1, b'!', 0]);
    out.freeze()
}

/// Says of somebody that they have left, or shows something else of them. Its clock is hardly ahead of
/// theirs: y-protocols lets nobody contradict one that is far ahead.
fn in_the_name_of(victim: &Attendance, random: &SeededRandom) -> Bytes {
    let left = random.below(2) == 0;
    let state = if left { "null" } else { "{\"user\":{\"name\":\"a liar\"}}" };
    let back = u32::try_from(random.below(3)).expect("a small number");
    let clock = (victim.clock() + 1).saturating_sub(back);
    let entry = PresenceEntry {
        client: victim.client(),
        clock,
        state: Bytes::from_static(state.as_bytes()),
    };
    encode_presence([entry].iter())
}
