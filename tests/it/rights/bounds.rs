//! How many share links a document has, how long a token lasts, how much somebody says who asks.

use coscribe::limits::{ACCESS_NOTE_LETTERS, SHARES, TOKEN_LASTS_AT_MOST};
use serde_json::json;

use super::who::{Who, ask_as, end_share, guarded, share, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_has_a_bounded_number_of_share_links() {
    let server = guarded().await;
    write(&server, "secret").await;
    let (first, _) = share(&server, "secret", "view").await;
    for _ in 1..SHARES {
        share(&server, "secret", "view").await;
    }
    let (line, body) = ("POST /documents/secret/shares", r#"{"access":"view","name":"one more"}"#);
    let refused = ask_as(&server, &Who::Owner.token(), line, body).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains(&SHARES.to_string()), "{}", refused.text());
    end_share(&server, "secret", &first).await;
    share(&server, "secret", "view").await;
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_made_for_a_bounded_time_and_a_note_is_cut() {
    let server = guarded().await;
    write(&server, "secret").await;
    let owner = Who::Owner.token();
    let most = TOKEN_LASTS_AT_MOST.as_secs();
    for (lasts, status) in [(most, 201), (most + 1, 400)] {
        let body = json!({ "access": "view", "lasts": lasts }).to_string();
        let answer = ask_as(&server, &owner, "POST /documents/secret/tokens", &body).await;
        assert_eq!(answer.status, status, "{lasts}: {}", answer.text());
    }
    let note = "ü".repeat(ACCESS_NOTE_LETTERS + 7);
    let asks = json!({ "ticket": "t".repeat(43), "access": "view", "note": note }).to_string();
    let line = "POST /documents/secret/access-requests";
    assert_eq!(ask_as(&server, "", line, &asks).await.status, 202);
    let list = ask_as(&server, &owner, "GET /documents/secret/access-requests", "").await.json();
    let kept = list["requests"][0]["note"].as_str().expect("a note").chars().count();
    assert_eq!(kept, ACCESS_NOTE_LETTERS);
    server.stop().await.expect("stops");
}
