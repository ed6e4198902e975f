//! libFuzzer's way into the targets of `tests/fuzz`: `COSCRIBE_FUZZ_TARGET` says which.
//!
//! Before it begins, the target's seeds and kept corpus are written to `COSCRIBE_FUZZ_SEEDS`, if that
//! is set. With `COSCRIBE_FUZZ_KEEP`, a folder of inputs is written down as the kept corpus instead.
#![no_main]

#[path = "../../tests/fuzz/corpus.rs"]
mod corpus;
mod memory;
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

use std::{fs, path::Path, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use targets::{TARGETS, Target, target};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Inputs that are kept of a target, the shortest ones, and bytes of each.
const KEPT: usize = 250;
const KEPT_BYTES: usize = 600;

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("COSCRIBE_FUZZ_TARGET").unwrap_or_default();
        let Some(target) = target(&name) else {
            TARGETS.iter().for_each(|target| println!("{}", target.name));
            process::exit(if name == "list" { 0 } else { 2 });
        };
        if let Some(found) = std::env::var_os("COSCRIBE_FUZZ_KEEP") {
            keep(target, found.as_ref());
            process::exit(0);
        }
        if let Some(seeds) = std::env::var_os("COSCRIBE_FUZZ_SEEDS") {
            seed(target, seeds.as_ref());
        }
        CHOSEN.get_or_init(|| target);
    },
    |data: &[u8]| {
        let target = CHOSEN.get().expect("it was chosen at the start");
        let before = memory::begin();
        (target.run)(data);
        let taken = memory::peak().saturating_sub(before) >> 20;
        assert!(taken as u64 <= target.memory, "{} took {taken} MiB", target.name);
    }
);

fn seed(target: &Target, folder: &Path) {
    fs::create_dir_all(folder).expect("the folder of seeds can be made");
    let seeds = (target.seeds)().into_iter().chain(corpus::read(HERE, target.name));
    for (number, seed) in seeds.enumerate() {
        fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed can be written");
    }
}

fn keep(target: &Target, folder: &Path) {
    let files = fs::read_dir(folder).expect("the folder can be read").flatten();
    let mut inputs: Vec<Vec<u8>> = files.filter_map(|file| fs::read(file.path()).ok()).collect();
    inputs.retain(|input| !input.is_empty() && input.len() <= KEPT_BYTES);
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    // Evenly over all lengths, as the longest say the most.
    let step = inputs.len().div_ceil(KEPT).max(1);
    let kept: Vec<Vec<u8>> = inputs.into_iter().step_by(step).collect();
    let hex = |input: &Vec<u8>| input.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text: String = kept.iter().map(|input| hex(input) + "\n").collect();
    fs::write(corpus::place(HERE, target.name), text).expect("the corpus can be written");
    println!("{}: {} inputs kept", target.name, kept.len());
}
