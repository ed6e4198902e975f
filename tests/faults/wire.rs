//! A client's end of a socket, in the framing of y-websocket or of Hocuspocus: messages out,
//! messages in, and how it ended. Holds no document.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use coscribe::protocol::{
    ClientMessage, ServerMessage,
    varint::{self, Reader},
    y_websocket,
};
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// Longer than the server takes to refuse (it waits a second before it hangs up).
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Which family of clients it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    YWebsocket,
    Hocuspocus,
}

/// Why nothing comes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The server hung up with a code and a reason.
    Closed(u16, String),
    /// The connection broke.
    Broken(String),
    /// Nothing came within [`PATIENCE`].
    Silent,
}

/// One document on one socket.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) framing: Framing,
    address: Vec<u8>,
}

impl Wire {
    /// Connects and, for Hocuspocus, shows an empty token.
    pub(crate) async fn connect(port: u16, framing: Framing, document: &str) -> Result<Self, Gone> {
        let broken = |error: &dyn std::fmt::Display| Gone::Broken(error.to_string());
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| broken(&e))?;
        stream.set_nodelay(true).map_err(|e| broken(&e))?;
        let url = match framing {
            Framing::YWebsocket => format!("ws://127.0.0.1:{port}/ws/{document}"),
            Framing::Hocuspocus => format!("ws://127.0.0.1:{port}/ws"),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .max_message_size(None)
            .max_frame_size(None);
        let connecting = client_async_with_config(url, stream, Some(config));
        let connected = timeout(PATIENCE, connecting).await.map_err(|_| Gone::Silent)?;
        let (socket, _) = connected.map_err(|e| broken(&e))?;
        let mut wire = Self { socket, framing, address: document.as_bytes().to_vec() };
        if framing == Framing::Hocuspocus {
            let token = wire.addressed(&[2, 0, 0]);
            wire.send_frame(token).await?;
        }
        Ok(wire)
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &ClientMessage) -> Result<(), Gone> {
        let frame = self.frame(message);
        self.send_frame(frame).await
    }

    /// Sends a whole frame as it is.
    pub(crate) async fn send_frame(&mut self, frame: Bytes) -> Result<(), Gone> {
        let sending = self.socket.send(Message::Binary(frame));
        let sent = timeout(PATIENCE, sending).await.map_err(|_| Gone::Silent)?;
        sent.map_err(|error| Gone::Broken(error.to_string()))
    }

    /// Waits for the next message that means something to a client.
    pub(crate) async fn receive(&mut self) -> Result<ServerMessage, Gone> {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await.map_err(|_| Gone::Silent)?;
            let frame = match next {
                None => return Err(Gone::Broken("the stream ended".to_owned())),
                Some(Err(error)) => return Err(Gone::Broken(error.to_string())),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Err(Gone::Closed(close.code.into(), close.reason.to_string()));
                }
                Some(Ok(Message::Close(None))) => return Err(Gone::Closed(1005, String::new())),
                Some(Ok(Message::Binary(frame))) => frame,
                Some(Ok(_)) => continue,
            };
            if let Some(message) = self.decode(&frame) {
                return Ok(message);
            }
        }
    }

    /// A message as this client's frame.
    pub(crate) fn frame(&self, message: &ClientMessage) -> Bytes {
        let body = y_websocket::encode_client(message).expect("a message both framings have");
        match self.framing {
            Framing::YWebsocket => body,
            Framing::Hocuspocus => self.addressed(&body),
        }
    }

    fn addressed(&self, body: &[u8]) -> Bytes {
        let mut out = BytesMut::new();
        varint::bytes(&mut out, &self.address);
        out.put_slice(body);
        out.freeze()
    }

    fn decode(&self, frame: &Bytes) -> Option<ServerMessage> {
        let decoded = |frame: &Bytes| y_websocket::decode_server(frame).expect("a sound frame");
        if self.framing == Framing::YWebsocket {
            return decoded(frame);
        }
        let mut reader = Reader::new(frame);
        reader.bytes().expect("an address");
        // Test documents have short names: their length takes one byte.
        let body = frame.slice(1 + self.address.len()..);
        match body[..] {
            [0 | 1, ..] => decoded(&body),
            [2, 1, ..] => Some(ServerMessage::PermissionDenied(String::new())),
            [7, ..] => Some(ServerMessage::Close(String::new())),
            [8, status] => Some(ServerMessage::SyncStatus(status == 1)),
            _ => None,
        }
    }
}
