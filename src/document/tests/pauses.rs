//! Versions that are noted by themselves.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    harness::{Session, World, Writer, quick, world_with},
    library::unloaded,
};
use crate::{
    clock::{Clock, TestClock},
    ids::Seq,
    limits::Limits,
    protocol::{Address, ClientMessage},
    storage::{
        Store,
        versions::{self, Version},
    },
};

const PAUSE: Duration = Duration::from_mins(30);

async fn noted(world: &World) -> Vec<Version> {
    let id = world.store.find(&world.name).await.expect("reads").expect("is there");
    versions::list(&*world.store, id).await.expect("reads")
}

/// Waits until everything the session sent is durable.
async fn saved(session: &mut Session) {
    session.says(ClientMessage::Barrier(Bytes::from_static(&[1]))).await;
    session.hears_until("barrier").await;
}

/// Waits until so many versions are there.
async fn noted_once(world: &World, count: usize) -> Vec<Version> {
    let waiting = async {
        loop {
            let found = noted(world).await;
            if found.len() >= count {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("a version is noted")
}

#[tokio::test]
async fn the_first_edit_after_a_pause_makes_a_version_of_what_was_before() {
    let clock = Arc::new(TestClock::default());
    let mut world = world_with(quick(), Arc::clone(&clock) as Arc<dyn Clock>);
    let mut session = world.synced(Address::None).await;
    let mut writer = Writer::new(7);
    let mut types = async |minutes: u64| {
        clock.advance(Duration::from_mins(minutes));
        session.says(ClientMessage::Update(writer.types(b'x'))).await;
        saved(&mut session).await;
        clock.now()
    };
    types(0).await;
    let second = types(29).await;
    types(30).await;
    types(1).await;
    let found = noted_once(&world, 1).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let Version { seq, time, automatic, name, .. } = &found[0];
    assert_eq!((*seq, *time, *automatic, &**name), (Seq(2), second, true, ""));
    types(31).await;
    let seqs: Vec<_> = noted_once(&world, 2).await.into_iter().map(|it| it.seq.0).collect();
    assert_eq!(seqs, [4, 2]);
}

#[tokio::test]
async fn a_pause_counts_although_nobody_had_the_document_open() {
    let clock = Arc::new(TestClock::default());
    let mut world = world_with(quick(), Arc::clone(&clock) as Arc<dyn Clock>);
    let session = world.synced(Address::None).await;
    let mut writer = Writer::new(7);
    for _ in 0..20 {
        session.says(ClientMessage::Update(writer.types(b'x'))).await;
    }
    session.handle.send(super::Command::Unsubscribe(session.id)).await.expect("open");
    drop(session);
    unloaded(&world).await;
    clock.advance(PAUSE);
    let mut session = world.synced(Address::None).await;
    session.says(ClientMessage::Update(writer.types(b'y'))).await;
    saved(&mut session).await;
    assert_eq!(noted_once(&world, 1).await[0].seq, Seq(20));
}

#[tokio::test]
async fn where_it_is_switched_off_no_pause_makes_a_version() {
    let clock = Arc::new(TestClock::default());
    let limits = Limits { version_pause: Duration::ZERO, ..quick() };
    let mut world = world_with(limits, Arc::clone(&clock) as Arc<dyn Clock>);
    let mut session = world.synced(Address::None).await;
    let mut writer = Writer::new(7);
    for _ in 0..3 {
        clock.advance(PAUSE);
        session.says(ClientMessage::Update(writer.types(b'x'))).await;
        saved(&mut session).await;
    }
    session.handle.send(super::Command::Unsubscribe(session.id)).await.expect("open");
    drop(session);
    unloaded(&world).await;
    assert_eq!(noted(&world).await, []);
}
