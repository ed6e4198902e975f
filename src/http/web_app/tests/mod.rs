//! What the web app answers.

mod joining;

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
    app.answer(&Method::GET, path, &Base::default(), &asked(lines)).await
}

async fn body(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

const START: &str = "<link rel=\"stylesheet\" href=\"/styles/a.css\">\n\
    <script type=\"module\" src=\"/src/pages/home.js\"></script>\n";

fn site() -> (tempfile::TempDir, WebApp) {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["src/.hidden", "src/pages", "vendor"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("index.html", START);
    write("document.html", "document");
    write("about.html", "about");
    write("404.html", "nothing here\n");
    write("package.json", "{}");
    write("icon.svg", "<svg/>");
    write("manifest.webmanifest", "{}");
    write("sw.js", "const FILES = __PRECACHE__, RELEASE = '__RELEASE__'");
    write("src/main.js", &"main();".repeat(1000));
    write("src/types.d.ts", "types");
    write("src/.hidden/secret.js", "secret");
    write("src/pages/home.js", "import { a } from '../main.js'\nimport '../../vendor/view.js'");
    write("src/main.js", "export const a = () => import('./later.js')");
    write("src/later.js", "");
    write("vendor/view.js", "import\"./shared-AB.js\";export{a};");
    write("vendor/shared-AB.js", "");
    let app = WebApp::directory(dir.path().to_owned());
    (dir, app)
}

#[test]
fn pages_and_files_are_told_apart_by_their_paths() {
    let file = |path: &str| Target::File(path.to_owned());
    assert_eq!(target(""), file("index.html"));
    assert_eq!(target("about"), file("about.html"));
    for path in ["d/notes", "d/a/b", "d/a%2Fb", "d/src/main.js", "d/%F0%9F%98%80"] {
        assert_eq!(target(path), file("document.html"), "{path}");
    }
    assert_eq!(target("h/notes"), file("history.html"));
    assert_eq!(target("h/a%00b"), Target::BadName(NameError::Control('\0')));
    assert_eq!(target("d/a%00b"), Target::BadName(NameError::Control('\0')));
    assert_eq!(target("d/"), Target::BadName(NameError::Empty));
    for path in [
        "src/ui/menu.js",
        "joined/home-1.js",
        "sw.js",
        "worker.js",
        "icon.svg",
        "manifest.webmanifest",
    ] {
        assert_eq!(target(path), file(path), "{path}");
    }
    for path in [
        "index",
        "document",
        "history",
        "package.json",
        "document.html",
        "README.md",
        "test/a.js",
        ".svg",
        "node_modules/yjs/index.js",
        "tsconfig.json",
        "Bin",
    ] {
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
        assert_eq!(body(response).await, "nothing here\n", "{path}");
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
        assert_eq!(again.headers()[VARY], "accept-encoding");
        assert!(body(again).await.is_empty());
    }
    std::fs::write(dir.path().join("src/main.js"), "changed();").unwrap();
    let changed = get(&app, "src/main.js", &[("if-none-match", &tag)]).await;
    assert_eq!(body(changed).await, "changed();");
}

#[test]
fn a_file_is_sent_in_the_form_that_is_wanted_most() {
    let asset = Asset {
        content_type: "text/css",
        tag: "7".to_owned(),
        immutable: true,
        plain: "plain".into(),
        brotli: Some("br".into()),
        gzip: Some("gz".into()),
    };
    for (accepts, coding) in [
        ("gzip, deflate, br, zstd", Coding::Brotli),
        ("br;q=0.5, gzip;q=1.0", Coding::Gzip),
        ("br;q=0.5, gzip; q=0.4", Coding::Brotli),
        ("BR;Q=0, GZIP", Coding::Gzip),
        ("br;q=nonsense, gzip;q=7", Coding::Identity),
        ("zstd", Coding::Identity),
        ("", Coding::Identity),
        ("*", Coding::Brotli),
        ("*;q=0.1, br;q=0", Coding::Gzip),
        ("identity, gzip;q=0.5", Coding::Identity),
        ("identity;q=0, br;q=0, gzip;q=0", Coding::Identity),
        ("*;q=0", Coding::Identity),
    ] {
        let response = found(&asset, &asked(&[("accept-encoding", accepts)]));
        let named = response.headers().get(CONTENT_ENCODING).map(|it| it.to_str().unwrap());
        let expected = (coding != Coding::Identity).then(|| coding.token());
        assert_eq!(named, expected, "{accepts}");
        assert_eq!(response.headers()[VARY], "accept-encoding");
        assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
    assert_eq!(found(&asset, &HeaderMap::new()).headers()[ETAG], "\"7\"");
    // A tag stands for one form only.
    let lines = [("accept-encoding", "br"), ("if-none-match", "\"7\", \"7-gzip\"")];
    assert_eq!(found(&asset, &asked(&lines)).status(), StatusCode::OK);
    let lines = [("accept-encoding", "br"), ("if-none-match", "\"7-br\"")];
    assert_eq!(found(&asset, &asked(&lines)).status(), StatusCode::NOT_MODIFIED);
    // A form that there is none of is not promised.
    let plain = Asset { brotli: None, gzip: None, ..asset };
    let response = found(&plain, &asked(&[("accept-encoding", "br")]));
    assert!(!response.headers().contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn every_answer_is_protected_and_only_reading_works() {
    let (_dir, app) = site();
    let script = get(&app, "src/main.js", &[]).await;
    assert_eq!(script.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    for path in ["", "d/x", "d/%00", "sw.js", "icon.svg", "src/missing.js", "missing"] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in ["script-src 'self';", "worker-src 'self';", "frame-src 'none';"] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        assert!(response.headers().contains_key("permissions-policy"), "{path}");
    }
    let posted = app.answer(&Method::POST, "", &Base::default(), &HeaderMap::new()).await;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_name_no_document_can_have_is_explained() {
    let (_dir, app) = site();
    let response = get(&app, "d/a%00b", &[]).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let text = body(response).await;
    assert!(text.contains("control characters"), "{text}");
}

#[tokio::test]
async fn pages_from_a_directory_tell_what_they_will_import() {
    let (dir, app) = site();
    let page = body(get(&app, "", &[]).await).await;
    let hint = |path: &str| format!("<link rel=\"modulepreload\" href=\"/{path}\">");
    for path in ["src/main.js", "vendor/view.js", "vendor/shared-AB.js"] {
        assert!(page.contains(&hint(path)), "{path}: {page}");
    }
    assert!(page.contains("src=\"/src/pages/home.js\""), "{page}");
    assert!(page.contains("href=\"/styles/a.css\""), "{page}");
    assert!(!page.contains("later.js"), "{page}");
    // While somebody writes, a module may be unfit; the page still comes.
    std::fs::write(dir.path().join("src/main.js"), "export default 1").unwrap();
    assert_eq!(body(get(&app, "", &[]).await).await, START);
    std::fs::remove_file(dir.path().join("src/main.js")).unwrap();
    assert_eq!(body(get(&app, "", &[]).await).await, START);
}

#[tokio::test]
async fn the_service_worker_is_told_what_to_keep() {
    let (_dir, app) = site();
    let response = get(&app, "sw.js", &[]).await;
    assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
    assert_eq!(
        body(response).await,
        "const FILES = [\"/src/later.js\",\"/src/main.js\",\"/src/pages/home.js\",\"/styles/a.css\",\
         \"/vendor/shared-AB.js\",\"/vendor/view.js\"], RELEASE = 'directory'"
    );
}

#[tokio::test]
async fn the_built_in_pages_are_there_with_all_that_they_name() {
    let app = WebApp::embedded();
    for path in ["", "d/notes"] {
        let response = get(&app, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        let page = body(response).await;
        let named: Vec<&str> = page.split('"').filter(|it| it.starts_with("/joined/")).collect();
        assert!(named.len() >= 2 && !page.contains("\"/src/"), "{page}");
        for file in named {
            let response = get(&app, &file[1..], &[]).await;
            assert_eq!(response.status(), StatusCode::OK, "{file}");
            assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        }
    }
    for path in ["nowhere", "src/pages/document.js", "vendor/view.d.ts"] {
        assert_eq!(get(&app, path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
