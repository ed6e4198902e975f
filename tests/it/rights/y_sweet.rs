//! Every route of y-sweet, asked by everybody, with tokens of ours and with y-sweet's own. What is
//! said on its sockets is in `messages`.

use std::sync::atomic::{AtomicU8, Ordering};

use coscribe::{identity::Access, server::Server};

use super::who::{CONTENT, Who, bytes, guarded_for_y_sweet, undated, write};
use crate::http::{Answer, exchange};

/// What a route takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Something that vouches for who asks.
    Anybody,
    To(Access),
}

/// What is asked, with `{}` for the document, and its body; `update` is an edit.
const ROUTES: &[(&str, &str, Needs)] = &[
    ("GET ready", "", Needs::Nothing),
    ("GET check_store", "", Needs::Anybody),
    ("POST check_store", "{}", Needs::Anybody),
    ("POST doc/new", r#"{"docId":"<name>"}"#, Needs::To(Access::Owner)),
    ("POST doc/{}/auth", "{}", Needs::To(Access::Owner)),
    ("GET d/{}/as-update", "", Needs::To(Access::View)),
    ("GET doc/{}/as-update", "", Needs::To(Access::View)),
    ("POST d/{}/update", "update", Needs::To(Access::Edit)),
    ("POST doc/{}/update", "update", Needs::To(Access::Edit)),
];

/// Those that are sockets.
const SOCKETS: &[&str] = &["doc/ws/{}", "d/{}/ws/{}"];

/// Text "t" gets an "x" by a client that nothing is known of.
fn edit() -> Vec<u8> {
    static CLIENT: AtomicU8 = AtomicU8::new(1);
    vec![1, 1, CLIENT.fetch_add(1, Ordering::Relaxed), 0, 4, 1, 1, b't', 1, b'x', 0]
}

async fn ask(server: &Server, token: &str, (line, body): (&str, &str), name: &str) -> Answer {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let path = path.replace("{}", name);
    let (media, body) = match body {
        "update" => ("application/octet-stream", edit()),
        body => ("application/json", body.replace("<name>", name).into_bytes()),
    };
    let shown = match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    };
    let head = format!(
        "{method} /y-sweet/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{shown}\
         content-type: {media}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    exchange(server, &[head.as_bytes(), &body].concat()).await
}

async fn check(server: &Server, who: Who, route: (&str, &str, Needs), token: Option<&str>) {
    let (line, body, needs) = route;
    let kind = if token.is_some() { "of y-sweet" } else { "of ours" };
    let context = format!("{who:?} {kind} {line}");
    write(server, "secret").await;
    let before = bytes(server, "secret").await;
    let token = match token {
        Some(token) => token.to_owned(),
        None => who.token_at(server, "secret").await,
    };
    let answer = ask(server, &token, (line, body), "secret").await;
    let may = match needs {
        Needs::Nothing => true,
        Needs::Anybody => who.is_known() && who != Who::Revoked,
        Needs::To(access) => who.reaches(access),
    };
    let expected = match needs {
        _ if may => 200,
        Needs::To(_) if who.sees() => 403,
        _ => 401,
    };
    assert_eq!(answer.status, expected, "{context}: {}", String::from_utf8_lossy(&answer.body));
    let after = bytes(server, "secret").await;
    assert_eq!(after != before, may && needs == Needs::To(Access::Edit), "{context}");
    let shown = String::from_utf8_lossy(&answer.body).contains(CONTENT);
    assert_eq!(shown, may && needs == Needs::To(Access::View), "{context}");
    if !who.sees() {
        let missing = ask(server, &token, (line, body), "secre7").await;
        assert_eq!(undated(&answer), undated(&missing), "{context}");
        assert_eq!(bytes(server, "secre7").await, Err("not-found".into()), "{context}");
    }
    let line = "DELETE /documents/secret?forever";
    super::who::ask_as(server, &Who::Owner.token(), line, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_route_of_y_sweet_asks_first_and_nobody_learns_from_a_no() {
    let server = guarded_for_y_sweet().await;
    for who in Who::ALL {
        for route in ROUTES {
            check(&server, who, *route, None).await;
            if let Some(token) = who.y_sweet_token() {
                check(&server, who, *route, Some(&token)).await;
            }
        }
    }
    server.stop().await.expect("stops");
}

#[test]
fn a1_the_matrix_knows_every_address_of_y_sweet() {
    let source = include_str!("../../../src/http/y_sweet/route.rs");
    let lines = source.lines().filter_map(|line| line.trim().strip_prefix('['));
    let patterns = lines.filter_map(|line| line.split_once("] ").map(|(pattern, _)| pattern));
    let mut known = 0;
    for pattern in patterns.filter(|it| it.starts_with('"')) {
        // Each part is some words, or a name.
        let parts: Vec<Vec<&str>> =
            pattern.split(", ").map(|part| part.split(" | ").map(str::trim).collect()).collect();
        let fits = |address: &str| {
            let segments: Vec<_> = address.split('/').collect();
            let one = |(part, segment): (&Vec<&str>, &&str)| match part[0].starts_with('"') {
                true => part.iter().any(|word| word.trim_matches('"') == *segment),
                false => *segment == "{}",
            };
            segments.len() == parts.len() && parts.iter().zip(&segments).all(one)
        };
        let routes = ROUTES.iter().filter_map(|(line, ..)| Some(line.split_once(' ')?.1));
        assert!(routes.chain(SOCKETS.iter().copied()).any(fits), "no row for {pattern}");
        known += 1;
    }
    assert!(known > SOCKETS.len() + 5, "the source is read otherwise than it is written");
}
