//! What nobody can do who may not, and what is never reported as saved.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;

use super::{
    harness::{Session, Writer, eager, newcomer, quick, world},
    hocuspocus_address,
};
use crate::{
    clock::Timestamp,
    document::{Command, NewSubscriber, Outbox},
    identity::Access,
    ids::DocumentId,
    limits::Limits,
    protocol::{Address, ClientMessage},
    storage::Store,
};

const NOTHING: Bytes = Bytes::from_static(&[0, 0]);

fn view(new: &mut NewSubscriber) {
    new.access = Access::View;
}

#[tokio::test]
async fn who_was_turned_away_has_no_say() {
    for address in [Address::None, hocuspocus_address()] {
        let mut world = world(eager());
        let mut one = world.synced(Address::None).await;
        let mut provider = world.synced(hocuspocus_address()).await;
        one.hears_now().await;
        provider.hears_now().await;
        let stale = |new: &mut NewSubscriber| {
            view(new);
            new.epoch = Some(DocumentId::from_bytes([9; 16]));
        };
        let stranger = world.join_with(address, stale).await;
        stranger.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
        stranger.says(ClientMessage::Awareness(Bytes::from_static(b"\x01\x07\x01\x02{}"))).await;
        stranger.says(ClientMessage::Stateless("hello".into())).await;
        for _ in 0..2 {
            assert_eq!(one.hears_now().await, [""; 0]);
            assert_eq!(provider.hears_now().await, [""; 0]);
        }
        assert_eq!(world.store.appends.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_reader_s_handshake_is_no_edit_when_it_brings_nothing_new() {
    let mut world = world(Limits::default());
    let one = world.synced(Address::None).await;
    let mut typing = Writer::new(7);
    let first = typing.types(b'a');
    one.says(ClientMessage::Update(first.clone())).await;
    one.says(ClientMessage::Update(typing.types(b'b'))).await;
    let (known, new) = (Bytes::from_static(&[0, 1, 7, 1, 0, 1]), &[0, 1, 7, 1, 1, 1][..]);
    one.says(ClientMessage::Update(known.clone())).await;
    for (update, status) in [
        (known.clone(), "status 1"),
        (first, "status 1"),
        (NOTHING, "status 1"),
        (Bytes::from_static(new), "status 0"),
        (Writer::new(8).types(b'x'), "status 0"),
    ] {
        let mut reader = world.join_with(hocuspocus_address(), view).await;
        reader.says(ClientMessage::SyncStep2(update)).await;
        assert_eq!(reader.hears().await, status);
    }
    let mut reader = world.join_with(Address::None, view).await;
    reader.says(ClientMessage::SyncStep2(known)).await;
    reader.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    assert_eq!(reader.hears_now().await, ["step1", "barrier"]);
}

#[tokio::test]
async fn nothing_is_saved_before_a_client_has_brought_what_it_did_while_away() {
    let mut world = world(Limits::default());
    let mut one = world.join(Address::None).await;
    one.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[5]))).await;
    assert_eq!(one.hears_now().await, ["step1", "step2"]);
    world.store.hold();
    one.says(ClientMessage::SyncStep2(Writer::new(7).types(b'x'))).await;
    assert_eq!(one.hears_now().await, [""; 0]);
    world.store.release();
    assert_eq!(one.hears().await, "barrier");
}

#[tokio::test]
async fn a_client_that_never_says_what_it_did_is_believed_once_it_edits() {
    let mut world = world(Limits::default());
    let mut one = world.join(Address::None).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[0]))).await;
    assert_eq!([one.hears().await, one.hears().await], ["step1", "barrier"]);
    one.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    assert_eq!(one.hears_now().await, [""; 0]);
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[2]))).await;
    assert_eq!([one.hears().await, one.hears().await], ["barrier", "barrier"]);
}

#[tokio::test]
async fn an_edit_that_is_refused_does_not_count_as_arriving() {
    let mut world = world(Limits::default());
    let mut one = world.join(Address::None).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[5]))).await;
    one.says(ClientMessage::Update(Bytes::from_static(&[9, 9, 9]))).await;
    assert_eq!(one.hears_now().await, ["step1", "step1"]);
    one.handle.read().await.expect("loaded");
    assert_eq!(one.hears_now().await, [""; 0]);
}

#[tokio::test]
async fn an_edit_that_lacks_what_was_done_while_away_does_not_count_as_arriving() {
    let mut world = world(Limits::default());
    let mut one = world.join(Address::None).await;
    let mut typing = Writer::new(7);
    let before = typing.types(b'a');
    one.says(ClientMessage::Update(typing.types(b'b'))).await;
    one.says(ClientMessage::Barrier(Bytes::from_static(&[2]))).await;
    assert_eq!(one.hears_now().await, ["step1", "step1"]);
    one.says(ClientMessage::SyncStep2(before)).await;
    assert_eq!(one.hears().await, "barrier");
}

