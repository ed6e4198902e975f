//! One connection that requests carry: what a client sends arrives in order and once, and what it
//! is sent is kept for a while, so that a request that breaks off loses nothing.
//!
//! Both ways are streams of bytes, and a request says where in them it begins. The other end of the
//! line is a stream like that of any connection. Knows no HTTP and no frame.

use std::{
    future::Future,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    sync::{Mutex, watch},
    time::timeout,
};

use super::turns::{Turn, Turns};
use crate::limits::{FALLBACK_KEPT_BYTES, FALLBACK_QUEUE_BYTES};

/// See the module.
#[derive(Debug)]
pub(super) struct Line {
    up: Mutex<Up>,
    down: Mutex<ReadHalf<DuplexStream>>,
    given: std::sync::Mutex<Given>,
    senders: Turns,
    readers: Turns,
    /// So many requests hold it open.
    held: watch::Sender<usize>,
    /// Nothing more is to come from either side.
    over: watch::Sender<bool>,
}

#[derive(Debug)]
struct Up {
    end: WriteHalf<DuplexStream>,
    /// So many bytes came.
    taken: u64,
}

/// What went down. Never waited for: who reads on may wait long.
#[derive(Debug, Default)]
struct Given {
    /// So many bytes went; the last of them are kept.
    bytes: u64,
    kept: BytesMut,
    is_over: bool,
}

/// Why a request cannot go on with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("bytes are missing before these: so far {0} came")]
    Gap(u64),
    #[error("what follows there is no longer kept")]
    Forgotten,
    #[error("this connection is over")]
    Over,
    #[error("a newer request has taken over")]
    Superseded,
    #[error("nothing more of the body came for too long")]
    Slow,
    #[error("the body broke off")]
    BrokenOff,
    #[error("a request may carry at most {0} bytes")]
    TooLarge(usize),
}

/// A request that reads a line, which holds it open.
pub(super) struct Reader {
    line: Arc<Line>,
    turn: Turn,
    at: u64,
}

/// The bytes that a request may bring, and how long it may pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) patience: Duration,
}

impl Line {
    /// A line and its other end.
    pub(super) fn new() -> (Self, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(FALLBACK_QUEUE_BYTES);
        let (read, write) = tokio::io::split(ours);
        let line = Self {
            up: Mutex::new(Up { end: write, taken: 0 }),
            down: Mutex::new(read),
            given: std::sync::Mutex::default(),
            senders: Turns::default(),
            readers: Turns::default(),
            held: watch::Sender::new(0),
            over: watch::Sender::new(false),
        };
        (line, theirs)
    }

    /// Takes in what a client sends, beginning with this byte; says how many came in all. Waits
    /// while the other end takes nothing. What came before is skipped.
    pub(super) async fn send<S, B, E>(
        &self,
        at: u64,
        body: S,
        bounds: Bounds,
    ) -> Result<u64, Refusal>
    where
        S: Stream<Item = Result<B, E>> + Unpin,
        B: Buf,
    {
        let mut turn = self.senders.take();
        tokio::select! {
            biased;
            () = turn.lost() => Err(Refusal::Superseded),
            sent = self.take_in(at, body, bounds) => sent,
        }
    }

    async fn take_in<S, B, E>(&self, at: u64, mut body: S, bounds: Bounds) -> Result<u64, Refusal>
    where
        S: Stream<Item = Result<B, E>> + Unpin,
        B: Buf,
    {
        let mut up = self.up.lock().await;
        let Some(mut known) = up.taken.checked_sub(at) else { return Err(Refusal::Gap(up.taken)) };
        let mut room = bounds.bytes;
        loop {
            let next = timeout(bounds.patience, body.next()).await.map_err(|_| Refusal::Slow)?;
            let Some(chunk) = next else { return Ok(up.taken) };
            let mut chunk = chunk.map_err(|_| Refusal::BrokenOff)?;
            room = room.checked_sub(chunk.remaining()).ok_or(Refusal::TooLarge(bounds.bytes))?;
            while chunk.has_remaining() {
                let part = chunk.chunk();
                let skipped = usize::try_from(known).unwrap_or(usize::MAX).min(part.len());
                if skipped > 0 {
                    chunk.advance(skipped);
                    known -= skipped as u64;
                    continue;
                }
                // Whenever this is given up, what was written is counted.
                let written = up.end.write(part).await.map_err(|_| Refusal::Over)?;
                up.taken += written as u64;
                chunk.advance(written);
            }
        }
    }

