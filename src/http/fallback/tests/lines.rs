//! A line by itself, with whatever is at its other end.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::http::fallback::line::{Bounds, Line, Refusal};
use crate::{
    limits::{FALLBACK_KEPT_BYTES, FALLBACK_QUEUE_BYTES},
    random::{Random, SeededRandom},
};

const BOUNDS: Bounds = Bounds { bytes: 1 << 20, patience: Duration::from_secs(10) };
const MOMENT: Duration = Duration::from_millis(20);

fn body(bytes: &[u8]) -> impl stream::Stream<Item = Result<Bytes, Infallible>> + Unpin + use<> {
    stream::iter([Ok(Bytes::copy_from_slice(bytes))])
}

#[tokio::test]
async fn what_is_sent_again_arrives_once_and_nothing_is_left_out() {
    let (line, mut other) = Line::new();
    assert_eq!(line.send(0, body(b"abc"), BOUNDS).await, Ok(3));
    assert_eq!(line.send(0, body(b"abcdef"), BOUNDS).await, Ok(6));
    assert_eq!(line.send(2, body(b"cd"), BOUNDS).await, Ok(6));
    assert_eq!(line.send(7, body(b"x"), BOUNDS).await, Err(Refusal::Gap(6)));
    drop(line);
    let mut arrived = Vec::new();
    other.read_to_end(&mut arrived).await.unwrap();
    assert_eq!(arrived, b"abcdef");
}

#[tokio::test]
async fn requests_that_break_off_anywhere_and_are_tried_again_leave_no_trace() {
    let random = SeededRandom::new(7);
    let mut whole = vec![0; 200_000];
    random.fill(&mut whole);
    let (line, mut other) = Line::new();
    let reading = tokio::spawn(async move {
        let mut arrived = Vec::new();
        other.read_to_end(&mut arrived).await.unwrap();
        arrived
    });
    let mut sure = 0;
    while sure < whole.len() {
        let place = |random: &SeededRandom| usize::try_from(random.below(10_000)).unwrap();
        let end = (sure + 1 + place(&random)).min(whole.len());
        let at = sure.saturating_sub(place(&random));
        let broken = random.below(2) == 0;
        let first = Ok(Bytes::copy_from_slice(&whole[at..end]));
        let chunks = stream::iter([first]).chain(stream::iter(broken.then_some(Err(()))));
        match line.send(at as u64, chunks, BOUNDS).await {
            Ok(taken) => sure = usize::try_from(taken).unwrap(),
            Err(refusal) => assert_eq!(refusal, Refusal::BrokenOff),
        }
    }
    drop(line);
    assert_eq!(reading.await.unwrap(), whole);
}

#[tokio::test]
async fn who_sends_waits_while_nobody_takes_and_a_newer_request_takes_over() {
    let (line, mut other) = Line::new();
    let line = Arc::new(line);
    let much = vec![1; FALLBACK_QUEUE_BYTES + 1];
    let mut first = Box::pin(line.send(0, body(&much), BOUNDS));
    assert_eq!(first.as_mut().now_or_never(), None, "the queue is full");
    let mut second = Box::pin(line.send(0, body(&much), BOUNDS));
    assert_eq!(second.as_mut().now_or_never(), None);
    assert_eq!(first.await, Err(Refusal::Superseded));
    let mut arrived = vec![0; much.len()];
    let (sent, read) = tokio::join!(second, other.read_exact(&mut arrived));
    assert_eq!(sent, Ok(much.len() as u64));
    assert_eq!(read.unwrap(), much.len());
}

#[tokio::test]
async fn a_request_brings_no_more_than_it_may_and_does_not_dawdle() {
    let (line, _other) = Line::new();
    let tight = Bounds { bytes: 2, ..BOUNDS };
    assert_eq!(line.send(0, body(b"abc"), tight).await, Err(Refusal::TooLarge(2)));
    let hasty = Bounds { patience: Duration::ZERO, ..BOUNDS };
    let never = stream::pending::<Result<Bytes, Infallible>>();
    assert_eq!(line.send(0, never, hasty).await, Err(Refusal::Slow));
}

