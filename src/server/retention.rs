//! Cuts off what policies do not keep of the past, now and then, until the server stops.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    clock::Clock, history::History, limits::RETENTION_EVERY, telemetry::warnings::RetentionFailed,
};

/// Looks now and every hour.
pub(super) async fn keep_to_policies(
    history: History,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    let mut every = tokio::time::interval(RETENTION_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        match history.retain(clock.now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed edits that are no longer kept"),
            Err(reason) => RetentionFailed { reason: &reason }.note(),
        }
    }
}