#[tokio::test]
async fn what_could_not_be_stored_does_not_count_as_saved_after_a_reconnect() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    world.store.fails.store(true, Ordering::SeqCst);
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    one.hears_until("status 0").await;
    // The server has the edit in memory, so that the client has nothing to add.
    let mut again = world.synced(hocuspocus_address()).await;
    again.says(ClientMessage::SyncStep2(NOTHING)).await;
    assert_eq!(again.hears().await, "status 0");
}

#[tokio::test]
async fn answers_held_up_by_a_resync_are_not_lost_when_the_store_fails() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    one.says(ClientMessage::SyncStep2(NOTHING)).await;
    one.hears_until("status 1").await;
    let mut typing = Writer::new(7);
    typing.skip(1);
    one.says(ClientMessage::Update(typing.types(b'y'))).await;
    assert_eq!(one.hears().await, "step1");
    world.store.fails.store(true, Ordering::SeqCst);
    one.says(ClientMessage::Update(Writer::new(8).types(b'x'))).await;
    one.handle.read().await.expect("loaded");
    one.says(ClientMessage::SyncStep2(NOTHING)).await;
    assert_eq!([one.hears().await, one.hears().await], ["status 0", "status 0"]);
    assert_eq!(one.hears_now().await, [""; 0]);
}

#[tokio::test]
async fn a_name_that_somebody_else_brought_to_life_is_loaded_again() {
    let mut world = world(Limits::default());
    let mut one = world.synced(Address::None).await;
    let other = DocumentId::from_bytes([3; 16]);
    world.store.create(&world.name, other, Timestamp(1)).await.expect("creates");
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    one.hears_until("close 1012").await;
    while world.documents.loaded() > 0 {
        tokio::task::yield_now().await;
    }
    let again = world.synced(Address::None).await;
    again.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    let mut again = again;
    again.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    again.hears_until("barrier").await;
    assert_eq!(world.store.open(other).await.expect("reads").entries.len(), 1);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_not_served_as_an_empty_one() {
    let mut world = world(quick());
    let one = world.synced(Address::None).await;
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    one.handle.read().await.expect("loaded");
    one.handle.send(Command::Unsubscribe(one.id)).await.expect("open");
    drop(one);
    while world.documents.loaded() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.store.damaged.store(true, Ordering::SeqCst);
    let mut again = world.join(Address::None).await;
    assert_eq!([again.hears().await, again.hears().await], ["denied", "close 1013"]);
    let mut provider = world.join(hocuspocus_address()).await;
    assert_eq!(provider.hears().await, "denied");
}

/// The mailbox of such a document closes before those who wait in it are told; what somebody says in
/// between is no reason to tell him another.
#[tokio::test]
async fn who_says_something_to_a_document_that_could_not_be_read_hears_why_it_could_not() {
    let mut world = world(quick());
    let (id, name) = (DocumentId::from_bytes([7; 16]), world.name.clone());
    world.store.create(&name, id, Timestamp(1)).await.expect("it is new");
    world.store.damaged.store(true, Ordering::SeqCst);
    let step1 = |from| {
        let message = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
        Box::new(Command::Message(from, message, None))
    };
    let mut in_time = world.join(Address::None).await;
    assert_eq!([in_time.hears().await, in_time.hears().await], ["denied", "close 1013"]);
    assert_eq!(in_time.handle.hand_over(step1(in_time.id)).await, Ok(()));
    assert!(in_time.handle.try_send(step1(in_time.id)).is_ok());
    for waits in [false, true] {
        let outbox = Arc::new(Outbox::new(1000));
        let new = newcomer(8, Address::None, &outbox);
        let mut late = Session::of(&new, in_time.handle.clone());
        let subscribe = Box::new(Command::Subscribe(Box::new(new)));
        if waits {
            assert_eq!(late.handle.hand_over(subscribe).await, Ok(()));
        } else {
            assert!(late.handle.try_send(subscribe).is_ok());
        }
        assert_eq!([late.hears().await, late.hears().await], ["denied", "close 1013"]);
    }
}

#[tokio::test]
async fn a_document_stays_until_everything_is_durable() {
    let mut world = world(quick());
    let one = world.synced(Address::None).await;
    world.store.hold();
    one.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    one.handle.read().await.expect("loaded");
    one.handle.send(Command::Unsubscribe(one.id)).await.expect("open");
    drop(one);
    tokio::time::sleep(world.documents.limits().unload_after * 3).await;
    assert_eq!(world.documents.loaded(), 1);
    world.store.release();
    while world.documents.loaded() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn edits_are_stored_in_the_order_they_were_made() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    one.says(ClientMessage::SyncStep2(NOTHING)).await;
    one.hears_until("status 1").await;
    let mut typing = Writer::new(7);
    let letters: Vec<_> = (b'a'..=b'z').map(|letter| typing.types(letter)).collect();
    for letter in &letters {
        one.says(ClientMessage::Update(letter.clone())).await;
    }
    for _ in &letters {
        assert_eq!(one.hears().await, "status 1");
    }
    let id = world.store.find(&world.name).await.expect("reads").expect("is there");
    let stored = world.store.open(id).await.expect("reads").entries;
    assert!(stored.into_iter().map(|it| it.entry.update).eq(letters));
}
