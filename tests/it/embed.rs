//! Servers inside other apps: mounted in warp and axum, several in one program.

use std::net::SocketAddr;

use coscribe::{
    Server,
    client::{Client, Options},
    ids::DocumentName,
    limits::Limits,
};
use tokio::net::TcpListener;
use warp::Filter;

use crate::{
    harness::serve_with,
    http::{exchange_at, get},
};

async fn in_memory() -> Server {
    Server::builder().memory().build().await.expect("the server starts")
}

fn open(address: SocketAddr, mount: &str, document: &str) -> Client {
    let name = DocumentName::new(document).expect("a good name");
    Client::connect(&format!("ws://{address}{mount}/ws"), &name, Options::default())
        .expect("a good address")
}

/// Two people edit by way of the app, and the pages know where they are.
async fn works_below(address: SocketAddr, mount: &str) {
    let (ada, bob) = (open(address, mount, "plan"), open(address, mount, "plan"));
    bob.synced().await.expect("synced");
    ada.edit(|text| text.push("hello")).expect("may edit");
    ada.saved().await.expect("saved");
    bob.until(|text| text == "hello").await.expect("arrives");
    let page = get(address, &format!("{mount}/d/plan")).await;
    assert_eq!(page.status, 200);
    let page = page.text();
    assert!(page.contains(&format!("<html data-base=\"{mount}\"")), "{page}");
    for attribute in ["href=\"/", "src=\"/"] {
        for (at, _) in page.match_indices(attribute) {
            let rest = &page[at + attribute.len() - 1..];
            assert!(rest.starts_with(&format!("{mount}/")), "{}", &rest[..rest.len().min(60)]);
        }
    }
    let icon = get(address, &format!("{mount}/icon.svg")).await;
    assert_eq!(icon.status, 200);
    let told = get(address, &format!("{mount}/api/v1/documents/plan")).await;
    assert_eq!(told.json()["name"], "plan");
    let described = get(address, &format!("{mount}/api/v1")).await.json();
    assert_eq!(described["document"], format!("{mount}/api/v1/documents/{{name}}"));
    let making = format!(
        "POST {mount}/api/v1/documents HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: 14\r\n\r\n{{\"name\":\"new\"}}"
    );
    let made = exchange_at(address, making.as_bytes()).await;
    let location = format!("{mount}/api/v1/documents/new");
    assert_eq!(made.header("location"), Some(&*location));
    assert_eq!(get(address, &format!("{mount}/healthz")).await.text(), "ok\n");
    ada.close().await;
    bob.close().await;
}

#[tokio::test]
async fn a_warp_app_mounts_a_server_under_a_prefix() {
    let server = in_memory().await;
    let own = warp::path!("hello").map(|| "the app's own");
    let app = own.or(warp::path("team").and(warp::path("docs")).and(server.routes()));
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = socket.local_addr().expect("bound");
    let running = tokio::spawn(warp::serve(app).incoming(socket).run());
    works_below(address, "/team/docs").await;
    assert_eq!(get(address, "/hello").await.text(), "the app's own");
    assert_eq!(get(address, "/api/v1").await.status, 404, "nothing is outside of the mount");
    server.shutdown().await.expect("stops");
    running.abort();
}

#[tokio::test]
async fn an_axum_app_nests_a_server_beside_its_own_routes() {
    let server = Server::builder().memory().base("/docs").expect("a plain path").build().await;
    let server = server.expect("the server starts");
    let app = axum::Router::new()
        .route("/hello", axum::routing::get(async || "the app's own"))
        .nest_service("/docs", server.service());
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = socket.local_addr().expect("bound");
    let running = tokio::spawn(async { axum::serve(socket, app).await });
    works_below(address, "/docs").await;
    assert_eq!(get(address, "/hello").await.text(), "the app's own");
    server.shutdown().await.expect("stops");
    running.abort();
}

#[tokio::test]
async fn a_server_behind_a_proxy_has_a_prefix_that_the_proxy_takes_off_or_not() {
    let settings = [("memory", "true"), ("listen", "127.0.0.1:0"), ("base", "/team/docs")];
    let server = serve_with(&settings).await;
    let address = server.addresses()[0];
    works_below(address, "/team/docs").await;
    let post = async |path: &str, headers: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n\r\n{body}"
        );
        exchange_at(address, request.as_bytes()).await
    };
    for front in ["/team/docs", ""] {
        // Pages and answers name what a browser asks for, whatever the proxy made of it.
        let page = get(address, &format!("{front}/d/plan")).await;
        assert!(page.text().contains("<html data-base=\"/team/docs\""), "{front}");
        let described = get(address, &format!("{front}/api/v1")).await.json();
        assert_eq!(
            described["documents"].as_str().map(|it| it.starts_with("/team/docs/")),
            Some(true)
        );
        assert_eq!(get(address, &format!("{front}/readyz")).await.status, 200);
        let bytes = "content-type: application/octet-stream";
        let opened = post(&format!("{front}/sse/plan"), bytes, "").await;
        assert_eq!(opened.status, 201, "{opened:?}");
        let json = "content-type: application/json";
        let new = post(&format!("{front}/y-sweet/doc/new"), json, "{}").await.json();
        let name = new["docId"].as_str().expect("a name").to_owned();
        let auth = format!("{front}/y-sweet/doc/{name}/auth");
        let token = post(&auth, json, "{}").await.json();
        assert_eq!(token["url"], format!("ws://localhost/team/docs/y-sweet/d/{name}/ws"));
    }
    assert_eq!(get(address, "/team/docsx/healthz").await.status, 404);
    server.stop().await.expect("stops");
}

#[tokio::test]
async fn two_servers_in_one_program_know_nothing_of_each_other() {
    let (one, two) = (in_memory().await, in_memory().await);
    let app = warp::path("one").and(one.routes()).or(warp::path("two").and(two.routes()));
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = socket.local_addr().expect("bound");
    let running = tokio::spawn(warp::serve(app).incoming(socket).run());
    works_below(address, "/one").await;
    works_below(address, "/two").await;
    let ada = open(address, "/one", "alone");
    ada.edit(|text| text.push("only here")).expect("may edit");
    ada.saved().await.expect("saved");
    assert_eq!(get(address, "/two/api/v1/documents/alone").await.status, 404);
    one.shutdown().await.expect("stops");
    assert_eq!(get(address, "/one/readyz").await.status, 503);
    assert_eq!(get(address, "/two/readyz").await.status, 200);
    two.shutdown().await.expect("stops");
    two.shutdown().await.expect("has nothing left to do");
    running.abort();
}

#[tokio::test]
async fn an_app_that_counts_no_connections_gets_no_more_sockets_than_the_bound() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = Server::builder().memory().limits(limits).build().await.expect("starts");
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = socket.local_addr().expect("bound");
    let running = tokio::spawn(warp::serve(server.routes()).incoming(socket).run());
    let first = open(address, "", "plan");
    first.synced().await.expect("synced");
    let refused = exchange_at(
        address,
        b"GET /ws/plan HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, close\r\n\
          upgrade: websocket\r\nsec-websocket-version: 13\r\n\
          sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(refused.await.status, 503);
    first.close().await;
    server.shutdown().await.expect("stops");
    running.abort();
}

#[tokio::test]
async fn a_server_does_not_begin_without_a_place_for_documents() {
    let error = Server::builder().build().await.expect_err("has no place");
    assert!(error.to_string().contains("where documents are kept"), "{error}");
    assert!(Server::builder().base("docs").is_err());
}
