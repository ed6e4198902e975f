//! What only those may who run the server: owning every document is not that.

use coscribe::{
    limits::{SERVER_DOCUMENTS, SERVER_STREAMS},
    server::Server,
};
use serde_json::{Value, json};

use super::{
    listening::listen,
    who::{CONTENT, SECRET, ask_as, bytes, guarded, now, signed, write},
};
use crate::{
    harness::{open, serve_with},
    http::{Answer, ask, ask_with, exchange, exchange_at, get},
};

/// What is asked with which body, and what is answered to who runs the server.
const ROUTES: &[(&str, &str, u16)] = &[
    ("GET /server", "", 200),
    ("GET /server/stats?span=1h", "", 200),
    ("GET /server/events", "", 200),
    ("GET /server/documents/secret", "", 404),
    ("POST /server/documents/secret/unload", "{}", 404),
    ("DELETE /server/connections/99999", "", 404),
    // The program that the tests run in has a log of its own.
    ("GET /server/log", "", 409),
    ("PUT /server/log", r#"{"filter":"debug"}"#, 409),
];

/// A token with this claim beside the right to every document.
pub(super) fn claiming(admin: Option<Value>) -> String {
    let mut claims = json!({ "sub": "ops", "exp": now() + 600, "documents": { "*": "owner" } });
    if let Some(admin) = admin {
        claims["admin"] = admin;
    }
    signed(SECRET, &claims)
}

async fn asked(server: &Server, method: &str, lines: &str) -> Answer {
    let head = format!(
        "{method} /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{lines}\r\n"
    );
    exchange(server, head.as_bytes()).await
}

async fn metrics(server: &Server, lines: &str) -> Answer {
    asked(server, "GET", lines).await
}

fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_numbers_are_for_a_token_that_says_so_and_for_no_other() {
    let server = guarded().await;
    write(&server, "secret").await;
    assert_eq!(metrics(&server, "").await.status, 401);
    for (claim, expected) in [
        (None, 403),
        (Some(json!(false)), 403),
        // Not what the claim should be: the whole token counts for nothing.
        (Some(json!("true")), 401),
        (Some(json!(1)), 401),
        (Some(json!({})), 401),
        (Some(json!(null)), 401),
    ] {
        let token = claiming(claim.clone());
        let shown = format!("authorization: Bearer {token}\r\n");
        assert_eq!(metrics(&server, &shown).await.status, expected, "{claim:?}");
    }
    let shown = format!("authorization: Bearer {}\r\n", claiming(Some(json!(true))));
    let answer = metrics(&server, &shown).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    assert!(text.contains("\ncoscribe_ready 1\n"), "{text}");
    assert!(!text.contains("secret"), "names of documents are no numbers: {text}");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_an_open_server_are_for_who_sits_at_the_machine() {
    let server = serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0")]).await;
    assert_eq!(metrics(&server, "").await.status, 200);
    assert_eq!(metrics(&server, "x-forwarded-for: 192.0.2.1\r\n").await.status, 403);
    assert_eq!(asked(&server, "POST", "").await.status, 405);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_follow_an_edit_from_its_arrival_to_the_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path in UTF-8");
    let server = serve_with(&[("data", path), ("listen", "127.0.0.1:0")]).await;
    let (ada, linus) = (open(&server, "notes"), open(&server, "notes"));
    linus.synced().await.expect("welcome");
    ada.synced().await.expect("welcome");
    for number in 0..20 {
        ada.edit(|text| text.push(&format!("{number} "))).expect("may edit");
        ada.saved().await.expect("may edit");
    }
    let text = ada.text();
    linus.until(|seen| seen == text).await.expect("welcome");
    let told = metrics(&server, "").await.text().to_owned();
    let now = |name: &str| value(&told, name);
    assert_eq!(now("coscribe_updates_received_total"), 20.0);
    assert_eq!(now("coscribe_updates_sent_total"), 20.0);
    assert_eq!(now("coscribe_delivery_seconds_count"), 20.0);
    assert_eq!(now("coscribe_save_seconds_count"), 20.0);
    assert_eq!(now("coscribe_unsaved_edits"), 0.0);
    assert!(now("coscribe_journal_commit_seconds_count") >= 20.0);
    assert!(
        now("coscribe_journal_bytes_written_total") > now("coscribe_update_bytes_received_total")
    );
    assert_eq!(now("coscribe_connections"), 2.0);
    assert_eq!(now("coscribe_sessions{dialect=\"coscribe\"}"), 2.0);
    assert_eq!(now("coscribe_documents_open"), 1.0);
    assert_eq!(now("coscribe_http_requests_total{route=\"socket\",status=\"1xx\"}"), 2.0);
    ada.close().await;
    linus.close().await;
    loop {
        let told = metrics(&server, "").await.text().to_owned();
        let left = value(&told, "coscribe_connections_closed_total{reason=\"left\"}");
        if left == 2.0 {
            assert_eq!(value(&told, "coscribe_connections"), 0.0);
            break;
        }
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_what_the_server_does_is_for_a_token_that_says_so_and_for_no_other() {
    let server = guarded().await;
    write(&server, "secret").await;
    let unloaded = async {
        // Reading loads nothing, so that there is something to look for only while somebody is here.
        bytes(&server, "secret").await.expect("is there")
    };
    let before = unloaded.await;
    let (owner, admin) = (claiming(None), claiming(Some(json!(true))));
    for (line, body, expected) in ROUTES {
        for (token, expected) in [("", 401), (&owner[..], 403), (&admin[..], *expected)] {
            let answer = if line.ends_with("/events") {
                listen(&server, token, line).await.0
            } else {
                ask_as(&server, token, line, body).await
            };
            let loaded = expected == 404 && [200, 204].contains(&answer.status);
            assert!(answer.status == expected || loaded, "{line} {expected}: {}", answer.text());
            assert!(!answer.text().contains(CONTENT), "{line}");
            assert!(token == admin || !answer.text().contains("coscribe::"), "{line}");
        }
    }
    assert_eq!(bytes(&server, "secret").await.as_ref(), Ok(&before));
    let contract = ask_as(&server, "", "GET /openapi.json", "").await.json();
    for (path, operations) in contract["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let path = path.trim_start_matches("/api/v1").replace("{name}", "secret");
            let promised = format!("{} {}", method.to_uppercase(), path.replace("{id}", "99999"));
            let known = ROUTES.iter().any(|(line, ..)| line.split('?').next() == Some(&promised));
            assert_eq!(operation["x-coscribe-needs"] == "admin", known, "{promised}");
        }
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_unloaded_or_hung_up_on_loses_nothing() {
    let server = serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0")]).await;
    let (ada, linus) = (open(&server, "notes"), open(&server, "notes"));
    ada.edit(|text| text.push("one ")).expect("may edit");
    ada.saved().await.expect("may edit");
    linus.until(|seen| seen == "one ").await.expect("welcome");

    let told = ask(&server, "GET /server/documents/notes", "").await.json();
    let sessions = told["sessions"].as_array().expect("sessions").clone();
    assert_eq!(sessions.len(), 2);
    assert_eq!((&sessions[0]["waiting"], &sessions[0]["behind"]), (&json!(0), &Value::Null));

    assert_eq!(ask(&server, "POST /server/documents/notes/unload", "").await.status, 204);
    // Both come back by themselves.
    ada.edit(|text| text.push("two")).expect("may edit");
    ada.saved().await.expect("may edit");
    assert_eq!(linus.until(|seen| seen == "one two").await.expect("welcome"), "one two");

    let told = ask(&server, "GET /server/documents/notes", "").await.json();
    for session in told["sessions"].as_array().expect("sessions") {
        let line = format!("DELETE /server/connections/{}", session["id"].as_str().expect("an id"));
        assert_eq!(ask(&server, &line, "").await.status, 204);
    }
    let sent_away = linus.until(|_| false).await.expect_err("is told not to come back");
    assert!(sent_away.to_string().contains("sent away"), "{sent_away}");
    assert_eq!(ask(&server, "POST /server/documents/nothing/unload", "").await.status, 404);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_each_second_what_moves() {
    let server = serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0")]).await;
    let ada = open(&server, "notes");
    ada.edit(|text| text.push("one ")).expect("may edit");
    ada.saved().await.expect("may edit");
    let (answer, mut told) = listen(&server, "", "GET /server/events").await;
    assert_eq!(answer.status, 200);
    let second = told.until("\"name\":\"notes\"").await;
    assert!(second.contains("\"people\":1"), "{second}");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_have_places_of_their_own() {
    let server = serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0")]).await;
    let mut streams = Vec::new();
    for _ in 0..SERVER_STREAMS {
        let (answer, told) = listen(&server, "", "GET /server/events").await;
        assert_eq!(answer.status, 200);
        streams.push(told);
    }
    assert_eq!(listen(&server, "", "GET /server/events").await.0.status, 503);
    assert_eq!(listen(&server, "", "GET /events").await.0.status, 200, "others have theirs");
    drop(streams);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_documents_the_busiest_are_told() {
    let server = serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0")]).await;
    let mut clients = Vec::new();
    for number in 0..=SERVER_DOCUMENTS {
        let client = open(&server, &format!("document {number}"));
        client.edit(|text| text.push("one ")).expect("may edit");
        client.saved().await.expect("may edit");
        clients.push(client);
    }
    let (_, mut told) = listen(&server, "", "GET /server/events").await;
    let second = told.event("\"name\":\"document").await;
    assert_eq!(second.matches("\"name\":\"document").count(), SERVER_DOCUMENTS);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_for_admins_asks_nobody_on_this_machine_and_has_no_documents() {
    let (listen, admin) = (("listen", "127.0.0.1:0"), ("admin-listen", "127.0.0.1:0"));
    let server = serve_with(&[("memory", "true"), listen, admin, ("auth-secret", SECRET)]).await;
    write(&server, "secret").await;
    let address = server.admin_addresses()[0];
    for (path, expected) in [
        ("/metrics", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/api/v1/server", 200),
        ("/api/v1/server/stats", 200),
        ("/", 404),
        ("/d/secret", 404),
        ("/api/v1", 404),
        ("/api/v1/documents", 404),
        ("/api/v1/documents/secret/content.txt", 404),
        ("/ws/secret", 404),
    ] {
        let answer = get(address, path).await;
        assert_eq!(answer.status, expected, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert!(!String::from_utf8_lossy(&answer.body).contains(CONTENT), "{path}");
    }
    // What a proxy on this machine passes on may come from anywhere; numbers are for scrapers.
    for (path, expected) in [("/metrics", 200), ("/api/v1/server", 401)] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-forwarded-for: 192.0.2.1\r\n\r\n"
        );
        assert_eq!(exchange_at(address, head.as_bytes()).await.status, expected, "{path}");
    }
    // A page of another site, in the browser of who sits here.
    let unload = "POST /api/v1/server/documents/secret/unload HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\nx-coscribe: 1\r\norigin: https://evil.example\r\n\r\n";
    assert_eq!(exchange_at(address, unload.as_bytes()).await.status, 403);
    let rebound = "GET /api/v1/server HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(exchange_at(address, rebound.as_bytes()).await.status, 421);
    let elsewhere = ask_with(&server, "GET /server", "x-coscribe: 1", b"").await;
    assert_eq!(elsewhere.status, 401);
    server.stop().await.expect("stops");
}
