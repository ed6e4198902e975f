//! What a receiver has been told of a document, and what it is to be told next.
//!
//! A record beside the document is all that is remembered. What is due follows from comparing it
//! with how the document is now, so a rename and a rename back while nobody listens are nothing to
//! tell, and every edit is. An event is written down before it is sent: whatever happens to the
//! server then, it is sent again as the same event.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::target::{Kind, Kinds, Target, TargetName};
use crate::{
    ids::{DocumentId, Seq},
    limits::WEBHOOK_ENTRIES,
    storage::{DocumentInfo, Store, StoreError},
    telemetry::warnings::ReceiverUnknown,
};

/// What the keys of the records begin with, beside documents and in the store's own.
const PREFIX: &str = "webhook/";

/// The key of the record that says when a document was put into the bin.
pub(super) const BIN: &str = "bin";

/// Documents looked at between two turns of others.
pub(super) const PAGE: usize = 512;

/// What a receiver has been told of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// Events so far.
    pub(super) events: u64,
    /// The last entry.
    pub(super) seq: Seq,
    /// Its name.
    pub(super) name: String,
    /// That it is in the bin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) bin: bool,
    /// What is being told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<Claim>,
}

/// What an event tells of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Claim {
    Created,
    Changed { to: Seq },
    Renamed { to: String },
    Deleted,
    Restored,
    Version { id: String },
}

/// How a document is now.
#[derive(Clone, Debug)]
pub(super) struct Present {
    pub(super) info: DocumentInfo,
    /// Whether it is in the bin.
    pub(super) bin: bool,
    /// A version that is still to be told.
    pub(super) version: Option<String>,
}

impl Told {
    /// Nothing so far.
    pub(super) fn nothing(info: &DocumentInfo) -> Self {
        Self {
            events: 0,
            seq: Seq(0),
            name: info.name.as_str().to_owned(),
            bin: false,
            claim: None,
        }
    }

    /// As of a document that was there before the receiver.
    fn all(info: &DocumentInfo, bin: bool) -> Self {
        Self { seq: info.last, bin, ..Self::nothing(info) }
    }

    pub(super) fn read(record: &[u8]) -> Option<Self> {
        serde_json::from_slice(record).ok()
    }

