//! A small program that two people make better than it was.

use coscribe::random::SeededRandom;

use super::desk::{Act::*, Person, Script, Written, play};

/// Tuesday, 19 May 2026, 13:05 UTC.
const BEGINS: u64 = 1_779_195_900_000;

const FIRST: &str = r#"fn main() {
    let text = std::fs::read_to_string("words.txt").unwrap();
    let mut v = Vec::new();
    for w in text.split(' ') {
        let mut found = false;
        for (x, n) in &mut v {
            if *x == w {
                *n += 1;
                found = true;
            }
        }
        if !found {
            v.push((w, 1));
        }
    }
    println!("{:?}", v);
}
"#;

const COUNT: &str = r#"
/// How often each word occurs, whatever its case.
fn count(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}
"#;

const OLD_LOOP: &str = r#"    let mut v = Vec::new();
    for w in text.split(' ') {
        let mut found = false;
        for (x, n) in &mut v {
            if *x == w {
                *n += 1;
                found = true;
            }
        }
        if !found {
            v.push((w, 1));
        }
    }
    println!("{:?}", v);
"#;

const TEST: &str = r#"
#[test]
fn case_and_line_breaks_do_not_matter() {
    let counts = count("Tea tea\nTEA  milk");
    assert_eq!(counts["tea"], 3);
    assert_eq!(counts["milk"], 1);
}
"#;

pub(crate) fn write() -> Written {
    let random = SeededRandom::new(3);
    let mut lin = Script::new(&random, 95, 60);
    lin.act(Describe("words.rs", "code", "rust")).act(Start).types(FIRST).pause(4.0);
    lin.act(Version("It works")).pause(50.0);
    lin.act(Wait("fn count")).act(Wait("    counts\n}\n")).pause(3.0);
    lin.act(Cut(OLD_LOOP)).types("    let counts = count(&text);\n").pause(1.0);
    lin.types("    let mut words: Vec<_> = counts.into_iter().collect();\n");
    lin.types("    words.sort_by_key(|(word, n)| (usize::MAX - n, word.clone()));\n").pause(2.0);
    lin.act(Cut("(usize::MAX - n, word.clone())")).types("(Reverse(*n), word.clone())").pause(1.0);
    lin.act(After("word.clone()));\n")).types("    for (word, n) in words.iter().take(10) {\n");
    lin.types("        println!(\"{n:>6}  {word}\");\n    }\n").pause(3.0);
    lin.act(Wait("HashMap;\n")).act(Cut("use std::collections::HashMap;"));
    lin.types("use std::{cmp::Reverse, collections::HashMap};").pause(5.0);
    lin.act(Wait("assert_eq!(counts[\"milk\"], 1);\n}\n")).pause(2.0);
    lin.act(Cut("read_to_string(\"words.txt\").unwrap()"));
    lin.types("read_to_string(\"words.txt\").expect(\"words.txt is readable\")").pause(2.0);
    lin.act(Version("Reviewed"));

    let mut ada = Script::new(&random, 110, 70);
    ada.act(Wait("println!(\"{:?}\", v);\n}\n")).pause(12.0);
    ada.act(After("println!(\"{:?}\", v);\n}\n")).types(COUNT).pause(3.0);
    ada.act(Start).types("use std::collections::HashMap;\n\n").pause(4.0);
    ada.act(Wait("{word}\");\n    }\n")).act(After("    counts\n}\n")).types(TEST).pause(2.0);
    ada.act(After("let mut words: Vec<_>")).pause(2.0);

    play(vec![Person::new("Lin", 77, BEGINS, lin), Person::new("Ada", 5_108, BEGINS + 20_000, ada)])
}
