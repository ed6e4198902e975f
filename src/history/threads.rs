//! The threads that pasts are built and read on: never those of documents or sockets.
//!
//! Stacks are as large as those of documents, for the same reason; fewer threads than cores, so that
//! somebody who opens a long past leaves room for those who type.

use std::{io, thread};

use tokio::{runtime, sync::oneshot};

use crate::ids::DocumentId;

/// Virtual; see `document::threads`.
const STACK_BYTES: usize = 256 << 20;

/// How much nicer than the threads of sockets and documents; 19 would be nicest.
#[cfg(target_os = "linux")]
const LATER: i32 = 10;

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

/// Has this thread, and those it starts, run after those of people who type when there are too few
/// cores for all: by so much more than the process itself was made to. Linux alone has priorities of
/// threads.
pub(super) fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::getpriority_process(Some(rustix::process::getpid()))
        .and_then(|now| rustix::process::setpriority_process(None, now + LATER))
    {
        tracing::debug!(%error, "the system lets no thread that reads the past run later");
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
            give_way();
            // Ends with an error when the sender is dropped, which is the signal.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        },
    )?;
    Ok(Thread { runtime: handle, _stop: stop })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_type_go_first() {
        let threads = Threads::start(1).unwrap();
        let past = threads.of(DocumentId::from_bytes([7; 16])).clone();
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let reading =
            past.spawn(async move { (priority(), tokio::task::spawn_blocking(priority).await) });
        let (past, disk) = reading.await.unwrap();
        assert_eq!((past, disk.unwrap()), (priority() + LATER, priority() + LATER));
    }
}