    /// Begins to read at this byte. Whoever read before stops.
    pub(super) fn read(self: &Arc<Self>, at: u64) -> Result<Reader, Refusal> {
        self.has_arrived(at)?;
        Ok(Reader::new(Arc::clone(self), at))
    }

    /// The client has everything before this byte.
    pub(super) fn has_arrived(&self, at: u64) -> Result<(), Refusal> {
        let mut given = self.given();
        let arrived = given.place(at).ok_or(Refusal::Forgotten)?;
        given.forget(arrived);
        Ok(())
    }

    /// What follows this byte, as soon as there is something; nothing when the line is over.
    async fn after(&self, at: u64) -> Result<Bytes, Refusal> {
        if let Some(bytes) = self.given().after(at)? {
            return Ok(bytes);
        }
        let mut down = self.down.lock().await;
        loop {
            if let Some(bytes) = self.given().after(at)? {
                return Ok(bytes);
            }
            let mut room = BytesMut::with_capacity(FALLBACK_QUEUE_BYTES);
            // Given up while it waits, nothing was read.
            let read = down.read_buf(&mut room).await.unwrap_or(0);
            self.given().add(&room[..read]);
        }
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client says that it goes.
    pub(super) fn leave(&self) {
        self.over.send_replace(true);
    }

    /// Serves the other end until it is done, or until nobody has held the line for so long; then
    /// waits that long for somebody to read the rest.
    pub(super) async fn serve(&self, other_end: impl Future<Output = ()>, gap: Duration) {
        let mut over = self.over.subscribe();
        tokio::select! {
            () = other_end => {}
            () = self.abandoned(gap) => return,
            _ = over.wait_for(|over| *over) => return,
        }
        let _read_or_not = timeout(gap, over.wait_for(|over| *over)).await.is_ok();
    }

    async fn abandoned(&self, gap: Duration) {
        let mut held = self.held.subscribe();
        loop {
            // The line is here, and with it what is waited for.
            let _nobody = held.wait_for(|held| *held == 0).await.is_ok();
            if timeout(gap, held.wait_for(|held| *held > 0)).await.is_err() {
                return;
            }
        }
    }
}

impl Given {
    /// Where in what is kept this byte is.
    fn place(&self, at: u64) -> Option<usize> {
        let left = usize::try_from(self.bytes.checked_sub(at)?).ok()?;
        self.kept.len().checked_sub(left)
    }

    /// What is kept from this byte on; nothing at all when there is nothing more to come.
    fn after(&self, at: u64) -> Result<Option<Bytes>, Refusal> {
        let place = self.place(at).ok_or(Refusal::Forgotten)?;
        let bytes = &self.kept[place..];
        Ok((!bytes.is_empty() || self.is_over).then(|| Bytes::copy_from_slice(bytes)))
    }

    /// Keeps what was read; nothing stands for the end.
    fn add(&mut self, bytes: &[u8]) {
        self.is_over = bytes.is_empty();
        self.bytes += bytes.len() as u64;
        self.kept.extend_from_slice(bytes);
        self.forget(self.kept.len().saturating_sub(FALLBACK_KEPT_BYTES));
    }

    fn forget(&mut self, bytes: usize) {
        self.kept.advance(bytes);
        if self.kept.is_empty() {
            // An empty buffer keeps all of its room.
            self.kept = BytesMut::new();
        }
    }
}

impl Reader {
    fn new(line: Arc<Line>, at: u64) -> Self {
        line.held.send_modify(|held| *held += 1);
        let turn = line.readers.take();
        Self { line, turn, at }
    }

    /// What follows, as soon as there is something.
    ///
    /// # Errors
    /// When the line is over, or somebody else reads it now.
    pub(super) async fn next(&mut self) -> Result<Bytes, Refusal> {
        let bytes = tokio::select! {
            biased;
            () = self.turn.lost() => return Err(Refusal::Superseded),
            bytes = self.line.after(self.at) => bytes?,
        };
        if bytes.is_empty() {
            self.line.over.send_replace(true);
            return Err(Refusal::Over);
        }
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    /// What follows and is there already.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        self.next().now_or_never()?.ok()
    }

    /// The byte that comes next.
    pub(super) fn at(&self) -> u64 {
        self.at
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.line.held.send_modify(|held| *held -= 1);
    }
}
