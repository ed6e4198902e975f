//! Requests of every kind to a whole server in memory: paths, queries, headers, bodies.

use std::{cell::RefCell, time::Duration};

use bytes::Bytes;
use coscribe::Server;
use http_body_util::{BodyExt, Full};
use tokio::runtime::Runtime;
use tower_service::Service;
use warp::http::{HeaderName, HeaderValue, Method, Request, Uri};

/// Answers that go on, such as streams of events, are not waited for.
const PATIENCE: Duration = Duration::from_millis(50);

/// Documents stay; after so many requests another server begins.
const REQUESTS: usize = 500;

struct Running {
    runtime: Runtime,
    server: Option<Server>,
    requests: usize,
}

impl Running {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let server = runtime.block_on(Server::builder().memory().document_threads(1).build());
        Self { runtime, server: Some(server.expect("it starts")), requests: 0 }
    }

    fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            let _ = self.runtime.block_on(server.shutdown());
        }
    }
}

/// A request as text: method and path, headers, an empty line, the body.
pub(super) fn run(data: &[u8]) {
    thread_local! {
        static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
    }
    let Some(request) = parse(data) else { return };
    RUNNING.with_borrow_mut(|slot| {
        let running = slot.get_or_insert_with(Running::start);
        let server = running.server.as_ref().expect("it runs");
        let asked = format!("{request:?}");
        running.runtime.block_on(async {
            let mut service = server.service();
            let answer = async {
                let answer = service.call(request).await.expect("it always answers");
                let status = answer.status();
                assert_ne!(status.as_u16(), 500, "the server broke over {asked}");
                let _ = answer.into_body().collect().await;
            };
            let _ = tokio::time::timeout(PATIENCE, answer).await;
        });
        running.requests += 1;
        if running.requests == REQUESTS {
            running.stop();
            *slot = None;
        }
    });
}

fn parse(data: &[u8]) -> Option<Request<Full<Bytes>>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let uri = Uri::try_from(&first[space + 1..]).ok()?;
    let mut request = Request::builder().method(method).uri(uri).header("host", "localhost");
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request =
            request.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    request.body(Full::new(Bytes::copy_from_slice(body))).ok()
}

/// Every route that the API promises, and the others.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let contract: serde_json::Value =
        serde_json::from_str(include_str!("../../../src/http/api/openapi.json")).expect("sound");
    let mut seeds = Vec::new();
    let bodies = [
        r#"{"name":"note","title":"Note","kind":"code","text":"fn main() {}"}"#,
        r#"{"edits":[{"at":0,"delete":0,"insert":"x"}]}"#,
        r#"{"alias":"other","access":"view","seq":1,"keep":"30d"}"#,
    ];
    for (path, methods) in contract["paths"].as_object().into_iter().flatten() {
        let path = path.replace("{name}", "note").replace("{seq}", "1").replace("{id}", "1");
        for method in methods.as_object().into_iter().flatten().map(|(method, _)| method) {
            let method = method.to_uppercase();
            if ["PARAMETERS", "SUMMARY", "DESCRIPTION"].contains(&&method[..]) {
                continue;
            }
            let prefix = if path.starts_with("/api") { "" } else { "/api/v1" };
            if method == "GET" {
                seeds.push(format!("GET {prefix}{path}?limit=3&after=1&to=2&format=json\naccept: application/json\n\n"));
                continue;
            }
            for body in bodies {
                seeds.push(format!(
                    "{method} {prefix}{path}?format=md\ncontent-type: application/json\nidempotency-key: k\n\n{body}"
                ));
            }
        }
    }
    for line in [
        "/",
        "/d/note",
        "/healthz",
        "/readyz",
        "/note",
        "/assets/x.js",
        "/sse/note",
        "/doc/note/auth",
        "/d/../%2e%2e/x",
        "/metrics",
    ] {
        seeds.push(format!("GET {line}?token=x&from=0\naccept-encoding: br, gzip;q=0.5\nif-none-match: \"x\"\norigin: http://localhost\n\n"));
        seeds.push(format!("POST {line}?at=0\ncontent-type: application/octet-stream\ncoscribe-connection: x\n\n\x01\x02"));
    }
    seeds.push("POST /doc/new\nauthorization: Bearer x\ncontent-type: application/json\n\n{\"docId\":\"note\"}".into());
    seeds.push("GET /note\nconnection: upgrade\nupgrade: websocket\nsec-websocket-version: 13\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\n\n".into());
    seeds.into_iter().map(String::into_bytes).collect()
}
