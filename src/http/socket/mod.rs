//! Pumps frames between a WebSocket, its sessions and their documents; decides nothing.
//!
//! One task per connection. It reads only while it could hand on what it reads: an edit needs a
//! permit for its bytes, a document room in its mailbox, and the client must be taking what is
//! queued for it. Everything waiting to be written leaves with one flush.

mod connections;
mod ending;
mod lifetime;
mod metered;
mod perform;
mod pump;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};

pub use connections::Connections;
pub use metered::Metered;

use crate::{document::Documents, limits::Limits, session::Request};

/// Small, because most messages are; larger ones grow it while they last. Every connection has one.
const READ_BUFFER: usize = 1024;

/// Frames gather up to here before a write; it is allocated only as it fills.
const WRITE_BUFFER: usize = 128 * 1024;

/// What connections share.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The documents that sessions open.
    pub documents: Documents,
    /// The open connections.
    pub connections: Connections,
}

/// Serves a connection, upgraded to a WebSocket, until it ends.
pub async fn serve<S>(stream: S, request: Request, edge: Edge)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let config = config(edge.documents.limits());
    let stream = Metered::new(stream);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    pump::Pump::new(socket, request, Arc::new(edge)).run().await;
}

fn config(limits: &Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // The outbox is the bound: what is taken from it fits here, whole frames included.
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes))
}
