//! What a session may do with the document it asks for: decided before it is opened.

use tokio::io::{AsyncRead, AsyncWrite};

use super::pump::{Pump, Todo};
use crate::{
    document::{Documents, Unavailable},
    identity::Access,
    ids::{DocumentId, DocumentName},
    protocol::{Address, CloseReason, ServerMessage},
    session::Decision,
};

/// What was decided.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) decision: Decision,
    /// What the document is called now, when it is no longer called what was asked for.
    renamed: Option<DocumentName>,
}

/// Decides. Until there are rights, whoever can reach the server may edit what is not in the bin.
pub(super) async fn admission(
    documents: &Documents,
    document: &DocumentName,
    epoch: Option<DocumentId>,
) -> Admission {
    let refuse =
        |why: String, renamed| Admission { decision: Err(CloseReason::NotFound(why)), renamed };
    if let Some(epoch) = epoch
        && let Some(name) = documents.renamed(document, epoch).await
    {
        return refuse(format!("this document is now called {name}"), Some(name));
    }
    if documents.is_in_bin(document).await {
        return refuse(Unavailable::InBin.to_string(), None);
    }
    Admission { decision: Ok(Access::Edit), renamed: None }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    /// Goes on with what was decided.
    pub(super) fn on_admission(&mut self, session: u32, admission: Admission) {
        if let Some(name) = admission.renamed.filter(|_| self.request.greet) {
            let hello =
                serde_json::json!({ "epoch": self.request.epoch, "renamed": name.as_str() });
            let hello = ServerMessage::Hello(hello.to_string());
            if let Some(frame) = Address::None.encode(&hello) {
                self.outbox.push(frame);
            }
        }
        for effect in self.sessions.authorized(session, admission.decision).into_iter().rev() {
            self.todo.push_front(Todo::Effect(effect));
        }
    }
}
