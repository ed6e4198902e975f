//! An actor sleeps when there is nothing to do, and ends alone.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::harness::{Writer, newcomer, setup, world};
use crate::{
    document::{
        Command, Outbox,
        actor::{Actor, run},
        load::{When, load},
        registry::Documents,
    },
    ids::{DocumentName, SubscriberId},
    limits::Limits,
    protocol::{Address, ClientMessage},
};

/// An actor that does only what it is told to.
async fn actor(limits: Limits) -> (Documents, Actor) {
    let documents = Documents::new(setup(limits.clone())).expect("threads start");
    let lease = documents.lease(&DocumentName::new("notes").expect("a good name"));
    let setup = Arc::new(setup(limits));
    let shared = lease.shared().expect("documents are there");
    let loaded = load(&setup, lease.name(), &shared.loads, When::Needed).await.expect("loads");
    (documents, Actor::new(setup, lease, loaded))
}

#[tokio::test]
async fn the_task_of_an_open_document_keeps_no_room_for_what_it_does_once() {
    let documents = Documents::new(setup(Limits::default())).expect("threads start");
    let lease = documents.lease(&DocumentName::new("notes").expect("a good name"));
    let (_mailbox, requests) = tokio::sync::mpsc::channel(1);
    let task = run(Arc::new(setup(Limits::default())), lease, requests);
    assert!(size_of_val(&task) <= 160, "{} bytes", size_of_val(&task));
}

fn join(actor: &mut Actor, number: u64) -> (SubscriberId, Arc<Outbox>) {
    let outbox = Arc::new(Outbox::new(actor.setup.limits.outbox_bytes));
    let new = newcomer(number, Address::None, &outbox);
    let id = new.id;
    actor.handle(Command::Subscribe(Box::new(new)));
    let step1 = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
    actor.handle(Command::Message(id, step1, None));
    (id, outbox)
}

#[tokio::test]
async fn a_reader_who_was_given_up_does_not_keep_the_actor_awake() {
    let (_documents, mut actor) =
        actor(Limits { outbox_bytes: 100, behind_for: Duration::ZERO, ..Limits::default() }).await;
    let (writer, _) = join(&mut actor, 1);
    let (_, slow) = join(&mut actor, 2);
    let mut typing = Writer::new(7);
    for _ in 0..20 {
        let update = ClientMessage::Update(typing.types(b'x'));
        actor.handle(Command::Message(writer, update, None));
        actor.apply_batch();
    }
    actor.evaluate();
    assert!(slow.is_closing());
    assert_eq!(slow.bytes(), 0, "nothing more is written to it");
    assert!(actor.deadline().is_none_or(|at| at > Instant::now()));
}

#[tokio::test]
async fn an_actor_that_waits_for_the_disk_is_not_kept_awake_by_being_idle() {
    let (_documents, mut actor) =
        actor(Limits { unload_after: Duration::ZERO, ..Limits::default() }).await;
    let (writer, _) = join(&mut actor, 1);
    let update = ClientMessage::Update(Writer::new(7).types(b'x'));
    actor.handle(Command::Message(writer, update, None));
    actor.handle(Command::Unsubscribe(writer));
    actor.evaluate();
    assert!(!actor.durability.is_settled());
    actor.evaluate();
    assert!(!actor.may_unload());
    assert!(actor.deadline().is_none_or(|at| at > Instant::now()));
    actor.settle().await;
    assert!(actor.may_unload());
}

#[tokio::test]
async fn a_broken_document_says_nothing_more_and_sends_everybody_away() {
    let (_documents, mut actor) = actor(Limits::default()).await;
    let (one, outbox) = join(&mut actor, 1);
    let before = outbox.bytes();
    actor.poisoned = true;
    let step1 = ClientMessage::SyncStep1(Bytes::from_static(&[0]));
    actor.handle(Command::Message(one, step1, None));
    let (_, late) = join(&mut actor, 2);
    let (reply, answer) = tokio::sync::oneshot::channel();
    actor.handle(Command::Read(reply));
    assert!(answer.await.expect("an answer").is_err());
    assert_eq!(outbox.bytes(), before);
    assert!(late.is_closing());
    drop(actor);
    assert!(outbox.is_closing());
}

/// The store is called in the document's own turn, after what was applied has been sent to the others.
#[tokio::test]
async fn a_panic_in_a_turn_ends_that_document_for_a_moment_and_no_other() {
    let mut world = world(Limits::default());
    let address = || Address::Hocuspocus(Arc::from(&b"notes"[..]));
    let mut writer = Writer::new(7);
    let (mut one, mut two) = (world.synced(address()).await, world.synced(Address::None).await);
    one.says(ClientMessage::Update(writer.types(b'x'))).await;
    one.hears_until("status 1").await;
    let name =
        std::mem::replace(&mut world.name, DocumentName::new("beside").expect("a good name"));
    let mut beside = world.synced(address()).await;
    world.store.panics.store(true, Ordering::SeqCst);
    let unsaved = writer.types(b'y');
    one.says(ClientMessage::Update(unsaved.clone())).await;
    for session in [&mut one, &mut two] {
        let heard = session.hears_until("close 1012").await;
        assert!(!heard.contains(&"status 1".to_owned()), "called saved: {heard:?}");
    }
    world.store.panics.store(false, Ordering::SeqCst);
    beside.says(ClientMessage::Update(Writer::new(8).types(b'z'))).await;
    beside.hears_until("status 1").await;
    // Sessions hear of the end while the document still gives up its place.
    while world.documents.loaded() > 1 {
        tokio::task::yield_now().await;
    }
    // Whoever comes back finds what was saved, and brings the rest.
    world.name = name;
    let mut back = world.synced(address()).await;
    back.says(ClientMessage::Update(unsaved)).await;
    back.hears_until("status 1").await;
    let stored = back.handle.read().await.expect("it is open");
    assert!(stored.windows(2).any(|pair| pair == b"xy"), "{stored:?}");
}
