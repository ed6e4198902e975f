//! Programs that follow what happens to documents, over real sockets.

use coscribe::server::Server;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    content::{markdown, put},
    harness::serve,
    http::ask,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_a_document_goes_on_after_what_it_has_seen() {
    let server = serve(None, "127.0.0.1:0").await;
    markdown(&server).await;
    let mut stream = Events::of(&server, "documents/plan/events", "").await;
    put(&server, "txt", "one").await;
    let (id, update) = stream.next("update").await;
    assert_eq!(update["user"]["kind"], "server");
    assert_eq!(stream.next("saved").await.1["seq"], update["seq"]);
    drop(stream);
    put(&server, "txt", "one two").await;
    put(&server, "txt", "one two three").await;
    let seen = update["seq"].as_u64().unwrap();
    for id in [id, seen.to_string()] {
        let headers = format!("last-event-id: {id}\r\n");
        let mut stream = Events::of(&server, "documents/plan/events", &headers).await;
        assert_eq!(stream.next("update").await.1["seq"], seen + 1);
        assert_eq!(stream.next("update").await.1["seq"], seen + 2);
    }
    let mut stream = Events::of(&server, "documents/plan/events", "").await;
    ask(&server, "DELETE /documents/plan", "").await;
    assert_eq!(stream.next("deleted").await.1["forever"], false);
    assert_eq!(stream.rest().await, "");
    let gone = ask(&server, "GET /documents/plan/events", "").await;
    assert_eq!((gone.status, &*gone.code()), (410, "in-bin"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_all_documents_hears_their_lives() {
    let server = serve(None, "127.0.0.1:0").await;
    let mut stream = Events::of(&server, "events", "").await;
    stream.next("open").await;
    markdown(&server).await;
    assert_eq!(stream.next("created").await.1["name"], "plan");
    assert_eq!(stream.next("saved").await.1["seq"], 1);
    ask(&server, "PATCH /documents/plan", r#"{"name":"new"}"#).await;
    let renamed = stream.next("renamed").await.1;
    assert_eq!((&renamed["name"], &renamed["to"]), (&json!("plan"), &json!("new")));
    ask(&server, "DELETE /documents/new", "").await;
    assert_eq!(stream.next("deleted").await.1["forever"], false);
    ask(&server, "POST /documents/new/restore", "").await;
    assert_eq!(stream.next("restored").await.1["name"], "new");
    ask(&server, "DELETE /documents/new?forever=1", "").await;
    assert_eq!(stream.next("deleted").await.1["forever"], true);
    server.stop().await.expect("stops");
    assert_eq!(stream.rest().await, "");
}

/// A stream of server-sent events.
pub(crate) struct Events {
    stream: TcpStream,
    read: String,
}

impl Events {
    pub(crate) async fn of(server: &Server, path: &str, headers: &str) -> Self {
        let address = server.addresses()[0];
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!("GET /api/v1/{path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut events = Self { stream, read: String::new() };
        while !events.read.contains("\r\n\r\n") {
            events.more().await;
        }
        assert!(events.read.starts_with("HTTP/1.1 200"), "{}", events.read);
        events
    }

    /// Skips to the next event of this kind; gives its id and what it says.
    pub(crate) async fn next(&mut self, kind: &str) -> (String, Value) {
        loop {
            while let Some(end) = self.read.find("\n\n") {
                let event: String = self.read.drain(..end + 2).collect();
                let field = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().unwrap_or_default().to_owned()
                };
                if field("event:") == kind {
                    return (field("id:"), serde_json::from_str(&field("data:")).expect("JSON"));
                }
            }
            let more = self.more().await || self.read.contains("\n\n");
            assert!(more, "the stream ended before `{kind}`: {}", self.read);
        }
    }

    /// What comes until the end but comments and the frame of chunks.
    async fn rest(mut self) -> String {
        while self.more().await {}
        let words = self.read.lines().filter(|line| line.starts_with("event:"));
        words.collect()
    }

    async fn more(&mut self) -> bool {
        let end = "0\r\n\r\n";
        if self.read.ends_with(end) {
            return false;
        }
        let mut bytes = [0; 4096];
        let read = self.stream.read(&mut bytes).await.unwrap_or(0);
        self.read.push_str(std::str::from_utf8(&bytes[..read]).expect("text"));
        read > 0 && !self.read.ends_with(end)
    }
}
