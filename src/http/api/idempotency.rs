//! `Idempotency-Key`: a write that is sent again, because its answer was lost, is done once and
//! answered the same.
//!
//! Kept in memory, so not over a restart. Only what was done is remembered: a request that failed has
//! changed nothing, and may be sent again under its key, corrected or not.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::watch;
use warp::{
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
    reply::Response,
};

use super::{Api, Asked, Body, Chunks, Failure, Outcome, route::Path};
use crate::{
    auth::{Credentials, fingerprint},
    document::Unavailable,
    limits::{IDEMPOTENCY_ANSWER, IDEMPOTENCY_KEY_LETTERS, IDEMPOTENCY_KEYS, IDEMPOTENCY_TIME},
};

/// Headers of an answer that are remembered.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// Whose key it is: nobody meets the keys of others.
type Key = (Fingerprint, String);

type Fingerprint = [u8; 32];

/// The key of a request that changes something.
pub(super) fn key(asked: &Asked) -> Result<Option<String>, Failure> {
    let reads = matches!(asked.method, Method::GET | Method::HEAD);
    let Some(key) = asked.headers.get("idempotency-key").filter(|_| !reads) else {
        return Ok(None);
    };
    let key = key.to_str().map_err(|_| Failure::BadKey)?;
    let sound = (1..=IDEMPOTENCY_KEY_LETTERS).contains(&key.len());
    if sound { Ok(Some(key.to_owned())) } else { Err(Failure::BadKey) }
}

impl Api {
    /// Does what is asked, unless it was done under this key.
    pub(super) async fn once(
        self: &Arc<Self>,
        key: String,
        (path, whole): (Path, &str),
        asked: &Asked,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let limits = self.documents.limits();
        let bytes =
            self.receive_file(body, limits.document_bytes.max(limits.request_bytes)).await?;
        let (key, print) = ((self.owner(&path, asked).await, key), print_of(whole, asked, &bytes));
        let ticket = loop {
            let now = self.documents.clock().elapsed();
            match self.answered.claim(key.clone(), print, now) {
                Claim::First(ticket) => break ticket,
                Claim::Again(answer) => return Ok(answer.response()),
                Claim::Other => return Err(Failure::KeyReused),
                // Whether it ends with an answer or without one, the next look says what to do.
                Claim::Wait(mut done) => drop(done.changed().await),
            }
        };
        let (api, asked) = (Arc::clone(self), asked.clone());
        // Remembered also when nobody waits for the answer any more.
        let working = tokio::spawn(async move {
            let body = Body::ready(bytes, &asked);
            let response = api.perform(path.route(&asked.method)?, &asked, body).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| Unavailable::Reloading)?.to_bytes();
            let kept = |name: HeaderName| Some((name.clone(), head.headers.get(name)?.clone()));
            let headers = KEPT.into_iter().filter_map(kept).collect();
            let answer = Arc::new(Answer { status: head.status, headers, body });
            if answer.status.is_success() && answer.body.len() <= IDEMPOTENCY_ANSWER {
                ticket.keep(Arc::clone(&answer));
            }
            Ok::<_, Failure>(answer.response())
        });
        working.await.map_err(|_| Unavailable::Reloading)?
    }

    /// Whose key it is: another person's may be the same, and must not show what this one got.
    async fn owner(&self, path: &Path, asked: &Asked) -> Fingerprint {
        let user = match &asked.user {
            // About no document nobody was asked yet.
            None if path.document().is_none() => self.rights.known(&asked.credentials).await,
            user => user.clone(),
        };
        match user {
            Some(user) => fingerprint([&b"user"[..], user.id.as_bytes()]),
            // Who may was asked, of the document.
            None if path.document().is_some() => fingerprint([]),
            None => {
                let Credentials { tokens, cookies, .. } = &asked.credentials;
                let shown = tokens.iter().chain(cookies).map(|it| it.expose().as_bytes());
                fingerprint([&b"shown"[..]].into_iter().chain(shown))
            }
        }
    }
}

/// What makes two requests the same.
fn print_of(path: &str, asked: &Asked, body: &[u8]) -> Fingerprint {
    let content_type = asked.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let query = asked.query.iter().flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()]);
    let parts = [asked.method.as_str().as_bytes(), path.as_bytes(), content_type];
    fingerprint(parts.into_iter().chain(query).chain([body]))
}

/// An answer that can be given again.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    fn response(&self) -> Response {
        let mut response = Response::new(self.body.clone().into());
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers.iter().cloned());
        response
    }
}

/// Requests that were answered or are being worked on, by their keys.
#[derive(Debug, Default)]
pub(super) struct Answered(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    requests: HashMap<Key, Request>,
    /// The oldest first, with when it came.
    order: VecDeque<(Duration, Key)>,
}