#[tokio::test]
async fn a_reader_goes_on_where_another_broke_off() {
    let (line, mut other) = Line::new();
    let line = Arc::new(line);
    other.write_all(b"one").await.unwrap();
    let mut first = line.read(0).unwrap();
    assert_eq!(first.next().await.unwrap(), "one");
    let mut second = line.read(1).unwrap();
    assert_eq!(first.next().await, Err(Refusal::Superseded));
    assert_eq!(second.next().await.unwrap(), "ne");
    other.write_all(b"two").await.unwrap();
    assert_eq!(second.next().await.unwrap(), "two");
    assert_eq!(second.at(), 6);
    assert_eq!(line.read(0).err(), Some(Refusal::Forgotten), "1 says that 0 has arrived");
    assert_eq!(line.read(7).err(), Some(Refusal::Forgotten), "nothing is there yet");
    drop(other);
    let mut last = line.read(6).unwrap();
    assert_eq!(last.next().await, Err(Refusal::Over));
}

#[tokio::test]
async fn saying_how_much_arrived_waits_for_nobody_who_reads_on() {
    let (line, mut other) = Line::new();
    let line = Arc::new(line);
    other.write_all(b"one").await.unwrap();
    let mut reader = line.read(0).unwrap();
    assert_eq!(reader.next().await.unwrap(), "one");
    let mut next = Box::pin(reader.next());
    assert!(next.as_mut().now_or_never().is_none());
    assert_eq!(line.has_arrived(3), Ok(()));
    other.write_all(b"two").await.unwrap();
    assert_eq!(next.await.unwrap(), "two");
}

#[tokio::test]
async fn only_so_much_is_kept_for_who_breaks_off() {
    let (line, mut other) = Line::new();
    let line = Arc::new(line);
    let mut reader = line.read(0).unwrap();
    let mut read = 0;
    while read <= FALLBACK_KEPT_BYTES {
        other.write_all(&[7; 10_000]).await.unwrap();
        read += reader.next().await.unwrap().len();
    }
    assert_eq!(line.read(0).err(), Some(Refusal::Forgotten));
    let left = (read - FALLBACK_KEPT_BYTES) as u64;
    let mut again = line.read(left).unwrap();
    assert_eq!(again.next().await.unwrap().len(), FALLBACK_KEPT_BYTES);
}

#[tokio::test]
async fn a_line_that_nobody_reads_is_given_up_and_one_that_is_read_is_not() {
    let (line, other) = Line::new();
    let line = Arc::new(line);
    let serving = {
        let line = Arc::clone(&line);
        tokio::spawn(async move {
            let forever = async move {
                let _other = other;
                std::future::pending::<()>().await;
            };
            line.serve(forever, MOMENT).await;
        })
    };
    let reader = line.read(0).unwrap();
    tokio::time::sleep(MOMENT * 5).await;
    assert!(!serving.is_finished());
    drop(reader);
    serving.await.unwrap();
    let mut late = line.read(0).unwrap();
    assert_eq!(late.next().await, Err(Refusal::Over));
}

#[tokio::test]
async fn what_was_said_last_waits_for_a_reader() {
    let (line, mut other) = Line::new();
    let line = Arc::new(line);
    let last = async move { other.write_all(b"goodbye").await.unwrap() };
    let serving = {
        let line = Arc::clone(&line);
        tokio::spawn(async move { line.serve(last, Duration::from_secs(3600)).await })
    };
    let mut reader = line.read(0).unwrap();
    assert_eq!(reader.next().await.unwrap(), "goodbye");
    assert_eq!(reader.next().await, Err(Refusal::Over));
    serving.await.unwrap();
}
