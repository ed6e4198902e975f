//! Admission followed by the CRDT: what is admitted applies, is whole, is stored, reloads and exports.

use std::sync::Arc;

use bytes::Bytes;
use coscribe::{
    clock::SystemClock,
    convert::{self, Format},
    crdt::{
        Bounds, DocumentState, Incoming, MetaChanges, Verdict, encode_presence, parse_presence,
        parser::parse_state_vector, past, split,
    },
    ids::ClientId,
};

use super::{
    Input,
    bytes::{put_number, put_piece, put_text},
    messages::{attacks, sessions},
};

/// So small that growing to them is part of what is tried.
const BOUNDS: Bounds = Bounds { update_bytes: 32 << 10, document_bytes: 96 << 10 };

/// A document that takes whatever [`BOUNDS`] let pass in another.
fn roomy() -> DocumentState {
    let bounds = Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    DocumentState::new(ClientId(98), bounds, Arc::from([]))
}

/// A document as a server has it, and what it journalled.
pub(super) struct Fed {
    document: DocumentState,
    journal: Vec<Bytes>,
}

impl Fed {
    pub(super) fn new() -> Self {
        let document = DocumentState::new(ClientId(99), BOUNDS, Arc::from([77]));
        Self { document: document.with_clock(Arc::new(SystemClock::new())), journal: Vec::new() }
    }

    pub(super) fn apply(&mut self, incoming: &[Incoming]) {
        let applied = self.document.apply(incoming).expect("the CRDT does not break");
        let entries = applied.verdicts.into_iter().filter_map(|verdict| match verdict {
            Verdict::Applied(entry) | Verdict::Incomplete(Some(entry)) => Some(entry),
            Verdict::Known | Verdict::Incomplete(None) | Verdict::Refused(_) => None,
        });
        self.journal.extend(entries);
    }

    /// How far a client id has come.
    pub(super) fn end(&self, client: u64) -> u64 {
        let clocks = parse_state_vector(&self.document.state_vector()).expect("our own");
        clocks.iter().find(|(id, _)| *id == client).map_or(0, |(_, clock)| u64::from(*clock))
    }

    /// Everything that a server does with a document that it has.
    pub(super) fn judge(mut self, format: Format) {
        let state = self.document.snapshot().expect("the document can be saved");
        let vector = self.document.state_vector();
        let whole = self.document.diff(&[0]).expect("an empty client can be answered");
        for piece in split(&whole, 256) {
            assert!(!piece.is_empty(), "a piece is empty");
        }

        let mut reloaded = roomy();
        reloaded.load(self.journal.iter().map(|entry| &entry[..])).expect("what is stored loads");
        assert_eq!(reloaded.state_vector(), vector, "the journal tells another document");
        let mut opened = roomy();
        opened.load(std::iter::once(&state[..])).expect("a snapshot loads");
        assert_eq!(opened.state_vector(), vector, "the snapshot tells another document");
        assert_eq!(opened.text("text"), self.document.text("text"));
        let mut synced = received(split(&whole, 256));
        assert_eq!(synced.state_vector(), vector, "a client sees another document");
        let mut deferred = roomy();
        deferred.defer(std::iter::once(state.clone())).expect("a snapshot can be read");
        assert_eq!(deferred.state_vector(), vector, "not loaded it is another document");
        let mut first = received(deferred.deferred(256).expect("it is not loaded"));
        assert_eq!(first.state_vector(), vector, "the first visitor sees another document");
        // State vectors know no deletions.
        let visitor = (&mut first, "the first visitor");
        for (copy, which) in [(&mut reloaded, "the journal"), (&mut synced, "a client"), visitor] {
            assert_eq!(copy.text("text"), opened.text("text"), "{which} has another text");
            assert_eq!(copy.meta(), opened.meta(), "{which} has other facts");
        }

        let mut past = past::Past::default();
        for entry in &self.journal {
            past.replay(entry).expect("what is stored can be replayed");
        }
        // Somebody's types may be in each other's way; that is said.
        let _ = convert::export(&state, format);
        let title = MetaChanges { title: Some("still here".to_owned()), ..MetaChanges::default() };
        self.document.edit_meta(&title).expect("the document can be edited");
        assert_eq!(self.document.meta().title, "still here");
        self.document.snapshot().expect("the edited document can be saved");
    }
}

/// What a client has that was sent these.
fn received(pieces: Vec<Bytes>) -> DocumentState {
    let mut client = roomy();
    for update in pieces {
        let applied = client.apply(&[Incoming { update, step2: true }]);
        let applied = applied.expect("the CRDT does not break");
        let whole = !matches!(applied.verdicts[0], Verdict::Refused(_) | Verdict::Incomplete(_));
        assert!(whole, "our own answer is not admitted: {:?}", applied.verdicts);
    }
    client
}

