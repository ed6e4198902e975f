//! A connection as the network sees it: WebSocket frames on a stream in memory, late but in order,
//! until it breaks. Reads nothing while its client is stalled. Knows no document.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use coscribe::random::{Random, SeededRandom};
use futures_util::{FutureExt, Sink, Stream};
use tokio::io::DuplexStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

/// See the module.
#[derive(Debug)]
pub(crate) struct Line {
    socket: WebSocketStream<DuplexStream>,
    up: VecDeque<(u64, Bytes)>,
    down: VecDeque<(u64, Bytes)>,
    /// Nothing is read before then.
    pub(crate) stalled_until: u64,
    /// Why nothing more comes.
    ended: Option<String>,
    latency: u64,
    /// What a faulty server would do with frames, see `mistake.rs`.
    pub(crate) forgets: bool,
}

impl Line {
    /// The client's end of a stream.
    pub(crate) fn new(stream: DuplexStream, latency: u64) -> Self {
        let opening = WebSocketStream::from_raw_socket(stream, Role::Client, None);
        Self {
            socket: opening.now_or_never().expect("a socket without a handshake waits for nothing"),
            up: VecDeque::new(),
            down: VecDeque::new(),
            stalled_until: 0,
            ended: None,
            latency,
            forgets: false,
        }
    }

    /// Sends a frame on its way.
    pub(crate) fn send(&mut self, frame: Bytes, now: u64, random: &SeededRandom) {
        let due = later(&self.up, now + random.below(self.latency + 1));
        self.up.push_back((due, frame));
    }

    /// Hands the server what has arrived.
    pub(crate) fn push(&mut self, now: u64) {
        let mut context = Context::from_waker(Waker::noop());
        if self.ended.is_some() {
            return;
        }
        let mut socket = Pin::new(&mut self.socket);
        while self.up.front().is_some_and(|(due, _)| *due <= now) {
            match socket.as_mut().poll_ready(&mut context) {
                Poll::Pending => break,
                Poll::Ready(Err(error)) => return self.ended = Some(error.to_string()),
                Poll::Ready(Ok(())) => {}
            }
            let Some((_, frame)) = self.up.pop_front() else { return };
            if let Err(error) = socket.as_mut().start_send(Message::Binary(frame)) {
                return self.ended = Some(error.to_string());
            }
        }
        if let Poll::Ready(Err(error)) = socket.poll_flush(&mut context) {
            self.ended = Some(error.to_string());
        }
    }

    /// Takes what the server has written.
    pub(crate) fn pull(&mut self, now: u64, random: &SeededRandom) {
        let mut context = Context::from_waker(Waker::noop());
        if self.stalled_until > now {
            return;
        }
        while self.ended.is_none()
            && let Poll::Ready(message) = Pin::new(&mut self.socket).poll_next(&mut context)
        {
            match message {
                Some(Ok(Message::Binary(frame))) => {
                    let due = later(&self.down, now + random.below(self.latency + 1));
                    self.down.push_back((due, frame));
                }
                Some(Ok(Message::Close(close))) => self.ended = Some(format!("{close:?}")),
                Some(Ok(_)) => {}
                Some(Err(error)) => self.ended = Some(error.to_string()),
                None => self.ended = Some("the stream ended".to_owned()),
            }
        }
        if std::mem::take(&mut self.forgets) {
            self.down.clear();
        }
    }

    /// The next frame that has arrived.
    pub(crate) fn receive(&mut self, now: u64) -> Option<Bytes> {
        if self.stalled_until > now || self.down.front().is_none_or(|(due, _)| *due > now) {
            return None;
        }
        self.down.pop_front().map(|(_, frame)| frame)
    }

    /// Takes in what was not written to it, see `mistake.rs`.
    pub(crate) fn overhear(&mut self, frame: Bytes, now: u64) {
        let due = later(&self.down, now);
        self.down.push_back((due, frame));
    }

    /// Whether everything that came was received and nothing more will come.
    pub(crate) fn is_over(&self) -> Option<&str> {
        self.ended.as_deref().filter(|_| self.down.is_empty())
    }

    /// Whether nothing is on its way that is not held up.
    pub(crate) fn is_quiet(&self) -> bool {
        self.up.is_empty() && self.down.is_empty()
    }
}

/// The moment at which something arrives that must not overtake what is on its way.
fn later(queue: &VecDeque<(u64, Bytes)>, due: u64) -> u64 {
    queue.back().map_or(due, |(last, _)| due.max(*last))
}
