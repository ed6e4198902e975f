//! Fuzzing's smoke run: every target over its seeds, the kept corpus, and changed inputs from a seed.
//!
//! Needs nothing but cargo. It cannot see where inputs lead; `fuzz/run` can, and keeps what it finds in
//! `fuzz/corpus`. `COSCRIBE_FUZZ_SEED` and `COSCRIBE_FUZZ_SECONDS` try other inputs, for longer;
//! `COSCRIBE_FUZZ_INPUT=TARGET:FILE` tries one again.

mod corpus;
mod mutate;
mod targets;

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use coscribe::random::SeededRandom;
use targets::{TARGETS, Target, target};
use tokio::time::Instant;

/// As the threads that own documents have; the CRDT recurses.
const STACK_BYTES: usize = 256 << 20;

/// Changed inputs of each target.
const ROUNDS: usize = 300;

/// A target stops here on a slow machine, so that the whole stays below a minute.
const ENOUGH: Duration = Duration::from_secs(3);

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz");

fn number(variable: &str) -> Option<u64> {
    std::env::var_os(variable)?.to_str()?.parse().ok()
}

#[test]
fn nothing_from_outside_makes_a_reader_panic_or_swell() {
    let work = || match std::env::var_os("COSCRIBE_FUZZ_INPUT") {
        Some(input) => again(&input.to_string_lossy()),
        None => TARGETS.iter().for_each(smoke),
    };
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    if let Err(why) = thread.expect("a thread").join() {
        panic::resume_unwind(why);
    }
}

/// An input that was found once.
fn again(input: &str) {
    let (name, file) = input.split_once(':').expect("COSCRIBE_FUZZ_INPUT is TARGET:FILE");
    let bytes = fs::read(file).expect("the input can be read");
    (target(name).expect("a target of this name").run)(&bytes);
}

#[expect(clippy::print_stdout, reason = "the numbers are for whoever runs it with --nocapture")]
fn smoke(target: &Target) {
    let started = Instant::now();
    let seed = number("COSCRIBE_FUZZ_SEED").unwrap_or(1);
    let long = number("COSCRIBE_FUZZ_SECONDS").map(Duration::from_secs);
    let random = SeededRandom::new(seed);
    let mut inputs = (target.seeds)();
    assert!(!inputs.is_empty(), "{} has nothing to start from", target.name);
    inputs.extend(corpus::read(KEPT, target.name));
    for input in &inputs {
        attempt(target, input);
    }
    let mut rounds = 0;
    while long.map_or(rounds < ROUNDS, |long| started.elapsed() < long) {
        attempt(target, &mutate::mutated(&random, &inputs));
        rounds += 1;
        if long.is_none() && started.elapsed() > ENOUGH {
            break;
        }
    }
    println!(
        "{:9} {:5} kept, {rounds:6} changed, {:.1?}",
        target.name,
        inputs.len(),
        started.elapsed()
    );
}

/// Tries an input. Should it end the process, it is on the disk already.
fn attempt(target: &Target, input: &[u8]) {
    let place = note(target, input);
    forget_peak();
    let before = resident("VmRSS:");
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let taken = resident("VmHWM:").saturating_sub(before) / 1024;
    let how = format!("COSCRIBE_FUZZ_INPUT={}:{}", target.name, place.display());
    assert!(outcome.is_ok(), "{} panicked; again with {how}", target.name);
    assert!(taken <= target.memory, "{} took {taken} MiB; again with {how}", target.name);
}

fn note(target: &Target, input: &[u8]) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    fs::write(&place, input).expect("the input can be kept");
    place
}

/// Lets the peak of resident memory begin anew, where the system can.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Resident memory in KiB.
fn resident(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
