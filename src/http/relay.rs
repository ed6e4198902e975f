//! A bare relay: the sockets of the server and nothing behind them. Every live edit goes to the
//! others of its document as it came; nothing is understood, kept or promised.
//!
//! What it costs is what the sockets cost, which the server's own cost is measured against. It is no
//! server for people: who comes later gets nothing of what was before.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Sink, StreamExt};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
use warp::{
    Filter,
    filters::BoxedFilter,
    http::{HeaderMap, Method},
    reply::Response,
};

use super::{
    carrier::Carrier,
    socket::{Metered, WRITE_BYTES, socket},
    upgrade::Handshake,
};
use crate::{
    document::{Outbox, Taken},
    limits::Limits,
};

/// The answer to who asks what is in a document: nothing. Clients begin once they have it.
const NOTHING: &[u8] = &[0, 1, 2, 0, 0];

/// What greets and asks, in y-websocket framing. Passed on, each would be answered by everybody.
const STEPS: [&[u8]; 2] = [&[0, 0], &[0, 1]];

/// Who is connected, by document.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    documents: Arc<Mutex<HashMap<String, Document>>>,
    limits: Arc<Limits>,
    /// Every so many frames one is lost; none when zero. For seeing that a loss is noticed.
    loses_every: u64,
}

type Document = Arc<Mutex<Members>>;

#[derive(Debug, Default)]
struct Members {
    next: u64,
    seen: u64,
    outboxes: Vec<(u64, Arc<Outbox>)>,
}

impl Relay {
    /// A relay that loses one of so many frames, for tests of those who should notice.
    #[must_use]
    pub fn losing_every(frames: u64) -> Self {
        Self { loses_every: frames, ..Self::default() }
    }

    /// `/ws/{document}`.
    #[must_use]
    pub fn routes(&self) -> BoxedFilter<(Response,)> {
        let relay = self.clone();
        warp::path("ws")
            .and(warp::path::tail())
            .and(warp::method())
            .and(warp::header::headers_cloned())
            .and(warp::ext::optional::<OnUpgrade>())
            .map(
                move |path: warp::path::Tail,
                      method: Method,
                      headers: HeaderMap,
                      on_upgrade: Option<OnUpgrade>| {
                    match Handshake::check(&method, &headers, on_upgrade) {
                        Ok(handshake) => {
                            let (relay, name) = (relay.clone(), path.as_str().to_owned());
                            handshake
                                .accept(None, move |stream| Box::pin(relay.serve(stream, name)))
                        }
                        Err(response) => *response,
                    }
                },
            )
            .boxed()
    }

    async fn serve(self, stream: Carrier, name: String) {
        let socket = socket(Metered::new(stream), &self.limits).await;
        let document = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(documents.entry(name).or_default())
        };
        let outbox = Arc::new(Outbox::new(self.limits.outbox_bytes));
        outbox.push(Bytes::from_static(NOTHING));
        let id = document.lock().unwrap_or_else(PoisonError::into_inner).join(&outbox);
        let member = Member { id, document, outbox };
        let mut line = Line { socket, taken: Vec::new(), unflushed: false };
        while let Some(frame) = poll_fn(|context| line.poll(context, &member.outbox)).await {
            if !STEPS.iter().any(|step| frame.starts_with(step)) {
                member.pass_on(&frame, self.loses_every);
            }
        }
    }
}

impl Members {
    fn join(&mut self, outbox: &Arc<Outbox>) -> u64 {
        self.next += 1;
        self.outboxes.push((self.next, Arc::clone(outbox)));
        self.next
    }
}

/// Leaves its document when it is dropped.
struct Member {
    id: u64,
    document: Document,
    outbox: Arc<Outbox>,
}

impl Member {
    fn pass_on(&self, frame: &[u8], loses_every: u64) {
        // As in the server: the frame shares the reader's buffer, which must not be held for it.
        let frame = Bytes::copy_from_slice(frame);
        let mut members = self.document.lock().unwrap_or_else(PoisonError::into_inner);
        members.seen += 1;
        if loses_every > 0 && members.seen.is_multiple_of(loses_every) {
            return;
        }
        for (_, outbox) in members.outboxes.iter().filter(|(id, _)| *id != self.id) {
            // There is no way to catch up here, so what a slow reader lacks is simply lost.
            if !outbox.is_full() {
                outbox.push(frame.clone());
            }
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.outbox.abandon();
        let mut members = self.document.lock().unwrap_or_else(PoisonError::into_inner);
        members.outboxes.retain(|(id, _)| *id != self.id);
    }
}

/// A socket with what is to be written to it.
struct Line {
    socket: WebSocketStream<Metered<Carrier>>,
    taken: Vec<Bytes>,
    unflushed: bool,
}

impl Line {
    /// The next frame that came; `None` at the end. Writes what waits, as the server's pump does.
    fn poll(&mut self, context: &mut Context<'_>, outbox: &Outbox) -> Poll<Option<Bytes>> {
        loop {
            if self.unflushed {
                match Pin::new(&mut self.socket).poll_flush(context) {
                    Poll::Ready(Ok(())) => self.unflushed = false,
                    Poll::Ready(Err(_)) => return Poll::Ready(None),
                    Poll::Pending => {}
                }
            }
            let mut busy = false;
            if !self.unflushed
                && let Poll::Ready(taken) = outbox.poll_take(context, WRITE_BYTES, &mut self.taken)
            {
                if matches!(taken, Taken::Close(_)) {
                    return Poll::Ready(None);
                }
                for frame in std::mem::take(&mut self.taken) {
                    let sent = Pin::new(&mut self.socket).start_send(Message::Binary(frame));
                    if sent.is_err() {
                        return Poll::Ready(None);
                    }
                }
                (self.unflushed, busy) = (true, true);
            }
            match self.socket.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(Message::Binary(frame)))) => return Poll::Ready(Some(frame)),
                Poll::Ready(Some(Ok(Message::Close(_)) | Err(_)) | None) => {
                    return Poll::Ready(None);
                }
                // The library answered a ping into its buffer.
                Poll::Ready(Some(Ok(_))) => self.unflushed = true,
                Poll::Pending if busy => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
