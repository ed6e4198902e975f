//! What a past costs: bytes on disk for each edit. Not run by itself, as numbers are for people:
//!
//!     cargo test --release --test it store_size -- --ignored --nocapture --test-threads 1
//!
//! `COSCRIBE_TRACES` names the folder of the traces, which are not part of the repository.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use coscribe::{
    clock::{SystemClock, Timestamp},
    crdt::replica::Replica,
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentId, DocumentName},
    random::SeededRandom,
    storage::{
        Entry, Store,
        disk::StdDisk,
        local::{Local, LocalOptions},
    },
};
use serde::Deserialize;

const TRACES: [&str; 3] = ["sveltecomponent", "seph-blog1", "friendsforever"];

/// Entries appended together, as a busy document does.
const BATCH: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    #[serde(default)]
    start_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    #[serde(default)]
    parents: Vec<usize>,
    #[serde(default)]
    agent: usize,
    patches: Vec<(usize, usize, String)>,
}

#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn trace(name: &str) -> Option<Trace> {
    let given = std::env::var_os("COSCRIBE_TRACES").map(PathBuf::from);
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let path = given.unwrap_or_else(usual).join(format!("{name}.json.gz"));
    if !path.exists() {
        println!("skipped: no trace at {}", path.display());
        return None;
    }
    let output = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs");
    Some(serde_json::from_slice(&output.stdout).expect("a trace"))
}

/// Types patches, whose positions count characters, where the text begins.
fn type_patches(typist: &mut Replica, patches: &[(usize, usize, String)]) -> Option<bytes::Bytes> {
    let (_, update) = typist.edit(|text| {
        for (at, removed, inserted) in patches {
            // Positions of the few characters of two units are near enough: only sizes matter.
            let length = text.len();
            let at = u32::try_from(*at).expect("short").min(length);
            let removed = u32::try_from(*removed).expect("short").min(length - at);
            text.delete(at, removed).expect("in range");
            text.insert(at, inserted).expect("in range");
        }
    });
    update
}

/// The updates of a trace, and the state at its end.
fn updates(trace: &Trace) -> (Vec<bytes::Bytes>, bytes::Bytes) {
    let mut typists = [1, 2].map(|client| Replica::new(ClientId(client), "text"));
    let mut known = [vec![false; trace.txns.len()], vec![false; trace.txns.len()]];
    let mut all = Vec::new();
    let start = (0, 0, trace.start_content.clone());
    let start = type_patches(&mut typists[0], &[start]);
    if let Some(update) = start {
        typists[1].apply(&update).expect("sound");
        all.push(update);
    }
    let before = all.len();
    for (number, transaction) in trace.txns.iter().enumerate() {
        let agent = transaction.agent;
        let mut parents = transaction.parents.clone();
        let mut missing = Vec::new();
        while let Some(parent) = parents.pop() {
            if !std::mem::replace(&mut known[agent][parent], true) {
                missing.push(parent);
                parents.extend(&trace.txns[parent].parents);
            }
        }
        missing.sort_unstable();
        for parent in missing {
            typists[agent].apply(&all[before + parent]).expect("sound");
        }
        let update = type_patches(&mut typists[agent], &transaction.patches);
        known[agent][number] = true;
        all.push(update.unwrap_or_else(|| bytes::Bytes::from_static(&[0, 0])));
    }
    let mut whole = Replica::new(ClientId(3), "text");
    all.iter().for_each(|update| whole.apply(update).expect("sound"));
    let state = whole.diff(&[0]).expect("sound");
    (all, state)
}

fn open(directory: &Path, journal_file_bytes: u64) -> Local {
    let options = LocalOptions { journal_file_bytes, ..LocalOptions::new(directory) };
    Local::open(options, Arc::new(StdDisk), Arc::new(SystemClock::new())).expect("opens").0
}

async fn fill(store: &Local, name: &str, updates: &[bytes::Bytes]) {
    let id = DocumentId::new(&SeededRandom::new(7));
    let name = DocumentName::new(name).expect("a name");
    store.create(&name, id, Timestamp(1)).await.expect("creates");
    let author =
        Author { kind: AuthorKind::Claimed, user: "".into(), name: "Ada".into(), connection: 3 };
    let author = Arc::new(author);
    let mut time = 1_700_000_000_000;
    for batch in updates.chunks(BATCH) {
        let entry = |update: &bytes::Bytes| {
            time += 150 + time % 97;
            Entry { time: Timestamp(time), author: Arc::clone(&author), update: update.clone() }
        };
        store.append(id, batch.iter().map(entry).collect()).await.expect("appends");
    }
}

fn bytes_in(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).expect("is there");
    entries.map(|entry| entry.expect("reads").metadata().expect("reads").len()).sum()
}

/// Opens the store some times; each time begins another file, so that the one before is archived, and
/// archives that have become many are merged.
async fn archived(directory: &Path) -> u64 {
    for number in 100..106 {
        let store = open(directory, 64 << 20);
        let id = DocumentId::new(&SeededRandom::new(number));
        let name = DocumentName::new(&number.to_string()).expect("a name");
        store.create(&name, id, Timestamp(1)).await.expect("creates");
        let newest = |path: &Path| std::fs::read_dir(path).expect("is there").count();
        while newest(&directory.join("log")) > 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        store.close().await.expect("closes");
    }
    bytes_in(&directory.join("archive"))
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn each(bytes: u64, edits: usize) -> f64 {
    bytes as f64 / edits as f64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tells numbers, which nothing here can judge"]
async fn bytes_on_disk_for_each_edit() {
    println!("trace, edits; bytes per edit: raw updates, journal, archive, final snapshot");
    for name in TRACES {
        let Some(trace) = trace(name) else { continue };
        let (updates, state) = updates(&trace);
        let directory = tempfile::tempdir().expect("a directory");
        let store = open(directory.path(), 1 << 30);
        fill(&store, name, &updates).await;
        store.close().await.expect("closes");
        let journal = bytes_in(&directory.path().join("log"));
        let archive = archived(directory.path()).await;
        let (edits, raw) = (updates.len(), updates.iter().map(|it| it.len() as u64).sum());
        println!(
            "{name}, {edits}: {:.1}, {:.1}, {:.2}, {:.2}",
            each(raw, edits),
            each(journal, edits),
            each(archive, edits),
            each(state.len() as u64, edits)
        );
    }
}
