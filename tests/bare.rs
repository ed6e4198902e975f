//! What a program gets that embeds a server without command line and web app: built and run without
//! default features.

use coscribe::{Server, identity::Author, ids::DocumentName};

#[tokio::test]
async fn a_server_without_extras_keeps_documents_and_has_no_pages() {
    let server = Server::builder().memory().build().await.expect("the server starts");
    let notes = server.documents().get(&DocumentName::new("notes").expect("a good name"));
    notes.edit_text(Author::server("test"), |text| text.push("kept")).await.expect("durable");
    assert_eq!(notes.text().await.expect("reads").as_deref(), Some("kept"));
    let status = |path: &'static str| {
        let mut routes = server.service();
        let request = warp::http::Request::get(path).header("host", "localhost");
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).expect("sound");
        async move {
            let answer = tower_service::Service::call(&mut routes, request).await;
            answer.expect("always answers").status().as_u16()
        }
    };
    assert_eq!(status("/api/v1/documents/notes").await, 200);
    let pages = if cfg!(feature = "web-app") { 200 } else { 404 };
    assert_eq!(status("/d/notes").await, pages);
    server.shutdown().await.expect("stops");
}
