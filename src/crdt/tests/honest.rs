//! Editors that come, go, work offline and pass on what others made: never refused, and all end
//! with the same document.

use std::collections::VecDeque;

use super::{
    sessions::{content, edit, pick},
    *,
};
use crate::random::{Random, SeededRandom};

/// An editor and the line between it and the document.
struct Peer {
    editor: Editor,
    online: bool,
    to_document: VecDeque<Incoming>,
    to_editor: VecDeque<Bytes>,
}

struct World<'a> {
    random: &'a dyn Random,
    document: DocumentState,
    journal: Vec<Bytes>,
    peers: Vec<Peer>,
}

impl<'a> World<'a> {
    fn new(random: &'a dyn Random, clients: &[u64]) -> Self {
        let peers = clients.iter().map(|client| Peer {
            editor: Editor::new(*client),
            online: true,
            to_document: VecDeque::new(),
            to_editor: VecDeque::new(),
        });
        Self { random, document: document(), journal: Vec::new(), peers: peers.collect() }
    }

    fn step(&mut self) {
        let at = self.random.below(self.peers.len() as u64) as usize;
        match self.random.below(20) {
            0..=8 => {
                let update = edit(&self.peers[at].editor, self.random);
                if self.peers[at].online {
                    self.peers[at].to_document.push_back(live(&update));
                }
                if self.random.below(4) == 0 {
                    self.relay(&update);
                }
            }
            9..=12 => self.receive(at),
            13..=17 => self.deliver(at),
            18 => self.hang_up(at),
            _ => self.connect(at),
        }
    }

    /// Another tab gets an update directly, perhaps before what it depends on, and sends it on.
    /// It takes only what it can integrate: the library's own clients may panic otherwise.
    fn relay(&mut self, update: &Bytes) {
        let other = self.random.below(self.peers.len() as u64) as usize;
        if self.peers[other].editor.can_integrate(update) {
            self.peers[other].editor.receive(update);
        }
        if self.peers[other].online {
            self.peers[other].to_document.push_back(live(update));
        }
    }

    fn receive(&mut self, at: usize) {
        if let Some(update) = self.peers[at].to_editor.pop_front() {
            self.peers[at].editor.receive(&update);
        }
    }

    /// The document takes some of what an editor has sent.
    fn deliver(&mut self, at: usize) {
        let count = (1 + self.random.below(5) as usize).min(self.peers[at].to_document.len());
        let incoming: Vec<_> = self.peers[at].to_document.drain(..count).collect();
        self.apply(at, &incoming);
    }

    fn apply(&mut self, from: usize, incoming: &[Incoming]) {
        let applied = apply(&mut self.document, incoming);
        for verdict in &applied.verdicts {
            match verdict {
                Verdict::Applied(entry) => self.journal.push(entry.clone()),
                Verdict::Known => {}
                Verdict::Incomplete(entry) => {
                    self.journal.extend(entry.clone());
                    let rest = self.peers[from].editor.diff(&self.document.state_vector());
                    self.peers[from].to_document.push_back(step2(&rest));
                }
                Verdict::Refused(refusal) => panic!("{refusal}: {incoming:?}"),
            }
        }
        for broadcast in applied.broadcasts {
            for peer in self.peers.iter_mut().filter(|peer| peer.online) {
                peer.to_editor.push_back(broadcast.update.clone());
            }
        }
    }

    fn hang_up(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        peer.online = false;
        peer.to_document.clear();
        peer.to_editor.clear();
    }

    /// Both exchange state vectors and what the other lacks; a first sync may come in pieces.
    fn connect(&mut self, at: usize) {
        self.hang_up(at);
        let peer = &mut self.peers[at];
        peer.online = true;
        let lacks = self.document.diff(&peer.editor.vector()).expect("a diff");
        peer.to_editor.extend(crate::crdt::split(&lacks, 200));
        let rest = peer.editor.diff(&self.document.state_vector());
        peer.to_document.push_back(step2(&rest));
    }

    fn settle(&mut self) {
        for _ in 0..3 {
            for at in 0..self.peers.len() {
                self.connect(at);
            }
            while self.peers.iter().any(|p| !p.to_document.is_empty() || !p.to_editor.is_empty()) {
                for at in 0..self.peers.len() {
                    // What editors hold pending for ever would be asked for again and again.
                    if let Some(message) = self.peers[at].to_document.pop_front() {
                        let asked = self.peers[at].to_document.len();
                        self.apply(at, &[message]);
                        self.peers[at].to_document.truncate(asked);
                    }
                    self.receive(at);
                }
            }
        }
    }

    fn check(mut self, seed: u64) {
        let (state, clocks) = self.document.engine_state();
        assert_eq!(self.document.index_clocks(), clocks, "seed {seed}");
        let reader = Editor::new(1000);
        reader.receive(&state);
        let expected = content(&reader);
        for peer in &self.peers {
            assert_eq!(content(&peer.editor), expected, "seed {seed}");
        }
        let mut replayed = document();
        replayed.load(self.journal.iter().map(|entry| &entry[..])).expect("the journal loads");
        let reloaded = reload(&self.document);
        for copy in [&mut replayed, &mut { reloaded }] {
            assert_eq!(copy.text("text"), self.document.text("text"), "seed {seed}");
            let again = Editor::new(1001);
            again.receive(&copy.engine_state().0);
            assert_eq!(content(&again), expected, "seed {seed}");
        }
    }
}

fn run(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let random = SeededRandom::new(seed);
        let clients = pick(&random, &[&[1, 2][..], &[7, 3, 5], &[1 << 50, 2, 1 << 31, 4]]);
        let mut world = World::new(&random, clients);
        for _ in 0..150 {
            world.step();
        }
        world.settle();
        world.check(seed);
    }
}

#[test]
fn honest_sessions_are_never_refused_and_converge() {
    run(0..rounds("COSCRIBE_SESSIONS", 60));
}

/// Clients join what was typed in a row: whoever sends all of it again sends blocks that are known in
/// part, in front of others, deleted in part, and after garbage was collected.
#[test]
fn what_is_sent_again_and_goes_on_is_taken_wherever_it_stands() {
    for (before, removed) in [("", 0), ("", 2), ("a text by somebody else", 0), ("words", 1)] {
        let (ada, bob, mut document) = (Editor::new(1), Editor::new(2), document());
        let other = bob.insert(0, if before.is_empty() { "-" } else { before });
        ada.receive(&other);
        apply_one(&mut document, live(&other));
        for update in [ada.insert(1, "own"), ada.insert(2, "xy"), ada.insert(4, "z")] {
            apply_one(&mut document, live(&update));
        }
        if removed > 0 {
            let removal = ada.remove(3, removed);
            apply_one(&mut document, live(&removal));
        }
        // Nobody hears of these one by one.
        ada.insert(5 - removed, "12");
        ada.insert(7 - removed, "3");
        let all = ada.diff(&[0]);
        let verdict = apply_one(&mut document, live(&all));
        assert!(matches!(verdict, Verdict::Applied(_)), "{before:?} {removed}: {verdict:?}");
        assert_eq!(document.text("text"), ada.text());
        assert_eq!(reload(&document).text("text"), ada.text());
        // The same in one batch with the beginning.
        let (mut fresh, more) = (super::document(), ada.insert(2, "!"));
        let verdicts = apply(&mut fresh, &[live(&other), live(&all), live(&more)]).verdicts;
        assert!(verdicts.iter().all(|it| matches!(it, Verdict::Applied(_))), "{verdicts:?}");
        assert_eq!(fresh.text("text"), ada.text());
    }
}
