//! A store in which entries are sound and what they say cannot be applied, written past the server's
//! door: a server starts on it, says which documents those are, and serves the others, again and again.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use coscribe::{
    clock::{SystemClock, Timestamp},
    crdt::corpus::hostile_updates,
    identity::Author,
    ids::{DocumentId, DocumentName},
    random::SystemRandom,
    storage::{
        Entry, Store,
        disk::StdDisk,
        local::{Local, LocalOptions},
    },
};

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    judge, note,
    replica::Replica,
    server::{Launch, Server, coscribe},
    wire::{Framing, Gone},
};

/// What every document says before the poison.
const SOUND: &str = "sound";

/// How often each is opened after a start.
const VISITS: usize = 3;

/// Poison that no document survives: others may turn out to be harmless.
const DEADLY: [&str; 3] = ["all-ones", "without-its-past", "half-an-edit"];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_and_goes_on_with_entries_that_cannot_be_applied() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let poisons = poisons();
    write(&data, &poisons).await;
    let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, 8);
    let log = directory.path().join("log");
    let mut acked = 0;
    for start in 1..=2 {
        let _ = std::fs::remove_file(&log);
        let mut server = Launch::new(&data, &log).start().await;
        let mut online = editor.go_online(server.port).await.expect("the editor connects");
        let refused = visit(&mut server, &poisons).await;
        note(&format!("poison: {} of {} documents are refused", refused.len(), poisons.len()));
        for name in DEADLY {
            assert!(refused.contains(&name), "{name} was served");
        }
        editor.type_and_settle(&mut online).await.expect("an editor beside them works on");
        assert!(editor.journal.acked > acked, "nothing was saved at start {start}");
        acked = editor.journal.acked;
        assert_eq!(server.ready().0, 200, "the others are served");
        let failures = server.metric("coscribe_document_load_failures_total")
            + server.metric("coscribe_documents_reloaded_total");
        let visits = (refused.len() * VISITS) as u64;
        assert!(
            failures <= visits,
            "{failures} attempts to open, of which {visits} were asked for"
        );
        let log = server.log_text();
        for name in &refused {
            assert!(
                log.contains(&format!("poisoned-{name}")),
                "the log does not name {name}: {log}"
            );
        }
        let ended = server.stop().await;
        assert!(ended.is_some_and(|status| status.success()), "it does not stop: {ended:?}");
    }
    let content = export("note", &data).expect("the document can be exported");
    judge("poison", 2, acked, &violations(&[&editor.journal], &content));
    let checked = coscribe(&["check"], &data);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(1), "{told}");
    for name in DEADLY {
        assert!(told.contains(&format!("poisoned-{name}")), "`check` does not name {name}: {told}");
        export(&format!("poisoned-{name}"), &data).expect_err("a shorter document");
    }
}

/// Opens each of them some times; gives those that are refused.
async fn visit(server: &mut Server, poisons: &[(&'static str, Bytes)]) -> Vec<&'static str> {
    let mut refused = Vec::new();
    for (name, _) in poisons {
        for time in 0..VISITS {
            let read = read_fresh(server.port, &format!("poisoned-{name}")).await;
            assert!(server.exited().is_none(), "{name} ended the server: {}", server.log_text());
            match read {
                Ok(content) => assert!(content.text.contains(SOUND), "{name}: it is shorter"),
                Err(Gone::Closed(code, why)) => {
                    assert!(code == 1013 && !why.is_empty(), "{name}: {code} {why}");
                    refused.extend((time == 0).then_some(*name));
                }
                Err(gone) => panic!("{name}: nobody is told why: {gone:?}"),
            }
        }
    }
    refused
}

/// The hostile inputs, and what no client has ever written.
fn poisons() -> Vec<(&'static str, Bytes)> {
    let writer = Replica::new(9);
    let (before, after) = (writer.insert(0, "before"), writer.insert(6, "after"));
    let made = [
        ("all-ones", Bytes::from_static(&[0xff; 40])),
        ("without-its-past", after),
        ("half-an-edit", before.slice(..before.len() / 2)),
    ];
    let hostile = hostile_updates().into_iter().map(|(name, bytes)| (name, bytes.into()));
    made.into_iter().chain(hostile).collect()
}

/// Writes each behind a sound entry of a document of its own.
async fn write(data: &Path, poisons: &[(&str, Bytes)]) {
    let options = LocalOptions::new(data);
    let opened = Local::open(options, Arc::new(StdDisk), Arc::new(SystemClock::new()));
    let (store, _) = opened.expect("a fresh store");
    let author = Arc::new(Author::verified("eve", "Eve"));
    let entry = |update: &Bytes| Entry {
        time: Timestamp(1),
        author: Arc::clone(&author),
        update: update.clone(),
    };
    let sound = Replica::new(3_999_999_999).insert(0, SOUND);
    for (name, poison) in poisons {
        let name = DocumentName::new(&format!("poisoned-{name}")).expect("a plain name");
        let id = DocumentId::new(&SystemRandom);
        store.create(&name, id, Timestamp(1)).await.expect("a new document");
        let entries = vec![entry(&sound), entry(poison)];
        store.append(id, entries).await.expect("bytes are bytes");
    }
    store.close().await.expect("it is closed");
}
