//! Changes inputs at random, for the smoke run. Blind: what an input reached is not seen; the kept
//! corpus, which libFuzzer has found with its eyes open, is where it starts from.

use coscribe::random::{Random, SeededRandom};

/// Inputs are not made longer than this, unless they were.
const LONGEST: usize = 8 << 10;

/// Numbers at which readers stumble.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x20, 0x0a];

/// One of the inputs with a few changes, perhaps crossed with another.
pub(crate) fn mutated(random: &SeededRandom, inputs: &[Vec<u8>]) -> Vec<u8> {
    let any = || &inputs[random.below(inputs.len() as u64) as usize];
    let mut bytes = any().clone();
    let longest = bytes.len().max(LONGEST);
    for _ in 0..=random.below(4) {
        change(random, &mut bytes, any());
    }
    bytes.truncate(longest);
    bytes
}

fn change(random: &SeededRandom, bytes: &mut Vec<u8>, other: &[u8]) {
    let place = |length: usize| random.below(length as u64 + 1) as usize;
    let at = place(bytes.len());
    let end = (at + 1 + place(16)).min(bytes.len());
    match random.below(9) {
        0 if at < bytes.len() => bytes[at] = random.below(256) as u8,
        1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => bytes[at] = EDGES[random.below(EDGES.len() as u64) as usize],
        3 if at < bytes.len() => {
            bytes[at] = bytes[at].wrapping_add(random.below(9) as u8).wrapping_sub(4)
        }
        4 => bytes.insert(at, random.below(256) as u8),
        5 if at < end => drop(bytes.drain(at..end)),
        6 => {
            let again = bytes[at.min(end)..end].to_vec();
            bytes.splice(at..at, again);
        }
        7 => {
            let from = place(other.len());
            let to = (from + place(64)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[place(other.len())..]);
        }
    }
}
