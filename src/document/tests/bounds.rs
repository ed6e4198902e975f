//! Nobody makes the server remember more than a bound, and nobody is forgotten.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    harness::{Writer, newcomer, world},
    hocuspocus_address,
};
use crate::{
    document::{Command, Outbox, mailbox::Mailbox},
    ids::DocumentName,
    limits::Limits,
    protocol::{Address, ClientMessage},
};

const NOTHING: Bytes = Bytes::from_static(&[0, 0]);

#[tokio::test]
async fn who_answers_no_question_is_hung_up_on() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    for _ in 0..1024 {
        one.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
    }
    one.hears_until("close 1013").await;
}

#[tokio::test]
async fn who_never_resyncs_cannot_make_answers_pile_up() {
    let mut world = world(Limits::default());
    let mut one = world.synced(hocuspocus_address()).await;
    one.hears_now().await;
    let mut typing = Writer::new(7);
    typing.skip(1);
    one.says(ClientMessage::Update(typing.types(b'y'))).await;
    for _ in 0..16 * 1024 {
        one.says(ClientMessage::Update(NOTHING)).await;
    }
    one.hears_until("close 1013").await;
}

#[tokio::test]
async fn what_waits_in_a_mailbox_is_turned_away_when_its_actor_is_gone() {
    let (send, requests) = mpsc::channel(8);
    let mut mailbox = Mailbox::new(requests);
    let outbox = Arc::new(Outbox::new(10));
    let new = newcomer(1, Address::None, &outbox);
    send.send(Box::new(Command::Stateless("first".into()))).await.expect("open");
    send.send(Box::new(Command::Subscribe(Box::new(new)))).await.expect("open");
    assert!(mailbox.fill().await);
    assert!(matches!(mailbox.next(), Some(Command::Stateless(_))));
    drop(mailbox);
    assert!(outbox.is_closing());
}

#[tokio::test]
async fn stopping_tells_every_document_before_it_waits_for_any() {
    let mut world = world(Limits::default());
    let mut sessions = Vec::new();
    world.store.hold();
    for name in ["one", "two", "three"] {
        world.name = DocumentName::new(name).expect("a good name");
        let session = world.synced(Address::None).await;
        session.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
        session.handle.read().await.expect("loaded");
        sessions.push(session);
    }
    let documents = world.documents.clone();
    let stopping = tokio::spawn(async move { documents.shutdown().await });
    for session in &mut sessions {
        session.hears_until("close 1012").await;
    }
    assert!(!stopping.is_finished());
    world.store.release();
    stopping.await.expect("no panic");
}
