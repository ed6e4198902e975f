//! Documents under `/api/v1`, used beside people who have them open: what is told, kept and refused.

use coscribe::server::Server;
use serde_json::{Value, json};

use crate::{
    harness::{serve, serve_with},
    http::{ask, ask_with},
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

pub(crate) async fn create(server: &Server, body: &Value) -> String {
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
async fn a_program_lists_what_begins_alike_page_by_page_while_others_change_it() {
    let server = serve(None, "127.0.0.1:0").await;
    for name in ["team/a", "team/b", "team/c", "team/d", "tea", "teams"] {
        create(&server, &json!({ "name": name, "title": name })).await;
    }
    ask(&server, "DELETE /documents/team%2Fd", "").await;
    assert_eq!(titles(&server, "prefix=team%2F").await, ["team/a", "team/b", "team/c"]);
    assert_eq!(titles(&server, "prefix=team%2F&query=B").await, ["team/b"]);
    assert_eq!(titles(&server, "prefix=team%2F&bin=1").await, ["team/d"]);
    assert_eq!(titles(&server, "prefix=Team").await, [""; 0]);

    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let line = format!("GET /documents?prefix=team%2F&order=name&limit=1&after={after}");
        let page = ask(&server, &line, "").await.json();
        seen.push(page["documents"][0]["name"].as_str().expect("a name").to_owned());
        // Whatever is edited meanwhile stays on the page where it was.
        ask(&server, "PATCH /documents/team%2Fa", r#"{"title":"changed"}"#).await;
        let Some(next) = page["next"].as_str() else { break };
        after = next.replace('/', "%2F");
    }
    assert_eq!(seen, ["team/a", "team/b", "team/c"]);
    for query in ["order=size", "order=name&after=5-x", "after=-x", "limit=x"] {
        let refused = ask(&server, &format!("GET /documents?{query}"), "").await;
        assert_eq!((refused.status, &*refused.code()), (400, "bad-content"), "{query}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_become_documents_and_documents_files() {
    let server = serve(None, "127.0.0.1:0").await;
    let markdown = "content-type: text/markdown\r\nx-coscribe-name: Mia";
    let text = "# Plan\n\nBuy **milk** <script>alert(1)</script>\n";
    let line = "POST /documents?format=md&name=plan&title=%C3%9Cber%20Milch";
    let made = ask_with(&server, line, markdown, text.as_bytes()).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/v1/documents/plan")));
    assert_eq!(
        (&made.json()["title"], &made.json()["kind"]),
        (&json!("Über Milch"), &json!("rich"))
    );

    let file = ask(&server, "GET /documents/plan/export.md", "").await;
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, Some("text/markdown; charset=utf-8"))
    );
    assert_eq!(
        file.header("content-disposition"),
        Some("attachment; filename=\"_ber milch.md\"; filename*=utf-8\'\'%c3%9cber%20milch.md")
    );
    let words = String::from_utf8(file.body).expect("UTF-8");
    assert!(words.contains("# Plan") && words.contains("**milk**"), "{words}");

    let page = ask(&server, "GET /documents/plan/export.html", "").await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let html = String::from_utf8(page.body).expect("UTF-8");
    assert!(html.contains("<strong>milk</strong>") && !html.contains("<script>"), "{html}");

    let update = ask(&server, "GET /documents/plan/export.yjs", "").await.body;
    let line = "POST /documents?format=yjs&title=Copy";
    let copy = ask_with(&server, line, "content-type: application/octet-stream", &update).await;
    assert_eq!((copy.status, &copy.json()["title"]), (201, &json!("Copy")), "{copy:?}");

    let code = "POST /documents?format=txt&kind=code&lang=rust";
    let code = ask_with(&server, code, "x-coscribe: 1", b"fn main() {}").await;
    assert_eq!((&code.json()["kind"], &code.json()["lang"]), (&json!("code"), &json!("rust")));

    let json = ask_with(&server, "POST /convert?from=md&to=json", markdown, b"**x**").await;
    assert_eq!((json.status, &json.json()["type"]), (200, &json!("doc")));
    for (line, body) in [
        ("POST /documents?format=json", &b"{\"type\":\"film\"}"[..]),
        ("POST /documents?format=yjs", b"\x01\x01\x06\x00\x84\x07\x09\x01y\x00"),
        ("POST /documents?format=md", b"a\xffb"),
        ("POST /convert?from=yjs&to=md", b"\xff"),
    ] {
        let refused = ask_with(&server, line, markdown, body).await;
        assert_eq!((refused.status, &*refused.code()), (422, "bad-content"), "{line}");
    }
    let taken = ask_with(&server, "POST /documents?format=md&name=plan", markdown, b"x").await;
    assert_eq!((taken.status, &*taken.code()), (409, "name-taken"));
    assert_eq!(titles(&server, "").await.len(), 3, "what was refused left nothing behind");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lists_nothing_still_serves_who_knows_the_name() {
    let server =
        serve_with(&[("memory", "true"), ("listen", "127.0.0.1:0"), ("open", "true")]).await;
    create(&server, &json!({ "name": "plan" })).await;
    for line in ["GET /documents", "GET /documents?bin=1"] {
        let list = ask(&server, line, "").await;
        assert_eq!((list.status, &*list.code()), (403, "not-listed"));
    }
    assert_eq!(ask(&server, "GET /documents/plan", "").await.status, 200);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run it with --release and --nocapture"]
async fn how_long_a_list_of_ten_thousand_documents_takes() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
    for chunk in 0..100 {
        let made = (0..100).map(|number| {
            let title = format!("Document {chunk}-{number}");
            let server = &server;
            async move { create(server, &json!({ "title": title })).await }
        });
        futures_util::future::join_all(made).await;
    }
    server.stop().await.expect("stops");
    let server = serve(Some(directory.path()), "127.0.0.1:0").await;
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
