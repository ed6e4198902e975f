//! Versions, and going back to them while others type and some are away.

use coscribe::{
    ids::{DocumentId, Seq},
    server::Server,
};
use serde_json::{Value, json};

use crate::{
    api::create,
    harness::serve,
    http::{Answer, ask, ask_with},
    page::Page,
};

async fn typed(server: &Server, name: &str, client: u64, words: &[&str]) -> Page {
    let mut page = Page::new(client);
    page.connect(server, name).await;
    page.synced().await;
    for word in words {
        page.types(word).await;
    }
    page.saved().await;
    page
}

async fn versions(server: &Server, name: &str) -> Vec<Value> {
    let list = ask(server, &format!("GET /documents/{name}/versions"), "").await;
    assert_eq!(list.status, 200, "{list:?}");
    list.json()["versions"].as_array().expect("a list").clone()
}

async fn as_mia(server: &Server, line: &str, body: &Value) -> Answer {
    let headers = "content-type: application/json\r\nx-coscribe-name: Mia";
    ask_with(server, line, headers, body.to_string().as_bytes()).await
}

async fn last(server: &Server, name: &str) -> (DocumentId, Seq) {
    let info = ask(server, &format!("GET /documents/{name}"), "").await.json();
    let id = DocumentId::parse(info["epoch"].as_str().expect("text")).expect("an epoch");
    let past = server.documents().store().history(id, Seq(0), usize::MAX).await.expect("reads");
    (id, past.last().expect("an entry").seq)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moments_are_named_listed_renamed_and_forgotten_and_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    let page = typed(&server, "plan", 7, &["one ", "two ", "three "]).await;
    let line = "POST /documents/plan/versions";
    let made = as_mia(&server, line, &json!({ "name": " Draft ", "seq": 2 })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!(
        (&made["name"], &made["seq"], &made["automatic"]),
        (&json!("Draft"), &json!(2), &json!(false))
    );
    assert_eq!(made["author"], json!({ "kind": "claimed", "id": "", "name": "Mia" }));
    assert_eq!(
        (&made["size"], &made["change"]),
        (&json!(8), &json!({ "inserted": 8, "deleted": 0 }))
    );
    let long = json!({ "name": "x".repeat(101) });
    assert_eq!(as_mia(&server, line, &long).await.status, 400);
    let now = as_mia(&server, line, &json!({ "name": "Now" })).await.json();
    assert_eq!((&now["seq"], &now["change"]["inserted"]), (&json!(3), &json!(6)));
    assert!(now["time"].as_u64() >= made["time"].as_u64());
    let names = |all: &[Value]| all.iter().map(|it| it["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&versions(&server, "plan").await), ["Now", "Draft"]);
    drop(page);
    server.stop().await.expect("stops");

    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    assert_eq!(versions(&server, "plan").await, [now.clone(), made.clone()]);
    let one = format!("/documents/plan/versions/{}", made["id"].as_str().expect("an id"));
    let renamed = ask(&server, &format!("PATCH {one}"), r#"{"name":"First"}"#).await;
    assert_eq!((renamed.status, &renamed.json()["name"]), (200, &json!("First")));
    assert_eq!(ask(&server, &format!("DELETE {one}"), "").await.status, 204);
    assert_eq!(names(&versions(&server, "plan").await), ["Now"]);
    for (line, body, status, code) in [
        (format!("DELETE {one}"), "", 404, "no-version"),
        (format!("PATCH {one}"), r#"{"name":"x"}"#, 404, "no-version"),
        ("DELETE /documents/plan/versions/..%2Fcard".to_owned(), "", 404, "no-version"),
        (line.to_owned(), r#"{"name":"  "}"#, 400, "bad-content"),
        (line.to_owned(), r#"{"name":"x","seq":4}"#, 404, "no-entry"),
        (line.to_owned(), r#"{"name":"x","seq":0}"#, 404, "no-entry"),
        ("POST /documents/none/versions".to_owned(), r#"{"name":"x"}"#, 404, "not-found"),
        ("GET /documents/none/versions".to_owned(), "", 404, "not-found"),
        ("POST /documents/plan/history/restore".to_owned(), r#"{"seq":9}"#, 404, "no-entry"),
        ("POST /documents/none/history/restore".to_owned(), r#"{"seq":1}"#, 404, "not-found"),
        ("POST /documents/plan/history/copy".to_owned(), r#"{"seq":9}"#, 404, "no-entry"),
    ] {
        let refused = ask(&server, &line, body).await;
        assert_eq!((refused.status, &*refused.code()), (status, code), "{line}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_ends_with_what_was_restored_and_what_was_typed_meanwhile_and_afar() {
    let server = serve(None, "127.0.0.1:0").await;
    let text = "First the plan.\nThen the work.\nThen the party.\n";
    let mut ada = typed(&server, "plan", 7, &[text]).await;
    let mut away = typed(&server, "plan", 9, &[]).await;
    let mut bob = typed(&server, "plan", 8, &[]).await;
    away.leaves();
    let (id, then) = last(&server, "plan").await;
    away.edits(|edit| edit.insert(20, " [from afar]").expect("in range")).await;
    ada.edits(|edit| edit.delete(0, 31).expect("in range")).await;
    ada.edits(|edit| edit.insert(0, "Nonsense! ").expect("in range")).await;
    ada.saved().await;
    bob.reads(|text| text == "Nonsense! Then the party.\n").await;

    let restore = json!({ "seq": then });
    let typing = async {
        for number in 0..20 {
            ada.types(&format!("a{number} ")).await;
            bob.types(&format!("b{number} ")).await;
        }
        ada.saved().await;
        bob.saved().await;
    };
    let asked = as_mia(&server, "POST /documents/plan/history/restore", &restore);
    let (restored, ()) = tokio::join!(asked, typing);
    assert_eq!(restored.status, 200, "{restored:?}");
    let seq = restored.json()["seq"].as_u64().expect("a seq");
    let found = server.documents().store().history(id, Seq(seq - 1), 1).await.expect("reads");
    let author = &found[0].entry.author;
    assert_eq!((found[0].seq.0, &*author.name), (seq, "Mia"), "it is durable and hers");

    away.connect(&server, "plan").await;
    away.synced().await;
    away.saved().await;
    // What was typed while it was restored may have been there when the document was read, and is
    // then gone with the rest; what was typed after it stays.
    ada.types("late a ").await;
    bob.types("late b ").await;
    ada.saved().await;
    bob.saved().await;
    let reader = typed(&server, "plan", 10, &[]).await;
    let all = reader.text();
    for page in [&mut ada, &mut bob, &mut away] {
        page.reads(|text| text == all).await;
    }
    let mut rest = all.clone();
    for late in [" [from afar]", "late a ", "late b "] {
        assert_eq!(all.matches(late).count(), 1, "{late:?} in {all:?}");
        rest = rest.replace(late, "");
    }
    for number in 0..20 {
        rest = rest.replace(&format!("a{number} "), "").replace(&format!("b{number} "), "");
    }
    assert_eq!(rest, text);

    // Once more: it says that already.
    ada.leaves();
    bob.leaves();
    let (_, before) = last(&server, "plan").await;
    let again =
        as_mia(&server, "POST /documents/plan/history/restore", &json!({ "seq": before })).await;
    assert_eq!((again.status, &again.json()["seq"]), (200, &json!(before)));
    assert_eq!(last(&server, "plan").await.1, before, "an edit that changes nothing is none");
    drop((ada, bob, away, reader));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moment_becomes_a_document_of_its_own() {
    let server = serve(None, "127.0.0.1:0").await;
    let name = create(&server, &json!({ "title": "Plan", "kind": "markdown" })).await;
    let mut page = typed(&server, &name, 7, &["one ", "two "]).await;
    let (_, last) = last(&server, &name).await;
    let line = format!("POST /documents/{name}/history/copy");
    let copy = as_mia(&server, &line, &json!({ "seq": last.0 - 1, "title": "Fork" })).await;
    assert_eq!(copy.status, 201, "{copy:?}");
    let copy = copy.json();
    assert_eq!((&copy["title"], &copy["kind"]), (&json!("Fork"), &json!("markdown")));
    page.types("three").await;
    page.saved().await;
    let fork = copy["name"].as_str().expect("a name").to_owned();
    let other = typed(&server, &fork, 8, &["and a half"]).await;
    assert_eq!(other.text(), "one and a half");
    assert_eq!(page.text(), "one two three");
    drop((page, other));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_rich_document_keeps_its_marks_and_its_title() {
    let server = serve(None, "127.0.0.1:0").await;
    let markdown = "content-type: text/markdown\r\nx-coscribe-name: Mia";
    let text = "# Plan\n\nBuy **milk** and [bread](https://example.org)\n\n- one\n- two\n\n| a | b |\n| - | - |\n| c | d |\n";
    let line = "POST /documents?format=md&name=plan&title=Before";
    assert_eq!(ask_with(&server, line, markdown, text.as_bytes()).await.status, 201);
    let before = ask(&server, "GET /documents/plan/export.json", "").await.json();
    // A new document in its place within the old one: everything is deleted, other things come.
    let (_, then) = last(&server, "plan").await;
    let empty = ask(&server, "POST /documents", r#"{"name":"empty"}"#).await;
    assert_eq!(empty.status, 201);
    let plan = server.documents().get(&coscribe::ids::DocumentName::new("plan").expect("a name"));
    let now = plan.state().await.expect("loaded").expect("is there");
    let bare = ask(&server, "GET /documents/empty/export.yjs", "").await.body;
    let client = coscribe::ids::ClientId(77);
    let cleared = coscribe::crdt::content::restore(&now, &bare, client).expect("restored");
    let author = coscribe::identity::Author::server("");
    plan.apply(cleared.expect("an edit"), author).await.expect("durable");
    ask(&server, "PATCH /documents/plan", r#"{"title":"After"}"#).await;
    let cleared = ask(&server, "GET /documents/plan/export.md", "").await.body;
    assert_eq!(String::from_utf8(cleared).expect("UTF-8").trim(), "");

    let restored =
        as_mia(&server, "POST /documents/plan/history/restore", &json!({ "seq": then })).await;
    assert_eq!(restored.status, 200, "{restored:?}");
    let after = ask(&server, "GET /documents/plan/export.json", "").await.json();
    assert_eq!(after["content"], before["content"]);
    let info = ask(&server, "GET /documents/plan", "").await.json();
    assert_eq!(info["title"], "After", "what it says about itself is no part of the past's text");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_travel_with_a_saved_document() {
    let (here, there) = (serve(None, "127.0.0.1:0").await, serve(None, "127.0.0.1:0").await);
    let page = typed(&here, "plan", 7, &["one ", "two ", "three "]).await;
    for (name, seq) in [("Late", 3), ("Early", 1)] {
        let body = json!({ "name": name, "seq": seq });
        assert_eq!(as_mia(&here, "POST /documents/plan/versions", &body).await.status, 201);
    }
    let file = ask(&here, "GET /documents/plan/export.coscribe", "").await;
    let media_type = "content-type: application/vnd.coscribe.document";
    let made = ask_with(&there, "POST /documents?name=moved", media_type, &file.body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let told = |all: Vec<Value>| -> Vec<Value> {
        let keys = ["name", "seq", "time", "automatic", "size", "change"];
        all.iter().map(|it| keys.map(|key| it[key].clone()).into()).collect()
    };
    let (before, after) = (versions(&here, "plan").await, versions(&there, "moved").await);
    assert_eq!(told(before), told(after.clone()));
    assert_eq!((after.len(), &after[0]["author"]["name"]), (2, &json!("Mia")));
    let restored = json!({ "seq": after[1]["seq"] });
    let restored = as_mia(&there, "POST /documents/moved/history/restore", &restored).await;
    assert_eq!(restored.status, 200, "{restored:?}");
    let reader = typed(&there, "moved", 8, &[]).await;
    assert_eq!(reader.text(), "one ");
    drop((page, reader));
    here.stop().await.expect("stops");
    there.stop().await.expect("stops");
}
