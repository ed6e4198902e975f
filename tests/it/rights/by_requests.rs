//! A connection that requests carry, as a stream: what is written goes up by POST, what is read came
//! down by polls. Knows nothing of what the bytes mean.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex},
    net::TcpStream,
};

use crate::http::Answer;

const BYTES: usize = 64 << 10;

/// Where a connection is reached, and how it is called.
#[derive(Clone)]
struct Line {
    address: SocketAddr,
    path: String,
    id: String,
}

/// Opens one at a path with its query.
pub(super) async fn open(address: SocketAddr, path: &str) -> DuplexStream {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let mut line = Line { address, path: bare.to_owned(), id: String::new() };
    let opened = line.ask("POST", query, b"").await.expect("listens");
    assert_eq!(opened.status, 201, "{}", opened.text());
    opened.json()["id"].as_str().expect("an id").clone_into(&mut line.id);
    let (ours, theirs) = duplex(BYTES);
    let (read, write) = tokio::io::split(theirs);
    tokio::spawn(line.clone().up(read));
    tokio::spawn(line.down(write));
    ours
}

impl Line {
    async fn up(self, mut from: ReadHalf<DuplexStream>) {
        let (mut at, mut bytes) = (0, vec![0; BYTES]);
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let answer = self.ask("POST", &format!("at={at}"), &bytes[..count]).await;
            if answer.is_none_or(|it| it.status != 204) {
                return;
            }
            at += count;
        }
        self.ask("DELETE", "", b"").await;
    }

    async fn down(self, mut to: WriteHalf<DuplexStream>) {
        let mut from = 0;
        while let Some(answer) = self.ask("GET", &format!("from={from}&received={from}"), b"").await
        {
            match answer.status {
                200 => from += answer.body.len(),
                204 => continue,
                _ => break,
            }
            if to.write_all(&answer.body).await.is_err() {
                return;
            }
        }
        // Whoever reads may have gone as well.
        let _gone = to.shutdown().await.is_err();
    }

    /// `None` when the server has gone.
    async fn ask(&self, method: &str, query: &str, body: &[u8]) -> Option<Answer> {
        let Self { address, path, id } = self;
        let named = match &id[..] {
            "" => String::new(),
            id => format!("coscribe-connection: {id}\r\n"),
        };
        let head = format!(
            "{method} {path}?{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{named}\
             accept: application/octet-stream\r\ncontent-type: application/octet-stream\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(&[head.as_bytes(), body].concat()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        (!answer.is_empty()).then(|| Answer::parse(&answer))
    }
}