/// Messages, each after a byte that says how it came.
pub(super) fn update(data: &[u8]) {
    let mut input = Input(data);
    let format = input.one_of(&Format::ALL);
    let mut fed = Fed::new();
    let mut batch = Vec::new();
    while !input.is_empty() {
        let how = input.byte();
        let update = Bytes::copy_from_slice(input.piece());
        batch.push(Incoming { update, step2: how & 1 != 0 });
        if how & 2 != 0 {
            fed.apply(&std::mem::take(&mut batch));
        }
    }
    fed.apply(&batch);
    fed.judge(format);
}

pub(super) fn update_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let sessions = sessions();
    for session in &sessions {
        for (how, some) in [(0, 4), (2, 8), (3, 2)] {
            let mut seed = vec![how];
            for update in session.iter().take(some) {
                seed.push(how);
                put_piece(&mut seed, update);
            }
            seeds.push(seed);
        }
    }
    for attack in attacks() {
        let mut seed = vec![3, 2];
        put_piece(&mut seed, &sessions[0][0]);
        seed.push(2);
        put_piece(&mut seed, &attack);
        seeds.push(seed);
    }
    seeds
}

/// A state vector, asked of a document that has something.
pub(super) fn vector(data: &[u8]) {
    thread_local! {
        static DOCUMENT: DocumentState = {
            let mut document = roomy();
            for update in sessions().concat() {
                let _ = document.apply(&[Incoming { update: update.into(), step2: false }]);
            }
            document
        };
    }
    DOCUMENT.with(|document| {
        if let Ok(diff) = document.diff(data) {
            let mut other = roomy();
            other.apply(&[Incoming { update: diff, step2: true }]).expect("our own answer applies");
        }
    });
    if let Ok(clocks) = parse_state_vector(data) {
        assert!(clocks.len() <= data.len(), "clients from nowhere");
    }
}

pub(super) fn vector_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![vec![0], vec![1, 11, 3], vec![0xff, 0xff, 0xff, 0xff, 0x0f]];
    for session in sessions() {
        let mut document = roomy();
        for update in session {
            let _ = document.apply(&[Incoming { update: update.into(), step2: false }]);
        }
        seeds.push(document.state_vector().to_vec());
    }
    seeds
}

/// A presence message.
pub(super) fn presence(data: &[u8]) {
    let Ok(entries) = parse_presence(data, 16, 512) else { return };
    let again = encode_presence(entries.iter());
    assert_eq!(parse_presence(&again, 16, 512).as_ref(), Ok(&entries), "not what it was");
}

pub(super) fn presence_seeds() -> Vec<Vec<u8>> {
    let message = |states: &[&str]| {
        let mut out = vec![states.len() as u8];
        for (client, state) in (1_u64..).zip(states) {
            put_number(&mut out, client << 40 | 5);
            put_number(&mut out, client);
            put_text(&mut out, state.as_bytes());
        }
        out
    };
    vec![
        message(&[]),
        message(&["null"]),
        message(&[r#"{"user":{"name":"Ada","color":"red"}}"#, "{}"]),
        message(&[
            r#"{"cursor":{"anchor":{"item":[1,2]},"head":null}}"#,
            "null",
            "[1e3,\"\\u00fc\"]",
        ]),
    ]
}

/// Bytes that call themselves stored updates: a snapshot and entries.
pub(super) fn stored(data: &[u8]) {
    let mut input = Input(data);
    let mut updates = Vec::new();
    while !input.is_empty() {
        updates.push(input.piece());
    }
    let mut document = roomy();
    let loaded = document.load(updates.iter().copied());
    let mut deferred = roomy();
    let read = deferred.defer(updates.iter().map(|update| Bytes::copy_from_slice(update)));
    let vector = deferred.state_vector();
    let later = read.and_then(|()| deferred.load_deferred());
    assert_eq!(later.is_ok(), loaded.is_ok(), "later it loads otherwise: {later:?}, {loaded:?}");
    if loaded.is_ok() {
        assert_eq!(vector, document.state_vector(), "not loaded it is another document");
        assert_eq!(deferred.state_vector(), vector);
    }
    let mut past = past::Past::default();
    let replayed = updates
        .iter()
        .try_for_each(|update| past.replay(&Bytes::copy_from_slice(update)).map(|_| ()));
    if loaded.is_ok() {
        document.snapshot().expect("what was loaded can be saved");
        replayed.expect("what was loaded can be replayed");
    }
}

pub(super) fn stored_seeds() -> Vec<Vec<u8>> {
    let all = sessions().into_iter().chain(attacks().into_iter().map(|attack| vec![attack]));
    all.map(|updates| {
        let mut seed = Vec::new();
        updates.iter().take(12).for_each(|update| put_piece(&mut seed, update));
        seed
    })
    .collect()
}
