//! The past under `/api/v1`: packs that are kept, continued and resumed, and what is refused.

use coscribe::server::Server;
use serde_json::{Value, json};

use crate::{
    harness::serve,
    http::{Answer, ask, ask_with},
    page::Page,
};

/// A server with a document of three entries by two people.
async fn served() -> (Server, Page) {
    let server = serve(None, "127.0.0.1:0").await;
    let mut page = Page::new(7);
    page.connect(&server, "plan").await;
    page.synced().await;
    for words in ["one ", "two ", "three"] {
        page.types(words).await;
        page.saved().await;
    }
    (server, page)
}

async fn pack(server: &Server, query: &str, headers: &str) -> Answer {
    ask_with(server, &format!("GET /documents/plan/history{query}"), headers, b"").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pack_is_sent_again_only_when_there_is_more() {
    let (server, mut page) = served().await;
    let whole = pack(&server, "", "x-coscribe: 1").await;
    assert_eq!(whole.status, 200);
    assert_eq!(&whole.body[..8], b"cscrpak\x01");
    assert_eq!(whole.header("content-type"), Some("application/vnd.coscribe.history"));
    assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
    assert_eq!(whole.header("vary"), Some("accept-encoding"));
    let etag = whole.header("etag").expect("a tag").to_owned();
    let again = pack(&server, "", &format!("if-none-match: {etag}")).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(&etag[..]));
    let packed = pack(&server, "", &format!("accept-encoding: br\r\nif-none-match: {etag}")).await;
    assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("br")));
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut &packed.body[..], &mut unpacked).expect("sound");
    assert_eq!(unpacked, whole.body);
    page.types("!").await;
    page.saved().await;
    assert_eq!(pack(&server, "", &format!("if-none-match: {etag}")).await.status, 200);
    drop((page,));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_download_goes_on_where_it_ended() {
    let (server, page) = served().await;
    let whole = pack(&server, "", "x-coscribe: 1").await;
    let (etag, size) = (whole.header("etag").expect("a tag"), whole.body.len());
    let rest = pack(&server, "", &format!("range: bytes=20-\r\nif-range: {etag}")).await;
    assert_eq!((rest.status, &rest.body[..]), (206, &whole.body[20..]));
    let range = format!("bytes 20-{}/{size}", size - 1);
    assert_eq!(rest.header("content-range"), Some(&range[..]));
    let other = pack(&server, "", "range: bytes=20-\r\nif-range: \"another\"").await;
    assert_eq!((other.status, other.body.len()), (200, size));
    let beyond = pack(&server, "", &format!("range: bytes={size}-")).await;
    assert_eq!((beyond.status, beyond.body.len()), (416, 0));
    let expected = format!("bytes */{size}");
    assert_eq!(beyond.header("content-range"), Some(&expected[..]));
    drop((page,));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_changes_and_moments_are_told() {
    let (server, page) = served().await;
    let past = |rest: &str| format!("GET /documents/plan/history/{rest}");
    let first = ask(&server, &past("entries?limit=2"), "").await.json();
    assert_eq!((&first["next"], &first["entries"][1]["seq"]), (&json!(2), &json!(2)));
    let entry = &first["entries"][0];
    assert_eq!((&entry["inserted"], &entry["deleted"]), (&json!(4), &json!(0)));
    let kind = &entry["author"]["kind"];
    assert_eq!((kind, &entry["author"]["name"]), (&json!("claimed"), &json!("")));
    let rest = ask(&server, &past("entries?after=2"), "").await.json();
    assert_eq!((&rest["next"], rest["entries"].as_array().map(Vec::len)), (&Value::Null, Some(1)));

    let changes = ask(&server, &past("changes?from=1&to=3"), "").await.json();
    let told = |index: usize| {
        let run = &changes["runs"][index];
        (run["state"].clone(), run["text"].clone())
    };
    assert_eq!(told(0), (json!("kept"), json!("one ")));
    assert_eq!(told(1), (json!("inserted"), json!("two three")));

    let time = rest["entries"][0]["time"].as_u64().expect("a time");
    let at = |time: u64| past(&format!("at?time={time}"));
    assert_eq!(ask(&server, &at(time), "").await.json(), json!({ "seq": 3 }));
    assert_eq!(ask(&server, &at(1), "").await.json(), json!({ "seq": 0 }));

    let file = ask(&server, &past("2/export.txt"), "").await;
    assert_eq!((file.status, &file.body[..]), (200, &b"one two "[..]));
    assert!(file.header("content-disposition").is_some_and(|it| it.contains("plan.2.txt")));
    assert!(
        ask(&server, &past("3/export.exe"), "").await.json()["detail"]
            .as_str()
            .is_some_and(|it| !it.contains("coscribe"))
    );
    let empty = ask(&server, &past("0/export.txt"), "").await;
    assert_eq!((empty.status, empty.body.trim_ascii()), (200, &b""[..]));
    drop((page,));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_there_is_refused_with_a_reason() {
    let (server, page) = served().await;
    let other = "3f0b6a4e-0000-4000-8000-000000000000";
    for (path, status, code) in [
        ("plan/history?after=-1", 400, "bad-content"),
        ("plan/history?after=x", 400, "bad-content"),
        ("plan/history?after=18446744073709551616", 400, "bad-content"),
        ("plan/history?after=4", 404, "no-entry"),
        (&format!("plan/history?epoch={other}"), 409, "other-epoch"),
        ("plan/history?epoch=what", 409, "other-epoch"),
        ("plan/history/nothing", 404, "no-address"),
        ("plan/history/1/2/3", 404, "no-address"),
        ("plan/history/x/export.txt", 404, "no-address"),
        ("plan/history/1/export.exe", 404, "no-format"),
        ("plan/history/4/export.txt", 404, "no-entry"),
        ("plan/history/entries?limit=0", 400, "bad-content"),
        ("plan/history/entries?limit=1001", 400, "bad-content"),
        ("plan/history/changes", 400, "bad-content"),
        ("plan/history/changes?from=2&to=1", 400, "bad-content"),
        ("plan/history/changes?from=0&to=4", 404, "no-entry"),
        ("plan/history/at", 400, "bad-content"),
        ("plan/history/at?time=soon", 400, "bad-content"),
        ("none/history", 404, "not-found"),
    ] {
        let answer = ask(&server, &format!("GET /documents/{path}"), "").await;
        assert_eq!((answer.status, &*answer.code()), (status, code), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let written = ask(&server, "PUT /documents/plan/history", "").await;
    assert_eq!((written.status, written.header("allow")), (405, Some("get, head")));
    ask(&server, "DELETE /documents/plan", "").await;
    let in_bin = ask(&server, "GET /documents/plan/history", "").await;
    assert_eq!((in_bin.status, &*in_bin.code()), (410, "in-bin"));
    drop((page,));
    server.stop().await.expect("stops");
}
