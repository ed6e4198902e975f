//! A client's end of a WebSocket: frames out, frames in, and how it ended. For programs that look at
//! frames themselves, such as the load generator; knows no dialect and holds no document.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Sink, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

/// Time to reach the server and be answered.
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Time to write what waits and say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// Buffers of a connection: there may be thousands.
const BUFFER_BYTES: usize = 4 << 10;

/// Largest frame taken from a server: a large document in one piece.
const FRAME_BYTES: usize = 256 << 20;

/// One open connection.
#[derive(Debug)]
pub struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    unflushed: bool,
}

/// Why nothing comes any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// There is no connection.
    #[error("cannot connect to {url}: {reason}")]
    Unreachable {
        /// The address, without its query, which may hold a token.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The server hung up.
    #[error("the server closed the connection ({code}) {reason}")]
    Closed {
        /// Its close code; 1005 when it gave none.
        code: u16,
        /// What it said.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}

impl Wire {
    /// Connects to a `ws://` or `wss://` address.
    ///
    /// # Errors
    /// When the server cannot be reached or does not want a WebSocket there.
    pub async fn connect(url: &str) -> Result<Self, Gone> {
        let unreachable = |reason: String| {
            let url = url.split('?').next().unwrap_or(url).to_owned();
            Gone::Unreachable { url, reason }
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(FRAME_BYTES))
            .max_frame_size(Some(FRAME_BYTES));
        let dial = connect_async_tls_with_config(url, Some(config), true, None);
        match timeout(DIAL_TIMEOUT, dial).await {
            Ok(Ok((socket, _))) => Ok(Self { socket, unflushed: false }),
            Ok(Err(error)) => Err(unreachable(error.to_string())),
            Err(_) => Err(unreachable("no answer in time".to_owned())),
        }
    }

    /// Gives a frame to the socket; it is on its way with the next [`Wire::receive`] or
    /// [`Wire::flush`]. The caller bounds how much is queued.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, frame: Bytes) -> Result<(), Gone> {
        self.unflushed = true;
        let sent = Pin::new(&mut self.socket).start_send(Message::Binary(frame));
        sent.map_err(|error| Gone::Broken(error.to_string()))
    }

    /// Waits until everything sent so far is with the operating system.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn flush(&mut self) -> Result<(), Gone> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    /// Waits for the next frame; writes what waits meanwhile. Nothing is lost when it is dropped.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn receive(&mut self) -> Result<Bytes, Gone> {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// As [`Wire::receive`], for those who wait for several things.
    pub fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Gone>> {
        if self.unflushed
            && let Poll::Ready(Err(gone)) = self.poll_flush(context)
        {
            return Poll::Ready(Err(gone));
        }
        loop {
            return Poll::Ready(match ready!(self.socket.poll_next_unpin(context)) {
                Some(Ok(Message::Binary(frame))) => Ok(frame),
                Some(Ok(Message::Close(frame))) => Err(match frame {
                    Some(it) => {
                        Gone::Closed { code: it.code.into(), reason: it.reason.to_string() }
                    }
                    None => Gone::Closed { code: 1005, reason: String::new() },
                }),
                // Pings are answered by the library; a text means nothing in these protocols.
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(Gone::Broken(error.to_string())),
                None => Err(Gone::Broken("the server hung up".to_owned())),
            });
        }
    }

    /// Says goodbye, if the server still listens.
    pub async fn close(mut self) {
        let _whatever = timeout(GOODBYE_TIMEOUT, self.socket.close(None)).await;
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        let flushed = ready!(Pin::new(&mut self.socket).poll_flush(context));
        self.unflushed = false;
        Poll::Ready(flushed.map_err(|error: Error| Gone::Broken(error.to_string())))
    }
}
