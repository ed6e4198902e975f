//! One history from one seed: who does what when, what breaks, and what is looked at in between.
//!
//! Every choice comes from the options' seed and everything happens on one thread, so that the same
//! options give the same history. What must hold is the judge's business.

use coscribe::random::{Random, SeededRandom};

use crate::{
    host::Host, judge, liar::Liar, mistake::Mistake, network::Lines, options::Options, panics,
    person::Person, trace::Trace,
};

/// How a run went.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Promises that were broken, a sentence each.
    pub(crate) complaints: Vec<String>,
    pub(crate) trace: Trace,
    /// So many operations were known to be saved in the end.
    pub(crate) saved: usize,
}

impl Outcome {
    /// Of a run that was not finished.
    pub(crate) fn of_panic() -> Self {
        let complaints = vec!["the simulation itself panicked".to_owned()];
        Self { complaints, trace: Trace::new(), saved: 0 }
    }
}

pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) host: Host,
    pub(crate) people: Vec<Person>,
    pub(crate) lines: Lines,
    pub(crate) liars: Vec<Liar>,
    pub(crate) trace: Trace,
    pub(crate) complaints: Vec<String>,
    /// Milliseconds since the beginning.
    pub(crate) now: u64,
    pub(crate) mistake: Option<Mistake>,
    /// The disk gets room again then.
    pub(crate) full_until: u64,
    /// Nothing breaks any more.
    pub(crate) is_resting: bool,
    /// Each kind of chance has its own source, so that one fault less changes little else.
    schedule: SeededRandom,
    pub(crate) network: SeededRandom,
    pub(crate) faults: SeededRandom,
}

/// Runs a whole history.
pub(crate) fn run(options: &Options, mistake: Option<Mistake>) -> Outcome {
    panics::listen();
    let mut world = World::new(options, mistake);
    for _ in 0..options.steps {
        world.step();
        if !world.complaints.is_empty() {
            break;
        }
    }
    if world.complaints.is_empty() {
        world.come_to_rest();
    }
    let World { complaints, trace, people, .. } = world;
    let saved = people.iter().map(|person| person.journal.acked).sum();
    Outcome { complaints, trace, saved }
}

impl World {
    fn new(options: &Options, mistake: Option<Mistake>) -> Self {
        let source = |number: u64| SeededRandom::new(options.seed.wrapping_mul(31) ^ number << 40);
        let mut people = Vec::new();
        for document in 1..=options.documents {
            for number in 1..=options.people {
                let seed = options.seed ^ (document << 50) ^ (number << 56);
                people.push(Person::new(&format!("d{document}"), number, seed));
            }
        }
        let mut world = Self {
            options: options.clone(),
            host: Host::new(options, mistake),
            lines: Lines {
                all: people.iter().map(|_| None).collect(),
                of: vec![None; people.len()],
                vanished: Vec::new(),
            },
            people,
            liars: (1..=options.liars)
                .map(|number| Liar::new("d1".to_owned(), number, options.seed ^ (number << 48)))
                .collect(),
            trace: Trace::new(),
            complaints: Vec::new(),
            now: 0,
            mistake,
            full_until: 0,
            is_resting: false,
            schedule: source(1),
            network: source(2),
            faults: source(3),
        };
        world.start();
        world
    }

    /// Whether something happens that happens so many times of so many.
    pub(crate) fn chance(random: &SeededRandom, times: u64, of: u64) -> bool {
        random.below(of) < times
    }

    /// A moment: somebody does something, something may break, time goes on.
    fn step(&mut self) {
        let (options, people) = (self.options.clone(), self.people.len() as u64);
        let who = usize::try_from(self.schedule.below(people)).expect("few people");
        self.people[who].act();
        if Self::chance(&self.schedule, 1, 4) {
            self.connect(who);
        }
        if Self::chance(&self.schedule, options.commits, 100) {
            self.host.commit();
        }
        if Self::chance(&self.schedule, options.tidies, 100) {
            self.host.tidy();
        }
        self.trouble(who);
        self.lie(who);
        let pause = Self::chance(&self.schedule, options.pauses, 1000);
        let millis =
            if pause { 1000 + self.schedule.below(70_000) } else { 1 + self.schedule.below(8) };
        self.pass(millis);
        self.look_after_the_machine();
    }

    /// Those who want harm do their part.
    fn lie(&mut self, victim: usize) {
        for number in 0..self.liars.len() {
            if Self::chance(&self.network, 1, 3) {
                let victim = &self.people[victim].attendance;
                self.liars[number].act(self.now, victim);
            }
            if self.liars[number].line.is_none() && Self::chance(&self.network, 1, 4) {
                let liar = &self.liars[number];
                let document = liar.document.clone();
                let by_path = !liar.dialect.has_address();
                if let Some(line) = self.open_line(by_path.then_some(&document)) {
                    self.liars[number].begin(self.now, line);
                }
            }
        }
    }

    /// Lets time pass, with the network at work all along.
    pub(crate) fn pass(&mut self, millis: u64) {
        let until = self.now + millis;
        while self.now < until {
            let tick = (until - self.now).min(if millis > 500 { 250 } else { 8 });
            self.tick(tick);
            if millis > 500 {
                while self.host.commit() {}
            }
        }
    }

    /// Starts the server, perhaps after several attempts, and looks at what it has before anybody
    /// is back: they would heal a loss and hide it.
    pub(crate) fn start(&mut self) {
        loop {
            let cut = Self::chance(&self.faults, self.options.crashes_at_start, 100);
            if cut && !self.is_resting {
                let at = self.host.disk.operations() + 1 + self.faults.below(12);
                self.host.disk.set(|faults| faults.power_off_at = Some(at));
            }
            let outcome = self.host.start();
            if self.host.disk.is_off() {
                self.trace.note(format!("{} the power goes while the server starts", self.now));
                self.host.cut_power(&self.faults);
                continue;
            }
            self.host.disk.set(|faults| faults.power_off_at = None);
            if let Err(error) = outcome {
                self.complaints.push(format!("the server does not start: {error}"));
                return;
            }
            break;
        }
        self.trace.note(format!("{} the server starts", self.now));
        judge::look_at_store(self);
    }
}
