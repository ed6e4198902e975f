//! What the web app answers.

use http_body_util::BodyExt;

use super::*;

fn asked(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

async fn get(app: &WebApp, path: &str, lines: &[(&'static str, &str)]) -> Response {
    app.answer(&Method::GET, path, &asked(lines)).await
}

async fn body(response: Response) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

fn site() -> (tempfile::TempDir, WebApp) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("src/.hidden")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("index.html", "home");
    write("document.html", "document");
    write("404.html", "nothing here");
    write("package.json", "{}");
    write("src/main.js", &"main();".repeat(1000));
    write("src/types.d.ts", "types");
    write("src/.hidden/secret.js", "secret");
    let app = WebApp::directory(dir.path().to_owned());
    (dir, app)
}

#[test]
fn pages_and_files_are_told_apart_by_their_paths() {
    assert_eq!(target(""), Target::File("index.html"));
    for path in ["d/notes", "d/a/b", "d/a%2Fb", "d/src/main.js", "d/%F0%9F%98%80"] {
        assert_eq!(target(path), Target::File("document.html"), "{path}");
    }
    assert_eq!(target("d/a%00b"), Target::BadName(NameError::Control('\0')));
    assert_eq!(target("d/"), Target::BadName(NameError::Empty));
    assert_eq!(target("src/ui/menu.js"), Target::File("src/ui/menu.js"));
    for path in ["d", "package.json", "document.html", "node_modules/yjs/index.js", "test/a.js"] {
        assert_eq!(target(path), Target::Nothing, "{path}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_directory_or_to_hidden_files() {
    let (_dir, app) = site();
    for path in [
        "src/../package.json",
        "src/%2e%2e/package.json",
        "src/..%2fpackage.json",
        "src/..\\package.json",
        "src//main.js",
        "src/",
        "src",
        "/src/main.js",
        "src/.hidden/secret.js",
        "src/types.d.ts",
        "package.json",
    ] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(body(response).await, b"nothing here", "{path}");
    }
}

#[tokio::test]
async fn an_unchanged_file_is_not_sent_again() {
    let (dir, app) = site();
    let first = get(&app, "src/main.js", &[]).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(first.headers()[CACHE_CONTROL], "no-cache");
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let weak = format!("\"other\", W/{tag}");
    for condition in [&tag, &weak, "*"] {
        let again = get(&app, "src/main.js", &[("if-none-match", condition)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{condition}");
        assert!(body(again).await.is_empty());
    }
    std::fs::write(dir.path().join("src/main.js"), "changed();").unwrap();
    let changed = get(&app, "src/main.js", &[("if-none-match", &tag)]).await;
    assert_eq!(body(changed).await, b"changed();");
}

#[tokio::test]
async fn a_browser_that_knows_zstandard_gets_less_and_another_tag() {
    let (_dir, app) = site();
    let plain = get(&app, "src/main.js", &[("accept-encoding", "gzip, zstd;q=0")]).await;
    assert!(!plain.headers().contains_key(CONTENT_ENCODING));
    let packed = get(&app, "src/main.js", &[("accept-encoding", "gzip, zstd")]).await;
    assert_eq!(packed.headers()[CONTENT_ENCODING], "zstd");
    assert_ne!(packed.headers()[ETAG], plain.headers()[ETAG]);
    let (plain, packed) = (body(plain).await, body(packed).await);
    assert!(packed.len() < plain.len() / 10);
    assert_eq!(zstd::bulk::decompress(&packed, plain.len()).unwrap(), plain);
}

#[tokio::test]
async fn every_answer_is_protected_and_only_reading_works() {
    let (_dir, app) = site();
    for path in ["", "d/x", "d/%00", "src/main.js", "missing"] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self';"), "{path}");
    }
    let posted = app.answer(&Method::POST, "", &HeaderMap::new()).await;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_name_no_document_can_have_is_explained() {
    let (_dir, app) = site();
    let response = get(&app, "d/a%00b", &[]).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let text = String::from_utf8(body(response).await).unwrap();
    assert!(text.contains("control characters"), "{text}");
}

#[tokio::test]
async fn the_built_in_pages_are_there() {
    let app = WebApp::embedded();
    for path in ["", "d/notes"] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    }
    assert_eq!(get(&app, "nowhere", &[]).await.status(), StatusCode::NOT_FOUND);
}
