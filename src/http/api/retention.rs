//! How much of a document's past is kept: telling it and changing it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use warp::http::StatusCode;

use super::{Api, Body, Chunks, Failure, Outcome, history::Begins, json};
use crate::{
    document::Unavailable,
    history::{
        HistoryError,
        retention::{self, Policy},
    },
    ids::{DocumentId, DocumentName},
    limits::RETENTION_DAYS,
    storage::StoreError,
};

/// What is told.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    policy: Policy,
    /// Whether that is the server's policy, as the document has none of its own.
    inherited: bool,
    /// Where the past begins, if its beginning was removed.
    begins: Option<Begins>,
}

impl Api {
    pub(super) async fn retention(&self, name: &DocumentName) -> Outcome {
        self.told_retention(self.living(name).await?.id).await
    }

    /// Takes effect the next time the server looks for what is no longer kept, within an hour.
    pub(super) async fn set_retention(
        &self,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        let body: Value = body.json(self.documents.limits().request_bytes).await?;
        let policy = own(&body)?;
        let id = self.living(name).await?.id;
        let set = retention::set(&**self.documents.store(), id, policy).await;
        set.map_err(Unavailable::from)?;
        self.told_retention(id).await
    }

    async fn told_retention(&self, id: DocumentId) -> Outcome {
        let store = Arc::clone(self.documents.store());
        let read = async {
            let own = retention::own(&*store, id).await?;
            let floor = store.kept(id).await?.floor;
            let base = store.base(id, floor).await?;
            Ok::<_, StoreError>((
                own,
                base.map(|it| Begins { seq: it.seq.0, time: it.entry.time.0 }),
            ))
        };
        let (own, begins) = read.await.map_err(HistoryError::from)?;
        let policy = own.unwrap_or(self.history.policy());
        Ok(json(StatusCode::OK, &Told { policy, inherited: own.is_none(), begins }))
    }
}

/// The policy in a body; `None` for the server's.
fn own(body: &Value) -> Result<Option<Policy>, Failure> {
    if *body == serde_json::json!({ "policy": "default" }) {
        return Ok(None);
    }
    let policy = serde_json::from_value::<Policy>(body.clone()).ok().filter(|it| it.is_sound());
    policy.map(Some).ok_or_else(|| {
        Failure::Bad(format!(
            "`policy` is forever, days (with a number of `days`, at most {RETENTION_DAYS}), versions, \
             forget or default"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_policy_is_taken_for_one() {
        let read = |text: &str| own(&serde_json::from_str(text).unwrap()).ok();
        assert_eq!(read(r#"{"policy":"default"}"#), Some(None));
        assert_eq!(read(r#"{"policy":"forever"}"#), Some(Some(Policy::Forever)));
        let days = Policy::Days { days: 30 };
        assert_eq!(read(r#"{"policy":"days","days":30}"#), Some(Some(days)));
        for text in [
            r#"{"policy":"days"}"#,
            r#"{"policy":"days","days":0}"#,
            r#"{"policy":"days","days":40000}"#,
            r#"{"policy":"none"}"#,
            r#"{}"#,
            r#"[]"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
