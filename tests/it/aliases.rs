//! Other names of a document: they lead to it wherever it is asked for, and to nothing else.

use coscribe::{limits::ALIASES, server::Server};
use serde_json::json;

use crate::{
    api::create,
    harness::{open, serve, serve_with},
    http::{Answer, ask, ask_with, exchange},
    page::{Heard, Page},
};

const SECRET: &str = "a secret that only the tests' app knows";

async fn rename(server: &Server, old: &str, new: &str, keep: bool) -> Answer {
    let body = json!({ "name": new, "keep_old_name": keep }).to_string();
    ask(server, &format!("PATCH /documents/{old}"), &body).await
}

async fn aliases(server: &Server, name: &str) -> Vec<String> {
    let answer = ask(server, &format!("GET /documents/{name}/aliases"), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_value(answer.json()["aliases"].clone()).expect("a list of names")
}

async fn says(server: &Server, name: &str) -> String {
    let answer = ask(server, &format!("GET /documents/{name}/content.txt"), "").await;
    if answer.status == 200 { answer.text().to_owned() } else { answer.code() }
}

async fn text(server: &Server, name: &str, words: &str) {
    create(server, &json!({ "name": name, "kind": "markdown" })).await;
    let line = format!("PUT /documents/{name}/content.txt");
    let put = ask_with(server, &line, "x-coscribe: 1", words.as_bytes()).await;
    assert_eq!(put.status, 200, "{put:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_name_that_is_kept_leads_to_the_document_through_every_door_and_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    text(&server, "old", "words").await;
    let mut page = Page::new(7);
    page.connect(&server, "old").await;
    page.synced().await;
    let renamed = rename(&server, "old", "new", true).await;
    assert_eq!((renamed.status, &renamed.json()["name"]), (200, &json!("new")));
    assert_eq!(page.turned_away().await, 1012);
    // It comes back under the only name it knows, and neither it nor its copy is in the way.
    page.types(" of old").await;
    page.connect(&server, "old").await;
    page.synced().await;
    page.saved().await;
    assert_eq!(says(&server, "new").await, page.text());
    server.stop().await.expect("stops");

    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    assert_eq!(says(&server, "old").await, page.text());
    let info = ask(&server, "GET /documents/old", "").await.json();
    assert_eq!(info["name"], "new");
    let epoch = info["epoch"].as_str().expect("text").to_owned();
    // Our own page, with the copy it has and without, is at the same document.
    for query in ["coscribe=1".to_owned(), format!("coscribe=1&epoch={epoch}")] {
        let mut ours = Page::new(8);
        ours.connect(&server, &format!("old?{query}")).await;
        let Heard::Hello(hello) = ours.hears().await else { panic!("a greeting is due") };
        assert!(hello.contains(&epoch) && !hello.contains("renamed"), "{hello}");
        ours.synced().await;
        assert_eq!(ours.text(), page.text());
    }
    let client = open(&server, "old");
    client.synced().await.expect("synced");
    let inserted = client.edit(|text| text.insert(0, "More ")).expect("may edit");
    inserted.expect("a position");
    client.saved().await.expect("saved");
    assert!(says(&server, "new").await.starts_with("More "));
    let listed = ask(&server, "GET /documents", "").await.json();
    assert_eq!(listed["documents"].as_array().map(Vec::len), Some(1));
    assert_eq!(aliases(&server, "old").await, ["old"]);
    let sweet = exchange(
        &server,
        b"GET /y-sweet/d/old/as-update HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
    let whole = ask(&server, "GET /documents/new/export.yjs", "").await.body;
    assert_eq!(sweet.await.body, whole);
    client.close().await;
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_can_have_a_name_that_leads_to_a_document() {
    let server = serve(None, "127.0.0.1:0").await;
    text(&server, "plan", "one").await;
    text(&server, "other", "two").await;
    assert_eq!(ask(&server, "PUT /documents/plan/aliases/a%2Fb", "").await.status, 204);
    assert_eq!(ask(&server, "PUT /documents/plan/aliases/a%2Fb", "").await.status, 204);
    assert_eq!(says(&server, "a%2Fb").await, "one");
    for (line, body) in [
        ("POST /documents", r#"{"name":"a/b"}"#),
        ("POST /documents?format=txt&name=a%2Fb", "{}"),
        ("PATCH /documents/other", r#"{"name":"a/b"}"#),
        ("POST /documents/other/duplicate", r#"{"name":"a/b"}"#),
        ("PUT /documents/other/aliases/a%2Fb", ""),
        ("PUT /documents/plan/aliases/other", ""),
        ("PUT /documents/plan/aliases/plan", ""),
    ] {
        let taken = ask(&server, line, body).await;
        assert_eq!((taken.status, &*taken.code()), (409, "name-taken"), "{line}");
    }
    let foreign = ask(&server, "DELETE /documents/other/aliases/a%2Fb", "").await;
    assert_eq!((foreign.status, &*foreign.code()), (404, "no-alias"));
    ask(&server, "DELETE /documents/other", "").await;
    let taken = ask(&server, "PUT /documents/plan/aliases/other", "").await;
    assert_eq!((taken.status, &*taken.code()), (409, "in-bin"));
    assert_eq!(aliases(&server, "plan").await, ["a/b"]);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_at_a_name_for_a_document_to_begin_is_led_on_when_the_name_leads_somewhere() {
    let server = serve(None, "127.0.0.1:0").await;
    text(&server, "plan", "one").await;
    let mut page = Page::new(7);
    page.connect(&server, "soon").await;
    page.synced().await;
    assert_eq!(ask(&server, "PUT /documents/plan/aliases/soon", "").await.status, 204);
    assert_eq!(page.turned_away().await, 1012);
    page.connect(&server, "soon").await;
    page.synced().await;
    assert_eq!(page.text(), "one");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_follows_renames_and_ends_with_what_it_leads_to_or_when_it_is_ended() {
    let server = serve(None, "127.0.0.1:0").await;
    text(&server, "plan", "one").await;
    assert_eq!(rename(&server, "plan", "plan-2", true).await.status, 200);
    assert_eq!(rename(&server, "plan-2", "plan-3", true).await.status, 200);
    assert_eq!(aliases(&server, "plan").await, ["plan", "plan-2"]);
    // Back to a name that leads to itself, which then is no alias any more.
    assert_eq!(rename(&server, "plan-3", "plan", false).await.status, 200);
    assert_eq!(aliases(&server, "plan-2").await, ["plan-2"]);
    assert_eq!(says(&server, "plan-3").await, "not-found");
    assert_eq!(rename(&server, "plan", "last", false).await.status, 200);
    assert_eq!(says(&server, "plan").await, "not-found");

    assert_eq!(ask(&server, "DELETE /documents/last/aliases/plan-2", "").await.status, 204);
    let none = ask(&server, "DELETE /documents/last/aliases/plan-2", "").await;
    assert_eq!((none.status, &*none.code()), (404, "no-alias"));
    assert_eq!(says(&server, "plan-2").await, "not-found");

    ask(&server, "PUT /documents/last/aliases/x", "").await;
    ask(&server, "DELETE /documents/x", "").await;
    assert_eq!(says(&server, "x").await, "in-bin");
    let taken = ask(&server, "POST /documents", r#"{"name":"x"}"#).await;
    assert_eq!((taken.status, &*taken.code()), (409, "name-taken"));
    assert_eq!(ask(&server, "DELETE /documents/x?forever=1", "").await.status, 204);
    text(&server, "x", "anew").await;
    assert_eq!(says(&server, "x").await, "anew");
    let alone = ask(&server, "PATCH /documents/x", r#"{"keep_old_name":true}"#).await;
    assert_eq!((alone.status, &*alone.code()), (400, "bad-content"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_has_a_bounded_number_of_other_names() {
    let server = serve(None, "127.0.0.1:0").await;
    text(&server, "plan", "one").await;
    for number in 0..ALIASES {
        let line = format!("PUT /documents/plan/aliases/a{number}");
        assert_eq!(ask(&server, &line, "").await.status, 204, "{number}");
    }
    let full = ask(&server, "PUT /documents/plan/aliases/more", "").await;
    assert_eq!((full.status, &*full.code()), (409, "too-many-aliases"));
    let full = rename(&server, "plan", "new", true).await;
    assert_eq!((full.status, &*full.code()), (409, "too-many-aliases"));
    assert_eq!(says(&server, "plan").await, "one");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_may_do_follows_from_the_name_of_the_document_and_not_from_an_alias() {
    let settings = [("memory", "true"), ("listen", "127.0.0.1:0"), ("auth-secret", SECRET)];
    let server = serve_with(&settings).await;
    let token = |documents: serde_json::Value| {
        let key = coscribe::auth::token::SigningKey::new(SECRET.as_bytes()).expect("a key");
        let claims = json!({ "exp": 99_999_999_999_u64, "documents": documents });
        key.sign(None, claims.as_object().expect("an object")).expect("signs")
    };
    let as_who = async |token: &str, line: &str, body: &str| {
        let headers = format!("content-type: application/json\r\nauthorization: Bearer {token}");
        ask_with(&server, line, &headers, body.as_bytes()).await
    };
    let all = token(json!({ "*": "owner" }));
    as_who(&all, "POST /documents", r#"{"name":"public","kind":"markdown"}"#).await;
    let body = r#"{"name":"secret","keep_old_name":true}"#;
    assert_eq!(as_who(&all, "PATCH /documents/public", body).await.status, 200);

    // Who may do everything under the old name, and nothing with the document.
    let old = token(json!({ "public*": "owner" }));
    for line in [
        "GET /documents/public",
        "GET /documents/public/content.txt",
        "GET /documents/public/aliases",
        "GET /documents/public/events",
        "DELETE /documents/public",
    ] {
        let refused = as_who(&old, line, "").await;
        let missing = as_who(&old, &line.replace("public", "elsewhere"), "").await;
        assert_eq!((refused.status, refused.text()), (404, missing.text()), "{line}");
    }
    let mut page = Page::new(7);
    page.connect(&server, &format!("public?token={old}")).await;
    assert_eq!(page.turned_away().await, 4403);
    let new = token(json!({ "secret": "view" }));
    assert_eq!(as_who(&new, "GET /documents/public", "").await.status, 200);
    page.connect(&server, &format!("public?token={new}")).await;
    page.synced().await;
    // To give a name takes the right to both.
    let owner = token(json!({ "secret": "owner", "public*": "view" }));
    let refused = as_who(&owner, "PUT /documents/secret/aliases/public-2", "").await;
    assert_eq!((refused.status, &*refused.code()), (403, "forbidden"));
    drop(page);
    server.stop().await.expect("stops");
}
