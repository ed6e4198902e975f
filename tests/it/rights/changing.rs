//! Rights that change while somebody is connected: they end, are ended, grow and shrink.

use std::sync::{Arc, Mutex};

use coscribe::{
    Server,
    auth::{Answering, Authorizer, Denied, Grant, Question},
    clock::Timestamp,
    identity::Access,
};

use super::{
    who::{Who, ask_as, bytes, guarded, now, write},
    wire::{Dialect, EDIT, SYNC_STEP1, Wire, presence, sync},
};

/// Grants what it is told to; tokens that begin with `owner` are owners.
#[derive(Default)]
struct Switch(Mutex<Option<Grant>>);

impl Switch {
    fn set(&self, grant: Option<Grant>) {
        *self.0.lock().expect("nobody panics") = grant;
    }
}

impl Authorizer for Switch {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        let mut tokens = question.credentials.tokens.iter();
        let grant = match tokens.any(|it| it.expose() == "owner") {
            true => Some(Grant::of(Access::Owner)),
            false => self.0.lock().expect("nobody panics").clone(),
        };
        Box::pin(async move { grant.ok_or(Denied::Forbidden) })
    }
}

async fn switched(access: Access) -> (Server, Arc<Switch>) {
    let switch = Arc::new(Switch::default());
    switch.set(Some(Grant::of(access)));
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = Server::builder().memory().listen(listen).authorizer(Arc::clone(&switch) as _);
    (server.build().await.expect("starts"), switch)
}

