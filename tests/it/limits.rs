//! Bounds that only a request reaches: what is at a bound is taken, what is beyond it is told so.

use std::time::Duration;

use coscribe::{
    Builder, Server,
    limits::{
        HISTORY_PAGE, IDEMPOTENCY_KEY_LETTERS, IMPORT_BYTES, LANG_BYTES, LOG_CHANGE_MINUTES,
        Limits, RETENTION_DAYS, SAVED_FILE_BYTES, TEXT_EDITS, TITLE_UNITS, VERSION_NAME_LETTERS,
    },
};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{
    api::create,
    content::{markdown, put},
    harness::serve,
    http::{ask, ask_with, exchange},
};

/// Longer than anything takes, so that a test that waits in vain ends.
const PATIENCE: Duration = Duration::from_secs(20);

const JSON: &str = "content-type: application/json";

/// Starts a server with other bounds.
async fn limited(limits: Limits, change: impl FnOnce(Builder) -> Builder) -> Server {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = Server::builder().memory().listen(listen).limits(limits);
    change(server).build().await.expect("starts")
}

/// Asks at a bound and beyond it.
async fn both(server: &Server, line: &str, body: impl Fn(usize) -> String, bound: usize) {
    let taken = ask(server, line, &body(bound)).await;
    assert!(taken.status < 300, "{line} at {bound}: {}", taken.text());
    let refused = ask(server, line, &body(bound + 1)).await;
    assert_eq!((refused.status, &*refused.code()), (400, "bad-content"), "{line}");
    let told = refused.json()["detail"].as_str().expect("words").to_owned();
    assert!(told.contains(&bound.to_string()), "{line} does not tell its bound: {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_about_a_document_has_bounds_and_they_are_told() {
    let server = serve(None, "127.0.0.1:0").await;
    create(&server, &json!({ "name": "code", "kind": "code" })).await;
    let word = |key: &'static str| move |length| json!({ key: "x".repeat(length) }).to_string();
    both(&server, "PATCH /documents/code", word("title"), TITLE_UNITS).await;
    let code = |bytes| json!({ "kind": "code", "lang": "x".repeat(bytes) }).to_string();
    both(&server, "POST /documents", code, LANG_BYTES).await;
    markdown(&server).await;
    assert_eq!(put(&server, "txt", "words").await.status, 200);
    both(&server, "POST /documents/plan/versions", word("name"), VERSION_NAME_LETTERS).await;
    let days = RETENTION_DAYS as usize;
    let policy = |days| json!({ "policy": "days", "days": days }).to_string();
    both(&server, "PUT /documents/plan/history/retention", policy, days).await;
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_request_may_do_has_bounds_and_they_are_told() {
    let server = serve(None, "127.0.0.1:0").await;
    markdown(&server).await;
    assert_eq!(put(&server, "txt", "words").await.status, 200);
    let edits = |count| json!(vec![json!({ "at": 0, "insert": "x" }); count]).to_string();
    both(&server, "PATCH /documents/plan/content.txt", edits, TEXT_EDITS).await;
    for (limit, status) in [(0, 400), (1, 200), (HISTORY_PAGE, 200), (HISTORY_PAGE + 1, 400)] {
        let line = format!("GET /documents/plan/history/entries?limit={limit}");
        assert_eq!(ask(&server, &line, "").await.status, status, "{line}");
    }
    for (letters, status) in [(IDEMPOTENCY_KEY_LETTERS, 201), (IDEMPOTENCY_KEY_LETTERS + 1, 400)] {
        let headers = format!("{JSON}\r\nidempotency-key: {}", "k".repeat(letters));
        let answer = ask_with(&server, "POST /documents", &headers, b"{}").await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    // A server inside a program leaves logging to that, which is told where nothing is wrong.
    for (minutes, code) in [
        (0, "bad-content"),
        (LOG_CHANGE_MINUTES, "no-log"),
        (LOG_CHANGE_MINUTES + 1, "bad-content"),
    ] {
        let wanted = json!({ "filter": "debug", "minutes": minutes }).to_string();
        assert_eq!(ask(&server, "PUT /server/log", &wanted).await.code(), code, "{minutes}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_have_bounds_that_are_told_before_they_are_sent() {
    let server = serve(None, "127.0.0.1:0").await;
    for (query, kind, bound) in [
        ("?format=md", "text/markdown", IMPORT_BYTES),
        ("", "application/vnd.coscribe.document", SAVED_FILE_BYTES),
    ] {
        let head = format!(
            "POST /api/v1/documents{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            bound + 1
        );
        let answer = exchange(&server, head.as_bytes()).await;
        assert_eq!((answer.status, &*answer.code()), (413, "too-large"), "{kind}");
        assert!(answer.text().contains(&bound.to_string()), "{}", answer.text());
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_so_many_connections_and_no_more_also_behind_a_proxy() {
    let (most, proxy) = (2, "127.0.0.1".parse().expect("an address"));
    let limits = Limits { connections_per_address: most, ..Limits::default() };
    let server = limited(limits, |server| server.trust_proxy(proxy)).await;
    // One that lasts, by requests: what a proxy keeps open for many people is counted for nobody.
    let opens = async |client: &str| {
        let request = format!(
            "POST /sse/notes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/octet-stream\r\ncontent-length: 0\r\n\
             x-forwarded-for: 203.0.113.1, {client}\r\n\r\n"
        );
        exchange(&server, request.as_bytes()).await
    };
    for _ in 0..most {
        assert_eq!(opens("198.51.100.7").await.status, 201);
    }
    let refused = opens("198.51.100.7").await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("max-connections-per-address"), "{}", refused.text());
    assert!(refused.text().contains("try again soon"), "{}", refused.text());
    assert_eq!(opens("198.51.100.8").await.status, 201);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_in_the_middle_of_a_body_is_told_so() {
    let limits = Limits { body_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = limited(limits, |server| server).await;
    let request = "POST /api/v1/documents HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-type: application/json\r\ncontent-length: 2\r\n\r\n{";
    let answer = timeout(PATIENCE, exchange(&server, request.as_bytes())).await;
    let answer = answer.expect("is waited for, for ever");
    assert_eq!((answer.status, &*answer.code()), (408, "too-slow"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_files_are_on_their_way_in() {
    let server = serve(None, "127.0.0.1:0").await;
    let head = "POST /api/v1/documents?format=txt HTTP/1.1\r\nhost: localhost\r\n\
                content-type: text/plain\r\nx-coscribe: 1\r\ncontent-length: 1000000\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..Limits::default().uploads {
        let mut stream = TcpStream::connect(server.addresses()[0]).await.expect("open");
        stream.write_all(head.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    let large = vec![b'x'; 200_000];
    let headers = "content-type: text/plain\r\nx-coscribe: 1";
    let ask_for_room =
        async || ask_with(&server, "POST /documents?format=txt", headers, &large).await;
    // Those before may not have been noticed yet.
    let busy = loop {
        let answer = ask_for_room().await;
        if answer.status != 201 {
            break answer;
        }
    };
    assert_eq!((busy.status, &*busy.code()), (503, "busy"));
    assert!(busy.header("retry-after").is_some());
    drop(slow);
    while ask_for_room().await.status != 201 {}
    server.stop().await.expect("stops");
}
