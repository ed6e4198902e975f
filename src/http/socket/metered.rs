//! A stream that watches what is read: how many bytes, so that a large message on a slow link
//! counts as a sign of life long before it is complete, and whether they end with a message.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::boundary::Boundary;

/// Watches what is read from a stream.
#[derive(Debug)]
pub(super) struct Metered<S> {
    /// None once it was handed over.
    stream: Option<S>,
    read: u64,
    boundary: Boundary,
}

impl<S> Metered<S> {
    /// Counts from zero.
    pub(super) fn new(stream: S) -> Self {
        Self { stream: Some(stream), read: 0, boundary: Boundary::default() }
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Whether what was read so far ends with a message.
    pub(super) fn is_between_messages(&self) -> bool {
        self.boundary.is_between_messages()
    }

    /// Hands the stream and what is known of it over; what is left cannot be used any more.
    pub(super) fn hand_over(&mut self) -> Self {
        let boundary = std::mem::take(&mut self.boundary);
        Self { stream: self.stream.take(), read: self.read, boundary }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>>
    where
        S: Unpin,
    {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
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
        self.read += read.len() as u64;
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
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}
