//! Versions: moments of a document that somebody named or that were noted by themselves, each kept
//! as a small record of its own beside the document.
//!
//! Knows how such a record is written and how many there may be; knows no CRDT, so what a version
//! holds is somebody else's to say ([`Extent`]).

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    identity::{Author, AuthorKind},
    ids::{DocumentId, Seq},
    limits::{AUTOMATIC_VERSIONS, NAMED_VERSIONS, VERSION_ID_LETTERS},
    random::Random,
    storage::{Record, Store, StoreError},
};

/// What the keys of the records begin with.
const PREFIX: &str = "version/";

/// A moment of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its name to programs, unique within the document.
    pub id: String,
    /// Its name to people; empty for one that nobody named.
    pub name: String,
    /// The last entry that is in it.
    pub seq: Seq,
    /// When that entry was received.
    pub time: Timestamp,
    /// Who named it, or who made the last edit in it.
    pub author: Arc<Author>,
    /// Whether it was noted by itself.
    pub automatic: bool,
    /// How much is in it, once somebody has looked.
    pub extent: Option<Extent>,
}

/// How much a version holds, in letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Letters of its text.
    pub size: u64,
    /// Letters that the version before it does not have.
    pub inserted: u64,
    /// Letters that only the version before it has.
    pub deleted: u64,
    /// Which version that was: its seq, 0 for none.
    pub since: Seq,
}

/// Why a version cannot be kept or changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VersionError {
    /// The document has as many as it may.
    #[error(
        "this document has {NAMED_VERSIONS} named versions, which is as many as it may; delete one first"
    )]
    TooMany,
    /// There is none of this id.
    #[error("there is no such version")]
    Missing,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a record says.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    name: String,
    seq: Seq,
    time: Timestamp,
    kind: AuthorKind,
    #[serde(default)]
    user: Arc<str>,
    #[serde(default)]
    author: Arc<str>,
    #[serde(default)]
    automatic: bool,
    #[serde(default)]
    extent: Option<Extent>,
}

impl Version {
    fn read(id: &str, record: &[u8]) -> Option<Self> {
        let it: Written = serde_json::from_slice(record).ok()?;
        let author = Author { kind: it.kind, user: it.user, name: it.author, connection: 0 };
        Some(Self {
            id: id.to_owned(),
            name: it.name,
            seq: it.seq,
            time: it.time,
            author: Arc::new(author),
            automatic: it.automatic,
            extent: it.extent,
        })
    }

    /// The key and the value of its record.
    #[must_use]
    pub fn record(&self) -> (String, Bytes) {
        (key(&self.id), self.written())
    }

    fn written(&self) -> Bytes {
        let written = Written {
            name: self.name.clone(),
            seq: self.seq,
            time: self.time,
            kind: self.author.kind,
            user: Arc::clone(&self.author.user),
            author: Arc::clone(&self.author.name),
            automatic: self.automatic,
            extent: self.extent,
        };
        serde_json::to_vec(&written).unwrap_or_default().into()
    }
}

/// A new id.
#[must_use]
pub fn new_id(random: &dyn Random) -> String {
    let mut bytes = [0; VERSION_ID_LETTERS / 2];
    random.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A document's versions, the newest first. A record that cannot be read is passed over.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(store: &dyn Store, id: DocumentId) -> Result<Vec<Version>, StoreError> {
    Ok(of_records(&store.records(id, PREFIX).await?))
}

/// The versions among the records of a document, the newest first.
#[must_use]
pub fn of_records(records: &[(Box<str>, Record)]) -> Vec<Version> {
    let read = |(key, record): &(Box<str>, Record)| {
        Version::read(key.strip_prefix(PREFIX)?, &record.value)
    };
    let mut versions: Vec<_> = records.iter().filter_map(read).collect();
    versions.sort_by(|a, b| (b.seq, b.time, &b.id).cmp(&(a.seq, a.time, &a.id)));
    versions
}

