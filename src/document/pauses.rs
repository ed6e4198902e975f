//! The first edit after a pause makes a version of what was there before it, so that people find the
//! state in which they left a document without ever having named one.
//!
//! Costs an ordinary edit nothing but a comparison. A version that cannot be kept is no reason to
//! refuse an edit.

use std::{sync::Arc, time::Duration};

use super::{Setup, actor::Actor, telling::version_made};
use crate::{
    clock::Timestamp,
    ids::{DocumentId, Seq},
    storage::{
        StoreError,
        versions::{self, Version},
    },
    telemetry::warnings::VersionNotNoted,
};

impl Actor {
    /// Looks whether an edit of this moment ends a pause; to be called before it is appended.
    pub(super) fn mind_pause(&mut self, now: Timestamp) {
        let before = self.changed.replace(now);
        let Some(seq) = self.durability.settled_at() else { return };
        if !before.is_some_and(|before| ends_pause(before, now, self.setup.limits.version_pause)) {
            return;
        }
        let (setup, id, name) = (Arc::clone(&self.setup), self.id, self.lease.name().clone());
        tokio::spawn(async move {
            match note(&setup, id, seq).await {
                Ok(Some(version)) => setup.hooks.tell(&name, version_made(&name, &version)),
                Ok(None) => {}
                Err(error) => {
                    VersionNotNoted { document: &name, reason: &error }.note();
                }
            }
        });
    }
}

fn ends_pause(before: Timestamp, now: Timestamp, pause: Duration) -> bool {
    let since = Duration::from_millis(now.0.saturating_sub(before.0));
    !pause.is_zero() && since >= pause
}

/// Notes a version that ends with this entry, by whom and when that was made.
async fn note(setup: &Setup, id: DocumentId, seq: Seq) -> Result<Option<Version>, StoreError> {
    let store = &setup.store;
    let after = Seq(seq.0.saturating_sub(1));
    let last = store.history(id, after, 1).await?.into_iter().next();
    let Some(last) = last.filter(|stored| stored.seq == seq) else { return Ok(None) };
    let version = Version {
        id: versions::new_id(&*setup.random),
        name: String::new(),
        seq,
        time: last.entry.time,
        author: last.entry.author,
        automatic: true,
        extent: None,
    };
    versions::note(&**store, id, &version).await?;
    Ok(Some(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_over_after_its_length_and_never_where_there_is_none() {
        let ends = |before, now, pause| {
            ends_pause(Timestamp(before), Timestamp(now), Duration::from_millis(pause))
        };
        assert!(!ends(100, 149, 50));
        assert!(ends(100, 150, 50));
        assert!(!ends(100, 90, 50), "a clock that was set back makes no pause");
        assert!(!ends(100, 1_000_000, 0));
    }
}
