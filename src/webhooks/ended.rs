//! What cannot be found by comparing: versions that were made, and documents that ended for good.
//! Each is noted in a small record before it happens, and the record goes once all receivers know.
//!
//! A document's own records end with it, so its end is noted among those of the store itself.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::TargetName;
use crate::{
    clock::Timestamp,
    ids::{DocumentId, DocumentName},
    limits::WEBHOOK_ENDED,
    storage::{Record, Store, StoreError, StoreFuture},
    telemetry::warnings::EndsForgotten,
};

/// What the keys begin with.
const ENDED: &str = "webhook-ended/";
const VERSION: &str = "webhook-version/";

/// A document that ended for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    /// What it was called.
    pub(super) name: String,
    /// When it ended.
    pub(super) time: Timestamp,
    targets: Vec<TargetName>,
}

/// A version that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    targets: Vec<TargetName>,
}

/// Notes that a document is about to end.
pub(super) fn note(
    store: &dyn Store,
    id: DocumentId,
    name: &DocumentName,
    time: Timestamp,
    targets: &[&TargetName],
) -> StoreFuture<u64> {
    let targets = targets.iter().map(|&name| name.clone()).collect();
    let end = End { name: name.as_str().to_owned(), time, targets };
    store.put_record(DocumentId::STORE, &format!("{ENDED}{id}"), 0, Some(json(&end)))
}

/// Notes that a version is about to be made.
pub(super) fn note_version(
    store: &dyn Store,
    id: DocumentId,
    version: &str,
    targets: &[&TargetName],
) -> StoreFuture<u64> {
    let made = Made { targets: targets.iter().map(|&name| name.clone()).collect() };
    store.put_record(id, &format!("{VERSION}{version}"), 0, Some(json(&made)))
}

/// The end of a document, if this receiver has not heard of it.
pub(super) async fn find(
    store: &dyn Store,
    id: DocumentId,
    target: &TargetName,
) -> Result<Option<End>, StoreError> {
    let record = store.record(DocumentId::STORE, &format!("{ENDED}{id}")).await?;
    let end = record.and_then(|record| serde_json::from_slice::<End>(&record.value).ok());
    Ok(end.filter(|end| end.targets.contains(target)))
}

/// Notes that a receiver has heard of the end of a document.
pub(super) async fn told(
    store: &dyn Store,
    id: DocumentId,
    target: &TargetName,
) -> Result<(), StoreError> {
    let without = |value: &[u8]| {
        let mut end: End = serde_json::from_slice(value).ok()?;
        end.targets.retain(|it| it != target);
        (!end.targets.is_empty()).then(|| json(&end))
    };
    change(store, DocumentId::STORE, &format!("{ENDED}{id}"), without).await
}

/// All documents whose end somebody has not heard of. Ends that were noted and did not happen are
/// forgotten, and so are the oldest when there are too many.
pub(super) async fn all(store: &dyn Store) -> Result<Vec<DocumentId>, StoreError> {
    let records = store.records(DocumentId::STORE, ENDED).await?;
    let mut found = Vec::new();
    for (key, record) in records {
        let id = key.strip_prefix(ENDED).and_then(DocumentId::parse);
        let Some(id) = id else { continue };
        if matches!(store.record(id, "").await, Err(StoreError::Missing)) {
            found.push((time(&record), id));
        } else {
            change(store, DocumentId::STORE, &key, |_| None).await?;
        }
    }
    found.sort_unstable();
    let surplus = found.len().saturating_sub(WEBHOOK_ENDED);
    if surplus > 0 {
        EndsForgotten { documents: &surplus }.note();
    }
    for (_, id) in found.drain(..surplus) {
        change(store, DocumentId::STORE, &format!("{ENDED}{id}"), |_| None).await?;
    }
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

fn time(record: &Record) -> Timestamp {
    serde_json::from_slice(&record.value).map_or(Timestamp(0), |end: End| end.time)
}

/// A version that this receiver has not heard of.
pub(super) async fn version(
    store: &dyn Store,
    id: DocumentId,
    target: &TargetName,
) -> Result<Option<String>, StoreError> {
    let records = store.records(id, VERSION).await?;
    let wanted = |(key, record): &(Box<str>, Record)| {
        let made: Made = serde_json::from_slice(&record.value).ok()?;
        let version = key.strip_prefix(VERSION)?;
        made.targets.contains(target).then(|| version.to_owned())
    };
    Ok(records.iter().find_map(wanted))
}

/// Notes that a receiver has heard of a version.
pub(super) async fn version_told(
    store: &dyn Store,
    id: DocumentId,
    version: &str,
    target: &TargetName,
) -> Result<(), StoreError> {
    let without = |value: &[u8]| {
        let mut made: Made = serde_json::from_slice(value).ok()?;
        made.targets.retain(|it| it != target);
        (!made.targets.is_empty()).then(|| json(&made))
    };
    change(store, id, &format!("{VERSION}{version}"), without).await
}

/// Changes or removes a record, also when somebody else does at the same time.
async fn change(
    store: &dyn Store,
    id: DocumentId,
    key: &str,
    change: impl Fn(&[u8]) -> Option<Bytes>,
) -> Result<(), StoreError> {
    loop {
        let Some(record) = store.record(id, key).await? else { return Ok(()) };
        match store.put_record(id, key, record.revision, change(&record.value)).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{conformance, memory::Memory};

    #[tokio::test]
    async fn of_too_many_ends_the_oldest_are_not_told() {
        let (store, target) = (Memory::new(), "main".parse::<TargetName>().unwrap());
        for number in 0..WEBHOOK_ENDED as u64 + 2 {
            let (id, name) = (conformance::id(number + 1), conformance::name("gone"));
            note(&store, id, &name, Timestamp(number), &[&target]).await.unwrap();
        }
        let waiting = all(&store).await.unwrap();
        assert_eq!(waiting.len(), WEBHOOK_ENDED);
        for (number, is_told) in [(1, false), (2, false), (3, true)] {
            let end = find(&store, conformance::id(number), &target).await.unwrap();
            assert_eq!(end.is_some(), is_told, "{number}");
        }
    }
}
