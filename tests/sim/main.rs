//! A world of its own: documents, journal, sealing, snapshots and connections on virtual time, with
//! people, a network and a disk that do what they should not. One seed is one history.
//!
//! `README.md` in this folder says how to run many, how to run one again, and what is simulated.

#[path = "../faults/checker.rs"]
mod checker;
#[path = "../faults/journal.rs"]
mod journal;

mod attendance;
mod clock;
mod dialect;
mod failed;
mod host;
mod judge;
mod liar;
mod line;
mod mistake;
mod network;
mod options;
mod panics;
mod person;
mod replica;
mod shrink;
mod trace;
mod trouble;
mod world;

use std::{path::PathBuf, thread};

use mistake::Mistake;
use options::Options;
use world::Outcome;

/// As much as a document thread has.
const STACK_BYTES: usize = 256 << 20;

/// Seeds of a short run.
const SEEDS: u64 = 100;

/// Within so many seeds each mistake must show.
const MISTAKE_SEEDS: u64 = 300;

/// Which seeds to run instead: `COSCRIBE_SEEDS=2000`, or `COSCRIBE_SEEDS=2000..4000`.
const SEEDS_VARIABLE: &str = "COSCRIBE_SEEDS";

/// One history to run instead, as a failure prints it: `COSCRIBE_HISTORY="seed=7 people=2"`.
const HISTORY_VARIABLE: &str = "COSCRIBE_HISTORY";

/// Histories that always run.
const KEPT: &str = include_str!("kept.txt");

/// Where histories that failed are kept until they pass: `sim/failed.txt` in cargo's target folder.
fn failed_file() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("sim").join("failed.txt")
}

/// Runs a history on a thread with the stack of a document thread; a panic is a complaint.
fn run(options: &Options, mistake: Option<Mistake>) -> Outcome {
    thread::scope(|scope| {
        let running = thread::Builder::new().stack_size(STACK_BYTES);
        let running = running.spawn_scoped(scope, || world::run(options, mistake));
        running.expect("a thread").join().unwrap_or_else(|_| Outcome::of_panic())
    })
}

/// Runs a history that must be sound; says what was wrong with it, made as small as it can be, and
/// how to run it again.
fn check(options: &Options) -> Result<usize, String> {
    let outcome = run(options, None);
    if outcome.complaints.is_empty() {
        return Ok(outcome.saved);
    }
    let smallest = shrink::shrink(options, |it| !run(it, None).complaints.is_empty());
    let (file, line) = (failed_file(), smallest.to_string());
    let kept = match failed::add(&file, &line) {
        Ok(()) => format!("it is in {}, with which the next run begins", file.display()),
        Err(error) => format!("it could not be written to {}: {error}", file.display()),
    };
    let failure = run(&smallest, None);
    let trace: Vec<_> = failure.trace.lines().collect();
    Err(format!(
        "{}\n\n{}\n\nthe smallest history found that fails:\n{HISTORY_VARIABLE}=\"{smallest}\"\n\
         {kept}\nthe first:\n{HISTORY_VARIABLE}=\"{options}\"",
        trace.join("\n"),
        failure.complaints.join("\n"),
    ))
}

#[expect(clippy::disallowed_methods, reason = "this is not the server, which has its settings")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The histories to run: those that failed the last time, those that are kept and those of many seeds, or
/// what is asked for.
fn histories() -> Vec<Options> {
    let options = |line: &str| line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
    if let Some(line) = variable(HISTORY_VARIABLE) {
        return vec![options(&line)];
    }
    let seeds = variable(SEEDS_VARIABLE).unwrap_or_else(|| SEEDS.to_string());
    let (from, to) = seeds.split_once("..").unwrap_or(("0", &seeds));
    let number = |text: &str| text.parse::<u64>().expect("a number of seeds, or from..to");
    let kept = KEPT.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    // One that an older form of these tests left behind may have options that are no more.
    let failed = failed::read(&failed_file()).into_iter().filter_map(|line| line.parse().ok());
    let seeds = (number(from)..number(to)).map(Options::of_seed);
    failed.chain(kept.map(options)).chain(seeds).collect()
}

#[test]
fn nothing_goes_wrong_that_must_not() {
    let histories = histories();
    let mut saved = 0;
    for options in &histories {
        saved += check(options).unwrap_or_else(|failure| panic!("{failure}"));
        let line = options.to_string();
        if failed::read(&failed_file()).contains(&line) {
            failed::forget(&failed_file(), &line).expect("the file can be written");
        }
    }
    println!("{} histories, {saved} edits known to be saved, none lost", histories.len());
}

#[test]
fn a_failing_history_is_made_smaller() {
    let fails = |it: &Options| !run(it, Some(Mistake::QueueDropped)).complaints.is_empty();
    let small = |seed| Options { steps: 60, stalls: 100, ..Options::of_seed(seed) };
    let failing = (0..).map(small).find(|it| fails(it)).expect("endless seeds");
    let smallest = shrink::shrink(&failing, fails);
    assert!(fails(&smallest));
    assert!(smallest.steps < failing.steps && smallest.drops == 0, "{smallest}");
}

#[test]
fn the_same_options_give_the_same_history() {
    for seed in 0..10 {
        let options = Options::of_seed(seed);
        let (one, other) = (run(&options, None), run(&options, None));
        let differ = one.trace.lines().zip(other.trace.lines()).find(|(one, other)| one != other);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(one.trace.hash(), other.trace.hash(), "seed {seed}");
    }
}

#[test]
fn every_mistake_is_found() {
    for mistake in Mistake::ALL {
        let found = (0..MISTAKE_SEEDS).find_map(|seed| {
            let options = Options::of_seed(seed);
            let outcome = run(&options, Some(mistake));
            let complaint = outcome.complaints.into_iter().next()?;
            assert_eq!(
                run(&options, None).complaints,
                Vec::<String>::new(),
                "seed {seed} by itself"
            );
            Some((seed + 1, complaint))
        });
        match found {
            Some((seeds, complaint)) => {
                let first = complaint.lines().next().unwrap_or_default();
                println!("{mistake:?} was found with {seeds} seeds: {first}");
            }
            None => panic!("{mistake:?} was not found within {MISTAKE_SEEDS} seeds"),
        }
    }
}
