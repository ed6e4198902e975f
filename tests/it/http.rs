//! Just enough of an HTTP client: one request per connection, the answer as it came.

use std::net::SocketAddr;

use coscribe::server::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in UTF-8");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let head = head.to_ascii_lowercase();
        assert!(!head.contains("transfer-encoding"), "bodies come whole: {head}");
        Self { status: status.expect("a status"), head, body: bytes[end + 4..].to_vec() }
    }

    /// A header's value in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The problem's code.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        self.json()["code"].as_str().expect("a code").to_owned()
    }
}

/// Asks whoever listens at an address for a path.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    exchange_at(address, head.as_bytes()).await
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) async fn exchange(server: &Server, request: &[u8]) -> Answer {
    exchange_at(server.addresses()[0], request).await
}

/// The same with whoever listens at an address.
pub(crate) async fn exchange_at(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    // The server may have said no before it has read everything.
    let _cut_off = stream.write_all(request).await.is_err();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answers");
    Answer::parse(&answer)
}

/// Asks for something under `/api/v1`, with a JSON body unless it is empty.
pub(crate) async fn ask(server: &Server, line: &str, body: &str) -> Answer {
    let headers = if body.is_empty() { "x-coscribe: 1" } else { "content-type: application/json" };
    ask_with(server, line, headers, body.as_bytes()).await
}

/// The same with headers of one's own, separated by `\r\n`.
pub(crate) async fn ask_with(server: &Server, line: &str, headers: &str, body: &[u8]) -> Answer {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {}\r\n{headers}\r\n\r\n",
        body.len()
    );
    exchange(server, &[head.as_bytes(), body].concat()).await
}
