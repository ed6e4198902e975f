//! How much of the past is kept: for ever, for some days, versions only, or nothing but the present.
//!
//! The server has a policy, and a document may have its own ([`own`], [`set`]). [`plan`] decides what a
//! policy means for one document without reading anything, [`apply`] does it: the state that stands
//! for what is cut, and those of versions before it, are made by replaying, then the store cuts. The
//! live document is not touched: only the log behind it begins later.

mod apply;
pub mod plan;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use apply::apply;

use super::{History, HistoryError};
use crate::{
    clock::Timestamp,
    ids::DocumentId,
    limits::RETENTION_DAYS,
    storage::{Store, StoreError},
    telemetry::warnings::PastStays,
};

/// The key of a document's own policy.
const KEY: &str = "retention";

/// Documents looked at before others may have a turn.
const TURN: usize = 256;

/// How much of a past is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "lowercase", deny_unknown_fields)]
pub enum Policy {
    /// All of it.
    #[default]
    Forever,
    /// What is not older than this, and versions.
    Days {
        /// How many.
        days: u32,
    },
    /// Versions, and the present.
    Versions,
    /// Only the present; versions go as well.
    Forget,
}

impl Policy {
    /// Whether its numbers are within bounds.
    #[must_use]
    pub fn is_sound(self) -> bool {
        !matches!(self, Self::Days { days } if !(1..=RETENTION_DAYS).contains(&days))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::Days { days } => write!(f, "{days}d"),
            Self::Versions => f.write_str("versions"),
            Self::Forget => f.write_str("forget"),
        }
    }
}

/// What was written is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is `forever`, `versions`, `forget` or a number of days as in `30d`, at most {RETENTION_DAYS}"
)]
pub struct NoPolicy;

impl FromStr for Policy {
    type Err = NoPolicy;

    fn from_str(text: &str) -> Result<Self, NoPolicy> {
        let policy = match text.trim() {
            "forever" => Self::Forever,
            "versions" => Self::Versions,
            "forget" => Self::Forget,
            days => {
                let days = days.strip_suffix('d').ok_or(NoPolicy)?;
                Self::Days { days: days.trim().parse().map_err(|_| NoPolicy)? }
            }
        };
        if policy.is_sound() { Ok(policy) } else { Err(NoPolicy) }
    }
}

/// A document's own policy; `None` where the server's holds. One that cannot be read cuts nothing.
///
/// # Errors
/// When the store cannot be read.
pub async fn own(store: &dyn Store, id: DocumentId) -> Result<Option<Policy>, StoreError> {
    let record = store.record(id, KEY).await?;
    let read =
        |value: &[u8]| serde_json::from_slice::<Policy>(value).ok().filter(|it| it.is_sound());
    Ok(record.map(|record| read(&record.value).unwrap_or_default()))
}

/// Gives a document its own policy, or with `None` the server's.
///
/// # Errors
/// When nothing can be written, or somebody else changed it at the same moment.
pub async fn set(
    store: &dyn Store,
    id: DocumentId,
    policy: Option<Policy>,
) -> Result<(), StoreError> {
    let revision = store.record(id, KEY).await?.map_or(0, |record| record.revision);
    let value = policy.and_then(|policy| serde_json::to_vec(&policy).ok());
    if value.is_none() && revision == 0 {
        return Ok(());
    }
    store.put_record(id, KEY, revision, value.map(Into::into)).await.map(drop)
}

impl History {
    /// Looks at every document and cuts off what its policy, or the server's, does not keep. Gives how
    /// many were cut; one that cannot be cut now stays for the next time.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn retain(&self, now: Timestamp) -> Result<usize, HistoryError> {
        let store = self.store();
        let (mut after, mut cut) = (None, 0);
        loop {
            let page = store.list("", after.as_ref(), TURN).await?;
            for info in &page {
                let policy = match own(&**store, info.id).await {
                    Ok(own) => own.unwrap_or(self.policy()),
                    Err(_) => continue,
                };
                match apply(store, (info.id, info.last), policy, now).await {
                    Ok(false) => {}
                    Ok(true) => {
                        self.forget(info.id).await;
                        cut += 1;
                    }
                    Err(reason) => {
                        PastStays { document: &info.name, reason: &reason }.note();
                    }
                }
            }
            let Some(last) = page.last() else { return Ok(cut) };
            after = Some(last.name.clone());
            tokio::task::yield_now().await;
        }
    }
}
