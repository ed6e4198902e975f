//! Stores that earlier versions wrote still open, with everything that was in them.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use coscribe::{
    clock::{Clock, SystemClock, TestClock, Timestamp},
    crdt::replica::Replica,
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentId, DocumentName, Seq},
    storage::{
        Entry, Store,
        disk::StdDisk,
        local::{Local, LocalOptions},
    },
};

const LINES: usize = 400;

fn name(text: &str) -> DocumentName {
    DocumentName::new(text).expect("a good name")
}

fn open(directory: &Path) -> Local {
    let options = LocalOptions { journal_file_bytes: 32 << 10, ..LocalOptions::new(directory) };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (store, report) = Local::open(options, Arc::new(StdDisk), clock).expect("opens");
    assert!(report.damage.is_empty(), "{report}");
    store
}

/// Two people write a document, line by line.
fn lines(count: usize) -> Vec<Entry> {
    let clock = TestClock::default();
    let mut replica = Replica::new(ClientId(7), "text");
    let line = |number: usize| {
        let (kind, user) = if number.is_multiple_of(2) {
            (AuthorKind::Verified, "ada")
        } else {
            (AuthorKind::Claimed, "")
        };
        let author = Author { kind, user: user.into(), name: "Ada".into(), connection: 3 };
        let (_, update) = replica.edit(|text| text.push(&format!("line {number}\n")));
        clock.advance(std::time::Duration::from_secs(1));
        Entry { time: clock.now(), author: Arc::new(author), update: update.expect("an edit") }
    };
    (0..count).map(line).collect()
}

fn text(entries: &[Entry]) -> String {
    let mut replica = Replica::new(ClientId(1), "text");
    for entry in entries {
        replica.apply(&entry.update).expect("an update");
    }
    replica.text()
}

#[tokio::test]
#[ignore = "writes a new store; see data/stores/README.md"]
async fn write_a_store() {
    let directory = tempfile::tempdir().expect("a directory").keep();
    let store = open(&directory);
    let id = |number| DocumentId::from_bytes([number; 16]);
    store.create(&name("two people"), id(1), Timestamp(1)).await.expect("stored");
    for entry in lines(LINES) {
        store.append(id(1), vec![entry]).await.expect("stored");
    }
    store.create(&name("old name"), id(2), Timestamp(2)).await.expect("stored");
    store.append(id(2), lines(3)).await.expect("stored");
    store.rename(id(2), &name("näme/with 😀"), Timestamp(3)).await.expect("stored");
    let value = Some(Bytes::from_static(b"{\"theme\":\"dark\"}"));
    store.put_record(id(2), "settings", 0, value).await.expect("stored");
    store.create(&name("again"), id(3), Timestamp(4)).await.expect("stored");
    store.append(id(3), lines(5)).await.expect("stored");
    store.delete(id(3), Timestamp(5), vec![7, 8]).await.expect("stored");
    store.create(&name("again"), id(4), Timestamp(6)).await.expect("stored");
    store.append(id(4), lines(1)).await.expect("stored");
    store.close().await.expect("closes");
    for extra in ["LOCK", "RESERVE"] {
        fs::remove_file(directory.join(extra)).expect("was there");
    }
    fs::remove_dir_all(directory.join("index")).expect("was there");
    println!("written to {}", directory.display());
}

#[tokio::test]
async fn format_1_still_opens() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/stores/format-1");
    let copy = tempfile::tempdir().expect("a directory");
    copy_into(&kept, copy.path());
    // Twice: what the first opening wrote must be as good as what it read.
    for _ in 0..2 {
        let store = open(copy.path());
        check_format_1(&store).await;
        store.close().await.expect("closes");
    }
}

async fn check_format_1(store: &Local) {
    let find = async |text: &str| store.find(&name(text)).await.expect("reads");
    let entries = async |id| {
        let mut found = Vec::new();
        let mut after = Seq(0);
        loop {
            let page = store.history(id, after, 4096).await.expect("reads");
            let Some(last) = page.last() else { return found };
            after = last.seq;
            found.extend(page.into_iter().map(|stored| stored.entry));
        }
    };
    let people = find("two people").await.expect("is there");
    let written = entries(people).await;
    assert_eq!(written, lines(LINES));
    assert!(text(&written).ends_with("line 399\n"));

    assert_eq!(find("old name").await, None);
    let renamed = find("näme/with 😀").await.expect("is there");
    assert_eq!(entries(renamed).await, lines(3));
    let settings = store.record(renamed, "settings").await.expect("reads").expect("is there");
    assert_eq!((settings.revision, &settings.value[..]), (1, &b"{\"theme\":\"dark\"}"[..]));

    let again = find("again").await.expect("is there");
    assert_eq!(entries(again).await, lines(1));
    let retired = store.retired_clients(&name("again")).await.expect("reads");
    assert_eq!(retired[..], [7, 8]);
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("creates");
    for item in fs::read_dir(from).expect("is there") {
        let item = item.expect("reads");
        let target = to.join(item.file_name());
        if item.file_type().expect("reads").is_dir() {
            copy_into(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).expect("copies");
        }
    }
}
