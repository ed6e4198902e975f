//! How long is waited for who says nothing, or never comes to an end: on a clock that goes on only
//! when nothing else does.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use tokio::{
    io::AsyncWriteExt,
    sync::oneshot,
    time::{Instant, sleep, timeout},
};
use warp::http::{HeaderMap, Method, StatusCode};

use crate::{
    http::fallback::{
        Request,
        answers::{events, poll},
        carry,
        line::Line,
        lines::{Lines, Opener},
    },
    limits::{BODY_TIME, FALLBACK_GAP, FALLBACK_HEARTBEAT, FALLBACK_POLL},
};

/// How long a body may pause.
const PATIENCE: Duration = Duration::from_secs(10);

/// What something comes to, and after how many seconds.
async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let began = Instant::now();
    let outcome = timeout(Duration::from_hours(1), work).await.expect("is waited for, for ever");
    (outcome, began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up_however_steadily_it_comes() {
    let (line, mut other) = Line::new();
    tokio::spawn(async move { tokio::io::copy(&mut other, &mut tokio::io::sink()).await });
    let body = stream::unfold((), move |()| async move {
        sleep(PATIENCE / 2).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
    });
    let request = Request {
        method: Method::POST,
        path: "notes".to_owned(),
        headers: HeaderMap::new(),
        query: Vec::new(),
        peer: None,
    };
    let line = Arc::new(line);
    let (answer, seconds) = timed(carry(&request, &line, Box::pin(body), PATIENCE)).await;
    assert_eq!((answer.status(), seconds), (StatusCode::REQUEST_TIMEOUT, BODY_TIME.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_line_on_which_no_request_is_for_too_long_is_over() {
    let (lines, (line, other)) = (Lines::default(), Line::new());
    let (held, let_go) = oneshot::channel::<()>();
    let forever = async move {
        let _other = other;
        std::future::pending::<()>().await;
    };
    let id = lines.open(Opener::default(), line, forever, held);
    let line = lines.find(id.as_bytes(), &Opener::default()).expect("is open");
    let (_gone, seconds) = timed(let_go).await;
    assert_eq!(seconds, FALLBACK_GAP.as_secs());
    assert!(lines.find(id.as_bytes(), &Opener::default()).is_none());
    assert_eq!(poll(&line, 0).await.status(), StatusCode::GONE);
}

#[tokio::test(start_paused = true)]
async fn a_poll_to_which_nothing_comes_is_answered_before_a_proxy_gives_up() {
    let (line, _other) = Line::new();
    let line = Arc::new(line);
    let (answer, seconds) = timed(poll(&line, 0)).await;
    assert_eq!((answer.status(), seconds), (StatusCode::NO_CONTENT, FALLBACK_POLL.as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_stream_on_which_nothing_comes_says_so_now_and_then() {
    let (line, mut other) = Line::new();
    let line = Arc::new(line);
    let mut body = events(&line, 0).await.into_body();
    body.frame().await.expect("begins").expect("sound");
    other.write_all(b"one").await.expect("takes it");
    let mut heard = Vec::new();
    for _ in 0..3 {
        let (frame, seconds) = timed(body.frame()).await;
        let frame = frame.expect("goes on").expect("sound").into_data().expect("is no trailer");
        heard.push((frame[0], seconds));
    }
    let silence = (b':', FALLBACK_HEARTBEAT.as_secs());
    assert_eq!(heard[1..], [silence; 2]);
    assert_ne!(heard[0].0, b':');
}
