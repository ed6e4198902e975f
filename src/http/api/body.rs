//! A request's body: counted while it comes, and given up when it is too long or too slow.

use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};
use warp::http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

use super::{Asked, Failure};
use crate::limits::BODY_TIME;

/// How long a refused body is still taken in: who is cut off while sending does not read the answer.
const FAREWELL: Duration = Duration::from_secs(2);

/// A body that has not been read.
#[derive(Debug)]
pub(in crate::http) struct Body<S> {
    stream: S,
    /// What the request says about its length.
    declared: Option<u64>,
    is_json: bool,
    patience: Duration,
    /// All of it, if it has been read already.
    ready: Option<Bytes>,
}

/// The parts of a body as they come in.
pub(in crate::http) trait Chunks:
    Stream<Item = Result<Self::Chunk, Self::Broken>> + Send + Unpin
{
    /// A part.
    type Chunk: Buf;
    /// Why there is no more.
    type Broken;
}

impl<S, B, E> Chunks for S
where
    S: Stream<Item = Result<B, E>> + Send + Unpin,
    B: Buf,
{
    type Chunk = B;
    type Broken = E;
}

impl Body<futures_util::stream::Empty<Result<Bytes, std::convert::Infallible>>> {
    /// One that has been read.
    pub(super) fn ready(bytes: Bytes, asked: &Asked) -> Self {
        let ready = Some(bytes);
        Self { ready, ..Self::new(futures_util::stream::empty(), asked, Duration::ZERO) }
    }
}

impl<S> Body<S> {
    pub(in crate::http) fn new(stream: S, asked: &Asked, patience: Duration) -> Self {
        let declared =
            asked.headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse().ok());
        Self { stream, declared, is_json: is_json(&asked.headers), patience, ready: None }
    }
}

impl<S: Chunks> Body<S> {
    /// Reads all of it.
    pub(in crate::http) async fn bytes(mut self, limit: usize) -> Result<Bytes, Failure> {
        let fits = |size: u64| usize::try_from(size).is_ok_and(|size| size <= limit);
        if let Some(bytes) = self.ready {
            let size = bytes.len() as u64;
            let too_large = Failure::TooLarge { size: Some(size), limit };
            return if fits(size) { Ok(bytes) } else { Err(too_large) };
        }
        if let Some(size) = self.declared.filter(|size| !fits(*size)) {
            self.discard().await;
            return Err(Failure::TooLarge { size: Some(size), limit });
        }
        let end = Instant::now() + BODY_TIME;
        let mut bytes = Vec::new();
        loop {
            let pause = (Instant::now() + self.patience).min(end);
            let next = timeout_at(pause, self.stream.next()).await.map_err(|_| Failure::Slow)?;
            let Some(chunk) = next else { return Ok(bytes.into()) };
            let mut chunk = chunk.map_err(|_| Failure::BrokenOff)?;
            if chunk.remaining() > limit - bytes.len() {
                self.discard().await;
                return Err(Failure::TooLarge { size: None, limit });
            }
            while chunk.has_remaining() {
                let part = chunk.chunk();
                bytes.extend_from_slice(part);
                let read = part.len();
                chunk.advance(read);
            }
        }
    }

    /// Whether it says that it is at most so long.
    pub(super) fn says_at_most(&self, bytes: usize) -> bool {
        self.declared.is_some_and(|size| usize::try_from(size).is_ok_and(|size| size <= bytes))
    }

