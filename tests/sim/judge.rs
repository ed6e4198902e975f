//! What must hold: said in sentences about a world, none when all is well. Changes nothing in it but
//! to let it come to rest.

use bytes::Bytes;
use coscribe::{
    ids::DocumentName,
    limits::Limits,
    storage::{Store, StoreError},
};
use futures_util::FutureExt;

use crate::{
    attendance::Attendance, checker, journal::Journal, line::Line, person::Person,
    replica::Replica, world::World,
};

/// How long a world may take to come to rest, in milliseconds.
const PATIENCE: u64 = 60_000;

/// What an edit takes at least of what may be on its way (`http/socket/perform.rs`).
const EDIT_COST: usize = 256;

/// Looks at the store as a start has left it.
pub(crate) fn look_at_store(world: &mut World) {
    let mut found = Vec::new();
    for document in world.documents() {
        match stored(world, &document) {
            Err(error) => found.push(format!("{document} cannot be read: {error}")),
            Ok(replica) => {
                let journals: Vec<&Journal> =
                    world.people_of(&document).map(|person| &person.journal).collect();
                found.extend(checker::violations(&journals, &replica.content()));
            }
        }
    }
    let health = world.host.process.as_ref().map(|process| process.health());
    found.extend(health.into_iter().flat_map(|health| health.damage));
    world
        .complaints
        .extend(found.into_iter().map(|it| format!("in the store after a start: {it}")));
}

/// A document as the store has it.
fn stored(world: &World, document: &str) -> Result<Replica, StoreError> {
    let replica = Replica::new(1);
    let Some(process) = &world.host.process else { return Ok(replica) };
    let name = DocumentName::new(document).expect("a good name");
    let found = process.local.find(&name).now_or_never().expect("names are in memory")?;
    let Some(id) = found else { return Ok(replica) };
    let opened = process.local.open(id).now_or_never();
    let opened =
        opened.unwrap_or_else(|| Err(StoreError::Read("something is on its way".into())))?;
    let updates = opened.entries.iter().map(|stored| &stored.entry.update);
    for update in opened.snapshot.iter().map(|snapshot| &snapshot.state).chain(updates) {
        replica.apply(update).map_err(StoreError::Damaged)?;
    }
    Ok(replica)
}

/// Looks at a frame on its way to somebody who has one document open: nothing of another may be in it.
pub(crate) fn look_at_frame(
    who: &str,
    document: &str,
    frame: &Bytes,
    complaints: &mut Vec<String>,
) {
    let mark = "⟦d".as_bytes();
    let own = format!("⟦{document}-");
    for at in 0..frame.len() {
        let rest = &frame[at..];
        if rest.starts_with(mark) && rest.len() > own.len() && !rest.starts_with(own.as_bytes()) {
            complaints.push(format!("{who} hears of another document"));
        }
    }
}

/// What a server holds at a moment, of what has bounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// Bytes counted for edits that are on their way to the disk.
    pub(crate) on_the_way: usize,
    /// Edits that are applied and not durable.
    pub(crate) edits: usize,
    /// Of each connection, bytes that are queued towards it and those of the longest frame among them.
    pub(crate) queues: Vec<(usize, usize)>,
}

/// The bounds that are passed, a sentence each.
pub(crate) fn passed(held: &Held, limits: &Limits) -> Vec<String> {
    let Held { on_the_way, edits, queues } = held;
    let mut found = Vec::new();
    if *on_the_way > limits.unsaved_bytes {
        let most = limits.unsaved_bytes;
        found.push(format!("{on_the_way} bytes are on their way to the disk, and {most} may be"));
    }
    // Each was let in for what it costs at least, and gives that back when it is durable.
    if edits * EDIT_COST > *on_the_way {
        found.push(format!("{edits} edits are not durable, and {on_the_way} bytes are counted"));
    }
    for (bytes, longest) in queues {
        let most = limits.outbox_bytes;
        if *bytes > most + longest {
            found.push(format!("{bytes} bytes are queued for a connection, and {most} may be"));
        }
    }
    found
}

impl World {
    /// Looks at what the server holds now.
    pub(crate) fn look_at_bounds(&mut self) {
        let Some(process) = &self.host.process else { return };
        self.complaints.extend(passed(&process.held(), &self.host.bounds()));
    }

    /// The documents' names.
    pub(crate) fn documents(&self) -> Vec<String> {
        let mut names: Vec<_> = self.people.iter().map(|it| it.document.clone()).collect();
        names.dedup();
        names
    }

    fn people_of<'a>(&'a self, document: &'a str) -> impl Iterator<Item = &'a Person> {
        self.people.iter().filter(move |person| person.document == document)
    }

