//! More than the disk or a reader takes: on a clock that goes on only when nothing else does.

use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::storage::held::Held;

const MIB: usize = 1 << 20;

/// Longer than anything here is waited for.
const LONG: Duration = Duration::from_hours(1);

/// A frame of an edit: a client types a million letters.
fn types_much(client: u8) -> Vec<u8> {
    let place = [1, 1, client, 0, 4, 1, 1, b't'];
    let update = [&place[..], &number(MIB), &b"x".repeat(MIB), &[0]].concat();
    [&[0, 2][..], &number(update.len()), &update].concat()
}

/// A number as lengths are written.
fn number(mut left: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while left > 0x7f {
        bytes.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
        left >>= 7;
    }
    bytes.push(u8::try_from(left).expect("seven bits"));
    bytes
}

#[tokio::test(start_paused = true)]
async fn who_pours_in_more_than_the_disk_takes_waits_and_nobody_else_does() {
    let (limits, store) = (Limits::default(), Held::new());
    let setup = Setup { store: Arc::clone(&store) as _, ..beside(limits.clone()) };
    let house = House::new(setup, Rights::open());
    let mut pouring = house.synced("poured").await;
    store.hold();
    let share = limits.unsaved_bytes_per_connection;
    let edits: Vec<_> = (1..).take(share / MIB + 1).map(types_much).collect();
    let cost = edits[0].len();
    let pour = tokio::spawn(async move {
        for edit in edits {
            pouring.says(&edit).await;
        }
        pouring
    });
    everything_stands_still().await;
    let budget = house.sockets.documents.budget();
    let used = budget.used();
    assert!((share - cost..=share).contains(&used), "{used} of {share} bytes are on their way");
    assert!(!pour.is_finished(), "it was read although its edits waited for the disk");
    let (mut other, mut reader) = (house.synced("other").await, house.synced("other").await);
    other.says(UPDATE).await;
    reader.hears(&[0, 2]).await;
    assert!(budget.used() > used);
    store.release();
    let mut pouring = pour.await.expect("no panic");
    pouring.says(BARRIER).await;
    pouring.hears(BARRIER).await;
    assert_eq!(budget.used(), 0);
    let poured = DocumentName::new("poured").expect("a good name");
    let state = house.sockets.documents.open(&poured).expect("is there").read().await;
    assert!(state.expect("is there").len() > share, "something was lost");
}

#[tokio::test(start_paused = true)]
async fn who_hears_nothing_else_hears_that_the_server_is_there() {
    let (limits, store) = (Limits::default(), Held::new());
    let setup = Setup { store: Arc::clone(&store) as _, ..beside(limits.clone()) };
    let mut it = House::new(setup, Rights::open()).synced("notes").await;
    store.hold();
    it.says(UPDATE).await;
    for every in [limits.keepalive, limits.keepalive_y_sweet] {
        let mut heard = Vec::new();
        for _ in 0..10 {
            let began = Instant::now();
            let next = timeout(LONG, it.socket.next()).await.expect("hears nothing more");
            let message = next.expect("open").expect("sound");
            assert_ne!(message.into_data(), BARRIER, "called saved before it was");
            heard.push(began.elapsed());
        }
        // Those at the beginning are about what came before.
        assert_eq!(heard[5..].iter().max().map(Duration::as_secs), Some(every.as_secs()));
        it.says(BARRIER).await;
    }
    store.release();
    it.hears(BARRIER).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_stays_behind_for_too_long_is_told_to_come_back_later() {
    let moment = Duration::from_secs(1);
    let behind_for = Limits::default().behind_for;
    for (pause, is_sent_away) in [(behind_for - moment, false), (behind_for + moment, true)] {
        // What else ends a connection that takes nothing is not asked about here.
        let limits = Limits { write_timeout: LONG, dead_after: LONG, ..Limits::default() };
        let edits = (1..).take(limits.outbox_bytes / MIB + 4).map(types_much);
        let house = House::new(beside(limits), Rights::open());
        let (mut writer, mut slow) = (house.synced("notes").await, house.synced("notes").await);
        for edit in edits {
            writer.says(&edit).await;
        }
        writer.says(BARRIER).await;
        writer.hears(BARRIER).await;
        assert_eq!(house.sockets.documents.busy()[0].behind, 1);
        sleep(pause).await;
        if is_sent_away {
            let end = timeout(LONG, slow.hears_to_the_end()).await.expect("may stay");
            assert_eq!(end.1, Some(1013));
        } else {
            slow.says(BARRIER).await;
            slow.hears(BARRIER).await;
        }
    }
}
