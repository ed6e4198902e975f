//! The one session of a y-websocket connection: its document is in the path, its token came with
//! the request, and everything before permission waits.

use bytes::Bytes;

use super::{Bounds, Decision, Effect, Request};
use crate::{
    identity::Access,
    ids::DocumentName,
    protocol::{Address, ClientMessage, CloseReason, ProtocolError, ServerMessage, y_websocket},
};

#[derive(Debug)]
pub(super) struct Session {
    document: Option<DocumentName>,
    refused: Option<CloseReason>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    New,
    Waiting { messages: Vec<ClientMessage>, bytes: usize },
    Open(Access),
    Denied,
}

impl Session {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            document: request.document.clone(),
            refused: request.refused.clone(),
            stage: Stage::New,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    pub(super) fn receive(
        &mut self,
        frame: &Bytes,
        bounds: Bounds,
    ) -> Result<Vec<Effect>, ProtocolError> {
        let message = y_websocket::decode(frame)?;
        Ok(match &mut self.stage {
            Stage::Open(_) => vec![Effect::Forward(0, message)],
            Stage::Denied => Vec::new(),
            Stage::New if frame.len() > bounds.waiting_bytes => {
                self.stage = Stage::Denied;
                vec![Effect::Close(CloseReason::Overloaded)]
            }
            Stage::New => self.begin(message, frame.len()),
            Stage::Waiting { messages, bytes } => {
                *bytes += frame.len();
                if *bytes > bounds.waiting_bytes || messages.len() >= bounds.waiting_messages {
                    self.stage = Stage::Denied;
                    return Ok(vec![Effect::Close(CloseReason::Overloaded)]);
                }
                messages.push(message);
                Vec::new()
            }
        })
    }

    fn begin(&mut self, message: ClientMessage, bytes: usize) -> Vec<Effect> {
        if let Some(reason) = self.refused.take() {
            return self.deny(reason);
        }
        let Some(document) = self.document.clone() else {
            let reason = "the address names no document, connect to /ws/{document}".to_owned();
            return self.deny(CloseReason::NotFound(reason));
        };
        self.stage = Stage::Waiting { messages: vec![message], bytes };
        vec![Effect::Authorize { session: 0, document, token: None }]
    }

    pub(super) fn authorized(&mut self, decision: Decision) -> Vec<Effect> {
        let Stage::Waiting { messages, .. } = &mut self.stage else { return Vec::new() };
        let messages = std::mem::take(messages);
        match (decision, self.document.clone()) {
            (Ok(access), Some(document)) => {
                self.stage = Stage::Open(access);
                let open = Effect::Open { session: 0, document, address: Address::None, access };
                let forward = messages.into_iter().map(|message| Effect::Forward(0, message));
                std::iter::once(open).chain(forward).collect()
            }
            (Err(reason), _) => self.deny(reason),
            (Ok(_), None) => Vec::new(),
        }
    }

    /// Of a right that became smaller the client hears nothing, as there is no word for it; our own
    /// is greeted anew.
    pub(super) fn reconsidered(&mut self, decision: Decision) -> Vec<Effect> {
        let Stage::Open(before) = self.stage else { return Vec::new() };
        match decision {
            Ok(access) if access == before => Vec::new(),
            Ok(access) => {
                self.stage = Stage::Open(access);
                vec![Effect::Change { session: 0, access }]
            }
            Err(reason) => {
                self.stage = Stage::Denied;
                vec![Effect::TurnAway { session: 0, reason }]
            }
        }
    }

    fn deny(&mut self, reason: CloseReason) -> Vec<Effect> {
        self.stage = Stage::Denied;
        let denied = ServerMessage::PermissionDenied(reason.frame(None).1);
        let frame = y_websocket::encode(&denied).map(Effect::Send);
        frame.into_iter().chain([Effect::Close(reason)]).collect()
    }
}
