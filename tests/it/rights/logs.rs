//! What must not be told: tokens, secrets, cookies and what documents say are neither in the log, be
//! it ever so talkative, nor in answers to others.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use serde_json::json;

use super::{
    who::{CONTENT, PRESENCE, SECRET, Who, Y_SWEET_KEY, now, signed},
    wire::{Dialect, Door, SYNC_STEP1, Wire, presence, sync},
};
use crate::http::{Answer, exchange_at};

/// A server that logs everything it can.
struct Talkative {
    child: Child,
    address: SocketAddr,
    log: Option<JoinHandle<String>>,
}

impl Talkative {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_coscribe"))
            .args(["serve", "--memory", "--listen", "127.0.0.1:0", "--log", "trace"])
            .args(["--auth-cookie", "session", "--allow-origin", "http://localhost:1"])
            .env("COSCRIBE_AUTH_SECRET", SECRET)
            .env("COSCRIBE_Y_SWEET_AUTH", Y_SWEET_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut errors = child.stderr.take().expect("it is piped");
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            errors.read_to_end(&mut log).expect("it can be read");
            String::from_utf8_lossy(&log).into_owned()
        });
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let at = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Coscribe is at http://")?.parse().ok());
        Self { child, address: at.expect("it says where it is"), log: Some(log) }
    }

    /// Ends it; gives all that it logged.
    fn ends(mut self) -> String {
        self.child.kill().expect("it runs");
        let log = self.log.take().expect("it is read");
        log.join().expect("it was read")
    }

    /// Asks, showing whatever is to be shown.
    async fn ask(&self, line: &str, shown: &str, body: &str) -> Answer {
        let head = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{shown}\r\nx-coscribe: 1\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange_at(self.address, head.as_bytes()).await
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Text "t" gets the canary by client 7.
fn edit() -> Vec<u8> {
    let length = u8::try_from(CONTENT.len()).expect("short");
    [&[1, 1, 7, 0, 4, 1, 1, b't', length][..], CONTENT.as_bytes(), &[0]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a10_nothing_secret_is_logged_or_told_in_a_problem() {
    let server = Talkative::start();
    let mut secrets = vec![SECRET.to_owned(), Y_SWEET_KEY.to_owned()];
    secrets.extend([CONTENT.to_owned(), PRESENCE.to_owned()]);
    let owner = Who::Owner.token();
    let bearer = |token: &str| format!("authorization: Bearer {token}");
    let mut problems = Vec::new();

    for (door, dialect) in [
        (Door::WebSocket, Dialect::YWebsocket),
        (Door::WebSocket, Dialect::Hocuspocus),
        (Door::Requests, Dialect::YWebsocket),
        (Door::YSweet, Dialect::YWebsocket),
    ] {
        let mut one = Wire::connect_through(door, &server.address, dialect, "secret", &owner).await;
        one.says(SYNC_STEP1).await;
        one.hears(&[0, 1]).await;
        one.says(&presence(7, 1, PRESENCE)).await;
        one.says(&sync(2, &edit())).await;
        one.says(&[0xff, 0xff, 0xff]).await;
        one.says(SYNC_STEP1).await;
        one.hears(&[0, 1]).await;
        one.leaves().await;
    }
    let body = r#"{"access":"edit"}"#;
    let made = server.ask("POST /api/v1/documents/secret/shares", &bearer(&owner), body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let share = made.json()["token"].as_str().expect("a token").to_owned();
    let issued = server.ask("POST /y-sweet/doc/secret/auth", &bearer(&owner), "{}").await;
    assert_eq!(issued.status, 200, "{}", issued.text());
    let issued = issued.json()["token"].as_str().expect("a token").to_owned();

    let mut tokens: Vec<String> = Who::ALL.iter().map(|who| who.token()).collect();
    tokens.extend(Who::ALL.iter().filter_map(|who| who.y_sweet_token()));
    let early = json!({ "exp": now() + 600, "nbf": now() + 300, "role": "owner" });
    tokens.extend([share, issued, signed(SECRET, &early), "canary-of-a-token".to_owned()]);
    tokens.retain(|token| !token.is_empty());
    for token in &tokens {
        for (line, shown) in [
            ("GET /api/v1/documents/secret/shares", bearer(token)),
            ("GET /api/v1/documents/secret/shares", format!("cookie: session={token}; other=x")),
            ("PUT /api/v1/documents/other/content.txt", bearer(token)),
            ("POST /y-sweet/doc/other/auth", bearer(token)),
            ("GET /nowhere", bearer(token)),
        ] {
            let answer = server.ask(line, &shown, "").await;
            problems.extend((answer.status >= 400).then(|| answer.text().to_owned()));
        }
        let queried = format!("GET /api/v1/documents/other?token={token}");
        problems.push(server.ask(&queried, "x-a: b", "").await.text().to_owned());
        let mut one = Wire::connect(&server.address, Dialect::Hocuspocus, "other", token).await;
        one.says(SYNC_STEP1).await;
        one.leaves().await;
    }
    secrets.extend(tokens);

    let log = server.ends();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "it said little: {log}");
    for secret in &secrets {
        // A part of it would do as well.
        let part = &secret[secret.len().saturating_sub(40)..];
        let line = log.lines().find(|line| line.contains(part));
        assert_eq!(line, None, "{secret} is in the log");
        let problem = problems.iter().find(|text| text.contains(part));
        assert_eq!(problem, None, "{secret} is in an answer");
    }
}
