//! The threads that pasts are built and read on: never those of documents or sockets.
//!
//! Stacks are as large as those of documents, for the same reason; fewer threads than cores, so that
//! somebody who opens a long past leaves room for those who type.

use std::{io, thread};

use tokio::{runtime, sync::oneshot};

use crate::ids::DocumentId;

/// Virtual; see `document::threads`.
const STACK_BYTES: usize = 256 << 20;

#[derive(Debug)]
pub(super) struct Threads(Vec<Thread>);

#[derive(Debug)]
struct Thread {
    runtime: runtime::Handle,
    /// Dropping it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Threads {
    pub(super) fn start(count: usize) -> io::Result<Self> {
        Ok(Self((0..count.max(1)).map(start).collect::<io::Result<_>>()?))
    }

    /// The thread that this document's past lives on.
    pub(super) fn of(&self, id: DocumentId) -> &runtime::Handle {
        let number = u64::from_le_bytes(id.as_bytes()[..8].try_into().unwrap_or_default());
        let index = usize::try_from(number % self.0.len() as u64).unwrap_or(0);
        &self.0[index].runtime
    }
}

fn start(index: usize) -> io::Result<Thread> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(1)
        .thread_name(format!("history-{index}-read"))
        .build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::Builder::new().name(format!("history-{index}")).stack_size(STACK_BYTES).spawn(
        move || {
            // Ends with an error when the sender is dropped, which is the signal.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        },
    )?;
    Ok(Thread { runtime: handle, _stop: stop })
}
