//! The queue of frames towards one connection, bounded in bytes.
//!
//! Documents put frames in, the connection takes them out. Document frames are offered: once the
//! queue is full the document stops offering and remembers where it stopped. Answers the client
//! waits for (acks, authentication, sync steps) always go in; the connection is not read while
//! the queue is over its bound, so these are bounded by what was read before.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::protocol::{Address, CloseReason};

/// The queue; shared by a connection and the documents it has open.
#[derive(Debug)]
pub struct Outbox {
    inner: Mutex<Inner>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Inner {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// A document stopped offering and waits to hear that the queue is empty.
    behind: bool,
    close: Option<CloseReason>,
    /// Nobody takes frames any more.
    abandoned: bool,
    /// Rights may have changed.
    review: bool,
    waker: Option<Waker>,
}

/// What a connection gets to write.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Frames were moved to the caller's buffer.
    Frames,
    /// The queue is empty and somebody waits to hear it: tell every open document.
    CaughtUp,
    /// Rights may have changed: ask again what the sessions may do.
    Review,
    /// Everything was taken and the server wants to hang up.
    Close(CloseReason),
}

impl Outbox {
    /// An empty queue that is full at `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { inner: Mutex::default(), limit }
    }

    /// Adds a frame whatever the queue holds.
    pub fn push(&self, frame: Bytes) {
        let mut inner = self.lock();
        if inner.abandoned || inner.close.is_some() {
            return;
        }
        inner.bytes += frame.len();
        inner.frames.push_back(frame);
        inner.wake();
    }

    /// Whether document frames should wait. Who sees `true` is told by [`Taken::CaughtUp`].
    #[must_use]
    pub fn is_full(&self) -> bool {
        let mut inner = self.lock();
        let full = inner.bytes >= self.limit;
        inner.behind |= full;
        full
    }

    /// Bytes waiting.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Bytes waiting, and those of the longest frame among them.
    #[cfg(feature = "conformance")]
    pub(crate) fn measure(&self) -> (usize, usize) {
        let inner = self.lock();
        let longest = inner.frames.iter().map(Bytes::len).max();
        (inner.frames.iter().map(Bytes::len).sum(), longest.unwrap_or_default())
    }

    /// Whether so much waits that the client's own messages should not be read for now.
    #[must_use]
    pub fn is_choked(&self) -> bool {
        self.lock().bytes >= self.limit.saturating_mul(2)
    }

    /// Asks the connection to hang up once what waits is written; the first reason stays. Who
    /// cannot keep up gets nothing more: writing what waits is what takes it so long.
    pub fn close(&self, reason: CloseReason) {
        let mut inner = self.lock();
        if inner.close.is_none() {
            if reason == CloseReason::Overloaded {
                inner.frames = VecDeque::new();
                inner.bytes = 0;
            }
            inner.close = Some(reason);
        }
        inner.wake();
    }

    /// Whether the connection was asked to hang up.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.lock().close.is_some()
    }

    /// Drops what waits for an address.
    pub fn drop_frames_of(&self, address: &Address) {
        let mut inner = self.lock();
        inner.frames.retain(|frame| !address.is_of(frame));
        inner.bytes = inner.frames.iter().map(Bytes::len).sum();
    }

    /// Tells the connection that rights may have changed.
    pub fn review(&self) {
        let mut inner = self.lock();
        inner.review = true;
        inner.wake();
    }

    /// Whether rights may have changed. Also heard while nothing can be written.
    pub fn poll_review(&self, context: &mut Context<'_>) -> Poll<Taken> {
        let mut inner = self.lock();
        if std::mem::take(&mut inner.review) {
            return Poll::Ready(Taken::Review);
        }
        inner.wait(context);
        Poll::Pending
    }

    /// Drops what waits and whatever comes: the connection is gone.
    pub fn abandon(&self) {
        let mut inner = self.lock();
        inner.abandoned = true;
        inner.frames = VecDeque::new();
        inner.bytes = 0;
    }

    /// Moves waiting frames, at most about `max_bytes` and at least one, to `buffer`.
    pub fn poll_take(
        &self,
        context: &mut Context<'_>,
        max_bytes: usize,
        buffer: &mut Vec<Bytes>,
    ) -> Poll<Taken> {
        let mut inner = self.lock();
        if std::mem::take(&mut inner.review) {
            return Poll::Ready(Taken::Review);
        }
        let mut taken = 0;
        while taken < max_bytes
            && let Some(frame) = inner.frames.pop_front()
        {
            taken += frame.len();
            inner.bytes -= frame.len();
            buffer.push(frame);
        }
        if !buffer.is_empty() {
            return Poll::Ready(Taken::Frames);
        }
        if inner.frames.capacity() > 64 {
            inner.frames = VecDeque::new();
        }
        if let Some(reason) = &inner.close {
            return Poll::Ready(Taken::Close(reason.clone()));
        }
        if std::mem::take(&mut inner.behind) {
            return Poll::Ready(Taken::CaughtUp);
        }
        inner.wait(context);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The critical sections above cannot panic half-way; a poisoned lock holds sound data.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn wait(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(outbox: &Outbox, max: usize) -> (Poll<Taken>, Vec<Bytes>) {
        let mut buffer = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        (outbox.poll_take(&mut context, max, &mut buffer), buffer)
    }

    #[test]
    fn frames_come_out_in_order_and_free_their_bytes() {
        let outbox = Outbox::new(10);
        outbox.push(Bytes::from_static(b"one"));
        outbox.push(Bytes::from_static(b"two"));
        assert_eq!(outbox.bytes(), 6);
        assert_eq!(take(&outbox, 1), (Poll::Ready(Taken::Frames), vec!["one".into()]));
        assert_eq!(take(&outbox, 99), (Poll::Ready(Taken::Frames), vec!["two".into()]));
        assert_eq!(outbox.bytes(), 0);
        assert!(take(&outbox, 99).0.is_pending());
    }

    #[test]
    fn what_waits_for_one_address_is_dropped_and_for_others_stays() {
        let outbox = Outbox::new(99);
        for frame in [b"\x01a1", b"\x01b2", b"\x01a3"] {
            outbox.push(Bytes::from_static(frame));
        }
        outbox.drop_frames_of(&Address::Hocuspocus(b"a"[..].into()));
        assert_eq!(outbox.bytes(), 3);
        assert_eq!(take(&outbox, 99), (Poll::Ready(Taken::Frames), vec!["\x01b2".into()]));
    }

    #[test]
    fn a_review_comes_before_what_waits_and_once() {
        let outbox = Outbox::new(99);
        outbox.push(Bytes::from_static(b"one"));
        outbox.review();
        assert_eq!(take(&outbox, 99).0, Poll::Ready(Taken::Review));
        assert_eq!(take(&outbox, 99).0, Poll::Ready(Taken::Frames));
        let mut context = Context::from_waker(Waker::noop());
        assert!(outbox.poll_review(&mut context).is_pending());
        outbox.review();
        assert!(outbox.poll_review(&mut context).is_ready());
    }

    #[test]
    fn who_found_the_queue_full_hears_when_it_is_empty() {
        let outbox = Outbox::new(3);
        assert!(!outbox.is_full());
        outbox.push(Bytes::from_static(b"four"));
        assert!(outbox.is_full());
        assert_eq!(take(&outbox, 99).0, Poll::Ready(Taken::Frames));
        assert_eq!(take(&outbox, 99).0, Poll::Ready(Taken::CaughtUp));
        assert!(take(&outbox, 99).0.is_pending());
    }

    #[test]
    fn closing_waits_for_what_is_queued_and_keeps_the_first_reason() {
        let outbox = Outbox::new(3);
        outbox.push(Bytes::from_static(b"last"));
        outbox.close(CloseReason::Restart);
        outbox.close(CloseReason::Overloaded);
        outbox.push(Bytes::from_static(b"too late"));
        assert_eq!(take(&outbox, 99).1.len(), 1);
        assert_eq!(take(&outbox, 99).0, Poll::Ready(Taken::Close(CloseReason::Restart)));
        assert!(outbox.is_closing());
    }

    #[test]
    fn who_cannot_keep_up_is_hung_up_on_without_waiting_for_it() {
        let outbox = Outbox::new(3);
        outbox.push(Bytes::from_static(b"much"));
        assert!(!outbox.is_closing());
        outbox.close(CloseReason::Overloaded);
        assert_eq!(outbox.bytes(), 0);
        assert_eq!(take(&outbox, 99).0, Poll::Ready(Taken::Close(CloseReason::Overloaded)));
    }
}
