//! What apps and clients of y-sweet are answered, without sockets.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use warp::http::{Method, header::HOST};

use super::{route::route, *};
use crate::{
    auth::{
        Combined, Credentials, Secret,
        y_sweet::{Key, Pass, Permission},
    },
    clock::{Clock, TestClock, Timestamp},
    http::tests::documents,
};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";

/// An update in which client 1 wrote "A" into the text "t".
const UPDATE: [u8; 11] = [1, 1, 1, 0, 4, 1, 1, 0x74, 1, 0x41, 0];

struct App {
    y_sweet: Arc<YSweet>,
    documents: Documents,
    clock: Arc<TestClock>,
    server: String,
}

fn app(with_key: bool) -> App {
    let (clock, key) = (Arc::new(TestClock::default()), Key::new(KEY).unwrap());
    clock.advance(Duration::from_hours(1));
    let server = key.sign(&Pass { permission: Permission::Server, expires: None });
    let keys = if with_key { vec![key] } else { Vec::new() };
    let tokens = Arc::new(YSweetTokens::new(keys, Arc::clone(&clock) as _));
    let rights = if with_key {
        Rights::new(Arc::new(Combined(vec![Arc::clone(&tokens) as _])), Arc::clone(&clock) as _)
    } else {
        Rights::open()
    };
    let documents = documents();
    let address = ClientAddress::AsAsked { secure: false };
    let y_sweet = YSweet::new(documents.clone(), Arc::new(rights), tokens, address);
    App { y_sweet: Arc::new(y_sweet), documents, clock, server }
}

struct Answer {
    status: u16,
    bytes: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.bytes);
        serde_json::from_slice(&self.bytes).unwrap()
    }
}

