//! The sessions of a Hocuspocus connection: one for each address, each authenticated by itself.
//!
//! Every frame before an address is authenticated waits. Providers from version 3 on always send a
//! token; version 2 without one just begins to sync, so a sync step 1 at an address that never
//! showed a token stands for "nobody in particular". A denied address stays on the socket, and its
//! client may try again with another token.

use std::sync::Arc;

use bytes::Bytes;

use super::{Bounds, Decision, Effect};
use crate::{
    auth::Secret,
    few::Few,
    identity::Access,
    ids::DocumentName,
    protocol::{
        Address, ClientMessage, CloseReason, ProtocolError, Scope, ServerMessage, hocuspocus,
    },
};

#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_address: Few<Arc<[u8]>, Session>,
    /// Session numbers are not used twice on a connection.
    next: u32,
    /// What waits for all of them together.
    waiting_bytes: usize,
    waiting_messages: usize,
}

#[derive(Debug)]
struct Session {
    number: u32,
    stage: Stage,
    access: Access,
    /// It showed another token while it has its document open.
    refreshing: bool,
    waiting: Vec<ClientMessage>,
    waiting_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Has not shown a token.
    New,
    /// Has, and waits for the decision.
    Asking,
    Open,
    /// May show another token.
    Denied,
}

impl Sessions {
    pub(super) fn receive(
        &mut self,
        frame: &Bytes,
        bounds: Bounds,
    ) -> Result<Vec<Effect>, ProtocolError> {
        let (Some(address), message) = hocuspocus::decode(frame)? else { return Ok(Vec::new()) };
        if !self.by_address.contains_key(&address) {
            if matches!(message, ClientMessage::Close) {
                return Ok(Vec::new());
            }
            if self.by_address.len() >= bounds.sessions {
                return Ok(deny(&address, "too many documents are open on this connection"));
            }
            self.by_address.insert(Arc::clone(&address), Session::new(self.next));
            self.next += 1;
        }
        let Some(session) = self.by_address.get_mut(&address) else { return Ok(Vec::new()) };
        Ok(match (session.stage, message) {
            (_, ClientMessage::Close) => self.leave(&address),
            (Stage::Open, ClientMessage::Token { token, .. }) => session.refresh(&address, token),
            (Stage::Open, message) => vec![Effect::Forward(session.number, message)],
            (Stage::New | Stage::Denied, ClientMessage::Token { token, .. }) => {
                session.ask(&address, Some(Secret::from(token)))
            }
            (Stage::New, message @ ClientMessage::SyncStep1(_)) => {
                let over = self.wait(&address, message, frame.len(), bounds);
                let session = self.by_address.get_mut(&address);
                match session.filter(|_| over.is_empty()) {
                    Some(session) => session.ask(&address, None),
                    None => over,
                }
            }
            (_, message) => self.wait(&address, message, frame.len(), bounds),
        })
    }

    /// Keeps a message until the address is authenticated; too many end the connection with the
    /// code for "ask for a fresh view", as the original server does.
    fn wait(
        &mut self,
        address: &Arc<[u8]>,
        message: ClientMessage,
        bytes: usize,
        bounds: Bounds,
    ) -> Vec<Effect> {
        self.waiting_bytes += bytes;
        self.waiting_messages += 1;
        let over = self.waiting_bytes > bounds.waiting_bytes
            || self.waiting_messages > bounds.waiting_messages;
        if over {
            return vec![Effect::Close(CloseReason::Overloaded)];
        }
        if let Some(session) = self.by_address.get_mut(address) {
            session.waiting_bytes += bytes;
            session.waiting.push(message);
        }
        Vec::new()
    }

    /// Half of what may wait does.
    pub(super) fn is_crowded(&self, bounds: Bounds) -> bool {
        self.waiting_bytes > bounds.waiting_bytes / 2
            || self.waiting_messages > bounds.waiting_messages / 2
    }

    /// What waited for a session no longer does.
    fn forget_waiting(&mut self, bytes: usize, messages: usize) {
        self.waiting_bytes -= bytes;
        self.waiting_messages -= messages;
    }

    fn leave(&mut self, address: &Arc<[u8]>) -> Vec<Effect> {
        let Some(session) = self.by_address.remove(address) else { return Vec::new() };
        self.forget_waiting(session.waiting_bytes, session.waiting.len());
        let closed = ServerMessage::Close("provider_initiated".to_owned());
        let left = matches!(session.stage, Stage::Open | Stage::Asking);
        let left = left.then_some(Effect::Leave(session.number));
        left.into_iter().chain(send(address, &closed)).collect()
    }

