//! Answers that do not end: server-sent events, read as far as a test wants.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use coscribe::server::Server;

use crate::http::Answer;

/// What goes on after the head of an answer.
pub(super) struct Told(TcpStream, Vec<u8>);

/// Asks for something under `/api/v1`; gives the head of the answer and what follows, which for a
/// refusal is in the answer already.
pub(super) async fn listen(server: &Server, token: &str, line: &str) -> (Answer, Told) {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let mut stream = TcpStream::connect(server.addresses()[0]).await.expect("listens");
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("listens");
    let mut told = Told(stream, Vec::new());
    told.until("\r\n\r\n").await;
    let end = told.1.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&told.1[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    if status != 200 {
        told.0.read_to_end(&mut told.1).await.expect("answers");
    }
    let body = told.1.split_off(end + 4);
    (Answer { status, head, body }, told)
}

impl Told {
    /// Reads until a word came; gives everything so far.
    pub(super) async fn until(&mut self, word: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.1).into_owned();
            if text.contains(word) {
                return text;
            }
            let count = self.0.read_buf(&mut self.1).await.expect("goes on");
            assert!(count > 0, "it ended without {word:?}: {text}");
        }
    }

    /// The whole event in which this word is heard first.
    pub(super) async fn event(&mut self, word: &str) -> String {
        loop {
            let text = self.until(word).await;
            let events = text.split_inclusive("\n\n");
            let event = events.into_iter().find(|event| event.contains(word));
            if let Some(event) = event.filter(|event| event.ends_with("\n\n")) {
                return event.to_owned();
            }
            let count = self.0.read_buf(&mut self.1).await.expect("goes on");
            assert!(count > 0, "it ended within an event: {text}");
        }
    }
}
