//! What a document does, seen from its subscribers' queues.

mod bounds;
mod catching_up;
mod deferring;
mod harness;
mod importing;
mod library;
mod pauses;
mod rights;
mod waking;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;

use super::Command;
use crate::{
    identity::{Author, AuthorKind},
    ids::{DocumentId, DocumentName},
    limits::Limits,
    protocol::{Address, ClientMessage, ServerMessage, hocuspocus, y_websocket},
    storage::Store,
};
use harness::{Writer, quick, world};

fn hocuspocus_address() -> Address {
    Address::Hocuspocus(Arc::from(&b"notes"[..]))
}

#[tokio::test]
async fn an_edit_reaches_the_others_at_once_and_is_acknowledged_only_when_durable() {
    let mut world = world(Limits::default());
    let (mut one, mut two) =
        (world.synced(hocuspocus_address()).await, world.synced(Address::None).await);
    one.hears_now().await;
    world.store.hold();
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    assert_eq!(two.hears().await, "update x");
    assert_eq!(one.hears_now().await, [""; 0]);
    world.store.release();
    assert_eq!(one.hears().await, "status 1");
}

#[tokio::test]
async fn a_barrier_waits_for_everything_before_it_also_for_duplicates() {
    let mut world = world(Limits::default());
    let (mut one, mut two) = (world.synced(Address::None).await, world.synced(Address::None).await);
    world.store.hold();
    let update = Writer::new(7).types(b'x');
    one.says(ClientMessage::Update(update.clone())).await;
    two.hears_until("update x").await;
    two.says(ClientMessage::Update(update)).await;
    two.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    assert_eq!(two.hears_now().await, [""; 0]);
    world.store.release();
    assert_eq!(two.hears().await, "barrier");
    one.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    one.hears_until("barrier").await;
}

