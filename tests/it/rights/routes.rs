//! Every route of the API, asked by everybody; the contract says which there are.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use coscribe::{identity::Access, limits::TOKEN_LASTS, server::Server};
use serde_json::Value;

use super::{
    listening::listen,
    who::{CONTENT, PRESENCE, SECRET, Who, ask_as, bytes, guarded, now, signed, undated, write},
};
use crate::http::{Answer, ask_with, get};

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
    ("GET /documents/{}/events", "", Access::View),
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
    ("POST /documents/{}/history/copy", r#"{"seq":1}"#, Access::Edit),
    ("GET /documents/{}/history/retention", "", Access::Edit),
    ("PUT /documents/{}/history/retention", r#"{"policy":"forever"}"#, Access::Owner),
    ("GET /documents/{}/shares", "", Access::Owner),
    ("POST /documents/{}/shares", r#"{"access":"view"}"#, Access::Owner),
    ("DELETE /documents/{}/shares/0123456789abcdef", "", Access::Owner),
    ("POST /documents/{}/tokens", r#"{"access":"edit"}"#, Access::Owner),
    ("GET /documents/{}/access-requests", "", Access::Owner),
    ("PUT /documents/{}/access-requests/0123456789abcdef", r#"{"allow":true}"#, Access::Owner),
    ("GET /documents/{}/aliases", "", Access::Owner),
    ("PUT /documents/{}/aliases/secret-alias", "", Access::Owner),
    ("DELETE /documents/{}/aliases/secret-alias", "", Access::Owner),
    ("PATCH /documents/{}", r#"{"name":"secret-renamed","keep_old_name":true}"#, Access::Owner),
    ("POST /documents/{}/restore", "{}", Access::Owner),
    ("DELETE /documents/{}", "", Access::Owner),
    ("DELETE /documents/{}?forever", "", Access::Owner),
    ("POST /documents/{}/duplicate", r#"{"name":"secret-copy"}"#, Access::Edit),
    ("POST /documents", r#"{"name":"secret-new"}"#, Access::Edit),
];

/// Routes that are about no document, and so are there for everybody or show everybody their own.
const ABOUT_NONE: &[&str] = &[
    "GET /api/v1",
    "GET /api/v1/openapi.json",
    "GET /api/v1/documents",
    "GET /api/v1/events",
    "POST /api/v1/convert",
    // For those who may not open the document; `asking` has it.
    "POST /api/v1/documents/{name}/access-requests",
];

async fn check(server: &Server, who: Who, (line, body, access): (&str, &str, Access)) {
    let context = format!("{who:?} {line} {body}");
    write(server, "secret").await;
    let before = bytes(server, "secret").await;
    let token = who.token_at(server, "secret").await;
    let answer = answer_to(server, &token, &line.replace("{}", "secret"), body).await;
    let after = bytes(server, "secret").await;
    if who.reaches(access) {
        let found = [200, 201, 204].contains(&answer.status);
        // There is no such version or link, which those hear who may know.
        let absent = answer.status == 404
            && ["no-version", "no-share", "no-alias", "no-connection", "no-request"]
                .contains(&&*answer.code());
        // The copy gets a name of its own, of which the tokens here say nothing.
        let absent = absent || line.ends_with("history/copy") && answer.code() == "not-found";
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
            let missing = answer_to(server, &token, &line.replace("{}", "secre7"), body).await;
            assert_eq!(undated(&answer), undated(&missing), "{context}");
        }
    }
    for name in ["secret", "secret-renamed", "secret-copy", "secret-new"] {
        let made = bytes(server, name).await.is_ok() && name != "secret";
        assert!(!made || who.reaches(access), "{context} made {name}");
        let line = format!("DELETE /documents/{name}?forever");
        ask_as(server, &Who::Owner.token(), &line, "").await;
    }
}

/// Asks, and reads only the head of an answer that does not end.
async fn answer_to(server: &Server, token: &str, line: &str, body: &str) -> Answer {
    if !line.contains("/events") {
        return ask_as(server, token, line, body).await;
    }
    let answer = listen(server, token, line).await;
    answer.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_the_matrix_knows_every_route_of_the_contract() {
    let server = guarded().await;
    let contract = ask_as(&server, "", "GET /openapi.json", "").await.json();
    for (path, operations) in contract["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let promised = format!("{} {path}", method.to_uppercase());
            if promised.starts_with("PARAMETERS ") || ABOUT_NONE.contains(&&*promised) {
                continue;
            }
            let needs = operation["x-coscribe-needs"].as_str();
            // `operating` has what takes more than owning everything.
            if needs == Some("admin") {
                continue;
            }
            let rows = ROUTES.iter().filter(|(line, ..)| is_at(line, &promised));
            let roles: Vec<_> = rows.map(|(.., access)| word(*access)).collect();
            assert!(!roles.is_empty(), "no row for {promised}");
            // A row may ask for more than its route does, as what its body says may.
            assert!(roles.contains(&needs.expect("a role")) || needs == Some("view"), "{promised}");
        }
    }
    server.stop().await.expect("stops");
}

fn word(access: Access) -> &'static str {
    match access {
        Access::None => "none",
        Access::View => "view",
        Access::Comment => "comment",
        Access::Edit => "edit",
        Access::Owner => "owner",
    }
}

/// Whether a row of the matrix asks at an address that a template stands for.
fn is_at(line: &str, promised: &str) -> bool {
    let line = line.replacen("/documents", "/api/v1/documents", 1);
    let line = line.split('?').next().unwrap_or_default();
    let (row, template): (Vec<_>, Vec<_>) =
        (line.split('/').collect(), promised.split('/').collect());
    let fits = |(one, other): (&&str, &&str)| match other.split_once('{') {
        Some((beginning, _)) => one.starts_with(beginning),
        None => one == other,
    };
    row.len() == template.len() && row.iter().zip(&template).all(fits)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_route_asks_first_and_nobody_learns_from_a_no() {
    let server = guarded().await;
    for who in Who::ALL {
        for route in ROUTES {
            check(&server, who, *route).await;
        }
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_all_documents_are_those_of_documents_that_one_may_see() {
    let server = guarded().await;
    let nobody = listen(&server, "", "GET /events").await.0;
    assert_eq!((nobody.status, &*nobody.code()), (401, "unauthorized"));
    let ended = Who::Expired.token();
    assert_eq!(listen(&server, &ended, "GET /events").await.0.status, 401);
    let claims = serde_json::json!({ "exp": now() + 60, "documents": { "secret-too": "view" } });
    let (opened, mut told) = listen(&server, &signed(SECRET, &claims), "GET /events").await;
    assert_eq!(opened.status, 200);
    write(&server, "secret").await;
    write(&server, "secret-too").await;
    let heard = told.until("secret-too").await;
    assert!(!heard.contains(r#""secret""#), "{heard}");
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_of_one_person_says_nothing_to_another() {
    let server = guarded().await;
    let make = async |user: &str| {
        let claims = serde_json::json!({
            "sub": user, "exp": now() + 600, "documents": { "secret*": "owner" }
        });
        let token = signed(SECRET, &claims);
        let headers = format!(
            "content-type: application/json\r\nidempotency-key: k\r\nauthorization: Bearer {token}"
        );
        ask_with(&server, "POST /documents", &headers, br#"{"name":"secret"}"#).await
    };
    assert_eq!((make("ada").await.status, make("ada").await.status), (201, 201));
    let other = make("bob").await;
    assert_eq!((other.status, &*other.code()), (409, "name-taken"));
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
        // A link leads to a document and to no list.
        if !who.is_known() || who == Who::Revoked {
            assert_eq!((answer.status, &*answer.code()), (401, "unauthorized"), "{who:?}");
            continue;
        }
        let text = answer.text();
        assert_eq!((answer.status, text.contains("secret-too")), (200, who.sees()), "{who:?}");
        listed.push(who);
    }
    assert_eq!(listed.len(), 5, "{listed:?}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_the_page_of_a_document_is_the_same_whether_or_not_it_exists() {
    let server = guarded().await;
    write(&server, "secret").await;
    for path in ["/d/{}", "/d/{}/history", "/d/{}#share=x", "/{}", "/metrics", "/debug", "/admin"] {
        let page = async |name: &str| {
            let path = path.replace("{}", name);
            let answer = get(server.addresses()[0], &path).await;
            undated(&answer).replace(name, "<name>")
        };
        let there = page("secret").await;
        assert_eq!(there, page("secre7").await, "{path}");
        assert!(!there.contains(CONTENT), "{path}");
    }
    server.stop().await.expect("stops");
}

/// What a token says.
fn claims(token: &str) -> Value {
    let said = token.split('.').nth(1).expect("a token has parts");
    let said = URL_SAFE_NO_PAD.decode(said).expect("base64");
    serde_json::from_slice(&said).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_gets_tokens_for_others() {
    let server = guarded().await;
    write(&server, "secret").await;
    let line = "POST /documents/secret/tokens";
    let owner = Who::Owner.token();
    let before = now();
    let made =
        ask_as(&server, &owner, line, r#"{"access":"view","user":{"id":"u7","name":"Mia"}}"#).await;
    let token = made.json()["token"].as_str().expect("a token").to_owned();
    let lasts = TOKEN_LASTS.as_secs();
    let expires = claims(&token)["exp"].as_u64().expect("an end");
    assert!((before + lasts..=now() + lasts).contains(&expires), "{before} to {expires}");
    assert_eq!(made.json()["expires"], expires * 1000);
    let status = async |line: &str| ask_as(&server, &token, line, "").await.status;
    assert_eq!(status("GET /documents/secret").await, 200);
    assert_eq!(status("DELETE /documents/secret").await, 403);
    assert_eq!(status("GET /documents/other").await, 404);
    for refused in [
        r#"{"access":"none"}"#,
        r#"{"access":"edit","lasts":0}"#,
        r#"{"access":"edit","lasts":86401}"#,
        r#"{"access":"edit","user":{"id":""}}"#,
        r#"{"access":"edit","for":"ever"}"#,
    ] {
        assert_eq!(ask_as(&server, &owner, line, refused).await.status, 400, "{refused}");
    }
    // In a token this name would stand for every document.
    let pattern =
        ask_as(&server, &owner, "POST /documents/secret*/tokens", r#"{"access":"view"}"#).await;
    assert_eq!((pattern.status, &*pattern.code()), (409, "pattern"));
    server.stop().await.expect("stops");
}
