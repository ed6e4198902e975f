//! Every route of the API, asked by everybody.

use coscribe::{identity::Access, server::Server};

use super::who::{CONTENT, PRESENCE, SECRET, Who, ask_as, bytes, guarded, now, signed, write};
use crate::http::ask_with;

/// What is asked, with `{}` for the document, its body, and what it takes.
const ROUTES: &[(&str, &str, Access)] = &[
    ("GET /documents/{}", "", Access::View),
    ("HEAD /documents/{}", "", Access::View),
    ("GET /documents/{}/export.md", "", Access::View),
    ("GET /documents/{}/export.html", "", Access::View),
    ("GET /documents/{}/export.txt", "", Access::View),
    ("GET /documents/{}/export.json", "", Access::View),
    ("GET /documents/{}/export.yjs", "", Access::View),
    ("GET /documents/{}/export.coscribe", "", Access::Edit),
    ("GET /documents/{}/content.txt", "", Access::View),
    ("HEAD /documents/{}/content.md", "", Access::View),
    ("PUT /documents/{}/content.txt", "new words", Access::Edit),
    ("PUT /documents/{}/content.md", "new words", Access::Edit),
    ("POST /documents/{}/content.txt", "more words", Access::Edit),
    ("PATCH /documents/{}/content.txt", r#"[{"at":0,"insert":"x"}]"#, Access::Edit),
    ("GET /documents/{}/presence", "", Access::View),
    ("GET /documents/{}/connections", "", Access::Owner),
    ("DELETE /documents/{}/connections/1.0", "", Access::Owner),
    ("GET /documents/{}/history", "", Access::Edit),
    ("GET /documents/{}/history/entries", "", Access::Edit),
    ("GET /documents/{}/history/changes?from=0&to=1", "", Access::Edit),
    ("GET /documents/{}/history/at?time=99999999999999", "", Access::Edit),
    ("GET /documents/{}/history/1/export.txt", "", Access::Edit),
    ("GET /documents/{}/versions", "", Access::Edit),
    ("POST /documents/{}/versions", r#"{"name":"v"}"#, Access::Edit),
    ("PATCH /documents/{}/versions/abc", r#"{"name":"v"}"#, Access::Edit),
    ("DELETE /documents/{}/versions/abc", "", Access::Edit),
    ("PATCH /documents/{}", r#"{"title":"T"}"#, Access::Edit),
    ("PATCH /documents/{}", r#"{"name":"secret-renamed"}"#, Access::Owner),
    ("POST /documents/{}/history/restore", r#"{"seq":1}"#, Access::Edit),
    ("GET /documents/{}/shares", "", Access::Owner),
    ("POST /documents/{}/shares", r#"{"access":"view"}"#, Access::Owner),
    ("DELETE /documents/{}/shares/0123456789abcdef", "", Access::Owner),
    ("POST /documents/{}/restore", "{}", Access::Owner),
    ("DELETE /documents/{}", "", Access::Owner),
    ("DELETE /documents/{}?forever", "", Access::Owner),
    ("POST /documents/{}/duplicate", r#"{"name":"secret-copy"}"#, Access::Edit),
    ("POST /documents", r#"{"name":"secret-new"}"#, Access::Edit),
];

impl Who {
    fn reaches(self, access: Access) -> bool {
        let has = match self {
            Self::View => Access::View,
            Self::Comment => Access::Comment,
            Self::Edit => Access::Edit,
            Self::Owner => Access::Owner,
            _ => Access::None,
        };
        has >= access
    }
}

async fn check(server: &Server, who: Who, (line, body, access): (&str, &str, Access)) {
    let context = format!("{who:?} {line} {body}");
    write(server, "secret").await;
    let before = bytes(server, "secret").await;
    let token = who.token();
    let answer = ask_as(server, &token, &line.replace("{}", "secret"), body).await;
    let after = bytes(server, "secret").await;
    if who.reaches(access) {
        let found = [200, 201, 204].contains(&answer.status);
        // There is no such version or link, which those hear who may know.
        let absent = answer.status == 404
            && ["no-version", "no-share", "no-connection"].contains(&&*answer.code());
        assert!(found || absent, "{context}: {} {}", answer.status, answer.text());
    } else {
        let expected = match who {
            _ if who.sees() => 403,
            _ if who.is_known() => 404,
            _ => 401,
        };
        assert_eq!(answer.status, expected, "{context}: {}", answer.text());
        assert_eq!(after, before, "{context}");
        assert!(!answer.text().contains(CONTENT) && !answer.text().contains(PRESENCE), "{context}");
        if !who.sees() {
            // One that is not there, asked for by the same.
            let missing = ask_as(server, &token, &line.replace("{}", "secre7"), body).await;
            assert_eq!(
                (answer.status, answer.text()),
                (missing.status, missing.text()),
                "{context}"
            );
        }
    }
    for name in ["secret", "secret-renamed", "secret-copy", "secret-new"] {
        let made = bytes(server, name).await.is_ok() && name != "secret";
        assert!(!made || who.reaches(access), "{context} made {name}");
        let line = format!("DELETE /documents/{name}?forever");
        ask_as(server, &Who::Owner.token(), &line, "").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_asks_first_and_nobody_learns_from_a_no() {
    let server = guarded().await;
    for who in Who::ALL {
        for route in ROUTES {
            check(&server, who, *route).await;
        }
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_look_at_a_document_does_not_hear_of_it_either() {
    let server = guarded().await;
    write(&server, "secret").await;
    for who in Who::ALL.into_iter().filter(|who| !who.sees()) {
        let token = who.token();
        let answer = ask_as(&server, &token, "GET /documents/secret/events", "").await;
        let missing = ask_as(&server, &token, "GET /documents/secre7/events", "").await;
        assert_eq!(answer.status, if who.is_known() { 404 } else { 401 }, "{who:?}");
        assert_eq!((answer.status, answer.text()), (missing.status, missing.text()), "{who:?}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_shows_only_what_one_may_see() {
    let server = guarded().await;
    write(&server, "secret").await;
    write(&server, "secret-too").await;
    let mut listed = Vec::new();
    for who in Who::ALL {
        let answer = ask_as(&server, &who.token(), "GET /documents", "").await;
        if !who.is_known() {
            assert_eq!((answer.status, &*answer.code()), (401, "unauthorized"), "{who:?}");
            continue;
        }
        let text = answer.text();
        assert_eq!((answer.status, text.contains("secret-too")), (200, who.sees()), "{who:?}");
        listed.push(who);
    }
    assert_eq!(listed.len(), 5);
    let one = serde_json::json!({ "exp": now() + 60, "documents": { "secret": "view" } });
    let answer = ask_as(&server, &signed(SECRET, &one), "GET /documents", "").await;
    assert!(answer.text().contains(r#""secret""#) && !answer.text().contains("secret-too"));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_counts_wherever_it_is_shown_and_is_not_sent_back() {
    let server = guarded().await;
    write(&server, "secret").await;
    let token = Who::View.token();
    let queried = format!("GET /documents/secret?token={token}");
    assert_eq!(ask_with(&server, &queried, "x-coscribe: 1", b"").await.status, 200);
    let wrong = format!("x-coscribe: 1\r\nauthorization: Basic {token}");
    assert_eq!(ask_with(&server, "GET /documents/secret", &wrong, b"").await.status, 401);
    let expired = Who::Expired.token();
    let refused = ask_as(&server, &expired, "GET /documents/secret", "").await;
    assert_eq!(refused.header("www-authenticate"), Some("bearer"));
    assert!(refused.text().contains("expired") && !refused.text().contains(&expired[..20]));
    server.stop().await.expect("stops");
}