impl App {
    async fn ask(&self, line: &str, token: Option<&str>, body: &[u8], media: &str) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut asked = Asked { method: method.parse::<Method>().unwrap(), ..Asked::default() };
        asked.headers.insert(HOST, "localhost:8080".parse().unwrap());
        asked.headers.insert(CONTENT_TYPE, media.parse().unwrap());
        asked.credentials = Credentials {
            tokens: token.map(Secret::from).into_iter().collect(),
            ..Credentials::default()
        };
        let body = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(body))]);
        let response = match route(&asked.method, &format!("/y-sweet{path}")) {
            Ok(route) => self.y_sweet.answer(route, &asked, body).await,
            Err(failure) => failure.response(),
        };
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, bytes }
    }

    async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Answer {
        let line = format!("POST {path}");
        self.ask(&line, token, body.to_string().as_bytes(), "application/json").await
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.ask(&format!("GET {path}"), token, b"", "text/plain").await
    }

    async fn update(&self, path: &str, token: Option<&str>, update: &[u8]) -> u16 {
        let line = format!("POST {path}");
        self.ask(&line, token, update, "application/octet-stream").await.status
    }

    /// A client token for `plan`, which is there.
    async fn token(&self, wish: Value) -> String {
        let server = Some(&self.server[..]);
        self.post("/doc/new", server, json!({ "docId": "plan" })).await.json();
        let token = self.post("/doc/plan/auth", server, wish).await.json();
        token["token"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn where_nobody_must_sign_in_no_token_is_issued_or_needed() {
    let app = app(false);
    assert_eq!(app.get("/ready", None).await.json(), json!({ "ok": true }));
    assert_eq!(app.post("/check_store", None, json!({})).await.json(), json!({ "ok": true }));
    assert_eq!(app.post("/doc/plan/auth", None, json!({})).await.status, 404);
    let new = app.post("/doc/new", None, json!({ "docId": "plan" })).await.json();
    assert_eq!(new, json!({ "docId": "plan" }));
    let token = app.post("/doc/plan/auth", None, json!({})).await.json();
    assert_eq!(
        token,
        json!({
            "url": "ws://localhost:8080/y-sweet/d/plan/ws",
            "baseUrl": "http://localhost:8080/y-sweet/d/plan",
            "docId": "plan",
            "authorization": "full",
        })
    );
    assert_eq!(app.get("/d/plan/as-update", None).await.bytes, EMPTY_UPDATE);
    assert_eq!(app.update("/d/plan/update", None, &UPDATE).await, 200);
    assert_eq!(app.get("/d/plan/as-update", None).await.bytes, UPDATE[..]);
    assert_eq!(app.get("/doc/plan/as-update", None).await.bytes, UPDATE[..]);
}

#[tokio::test]
async fn a_new_document_gets_a_name_nobody_guesses_and_one_that_is_there_stays() {
    let app = app(false);
    let name = async || app.post("/doc/new", None, json!({})).await.json()["docId"].clone();
    let (one, other) = (name().await, name().await);
    assert_ne!(one, other);
    assert_eq!(app.post("/doc/new", None, json!({ "docId": "a.b" })).await.status, 400);
    assert_eq!(app.post("/doc/new", None, json!({ "docId": "" })).await.status, 400);
    assert_eq!(app.update("/d/plan/update", None, &UPDATE).await, 200);
    app.post("/doc/new", None, json!({ "docId": "plan" })).await.json();
    assert_eq!(app.get("/d/plan/as-update", None).await.bytes, UPDATE[..]);
}

#[tokio::test]
async fn many_may_begin_the_same_document_at_once() {
    let app = app(false);
    let begin = || app.post("/doc/new", None, json!({ "docId": "plan" }));
    let answers = futures_util::future::join_all((0..10).map(|_| begin())).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn each_token_opens_what_it_says_and_nothing_else() {
    let app = app(true);
    let full = app.token(json!({ "userId": "ada" })).await;
    let reading = app.token(json!({ "authorization": "read-only" })).await;
    let server = app.server.clone();
    assert_eq!(app.update("/d/plan/update", Some(&full), &UPDATE).await, 200);
    let mut statuses = BTreeMap::new();
    for (who, token) in [
        ("nobody", None),
        ("forger", Some("AAAgAAAA")),
        ("reader", Some(&reading[..])),
        ("writer", Some(&full[..])),
        ("server", Some(&server[..])),
    ] {
        let statuses: &mut Vec<u16> = statuses.entry(who).or_default();
        for path in ["/d/plan/as-update", "/d/other/as-update"] {
            statuses.push(app.get(path, token).await.status);
        }
        for path in ["/d/plan/update", "/d/other/update"] {
            statuses.push(app.update(path, token, &UPDATE).await);
        }
        for path in ["/doc/plan/auth", "/doc/missing/auth", "/check_store"] {
            statuses.push(app.post(path, token, json!({})).await.status);
        }
        statuses.push(app.post("/doc/new", token, json!({ "docId": "plan" })).await.status);
    }
    let nothing = vec![401; 8];
    assert_eq!(statuses["nobody"], nothing);
    assert_eq!(statuses["forger"], nothing);
    assert_eq!(statuses["reader"], [200, 401, 403, 401, 403, 401, 401, 403]);
    assert_eq!(statuses["writer"], [200, 401, 200, 401, 403, 401, 401, 403]);
    assert_eq!(statuses["server"], [200, 200, 200, 200, 200, 404, 200, 200]);
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let app = app(true);
    let (short, usual) =
        (app.token(json!({ "validForSeconds": 5 })).await, app.token(json!({})).await);
    app.clock.advance(Duration::from_millis(5000));
    assert_eq!(app.get("/d/plan/as-update", Some(&short)).await.status, 200);
    app.clock.advance(Duration::from_millis(1));
    assert_eq!(app.get("/d/plan/as-update", Some(&short)).await.status, 401);
    assert_eq!(app.get("/d/plan/as-update", Some(&usual)).await.status, 200);
    let hour = Key::new(KEY).unwrap().check(&usual, Timestamp(0)).unwrap().expires.unwrap();
    assert_eq!(hour.0 + 5001, app.clock.now().0 + 60 * 60 * 1000);
}

#[tokio::test]
async fn what_cannot_be_applied_or_is_in_the_bin_is_said_so() {
    let app = app(false);
    assert_eq!(app.update("/d/plan/update", None, b"nonsense").await, 422);
    assert_eq!(app.update("/d/plan/update", None, &UPDATE).await, 200);
    app.documents.put_into_bin(&DocumentName::new("plan").unwrap()).await.unwrap();
    assert_eq!(app.get("/d/plan/as-update", None).await.status, 410);
    assert_eq!(app.update("/d/plan/update", None, &UPDATE).await, 410);
    assert_eq!(app.post("/doc/plan/auth", None, json!({})).await.status, 410);
    assert_eq!(app.post("/doc/new", None, json!({ "docId": "plan" })).await.status, 410);
}
