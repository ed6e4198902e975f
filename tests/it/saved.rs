//! Documents with their whole past over HTTP: down from one server, up to another.

use std::path::Path;

use coscribe::{
    history::saved::{Bounds, Reader},
    ids::{DocumentName, Seq},
    server::Server,
    storage::Entry,
};
use serde_json::json;

use crate::{
    api::create,
    harness::{open, serve},
    http::{Answer, ask, ask_with},
};

const MEDIA_TYPE: &str = "content-type: application/vnd.coscribe.document";

async fn past(server: &Server, name: &str) -> Vec<Entry> {
    let store = server.documents().store();
    let name = DocumentName::new(name).expect("a name");
    let id = store.find(&name).await.expect("reads").expect("is there");
    let past = store.history(id, Seq(0), usize::MAX).await.expect("reads");
    past.into_iter().map(|stored| stored.entry).collect()
}

async fn upload(server: &Server, query: &str, file: &[u8]) -> Answer {
    ask_with(server, &format!("POST /documents{query}"), MEDIA_TYPE, file).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_moves_to_another_server_with_its_past() {
    let (here, there) = (serve(None, "127.0.0.1:0").await, serve(None, "127.0.0.1:0").await);
    let name = create(&here, &json!({ "title": "A plan", "kind": "markdown" })).await;
    let client = open(&here, &name);
    client.set_presence(Some(&json!({ "user": { "name": "Ada" } })));
    client.synced().await.expect("syncs");
    for word in ["one ", "two ", "three"] {
        client.edit(|text| text.push(word)).expect("may edit");
        client.saved().await.expect("is saved");
    }
    let file = ask(&here, &format!("GET /documents/{name}/export.coscribe"), "").await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), Some("application/vnd.coscribe.document"));
    let disposition = file.header("content-disposition").expect("a name");
    assert!(disposition.contains("a plan.coscribe"), "{disposition}");
    let reader = Reader::open(&file.body[..], Bounds::of_server(1 << 20)).expect("sound");
    assert_eq!((&reader.header().title[..], reader.header().entries), ("A plan", 4));

    let made = upload(&there, "?name=moved", &file.body).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/v1/documents/moved")));
    assert_eq!(made.json()["title"], "A plan");
    let told = |entry: &Entry| (entry.time, entry.author.name.clone(), entry.update.clone());
    let (before, after) = (past(&here, &name).await, past(&there, "moved").await);
    assert_eq!(
        before.iter().map(told).collect::<Vec<_>>(),
        after.iter().map(told).collect::<Vec<_>>()
    );
    assert_eq!(&*after[3].author.name, "Ada");
    let reader = open(&there, "moved");
    reader.synced().await.expect("syncs");
    assert_eq!(reader.text(), "one two three");

    let again = upload(&there, "?name=moved", &file.body).await;
    assert_eq!((again.status, &*again.code()), (409, "name-taken"));
    let listed = ask(&there, "GET /documents", "").await.json();
    assert_eq!(listed["documents"].as_array().map(Vec::len), Some(1));
    let bin = ask(&there, "GET /documents?bin=1", "").await.json();
    assert_eq!(bin["documents"].as_array().map(Vec::len), Some(0));
    drop((client, reader));
    here.stop().await.expect("stops");
    there.stop().await.expect("stops");
}

/// Name, and what its list says that it is told; `…` stands for the rest.
fn hostile_files() -> Vec<(Vec<u8>, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/hostile-saved");
    let list = std::fs::read_to_string(folder.join("README.md")).expect("a list");
    let rows = list.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| file "));
    let read = |row: &str| {
        let cells: Vec<_> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let file = std::fs::read(folder.join(format!("{}.coscribe", cells[0]))).expect("a file");
        (file, cells[3].to_owned())
    };
    rows.map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_file_is_refused_with_its_words_and_leaves_nothing() {
    let server = serve(None, "127.0.0.1:0").await;
    let files = hostile_files();
    assert!(files.len() > 40);
    for (file, expected) in files {
        let refused = upload(&server, "?name=x", &file).await;
        let told = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(matches!(refused.status, 413 | 422), "{}: {told}", refused.status);
        match expected.strip_suffix('…') {
            Some(beginning) => assert!(told.starts_with(beginning), "{told}"),
            None => assert_eq!(told, expected),
        }
    }
    for query in ["", "?bin=1"] {
        let listed = ask(&server, &format!("GET /documents{query}"), "").await.json();
        assert_eq!(listed["documents"].as_array().map(Vec::len), Some(0), "{listed}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_sound_makes_no_document_and_is_told_why() {
    let server = serve(None, "127.0.0.1:0").await;
    let name = create(&server, &json!({ "title": "A plan" })).await;
    let file = ask(&server, &format!("GET /documents/{name}/export.coscribe"), "").await.body;
    let mut flipped = file.clone();
    flipped[40] ^= 1;
    for (bytes, expected) in [
        (&b"hello"[..], "this is not a saved document (.coscribe)"),
        (&file[..file.len() - 1], "the file ends in the middle: it was not copied or sent whole"),
        (&flipped, "the file is damaged: block 1 fails its checksum"),
    ] {
        let refused = upload(&server, "?name=x", bytes).await;
        assert_eq!((refused.status, &*refused.code()), (422, "bad-content"));
        assert_eq!(refused.json()["detail"], expected);
    }
    for query in ["", "?bin=1"] {
        let listed = ask(&server, &format!("GET /documents{query}"), "").await.json();
        let names: Vec<_> = listed["documents"].as_array().into_iter().flatten().collect();
        assert!(names.iter().all(|it| it["name"] == *name), "{names:?}");
    }
    let missing = ask(&server, "GET /documents/x/export.coscribe", "").await;
    assert_eq!((missing.status, &*missing.code()), (404, "not-found"));
    server.stop().await.expect("stops");
}
