//! A stream that counts its bytes, so that a large message on a slow link counts as a sign of life
//! long before it is complete, whichever way it goes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that went through a stream so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Counts what is read from a stream and written to it.
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    progress: Progress,
}

impl<S> Metered<S> {
    /// Counts from zero.
    pub(super) fn new(stream: S) -> Self {
        Self { stream, progress: Progress::default() }
    }

    /// What went through so far.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }
}

impl<S: AsyncRead + Unpin> Metered<S> {
    /// Reads and forgets, until the stream ends.
    pub(super) fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<()> {
        /// Reads until others get their turn.
        const READS: usize = 16;
        let mut room = [0; 4096];
        for _ in 0..READS {
            let mut buffer = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.progress.read += (buffer.filled().len() - before) as u64;
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &outcome {
            self.progress.written += *written as u64;
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
