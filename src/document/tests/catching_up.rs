//! Whoever falls behind, joins late or listens on a slow line ends with the same document.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;

use super::{
    harness::{Session, Writer, world},
    hocuspocus_address,
};
use crate::{
    crdt::replica::Replica,
    document::Command,
    identity::{Author, AuthorKind},
    ids::ClientId,
    limits::{Limits, SYNC_PIECE_BYTES},
    protocol::{Address, ClientMessage, ServerMessage, y_websocket},
};

fn server() -> Arc<Author> {
    let (kind, name) = (AuthorKind::Server, "api".into());
    Arc::new(Author { kind, user: "".into(), name, connection: 0 })
}

/// A client's copy of the document, made of everything it was sent.
async fn copy_of(session: &mut Session, replica: &mut Replica) -> String {
    for frame in session.drains().await {
        let message = y_websocket::decode_server(&frame).expect("sound");
        if let Some(ServerMessage::Update(update) | ServerMessage::SyncStep2(update)) = message {
            replica.apply(&update).expect("sound");
        }
    }
    replica.text()
}

fn replica() -> Replica {
    Replica::new(ClientId(1000), "t")
}

#[tokio::test]
async fn an_edit_by_the_server_is_not_lost_on_who_falls_behind_before_it_is_durable() {
    let mut world = world(Limits { outbox_bytes: 100, ..Limits::default() });
    let (one, mut slow) = (world.synced(Address::None).await, world.synced(Address::None).await);
    world.store.hold();
    let editing = tokio::spawn({
        let handle = one.handle.clone();
        async move { handle.edit(Writer::new(9).types(b'S'), server()).await }
    });
    while world.store.appends.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let mut typing = Writer::new(7);
    for _ in 0..50 {
        one.says(ClientMessage::Update(typing.types(b'x'))).await;
    }
    one.handle.read().await.expect("loaded");
    world.store.release();
    editing.await.expect("no panic").expect("accepted");
    let text = copy_of(&mut slow, &mut replica()).await;
    assert_eq!(text.matches('x').count(), 50, "{text}");
    assert_eq!(text.matches('S').count(), 1, "{text}");
}

#[tokio::test]
async fn the_part_of_a_server_s_edit_that_could_be_applied_is_shown_too() {
    let mut world = world(Limits::default());
    let mut one = world.synced(Address::None).await;
    let mut gap = Writer::new(8);
    gap.skip(5);
    let (sound, gap) = (Writer::new(7).types(b'x'), gap.types(b'y'));
    let body = |update: &Bytes| update.slice(1..update.len() - 1);
    let both = [&[2][..], &body(&gap), &body(&sound), &[0]].concat();
    let refused = one.handle.edit(both.into(), server()).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(copy_of(&mut one, &mut replica()).await, "x");
}

#[tokio::test]
async fn a_large_edit_reaches_the_others_in_pieces() {
    let mut world = world(Limits::default());
    let (one, mut two) = (world.synced(Address::None).await, world.synced(Address::None).await);
    let mut paste = Replica::new(ClientId(7), "t");
    let ((), update) = paste.edit(|text| text.push(&"words ".repeat(50_000)));
    one.says(ClientMessage::Update(update.expect("a change"))).await;
    let mut copy = replica();
    one.handle.read().await.expect("loaded");
    let mut frames = 0;
    for frame in two.drains().await {
        frames += 1;
        assert!(frame.len() < SYNC_PIECE_BYTES + 100, "a frame has {} bytes", frame.len());
        if let Ok(Some(ServerMessage::Update(update))) = y_websocket::decode_server(&frame) {
            copy.apply(&update).expect("sound");
        }
    }
    assert!(frames > 5);
    assert_eq!(copy.text(), paste.text());
}

#[tokio::test]
async fn everybody_who_asks_the_same_shares_one_answer() {
    let mut world = world(Limits::default());
    let one = world.synced(Address::None).await;
    let ((), update) =
        Replica::new(ClientId(7), "t").edit(|text| text.push(&"words ".repeat(50_000)));
    one.says(ClientMessage::Update(update.expect("a change"))).await;
    let mut places = Vec::new();
    for _ in 0..3 {
        let mut late = world.join(Address::None).await;
        late.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
        // What everyone sends when it is their turn changes nothing.
        late.says(ClientMessage::SyncStep2(Bytes::from_static(&[0, 0]))).await;
        let frames = late.drains().await;
        places.push(frames.iter().map(|frame| frame.as_ptr()).skip(1).collect::<Vec<_>>());
    }
    assert!(places[0].len() > 5);
    assert_eq!(places[0], places[1]);
    assert_eq!(places[1], places[2]);
}

#[tokio::test]
async fn presence_does_not_fill_the_queue_of_who_takes_nothing() {
    let limits = Limits { outbox_bytes: 200, ..super::harness::eager() };
    let mut world = world(limits);
    let (one, mut stuck) = (world.synced(Address::None).await, world.join(Address::None).await);
    for clock in 1..100 {
        let state = Bytes::copy_from_slice(&[1, 7, clock, 2, b'{', b'}']);
        one.says(ClientMessage::Awareness(state)).await;
        one.handle.read().await.expect("loaded");
    }
    assert!(stuck.outbox.bytes() < 250, "{} bytes are queued", stuck.outbox.bytes());
    let frames = stuck.drains().await;
    assert_eq!(frames.last().expect("some")[..], [1, 6, 1, 7, 99, 2, b'{', b'}']);
}

#[tokio::test]
async fn who_missed_that_somebody_left_is_told_later() {
    let limits = Limits { outbox_bytes: 100, ..super::harness::eager() };
    let mut world = world(limits);
    let (one, mut slow) = (world.synced(Address::None).await, world.synced(Address::None).await);
    let writer = world.synced(Address::None).await;
    one.says(ClientMessage::Awareness(Bytes::from_static(b"\x01\x07\x01\x02{}"))).await;
    let mut typing = Writer::new(9);
    for _ in 0..50 {
        writer.says(ClientMessage::Update(typing.types(b'x'))).await;
    }
    one.handle.send(Command::Unsubscribe(one.id)).await.expect("open");
    writer.handle.read().await.expect("loaded");
    let frames = slow.drains().await;
    let last = frames.iter().rfind(|frame| frame[0] == 1).expect("presence");
    assert_eq!(last[..], *b"\x01\x08\x01\x07\x01\x04null");
}

#[tokio::test]
async fn questions_of_who_takes_no_answers_do_not_pile_up() {
    let mut world = world(Limits { outbox_bytes: 100, ..Limits::default() });
    let one = world.synced(Address::None).await;
    let state = [&[1, 7, 1, 60, b'"'][..], &[b'x'; 58], b"\""].concat();
    one.says(ClientMessage::Awareness(state.into())).await;
    for address in [Address::None, hocuspocus_address()] {
        let stuck = world.join(address).await;
        for _ in 0..100 {
            stuck.says(ClientMessage::QueryAwareness).await;
            stuck.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
        }
        stuck.handle.read().await.expect("loaded");
        assert!(stuck.outbox.bytes() < 300, "{} bytes are queued", stuck.outbox.bytes());
    }
}