/// Keeps a version that somebody names.
///
/// # Errors
/// When there are too many, or nothing can be written.
pub async fn add(store: &dyn Store, id: DocumentId, version: &Version) -> Result<(), VersionError> {
    let named = list(store, id).await?.iter().filter(|version| !version.automatic).count();
    if named >= NAMED_VERSIONS {
        return Err(VersionError::TooMany);
    }
    put(store, id, version, 0).await?;
    // Retention may have cut in between; from now on it knows of this one.
    if !store.kept(id).await?.can_show(version.seq) {
        remove(store, id, &version.id).await?;
        let reason = format!("the past before {} is no longer kept", version.seq);
        return Err(StoreError::Conflict(reason).into());
    }
    Ok(())
}

/// Notes a version by itself, unless the same moment is one already. When there are too many, those
/// that were noted first make room.
///
/// # Errors
/// When nothing can be written.
pub async fn note(store: &dyn Store, id: DocumentId, version: &Version) -> Result<(), StoreError> {
    let known = list(store, id).await?;
    if known.iter().any(|other| other.seq == version.seq) {
        return Ok(());
    }
    put(store, id, version, 0).await?;
    for old in known.iter().filter(|it| it.automatic).skip(AUTOMATIC_VERSIONS - 1) {
        match remove(store, id, &old.id).await {
            Ok(()) | Err(VersionError::Missing | VersionError::TooMany) => {}
            Err(VersionError::Store(error)) => return Err(error),
        }
    }
    Ok(())
}

/// Gives a version a name; from then on it is one that somebody named.
///
/// # Errors
/// When there is none of this id, there are too many that have names, or nothing can be written.
pub async fn rename(
    store: &dyn Store,
    id: DocumentId,
    version: &str,
    name: &str,
) -> Result<Version, VersionError> {
    let (mut found, revision) = find(store, id, version).await?;
    if found.automatic {
        let named = list(store, id).await?.iter().filter(|version| !version.automatic).count();
        if named >= NAMED_VERSIONS {
            return Err(VersionError::TooMany);
        }
    }
    found.automatic = false;
    name.clone_into(&mut found.name);
    put(store, id, &found, revision).await?;
    Ok(found)
}

