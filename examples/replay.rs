//! Watch a poem being written, in the terminal: `cargo run --example replay [FILE.coscribe]`.
//!
//! What `coscribe replay` does; space pauses, arrows seek, q leaves.

use std::process::ExitCode;

fn main() -> ExitCode {
    let poem = concat!(env!("CARGO_MANIFEST_DIR"), "/data/poem.coscribe");
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.is_empty() {
        arguments.push(poem.into());
    }
    let command = ["coscribe".into(), "replay".into()];
    coscribe::cli::main(command.into_iter().chain(arguments))
}
