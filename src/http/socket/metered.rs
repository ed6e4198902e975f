//! A stream that watches its bytes: how many, so that a large message on a slow link counts as a
//! sign of life long before it is complete, whichever way it goes; and whether those that came end
//! with a message.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::boundary::Boundary;

/// Bytes that went through a stream so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Watches what is read from a stream and written to it.
#[derive(Debug)]
pub(in crate::http) struct Metered<S> {
    /// None once it was handed over.
    stream: Option<S>,
    progress: Progress,
    boundary: Boundary,
}

impl<S> Metered<S> {
    /// Counts from zero.
    pub(in crate::http) fn new(stream: S) -> Self {
        Self { stream: Some(stream), progress: Progress::default(), boundary: Boundary::default() }
    }

    /// What went through so far.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// Whether what was read so far ends with a message.
    pub(super) fn is_between_messages(&self) -> bool {
        self.boundary.is_between_messages()
    }

    /// Hands the stream and what is known of it over; what is left cannot be used any more.
    pub(super) fn hand_over(&mut self) -> Self {
        let boundary = std::mem::take(&mut self.boundary);
        Self { stream: self.stream.take(), progress: self.progress, boundary }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>>
    where
        S: Unpin,
    {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
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
            let Ok(stream) = self.stream() else { return Poll::Ready(()) };
            let read = ready!(stream.poll_read(context, &mut buffer));
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
        let outcome = self.stream()?.poll_read(context, buffer);
        let read = &buffer.filled()[before..];
        self.progress.read += read.len() as u64;
        self.boundary.follow(read);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.stream()?.poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &outcome {
            self.progress.written += *written as u64;
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}
