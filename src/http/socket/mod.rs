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

use std::{future::Future, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;

pub use connections::Connections;
pub use metered::Metered;

use super::Accepted;
use crate::{document::Documents, ids::DocumentId, protocol::CloseReason, session::Request};

/// What connections share.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// The documents that sessions open.
    pub documents: Documents,
    /// The open connections.
    pub connections: Connections,
}

impl Sockets {
    /// Serves a connection, upgraded to a WebSocket, until it ends.
    ///
    /// The connection's state is boxed at once: an async function would keep room for its
    /// arguments beside it for as long as the connection lasts.
    pub fn serve<S>(
        self: &Arc<Self>,
        socket: WebSocketStream<Metered<S>>,
        accepted: Accepted,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut pump = Box::new(pump::Pump::new(socket, request(accepted), Arc::clone(self)));
        async move { pump.run().await }
    }
}

/// What the request's query means: `coscribe` marks our own clients, `epoch` the life of the
/// document that they hold a copy of, `token` who they are.
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
        token: query("token"),
        greet: query("coscribe").is_some(),
        epoch: query("epoch").as_deref().and_then(DocumentId::parse),
    }
}
