//! Cards, beginnings, the bin and new names, seen from the store and from those who have it open.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::harness::{World, Writer, world_with};
use crate::{
    clock::{Clock, TestClock, Timestamp},
    crdt::{Kind, Meta, MetaChanges, replica::Replica},
    document::{Command, Unavailable},
    identity::{Author, AuthorKind},
    ids::{ClientId, DocumentName},
    limits::Limits,
    protocol::{Address, ClientMessage},
    storage::{Store, held::Held},
};

const DAY: Duration = Duration::from_hours(24);

fn name(text: &str) -> DocumentName {
    DocumentName::new(text).expect("a good name")
}

fn titled(title: &str) -> MetaChanges {
    MetaChanges { title: Some(title.into()), kind: Some(Kind::Code), lang: Some("rust".into()) }
}

fn server() -> Arc<Author> {
    let kind = AuthorKind::Server;
    Arc::new(Author { kind, user: "".into(), name: "".into(), connection: 0 })
}

fn world() -> (World, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    let limits = Limits { unload_after: Duration::from_millis(20), ..Limits::default() };
    (world_with(limits, Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

async fn card(store: &Held, document: &str) -> Option<Meta> {
    let id = store.find(&name(document)).await.expect("reads")?;
    let record = store.record(id, "card").await.expect("reads")?;
    serde_json::from_slice(&record.value).ok()
}

pub(super) async fn unloaded(world: &World) {
    while world.documents.loaded() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_card_is_shown_at_once_and_kept_when_the_document_is_let_go() {
    let (world, _) = world();
    world.documents.create(&name("a"), None, titled("One"), server()).await.expect("free");
    let shown = world.documents.summary(&name("a")).await.expect("reads").expect("is there");
    let expected = Meta { title: "One".into(), kind: Some(Kind::Code), lang: "rust".into() };
    assert_eq!(*shown.meta, expected);
    unloaded(&world).await;
    assert_eq!(card(&world.store, "a").await, Some(expected));

    let title = MetaChanges { title: Some("Two".into()), ..MetaChanges::default() };
    world.documents.edit_meta(&name("a"), title, server()).await.expect("is there");
    let shown = world.documents.summary(&name("a")).await.expect("reads").expect("is there");
    assert_eq!((&*shown.meta.title, &*shown.meta.lang), ("Two", "rust"));
    unloaded(&world).await;
    assert_eq!(card(&world.store, "a").await.expect("kept").title, "Two");
}

#[tokio::test]
async fn a_document_of_an_older_store_gets_its_card_when_it_is_opened() {
    let (world, _) = world();
    let mut replica = Replica::new(ClientId(7), "text");
    let (_, update) = replica.edit(|text| text.push("words"));
    let (author, update) = (server(), update.expect("a change"));
    let id = crate::ids::DocumentId::from_bytes([1; 16]);
    world.store.create(&name("old"), id, Timestamp(1)).await.expect("stored");
    let entry = crate::storage::Entry { time: Timestamp(1), author, update };
    world.store.append(id, vec![entry]).await.expect("stored");
    let listed = world.documents.summaries("").await.expect("reads");
    assert_eq!(*listed[0].meta, Meta::default());
    drop(world.documents.open(&name("old")).expect("not stopping"));
    unloaded(&world).await;
    assert_eq!(card(&world.store, "old").await.expect("kept").kind, Some(Kind::Markdown));
}

#[tokio::test]
async fn edits_that_leave_the_card_alone_write_none() {
    let (mut world, _) = world();
    world.documents.create(&world.name, None, titled("One"), server()).await.expect("free");
    let session = world.synced(Address::None).await;
    let mut writer = Writer::new(7);
    for _ in 0..20 {
        session.says(ClientMessage::Update(writer.types(b'x'))).await;
    }
    session.handle.send(Command::Unsubscribe(session.id)).await.expect("open");
    drop(session);
    unloaded(&world).await;
    let id = world.store.find(&world.name).await.expect("reads").expect("is there");
    let record = world.store.record(id, "card").await.expect("reads").expect("is there");
    assert_eq!(record.revision, 1);
}

#[tokio::test]
async fn the_kind_follows_from_the_first_words_of_a_page_that_says_nothing() {
    let (mut world, _) = world();
    let session = world.synced(Address::None).await;
    let (_, update) = Replica::new(ClientId(7), "text").edit(|text| text.push("words"));
    session.says(ClientMessage::Update(update.expect("a change"))).await;
    session.handle.read().await.expect("loaded");
    // The turn after the one that answered has looked at the card.
    session.handle.read().await.expect("loaded");
    let shown = world.documents.summary(&world.name).await.expect("reads").expect("is there");
    assert_eq!((shown.meta.kind, shown.people), (Some(Kind::Markdown), 1));
}

#[tokio::test]
async fn a_document_begins_once_and_who_waits_at_its_name_is_given_it() {
    let (mut world, _) = world();
    let mut waiting = world.synced(Address::None).await;
    let (one, two) = tokio::join!(
        world.documents.create(&world.name, None, titled("One"), server()),
        world.documents.create(&world.name, None, titled("Two"), server()),
    );
    assert!(one.is_ok() && matches!(two, Err(Unavailable::Taken)), "{one:?} {two:?}");
    assert!(waiting.hears().await.starts_with("update "));
}

#[tokio::test]
async fn an_edit_by_the_server_is_seen_only_when_it_is_durable() {
    let (mut world, _) = world();
    world.documents.create(&world.name, None, titled("One"), server()).await.expect("free");
    let mut session = world.synced(Address::None).await;
    world.store.hold();
    let title = MetaChanges { title: Some("Two".into()), ..MetaChanges::default() };
    let mut edit = Box::pin(world.documents.edit_meta(&world.name, title, server()));
    while world.store.appends.load(std::sync::atomic::Ordering::SeqCst) < 2 {
        assert!(futures_util::poll!(edit.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(session.hears_now().await, [""; 0]);
    world.store.release();
    edit.await.expect("durable");
    assert!(session.hears().await.starts_with("update "));
}

#[tokio::test]
async fn content_that_lacks_a_part_begins_nothing() {
    let (world, _) = world();
    // Client 7 types `x`; what client 6 typed builds on client 9, of which nothing is there.
    let honest = [1, 7, 0, 4, 1, 1, b't', 1, b'x'];
    let waits = [1, 6, 0, 0x84, 9, 9, 1, b'y'];
    let incomplete = [&[2][..], &honest, &waits, &[0]].concat().into();
    let (document, meta) = (name("a"), MetaChanges::default());
    let begun = world.documents.create(&document, Some(incomplete), meta, server()).await;
    assert!(matches!(begun, Err(Unavailable::Refused(_))), "{begun:?}");
    assert_eq!(world.store.find(&document).await.expect("reads"), None);
    // What fitted is forgotten with the rest; until then there is nothing to be had.
    loop {
        match world.documents.create(&document, None, titled("One"), server()).await {
            Err(Unavailable::Reloading) => tokio::task::yield_now().await,
            begun => break begun.expect("free"),
        }
    }
    let state = world.documents.state(&document).await.expect("reads").expect("is there");
    assert!(!crate::crdt::clients(&state).expect("sound").contains(&7));
}

#[tokio::test]
async fn a_full_document_takes_no_title() {
    let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
    let world = world_with(Limits { document_bytes: 500, ..Limits::default() }, clock);
    let mut replica = Replica::new(ClientId(7), "text");
    let (_, update) = replica.edit(|text| text.push(&"x".repeat(400)));
    let (document, meta) = (name("a"), MetaChanges::default());
    let begun = world.documents.create(&document, update, meta, server());
    begun.await.expect("fits");
    let full = world.documents.edit_meta(&name("a"), titled("One"), server()).await;
    assert!(matches!(full, Err(Unavailable::Refused(_))), "{full:?}");
}

#[tokio::test]
async fn the_bin_turns_sessions_away_until_the_document_is_restored() {
    let (mut world, _) = world();
    let mut session = world.synced(Address::None).await;
    session.says(ClientMessage::Update(Writer::new(7).types(b'x'))).await;
    session.handle.read().await.expect("loaded");
    world.documents.put_into_bin(&world.name).await.expect("is there");
    assert_eq!(session.hears_until("close 4404").await, ["denied", "close 4404"]);
    // Whatever the edge decides, the document itself does not open.
    let handle = world.documents.open(&world.name).expect("not stopping");
    assert!(matches!(handle.read().await, Err(Unavailable::InBin)));
    // Nor does it forget why, for those who ask when it has long ended.
    while world.documents.loaded() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(handle.read().await, Err(Unavailable::InBin)));
    drop(handle);
    world.documents.restore(&world.name).await.expect("is there");
    let mut session = world.synced(Address::None).await;
    assert_eq!(session.hears_now().await, [""; 0]);
}

#[tokio::test]
async fn the_bin_is_emptied_of_what_has_been_there_for_long_enough() {
    let (world, clock) = world();
    for document in ["a", "b", "c"] {
        world
            .documents
            .create(&name(document), None, titled(document), server())
            .await
            .expect("free");
    }
    world.documents.put_into_bin(&name("a")).await.expect("is there");
    clock.advance(DAY);
    world.documents.put_into_bin(&name("b")).await.expect("is there");
    let keep = world.documents.limits().keep_deleted;
    clock.advance(keep - DAY - Duration::from_millis(1));
    assert_eq!(world.documents.sweep_bin(keep).await.expect("reads"), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(world.documents.sweep_bin(keep).await.expect("reads"), 1);
    let left = world.documents.summaries("").await.expect("reads");
    let left: Vec<_> = left.iter().map(|it| (it.name.as_str(), it.deleted.is_some())).collect();
    assert_eq!(left, [("b", true), ("c", false)]);
    assert_eq!(world.store.retired_clients(&name("a")).await.expect("reads").len(), 1);
}

#[tokio::test]
async fn all_client_ids_that_ever_wrote_are_retired_also_of_what_was_deleted_again() {
    let (mut world, _) = world();
    let session = world.synced(Address::None).await;
    for client in [7, 9, 11] {
        session.says(ClientMessage::Update(Writer::new(client).types(b'x'))).await;
    }
    // Client 7 deletes what client 9 typed.
    session.says(ClientMessage::Update(Bytes::from_static(&[0, 1, 9, 1, 0, 1]))).await;
    session.handle.read().await.expect("loaded");
    world.documents.delete(&world.name).await.expect("is there");
    let retired = world.store.retired_clients(&world.name).await.expect("reads");
    assert_eq!(retired[..], [7, 9, 11]);
}

#[tokio::test]
async fn a_name_that_is_held_opens_for_nobody() {
    let (world, _) = world();
    let held = world.documents.hold(&name("a"), crate::protocol::CloseReason::Restart).await;
    let held = held.expect("free");
    assert!(matches!(world.documents.open(&name("a")), Err(Unavailable::Reloading)));
    assert!(world.documents.delete(&name("a")).await.is_err());
    drop(held);
    assert!(world.documents.open(&name("a")).is_ok());
}

#[tokio::test]
async fn a_document_can_begin_with_nothing_in_it() {
    let (world, _) = world();
    let a = name("a");
    world.documents.begin(&a).await.expect("free");
    let begun = world.store.find(&a).await.expect("reads");
    assert!(begun.is_some());
    world.documents.begin(&a).await.expect("is there");
    let state = world.documents.state(&a).await.expect("reads");
    assert_eq!(state.as_deref(), Some(&[0, 0][..]));
    world.documents.edit_meta(&a, titled("One"), server()).await.expect("is there");
    assert_eq!(world.store.find(&a).await.expect("reads"), begun);
    world.documents.put_into_bin(&a).await.expect("is there");
    assert!(matches!(world.documents.begin(&a).await, Err(Unavailable::InBin)));
}

#[tokio::test]
async fn who_waits_at_a_name_writes_in_the_document_that_began_there() {
    let (world, _) = world();
    let a = name("a");
    world.documents.open(&a).expect("runs").read().await.expect("loads");
    world.documents.begin(&a).await.expect("free");
    let begun = world.store.find(&a).await.expect("reads");
    let mut replica = Replica::new(ClientId(7), "text");
    let (_, update) = replica.edit(|text| text.push("words"));
    let document = world.documents.open(&a).expect("runs");
    document.edit(update.expect("a change"), server()).await.expect("stored");
    assert_eq!(world.store.find(&a).await.expect("reads"), begun);
}
