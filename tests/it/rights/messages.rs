//! Every message of every dialect, said by everybody through every door: what is allowed happens,
//! and what is not neither changes nor shows anything.

use coscribe::server::Server;
use futures_util::future::join_all;

use super::{
    who::{CONTENT, PRESENCE, Who, bytes, end_share, guarded, guarded_for_y_sweet, share, write},
    wire::{
        Dialect, Door, EDIT, QUERY_AWARENESS, SYNC_STEP1, Wire, bytes_with_length, presence,
        stateless, sync,
    },
};

/// A word in what the tested connection shows and says.
const SAID: &str = "said-by-the-tested";

/// "I leave this document", where frames have addresses; nothing elsewhere.
const CLOSE: &[u8] = &[7];

/// Everything a client can say but that it leaves, and what only servers say, and nonsense.
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
        _ => messages.extend([vec![9], vec![10]]),
    }
    messages
}

/// What somebody hears who says everything to a document: each frame, with the document's name
/// replaced, so that two documents can be compared.
async fn say_everything(
    server: &Server,
    (door, dialect): Way,
    document: &str,
    token: &str,
    is_denied: bool,
) -> (Wire, Vec<Vec<u8>>) {
    let mut tested = Wire::connect_through(door, server, dialect, document, token).await;
    if tested.refused.is_none() {
        for message in all_messages(dialect) {
            tested.says(&message).await;
        }
        if dialect == Dialect::YWebsocket && is_denied {
            tested.hangs().await;
        } else {
            if !is_denied {
                // Answered when everything before it is.
                tested.says(SYNC_STEP1).await;
                for _ in 0..2 {
                    tested.hears(&[0, 1]).await;
                }
            }
            tested.says(CLOSE).await;
            tested.leaves().await;
        }
    }
    let plain = |frame: &[u8]| String::from_utf8_lossy(frame).replace(document, "<name>");
    let refused = tested.refused.iter().map(|it| plain(it.as_bytes()));
    let heard = tested.heard.iter().map(|frame| plain(frame));
    let heard = refused.chain(heard).map(String::into_bytes).collect();
    (tested, heard)
}

/// A door and what is spoken at it.
type Way = (Door, Dialect);

/// A document that says something, at which somebody shows something.
struct Scene {
    server: Server,
    before: Vec<u8>,
    /// Shows something.
    watching: Wire,
    /// An app that hears messages between apps.
    apps: Wire,
}

async fn scene() -> Scene {
    let server = guarded_for_y_sweet().await;
    write(&server, "secret").await;
    let before = bytes(&server, "secret").await.expect("is there");
    let owner = Who::Owner.token();
    let mut watching = Wire::synced(&server, Dialect::YWebsocket, "secret", &owner).await;
    let mut apps = Wire::synced(&server, Dialect::Hocuspocus, "secret", &owner).await;
    watching.says(&presence(1, 1, PRESENCE)).await;
    while !apps.has_heard(PRESENCE) {
        apps.hears(&[1]).await;
    }
    Scene { server, before, watching, apps }
}

impl Scene {
    /// Whether others see somebody, up to something that came after it for sure.
    async fn was_seen(&mut self) -> bool {
        self.watching.says(&presence(1, 2, "later")).await;
        while !self.apps.has_heard("later") {
            self.apps.hears(&[1]).await;
        }
        // It may have come and gone between two tellings.
        let left = |frame: &bytes::Bytes| frame.windows(7).any(|it| it == b"\x09\x01\x04null");
        self.apps.has_heard(SAID) || self.apps.heard.iter().any(left)
    }

    fn apps_were_told(&self) -> bool {
        let told = [stateless(5, SAID), stateless(6, SAID)];
        self.apps.heard.iter().any(|frame| told.iter().any(|it| frame.ends_with(it)))
    }
}

