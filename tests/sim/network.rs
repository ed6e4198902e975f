//! Who is connected how: lines between people and the server, one for each or shared by several
//! documents, and what goes over them while time passes.

use coscribe::random::Random;

use crate::{dialect::Dialect, judge, line::Line, mistake::Mistake, panics, world::World};

/// Editors say this often that somebody is still there.
const RENEWED: u64 = 15_000;

/// The lines. Each stands at the place of the person who opened it.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) all: Vec<Option<Line>>,
    /// The line that each person uses.
    pub(crate) of: Vec<Option<usize>>,
    /// Those whose clients are gone without a word.
    pub(crate) vanished: Vec<Line>,
}

impl Lines {
    /// The line that somebody uses, if there is one.
    pub(crate) fn line_of(&mut self, who: usize) -> Option<&mut Line> {
        self.all[self.of[who]?].as_mut()
    }
}

impl World {
    /// Connects somebody who is not connected.
    pub(crate) fn connect(&mut self, who: usize) {
        if self.lines.of[who].is_some() {
            return;
        }
        let shared = Self::chance(&self.network, self.options.shared_lines, 100);
        let at = self.line_to_share(who).filter(|_| shared).unwrap_or(who);
        if self.lines.all[at].is_none() {
            let by_path = !self.people[who].dialect.has_address();
            let document = self.people[who].document.clone();
            let Some(line) = self.open_line(by_path.then_some(&document)) else { return };
            self.lines.all[at] = Some(line);
        }
        self.lines.of[who] = Some(at);
        self.people[who].connect();
        self.trace.note(format!("{} {who} connects on {at}", self.now));
    }

    /// A line of the same dialect on which somebody has another document open, and nobody this one.
    fn line_to_share(&self, who: usize) -> Option<usize> {
        let document = &self.people[who].document;
        let users = |at: usize| {
            let numbers = 0..self.people.len();
            numbers.filter(move |it| self.lines.of[*it] == Some(at)).map(|it| &self.people[it])
        };
        (0..self.people.len()).find(|&at| {
            self.people[who].dialect == Dialect::Hocuspocus
                && self.people[at].dialect == Dialect::Hocuspocus
                && self.lines.all[at].is_some()
                && users(at).all(|person| person.document != *document)
        })
    }

    /// A new line to the server, if there is one.
    pub(crate) fn open_line(&mut self, document: Option<&String>) -> Option<Line> {
        let stream = self.host.connect(document.map(String::as_str))?;
        Some(Line::new(stream, self.network.below(self.options.latency + 1)))
    }

    /// Breaks the line that somebody uses, for everybody on it. Gives what is left of it.
    pub(crate) fn disconnect(&mut self, who: usize) -> Option<Line> {
        let at = self.lines.of[who]?;
        for other in 0..self.people.len() {
            if self.lines.of[other] == Some(at) {
                self.lines.of[other] = None;
                self.people[other].disconnect();
                self.trace.note(format!("{} {other} is disconnected", self.now));
            }
        }
        self.lines.all[at].take()
    }

    /// Lets a moment pass in which messages go both ways.
    pub(crate) fn tick(&mut self, millis: u64) {
        let renewed = self.now / RENEWED != (self.now + millis) / RENEWED;
        for who in 0..self.people.len() {
            let person = &mut self.people[who];
            if renewed && self.lines.of[who].is_some() {
                person.show();
            }
            let frames = std::mem::take(&mut person.out);
            let Some(line) = self.lines.line_of(who) else { continue };
            for frame in frames {
                self.trace.mix(&frame);
                line.send(frame, self.now, &self.network);
            }
        }
        let liars = self.liars.iter_mut().filter_map(|liar| liar.line.as_mut());
        self.lines.all.iter_mut().flatten().chain(liars).for_each(|line| line.push(self.now));
        self.host.run(millis);
        self.now += millis;
        self.complaints.extend(panics::take());
        self.look_at_bounds();
        for at in 0..self.people.len() {
            self.listen(at, self.now);
        }
        for liar in &mut self.liars {
            let Some(line) = &mut liar.line else { continue };
            line.pull(self.now, &self.network);
            while let Some(frame) = line.receive(self.now) {
                judge::look_at_frame("a liar", &liar.document, &frame, &mut self.complaints);
            }
            if line.is_over().is_some() {
                liar.line = None;
            }
        }
    }

    /// Hands what was on its way when the server ended to those who read.
    pub(crate) fn hear_the_last(&mut self) {
        for at in 0..self.people.len() {
            let reads = |line: &Line| line.stalled_until <= self.now;
            if self.lines.all[at].as_ref().is_some_and(reads) {
                self.listen(at, u64::MAX);
            }
        }
    }

    /// Hands what has arrived on a line until a moment to whom it is for.
    fn listen(&mut self, at: usize, until: u64) {
        let Some(line) = &mut self.lines.all[at] else { return };
        line.pull(self.now, &self.network);
        while let Some(frame) = line.receive(until) {
            let start = &frame[..frame.len().min(12)];
            self.trace.note(format!("{} {at} hears {} {start:?}", self.now, frame.len()));
            self.trace.mix(&frame);
            let users = (0..self.people.len()).filter(|who| self.lines.of[*who] == Some(at));
            let people = &self.people;
            let mut users = users.filter(|who| people[*who].is_meant(&frame));
            let Some(who) = users.next() else { continue };
            let person = &mut self.people[who];
            let (editor, document) = (&person.journal.editor, &person.document);
            judge::look_at_frame(editor, document, &frame, &mut self.complaints);
            if self.mistake == Some(Mistake::Overheard) {
                let lines = self.liars.iter_mut().filter_map(|liar| liar.line.as_mut());
                lines.for_each(|line| line.overhear(frame.clone(), self.now));
            }
            person.receive(&frame);
            if self.mistake == Some(Mistake::OneAckTooMany)
                && person.dialect.is_answer(&frame)
                && Self::chance(&self.faults, 1, 20)
            {
                person.receive(&frame);
            }
            self.complaints.append(&mut person.complaints);
        }
        if let Some(reason) = line.is_over() {
            self.trace.note(format!("{} {at} is hung up on: {reason}", self.now));
            let users = (0..self.people.len()).find(|who| self.lines.of[*who] == Some(at));
            match users {
                Some(who) => drop(self.disconnect(who)),
                None => self.lines.all[at] = None,
            }
        }
    }
}
