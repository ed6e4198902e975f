//! The examples, run as people run them, without a terminal.

use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

/// Builds an example; the folder of this test's program has theirs beside it. When only this test is
/// run, they are not built, or are old.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let folder = test.parent().and_then(|it| it.parent()).expect("it is in target/…/deps");
    let target = folder.parent().expect("it is in target/…");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--quiet", "--example", name, "--target-dir"]).arg(target);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
    assert!(built.success(), "{name} builds");
    folder.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Starts an example that goes on until it is ended, with its words to be read.
pub(crate) fn start(name: &str, arguments: &[&str]) -> Child {
    let mut program = Command::new(built(name));
    let started = program.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    started.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs an example to its end.
fn example(name: &str, arguments: &[&str]) -> Output {
    let program = built(name);
    let run = Command::new(&program).args(arguments).stdin(Stdio::null()).output();
    let output = run.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn told(name: &str, arguments: &[&str]) -> String {
    String::from_utf8(example(name, arguments).stdout).expect("text")
}

#[test]
fn a_poem_is_replayed() {
    let poem = told("replay", &[]);
    assert!(poem.starts_with("The Last Ferry\n") && poem.ends_with("remember where we are.\n"));
}

#[test]
fn people_are_seen_writing_in_a_server() {
    let meeting = concat!(env!("CARGO_MANIFEST_DIR"), "/data/meeting.coscribe");
    let live = told("live", &[meeting, "max"]);
    assert!(live.starts_with("open http://127.0.0.1:"), "{live}");
    assert!(live.contains("played 698 edits into "), "{live}");
}

#[test]
fn a_mistake_is_found_and_taken_back_by_the_api() {
    let travel = told("time_travel", &[]);
    assert!(
        travel.contains("As baked, by Noor") && travel.contains("The bread is back, by Emil"),
        "{travel}"
    );
    assert!(travel.contains("+ Sorry about that. It was the shopping list."), "{travel}");
    assert!(travel.ends_with("it is done when the crust sings.\n"), "{travel}");
}