#[tokio::test]
async fn a_duplicate_is_neither_stored_nor_sent_again() {
    let mut world = world(Limits::default());
    let (mut one, mut two) =
        (world.synced(hocuspocus_address()).await, world.synced(Address::None).await);
    one.hears_now().await;
    let update = Writer::new(7).types(b'x');
    one.says(ClientMessage::Update(update.clone())).await;
    one.says(ClientMessage::Update(update)).await;
    assert_eq!([one.hears().await, one.hears().await], ["status 1", "status 1"]);
    assert_eq!(two.hears_now().await, ["update x"]);
    assert_eq!(world.store.appends.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_of_the_document_is_sent_before_the_first_step_2() {
    let mut world = world(Limits::default());
    let one = world.synced(Address::None).await;
    let mut late = world.join(Address::None).await;
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    assert_eq!(late.hears_now().await, ["step1"]);
    late.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
    assert_eq!(late.hears_now().await, ["step2"]);
}

#[tokio::test]
async fn a_provider_is_asked_back_on_each_step_1() {
    let mut world = world(Limits::default());
    let mut one = world.join(hocuspocus_address()).await;
    for _ in 0..2 {
        one.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
        assert_eq!(one.hears_now().await, ["step1", "step2"]);
        one.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
        assert_eq!(one.hears().await, "status 1");
    }
}

#[tokio::test]
async fn a_gap_is_asked_for_once_and_answers_wait_for_what_was_missing() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    one.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
    one.hears_until("status 1").await;
    let mut writer = Writer::new(7);
    let first = writer.types(b'a');
    let second = writer.types(b'b');
    one.says(ClientMessage::Update(second.clone())).await;
    one.says(ClientMessage::Update(writer.types(b'c'))).await;
    assert_eq!(one.hears_now().await, ["step1"]);
    // The client's answer holds everything; its own acknowledgement is not among those counted.
    one.says(ClientMessage::Update(first)).await;
    one.says(ClientMessage::SyncStep2(second)).await;
    assert_eq!([one.hears().await, one.hears().await, one.hears().await], ["status 1"; 3]);
    assert_eq!(one.hears_now().await, [""; 0]);
}

#[tokio::test]
async fn a_gap_that_nobody_can_fill_is_not_asked_for_again_and_again() {
    let mut world = world(Limits::default());
    let mut one = world.synced(Address::None).await;
    let mut writer = Writer::new(7);
    writer.skip(5);
    let pending = writer.types(b'z');
    one.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
    one.says(ClientMessage::Update(pending.clone())).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    assert_eq!(one.hears_now().await, ["step1"]);
    one.says(ClientMessage::SyncStep2(pending)).await;
    assert_eq!(one.hears().await, "barrier");
    assert_eq!(one.hears_now().await, [""; 0]);
}

#[tokio::test]
async fn a_resync_that_brings_a_part_is_asked_for_the_rest() {
    let mut world = world(Limits::default());
    let mut one = world.synced(Address::None).await;
    one.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
    let mut writer = Writer::new(8);
    writer.skip(5);
    one.says(ClientMessage::Update(writer.types(b'z'))).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    assert_eq!(one.hears_now().await, ["step1"]);
    // Client 8 at clock 5 that nobody can place, and client 7 at clock 0.
    let both: &[u8] = b"\x02\x01\x08\x05\x04\x01\x01t\x01z\x01\x07\x00\x04\x01\x01t\x01a\x00";
    one.says(ClientMessage::SyncStep2(Bytes::from_static(both))).await;
    assert_eq!(one.hears_now().await, ["step1"]);
    one.says(ClientMessage::SyncStep2(Bytes::from_static(both))).await;
    assert_eq!(one.hears().await, "barrier");
}

#[tokio::test]
async fn a_slow_reader_is_caught_up_by_a_difference() {
    let limits = Limits { outbox_bytes: 200, ..Limits::default() };
    let mut world = world(limits);
    let (mut writer, mut slow) =
        (world.synced(Address::None).await, world.synced(Address::None).await);
    let mut typing = Writer::new(7);
    for _ in 0..100 {
        writer.says(ClientMessage::Update(typing.types(b'x'))).await;
        // Each in a turn of its own, so that the queue passes its bound by one frame at most.
        writer.handle.read().await.expect("loaded");
    }
    writer.hears_now().await;
    assert!(slow.outbox.bytes() < 220, "{} bytes are queued", slow.outbox.bytes());
    let first = slow.hears_now().await;
    assert!(first.len() < 40, "{first:?}");
    slow.handle.send(Command::CaughtUp(slow.id)).await.expect("open");
    writer.says(ClientMessage::Update(typing.types(b'y'))).await;
    let rest = slow.hears_until("update y").await;
    assert!(rest.len() <= 3, "{rest:?}");
}

#[tokio::test]
async fn after_a_failed_sync_nobody_hears_saved_and_reading_goes_on() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    one.hears_now().await;
    world.store.fails.store(true, Ordering::SeqCst);
    let mut writer = Writer::new(7);
    one.says(ClientMessage::Update(writer.types(b'x'))).await;
    assert_eq!(one.hears().await, "status 0");
    world.store.fails.store(false, Ordering::SeqCst);
    one.says(ClientMessage::Update(writer.types(b'y'))).await;
    assert_eq!(one.hears().await, "status 0");
    let mut other = world.join(Address::None).await;
    other.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
    other.hears_until("step2").await;
}