#[derive(Debug)]
struct Request {
    print: Fingerprint,
    since: Duration,
    answer: watch::Receiver<Option<Arc<Answer>>>,
}

enum Claim {
    First(Ticket),
    Again(Arc<Answer>),
    Wait(watch::Receiver<Option<Arc<Answer>>>),
    Other,
}

/// The right to do what a key is for; given back on drop unless there is an answer.
struct Ticket {
    answered: Arc<Answered>,
    key: Key,
    since: Duration,
    tell: watch::Sender<Option<Arc<Answer>>>,
}

impl Answered {
    fn claim(self: &Arc<Self>, key: Key, print: Fingerprint, now: Duration) -> Claim {
        let mut known = self.lock();
        known.forget(now);
        if let Some(request) = known.requests.get(&key) {
            if request.print != print {
                return Claim::Other;
            }
            let answer = request.answer.borrow().clone();
            return answer.map_or_else(|| Claim::Wait(request.answer.clone()), Claim::Again);
        }
        let (tell, answer) = watch::channel(None);
        known.order.push_back((now, key.clone()));
        known.requests.insert(key.clone(), Request { print, since: now, answer });
        Claim::First(Ticket { answered: Arc::clone(self), key, since: now, tell })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Only inserts and removes happen under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Makes room for one more, and lets go of what is too old.
    fn forget(&mut self, now: Duration) {
        while let Some((since, key)) = self.order.front() {
            let old = now.saturating_sub(*since) >= IDEMPOTENCY_TIME;
            if !old && self.order.len() < IDEMPOTENCY_KEYS {
                return;
            }
            let (since, key) = (*since, key.clone());
            self.order.pop_front();
            self.remove(&key, since);
        }
    }

    /// Removes a request, unless another has come under its key.
    fn remove(&mut self, key: &Key, since: Duration) {
        if self.requests.get(key).is_some_and(|request| request.since == since) {
            self.requests.remove(key);
        }
    }
}

impl Ticket {
    fn keep(self, answer: Arc<Answer>) {
        self.tell.send_replace(Some(answer));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.tell.borrow().is_none() {
            self.answered.lock().remove(&self.key, self.since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Arc<Answer> {
        let body = Bytes::from_static(body.as_bytes());
        Arc::new(Answer { status: StatusCode::OK, headers: Vec::new(), body })
    }

    fn named(key: &str) -> Key {
        ([0; 32], key.to_owned())
    }

    #[tokio::test]
    async fn a_key_gives_its_answer_again_and_no_other_request_may_have_it() {
        let (answered, now) = (Arc::<Answered>::default(), Duration::ZERO);
        let Claim::First(ticket) = answered.claim(named("a"), [1; 32], now) else { panic!() };
        let Claim::Wait(mut waits) = answered.claim(named("a"), [1; 32], now) else { panic!() };
        assert!(matches!(answered.claim(named("a"), [2; 32], now), Claim::Other));
        ticket.keep(answer("done"));
        waits.changed().await.unwrap();
        let Claim::Again(again) = answered.claim(named("a"), [1; 32], now) else { panic!() };
        assert_eq!(again.body, "done");
        let someone_else = ([1; 32], "a".to_owned());
        assert!(matches!(answered.claim(someone_else, [2; 32], now), Claim::First(_)));
    }

    #[tokio::test]
    async fn what_failed_may_be_asked_again_under_its_key() {
        let (answered, now) = (Arc::<Answered>::default(), Duration::ZERO);
        drop(answered.claim(named("a"), [1; 32], now));
        let Claim::First(ticket) = answered.claim(named("a"), [2; 32], now) else { panic!() };
        let Claim::Wait(mut waits) = answered.claim(named("a"), [2; 32], now) else { panic!() };
        drop(ticket);
        assert!(waits.changed().await.is_err());
    }

    #[tokio::test]
    async fn the_oldest_go_when_there_are_too_many_or_their_time_is_over() {
        let answered = Arc::<Answered>::default();
        let keep = |key: &str, now| match answered.claim(named(key), [1; 32], now) {
            Claim::First(ticket) => ticket.keep(answer("")),
            _ => panic!("{key} is known"),
        };
        for number in 0..=IDEMPOTENCY_KEYS {
            keep(&number.to_string(), Duration::ZERO);
        }
        assert_eq!(answered.lock().requests.len(), IDEMPOTENCY_KEYS);
        keep("0", Duration::ZERO);
        keep("2", IDEMPOTENCY_TIME);
        let known = answered.lock();
        assert_eq!((known.requests.len(), known.order.len()), (1, 1));
    }
}
