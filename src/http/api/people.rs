//! Who is here: what people show of themselves, and for owners which connections there are.

use serde_json::{Value, json};
use warp::http::StatusCode;

use super::{Api, Failure, Outcome, nothing};
use crate::{
    crdt::PresenceEntry,
    document::{Attendee, Command},
    identity::Author,
    ids::{DocumentName, SubscriberId},
    protocol::CloseReason,
};

impl Api {
    pub(super) async fn presence(&self, name: &DocumentName) -> Outcome {
        self.living(name).await?;
        let people = people(&self.documents.attendees(name).await);
        Ok(super::json(StatusCode::OK, &json!({ "people": people })))
    }

    pub(super) async fn list_connections(&self, name: &DocumentName) -> Outcome {
        self.living(name).await?;
        let told = |it: &Attendee| {
            let shown: Vec<_> = it.presence.iter().map(shown).collect();
            json!({ "id": id(it.id), "access": it.access, "user": user(&it.author), "presence": shown })
        };
        let all: Vec<_> = self.documents.attendees(name).await.iter().map(told).collect();
        Ok(super::json(StatusCode::OK, &json!({ "connections": all })))
    }

    /// Ends a session. Who may still open the document may come back.
    pub(super) async fn send_away(&self, name: &DocumentName, id: SubscriberId) -> Outcome {
        self.living(name).await?;
        let there = self.documents.attendees(name).await;
        if !there.iter().any(|attendee| attendee.id == id) {
            return Err(Failure::NoConnection);
        }
        let reason = CloseReason::Forbidden("you were sent away".to_owned());
        self.documents.open(name)?.send(Command::TurnAway(id, reason)).await?;
        Ok(nothing())
    }
}

/// What people show, each under the name that the server knows.
pub(super) fn people(attendees: &[Attendee]) -> Vec<Value> {
    let told = |it: &Attendee| {
        let user = user(&it.author);
        let states: Vec<_> = it.presence.iter().map(shown).collect();
        states.into_iter().map(move |mut state| {
            state["user"] = user.clone();
            state
        })
    };
    attendees.iter().flat_map(told).collect()
}

pub(super) fn user(author: &Author) -> Value {
    json!({ "kind": author.kind, "id": author.user, "name": author.name })
}

pub(super) fn shown(entry: &PresenceEntry) -> Value {
    let state: Value = serde_json::from_slice(&entry.state).unwrap_or_default();
    json!({ "client": entry.client, "state": state })
}

pub(super) fn id(id: SubscriberId) -> String {
    format!("{}.{}", id.connection, id.session)
}