/// Keeps how much a version holds, unless it was changed or removed meanwhile.
///
/// # Errors
/// When nothing can be written.
pub async fn keep_extent(
    store: &dyn Store,
    id: DocumentId,
    version: &Version,
) -> Result<(), StoreError> {
    let (found, revision) = match find(store, id, &version.id).await {
        Ok(found) => found,
        Err(VersionError::Store(error)) => return Err(error),
        Err(_) => return Ok(()),
    };
    match put(store, id, &Version { extent: version.extent, ..found }, revision).await {
        Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Forgets a version. What it points to stays in the past.
///
/// # Errors
/// When there is none of this id, or nothing can be written.
pub async fn remove(store: &dyn Store, id: DocumentId, version: &str) -> Result<(), VersionError> {
    let (_, revision) = find(store, id, version).await?;
    store.put_record(id, &key(version), revision, None).await?;
    Ok(())
}

async fn find(
    store: &dyn Store,
    id: DocumentId,
    version: &str,
) -> Result<(Version, u64), VersionError> {
    let record = store.record(id, &key(version)).await?.ok_or(VersionError::Missing)?;
    let found = Version::read(version, &record.value).ok_or(VersionError::Missing)?;
    Ok((found, record.revision))
}

async fn put(
    store: &dyn Store,
    id: DocumentId,
    version: &Version,
    revision: u64,
) -> Result<(), StoreError> {
    store.put_record(id, &key(&version.id), revision, Some(version.written())).await?;
    Ok(())
}

fn key(version: &str) -> String {
    format!("{PREFIX}{version}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::SeededRandom,
        storage::{conformance, memory::Memory},
    };

    fn version(number: u64, automatic: bool) -> Version {
        let author = Author {
            kind: AuthorKind::Claimed,
            user: "u".into(),
            name: "Zoë".into(),
            connection: 0,
        };
        Version {
            id: format!("{number:x}"),
            name: if automatic { String::new() } else { format!("Draft {number}") },
            seq: Seq(number),
            time: Timestamp(number * 10),
            author: Arc::new(author),
            automatic,
            extent: None,
        }
    }

    async fn document() -> (Memory, DocumentId) {
        let store = Memory::new();
        let id = conformance::id(1);
        store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
        (store, id)
    }

    #[tokio::test]
    async fn versions_come_back_newest_first_as_they_were_kept() {
        let (store, id) = document().await;
        let extent = Some(Extent { size: 9, inserted: 4, deleted: 1, since: Seq(1) });
        for version in [version(2, false), Version { extent, ..version(7, false) }] {
            add(&store, id, &version).await.unwrap();
        }
        note(&store, id, &version(5, true)).await.unwrap();
        let found = list(&store, id).await.unwrap();
        let expected =
            [Version { extent, ..version(7, false) }, version(5, true), version(2, false)];
        assert_eq!(found, expected);
        store.put_record(id, "version/odd", 0, Some(Bytes::from_static(b"{"))).await.unwrap();
        store.put_record(id, "versions", 0, Some(Bytes::from_static(b"{}"))).await.unwrap();
        assert_eq!(list(&store, id).await.unwrap(), found, "other records are no versions");
    }

    #[tokio::test]
    async fn a_version_is_renamed_and_removed_and_others_stay() {
        let (store, id) = document().await;
        add(&store, id, &version(2, false)).await.unwrap();
        note(&store, id, &version(5, true)).await.unwrap();
        let renamed = rename(&store, id, "5", "Before lunch").await.unwrap();
        assert_eq!((&*renamed.name, renamed.automatic), ("Before lunch", false));
        assert_eq!(list(&store, id).await.unwrap(), [renamed.clone(), version(2, false)]);
        let extent = Some(Extent { size: 9, inserted: 4, deleted: 1, since: Seq(2) });
        keep_extent(&store, id, &Version { extent, ..version(5, true) }).await.unwrap();
        assert_eq!(list(&store, id).await.unwrap()[0], Version { extent, ..renamed });
        remove(&store, id, "2").await.unwrap();
        assert!(matches!(remove(&store, id, "2").await, Err(VersionError::Missing)));
        assert!(matches!(rename(&store, id, "2", "x").await, Err(VersionError::Missing)));
        keep_extent(&store, id, &version(2, false)).await.unwrap();
        assert_eq!(list(&store, id).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn there_are_only_so_many_and_those_with_names_are_never_dropped() {
        let (store, id) = document().await;
        for number in 0..NAMED_VERSIONS as u64 {
            put(&store, id, &version(number, false), 0).await.unwrap();
        }
        let more = NAMED_VERSIONS as u64;
        let refused = add(&store, id, &version(more, false)).await;
        assert!(matches!(refused, Err(VersionError::TooMany)), "{refused:?}");
        for number in more..more + AUTOMATIC_VERSIONS as u64 + 3 {
            note(&store, id, &version(number, true)).await.unwrap();
        }
        let found = list(&store, id).await.unwrap();
        let automatic: Vec<_> = found.iter().filter(|it| it.automatic).map(|it| it.seq.0).collect();
        assert_eq!(automatic.len(), AUTOMATIC_VERSIONS);
        assert_eq!(automatic.last(), Some(&(more + 3)), "the oldest went");
        assert_eq!(found.len() - automatic.len(), NAMED_VERSIONS);
        let newest = found[0].id.clone();
        let refused = rename(&store, id, &newest, "one more").await;
        assert!(matches!(refused, Err(VersionError::TooMany)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_moment_is_noted_once() {
        let (store, id) = document().await;
        add(&store, id, &version(5, false)).await.unwrap();
        note(&store, id, &Version { id: "x".into(), ..version(5, true) }).await.unwrap();
        assert_eq!(list(&store, id).await.unwrap(), [version(5, false)]);
    }

    #[test]
    fn ids_are_short_words_that_fit_into_an_address() {
        let id = new_id(&SeededRandom::new(1));
        assert_eq!(id.len(), VERSION_ID_LETTERS);
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
