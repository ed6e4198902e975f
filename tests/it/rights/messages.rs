//! Every message of every dialect, said by everybody.

use coscribe::server::Server;

use super::{
    who::{CONTENT, PRESENCE, Who, bytes, guarded, write},
    wire::{
        Dialect, EDIT, QUERY_AWARENESS, SYNC_STEP1, Wire, bytes_with_length, presence, stateless,
        sync,
    },
};

/// A word in what the tested connection shows and says.
const SAID: &str = "said-by-the-tested";

/// Everything a client can say, and what only servers say, and nonsense.
fn all_messages(dialect: Dialect) -> Vec<Vec<u8>> {
    let mut messages = vec![
        SYNC_STEP1.to_vec(),
        presence(9, 1, SAID),
        QUERY_AWARENESS.to_vec(),
        sync(1, EDIT),
        sync(2, EDIT),
        stateless(5, SAID),
        stateless(6, SAID),
        // A sync reply and a status, as servers send each other.
        [&[4, 2][..], &bytes_with_length(EDIT)].concat(),
        vec![8, 1],
        // "You may", from somebody who would like to.
        [&[2, 2][..], &bytes_with_length(b"read-write")].concat(),
        stateless(77, SAID),
    ];
    match dialect {
        Dialect::YWebsocket => {
            messages.push([&[102][..], &bytes_with_length(&[1])].concat());
            messages.push(stateless(120, r#"{"access":"owner"}"#));
        }
        Dialect::Hocuspocus => messages.extend([vec![9], vec![10], vec![7]]),
    }
    messages
}

/// What somebody hears who says everything to a document: each frame, with the document's name
/// replaced, so that two documents can be compared.
async fn say_everything(
    server: &Server,
    dialect: Dialect,
    document: &str,
    token: &str,
    is_denied: bool,
) -> (Wire, Vec<Vec<u8>>) {
    let mut tested = Wire::connect(server, dialect, document, token).await;
    for message in all_messages(dialect) {
        tested.says(&message).await;
    }
    if dialect == Dialect::YWebsocket && is_denied {
        tested.hangs().await;
    } else {
        tested.leaves().await;
    }
    let plain = |frame: &bytes::Bytes| {
        String::from_utf8_lossy(frame).replace(document, "<name>").into_bytes()
    };
    let heard = tested.heard.iter().map(plain).collect();
    (tested, heard)
}

async fn check(who: Who, dialect: Dialect) {
    let context = format!("{who:?} {dialect:?}");
    let server = guarded().await;
    write(&server, "secret").await;
    let before = bytes(&server, "secret").await.expect("is there");
    let owner = Who::Owner.token();
    let mut watching = Wire::synced(&server, Dialect::YWebsocket, "secret", &owner).await;
    let mut apps = Wire::synced(&server, Dialect::Hocuspocus, "secret", &owner).await;
    watching.says(&presence(1, 1, PRESENCE)).await;
    while !apps.has_heard(PRESENCE) {
        apps.hears(&[1]).await;
    }

    let (tested, heard) =
        say_everything(&server, dialect, "secret", &who.token(), !who.sees()).await;

    let after = bytes(&server, "secret").await.expect("is there");
    assert_eq!(after != before, who.edits(), "{context}: the document");
    assert_eq!(tested.has_heard(CONTENT), who.sees(), "{context}: content");
    assert_eq!(tested.has_heard(PRESENCE), who.sees(), "{context}: presence");
    // What others heard of it, up to something that came after it for sure.
    watching.says(&presence(1, 2, "later")).await;
    while !apps.has_heard("later") {
        apps.hears(&[1]).await;
    }
    // It may have come and gone between two tellings.
    let left = |frame: &bytes::Bytes| frame.windows(7).any(|it| it == b"\x09\x01\x04null");
    let seen = apps.has_heard(SAID) || apps.heard.iter().any(left);
    assert_eq!(seen, who.sees(), "{context}: seen by others");
    let told = apps
        .heard
        .iter()
        .any(|frame| frame.ends_with(&stateless(5, SAID)) || frame.ends_with(&stateless(6, SAID)));
    let may_tell = dialect == Dialect::Hocuspocus && who.sees() && who != Who::View;
    assert_eq!(told, may_tell, "{context}: an app's message");

    if !who.sees() {
        // A document of that name does not exist, and nobody can tell.
        let (_, missing) = say_everything(&server, dialect, "secre7", &who.token(), true).await;
        assert_eq!(heard, missing, "{context}: existence");
        assert_eq!(bytes(&server, "secre7").await, Err("not-found".into()), "{context}");
        if dialect == Dialect::YWebsocket {
            let code = if who.is_known() { 4403 } else { 4401 };
            assert_eq!(tested.closed, Some(code), "{context}");
        }
    }
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_allowed_happens_and_what_is_not_neither_changes_nor_shows_anything() {
    for dialect in [Dialect::YWebsocket, Dialect::Hocuspocus] {
        for who in Who::ALL {
            check(who, dialect).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_to_one_document_is_none_to_another_on_the_same_connection() {
    let server = guarded().await;
    write(&server, "secret").await;
    let before = bytes(&server, "secret").await;
    let mut one =
        Wire::connect(&server, Dialect::Hocuspocus, "other", &Who::OtherDocument.token()).await;
    one.says(SYNC_STEP1).await;
    one.hears(&[0, 1]).await;
    // The same connection, another address: with and without the token that opened the first.
    for frame in [
        [&b"\x06secret"[..], &sync(2, EDIT)].concat(),
        [&b"\x06secret"[..], SYNC_STEP1].concat(),
        [&b"\x08secret\0x"[..], SYNC_STEP1].concat(),
        [&b"\x06secret"[..], &[2, 0], &bytes_with_length(Who::OtherDocument.token().as_bytes())]
            .concat(),
        [&b"\x06secret"[..], &sync(2, EDIT)].concat(),
    ] {
        one.says_raw(frame).await;
    }
    one.leaves().await;
    assert!(!one.has_heard(CONTENT));
    assert_eq!(bytes(&server, "secret").await, before);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_are_kept_under_the_name_that_the_token_vouches_for() {
    let server = guarded().await;
    let mut one = Wire::synced(&server, Dialect::YWebsocket, "secret", &Who::Edit.token()).await;
    one.says(&presence(7, 1, r#"x","user":{"name":"Somebody else"},"z":""#)).await;
    one.says(&sync(2, EDIT)).await;
    one.says(&[102, 1, 1]).await;
    one.hears(&[102]).await;
    let line = "GET /documents/secret/history/entries";
    let entries = super::who::ask_as(&server, &Who::Owner.token(), line, "").await;
    let text = entries.text();
    assert!(text.contains("Ada") && text.contains("u1") && text.contains("verified"), "{text}");
    assert!(!text.contains("Somebody else"), "{text}");
    server.stop().await.expect("stops");
}