    /// Whether it says that it is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Reads it as JSON of this shape.
    pub(in crate::http) async fn json<T: DeserializeOwned>(
        self,
        limit: usize,
    ) -> Result<T, Failure> {
        if !self.is_json {
            return Err(Failure::NotJson);
        }
        let bytes = self.bytes(limit).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::Bad(format!("the body cannot be understood: {error}")))
    }

    /// Reads it as JSON of this shape, or gives the default when there is none.
    pub(in crate::http) async fn json_if_any<T>(self, limit: usize) -> Result<T, Failure>
    where
        T: DeserializeOwned + Default,
    {
        if self.is_json {
            return self.json(limit).await;
        }
        if self.bytes(limit).await?.is_empty() { Ok(T::default()) } else { Err(Failure::NotJson) }
    }

    async fn discard(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.stream.next().await {} };
        // Whether or not it came to its end, the answer follows.
        let _cut_off = timeout(FAREWELL, rest).await.is_err();
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type =
        headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use tokio::time::sleep;
    use warp::http::{Method, StatusCode};

    use super::*;

    fn asked(lines: &[(&'static str, &'static str)]) -> Asked {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        Asked { method: Method::POST, query: Vec::new(), headers, ..Asked::default() }
    }

    async fn read(
        chunks: &[&'static str],
        declared: Option<&'static str>,
    ) -> Result<Bytes, Failure> {
        let lines: Vec<_> = declared.map(|length| ("content-length", length)).into_iter().collect();
        let chunks = chunks.iter().map(|chunk| Ok::<_, ()>(Bytes::from_static(chunk.as_bytes())));
        Body::new(stream::iter(chunks), &asked(&lines), Duration::from_hours(1)).bytes(10).await
    }

    #[tokio::test]
    async fn a_body_is_counted_whatever_it_says_about_itself() {
        assert_eq!(read(&[], None).await.unwrap()[..], b""[..]);
        assert_eq!(read(&["12345", "67890"], Some("10")).await.unwrap()[..], b"1234567890"[..]);
        let over = read(&["12345", "678901"], Some("10")).await;
        assert!(matches!(over, Err(Failure::TooLarge { size: None, limit: 10 })), "{over:?}");
        let announced = read(&["1"], Some("11")).await;
        assert!(
            matches!(announced, Err(Failure::TooLarge { size: Some(11), .. })),
            "{announced:?}"
        );
        assert!(read(&["1"], Some("-1")).await.is_ok());
    }

    #[tokio::test]
    async fn who_stops_sending_is_not_waited_for() {
        let stalled =
            stream::iter([Ok::<_, ()>(Bytes::from_static(b"1"))]).chain(stream::pending());
        let outcome = Body::new(stalled, &asked(&[]), Duration::ZERO).bytes(10).await;
        assert!(matches!(outcome, Err(Failure::Slow)), "{outcome:?}");
        let broken = stream::iter([Ok(Bytes::from_static(b"1")), Err(())]);
        let outcome = Body::new(broken, &asked(&[]), Duration::from_secs(1)).bytes(10).await;
        assert!(matches!(outcome, Err(Failure::BrokenOff)), "{outcome:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_however_steadily_it_comes() {
        let patience = Duration::from_secs(10);
        let drip = stream::unfold((), move |()| async move {
            sleep(patience / 2).await;
            Some((Ok::<_, ()>(Bytes::from_static(b"1")), ()))
        });
        let began = Instant::now();
        let outcome = Body::new(Box::pin(drip), &asked(&[]), patience).bytes(10_000).await;
        assert_eq!(outcome.unwrap_err().response().status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(began.elapsed().as_secs(), BODY_TIME.as_secs());
    }

    #[tokio::test]
    async fn json_is_read_only_from_what_says_that_it_is_json() {
        let body = |lines| {
            let chunks = stream::iter([Ok::<_, ()>(Bytes::from_static(b"[1]"))]);
            Body::new(chunks, &asked(lines), Duration::from_secs(1))
        };
        let json = &[("content-type", "Application/JSON; charset=utf-8")];
        assert_eq!(body(json).json::<Vec<u8>>(10).await.unwrap(), [1]);
        let text = &[("content-type", "text/json")];
        assert!(matches!(body(text).json::<Vec<u8>>(10).await, Err(Failure::NotJson)));
        assert!(matches!(body(&[]).json_if_any::<Vec<u8>>(10).await, Err(Failure::NotJson)));
    }
}
