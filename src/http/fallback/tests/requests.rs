//! Whole connections by requests, to documents on a disk that can be held up.

use std::{path::Path, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tokio::sync::watch;
use tower_service::Service;
use warp::{
    http::{Request, StatusCode},
    reply::Response,
};

use crate::http::{
    Site,
    mount::Base,
    routes,
    service::Routes,
    slots::Slots,
    tests::{api, y_sweet},
};
use crate::{
    clock::TestClock,
    document::{Documents, Setup},
    http::{
        guard::Guard,
        rights::Rights,
        socket::{Connections, Sockets},
        web_app::WebApp,
    },
    limits::{FALLBACK_POST_BYTES, Limits},
    random::{Random, SeededRandom},
    storage::{
        Health,
        faulty::FaultyDisk,
        local::{Local, LocalOptions},
    },
};

const STEP1: &[u8] = &[0, 0, 1, 0];

/// A frame of an edit: `x` typed by client 7.
const UPDATE: &[u8] = &[0, 2, 11, 1, 1, 7, 0, 4, 1, 1, b't', 1, b'x', 0];

/// A question whether what came before is on disk.
const BARRIER: &[u8] = &[102, 1, 1];

/// A header line of a request.
type Line<'a> = (&'static str, &'a str);

const BYTES: Line<'static> = ("content-type", "application/octet-stream");
const POLL: Line<'static> = ("accept", "application/octet-stream");

struct Scene {
    routes: Routes,
    documents: Documents,
    disk: FaultyDisk,
    slots: Slots,
    connections: Connections,
    _draining: watch::Sender<bool>,
}

fn scene(limits: Limits, places: usize) -> Scene {
    let (draining, told) = watch::channel(false);
    let disk = FaultyDisk::new();
    let clock = Arc::new(TestClock::default());
    let options = LocalOptions::new(Path::new("/store"));
    let (store, _) = Local::open(options, Arc::new(disk.clone()), clock.clone()).unwrap();
    let documents = Documents::new(Setup {
        store: Arc::new(store),
        clock,
        random: Arc::new(SeededRandom::new(1)),
        limits,
        threads: 1,
        hooks: crate::hooks::Runner::default(),
    });
    let documents = documents.unwrap();
    let (rights, connections) = (Arc::new(Rights::open()), Connections::default());
    let slots = Slots::new(places, places);
    let site = Site {
        guard: Guard::default(),
        web_app: WebApp::embedded(),
        rights: Arc::clone(&rights),
        api: api(),
        y_sweet: y_sweet(),
        base: Base::default(),
        slots: slots.clone(),
        health: Box::new(Health::default),
        draining: told,
    };
    let sockets = Arc::new(Sockets {
        documents: documents.clone(),
        connections: connections.clone(),
        rights,
    });
    let serve = move |stream, accepted| sockets.serve(stream, accepted);
    let routes = Routes::new(routes(Arc::new(site), serve));
    Scene { routes, documents, disk, slots, connections, _draining: draining }
}

impl Scene {
    async fn asks(&self, method: &str, target: &str, lines: &[Line<'_>], body: &[u8]) -> Response {
        let mut request = Request::builder().method(method).uri(target).header("host", "localhost");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body));
        self.routes.clone().call(request.body(body).unwrap()).await.unwrap()
    }

    async fn status(
        &self,
        method: &str,
        target: &str,
        lines: &[Line<'_>],
        body: &[u8],
    ) -> StatusCode {
        self.asks(method, target, lines, body).await.status()
    }

    /// Opens a connection and says what it is called.
    async fn opens(&self, target: &str) -> String {
        let answer = self.asks("POST", target, &[BYTES], b"").await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let told: serde_json::Value = serde_json::from_slice(&read(answer).await).unwrap();
        told["id"].as_str().unwrap().to_owned()
    }

    async fn sends(&self, id: &str, at: usize, bytes: &[u8]) -> StatusCode {
        let target = format!("/sse/notes?at={at}");
        self.status("POST", &target, &[BYTES, ("coscribe-connection", id)], bytes).await
    }

    async fn polls(&self, id: &str, from: usize) -> Response {
        let target = format!("/sse/notes?from={from}");
        self.asks("GET", &target, &[POLL, ("coscribe-connection", id)], b"").await
    }

    /// Polls until the frame that begins like this came; says how far it read.
    async fn hears(&self, id: &str, mut from: usize, kind: &[u8]) -> usize {
        loop {
            let answer = self.polls(id, from).await;
            assert_eq!(answer.status(), StatusCode::OK);
            let bytes = read(answer).await;
            from += bytes.len();
            if bytes.windows(kind.len()).any(|window| window == kind) {
                return from;
            }
        }
    }

    async fn is_left(&self) {
        while self.slots.taken() > 0 || !self.connections.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn read(answer: Response) -> Bytes {
    answer.into_body().collect().await.unwrap().to_bytes()
}

/// A frame as a browser sends it, without a mask worth the name.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend(payload);
    frame
}

// Waiting for the disk to be held up keeps this thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_acknowledged_when_it_is_on_disk_and_not_before() {
    let scene = scene(Limits::default(), 10);
    let id = scene.opens("/sse/notes?coscribe=1").await;
    let hello = frame(STEP1);
    assert_eq!(scene.sends(&id, 0, &hello).await, StatusCode::NO_CONTENT);
    let from = scene.hears(&id, 0, &[0, 1]).await;
    scene.disk.set(|faults| faults.stall_sync = true);
    let edit = [frame(UPDATE), frame(BARRIER)].concat();
    assert_eq!(scene.sends(&id, hello.len(), &edit).await, StatusCode::NO_CONTENT);
    scene.disk.wait_for_stall();
    let mut asking = Box::pin(scene.hears(&id, from, BARRIER));
    let early = tokio::time::timeout(Duration::from_millis(50), &mut asking).await;
    assert!(early.is_err(), "the answer came before the edit was on disk");
    scene.disk.set(|faults| faults.stall_sync = false);
    asking.await;
    // As often as it is sent again, it is one edit.
    assert_eq!(scene.sends(&id, hello.len(), &edit).await, StatusCode::NO_CONTENT);
    let name = crate::ids::DocumentName::new("notes").unwrap();
    let summary = scene.documents.summary(&name).await.unwrap().unwrap();
    assert_eq!(summary.last.0, 1);
}

#[tokio::test]
async fn a_stream_of_events_brings_the_same_bytes_at_once() {
    let scene = scene(Limits::default(), 10);
    let id = scene.opens("/sse/notes").await;
    scene.sends(&id, 0, &frame(STEP1)).await;
    let answer = scene.asks("GET", "/sse/notes?from=0", &[("coscribe-connection", &id)], b"").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store, no-transform");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.len() > 2000 && first.starts_with(b":"), "something comes at once");
    let event = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let event = std::str::from_utf8(&event).unwrap();
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let bytes = STANDARD.decode(field("data:").trim()).unwrap();
    assert_eq!(field("id:").trim().parse(), Ok(bytes.len()));
    assert_eq!(bytes[0], 0x82);
    assert_eq!(
        scene.status("DELETE", "/sse/notes", &[("coscribe-connection", &id)], b"").await,
        204
    );
    scene.is_left().await;
    assert_eq!(scene.sends(&id, 0, b"").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_who_opened_a_connection_may_use_it_and_foreign_pages_may_do_nothing() {
    let scene = scene(Limits::default(), 10);
    let page: Line<'_> = ("origin", "http://localhost");
    let answer = scene.asks("POST", "/sse/notes", &[BYTES, page], b"").await;
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost");
    let told: serde_json::Value = serde_json::from_slice(&read(answer).await).unwrap();
    let id = told["id"].as_str().unwrap();
    let mine: Line<'_> = ("coscribe-connection", id);
    let body = frame(STEP1);
    let tries: [(&str, &str, &[Line<'_>], u16); 12] = [
        ("POST", "/sse/notes?at=0", &[BYTES, ("coscribe-connection", "x")], 404),
        ("POST", "/sse/notes?at=0", &[BYTES, ("coscribe-connection", &id[1..])], 404),
        ("POST", "/sse/other?at=0", &[BYTES, mine], 404),
        ("POST", "/sse?at=0", &[BYTES, mine], 404),
        ("GET", "/sse/other?from=0", &[mine], 404),
        ("DELETE", "/sse/other", &[mine], 404),
        ("POST", "/sse/notes?at=0", &[BYTES, mine, ("origin", "http://127.0.0.1:99")], 404),
        ("POST", "/sse/notes?at=0", &[BYTES, mine, ("origin", "https://evil.example")], 403),
        ("GET", "/sse/notes?from=0", &[mine, ("origin", "https://evil.example")], 403),
        ("OPTIONS", "/sse/notes", &[("origin", "https://evil.example")], 403),
        ("POST", "/sse/notes", &[("content-type", "text/plain"), page], 415),
        ("POST", "/sse/notes", &[page], 415),
    ];
    for (method, target, lines, expected) in tries {
        let status = scene.status(method, target, lines, &body).await;
        assert_eq!(status, expected, "{method} {target} {lines:?}");
    }
    assert_eq!(scene.status("GET", "/sse/notes", &[], b"").await, 400);
    assert_eq!(scene.status("PUT", "/sse/notes", &[mine], b"").await, 405);
    assert_eq!(scene.status("OPTIONS", "/sse/notes", &[page], b"").await, 204);
    assert_eq!(scene.slots.taken(), 1, "none of this opened or ended a connection");
    assert_eq!(scene.status("POST", "/sse/notes?at=0", &[BYTES, mine, page], &body).await, 204);
}

#[tokio::test]
async fn connections_by_requests_count_like_others() {
    let scene = scene(Limits::default(), 2);
    let _two = [scene.opens("/sse/a").await, scene.opens("/sse/b").await];
    assert_eq!(
        scene.status("POST", "/sse/c", &[BYTES], b"").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn bodies_and_queues_are_bounded() {
    let limits = Limits { message_bytes: 1000, ..Limits::default() };
    let scene = scene(limits, 10);
    let id = scene.opens("/sse/notes").await;
    let huge = vec![0; FALLBACK_POST_BYTES + 1];
    assert_eq!(scene.sends(&id, 0, &huge).await, StatusCode::PAYLOAD_TOO_LARGE);
    // A message over the bound ends the connection with the code that a WebSocket gets.
    let mut large = vec![0x82, 0xfe, 0x10, 0x00, 0, 0, 0, 0];
    large.resize(8 + 0x1000, 7);
    scene.sends(&id, 0, &large).await;
    scene.hears(&id, 0, &4413_u16.to_be_bytes()).await;
}

#[tokio::test]
async fn bytes_that_are_no_frames_end_their_connection_and_nothing_else() {
    let scene = scene(Limits::default(), 1000);
    let honest = scene.opens("/sse/notes").await;
    scene.sends(&honest, 0, &frame(STEP1)).await;
    let from = scene.hears(&honest, 0, &[0, 1]).await;
    let random = SeededRandom::new(3);
    for _ in 0..200 {
        let mut bytes = vec![0; 1 + usize::try_from(random.below(300)).unwrap()];
        random.fill(&mut bytes);
        let id = scene.opens("/sse/notes").await;
        scene.sends(&id, 0, &bytes).await;
        scene.sends(&id, usize::try_from(random.below(600)).unwrap(), &frame(&bytes[..1])).await;
        scene.status("DELETE", "/sse/notes", &[("coscribe-connection", &id)], b"").await;
    }
    for target in ["/sse/notes?at=-1", "/sse/notes?at=99999999999999999999", "/sse/notes?from=x"] {
        let lines = [BYTES, ("coscribe-connection", &*honest)];
        assert!(scene.status("POST", target, &lines, b"").await.as_u16() < 500, "{target}");
    }
    let at = frame(STEP1).len();
    let edit = [frame(UPDATE), frame(BARRIER)].concat();
    assert_eq!(scene.sends(&honest, at, &edit).await, StatusCode::NO_CONTENT);
    scene.hears(&honest, from, BARRIER).await;
}
