//! `/healthz` (is the process alive) and `/readyz` (should it be sent work).
//!
//! Both answer under any `Host`: probes address the machine, and nothing here is secret. Damage is
//! counted, not described, because descriptions may name documents.

use serde::Serialize;
use warp::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    reply::Response,
};

use crate::storage::Health;

/// Whether the server should be sent work, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether it should.
    pub ready: bool,
    /// Why not, a sentence each.
    pub reasons: Vec<String>,
    /// How many pieces of damage the store has found; those documents are not served, the others
    /// are.
    pub damaged: usize,
    /// What an operator should look at although the server is ready, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Readiness {
    /// Decides from what is known.
    #[must_use]
    pub fn of(draining: bool, store: &Health) -> Self {
        let mut reasons = Vec::new();
        if draining {
            reasons.push("the server is stopping".to_owned());
        }
        if let Some(reason) = &store.unwritable {
            reasons.push(format!("edits cannot be saved: {reason}"));
        }
        Self {
            ready: reasons.is_empty(),
            reasons,
            damaged: store.damage.len(),
            warnings: store.warnings.clone(),
        }
    }

    /// As the answer to `/readyz`: 200 or 503, JSON.
    #[must_use]
    pub fn response(&self) -> Response {
        let status = if self.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let body = serde_json::to_vec(self).expect("strings and numbers are always JSON");
        fresh(status, "application/json", body)
    }
}

/// The answer to `/healthz`: being able to answer is the answer.
#[must_use]
pub fn alive() -> Response {
    fresh(StatusCode::OK, "text/plain; charset=utf-8", b"ok\n".to_vec())
}

fn fresh(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_store_is_ready_even_with_some_damage() {
        let store = Health {
            damage: vec!["document `secret plans`: bad checksum".into()],
            ..Health::default()
        };
        let readiness = Readiness::of(false, &store);
        assert!(readiness.ready);
        let text = serde_json::to_string(&readiness).unwrap();
        assert_eq!(text, r#"{"ready":true,"reasons":[],"damaged":1}"#);
        assert_eq!(readiness.response().status(), StatusCode::OK);
    }

    #[test]
    fn what_keeps_failing_is_told_and_the_server_stays_ready() {
        let store = Health { warnings: vec!["no room to archive".into()], ..Health::default() };
        let readiness = Readiness::of(false, &store);
        let text = serde_json::to_string(&readiness).unwrap();
        let expected =
            r#"{"ready":true,"reasons":[],"damaged":0,"warnings":["no room to archive"]}"#;
        assert_eq!(text, expected);
        assert_eq!(readiness.response().status(), StatusCode::OK);
    }

    #[test]
    fn a_stopping_or_full_server_is_not_ready_and_says_why() {
        let store = Health { unwritable: Some("the disk is full".into()), ..Health::default() };
        let readiness = Readiness::of(true, &store);
        assert_eq!(
            readiness.reasons,
            ["the server is stopping", "edits cannot be saved: the disk is full"]
        );
        assert_eq!(readiness.response().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
