//! Streams of events as their readers and those who give rights see them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::Value;
use warp::{http::StatusCode, reply::Response};

use super::{Api, Asked};
use crate::{
    auth::{Answering, Authorizer, Denied, Grant, Question, Visible},
    clock::SystemClock,
    crdt::{Kind, MetaChanges, replica::Replica},
    document::Documents,
    history::History,
    http::{rights::Rights, socket::Connections, tests::documents},
    identity::{Access, Author},
    ids::{ClientId, DocumentName},
    limits::EVENT_STREAMS,
};

/// Gives everybody the same role, which may change.
#[derive(Clone, Default)]
struct Role(Arc<AtomicU64>);

const ROLES: [Access; 3] = [Access::None, Access::View, Access::Owner];

impl Role {
    fn is(&self, access: Access) {
        let number = ROLES.iter().position(|it| *it == access).unwrap();
        self.0.store(number as u64, Ordering::SeqCst);
    }

    fn grant(&self) -> Result<Grant, Denied> {
        match ROLES[usize::try_from(self.0.load(Ordering::SeqCst)).unwrap()] {
            Access::None => Err(Denied::Forbidden),
            access => Ok(Grant::of(access)),
        }
    }
}

impl Authorizer for Role {
    fn authorize<'a>(&'a self, _question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(std::future::ready(self.grant()))
    }

    fn visible<'a>(&'a self, _question: &'a Question) -> Answering<'a, Visible> {
        Box::pin(std::future::ready(self.grant().map(|_| Visible::All)))
    }
}

struct Scene {
    api: Arc<Api>,
    documents: Documents,
    role: Role,
}

fn scene(access: Access) -> Scene {
    let documents = documents();
    let history = History::new(Arc::clone(documents.store()), documents.limits(), 1).unwrap();
    let role = Role::default();
    role.is(access);
    let rights = Rights::new(Arc::new(role.clone()), Arc::new(SystemClock::new()));
    let api = Api::new(documents.clone(), history, true);
    let api = Arc::new(api.with_rights(Arc::new(rights), Connections::default()));
    Scene { api, documents, role }
}

fn plan() -> DocumentName {
    DocumentName::new("plan").unwrap()
}

impl Scene {
    async fn asks(&self, path: &str, seen: Option<&str>) -> Response {
        let mut asked = Asked::default();
        if let Some(seen) = seen {
            asked.headers.insert("last-event-id", seen.parse().unwrap());
        }
        let nothing = stream::empty::<Result<Bytes, ()>>();
        self.api.answer(&format!("/api/v1/{path}"), &asked, nothing).await
    }

    async fn follows(&self, path: &str, seen: Option<&str>) -> Reader {
        let response = self.asks(path, seen).await;
        assert_eq!(response.status(), StatusCode::OK);
        Reader { response, read: String::new() }
    }

    async fn creates(&self) {
        let author = Arc::new(Author::server(""));
        let meta = MetaChanges { kind: Some(Kind::Markdown), ..MetaChanges::default() };
        self.documents.create(&plan(), None, meta, author).await.unwrap();
    }

    async fn types(&self, replica: &mut Replica) {
        let ((), update) = replica.edit(|text| text.push("x"));
        let document = self.documents.open(&plan()).unwrap();
        document.edit(update.unwrap(), Arc::new(Author::server(""))).await.unwrap();
    }
}

/// One who reads a stream of events, when it likes to.
struct Reader {
    response: Response,
    read: String,
}

impl Reader {
    /// The next event, or the empty words of a heartbeat; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        while !self.read.contains("\n\n") {
            let frame = self.response.body_mut().frame().await?.unwrap();
            self.read.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        let end = self.read.find("\n\n").unwrap();
        let event: String = self.read.drain(..end + 2).collect();
        let field = |name: &str| {
            let mut values = event.lines().filter_map(|line| line.strip_prefix(name));
            values.next().unwrap_or_default().to_owned()
        };
        Some((field("event:"), serde_json::from_str(&field("data:")).unwrap_or_default()))
    }

    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let (found, said) = self.next().await.unwrap();
            if found == kind {
                return said;
            }
        }
    }

    /// Whether it ends, with nothing but heartbeats before.
    async fn ends(&mut self) -> bool {
        for _ in 0..10 {
            match self.next().await {
                None => return true,
                Some((kind, _)) => assert_eq!(kind, ""),
            }
        }
        false
    }
}

