//! Watch people write in your browser: `cargo run --example live [FILE.coscribe] [SPEED]`.
//!
//! Starts a server of its own, which keeps everything in memory, and plays a saved document into it as
//! if its authors were there. Open the address that it prints.

use std::{io::Write, process::ExitCode};

use coscribe::{
    ids::DocumentName,
    random::SystemRandom,
    server::{
        Server,
        config::{Config, Written},
    },
};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let meeting = concat!(env!("CARGO_MANIFEST_DIR"), "/data/meeting.coscribe");
    let file = arguments.next().unwrap_or_else(|| meeting.into());
    let speed = arguments.next().unwrap_or_else(|| "1".into());

    let runtime = tokio::runtime::Runtime::new()?;
    let flags = [("memory", vec!["true".into()]), ("listen", vec!["127.0.0.1:0".into()])];
    let written = Written { flags: flags.into_iter().collect(), ..Written::default() };
    let server = runtime.block_on(Server::start(&Config::understand(&written)?))?;

    let (host, name) = (server.addresses()[0], DocumentName::random(&SystemRandom));
    let mut out = std::io::stdout();
    writeln!(out, "open http://{host}/d/{name} and watch; /h/{name} shows its past")?;
    let target = format!("ws://{host}/ws/{name}");
    let command = ["coscribe", "replay", &file, "--into", &target, "--speed", &speed];
    let outcome = coscribe::cli::main(command.into_iter().map(Into::into));

    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        writeln!(out, "press return to stop the server")?;
        std::io::stdin().read_line(&mut String::new())?;
    }
    runtime.block_on(server.stop())?;
    Ok(outcome)
}
