//! Everything that a run depends on: drawn from a seed, written as one line, read back from it.
//!
//! Knows names and numbers; what they do is the world's business.

use std::{fmt, str::FromStr};

use coscribe::random::{Random, SeededRandom};

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The options of a run. All are numbers, so that a smaller run is one with smaller numbers.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub(crate) struct Options {
            $($(#[$doc])* pub(crate) $name: u64,)*
        }

        impl Options {
            /// The options by name, so that they can be written and made smaller.
            pub(crate) fn each(&mut self) -> Vec<(&'static str, &mut u64)> {
                vec![$((stringify!($name), &mut self.$name),)*]
            }
        }
    };
}

options! {
    /// Where all chance of the run comes from.
    seed,
    /// Documents.
    documents,
    /// People of each document.
    people,
    /// Moments at which something is done.
    steps,
    /// Of 1000 moments, those at which the process or the machine ends.
    crashes,
    /// Of 100 starts, those during which the power goes again.
    crashes_at_start,
    /// Of 1000 moments, those at which a connection breaks.
    drops,
    /// Of 1000 moments, those at which somebody stops reading for a while.
    stalls,
    /// Of 1000 moments, those at which somebody is gone without a word.
    vanishings,
    /// The longest way of a message, in milliseconds.
    latency,
    /// Of 1000 moments, those at which a write, a sync or the room of the disk is about to fail.
    disk_faults,
    /// Of 1000 moments, those at which much time passes.
    pauses,
    /// Of 100 moments, those at which the journal is written.
    commits,
    /// Of 100 moments, those at which something is tidied.
    tidies,
    /// People who want harm.
    liars,
    /// Of 100 connections of Hocuspocus clients, those that several documents share.
    shared_lines,
    /// Of 1000 moments, those at which somebody sets the clock of the machine.
    clock_jumps,
    /// Bytes of a journal file.
    journal_file,
    /// Bytes queued towards a connection before it counts as behind.
    outbox,
    /// Bytes of edits that may be on their way to the disk.
    unsaved,
    /// Bytes of a stored document from which on its first visitors get it before it is loaded.
    deferred,
}

impl Options {
    /// The options of a seed. Each run has only some of the faults, as too many hide each other.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let random = SeededRandom::new(seed ^ 0x5eed);
        let one_of = |values: &[u64]| values[random.below(values.len() as u64) as usize];
        Self {
            seed,
            documents: 1 + random.below(2),
            people: 1 + random.below(4),
            steps: one_of(&[100, 200, 300]),
            crashes: one_of(&[0, 5, 10, 30]),
            crashes_at_start: one_of(&[0, 30]),
            drops: one_of(&[0, 10, 50]),
            stalls: one_of(&[0, 20, 60]),
            vanishings: one_of(&[0, 5]),
            latency: one_of(&[0, 5, 40]),
            disk_faults: one_of(&[0, 0, 10]),
            pauses: one_of(&[0, 3, 10]),
            commits: one_of(&[10, 40, 90]),
            tidies: one_of(&[10, 50]),
            journal_file: one_of(&[2 << 10, 4 << 10, 16 << 10]),
            outbox: one_of(&[512, 4 << 10, 64 << 10]),
            liars: one_of(&[0, 0, 1, 2]),
            shared_lines: one_of(&[0, 50]),
            clock_jumps: one_of(&[0, 0, 20]),
            unsaved: one_of(&[1 << 10, 8 << 10, 64 << 20]),
            deferred: one_of(&[1, 64 << 10]),
        }
    }

    /// The least that an option can be; `None` for what is no amount.
    pub(crate) fn least(name: &str) -> Option<u64> {
        match name {
            "seed" => None,
            "documents" | "people" | "steps" => Some(1),
            "commits" | "tidies" => Some(5),
            "journal_file" => Some(2 << 10),
            "outbox" | "unsaved" => Some(512),
            _ => Some(0),
        }
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options = self.clone();
        let words: Vec<_> =
            options.each().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Options {
    type Err = String;

    /// What is not said is what the seed says.
    fn from_str(line: &str) -> Result<Self, String> {
        let mut said = Vec::new();
        for word in line.split_whitespace() {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("`{word}` has no ="))?;
            said.push((name, value.parse::<u64>().map_err(|error| format!("{word}: {error}"))?));
        }
        let seed = said.iter().find(|(name, _)| *name == "seed").map_or(0, |(_, seed)| *seed);
        let mut options = Self::of_seed(seed);
        for (name, value) in said {
            let mut each = options.each();
            let option = each.iter_mut().find(|(known, _)| *known == name);
            *option.ok_or_else(|| format!("there is no option `{name}`"))?.1 = value;
        }
        Ok(options)
    }
}

#[test]
fn options_are_read_as_they_are_written() {
    for seed in 0..50 {
        let options = Options::of_seed(seed);
        assert_eq!(options.to_string().parse(), Ok(options));
    }
}
