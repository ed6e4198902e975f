//! Nobody makes the server remember more than a bound, and nobody is forgotten.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::{
    harness::{Writer, eager, newcomer, setup, world},
    hocuspocus_address,
};
use crate::{
    clock::Timestamp,
    crdt::{PresenceEntry, encode_presence},
    document::{Command, Documents, Outbox, Setup, mailbox::Mailbox},
    identity::Author,
    ids::{DocumentId, DocumentName},
    limits::Limits,
    protocol::{Address, ClientMessage, CloseReason},
    storage::Store,
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

// An actor on the runtime of the test stands still until the test waits for something.
#[tokio::test]
async fn who_finds_a_mailbox_full_waits_and_nothing_is_lost() {
    let limits = Limits::default();
    let documents = Documents::new(Setup { threads: 0, ..setup(limits.clone()) });
    let documents = documents.expect("no threads to start");
    let handle = documents.open(&DocumentName::new("notes").expect("a good name"));
    let handle = handle.expect("not stopping");
    let author = Arc::new(Author::server(""));
    let mut writers: Vec<_> = (1..=100).map(Writer::new).collect();
    let mut answers = Vec::new();
    let mut edit = |number: usize| {
        let (reply, answer) = oneshot::channel();
        answers.push(answer);
        let (update, author) = (writers[number % 100].types(b'x'), Arc::clone(&author));
        Command::Edit { update, author, expected: None, reply }
    };
    for number in 0..limits.mailbox_messages {
        assert!(handle.try_send(Box::new(edit(number))).is_ok(), "{number} have room");
    }
    let mut sending = Box::pin(handle.send(edit(limits.mailbox_messages)));
    assert!(sending.as_mut().now_or_never().is_none(), "there is no room and it did not wait");
    sending.await.expect("there is room again");
    for answer in answers {
        answer.await.expect("is answered").expect("is durable");
    }
    let last = documents.summary(handle.name()).await.expect("reads").expect("is there").last;
    assert_eq!(last.0, limits.mailbox_messages as u64 + 1);
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
async fn presence_goes_out_at_once_and_then_not_too_often() {
    let interval = Duration::from_hours(1);
    let mut world = world(Limits { presence_interval: interval, ..Limits::default() });
    let (one, mut other) = (world.synced(Address::None).await, world.synced(Address::None).await);
    let shows = |clock: u8| ClientMessage::Awareness(Bytes::from(vec![1, 7, clock, 2, b'{', b'}']));
    one.says(shows(1)).await;
    other.hears_until("presence").await;
    one.says(shows(2)).await;
    assert_eq!(other.hears_now().await, [""; 0], "it waits for the next time");
}

#[tokio::test]
async fn a_presence_that_is_too_large_is_shown_to_nobody() {
    let most = Limits::default().presence_bytes;
    let mut world = world(eager());
    let (one, mut other) = (world.synced(Address::None).await, world.synced(Address::None).await);
    for (letter, bytes) in [("y", most + 1), ("x", most)] {
        let state = format!("\"{}\"", letter.repeat(bytes - 2)).into();
        let shown = PresenceEntry { client: 7, clock: 1, state };
        one.says(ClientMessage::Awareness(encode_presence([shown].iter()))).await;
    }
    let heard = loop {
        let frame = other.take().await.expect("stays");
        if frame[0] == 1 {
            break frame;
        }
    };
    assert_eq!(heard[heard.len() - 2], b'x', "the larger one was shown");
}

#[tokio::test]
async fn a_document_that_takes_too_long_to_open_is_told_to_be_tried_again() {
    let mut world = world(Limits { load_timeout: Duration::ZERO, ..Limits::default() });
    let (id, name) = (DocumentId::from_bytes([7; 16]), world.name.clone());
    world.store.create(&name, id, Timestamp(1)).await.expect("it is new");
    // What is damaged is found out after a while, which is too long.
    world.store.damaged.store(true, Ordering::SeqCst);
    let mut one = world.join(Address::None).await;
    one.says(ClientMessage::SyncStep1(Bytes::from_static(&[0]))).await;
    assert_eq!(one.take().await, Err(CloseReason::Overloaded));
}

#[tokio::test]
async fn what_waits_in_a_mailbox_is_turned_away_when_its_actor_is_gone() {
    let (send, requests) = mpsc::channel(8);
    let mut mailbox = Mailbox::new(requests);
    let outbox = Arc::new(Outbox::new(10));
    let new = newcomer(1, Address::None, &outbox);
    send.send(Box::new(Command::Stateless("first".into()))).await.expect("open");
    send.send(Box::new(Command::Subscribe(Box::new(new)))).await.expect("open");
    assert!(std::future::poll_fn(|context| mailbox.poll_fill(context)).await);
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