async fn state(server: &Server, name: &str) -> Vec<u8> {
    let answer = ask_as(server, "owner", &format!("GET /documents/{name}/export.yjs"), "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}

/// Another edit than [`EDIT`], by client 8.
const OTHER_EDIT: &[u8] = &[1, 1, 8, 0, 4, 1, 1, b't', 1, b'y', 0];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_hocuspocus_session_hears_of_every_change_and_keeps_its_socket() {
    let (server, switch) = switched(Access::Edit).await;
    let mut one = Wire::synced(&server, Dialect::Hocuspocus, "notes", "T0K").await;
    one.says(&sync(2, EDIT)).await;
    one.hears(&[8]).await;
    let before = state(&server, "notes").await;

    switch.set(Some(Grant::of(Access::View)));
    server.rights_changed();
    assert_eq!(one.hears(&[2, 2]).await[..], b"\x08readonly"[..]);
    one.says(&sync(2, OTHER_EDIT)).await;
    assert_eq!(one.hears(&[8]).await[..], [0]);
    assert_eq!(state(&server, "notes").await, before);

    switch.set(None);
    server.rights_changed();
    one.hears(&[2, 1]).await;
    one.says(&sync(2, OTHER_EDIT)).await;
    one.says(SYNC_STEP1).await;
    let heard = one.heard.len();
    assert_eq!(state(&server, "notes").await, before);

    switch.set(Some(Grant::of(Access::Edit)));
    one.shows("T1K").await;
    assert_eq!(one.hears(&[2, 2]).await[..], b"\x0aread-write"[..]);
    let nothing = one.heard[heard..].iter().all(|frame| !frame.ends_with(&[0, 0]));
    assert!(nothing, "it heard of the document while it could not");
    one.hears(&[0, 1]).await;
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_our_own_page_hears_of_every_change_and_others_are_hung_up_on_when_nothing_is_left() {
    let (server, switch) = switched(Access::Edit).await;
    let mut ours = Wire::synced(&server, Dialect::YWebsocket, "notes?coscribe=1&x=", "").await;
    let mut stock = Wire::synced(&server, Dialect::YWebsocket, "notes", "").await;
    ours.says(&sync(2, EDIT)).await;
    ours.says(&[102, 1, 1]).await;
    ours.hears(&[102]).await;
    let before = state(&server, "notes").await;

    switch.set(Some(Grant::of(Access::View)));
    server.rights_changed();
    while !String::from_utf8_lossy(&ours.hears(&[120]).await).contains(r#""access":"view""#) {}
    for one in [&mut ours, &mut stock] {
        one.says(&sync(2, OTHER_EDIT)).await;
        one.says(&sync(1, OTHER_EDIT)).await;
        // It is not saved, so nobody says so.
        one.says(&[102, 1, 2]).await;
        one.says(SYNC_STEP1).await;
        one.hears(&[0, 1]).await;
        assert!(!one.heard.iter().any(|frame| frame[..] == [102, 1, 2]));
    }
    assert_eq!(state(&server, "notes").await, before);

    switch.set(Some(Grant::of(Access::Edit)));
    server.rights_changed();
    while !String::from_utf8_lossy(&ours.hears(&[120]).await).contains(r#""access":"edit""#) {}
    // What it did meanwhile is asked for.
    ours.hears(&[0, 0]).await;
    ours.says(&sync(1, OTHER_EDIT)).await;
    ours.says(&[102, 1, 3]).await;
    ours.hears(&[102, 1, 3]).await;
    let more = state(&server, "notes").await;
    assert_ne!(more, before);

    switch.set(None);
    server.rights_changed();
    for one in [&mut ours, &mut stock] {
        one.says(&sync(2, OTHER_EDIT)).await;
        assert_eq!(one.hangs().await, Some(4403));
    }
    assert_eq!(state(&server, "notes").await, more);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_grant_that_ends_is_asked_about_again_by_itself() {
    let (server, switch) = switched(Access::Edit).await;
    let soon = Grant { expires: Some(Timestamp(now() * 1000 + 1500)), ..Grant::of(Access::Edit) };
    switch.set(Some(soon));
    let mut provider = Wire::synced(&server, Dialect::Hocuspocus, "notes", "T0K").await;
    let mut stock = Wire::synced(&server, Dialect::YWebsocket, "notes", "").await;
    // A provider is asked for another token while there is time.
    provider.has_or_hears(&[2, 0]).await;
    switch.set(None);
    provider.hears(&[2, 1]).await;
    assert_eq!(stock.hangs().await, Some(4403));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_has_ended_is_none_whoever_gives_it() {
    let (server, switch) = switched(Access::Edit).await;
    let soon = Grant { expires: Some(Timestamp(now() * 1000 + 1500)), ..Grant::of(Access::Edit) };
    switch.set(Some(soon));
    let mut stock = Wire::synced(&server, Dialect::YWebsocket, "notes", "").await;
    assert_eq!(stock.hangs().await, Some(4401));
    let mut again = Wire::connect(&server, Dialect::YWebsocket, "notes", "").await;
    again.says(SYNC_STEP1).await;
    assert_eq!(again.hangs().await, Some(4401));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_is_to_be_checked_again_is() {
    let (server, switch) = switched(Access::Edit).await;
    let recheck = Some(std::time::Duration::from_millis(100));
    switch.set(Some(Grant { recheck, ..Grant::of(Access::Edit) }));
    let mut stock = Wire::synced(&server, Dialect::YWebsocket, "notes", "").await;
    switch.set(None);
    assert_eq!(stock.hangs().await, Some(4403));
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_share_link_leads_in_until_it_is_ended() {
    let server = guarded().await;
    write(&server, "secret").await;
    let owner = Who::Owner.token();
    let made = |access: &str| format!(r#"{{"access":"{access}","name":"For Mia"}}"#);
    let made = async |access: &str| {
        let answer = ask_as(&server, &owner, "POST /documents/secret/shares", &made(access)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let json = answer.json();
        (
            json["id"].as_str().expect("an id").to_owned(),
            json["token"].as_str().expect("a token").to_owned(),
        )
    };
    let ((edit_id, edit), (_, view)) = (made("edit").await, made("view").await);
    for access in ["none", "owner"] {
        let body = format!(r#"{{"access":"{access}"}}"#);
        let refused = ask_as(&server, &owner, "POST /documents/secret/shares", &body).await;
        assert_eq!(refused.status, 400);
    }
    let list = ask_as(&server, &owner, "GET /documents/secret/shares", "").await;
    assert!(list.text().contains("For Mia") && !list.text().contains(&edit[..30]));
    // A link leads to one document, and no further than it says.
    assert_eq!(ask_as(&server, &edit, "GET /documents/secre7", "").await.status, 404);
    for (token, line, status) in [
        (&view, "GET /documents/secret", 200),
        (&view, "PATCH /documents/secret", 403),
        (&edit, "PATCH /documents/secret", 200),
        (&edit, "GET /documents/secret/shares", 403),
    ] {
        let body = if line.starts_with("PATCH") { r#"{"title":"T"}"# } else { "" };
        assert_eq!(ask_as(&server, token, line, body).await.status, status, "{line}");
    }
    let mut people = Vec::new();
    for dialect in [Dialect::YWebsocket, Dialect::Hocuspocus] {
        people.push(Wire::synced(&server, dialect, "secret", &edit).await);
    }
    let mut reader = Wire::synced(&server, Dialect::YWebsocket, "secret", &view).await;
    people[0].says(&presence(9, 1, "here")).await;
    while !reader.has_heard("here") {
        reader.hears(&[1]).await;
    }
    let before = bytes(&server, "secret").await;

    let line = format!("DELETE /documents/secret/shares/{edit_id}");
    assert_eq!(ask_as(&server, &owner, &line, "").await.status, 204);
    assert_eq!(people[0].hangs().await, Some(4403));
    people[1].hears(&[2, 1]).await;
    people[1].says(&presence(9, 9, "still here")).await;
    people[1].says(&sync(2, EDIT)).await;
    people[1].leaves().await;
    // The presence of who was sent away is gone, and the reader is still there.
    while !reader.has_heard("null") {
        reader.hears(&[1]).await;
    }
    assert_eq!(bytes(&server, "secret").await, before);
    let mut again = Wire::connect(&server, Dialect::Hocuspocus, "secret", &edit).await;
    again.says(&sync(2, EDIT)).await;
    again.hears(&[2, 1]).await;
    again.leaves().await;
    assert_eq!(bytes(&server, "secret").await, before);
    assert_eq!(ask_as(&server, &owner, &line, "").await.code(), "no-share");
    server.stop().await.expect("stops");
}
