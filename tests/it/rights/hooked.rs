//! What the program around a server says of how far somebody may go, at every door.

use coscribe::{
    Server,
    hooks::{Authenticate, Hooks, Refusal},
    identity::Access,
};

use super::{
    who::{ask_as, undated},
    wire::EDIT,
};
use crate::http::{Answer, exchange};

/// Hides one document and lets nobody change another.
struct Lowers;

impl Hooks for Lowers {
    async fn authenticate(&self, it: Authenticate) -> Result<Access, Refusal> {
        match it.document.as_str() {
            "hidden" => Err(Refusal::new("not for you")),
            "shown" => Ok(Access::View),
            _ => Ok(it.access),
        }
    }
}

async fn y_sweet(server: &Server, line: &str, body: &[u8]) -> Answer {
    let head = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(server, &[head.as_bytes(), body].concat()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hook_lowers_is_lowered_at_every_door() {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = Server::builder().memory().listen(listen).hooks(Lowers);
    let server = server.build().await.expect("starts");
    for (line, body) in [
        ("GET /documents/{}", ""),
        ("PUT /documents/{}/content.txt", "words"),
        ("GET /documents/{}/events", ""),
        ("DELETE /documents/{}", ""),
    ] {
        let asked = async |name: &str| ask_as(&server, "", &line.replace("{}", name), body).await;
        let hidden = asked("hidden").await;
        assert_eq!((hidden.status, &*hidden.code()), (404, "not-found"), "{line}");
    }
    let missing = ask_as(&server, "", "GET /documents/missing", "").await;
    let hidden = ask_as(&server, "", "GET /documents/hidden", "").await;
    assert_eq!(undated(&hidden), undated(&missing));
    let written = ask_as(&server, "", "PUT /documents/shown/content.txt", "words").await;
    assert_eq!((written.status, &*written.code()), (403, "forbidden"));
    let made = ask_as(&server, "", "POST /documents", r#"{"name":"hidden"}"#).await;
    assert_eq!(made.status, 404, "{}", made.text());
    assert_eq!(ask_as(&server, "", "POST /documents", r#"{"name":"free"}"#).await.status, 201);

    for (line, status) in [
        ("GET /y-sweet/d/hidden/as-update", 401),
        ("POST /y-sweet/d/hidden/update", 401),
        ("POST /y-sweet/doc/hidden/auth", 401),
        ("GET /y-sweet/d/shown/as-update", 200),
        ("POST /y-sweet/d/shown/update", 403),
        ("POST /y-sweet/d/free/update", 200),
    ] {
        let body = if line.ends_with("/update") { EDIT } else { &[] };
        let answer = y_sweet(&server, line, body).await;
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, status, "{line}: {text}");
    }
    server.stop().await.expect("stops");
}