    pub(super) fn authorized(&mut self, number: u32, decision: Decision) -> Vec<Effect> {
        let found = self.by_address.iter_mut().find(|(_, session)| session.number == number);
        let Some((address, session)) = found else { return Vec::new() };
        if session.stage != Stage::Asking {
            return Vec::new();
        }
        let waiting = std::mem::take(&mut session.waiting);
        let bytes = std::mem::take(&mut session.waiting_bytes);
        let address = Arc::clone(address);
        let (access, document) = match (decision, name_of(&address)) {
            (Ok(access), Ok(document)) => (access, document),
            (Err(reason), _) | (_, Err(reason)) => {
                session.stage = Stage::Denied;
                self.forget_waiting(bytes, waiting.len());
                if matches!(reason, CloseReason::Storage(_)) {
                    // A denial is for good; this one comes back by itself.
                    return vec![Effect::Close(reason)];
                }
                return deny(&address, &reason.frame(None).1);
            }
        };
        session.stage = Stage::Open;
        session.access = access;
        self.forget_waiting(bytes, waiting.len());
        let mut effects = vec![
            Effect::Send(authenticated(&address, access)),
            Effect::Open {
                session: number,
                document,
                address: Address::Hocuspocus(address),
                access,
            },
        ];
        effects.extend(waiting.into_iter().map(|message| Effect::Forward(number, message)));
        effects
    }

    /// Tells the client what it may do when that is news or when it asked; a client that may no more
    /// keeps the socket and may show another token on it.
    pub(super) fn reconsidered(&mut self, number: u32, decision: Decision) -> Vec<Effect> {
        let found = self.by_address.iter_mut().find(|(_, session)| session.number == number);
        let Some((address, session)) = found.filter(|(_, it)| it.stage == Stage::Open) else {
            return Vec::new();
        };
        let asked = std::mem::take(&mut session.refreshing);
        match decision {
            Ok(access) => {
                let changed = access != session.access;
                session.access = access;
                let change = changed.then_some(Effect::Change { session: number, access });
                let told = (changed || asked).then(|| Effect::Send(authenticated(address, access)));
                change.into_iter().chain(told).collect()
            }
            Err(reason @ CloseReason::Storage(_)) => vec![Effect::Close(reason)],
            Err(reason) => {
                session.stage = Stage::Denied;
                vec![Effect::TurnAway { session: number, reason }]
            }
        }
    }

    pub(super) fn ask_for_token(&self, number: u32) -> Option<Effect> {
        let mut all = self.by_address.iter();
        let (address, _) = all.find(|(_, session)| session.number == number)?;
        send(address, &ServerMessage::TokenRequest)
    }

    pub(super) fn open(&self) -> Vec<(u32, Address)> {
        let open = self.by_address.iter().filter(|(_, session)| session.stage == Stage::Open);
        open.map(|(address, it)| (it.number, Address::Hocuspocus(Arc::clone(address)))).collect()
    }
}

impl Session {
    fn new(number: u32) -> Self {
        Self {
            number,
            stage: Stage::New,
            access: Access::None,
            refreshing: false,
            waiting: Vec::new(),
            waiting_bytes: 0,
        }
    }

    fn ask(&mut self, address: &Arc<[u8]>, token: Option<Secret>) -> Vec<Effect> {
        match name_of(address) {
            Ok(document) => {
                self.stage = Stage::Asking;
                vec![Effect::Authorize { session: self.number, document, token }]
            }
            Err(reason) => {
                self.stage = Stage::Denied;
                deny(address, &reason.frame(None).1)
            }
        }
    }

    /// Another token at an open address: it counts from now on, and meanwhile nothing waits.
    fn refresh(&mut self, address: &[u8], token: String) -> Vec<Effect> {
        let Ok(document) = name_of(address) else { return Vec::new() };
        self.refreshing = true;
        let token = Some(Secret::from(token));
        vec![Effect::Authorize { session: self.number, document, token }]
    }
}

fn name_of(address: &[u8]) -> Result<DocumentName, CloseReason> {
    let name = std::str::from_utf8(hocuspocus::document_of(address))
        .map_err(|_| CloseReason::NotFound("a document name must be UTF-8".to_owned()))?;
    DocumentName::new(name).map_err(|error| CloseReason::NotFound(error.to_string()))
}

fn authenticated(address: &[u8], access: Access) -> Bytes {
    let scope = if access.may_edit() { Scope::ReadWrite } else { Scope::ReadOnly };
    hocuspocus::encode(address, &ServerMessage::Authenticated(scope)).unwrap_or_default()
}

fn deny(address: &[u8], reason: &str) -> Vec<Effect> {
    send(address, &ServerMessage::PermissionDenied(reason.to_owned())).into_iter().collect()
}

fn send(address: &[u8], message: &ServerMessage) -> Option<Effect> {
    hocuspocus::encode(address, message).map(Effect::Send)
}
