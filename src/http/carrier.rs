//! What the bytes of a WebSocket travel on: a connection of their own, or requests.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// The stream under a WebSocket, before the first frame.
#[derive(Debug)]
pub enum Carrier {
    /// The connection that the handshake came on.
    Upgraded(TokioIo<hyper::upgrade::Upgraded>),
    /// Our end of a line that requests fill and empty.
    Line(DuplexStream),
}

impl AsyncRead for Carrier {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Upgraded(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Line(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Upgraded(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Line(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Upgraded(stream) => Pin::new(stream).poll_flush(context),
            Self::Line(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Upgraded(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Line(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
