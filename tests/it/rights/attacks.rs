//! What attackers try at the doors that is not a matter of roles: foreign pages, forged tokens, words
//! before the password, names that are paths. The other attacks are `a1` in the matrices, `a5` in
//! `changing`, `a8` in `messages` and `a10` in `logs`.

use std::sync::Arc;

use coscribe::{
    auth::{Answering, Authorizer, Denied, Grant, Question},
    limits::FAILURES,
    server::Server,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    who::{CONTENT, SECRET, Who, ask_as, bytes, guarded, now, signed, write},
    wire::{Dialect, EDIT, Listens, SYNC_STEP1, Wire, presence, sync},
};
use crate::{
    harness::serve_with,
    http::{ask_with, get},
};

/// The status of the answer to a request with these lines; what follows is not read.
async fn status(server: &Server, lines: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address()).await.expect("listens");
    stream.write_all(format!("{lines}\r\n\r\n").as_bytes()).await.expect("listens");
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.expect("answers");
    std::str::from_utf8(&head[9..]).ok().and_then(|it| it.parse().ok()).expect("a status")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_foreign_page_gets_nowhere_with_its_visitors_cookie() {
    let server = serve_with(&[
        ("memory", "true"),
        ("listen", "127.0.0.1:0"),
        ("auth-secret", SECRET),
        ("auth-cookie", "session"),
        ("allow-origin", "https://good.example"),
    ])
    .await;
    write(&server, "secret").await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    let opens = "content-type: application/octet-stream\r\ncontent-length: 0";
    let doors = [
        ("GET /ws/secret", upgrade, 101),
        ("GET /y-sweet/d/secret/ws/secret", upgrade, 101),
        ("POST /sse/secret", opens, 201),
    ];
    for (door, extra, welcome) in doors {
        for (origin, expected) in [
            ("https://good.example", welcome),
            ("https://evil.example", 403),
            ("https://good.example.evil.example", 403),
            ("https://evil.example/https://good.example", 403),
            ("http://good.example", 403),
            ("http://localhost:5173", 403),
            ("null", 403),
        ] {
            let lines = format!(
                "{door} HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\ncookie: session={}\r\n{extra}",
                Who::Owner.token()
            );
            assert_eq!(status(&server, &lines).await, expected, "{door} of {origin}");
        }
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a3_forged_tokens_count_for_nothing_wherever_they_are_shown() {
    let server = serve_with(&[
        ("memory", "true"),
        ("listen", "127.0.0.1:0"),
        ("auth-secret", SECRET),
        ("auth-audience", "coscribe"),
        ("auth-cookie", "session"),
    ])
    .await;
    let (then, aud) = (now() + 600, "coscribe");
    let sound = json!({ "exp": then, "aud": aud, "role": "owner" });
    let owner = signed(SECRET, &sound);
    let made = ask_as(&server, &owner, "POST /documents", r#"{"name":"secret"}"#).await;
    assert_eq!(made.status, 201);
    let signature = |token: &str| token.rsplit_once('.').map(|(said, _)| said.to_owned());
    // `{"alg":"none"}`.
    let claims = signed(SECRET, &sound).split('.').nth(1).expect("claims").to_owned();
    let forged = [
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        format!("{}.", signature(&signed(SECRET, &sound)).expect("a signature")),
        signed("another secret that is long enough", &sound),
        signed(include_str!("../../../src/auth/tests/ed25519.pem"), &sound),
        signed(SECRET, &json!({ "aud": aud, "role": "owner" })),
        signed(SECRET, &json!({ "exp": now() - 60, "aud": aud, "role": "owner" })),
        signed(SECRET, &json!({ "exp": then, "role": "owner" })),
        signed(SECRET, &json!({ "exp": then, "aud": "another", "role": "owner" })),
        signed(SECRET, &json!({ "exp": then, "nbf": now() + 60, "aud": aud, "role": "owner" })),
        signed(SECRET, &json!({ "exp": then, "aud": aud, "role": "owner", "documents": {} })),
        signed(SECRET, &json!({ "exp": then, "aud": aud, "documents": { "secret": true } })),
    ];
    for token in &forged {
        for shown in [format!("authorization: Bearer {token}"), format!("cookie: session={token}")]
        {
            let answer = ask_with(&server, "GET /documents/secret", &shown, b"").await;
            assert_eq!(answer.status, 401, "{shown}");
        }
        let mut one = Wire::connect(&server, Dialect::YWebsocket, "secret", token).await;
        one.says(SYNC_STEP1).await;
        assert_eq!(one.hangs().await, Some(4401), "{token}");
    }
    let nothing =
        json!({ "exp": then, "aud": aud, "documents": { "secret": "none", "s": "owner" } });
    let nothing = ask_as(&server, &signed(SECRET, &nothing), "GET /documents/secret", "").await;
    assert_eq!(nothing.status, 404);
    let huge = json!({ "exp": then, "aud": aud, "role": "owner", "x": "x".repeat(1 << 20) });
    let mut one =
        Wire::connect(&server, Dialect::Hocuspocus, "secret", &signed(SECRET, &huge)).await;
    one.hears(&[2, 1]).await;
    server.stop().await.expect("stops");
}

/// Says no, later.
struct Slow;

impl Authorizer for Slow {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        let is_owner = question.credentials.tokens.iter().any(|it| it.expose() == "owner");
        Box::pin(async move {
            if is_owner {
                return Ok(Grant::of(coscribe::identity::Access::Owner));
            }
            // Others have their turn, so that what they said is there before the answer is.
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
            Err(Denied::Forbidden)
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_what_is_said_before_the_answer_is_bounded_and_undone_by_a_no() {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = Server::builder().memory().listen(listen).authorizer(Arc::new(Slow));
    let server = server.build().await.expect("starts");
    let content = async || ask_as(&server, "owner", "GET /documents/secret/export.yjs", "").await;
    let before = content().await;
    for dialect in [Dialect::YWebsocket, Dialect::Hocuspocus] {
        let mut one = Wire::connect(&server, dialect, "secret", "T0K").await;
        one.says(&sync(2, EDIT)).await;
        one.says(&sync(1, EDIT)).await;
        match dialect {
            Dialect::YWebsocket => assert_eq!(one.hangs().await, Some(4403)),
            _ => drop(one.hears(&[2, 1]).await),
        }
        one.leaves().await;
        assert_eq!(content().await.body, before.body, "{dialect:?}");
    }
    // Without a token at all nothing is asked, and not much is kept.
    let mut one = Wire::silent(&server, "secret").await;
    for _ in 0..=1000 {
        one.says(&presence(9, 1, "waiting")).await;
    }
    assert_eq!(one.hangs().await, Some(1013));
    assert_eq!(content().await.body, before.body);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_reader_changes_nothing_and_is_told_so() {
    let server = guarded().await;
    write(&server, "secret").await;
    let before = bytes(&server, "secret").await.expect("is there");
    let token = Who::View.token();
    let mut one = Wire::synced(&server, Dialect::Hocuspocus, "secret", &token).await;
    for (kind, update, answer) in
        [(2, EDIT, 0), (1, EDIT, 0), (1, &before[..], 1), (1, &[0, 0][..], 1), (2, &before[..], 0)]
    {
        one.says(&sync(kind, update)).await;
        assert_eq!(one.hears(&[8]).await[..], [answer], "{kind} {update:?}");
        assert_eq!(bytes(&server, "secret").await.as_ref(), Ok(&before));
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_no_spelling_of_a_name_leads_to_another_document() {
    let server = guarded().await;
    write(&server, "secret").await;
    let before = bytes(&server, "secret").await.expect("is there");
    // Everything but the one.
    let documents = json!({ "*": "owner", "secret": "none" });
    let token = signed(SECRET, &json!({ "exp": now() + 600, "documents": documents }));
    for spelling in [
        "x/../secret",
        "x%2F..%2Fsecret",
        "x%252F..%252Fsecret",
        "./secret",
        "secret/",
        "secret%2F",
        "Secret",
        "secret%00",
        "secret%20",
        "%20secret",
        "%E2%80%8Bsecret",
        "secret.",
        "%73ecret%0A",
        "%EF%BD%93ecret",
        "x%5C..%5Csecret",
        "..%2Fsecret",
        "secret;x",
        "secret%3Fx",
        "//secret",
    ] {
        for (line, body) in [
            (format!("GET /documents/{spelling}"), ""),
            (format!("GET /documents/{spelling}/export.txt"), ""),
            (format!("PUT /documents/{spelling}/content.txt"), "new words"),
        ] {
            let answer = ask_as(&server, &token, &line, body).await;
            assert!(!String::from_utf8_lossy(&answer.body).contains(CONTENT), "{line}");
        }
        let mut one = Wire::connect(&server, Dialect::YWebsocket, spelling, &token).await;
        one.says(SYNC_STEP1).await;
        one.says(&sync(2, EDIT)).await;
        one.leaves().await;
        assert!(!one.has_heard(CONTENT), "{spelling}");
        assert_eq!(bytes(&server, "secret").await.as_ref(), Ok(&before), "{spelling}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_no_address_tells_strangers_how_the_server_is_used() {
    let server = guarded().await;
    write(&server, "secret").await;
    for path in [
        "/metrics",
        "/debug",
        "/debug/pprof",
        "/admin",
        "/status",
        "/stats",
        "/.env",
        "/config",
        "/healthz",
        "/readyz",
        "/api",
        "/api/v1",
        "/api/v1/admin",
        "/api/v1/openapi.json",
        "/ws",
        "/sse",
        "/y-sweet/ready",
        "/y-sweet/check_store",
        "/y-sweet/metrics",
    ] {
        let answer = get(server.address(), path).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains("secret\"") && !text.contains(CONTENT), "{path}: {text}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worthless_tokens_count_for_whom_a_trusted_proxy_asks_and_for_nobody_whom_others_name() {
    for (trusted, expected) in [(Some("127.0.0.0/8"), [503, 200]), (None, [200, 200])] {
        let mut settings =
            vec![("memory", "true"), ("listen", "127.0.0.1:0"), ("auth-secret", SECRET)];
        settings.extend(trusted.map(|network| ("trust-proxy", network)));
        let server = serve_with(&settings).await;
        let asks = async |token: &str, client: &str| {
            let headers =
                format!("authorization: Bearer {token}\r\nx-forwarded-for: 203.0.113.1, {client}");
            ask_with(&server, "GET /documents", &headers, b"").await.status
        };
        let good = Who::Owner.token();
        for _ in 0..FAILURES {
            assert_eq!(asks("worthless", "198.51.100.7").await, 401);
        }
        let after = [asks(&good, "198.51.100.7").await, asks(&good, "198.51.100.8").await];
        assert_eq!(after, expected, "{trusted:?}");
        server.stop().await.expect("stops");
    }
}
