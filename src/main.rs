//! The `coscribe` program.

fn main() -> std::process::ExitCode {
    coscribe::cli::main(std::env::args_os())
}
