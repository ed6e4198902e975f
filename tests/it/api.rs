//! Documents under `/api/v1`, used beside people who have them open: what is told, kept and refused.

use std::path::Path;

use coscribe::server::Server;
use serde_json::{Value, json};

use crate::{
    harness::serve,
    http::{ask, ask_with, exchange},
    page::{Heard, Page},
};

async fn titles(server: &Server, query: &str) -> Vec<String> {
    let list = ask(server, &format!("GET /documents?{query}"), "").await;
    assert_eq!(list.status, 200, "{list:?}");
    let list = list.json();
    let title = |info: &Value| info["title"].as_str().expect("a title").to_owned();
    let mut titles: Vec<_> =
        list["documents"].as_array().expect("a list").iter().map(title).collect();
    // What was made in the same millisecond has no order that a test could know.
    titles.sort_unstable();
    titles
}

async fn create(server: &Server, body: &Value) -> String {
    let made = ask(server, "POST /documents", &body.to_string()).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["name"].as_str().expect("a name").to_owned()
}

/// The update of a client that has never written before: it sets a text in `meta`.
fn meta_update(client: u8, key: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).expect("short");
    let mut update = vec![1, 1, client, 0, 0x28, 1, 4];
    update.extend_from_slice(b"meta");
    update.push(length(key));
    update.extend_from_slice(key.as_bytes());
    update.extend([1, 119, length(value)]);
    update.extend_from_slice(value.as_bytes());
    update.push(0);
    update
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_document_is_there_with_everything_said_about_it() {
    let server = serve(None, "127.0.0.1:0").await;
    let body = json!({ "name": "a/b c", "title": " Grüße ", "kind": "code", "lang": "rust" });
    let made = ask(&server, "POST /documents", &body.to_string()).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/v1/documents/a%2fb%20c")));
    let info = ask(&server, "GET /documents/a%2Fb%20c", "").await;
    assert_eq!((info.status, info.header("cache-control")), (200, Some("no-store")));
    let info = info.json();
    assert_eq!(info, made.json());
    let told = (&info["title"], &info["kind"], &info["lang"], &info["deleted"]);
    assert_eq!(told, (&json!("Grüße"), &json!("code"), &json!("rust"), &Value::Null));
    assert_eq!((&info["name"], &info["people"]), (&json!("a/b c"), &json!(0)));

    let again = ask(&server, "POST /documents", &body.to_string()).await;
    assert_eq!((again.status, &*again.code()), (409, "name-taken"));
    let nameless = create(&server, &json!({})).await;
    assert!(nameless.len() == 22 && nameless.chars().all(char::is_alphanumeric), "{nameless}");
    assert_eq!(titles(&server, "").await, ["", "Grüße"]);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_set_by_a_request_reaches_everybody_and_one_set_by_a_person_the_list() {
    let server = serve(None, "127.0.0.1:0").await;
    let name = create(&server, &json!({ "title": "One" })).await;
    let mut page = Page::new(7);
    page.connect(&server, &name).await;
    page.synced().await;
    let info = ask(&server, &format!("GET /documents/{name}"), "").await.json();
    assert_eq!(info["people"], 1);

    let change = json!({ "title": "Two" }).to_string();
    let headers = "content-type: application/json\r\nx-coscribe-name: Zo%C3%AB";
    let line = format!("PATCH /documents/{name}");
    let changed = ask_with(&server, &line, headers, change.as_bytes()).await;
    assert_eq!((changed.status, &changed.json()["title"]), (200, &json!("Two")));
    let Heard::Update(update) = page.hears().await else { panic!("an update is due") };
    assert!(update.windows(3).any(|it| it == b"Two"));
    let id = coscribe::ids::DocumentId::parse(info["epoch"].as_str().expect("text"));
    let store = server.documents().store();
    let past = store.history(id.expect("an epoch"), coscribe::ids::Seq(0), 10_000).await;
    let past = past.expect("reads");
    let authors: Vec<_> = past.iter().map(|it| &*it.entry.author.name).collect();
    assert_eq!(authors, ["", "Zoë"]);

    let other = create(&server, &json!({})).await;
    let mut page = Page::new(8);
    page.connect(&server, &other).await;
    page.synced().await;
    page.says(&meta_update(9, "title", "Three")).await;
    page.saved().await;
    assert_eq!(titles(&server, "query=thr").await, ["Three"]);
    drop((page,));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_left_open_does_not_bring_a_deleted_document_back() {
    let server = serve(None, "127.0.0.1:0").await;
    let mut page = Page::new(7);
    page.connect(&server, "plan").await;
    page.synced().await;
    page.types("secret").await;
    page.saved().await;
    assert_eq!(ask(&server, "DELETE /documents/plan", "").await.status, 204);
    assert_eq!(page.turned_away().await, 4404);
    page.types(" more").await;
    page.connect(&server, "plan").await;
    assert_eq!(page.turned_away().await, 4404);
    let read = ask(&server, "GET /documents/plan", "").await;
    assert_eq!((read.status, &*read.code()), (410, "in-bin"));
    let taken = ask(&server, "POST /documents", r#"{"name":"plan"}"#).await;
    assert_eq!((taken.status, &*taken.code()), (409, "in-bin"));

    assert_eq!(ask(&server, "DELETE /documents/plan?forever=1", "").await.status, 204);
    page.connect(&server, "plan").await;
    assert_eq!(page.turned_away().await, 4409);
    let read = ask(&server, "GET /documents/plan", "").await;
    assert_eq!((read.status, &*read.code()), (404, "not-found"));

    // Somebody else begins anew under the name; the old page gets nothing in there either.
    let mut new = Page::new(8);
    new.connect(&server, "plan").await;
    new.synced().await;
    new.types("new").await;
    new.saved().await;
    page.connect(&server, "plan").await;
    assert_eq!(page.turned_away().await, 4409);
    let mut reader = Page::new(9);
    reader.connect(&server, "plan").await;
    reader.synced().await;
    assert_eq!(reader.text(), "new");
    drop((page, new, reader));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_restored_from_the_bin_is_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    let name = create(&server, &json!({ "name": "plan", "title": "Plan" })).await;
    let mut page = Page::new(7);
    page.connect(&server, &name).await;
    page.synced().await;
    page.types("words").await;
    page.saved().await;
    ask(&server, "DELETE /documents/plan", "").await;
    ask(&server, "DELETE /documents/plan", "").await;
    assert_eq!(titles(&server, "").await, [""; 0]);
    assert_eq!(titles(&server, "bin=1").await, ["Plan"]);
    server.stop().await.expect("stops");

    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    assert_eq!(titles(&server, "bin=1").await, ["Plan"]);
    let restored = ask(&server, "POST /documents/plan/restore", "").await;
    assert_eq!((restored.status, &restored.json()["deleted"]), (200, &Value::Null));
    page.connect(&server, &name).await;
    page.synced().await;
    page.types("!").await;
    page.saved().await;
    assert_eq!(titles(&server, "bin=1").await, [""; 0]);
    drop((page,));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_document_lives_under_its_new_name_only() {
    let server = serve(None, "127.0.0.1:0").await;
    create(&server, &json!({ "name": "old", "title": "Plan" })).await;
    let epoch = ask(&server, "GET /documents/old", "").await.json()["epoch"].clone();
    let mut page = Page::new(7);
    page.connect(&server, "old").await;
    page.synced().await;
    page.types("words").await;
    page.saved().await;
    create(&server, &json!({ "name": "taken" })).await;
    let taken = ask(&server, "PATCH /documents/old", r#"{"name":"taken","title":"x"}"#).await;
    assert_eq!((taken.status, &*taken.code()), (409, "name-taken"));
    let renamed = ask(&server, "PATCH /documents/old", r#"{"name":"new"}"#).await;
    assert_eq!((renamed.status, &renamed.json()["title"]), (200, &json!("Plan")));
    assert_eq!(page.turned_away().await, 1012);

    // Our own page comes back with its epoch and is led on.
    let mut ours = Page::new(8);
    let epoch = epoch.as_str().expect("text");
    ours.connect(&server, &format!("old?coscribe=1&epoch={epoch}")).await;
    let Heard::Hello(hello) = ours.hears().await else { panic!("it is told the new name") };
    let hello: Value = serde_json::from_str(&hello).expect("JSON");
    assert_eq!(hello["renamed"], "new");
    assert_eq!(ours.turned_away().await, 4404);

    // Another page only knows the name, and must not pour its copy in there.
    page.types(" more").await;
    page.connect(&server, "old").await;
    assert_eq!(page.turned_away().await, 4409);
    assert_eq!(ask(&server, "GET /documents/old", "").await.status, 404);
    page.connect(&server, "new").await;
    page.synced().await;
    page.saved().await;
    let mut reader = Page::new(9);
    reader.connect(&server, "new").await;
    reader.synced().await;
    assert_eq!(reader.text(), "words more");

    // And back again: who wrote in it is no stranger there.
    assert_eq!(ask(&server, "PATCH /documents/new", r#"{"name":"old"}"#).await.status, 200);
    page.turned_away().await;
    page.connect(&server, "old").await;
    page.synced().await;
    page.types(" and more").await;
    page.saved().await;
    drop((page, ours, reader));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_has_the_content_and_goes_its_own_way() {
    let server = serve(None, "127.0.0.1:0").await;
    create(&server, &json!({ "name": "one", "title": "Plan", "kind": "markdown" })).await;
    let mut page = Page::new(7);
    page.connect(&server, "one").await;
    page.synced().await;
    page.types("words").await;
    page.saved().await;
    let body = json!({ "name": "two", "title": "Plan, copied" }).to_string();
    let copy = ask(&server, "POST /documents/one/duplicate", &body).await;
    assert_eq!(copy.status, 201, "{copy:?}");
    assert_eq!(
        (&copy.json()["title"], &copy.json()["kind"]),
        (&json!("Plan, copied"), &json!("markdown"))
    );
    page.types(" in one").await;
    page.saved().await;
    let mut other = Page::new(8);
    other.connect(&server, "two").await;
    other.synced().await;
    assert_eq!(other.text(), "words");
    other.types(" in two").await;
    other.saved().await;
    assert_eq!(page.text(), "words in one");
    assert_eq!(titles(&server, "query=plan").await, ["Plan", "Plan, copied"]);

    // Under a name where the same copy was deleted before: its client ids are retired there.
    ask(&server, "DELETE /documents/two?forever=1", "").await;
    let copy = ask(&server, "POST /documents/one/duplicate", &body).await;
    assert_eq!(copy.status, 201, "{copy:?}");
    drop((page, other));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn titles_are_listed_after_a_restart_without_opening_anything() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    for number in 0..5 {
        create(&server, &json!({ "title": format!("Plan {number}") })).await;
    }
    server.stop().await.expect("stops");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    assert_eq!(titles(&server, "").await.len(), 5);
    assert_eq!(titles(&server, "query=PLAN%203").await, ["Plan 3"]);
    let page = ask(&server, "GET /documents?limit=2", "").await.json();
    let next = page["next"].as_str().expect("there is more");
    let rest = ask(&server, &format!("GET /documents?after={next}"), "").await.json();
    assert_eq!(rest["documents"].as_array().map(Vec::len), Some(3));
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(server.documents().loaded(), 0);
    let exported = ask(&server, "GET /documents?limit=1", "").await.json();
    let name = exported["documents"][0]["name"].as_str().expect("a name").to_owned();
    let file = ask(&server, &format!("GET /documents/{name}/export.yjs"), "").await;
    assert_eq!(file.status, 200);
    assert_eq!(server.documents().loaded(), 0, "an export leaves nothing open");
    server.stop().await.expect("stops");
}

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
    let large = vec![b' '; 65 << 10];
    let answer = ask_with(&server, "POST /documents", json, &large).await;
    assert_eq!((answer.status, &*answer.code()), (413, "too-large"));
    let detail = answer.json()["detail"].as_str().expect("words").to_owned();
    assert!(detail.contains("66560") && detail.contains("65536"), "{detail}");

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run it with --release and --nocapture"]
async fn how_long_a_list_of_ten_thousand_documents_takes() {
    let directory = tempfile::tempdir().expect("a directory");
    measure_list(directory.path()).await;
}

async fn measure_list(directory: &Path) {
    let server = serve(Some(directory), "127.0.0.1:0").await;
    for chunk in 0..100 {
        let made = (0..100).map(|number| {
            let title = format!("Document {chunk}-{number}");
            let server = &server;
            async move { create(server, &json!({ "title": title })).await }
        });
        futures_util::future::join_all(made).await;
    }
    server.stop().await.expect("stops");
    let server = serve(Some(directory), "127.0.0.1:0").await;
    for query in ["", "query=document%2042-7"] {
        let mut times = Vec::new();
        for _ in 0..20 {
            #[expect(clippy::disallowed_methods, reason = "measuring is what this is for")]
            let start = std::time::Instant::now();
            titles(&server, query).await;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        println!("list of 10 000, `{query}`: median {:?}, slowest {:?}", times[10], times[19]);
    }
    server.stop().await.expect("stops");
}
