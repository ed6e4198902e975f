//! Pasts that are not kept for ever: policies under `/api/v1`, and what is left of a document after a
//! cut, for those who read its past and for those who hold old copies.

use coscribe::{client::Status, server::Server};
use serde_json::{Value, json};

use crate::{
    harness::{open, serve, serve_with},
    http::{ask, ask_with},
};

async fn put(server: &Server, body: &Value) -> (u16, Value) {
    let head = "PUT /documents/plan/history/retention";
    let json = "content-type: application/json";
    let answer = ask_with(server, head, json, body.to_string().as_bytes()).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

async fn get(server: &Server, path: &str) -> (u16, Value) {
    let answer = ask(server, &format!("GET /documents/plan/{path}"), "").await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_has_a_policy_of_its_own_or_the_servers() {
    let server =
        serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0"), ("retention", "30d")]).await;
    let ada = open(&server, "plan");
    ada.edit(|text| text.push("one")).expect("may edit");
    ada.saved().await.expect("may edit");
    let servers = json!({ "policy": "days", "days": 30, "inherited": true, "begins": null });
    assert_eq!(get(&server, "history/retention").await, (200, servers.clone()));
    let own = json!({ "policy": "versions", "inherited": false, "begins": null });
    assert_eq!(put(&server, &json!({ "policy": "versions" })).await, (200, own.clone()));
    assert_eq!(get(&server, "history/retention").await, (200, own));
    for body in [json!({ "policy": "days" }), json!({ "policy": "never" }), json!(7)] {
        assert_eq!(put(&server, &body).await.0, 400, "{body}");
    }
    assert_eq!(put(&server, &json!({ "policy": "default" })).await, (200, servers));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_cut_versions_stay_the_rest_is_told_to_be_gone_and_old_copies_come_together() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("a path in UTF-8").to_owned();
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    let address = server.addresses()[0].to_string();
    let ada = open(&server, "plan");
    for words in ["one ", "two ", "three "] {
        ada.edit(|text| text.push(words)).expect("may edit");
        ada.saved().await.expect("may edit");
    }
    let version = ask_with(
        &server,
        "POST /documents/plan/versions",
        "content-type: application/json",
        br#"{"name":"Two","seq":2}"#,
    );
    assert_eq!(version.await.status, 201);
    let mut status = ada.status();
    server.stop().await.expect("stops");
    status
        .wait_for(|status| matches!(status, Status::Offline { .. }))
        .await
        .expect("still running");
    ada.edit(|text| text.delete(0, 4).expect("it is there")).expect("may edit");
    let settings = [("data", &data[..]), ("listen", &address), ("retention", "versions")];
    let server = serve_with(&settings).await;
    // The server looks at once when it starts.
    while get(&server, "history/retention").await.1["begins"].is_null() {
        tokio::task::yield_now().await;
    }
    ada.saved().await.expect("may edit");
    let linus = open(&server, "plan");
    linus.until(|text| text == "two three ").await.expect("welcome");

    let (status, entries) = get(&server, "history/entries").await;
    assert_eq!(status, 200);
    let begins = entries["begins"]["seq"].as_u64().expect("it is told where the past begins");
    assert!(begins >= 3, "{entries}");
    assert_eq!(entries["entries"][0]["seq"], begins);
    assert_eq!(get(&server, "history/1/export.txt").await.0, 410);
    let kept = ask(&server, "GET /documents/plan/history/2/export.txt", "").await;
    assert_eq!((kept.status, String::from_utf8_lossy(&kept.body).trim()), (200, "one two"));
    assert_eq!(get(&server, "history/changes?from=1&to=3").await.0, 410);
    assert_eq!(get(&server, "history?after=1").await.0, 410);
    let restore = |seq: u64| {
        let body = json!({ "seq": seq }).to_string();
        let server = &server;
        async move {
            let (head, json) =
                ("POST /documents/plan/history/restore", "content-type: application/json");
            ask_with(server, head, json, body.as_bytes()).await.status
        }
    };
    assert_eq!(restore(1).await, 410);
    assert_eq!(restore(2).await, 200);
    linus.until(|text| text == "one two ").await.expect("welcome");
    ada.until(|text| text == "one two ").await.expect("welcome");
    server.stop().await.expect("stops");
}
