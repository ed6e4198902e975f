//! A large document goes to its first visitors as it is stored, and is loaded when that is needed.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::harness::{Writer, newcomer, setup_with};
use crate::{
    clock::{TestClock, Timestamp},
    crdt::{Bounds, DocumentState, Meta},
    document::{
        Command, Outbox, Setup, Taken,
        actor::Actor,
        card,
        load::{When, load},
        registry::Documents,
    },
    identity::Author,
    ids::{ClientId, DocumentId, DocumentName, Seq, SubscriberId},
    limits::Limits,
    protocol::{Address, ClientMessage, CloseReason},
    storage::{Entry, Store, held::Held},
};

fn id() -> DocumentId {
    DocumentId::from_bytes([7; 16])
}

fn everything() -> Limits {
    Limits { defer_bytes: 1, ..Limits::default() }
}

fn name() -> DocumentName {
    DocumentName::new("notes").expect("a good name")
}

/// The letters that one client typed, one after the other, as one update.
fn written(letters: &[u8]) -> Bytes {
    let bounds = Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    let mut state = DocumentState::new(ClientId(1), bounds, Arc::from([]));
    let mut writer = Writer::new(7);
    let updates: Vec<_> = letters.iter().map(|letter| writer.types(*letter)).collect();
    state.load(updates.iter().map(|it| &it[..])).expect("it loads");
    state.snapshot().expect("it is sound")
}

/// A store that has the document, with its card.
async fn store_with(snapshot: Bytes) -> Arc<Held> {
    let store = Held::new();
    store.create(&name(), id(), Timestamp(1)).await.expect("it is new");
    let author = Arc::new(Author::verified("", ""));
    let entry = Entry { time: Timestamp(1), author, update: snapshot.clone() };
    let last = store.append(id(), vec![entry]).await.expect("it is stored");
    store.snapshot(id(), 0, last, snapshot).await.expect("it is stored");
    let said = Meta { title: "Greetings".to_owned(), ..Meta::default() };
    let card = card::record(&said);
    store.put_record(id(), card::KEY, 0, card).await.expect("it is stored");
    store
}

fn setup(store: &Arc<Held>, limits: Limits) -> Setup {
    setup_with(store, limits, Arc::new(TestClock::default()))
}

/// An actor of that document that does only what it is told to.
async fn actor_on(store: &Arc<Held>, limits: Limits) -> (Documents, Actor) {
    let documents = Documents::new(setup(store, limits.clone())).expect("threads start");
    let lease = documents.lease(&name());
    let setup = Arc::new(setup(store, limits));
    let shared = lease.shared().expect("documents are there");
    let loaded = load(&setup, lease.name(), &shared.loads, When::Needed).await.expect("loads");
    let mut actor = Actor::new(setup, lease, loaded);
    actor.note_read(std::time::Duration::ZERO);
    (documents, actor)
}

/// Somebody who comes with a state vector; what they hear of the document.
fn visit(actor: &mut Actor, number: u64, state_vector: &[u8]) -> (SubscriberId, Arc<Outbox>) {
    let outbox = Arc::new(Outbox::new(1 << 20));
    let new = newcomer(number, Address::None, &outbox);
    let session = new.id;
    actor.handle(Command::Subscribe(Box::new(new)));
    says(actor, session, ClientMessage::SyncStep1(Bytes::copy_from_slice(state_vector)));
    (session, outbox)
}

fn says(actor: &mut Actor, from: SubscriberId, message: ClientMessage) {
    actor.handle(Command::Message(from, message, None));
}

fn heard(outbox: &Outbox) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = outbox.poll_take(&mut context, usize::MAX, &mut frames);
    frames
}

/// The title that lists show.
fn shown(actor: &Actor) -> String {
    actor.lease.live().card().expect("it has a card").title.clone()
}

/// The first bytes of a sync step 2 that brings an update.
fn answer(update: &Bytes) -> Vec<u8> {
    let length = u8::try_from(update.len()).expect("it is short");
    [&[0, 1, length][..], update].concat()
}

#[tokio::test]
async fn the_first_visitor_gets_what_is_stored_before_it_is_loaded() {
    let state = written(b"hello");
    let (_documents, mut actor) = actor_on(&store_with(state.clone()).await, everything()).await;
    let (one, outbox) = visit(&mut actor, 1, &[0]);
    let frames = heard(&outbox);
    assert_eq!(frames[0][..], [0, 0, 3, 1, 7, 5], "it is asked for what the document lacks");
    assert_eq!(frames[1][..], answer(&state));
    says(&mut actor, one, ClientMessage::SyncStep2(Bytes::from_static(&[0, 0])));
    actor.apply_batch();
    actor.evaluate();
    assert!(actor.deferred.is_some(), "nothing has needed the CRDT");
    assert_eq!(shown(&actor), "Greetings", "lists show what they showed");
}

