//! The local engine: the contract, on the machine's disk and on one in memory.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use crate::{
    clock::TestClock,
    storage::{
        Store,
        conformance::{self, Harness},
        disk::{Disk, StdDisk},
        faulty::FaultyDisk,
        memory::Memory,
    },
};

use super::{Local, LocalOptions, OpenError, Report};

/// Opens a store whose journal files are small, so that tests see rotation and sealing.
pub(super) fn open(
    disk: &Arc<dyn Disk>,
    root: &Path,
    index_in_memory: bool,
) -> Result<(Local, Report), OpenError> {
    let options = LocalOptions {
        journal_file_bytes: 4096,
        reserve_bytes: 4096,
        index_in_memory,
        ..LocalOptions::new(root)
    };
    Local::open(options, disk.clone(), Arc::new(TestClock::default()))
}

struct InMemory;

impl Harness for InMemory {
    fn fresh(&self) -> Arc<dyn Store> {
        Arc::new(Memory::new())
    }

    fn reopen(&self, _closed: Arc<dyn Store>) -> Option<Arc<dyn Store>> {
        None
    }
}

#[tokio::test]
async fn the_engine_in_memory_keeps_the_contract() {
    conformance::run(&InMemory).await;
}

/// Stores in directories of their own; the newest one is reopened.
struct OnDisk {
    disk: Arc<dyn Disk>,
    root: tempfile::TempDir,
    index_in_memory: bool,
    count: Mutex<u32>,
}

impl OnDisk {
    fn new(disk: Arc<dyn Disk>, index_in_memory: bool) -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { disk, root, index_in_memory, count: Mutex::new(0) }
    }

    fn open(&self) -> Arc<dyn Store> {
        let root = self.root.path().join(self.count.lock().unwrap().to_string());
        Arc::new(open(&self.disk, &root, self.index_in_memory).unwrap().0)
    }
}

impl Harness for OnDisk {
    fn fresh(&self) -> Arc<dyn Store> {
        *self.count.lock().unwrap() += 1;
        self.open()
    }

    fn reopen(&self, closed: Arc<dyn Store>) -> Option<Arc<dyn Store>> {
        drop(closed);
        Some(self.open())
    }
}

#[tokio::test]
async fn the_local_engine_keeps_the_contract_on_the_machines_disk() {
    conformance::run(&OnDisk::new(Arc::new(StdDisk), false)).await;
}

#[tokio::test]
async fn the_local_engine_keeps_the_contract_on_a_disk_in_memory() {
    conformance::run(&OnDisk::new(Arc::new(FaultyDisk::new()), true)).await;
}
