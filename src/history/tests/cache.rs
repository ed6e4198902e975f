//! Pasts that are built, kept, continued and dropped.

use tokio::sync::oneshot;

use super::*;
use crate::{
    clock::{Clock, TestClock},
    history::History,
    ids::DocumentName,
    limits::Limits,
    storage::{Store, memory::Memory},
    telemetry::{Meter, meter::Outcome},
};

/// A store with one document for each log.
async fn store(logs: &[&[(&str, Bytes)]]) -> (Arc<dyn Store>, Vec<DocumentId>) {
    let store: Arc<dyn Store> = Arc::new(Memory::new());
    let mut ids = Vec::new();
    for (number, log) in logs.iter().enumerate() {
        let id = DocumentId::from_bytes([u8::try_from(number).unwrap() + 1; 16]);
        let name = DocumentName::new(&format!("document {number}")).unwrap();
        store.create(&name, id, Timestamp(1)).await.unwrap();
        append(&*store, id, log).await;
        ids.push(id);
    }
    (store, ids)
}

async fn append(store: &dyn Store, id: DocumentId, log: &[(&str, Bytes)]) {
    let entries = log.iter().map(|(name, update)| stored(1, name, update).entry).collect();
    store.append(id, entries).await.unwrap();
}

fn history(store: &Arc<dyn Store>, bytes: usize, line: usize) -> History {
    let limits = Limits { history_bytes: bytes, history_line: line, ..Limits::default() };
    History::new(Arc::clone(store), &limits, 1).unwrap()
}

async fn last(history: &History, id: DocumentId) -> Result<Seq, HistoryError> {
    history.read(id, |past| Ok(past.last())).await
}

#[tokio::test]
async fn a_past_is_continued_by_what_is_new() {
    let log = typed(1, 100);
    let (store, ids) = store(&[&log[..40]]).await;
    let history = history(&store, 1 << 20, 4);
    assert_eq!(last(&history, ids[0]).await.unwrap(), Seq(40));
    append(&*store, ids[0], &log[40..]).await;
    let text = history.read(ids[0], |past| Ok((text_at(past, 40), text_at(past, 100)))).await;
    let once = past(&log);
    assert_eq!(text.unwrap(), (text_at(&once, 40), text_at(&once, 100)));
    history.forget(ids[0]).await;
    assert_eq!(history.bytes(), 0);
    assert_eq!(last(&history, ids[0]).await.unwrap(), Seq(100));
    let missing = last(&history, DocumentId::from_bytes([9; 16])).await;
    assert!(matches!(missing, Err(HistoryError::Missing)), "{missing:?}");
}

#[tokio::test]
async fn what_is_read_of_a_past_is_counted_and_timed() {
    let log = typed(3, 40);
    let (store, ids) = store(&[&log[..20]]).await;
    let (meter, clock) = (Arc::<Meter>::default(), Arc::new(TestClock::default()));
    let clock: Arc<dyn Clock> = clock;
    let history = history(&store, 1 << 20, 4).metered(&meter, &clock);
    let counted = || {
        let outcomes = [Outcome::Done, Outcome::Failed].map(|it| meter.history_builds[it].get());
        (outcomes, meter.history_time.shape().count())
    };
    for _ in 0..2 {
        last(&history, ids[0]).await.unwrap();
        assert_eq!(counted(), ([1, 0], 1), "what is here already costs nothing");
    }
    append(&*store, ids[0], &log[20..]).await;
    last(&history, ids[0]).await.unwrap();
    assert_eq!(counted(), ([2, 0], 2));
    last(&history, DocumentId::from_bytes([9; 16])).await.unwrap_err();
    assert_eq!(counted(), ([2, 1], 2));
}

#[tokio::test]
async fn pasts_are_kept_within_a_bound_and_one_that_is_larger_is_not_shown() {
    let log = typed(2, 400);
    let (store, ids) = store(&[&log[..], &log[..], &log[..]]).await;
    let large = past(&log).memory();
    let bound = 2 * large + large / 2;
    let pasts = history(&store, bound, 4);
    for id in ids.iter().chain(&ids) {
        assert_eq!(last(&pasts, *id).await.unwrap(), Seq(400));
        assert!((1..=bound).contains(&pasts.bytes()), "{} bytes", pasts.bytes());
    }
    let small = history(&store, large / 2, 4);
    let refused = last(&small, ids[0]).await;
    assert!(matches!(refused, Err(HistoryError::TooLarge)), "{refused:?}");
    assert_eq!(small.bytes(), 0);
}

#[tokio::test]
async fn who_finds_the_line_full_is_told_to_come_again() {
    let log = typed(3, 10);
    let (store, ids) = store(&[&log[..]]).await;
    let history = history(&store, 1 << 20, 1);
    let (begun, at_work) = oneshot::channel();
    let (finish, finished) = std::sync::mpsc::sync_channel::<()>(1);
    let reading = tokio::spawn({
        let (history, id) = (history.clone(), ids[0]);
        async move {
            let work = move |_: &mut Past| {
                begun.send(()).unwrap();
                // An error is an end as well.
                let _ = finished.recv();
                Ok(())
            };
            history.read(id, work).await
        }
    });
    at_work.await.unwrap();
    assert!(matches!(last(&history, ids[0]).await, Err(HistoryError::Busy)));
    drop(finish);
    reading.await.unwrap().unwrap();
    assert_eq!(last(&history, ids[0]).await.unwrap(), Seq(10));
}

#[tokio::test]
async fn work_that_breaks_down_takes_nobody_along() {
    let log = typed(4, 10);
    let (store, ids) = store(&[&log[..]]).await;
    let history = history(&store, 1 << 20, 1);
    let broken = history.read(ids[0], |_| -> Result<(), HistoryError> { panic!("on purpose") });
    assert!(matches!(broken.await, Err(HistoryError::Unreadable(_))));
    assert_eq!(last(&history, ids[0]).await.unwrap(), Seq(10));
}

#[tokio::test]
async fn an_entry_that_cannot_be_applied_is_named() {
    let mut log = typed(5, 10);
    log[6].1 = Bytes::from_static(b"not an update");
    let (store, ids) = store(&[&log[..]]).await;
    let refused = last(&history(&store, 1 << 20, 1), ids[0]).await.unwrap_err();
    assert!(matches!(&refused, HistoryError::Damaged(reason) if reason.contains("entry 7")));
}
