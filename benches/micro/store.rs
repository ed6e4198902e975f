//! From an accepted edit to the disk: the journal, and sealing it as an archive.

use std::{fs::File, io::Write, path::Path, sync::Arc};

use bytes::Bytes;
use coscribe::{
    clock::{SystemClock, Timestamp},
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName},
    load::trace::Trace,
    storage::{
        Entry, Store,
        disk::StdDisk,
        index::Index,
        local::{Local, LocalOptions},
    },
};

use crate::{Bench, Side, edits::zstd};

/// Writers that wait for their acknowledgement at a time.
const WRITERS: u64 = 64;

/// Edits of one round.
const EDITS: u64 = 6_400;

pub(crate) fn run(bench: &Bench) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let trace = Trace::drawn(2, usize::try_from(EDITS).unwrap_or(0));
    if bench.is_wanted("journal") {
        let mut round = 0;
        bench.compare(
            "journal",
            Side {
                name: "acknowledged, 64 writers",
                run: &mut || {
                    round += 1;
                    journal(&directory.path().join(format!("journal-{round}")), &trace.updates)
                },
            },
            Side { name: "a bare file, synced for each 64", run: &mut || bare(directory.path()) },
        );
    }
    if bench.is_wanted("seal") {
        let plain: Vec<u8> = trace.updates.iter().flat_map(|it| it.iter().copied()).collect();
        let mut round = 0;
        bench.compare(
            "seal",
            Side {
                name: "journalled and sealed, each edit",
                run: &mut || {
                    round += 1;
                    seal(&directory.path().join(format!("seal-{round}")), &trace.updates)
                },
            },
            Side { name: "the same bytes by zstd 3", run: &mut || zstd(&plain, EDITS) },
        );
    }
}

fn entry(update: &Bytes) -> Entry {
    let kind = AuthorKind::Claimed;
    let author = Arc::new(Author { kind, user: "u".into(), name: "Ada".into(), connection: 1 });
    Entry { time: Timestamp(1), author, update: update.clone() }
}

fn id(number: u64) -> DocumentId {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DocumentId::from_bytes(bytes)
}

/// Documents of so many writers, and in each one edit after the other.
fn journal(directory: &Path, updates: &[Bytes]) -> u64 {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let clock = Arc::new(SystemClock::new());
        let opened = Local::open(LocalOptions::new(directory), Arc::new(StdDisk), clock);
        let store = Arc::new(opened.expect("a new store").0);
        let mut writers = Vec::new();
        for (number, updates) in (0..WRITERS).zip(updates.chunks(updates.len() / 64)) {
            let name = DocumentName::new(&format!("document {number}")).expect("a good name");
            store.create(&name, id(number), Timestamp(1)).await.expect("a new document");
            let (store, updates) = (Arc::clone(&store), updates.to_vec());
            writers.push(tokio::spawn(async move {
                for update in &updates {
                    store.append(id(number), vec![entry(update)]).await.expect("it is kept");
                }
            }));
        }
        for writer in writers {
            writer.await.expect("a writer does not panic");
        }
        store.close().await.expect("it closes");
    });
    EDITS
}

fn bare(directory: &Path) -> u64 {
    let mut file = File::create(directory.join("bare")).expect("a new file");
    for _ in 0..EDITS / WRITERS {
        for _ in 0..WRITERS {
            file.write_all(&[7; 60]).expect("room");
        }
        file.sync_data().expect("a disk");
    }
    EDITS
}

fn seal(directory: &Path, updates: &[Bytes]) -> u64 {
    let options = LocalOptions { journal_file_bytes: 64 << 10, ..LocalOptions::new(directory) };
    let clock = Arc::new(SystemClock::new());
    let opened = Local::open_stepped(options, Arc::new(StdDisk), clock, Index::in_memory());
    let (store, mut workers, _) = opened.expect("a new store");
    let name = DocumentName::new("sealed").expect("a good name");
    drop(store.create(&name, id(1), Timestamp(1)));
    for updates in updates.chunks(64) {
        drop(store.append(id(1), updates.iter().map(entry).collect()));
        workers.commit();
        while workers.tidy() {}
    }
    workers.close(&store);
    EDITS
}