    /// Nothing breaks any more: everybody comes back, everything is saved, all see the same, and
    /// when they are gone nothing of them is left.
    pub(crate) fn come_to_rest(&mut self) {
        self.is_resting = true;
        self.liars.clear();
        self.host.disk.set(|faults| {
            (faults.capacity, faults.write_error_at, faults.sync_error_at) = (None, None, None);
        });
        self.full_until = 0;
        let deadline = self.now + PATIENCE;
        while self.now < deadline && self.complaints.is_empty() && !self.is_at_rest() {
            for who in 0..self.people.len() {
                self.connect(who);
            }
            while self.host.commit() || self.host.tidy() {}
            self.pass(40);
            self.look_after_the_machine();
        }
        if self.complaints.is_empty() {
            self.compare();
        }
        if self.complaints.is_empty() {
            self.leave();
        }
    }

    fn is_at_rest(&self) -> bool {
        let quiet = self.lines.all.iter().flatten().all(Line::is_quiet);
        let connected = self.lines.of.iter().all(Option::is_some);
        let same = |document: &String| self.differences(document).is_empty();
        // Comparing costs most, so it comes last.
        quiet
            && connected
            && self.people.iter().all(Person::is_settled)
            && self.documents().iter().all(same)
    }

    /// How the people of a document differ from each other and from the store.
    fn differences(&self, document: &str) -> Vec<String> {
        let whole = match stored(self, document) {
            Ok(replica) => replica.whole(),
            Err(error) => return vec![format!("{document} cannot be read: {error}")],
        };
        let mut found = Vec::new();
        for person in self.people_of(document) {
            let (name, own) = (&person.journal.editor, person.replica.whole());
            if own != whole {
                found.push(format!("{name} has\n  {own}\nand the store has\n  {whole}"));
            }
            let others = self.people_of(document).filter(|it| it.journal.editor != *name);
            let mut here: Vec<_> =
                others.map(|it| Attendance::state_of(&it.journal.editor)).collect();
            here.sort();
            let seen = person.attendance.others();
            if seen != here {
                found.push(format!("{name} sees {seen:?}, and there are {here:?}"));
            }
        }
        found
    }

    fn compare(&mut self) {
        for person in &self.people {
            if !person.is_settled() {
                self.complaints.push(format!("{} is never answered", person.journal.editor));
            }
        }
        for document in self.documents() {
            self.complaints.extend(self.differences(&document));
        }
        look_at_store(self);
    }

    /// Everybody leaves, one by one: the others see it, and what nobody needs is given back.
    fn leave(&mut self) {
        for who in 0..self.people.len() {
            self.disconnect(who);
        }
        self.lines.vanished.clear();
        for _ in 0..4 {
            self.pass(40_000);
            while self.host.commit() || self.host.tidy() {}
        }
        let Some(process) = &self.host.process else { return };
        let left = [
            ("documents are loaded", process.documents.loaded()),
            ("connections are open", process.connections()),
            ("bytes are on their way", process.documents.budget().used()),
        ];
        let left = left.into_iter().filter(|(_, count)| *count > 0);
        self.complaints
            .extend(left.map(|(what, count)| format!("{count} {what} with nobody there")));
        self.host.cut_power(&self.faults);
        self.start();
    }
}

#[test]
fn each_bound_that_is_passed_is_told() {
    let limits = Limits { outbox_bytes: 100, unsaved_bytes: 1000, ..Limits::default() };
    let full = Held { on_the_way: 1000, edits: 3, queues: vec![(90, 90), (130, 30)] };
    assert_eq!(passed(&full, &limits), Vec::<String>::new());
    for (more, word) in [
        (Held { on_the_way: 1001, ..full.clone() }, "1001 bytes are on their way"),
        (Held { edits: 4, ..full.clone() }, "4 edits are not durable"),
        (Held { queues: vec![(131, 30)], ..full.clone() }, "131 bytes are queued"),
    ] {
        let told = passed(&more, &limits);
        assert!(told.len() == 1 && told[0].contains(word), "{told:?}");
    }
}

#[test]
fn text_of_another_document_is_heard_wherever_it_stands() {
    for (frame, heard) in [("..⟦d2-1:4⟧.", 1), ("⟦d1-1:4⟧⟦d1-2:1⟧", 0), ("⟦d2-1:4⟧⟦d1-2:1⟧", 1)]
    {
        let mut complaints = Vec::new();
        look_at_frame("somebody", "d1", &Bytes::from_static(frame.as_bytes()), &mut complaints);
        assert_eq!(complaints.len(), heard, "{frame}");
    }
}
