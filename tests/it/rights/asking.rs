//! Asking for access: nobody learns anything by it, owners answer, and the answer reaches who asked.

use coscribe::limits::ACCESS_TICKET_LETTERS;

use super::who::{Who, ask_as, guarded, write};

const TICKET: &str = "a-ticket-of-forty-three-letters-of-base64url";

fn body(ticket: &str) -> String {
    format!(r#"{{"ticket":"{}","access":"edit","note":"please"}}"#, &ticket[..43])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_hears_the_same_whether_or_not_there_is_a_document() {
    let server = guarded().await;
    write(&server, "secret").await;
    for who in [Who::Nobody, Who::Expired, Who::OtherDocument, Who::View] {
        let ticket = format!("{who:?}{TICKET}");
        let mut heard = Vec::new();
        for name in ["secret", "secre7"] {
            let line = format!("POST /documents/{name}/access-requests");
            let answer = ask_as(&server, &who.token(), &line, &body(&ticket)).await;
            heard.push((answer.status, answer.text().to_owned()));
        }
        assert_eq!(heard[0], (202, r#"{"state":"waiting"}"#.to_owned()), "{who:?}");
        assert_eq!(heard[0], heard[1], "{who:?}");
    }
    let line = "POST /documents/secret/access-requests";
    let letters = |count| format!(r#"{{"ticket":"{}","access":"edit"}}"#, "x".repeat(count));
    let (shorter, longer) =
        (letters(ACCESS_TICKET_LETTERS - 1), letters(ACCESS_TICKET_LETTERS + 1));
    for wrong in [shorter, longer, body(TICKET).replace("edit", "owner")] {
        let answer = ask_as(&server, "", line, &wrong).await;
        assert_eq!((answer.status, &*answer.code()), (400, "bad-content"), "{wrong}");
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_owner_allows_reaches_who_asked_as_a_link_and_nobody_else() {
    let server = guarded().await;
    write(&server, "secret").await;
    let owner = Who::Owner.token();
    let line = "POST /documents/secret/access-requests";
    let stranger = Who::OtherDocument.token();
    assert_eq!(ask_as(&server, &stranger, line, &body(TICKET)).await.status, 202);
    let list = ask_as(&server, &owner, "GET /documents/secret/access-requests", "").await.json();
    assert_eq!(list["requests"][0]["note"], "please");
    let id = list["requests"][0]["id"].as_str().expect("an id").to_owned();
    assert!(!list.to_string().contains(&TICKET[..43]));

    let answering = format!("PUT /documents/secret/access-requests/{id}");
    let elsewhere = format!("PUT /documents/secret-too/access-requests/{id}");
    assert_eq!(ask_as(&server, &owner, &elsewhere, r#"{"allow":true}"#).await.status, 404);
    assert_eq!(ask_as(&server, &stranger, &answering, r#"{"allow":true}"#).await.status, 404);
    assert_eq!(ask_as(&server, &owner, &answering, r#"{"allow":true}"#).await.status, 204);
    // The first answer counts, and leaves one link.
    assert_eq!(ask_as(&server, &owner, &answering, r#"{"allow":false}"#).await.status, 404);
    let shares = ask_as(&server, &owner, "GET /documents/secret/shares", "").await.json();
    assert_eq!(shares["shares"].as_array().map(Vec::len), Some(1));

    let other = body(&TICKET.to_uppercase());
    assert_eq!(ask_as(&server, "", line, &other).await.json()["state"], "waiting");
    let answer = ask_as(&server, &stranger, line, &body(TICKET)).await;
    assert_eq!((answer.status, &answer.json()["state"]), (200, &"allowed".into()));
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    let title = r#"{"title":"T"}"#;
    assert_eq!(ask_as(&server, &token, "PATCH /documents/secret", title).await.status, 200);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_hears_that() {
    let server = guarded().await;
    write(&server, "secret").await;
    let (owner, view) = (Who::Owner.token(), Who::View.token());
    let line = "POST /documents/secret/access-requests";
    assert_eq!(ask_as(&server, &view, line, &body(TICKET)).await.status, 202);
    let list = ask_as(&server, &owner, "GET /documents/secret/access-requests", "").await.json();
    let id = list["requests"][0]["id"].as_str().expect("an id").to_owned();
    let answering = format!("PUT /documents/secret/access-requests/{id}");
    assert_eq!(ask_as(&server, &owner, &answering, r#"{"allow":false}"#).await.status, 204);
    assert_eq!(ask_as(&server, &view, line, &body(TICKET)).await.json()["state"], "refused");
    server.stop().await.expect("stops");
}
