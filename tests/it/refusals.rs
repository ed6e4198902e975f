//! What `/api/v1` refuses, and what it says then: nonsense, foreign pages, bodies and crowds without end.

use coscribe::limits::Limits;
use serde_json::json;

use crate::{
    api::create,
    harness::serve,
    http::{ask, ask_with, exchange},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_make_no_sense_are_told_why() {
    let server = serve(None, "127.0.0.1:0").await;
    let deep = "[".repeat(10_000);
    let nested = format!(r#"{{"title":{deep}"#);
    let long = json!({ "title": "x".repeat(201) }).to_string();
    for (line, body, status, code) in [
        ("GET /nowhere", "", 404, "no-address"),
        ("GET /documents/none", "", 404, "not-found"),
        ("PATCH /documents/none", r#"{"title":"x"}"#, 404, "not-found"),
        ("DELETE /documents/none", "", 404, "not-found"),
        ("POST /documents/none/restore", "", 404, "not-found"),
        ("POST /documents/none/duplicate", "", 404, "not-found"),
        ("GET /documents/none/export.md", "", 404, "not-found"),
        ("GET /documents/none/export.exe", "", 404, "no-format"),
        ("GET /documents/%2E%2E", "", 400, "bad-name"),
        ("GET /documents/a%00b", "", 400, "bad-name"),
        ("GET /documents/%ff", "", 400, "bad-name"),
        ("GET /documents?after=x", "", 400, "bad-content"),
        ("GET /documents?limit=x", "", 400, "bad-content"),
        ("POST /documents", r#"{"name":"a\nb"}"#, 400, "bad-name"),
        ("POST /documents", r#"{"kind":"film"}"#, 400, "bad-content"),
        ("POST /documents", r#"{"titel":"x"}"#, 400, "bad-content"),
        ("POST /documents", &nested, 400, "bad-content"),
        ("POST /documents", &deep, 400, "bad-content"),
        ("POST /documents", &long, 400, "bad-content"),
        ("POST /documents", "", 415, "wrong-content-type"),
        ("POST /documents?format=docx", "x", 400, "bad-content"),
        ("POST /convert?from=md", "x", 400, "bad-content"),
    ] {
        let answer = ask(&server, line, body).await;
        assert_eq!((answer.status, &*answer.code()), (status, code), "{line} {body:.40}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for (line, allowed) in [
        ("PUT /documents/x", "get, head, patch, delete"),
        ("DELETE /documents", "get, head, post"),
        ("GET /convert", "post"),
        ("POST /", "get, head"),
    ] {
        let answer = ask(&server, line, "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{line}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_page_can_neither_post_nor_delete() {
    let server = serve(None, "127.0.0.1:0").await;
    create(&server, &json!({ "name": "mine" })).await;
    let foreign = "origin: https://evil.example\r\ncontent-type: application/json";
    for line in ["POST /documents", "DELETE /documents/mine", "PATCH /documents/mine"] {
        let answer = ask_with(&server, line, foreign, b"{}").await;
        assert_eq!((answer.status, &*answer.code()), (403, "forbidden"), "{line}");
    }
    // A form, from a browser that says nothing about where it came from.
    for form in
        ["content-type: text/plain", "content-type: application/x-www-form-urlencoded", "a: b"]
    {
        for line in
            ["POST /documents", "POST /documents/mine/duplicate", "POST /documents?format=txt"]
        {
            let answer = ask_with(&server, line, form, b"{}").await;
            assert_eq!(
                (answer.status, &*answer.code()),
                (415, "wrong-content-type"),
                "{form} {line}"
            );
        }
    }
    // Reading needs nothing, and what is read cannot be read by a foreign page's script.
    let read = ask_with(&server, "GET /documents", "origin: https://evil.example", b"").await;
    assert_eq!((read.status, read.header("access-control-allow-origin")), (200, None));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_bounds_whether_or_not_they_say_how_long_they_are() {
    let server = serve(None, "127.0.0.1:0").await;
    let json = "content-type: application/json";
    let most = Limits::default().request_bytes;
    let large = vec![b' '; most + 1];
    let answer = ask_with(&server, "POST /documents", json, &large).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too-large"));
    let detail = answer.json()["detail"].as_str().expect("words").to_owned();
    let (sent, most) = (large.len().to_string(), most.to_string());
    assert!(detail.contains(&sent) && detail.contains(&most), "{detail}");

    let head = "POST /api/v1/documents HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 12, " ".repeat(1 << 12));
    let chunked = format!("{head}{}0\r\n\r\n", chunk.repeat(17));
    let answer = exchange(&server, chunked.as_bytes()).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too-large"));
    let chunked = format!("{head}2\r\n{{}}\r\n0\r\n\r\n");
    assert_eq!(exchange(&server, chunked.as_bytes()).await.status, 201);

    // A length that is announced and does not come is not waited for.
    let head = "POST /api/v1/documents?format=md HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-type: text/markdown\r\ncontent-length: 99999999999\r\n\r\n";
    let answer = exchange(&server, head.as_bytes()).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too-large"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_exports_at_once_are_served_or_asked_to_come_again() {
    let server = serve(None, "127.0.0.1:0").await;
    create(&server, &json!({ "name": "plan", "title": "Plan" })).await;
    let exports = (0..100).map(|_| ask(&server, "GET /documents/plan/export.yjs", ""));
    let answers = futures_util::future::join_all(exports).await;
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    for busy in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((busy.status, &*busy.code()), (503, "busy"));
        assert!(busy.header("retry-after").is_some());
    }
    assert!(served >= 4, "{served}");
    assert_eq!(ask(&server, "GET /documents/plan/export.yjs", "").await.status, 200);
    server.stop().await.expect("stops");
}
