//! What `/y-sweet` shares with every other door: the program around the server has its say, and what
//! one door has written another shows. Apps made for y-sweet are in `tests/interop`.

use bytes::Bytes;
use coscribe::{
    Server,
    hooks::{FirstContent, Hooks, Refusal, Update},
};

use crate::http::{Answer, exchange};

/// An update in which client 1 wrote "A" into the text `t`.
const UPDATE: [u8; 11] = [1, 1, 1, 0, 4, 1, 1, 0x74, 1, 0x41, 0];

/// Has content for documents whose names begin with `begun`, and lets nobody write in `closed`.
struct Program;

impl Hooks for Program {
    async fn first_content(&self, it: FirstContent) -> Result<Option<Bytes>, Refusal> {
        let has = it.document.as_str().starts_with("begun");
        Ok(has.then(|| Bytes::from_static(&UPDATE)))
    }

    async fn update(&self, it: Update) -> Result<(), Refusal> {
        if it.document.as_str() == "closed" { Err(Refusal::new("not today")) } else { Ok(()) }
    }
}

async fn ask(server: &Server, line: &str, media: &str, body: &[u8]) -> Answer {
    let head = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {media}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    exchange(server, &[head.as_bytes(), body].concat()).await
}

async fn state(server: &Server, name: &str) -> Vec<u8> {
    ask(server, &format!("GET /y-sweet/d/{name}/as-update"), "text/plain", b"").await.body
}

#[tokio::test]
async fn the_program_around_the_server_has_its_say() {
    let building = Server::builder().memory().hooks(Program);
    let server = building.listen(([127, 0, 0, 1], 0).into()).build().await.expect("starts");
    for (name, expected) in [("begun", &UPDATE[..]), ("new", &[0, 0])] {
        let body = format!(r#"{{"docId":"{name}"}}"#);
        let made = ask(&server, "POST /y-sweet/doc/new", "application/json", body.as_bytes()).await;
        assert_eq!(made.status, 200, "{}", made.text());
        assert_eq!(state(&server, name).await, expected, "{name}");
    }
    let octets = "application/octet-stream";
    let refused = ask(&server, "POST /y-sweet/d/closed/update", octets, &UPDATE).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("not today"), "{}", refused.text());
    assert_eq!(state(&server, "closed").await, [0, 0]);
    assert_eq!(ask(&server, "POST /y-sweet/d/open/update", octets, &UPDATE).await.status, 200);
    let shown = crate::http::ask(&server, "GET /documents/open/export.yjs", "").await;
    assert_eq!(shown.body, UPDATE);
    server.shutdown().await.expect("stops");
}
