//! The threads that documents live on: large stacks, one single-threaded runtime each.
//!
//! The CRDT recurses over nested types, so its depth is bounded by these stacks and not by an
//! embedder's; and one heavy document cannot stall the sockets.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    io, thread,
};

use tokio::{runtime, sync::oneshot};

use crate::ids::DocumentName;

/// Virtual; only what is used is ever backed by memory. Types nest 128 deep at some 350 bytes of
/// stack per level, so this leaves three orders of magnitude for what the bound does not foresee.
const STACK_BYTES: usize = 256 << 20;

/// Threads for reading documents from the store, per document thread.
const READERS: usize = 4;

#[derive(Debug)]
pub(super) struct Threads {
    threads: Vec<Thread>,
}

#[derive(Debug)]
struct Thread {
    runtime: runtime::Handle,
    /// Dropping it ends the thread; there is none where the runtime is the caller's.
    stop: Option<oneshot::Sender<()>>,
}

impl Threads {
    /// Starts so many; with none, documents live on the runtime that calls.
    pub(super) fn start(count: usize) -> io::Result<Self> {
        let threads = match count {
            0 => vec![Thread { runtime: runtime::Handle::current(), stop: None }],
            count => (0..count).map(start).collect::<io::Result<_>>()?,
        };
        Ok(Self { threads })
    }

    /// The runtime of the thread that this document lives on.
    pub(super) fn of(&self, name: &DocumentName) -> &runtime::Handle {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        let index = usize::try_from(hash % self.threads.len() as u64).unwrap_or(0);
        &self.threads[index].runtime
    }

    /// How many tasks have not ended on them. What runs on the caller's runtime is the caller's to count.
    pub(super) fn tasks(&self) -> usize {
        let own = self.threads.iter().filter(|thread| thread.stop.is_some());
        own.map(|thread| thread.runtime.metrics().num_alive_tasks()).sum()
    }
}

fn start(index: usize) -> io::Result<Thread> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(READERS)
        .thread_name(format!("document-{index}-read"))
        .build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::Builder::new().name(format!("document-{index}")).stack_size(STACK_BYTES).spawn(
        move || {
            // Ends with an error when the sender is dropped, which is the signal.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        },
    )?;
    Ok(Thread { runtime: handle, stop: Some(stop) })
}

#[cfg(test)]
mod tests {
    use tokio::{sync::oneshot, task::yield_now};

    use super::*;

    #[tokio::test]
    async fn a_task_counts_until_it_ends() {
        let threads = Threads::start(2).unwrap();
        let (ends, tasks): (Vec<_>, Vec<_>) = (0..5)
            .map(|number| {
                let name = DocumentName::new(&format!("d{number}")).unwrap();
                let (end, ended) = oneshot::channel::<()>();
                (end, threads.of(&name).spawn(ended))
            })
            .unzip();
        assert_eq!(threads.tasks(), 5);
        drop(ends);
        for task in tasks {
            assert!(task.await.unwrap().is_err());
        }
        // Whoever waits for a task hears of its end just before it stops to count.
        while threads.tasks() > 0 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn tasks_of_the_caller_are_not_counted() {
        let threads = Threads::start(0).unwrap();
        let task = tokio::spawn(std::future::pending::<()>());
        assert_eq!(threads.tasks(), 0);
        task.abort();
    }
}
