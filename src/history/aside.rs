//! Work on the CRDT that is nobody's turn: a thread of its own with a large stack, so that no live
//! document waits for it and deeply nested content has room.

use std::thread;

use tokio::{runtime::Handle, sync::oneshot};

use super::{HistoryError, threads::give_way};

/// Virtual; only what is used is ever backed by memory.
const STACK_BYTES: usize = 256 << 20;

/// Runs work that may wait for the store through the handle it is given.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce(&Handle) -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, HistoryError> {
    let handle = Handle::current();
    let (tell, told) = oneshot::channel();
    let run = move || {
        give_way();
        // Who asked may have stopped waiting.
        let _ = tell.send(work(&handle));
    };
    thread::Builder::new()
        .name("past".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(run)
        .map_err(|error| HistoryError::Unreadable(error.to_string()))?;
    let broke = |_| HistoryError::Damaged("reading it broke down".to_owned());
    told.await.map_err(broke)?
}