async fn check(who: Who, way: Way, token: Option<String>) {
    let context = format!("{who:?} {way:?} {}", if token.is_some() { "y-sweet" } else { "" });
    let mut scene = scene().await;
    let token = match token {
        Some(token) => token,
        None => who.token_at(&scene.server, "secret").await,
    };
    let (tested, heard) = say_everything(&scene.server, way, "secret", &token, !who.sees()).await;

    let after = bytes(&scene.server, "secret").await.expect("is there");
    assert_eq!(after != scene.before, who.edits(), "{context}: the document");
    assert_eq!(tested.has_heard(CONTENT), who.sees(), "{context}: content");
    assert_eq!(tested.has_heard(PRESENCE), who.sees(), "{context}: presence");
    assert_eq!(scene.was_seen().await, who.sees(), "{context}: seen by others");
    let may_tell = way.1 != Dialect::YWebsocket && who.sees() && who != Who::View;
    assert_eq!(scene.apps_were_told(), may_tell, "{context}: an app's message");

    if !who.sees() {
        // A document of that name does not exist, and nobody can tell.
        let (_, missing) = say_everything(&scene.server, way, "secre7", &token, true).await;
        assert!(!heard.is_empty(), "{context}: no word of it");
        assert_eq!(heard, missing, "{context}: existence");
        let made = bytes(&scene.server, "secre7").await;
        assert_eq!(made, Err("not-found".into()), "{context}");
        match way {
            (Door::YSweet, _) => assert!(heard[0].starts_with(b"401"), "{context}"),
            (_, Dialect::YWebsocket) => {
                let code = if who.is_known() { 4403 } else { 4401 };
                assert_eq!(tested.closed, Some(code), "{context}");
            }
            _ => {}
        }
    }
    scene.server.stop().await.expect("stops");
}

/// An edit of client 8 that nobody hears of whose right has ended.
const LATER: &[u8] = b"\x01\x01\x08\x00\x04\x01\x01t\x0dlater-content\x00";

/// Somebody who is in, and whose right ends meanwhile.
async fn check_revoked((door, dialect): Way) {
    let context = format!("{door:?} {dialect:?}");
    let mut scene = scene().await;
    let (id, token) = share(&scene.server, "secret", "edit").await;
    let mut tested = Wire::connect_through(door, &scene.server, dialect, "secret", &token).await;
    tested.says(SYNC_STEP1).await;
    tested.hears(&[0, 1]).await;
    end_share(&scene.server, "secret", &id).await;
    let multiplexed = dialect != Dialect::YWebsocket;
    if multiplexed {
        tested.hears(&[2, 1]).await;
    }
    let heard = tested.heard.len();
    for message in all_messages(dialect) {
        tested.says(&message).await;
    }
    if multiplexed {
        tested.says(CLOSE).await;
        tested.is_through().await;
    } else {
        assert_eq!(tested.hangs().await, Some(4403), "{context}");
    }
    assert_eq!(bytes(&scene.server, "secret").await, Ok(scene.before.clone()), "{context}");
    assert!(!scene.was_seen().await, "{context}: seen by others");
    assert!(!scene.apps_were_told(), "{context}: an app's message");
    scene.watching.says(&sync(2, LATER)).await;
    scene.watching.says(&[102, 1, 1]).await;
    scene.watching.hears(&[102]).await;
    if multiplexed {
        tested.leaves().await;
        // That it left is confirmed, as anybody's leaving is.
        let told = |it: &&bytes::Bytes| {
            !it.starts_with(b"\x02a\n") && !it.ends_with(b"\x07\x12provider_initiated")
        };
        let mut about_it = tested.heard[heard..].iter().filter(told);
        assert_eq!(about_it.next(), None, "{context}: something after the no");
    }
    assert!(!tested.has_heard("later-content"), "{context}: what came later");
    scene.server.stop().await.expect("stops");
}

/// Everybody, with tokens of our own.
async fn check_all(way: Way) {
    join_all(Who::ALL.map(|who| check(who, way, None))).await;
    check_revoked(way).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_y_websocket() {
    check_all((Door::WebSocket, Dialect::YWebsocket)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_hocuspocus() {
    check_all((Door::WebSocket, Dialect::Hocuspocus)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_hocuspocus_2() {
    check_all((Door::WebSocket, Dialect::Hocuspocus2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_hocuspocus_with_sessions() {
    check_all((Door::WebSocket, Dialect::HocuspocusSessions)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_y_websocket_by_requests() {
    check_all((Door::Requests, Dialect::YWebsocket)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_hocuspocus_by_requests() {
    check_all((Door::Requests, Dialect::Hocuspocus)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_of_y_sweet() {
    check_all((Door::YSweet, Dialect::YWebsocket)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_message_with_tokens_of_y_sweet() {
    for way in [(Door::YSweet, Dialect::YWebsocket), (Door::WebSocket, Dialect::Hocuspocus)] {
        let with_tokens = Who::ALL.into_iter().filter_map(|who| Some((who, who.y_sweet_token()?)));
        join_all(with_tokens.map(|(who, token)| check(who, way, Some(token)))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a8_a_right_to_one_document_is_none_to_another_on_the_same_connection() {
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