#[tokio::test]
async fn a_slow_reader_of_all_documents_is_told_how_much_it_missed() {
    let scene = scene(Access::Owner);
    scene.creates().await;
    let mut reader = scene.follows("events", None).await;
    for _ in 0..400 {
        scene.documents.put_into_bin(&plan()).await.unwrap();
        scene.documents.restore(&plan()).await.unwrap();
    }
    reader.until("open").await;
    let (mut told, mut missed) = (0, 0);
    while told + missed < 800 {
        match reader.next().await.unwrap() {
            (kind, said) if kind == "missed" => missed += said["events"].as_u64().unwrap(),
            (kind, _) if kind.is_empty() => {}
            _ => told += 1,
        }
    }
    assert_eq!(told + missed, 800);
    assert!(missed > 400, "what waits is bounded: {missed} were missed");
}

#[tokio::test]
async fn a_slow_reader_of_a_document_misses_events_but_no_update() {
    let scene = scene(Access::Owner);
    scene.creates().await;
    let mut reader = scene.follows("documents/plan/events", None).await;
    let mut seq = reader.until("open").await["seq"].as_u64().unwrap();
    let mut replica = Replica::new(ClientId(7), "text");
    for _ in 0..400 {
        scene.types(&mut replica).await;
    }
    let (last, mut missed) = (seq + 400, 0);
    while seq < last {
        let (kind, said) = reader.next().await.unwrap();
        if kind == "update" {
            seq += 1;
            assert_eq!(said["seq"], seq);
        }
        missed += said["events"].as_u64().unwrap_or_default();
    }
    while missed == 0 {
        let (kind, said) = reader.next().await.unwrap();
        assert_ne!(kind, "update");
        missed += said["events"].as_u64().unwrap_or_default();
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_right_to_it_does() {
    let ends = async |path| {
        let scene = scene(Access::Owner);
        scene.creates().await;
        let mut reader = scene.follows(path, None).await;
        // The first of the heartbeats; the next one, after `EVENTS_HEARTBEAT`, is for those who
        // still may.
        reader.until("").await;
        scene.role.is(Access::None);
        reader.ends().await
    };
    let ended = tokio::join!(ends("events"), ends("documents/plan/events"));
    assert_eq!(ended, (true, true));
}

#[tokio::test]
async fn a_stream_ends_at_once_when_rights_are_said_to_have_changed() {
    for path in ["events", "documents/plan/events"] {
        let scene = scene(Access::Owner);
        scene.creates().await;
        let mut reader = scene.follows(path, None).await;
        let mut other = scene.follows(path, None).await;
        reader.until("open").await;
        other.until("open").await;
        scene.role.is(Access::View);
        scene.api.rights_changed();
        scene.types(&mut Replica::new(ClientId(7), "text")).await;
        reader.until("saved").await;
        scene.role.is(Access::None);
        scene.api.rights_changed();
        // Nothing of what happens after that reaches them, read at once or late.
        scene.types(&mut Replica::new(ClientId(8), "text")).await;
        for reader in [&mut reader, &mut other] {
            while let Some((kind, said)) = reader.next().await {
                assert!(kind != "saved" || said["seq"] == 2, "{path} {said}");
            }
        }
    }
}

#[tokio::test]
async fn who_may_only_look_is_not_told_the_past() {
    let scene = scene(Access::Owner);
    scene.creates().await;
    scene.types(&mut Replica::new(ClientId(7), "text")).await;
    let mut editor = scene.follows("documents/plan/events", Some("0")).await;
    assert_eq!(editor.until("update").await["seq"], 1);
    scene.role.is(Access::View);
    let mut viewer = scene.follows("documents/plan/events", Some("0")).await;
    assert_eq!(viewer.until("open").await["seq"], 2);
    assert_eq!(viewer.next().await.unwrap().0, "presence");
}

#[tokio::test]
async fn another_life_is_told_from_its_beginning_and_an_id_that_is_none_is_refused() {
    let scene = scene(Access::Owner);
    scene.creates().await;
    let other = format!("1.{}", crate::ids::DocumentId::from_bytes([9; 16]));
    let mut reader = scene.follows("documents/plan/events", Some(&other)).await;
    assert_eq!(reader.until("update").await["seq"], 1);
    // More than there is: nothing that comes later is passed over.
    let mut reader = scene.follows("documents/plan/events", Some("99")).await;
    assert_eq!(reader.until("open").await["seq"], 1);
    for id in ["x", "1.x", "-1", ""] {
        let refused = scene.asks("documents/plan/events", Some(id)).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{id}");
    }
}

#[tokio::test]
async fn streams_are_bounded_and_one_that_is_left_makes_room() {
    let scene = scene(Access::Owner);
    scene.creates().await;
    let mut streams = Vec::new();
    for number in 0..EVENT_STREAMS {
        let path = if number % 2 == 0 { "events" } else { "documents/plan/events" };
        streams.push(scene.follows(path, None).await);
    }
    for path in ["events", "documents/plan/events"] {
        let refused = scene.asks(path, None).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(refused.headers().contains_key("retry-after"));
        drop(streams.pop());
        // The place is given back by a task that has to notice.
        while scene.asks(path, None).await.status() != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    }
}
