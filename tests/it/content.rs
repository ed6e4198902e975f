//! Programs that know no CRDT read and write what documents say and see who is here, over the API.

use coscribe::{limits::IDEMPOTENCY_ANSWER, server::Server};
use serde_json::{Value, json};

use crate::{
    api::create,
    events::Events,
    harness::{open, serve},
    http::{Answer, ask, ask_with},
    page::Page,
};

const TEXT: &str = "x-coscribe: 1\r\ncontent-type: text/plain";
const JSON: &str = "content-type: application/json";

pub(crate) async fn markdown(server: &Server) -> String {
    create(server, &json!({ "name": "plan", "kind": "markdown" })).await;
    "/documents/plan/content".to_owned()
}

pub(crate) async fn put(server: &Server, what: &str, body: &str) -> Answer {
    ask_with(server, &format!("PUT /documents/plan/content.{what}"), TEXT, body.as_bytes()).await
}

async fn says(server: &Server, format: &str) -> String {
    ask(server, &format!("GET /documents/plan/content.{format}"), "").await.text().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_at_positions_count_utf16_units_and_all_refer_to_the_text_before() {
    let server = serve(None, "127.0.0.1:0").await;
    let content = markdown(&server).await;
    assert_eq!(put(&server, "txt", "one 😀 two").await.status, 200);
    let edits = json!([
        { "at": 7, "delete": 3, "insert": "three" },
        { "at": 0, "insert": "> " },
        { "insert": "!" },
        { "at": 4, "delete": 2, "insert": "ü" },
    ]);
    let patch = format!("PATCH {content}.txt");
    let edited = ask_with(&server, &patch, JSON, edits.to_string().as_bytes()).await;
    assert_eq!(edited.status, 200, "{}", edited.text());
    assert_eq!(says(&server, "txt").await, "> one ü three!");

    put(&server, "txt", "one 😀 two").await;
    for (edits, code) in [
        (json!([{ "at": 5, "insert": "x" }]), "bad-position"),
        (json!([{ "at": 11, "insert": "x" }]), "bad-position"),
        (json!([{ "at": 0, "delete": 11 }]), "bad-position"),
        (json!([{ "at": 0, "delete": 3 }, { "at": 2, "insert": "x" }]), "bad-position"),
    ] {
        let refused = ask_with(&server, &patch, JSON, edits.to_string().as_bytes()).await;
        assert_eq!((refused.status, &*refused.code()), (422, code), "{edits}");
    }
    assert_eq!(says(&server, "txt").await, "one 😀 two");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_text_replaces_only_what_differs_and_editors_see_it() {
    let server = serve(None, "127.0.0.1:0").await;
    markdown(&server).await;
    put(&server, "md", "# Title\n\nfirst\nsecond\n").await;
    let mut page = Page::new(7);
    page.connect(&server, "plan").await;
    page.synced().await;
    // Typed where the file has nothing new; it stays if only what differs is written.
    let before = ask(&server, "GET /documents/plan", "").await.json()["bytes"].as_u64();
    put(&server, "md", "# Title\n\nfirst\nSECOND\n").await;
    page.reads(|text| text == "# Title\n\nfirst\nSECOND\n").await;
    let after = ask(&server, "GET /documents/plan", "").await.json()["bytes"].as_u64();
    assert!(after.unwrap() - before.unwrap() < 120, "{before:?} {after:?}");
    let appended = ask_with(&server, "POST /documents/plan/content.txt", TEXT, b"end").await;
    assert_eq!(appended.status, 200);
    page.reads(|text| text.ends_with("SECOND\nend")).await;
    let same = put(&server, "md", "# Title\n\nfirst\nSECOND\nend").await.json()["seq"].clone();
    assert_eq!(same, appended.json()["seq"], "nothing to write is no entry");
    drop(page);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rich_text_is_written_in_every_format_and_refuses_positions() {
    let server = serve(None, "127.0.0.1:0").await;
    create(&server, &json!({ "name": "plan" })).await;
    assert_eq!(put(&server, "md", "# Title\n\n**bold** words\n").await.status, 200);
    assert_eq!(says(&server, "md").await, "# Title\n\n**bold** words\n");
    let line = "POST /documents/plan/content.html";
    let appended = ask_with(&server, line, TEXT, b"<ul><li>item</li></ul>").await;
    assert_eq!(appended.status, 200, "{}", appended.text());
    assert_eq!(says(&server, "md").await, "# Title\n\n**bold** words\n\n- item\n");
    let whole = says(&server, "json").await;
    put(&server, "md", "gone").await;
    assert_eq!(put(&server, "json", &whole).await.status, 200);
    assert_eq!(says(&server, "md").await, "# Title\n\n**bold** words\n\n- item\n");
    let edits = json!([{ "at": 0, "insert": "x" }]).to_string();
    let line = "PATCH /documents/plan/content.txt";
    let refused = ask_with(&server, line, JSON, edits.as_bytes()).await;
    assert_eq!((refused.status, &*refused.code()), (409, "not-text"));
    let state = ask(&server, "GET /documents/plan/content.yjs", "").await.body;
    create(&server, &json!({ "name": "copy" })).await;
    let line = "POST /documents/copy/content.yjs";
    assert_eq!(ask_with(&server, line, TEXT, &state).await.status, 200);
    let copy = ask(&server, "GET /documents/copy/content.md", "").await;
    assert_eq!(copy.text(), "# Title\n\n**bold** words\n\n- item\n");
    let junk = ask_with(&server, line, TEXT, b"junk").await;
    assert_eq!((junk.status, &*junk.code()), (422, "bad-content"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_match_refuses_what_was_made_for_an_older_state() {
    let server = serve(None, "127.0.0.1:0").await;
    let content = markdown(&server).await;
    let first = put(&server, "txt", "one").await;
    let (tag, seq) = (first.header("etag").unwrap().to_owned(), first.json()["seq"].clone());
    let read = ask(&server, &format!("GET {content}.txt"), "").await;
    assert_eq!(read.header("etag"), Some(&*tag));
    let line = format!("PUT {content}.txt");
    let write = async |tag: &str, text: &str| {
        let headers = format!("{TEXT}\r\nif-match: {tag}");
        ask_with(&server, &line, &headers, text.as_bytes()).await
    };
    assert_eq!(write(&tag, "two").await.status, 200);
    for old in [&*tag, &*format!("\"{seq}\""), "\"x\""] {
        let refused = write(old, "three").await;
        assert_eq!((refused.status, &*refused.code()), (412, "changed"), "{old}");
    }
    assert_eq!(says(&server, "txt").await, "two");
    let seq = ask(&server, "GET /documents/plan", "").await.json()["seq"].clone();
    assert_eq!(write(&format!("\"{seq}\""), "three").await.status, 200);
    assert_eq!(write("*", "four").await.status, 200);
    let unchanged = format!("if-none-match: {}", write("*", "five").await.header("etag").unwrap());
    let read = ask_with(&server, &format!("GET {content}.txt"), &unchanged, b"").await;
    assert_eq!(read.status, 304);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_for_one_state_only_one_wins() {
    let server = serve(None, "127.0.0.1:0").await;
    let content = markdown(&server).await;
    let tag = put(&server, "txt", "").await.header("etag").unwrap().to_owned();
    let (line, headers) = (format!("POST {content}.txt"), format!("{TEXT}\r\nif-match: {tag}"));
    let write = |_| ask_with(&server, &line, &headers, b"word ");
    let answers = futures_util::future::join_all((0..10).map(write)).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 412).count();
    assert_eq!((done, refused), (1, 9), "{answers:?}");
    assert_eq!(says(&server, "txt").await, "word ");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_twice_under_one_key_is_done_once() {
    let server = serve(None, "127.0.0.1:0").await;
    let content = markdown(&server).await;
    let line = format!("POST {content}.txt");
    let send = async |key: &str, text: &str| {
        let headers = format!("{TEXT}\r\nidempotency-key: {key}");
        ask_with(&server, &line, &headers, text.as_bytes()).await
    };
    let sent = futures_util::future::join_all((0..8).map(|_| send("a", "word "))).await;
    for answer in &sent {
        assert_eq!((answer.status, answer.text()), (200, sent[0].text()));
        assert_eq!(answer.header("etag"), sent[0].header("etag"));
    }
    assert_eq!(says(&server, "txt").await, "word ");
    let other = send("a", "other ").await;
    assert_eq!((other.status, &*other.code()), (422, "key-reused"));
    assert_eq!(send("b", "word ").await.status, 200);
    assert_eq!(says(&server, "txt").await, "word word ");
    let long = send(&"x".repeat(256), "word ").await;
    assert_eq!((long.status, &*long.code()), (400, "bad-key"));
    // What failed is not remembered.
    let headers = format!("{JSON}\r\nidempotency-key: c");
    let make =
        async |body: &str| ask_with(&server, "POST /documents", &headers, body.as_bytes()).await;
    assert_eq!(make(r#"{"name":"plan"}"#).await.status, 409);
    let made = make(r#"{"name":"new"}"#).await;
    let again = make(r#"{"name":"new"}"#).await;
    assert_eq!((made.status, again.status), (201, 201));
    assert_eq!(again.header("location"), made.header("location"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_for_writes_with_their_query_and_remembers_no_large_answer() {
    let server = serve(None, "127.0.0.1:0").await;
    let content = markdown(&server).await;
    let send = async |line: &str, key: &str, body: &str| {
        let headers = format!("{TEXT}\r\nidempotency-key: {key}");
        ask_with(&server, line, &headers, body.as_bytes()).await
    };
    // What is read is what is there, whatever the reader shows.
    let read = format!("GET {content}.txt");
    assert_eq!(send(&read, "a", "").await.text(), "");
    put(&server, "txt", "words").await;
    assert_eq!(send(&read, "a", "").await.text(), "words");
    let make = |name: &str| format!("POST /documents?format=txt&name={name}");
    assert_eq!(send(&make("one"), "b", "text").await.status, 201);
    let other = send(&make("two"), "b", "text").await;
    assert_eq!((other.status, &*other.code()), (422, "key-reused"));
    // An answer that would take much room is given once; the key is free again.
    let convert = "POST /convert?from=md&to=html";
    let large = send(convert, "c", &"word ".repeat(IDEMPOTENCY_ANSWER / 5 + 1)).await;
    assert_eq!(large.status, 200);
    assert_eq!(send(convert, "c", "other").await.status, 200);
    let other = send(convert, "c", "another").await;
    assert_eq!((other.status, &*other.code()), (422, "key-reused"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_that_make_one_document_with_its_content_make_it_once() {
    let server = serve(None, "127.0.0.1:0").await;
    let line = "POST /documents?format=md&name=plan&kind=markdown";
    let make = |_| ask_with(&server, line, TEXT, b"content\n");
    let answers = futures_util::future::join_all((0..10).map(make)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 9, "{answers:?}");
    assert_eq!(says(&server, "md").await, "content\n");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_write_survives_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    markdown(&server).await;
    let seq = put(&server, "txt", "words").await.json()["seq"].clone();
    server.stop().await.expect("stops");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    assert_eq!(says(&server, "txt").await, "words");
    assert_eq!(ask(&server, "GET /documents/plan", "").await.json()["seq"], seq);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_seen_and_sent_away() {
    let server = serve(None, "127.0.0.1:0").await;
    markdown(&server).await;
    let mut stream = Events::of(&server, "documents/plan/events", "").await;
    assert_eq!(stream.next("presence").await.1["people"], json!([]));
    let ada = open(&server, "plan");
    ada.set_presence(Some(&json!({ "user": { "name": "Ada" } })));
    let seen = stream.next("presence").await.1;
    assert_eq!(seen["people"][0]["state"]["user"]["name"], "Ada");
    assert_eq!(seen["people"][0]["user"]["name"], "Ada");
    let present = ask(&server, "GET /documents/plan/presence", "").await.json();
    assert_eq!(present["people"][0]["state"]["user"]["name"], "Ada");
    drop(ada);

    let mut page = Page::new(7);
    page.connect(&server, "plan").await;
    page.synced().await;
    let mut all: Vec<Value> = Vec::new();
    while all.len() != 1 || all[0]["presence"] != json!([]) {
        let there = ask(&server, "GET /documents/plan/connections", "").await.json();
        all = there["connections"].as_array().expect("a list").clone();
    }
    assert_eq!(all[0]["access"], "owner");
    let line = format!("DELETE /documents/plan/connections/{}", all[0]["id"].as_str().unwrap());
    assert_eq!(ask(&server, &line, "").await.status, 204);
    assert_eq!(page.turned_away().await, 4403);
    let gone = ask(&server, &line, "").await;
    assert_eq!((gone.status, &*gone.code()), (404, "no-connection"));
    drop(page);
    server.stop().await.expect("stops");
}
