//! `coscribe bench relay`: runs the bare relay until it is told to stop.

use std::{net::SocketAddr, process::ExitCode};

use clap::Args;
use tokio::sync::watch;

use crate::{
    http::{
        listener::{Listener, Options},
        relay::Relay,
    },
    limits::Limits,
    server::shutdown::Signals,
};

/// See the command's help.
#[derive(Debug, Args)]
pub(super) struct RelayArguments {
    /// Listen here.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    listen: SocketAddr,

    /// Lose one of so many edits, to see that it is noticed.
    #[arg(long, default_value_t = 0, value_name = "NUMBER", hide = true)]
    loses: u64,
}

/// Runs it.
pub(super) fn relay(arguments: &RelayArguments) -> anyhow::Result<ExitCode> {
    crate::load::machine::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::of_process()?;
        let listener = Listener::bind(&[arguments.listen]).await?;
        let limits = Limits { connections: 60_000, ..Limits::default() };
        let (_running, stop) = watch::channel(false);
        let routes = Relay::losing_every(arguments.loses).routes();
        tokio::select! {
            () = listener.serve(routes, Options::new(&limits, None), stop) => {}
            _ = signals.next() => {}
        }
        anyhow::Ok(())
    })?;
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}
