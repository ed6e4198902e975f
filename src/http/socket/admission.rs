//! What a session may do with the document it asks for: decided before it is opened.

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::pump::{Pump, Todo};
use super::review::Held;
use crate::{
    auth::{Credentials, Denied, Grant, Secret},
    document::{Documents, Unavailable},
    http::rights::Rights,
    ids::{DocumentId, DocumentName},
    limits::{RIGHTS_FIRST_RETRY, RIGHTS_GRACE},
    protocol::{Address, CloseReason, ServerMessage},
    session::Effect,
};

/// What was decided.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) decision: Result<Grant, CloseReason>,
    /// What the document is called that was asked for, perhaps by another name.
    pub(super) document: DocumentName,
    /// What a frame showed besides what the request did.
    pub(super) token: Option<Secret>,
    /// What the document is called now, when it is no longer called what was asked for.
    pub(super) renamed: Option<DocumentName>,
}

/// Who asks for a document, and what they show.
pub(super) struct Applicant {
    pub(super) document: DocumentName,
    /// The life of it that our own client holds a copy of.
    pub(super) epoch: Option<DocumentId>,
    pub(super) token: Option<Secret>,
    pub(super) credentials: Credentials,
}

/// Decides. Whether there is such a document is looked at last, so that those who may not open it
/// hear the same whether or not it exists.
pub(super) async fn admission(
    documents: &Documents,
    rights: &Rights,
    applicant: Applicant,
) -> Admission {
    let Applicant { document, epoch, token, credentials } = applicant;
    // Who may do what is said of a document, not of the names that lead to it.
    let document = match documents.led_to(&document).await {
        Ok(led) => led.unwrap_or(document),
        Err(reason) => {
            let decision = Err(CloseReason::Storage(reason.to_string()));
            return Admission { decision, document, token, renamed: None };
        }
    };
    let (decision, renamed) = match rights.about(&document, &credentials).await {
        Err(denied) => (Err(closing(denied)), None),
        Ok(grant) => {
            let renamed = match epoch {
                Some(epoch) => documents.renamed(&document, epoch).await,
                None => None,
            };
            match renamed {
                // Where it is now is for those who may open it there.
                Some(name) if rights.about(&name, &credentials).await.is_ok() => {
                    let why = format!("this document is now called {name}");
                    (Err(CloseReason::NotFound(why)), Some(name))
                }
                Some(_) => (Err(closing(Denied::Forbidden)), None),
                None if documents.is_in_bin(&document).await => {
                    (Err(CloseReason::NotFound(Unavailable::InBin.to_string())), None)
                }
                None => (Ok(grant), None),
            }
        }
    };
    Admission { decision, document, token, renamed }
}

/// How a socket says that somebody may not.
pub(super) fn closing(denied: Denied) -> CloseReason {
    match denied {
        Denied::Unauthorized(why) => CloseReason::Unauthorized(why),
        Denied::Forbidden => CloseReason::Forbidden(denied.to_string()),
        Denied::Unavailable(why) => CloseReason::Storage(why),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Pump<S> {
    /// Goes on with what was decided. What rights have changed since is asked again at once.
    pub(super) fn on_admission(
        &mut self,
        session: u32,
        admission: Admission,
        since: Instant,
        is_stale: bool,
    ) {
        // A client that cannot be let in yet comes back after it was hung up on, which the others
        // on its connection need not suffer from.
        if matches!(admission.decision, Err(CloseReason::Storage(_)))
            && since.elapsed() < RIGHTS_GRACE
            && !self.sessions.open().is_empty()
        {
            let Admission { document, token, .. } = admission;
            return self.ask_first(session, document, token, since, RIGHTS_FIRST_RETRY);
        }
        if let Some(name) = admission.renamed.filter(|_| self.sessions.request().greet) {
            let epoch = self.sessions.request().epoch;
            let hello = serde_json::json!({ "epoch": epoch, "renamed": name.as_str() });
            let hello = ServerMessage::Hello(hello.to_string());
            if let Some(frame) = Address::None.encode(&hello) {
                self.outbox.push(frame);
            }
        }
        let decision = admission.decision.as_ref().map(|grant| grant.access);
        let decision = decision.map_err(CloseReason::clone);
        for mut effect in self.sessions.authorized(session, decision).into_iter().rev() {
            if let Effect::Open { document, .. } = &mut effect {
                document.clone_from(&admission.document);
            }
            self.todo.push_front(Todo::Effect(effect));
        }
        if let Ok(grant) = admission.decision
            && (!self.sockets.rights.is_open() || self.sockets.documents.hooks().is_some())
        {
            self.hold(session, Held::new(admission.document, admission.token, grant));
            if is_stale {
                self.doubt(session);
            }
        }
    }
}
