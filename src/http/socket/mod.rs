//! Pumps frames between a WebSocket, its sessions and their documents; decides nothing.
//!
//! One task per connection. It reads only while it could hand on what it reads: an edit needs a
//! permit for its bytes, a document room in its mailbox, and the client must be taking what is
//! queued for it. Everything waiting to be written leaves with one flush.

mod admission;
mod boundary;
mod connections;
mod ending;
mod hooked;
mod lifetime;
mod metered;
mod perform;
mod pump;
mod questions;
mod review;
#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};

pub use connections::Connections;
pub(super) use hooked::{begin, granted};
#[cfg(feature = "cli")]
pub(super) use pump::WRITE_BYTES;

use super::{Accepted, rights::Rights};
use crate::{
    document::Documents, ids::DocumentId, limits::Limits, protocol::CloseReason, session::Request,
};
pub(super) use metered::Metered;
use pump::Pump;

/// What connections share.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// The documents that sessions open.
    pub documents: Documents,
    /// The open connections.
    pub connections: Connections,
    /// Who may do what.
    pub rights: Arc<Rights>,
}

impl Sockets {
    /// Serves a connection, upgraded to a WebSocket, until it ends.
    ///
    /// Its state is boxed at once: an async function keeps room for its arguments and for every
    /// step it took, for as long as the connection lasts.
    pub fn serve<S>(
        self: &Arc<Self>,
        stream: S,
        accepted: Accepted,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let sockets = Arc::clone(self);
        let begin = Box::pin(async move {
            let socket = socket(Metered::new(stream), sockets.documents.limits()).await;
            let credentials = accepted.credentials.clone();
            let (peer, document) = (accepted.peer, accepted.document.clone().ok().flatten());
            let mut pump = Box::new(Pump::new(socket, request(accepted), credentials, sockets));
            pump.ask_to_connect(peer, document).await;
            pump
        });
        async move { begin.await.run().await }
    }
}

/// A socket on a stream that stands between two messages. Never waits.
pub(super) async fn socket<S>(stream: Metered<S>, limits: &Limits) -> WebSocketStream<Metered<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        // Allocated eagerly and kept, so it is what an idle connection costs.
        .read_buffer_size(1024)
        // Frames gather up to here before a write; allocated only as it fills.
        .write_buffer_size(128 << 10)
        // The outbox is the bound: the pump takes more only after a flush.
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes));
    WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await
}

/// What the request's query means: `coscribe` marks our own clients, `epoch` the life of the
/// document that they hold a copy of.
fn request(accepted: Accepted) -> Request {
    let query = |key: &str| {
        accepted.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    };
    let (document, refused) = match accepted.document {
        Ok(document) => (document, None),
        Err(error) => (None, Some(CloseReason::NotFound(error.to_string()))),
    };
    Request {
        document,
        refused,
        greet: query("coscribe").is_some(),
        epoch: query("epoch").as_deref().and_then(DocumentId::parse),
    }
}