#[tokio::test]
async fn a_reader_who_edits_hears_nothing_as_saved() {
    let mut world = world(Limits::default());
    let view =
        |new: &mut crate::document::NewSubscriber| new.access = crate::identity::Access::View;
    let mut plain = world.join_with(Address::None, view).await;
    plain.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
    plain.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    plain.hears_until("barrier").await;
    plain.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    plain.says(ClientMessage::Barrier(Bytes::from_static(&[2]))).await;
    let mut counted = world.join_with(hocuspocus_address(), view).await;
    counted.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
    counted.says(ClientMessage::Update(Writer::new(8).types(b'x'))).await;
    assert_eq!([counted.hears().await, counted.hears().await], ["status 1", "status 0"]);
    assert_eq!(plain.hears_now().await, [""; 0]);
    assert_eq!(world.store.appends.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_idle_document_is_unloaded_and_comes_back_whole() {
    let soon = Duration::from_millis(20);
    let mut world = world(Limits { unload_after: soon, ..Limits::default() });
    let one = world.synced(Address::None).await;
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    let before = one.handle.read().await.expect("loaded");
    one.handle.send(Command::Unsubscribe(one.id)).await.expect("open");
    drop(one);
    while world.documents.loaded() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let again = world.join(Address::None).await;
    assert_eq!(again.handle.read().await.expect("loaded"), before);
}

#[tokio::test]
async fn reading_does_not_create_a_document() {
    let mut world = world(quick());
    let one = world.synced(Address::None).await;
    one.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
    one.handle.read().await.expect("loaded");
    let name = DocumentName::new("notes").expect("a good name");
    assert_eq!(world.store.find(&name).await.expect("reads"), None);
}

#[tokio::test]
async fn an_old_copy_of_another_life_is_turned_away_before_any_sync() {
    let mut world = world(Limits::default());
    let other = DocumentId::from_bytes([9; 16]);
    let mut one = world
        .join_with(Address::None, |new| {
            new.greet = true;
            new.epoch = Some(other);
        })
        .await;
    assert_eq!([one.hears().await, one.hears().await], ["denied", "close 4409"]);
}

#[tokio::test]
async fn our_own_client_is_told_the_epoch_when_the_document_is_born() {
    let mut world = world(Limits::default());
    let mut one = world.join_with(Address::None, |new| new.greet = true).await;
    assert_eq!(one.hears_now().await, ["hello", "step1"]);
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    assert_eq!(one.hears_now().await, ["hello"]);
}

#[tokio::test]
async fn our_own_client_is_told_what_it_must_know_and_how_much_it_may_send() {
    let mut world = world(Limits { update_bytes: 1234, ..Limits::default() });
    let mut one = world.join_with(Address::None, |new| (new.greet, new.open) = (true, true)).await;
    let frames = one.drains().await;
    let hello = frames.iter().find(|frame| frame[0] == 120).expect("a greeting");
    let start = hello.iter().position(|byte| *byte == b'{').expect("JSON");
    let hello: serde_json::Value = serde_json::from_slice(&hello[start..]).expect("JSON");
    assert_eq!(hello["largest"], 1234);
    assert_eq!(hello["open"], true);

    let meta = concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/sync/meta.js");
    let meta = std::fs::read_to_string(meta).expect("the web app is here");
    let schema = meta.split_once("export const SCHEMA = ").expect("its schema number").1;
    let schema: u32 = schema.lines().next().and_then(|it| it.parse().ok()).expect("a number");
    assert_eq!(hello["app"], schema, "the pages and APP_SCHEMA disagree");
}

#[tokio::test]
async fn presence_comes_on_joining_and_goes_with_its_connection() {
    let mut world = world(Limits::default());
    let (mut one, mut two) = (world.synced(Address::None).await, world.synced(Address::None).await);
    let state = Bytes::from_static(b"\x01\x07\x01\x02{}");
    one.says(ClientMessage::Awareness(state)).await;
    assert_eq!(two.hears().await, "presence");
    let mut three = world.join(Address::None).await;
    assert_eq!([three.hears().await, three.hears().await], ["step1", "presence"]);
    one.handle.send(Command::Unsubscribe(one.id)).await.expect("open");
    assert_eq!(two.hears().await, "presence");
    assert_eq!(one.hears_now().await, [""; 0]);
}

#[tokio::test]
async fn an_edit_by_the_server_is_shown_once_it_is_durable() {
    let mut world = world(Limits::default());
    let mut one = world.synced(Address::None).await;
    world.store.hold();
    let author =
        Author { kind: AuthorKind::Server, user: "".into(), name: "api".into(), connection: 0 };
    let editing = tokio::spawn({
        let handle = one.handle.clone();
        async move { handle.edit(Writer::new(7).types(b'x'), Arc::new(author)).await }
    });
    while world.store.appends.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(one.hears_now().await, [""; 0]);
    world.store.release();
    editing.await.expect("no panic").expect("accepted");
    assert_eq!(one.hears().await, "update x");
}

#[tokio::test]
async fn stopping_makes_everything_durable_and_sends_everybody_away() {
    let mut world = world(Limits::default());
    let mut one = world.synced(Address::None).await;
    world.store.hold();
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    one.handle.read().await.expect("loaded");
    let documents = world.documents.clone();
    let stopping = tokio::spawn(async move { documents.shutdown().await });
    assert_eq!(one.hears_until("close 1012").await, ["close 1012"]);
    assert!(!stopping.is_finished());
    world.store.release();
    stopping.await.expect("no panic");
    assert!(world.documents.open(&DocumentName::new("notes").expect("good")).is_err());
}

#[test]
fn frames_of_both_dialects_hold_the_same_update() {
    let message = ServerMessage::Update(Bytes::from_static(&[0, 0]));
    let plain = y_websocket::encode(&message).expect("has updates");
    let addressed = hocuspocus::encode(b"notes", &message).expect("has updates");
    assert_eq!(plain, addressed.slice(6..));
}