#[tokio::test]
async fn a_small_document_is_loaded_at_once_and_so_is_one_without_a_snapshot_or_a_card() {
    let state = written(b"hello");
    let store = store_with(state.clone()).await;
    let (_documents, actor) = actor_on(&store, Limits::default()).await;
    assert!(actor.deferred.is_none() && !actor.state.is_deferred());

    store.put_record(id(), card::KEY, 1, None).await.expect("it is removed");
    let (_documents, actor) = actor_on(&store, everything()).await;
    assert!(actor.deferred.is_none(), "nobody knows what it says about itself");
}

#[tokio::test]
async fn an_edit_and_whoever_has_something_find_it_loaded() {
    let state = written(b"hello");
    let store = store_with(state.clone()).await;
    let (_documents, mut actor) = actor_on(&store, everything()).await;
    let (_, knows) = visit(&mut actor, 1, &[1, 7, 4]);
    assert!(actor.deferred.is_none());
    let last = Bytes::from_static(&[1, 1, 7, 4, 0x84, 7, 3, 1, b'o', 0]);
    assert_eq!(heard(&knows)[1][..], answer(&last), "it lacks one letter");

    let (_documents, mut actor) = actor_on(&store, everything()).await;
    let (writer, _) = visit(&mut actor, 1, &[0]);
    let (_, reader) = visit(&mut actor, 2, &[0]);
    heard(&reader);
    let edit = Bytes::from_static(&[1, 1, 7, 5, 0x84, 7, 4, 1, b'!', 0]);
    says(&mut actor, writer, ClientMessage::Update(edit.clone()));
    actor.apply_batch();
    assert_eq!(actor.state.text("t"), "hello!");
    assert_eq!(heard(&reader)[0][3..], edit[..]);
}

#[tokio::test]
async fn a_question_about_the_document_has_it_loaded() {
    let state = written(b"hello");
    let (_documents, mut actor) = actor_on(&store_with(state.clone()).await, everything()).await;
    let (reply, told) = tokio::sync::oneshot::channel();
    actor.handle(Command::Read(reply));
    assert_eq!(told.await.expect("an answer").expect("it is read"), state);
}

#[tokio::test]
async fn it_is_loaded_though_nobody_asks() {
    let (_documents, mut actor) =
        actor_on(&store_with(written(b"hello")).await, everything()).await;
    let due = actor.deadline().expect("it will be loaded");
    assert!(due > Instant::now());
    tokio::time::sleep_until(due).await;
    actor.evaluate();
    assert!(actor.deferred.is_none());
    assert_eq!(actor.state.text("t"), "hello");
    assert_eq!(shown(&actor), "", "the document itself says what it is called");
    assert!(actor.deadline().is_none_or(|at| at > Instant::now()), "it sleeps again");
}

#[tokio::test]
async fn one_that_cannot_be_loaded_sends_its_visitors_away_and_is_not_touched() {
    // An edit that follows another, which is not there.
    let store = store_with(Bytes::from_static(&[1, 1, 7, 1, 0x84, 7, 0, 1, b'x', 0])).await;
    let documents = Documents::new(setup(&store, everything())).expect("threads start");
    let handle = documents.open(&name()).expect("not stopping");
    let outbox = Arc::new(Outbox::new(1 << 20));
    let new = newcomer(1, Address::None, &outbox);
    let session = new.id;
    handle.send(Command::Subscribe(Box::new(new))).await.expect("open");
    let edit = ClientMessage::Update(Writer::new(8).types(b'y'));
    handle.send(Command::Message(session, edit, None)).await.expect("open");
    let reason = std::future::poll_fn(|context| {
        loop {
            match outbox.poll_take(context, usize::MAX, &mut Vec::new()) {
                std::task::Poll::Ready(Taken::Close(reason)) => {
                    return std::task::Poll::Ready(reason);
                }
                std::task::Poll::Ready(_) => {}
                std::task::Poll::Pending => return std::task::Poll::Pending,
            }
        }
    });
    let CloseReason::Storage(reason) = reason.await else { panic!("told otherwise") };
    assert!(reason.contains("something it depends on is missing"), "{reason}");
    let handle = documents.open(&name());
    let read = match handle {
        Ok(handle) => handle.read().await,
        Err(reason) => Err(reason),
    };
    assert!(read.is_err(), "it is never empty");
    let opened = store.open(id()).await.expect("it is there");
    assert_eq!((opened.last, opened.snapshot.map(|it| it.revision)), (Seq(1), Some(1)));
}

#[tokio::test]
async fn a_server_that_stops_before_leaves_it_as_it_was() {
    let state = written(b"hello");
    let store = store_with(state.clone()).await;
    let documents = Documents::new(setup(&store, everything())).expect("threads start");
    let handle = documents.open(&name()).expect("not stopping");
    let outbox = Arc::new(Outbox::new(1 << 20));
    let new = newcomer(1, Address::None, &outbox);
    handle.send(Command::Subscribe(Box::new(new))).await.expect("open");
    drop(handle);
    documents.shutdown().await;
    let opened = store.open(id()).await.expect("it is there");
    assert_eq!(opened.snapshot.map(|it| (it.revision, it.state)), Some((1, state)));
    assert_eq!(store.record(id(), card::KEY).await.expect("read").map(|it| it.revision), Some(1));
}
