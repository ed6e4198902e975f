//! The kept corpus: `fuzz/corpus/TARGET.hex`, an input a line. Short inputs that reach what no other
//! reached, as `fuzz/run` found them.

use std::{fs, path::PathBuf};

/// Where a target's corpus is kept.
pub(crate) fn place(root: &str, target: &str) -> PathBuf {
    PathBuf::from(root).join("corpus").join(format!("{target}.hex"))
}

/// What is kept of a target, given the folder `fuzz`.
pub(crate) fn read(root: &str, target: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(place(root, target)).unwrap_or_default();
    text.lines().map(unhex).collect()
}

fn unhex(line: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("the corpus is written in hex") as u8;
    line.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