    pub(super) fn written(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// The id of the event that is next: the same for as long as it has not been told.
    pub(super) fn id(&self, target: &TargetName, document: DocumentId) -> String {
        format!("{target}_{document}_{}", self.events + 1)
    }

    /// Notes that what was claimed has been told.
    pub(super) fn done(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        self.events += 1;
        match claim {
            Claim::Created | Claim::Version { .. } => {}
            Claim::Changed { to } => self.seq = to,
            Claim::Renamed { to } => self.name = to,
            Claim::Deleted => self.bin = true,
            Claim::Restored => self.bin = false,
        }
    }
}

/// What is to be told next, if anything is. `told` is `None` when nothing ever was.
pub(super) fn next(told: Option<&Told>, now: &Present, kinds: Kinds) -> Option<Claim> {
    let info = &now.info;
    // Until its first entry a document is only a name that somebody reserves.
    if info.last == Seq(0) {
        return None;
    }
    let nothing = Told::nothing(info);
    let known = told.unwrap_or(&nothing);
    if let Some(claim) = &known.claim {
        return Some(claim.clone());
    }
    let changes = kinds.has(Kind::Changed) && known.seq < info.last;
    let due = [
        (Kind::Created, told.is_none(), Claim::Created),
        (Kind::Renamed, known.name != info.name.as_str(), renamed(info)),
        (Kind::Restored, known.bin && !now.bin, Claim::Restored),
        (Kind::Changed, changes, Claim::Changed { to: up_to(known.seq, info.last) }),
    ];
    let due = due.into_iter().find(|(kind, due, _)| *due && kinds.has(*kind));
    if let Some((_, _, claim)) = due {
        return Some(claim);
    }
    if let Some(id) = &now.version {
        return Some(Claim::Version { id: id.clone() });
    }
    (kinds.has(Kind::Deleted) && now.bin && !known.bin).then_some(Claim::Deleted)
}

fn renamed(info: &DocumentInfo) -> Claim {
    Claim::Renamed { to: info.name.as_str().to_owned() }
}

fn up_to(told: Seq, last: Seq) -> Seq {
    last.min(Seq(told.0.saturating_add(WEBHOOK_ENTRIES)))
}

/// The key of the record of a receiver.
pub(super) fn key(target: &TargetName) -> String {
    format!("{PREFIX}{target}")
}

/// What is remembered, and its revision; 0 when nothing is.
pub(super) async fn remembered(
    store: &dyn Store,
    id: DocumentId,
    target: &TargetName,
) -> Result<(Option<Told>, u64), StoreError> {
    let record = store.record(id, &key(target)).await?;
    Ok(match record {
        Some(record) => (Told::read(&record.value), record.revision),
        None => (None, 0),
    })
}

/// Notes, once for each receiver, what was there before it, so that it is told of everything that
/// comes and of nothing else. Done before anything can come.
pub(super) async fn welcome(store: &Arc<dyn Store>, target: &Target) -> Result<(), StoreError> {
    let key = key(&target.name);
    match store.record(DocumentId::STORE, &key).await {
        Ok(None) => {}
        Ok(Some(_)) => return Ok(()),
        Err(StoreError::Damaged(reason)) => {
            ReceiverUnknown { reason: &reason }.note();
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    let mut after = None;
    loop {
        let page = store.list("", after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
        try_join_all(page.iter().map(|info| welcome_to(&**store, info, &key))).await?;
        tokio::task::yield_now().await;
    }
    let since = Bytes::from_static(b"{}");
    store.put_record(DocumentId::STORE, &key, 0, Some(since)).await?;
    Ok(())
}

async fn welcome_to(store: &dyn Store, info: &DocumentInfo, key: &str) -> Result<(), StoreError> {
    let noted = async {
        if store.record(info.id, key).await?.is_some() {
            return Ok(());
        }
        let bin = store.record(info.id, BIN).await?.is_some();
        let told = Told::all(info, bin).written();
        store.put_record(info.id, key, 0, Some(told)).await.map(drop)
    };
    match noted.await {
        // Nobody can change what is damaged, so there will be nothing to tell of it.
        Err(StoreError::Damaged(_) | StoreError::Missing) => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, storage::conformance};

    fn present(name: &str, last: u64) -> Present {
        let info = DocumentInfo {
            name: conformance::name(name),
            id: conformance::id(1),
            created: Timestamp(1),
            changed: Timestamp(2),
            last: Seq(last),
            bytes: 9,
        };
        Present { info, bin: false, version: None }
    }

    /// Everything that is told until nothing is left.
    fn tell(told: &mut Option<Told>, now: &Present, kinds: Kinds) -> Vec<Claim> {
        let mut claims = Vec::new();
        while let Some(claim) = next(told.as_ref(), now, kinds) {
            let known = told.get_or_insert_with(|| Told::nothing(&now.info));
            known.claim = Some(claim.clone());
            known.done();
            claims.push(claim);
        }
        claims
    }

    #[test]
    fn a_life_is_told_in_the_order_in_which_it_makes_sense() {
        let mut told = None;
        let mut now = present("a", 0);
        assert_eq!(tell(&mut told, &now, Kinds::ALL), [], "a reserved name is no document");
        now.info.last = Seq(3);
        assert_eq!(
            tell(&mut told, &now, Kinds::ALL),
            [Claim::Created, Claim::Changed { to: Seq(3) }]
        );
        let mut now = present("b", 5);
        now.bin = true;
        let expected =
            [Claim::Renamed { to: "b".into() }, Claim::Changed { to: Seq(5) }, Claim::Deleted];
        assert_eq!(tell(&mut told, &now, Kinds::ALL), expected);
        assert_eq!(tell(&mut told, &present("b", 5), Kinds::ALL), [Claim::Restored]);
        assert_eq!(told.unwrap().events, 6);
    }

    #[test]
    fn only_what_is_wanted_is_told() {
        let kinds: Kinds = [Kind::Deleted].into_iter().collect();
        let mut now = present("b", 5);
        now.bin = true;
        assert_eq!(tell(&mut None, &now, kinds), [Claim::Deleted]);
        let kinds: Kinds = [Kind::Changed].into_iter().collect();
        assert_eq!(tell(&mut None, &now, kinds), [Claim::Changed { to: Seq(5) }]);
    }

    #[test]
    fn an_event_tells_of_a_bounded_number_of_edits() {
        let now = present("a", 2 * WEBHOOK_ENTRIES + 1);
        let kinds: Kinds = [Kind::Changed].into_iter().collect();
        let to = |seq| Claim::Changed { to: Seq(seq) };
        let expected = [to(WEBHOOK_ENTRIES), to(2 * WEBHOOK_ENTRIES), to(2 * WEBHOOK_ENTRIES + 1)];
        assert_eq!(tell(&mut None, &now, kinds), expected);
    }

    #[test]
    fn what_was_begun_is_told_again_as_the_same_event() {
        let mut told = Told::nothing(&present("a", 3).info);
        told.claim = Some(Claim::Changed { to: Seq(2) });
        let again = Told::read(&told.written()).unwrap();
        assert_eq!(again, told);
        let now = present("renamed", 9);
        assert_eq!(next(Some(&again), &now, Kinds::ALL), Some(Claim::Changed { to: Seq(2) }));
        let target = "main".parse().unwrap();
        let id = again.id(&target, now.info.id);
        assert_eq!(id, told.id(&target, now.info.id));
        told.done();
        assert_ne!(id, told.id(&target, now.info.id));
    }
}
