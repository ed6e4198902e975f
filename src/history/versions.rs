//! How much the versions of a document hold, and how much that differs from the version before.
//!
//! Looked up once for each and kept with it, until another version comes to lie between.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{HistoryError, states::states};
use crate::{
    crdt::content,
    ids::{DocumentId, Seq},
    storage::{
        Store,
        versions::{self, Extent, Version},
    },
};

/// Fills in how much each of these holds, which are all versions of the document, and keeps it.
/// `permit` is held while the work lasts.
///
/// # Errors
/// When the past cannot be read.
pub async fn measure(
    store: &Arc<dyn Store>,
    id: DocumentId,
    all: &mut [Version],
    permit: impl Send + 'static,
) -> Result<(), HistoryError> {
    let wanted = unmeasured(all);
    let seqs: BTreeSet<_> = wanted.iter().flat_map(|(seq, since)| [*since, *seq]).collect();
    let mut before = (Seq(0), String::new());
    let look = move |seq, state: bytes::Bytes| {
        let _working = &permit;
        let unreadable = |error: content::Unreadable| HistoryError::Damaged(error.to_string());
        let text = content::text(&state).map_err(unreadable)?;
        let (inserted, deleted) = content::letters_changed(&before.1, &text);
        let size = text.chars().count() as u64;
        let since = std::mem::replace(&mut before, (seq, text)).0;
        Ok((seq, Extent { size, inserted, deleted, since }))
    };
    let found = states(Arc::clone(store), id, seqs.into_iter().collect(), look).await?;
    let found: BTreeMap<_, _> = found.into_iter().collect();
    for version in all {
        let Some(since) = wanted.get(&version.seq) else { continue };
        // A moment that was only looked at as what another one follows says nothing of its own.
        let extent = found.get(&version.seq).filter(|extent| extent.since == *since);
        version.extent = extent.copied();
        versions::keep_extent(&**store, id, version).await?;
    }
    Ok(())
}

/// Whether nothing is left to measure.
#[must_use]
pub fn are_measured(all: &[Version]) -> bool {
    unmeasured(all).is_empty()
}

/// Moments whose extent is not known, each with the moment of the version before it.
fn unmeasured(all: &[Version]) -> BTreeMap<Seq, Seq> {
    let seqs: BTreeSet<_> = all.iter().map(|version| version.seq).collect();
    let before = |seq: Seq| seqs.range(..seq).next_back().copied().unwrap_or(Seq(0));
    let known = |version: &&Version| {
        version.extent.is_some_and(|extent| extent.since == before(version.seq))
    };
    let unknown = all.iter().filter(|version| !known(version));
    unknown.map(|version| (version.seq, before(version.seq))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Timestamp,
        crdt::replica::Replica,
        ids::ClientId,
        storage::{Entry, conformance, memory::Memory},
    };

    fn version(seq: u64) -> Version {
        Version {
            id: format!("v{seq}"),
            name: "x".into(),
            seq: Seq(seq),
            time: Timestamp(seq),
            author: conformance::entry("").author,
            automatic: false,
            extent: None,
        }
    }

    async fn measured(store: &Arc<dyn Store>, id: DocumentId) -> Vec<(u64, u64, u64, u64)> {
        let mut all = versions::list(&**store, id).await.unwrap();
        measure(store, id, &mut all, ()).await.unwrap();
        assert!(are_measured(&all));
        assert_eq!(all, versions::list(&**store, id).await.unwrap(), "it is kept");
        let told = |it: Version| {
            let extent = it.extent.unwrap();
            (it.seq.0, extent.size, extent.inserted, extent.deleted)
        };
        all.into_iter().map(told).collect()
    }

    #[tokio::test]
    async fn a_version_says_how_much_it_holds_and_what_is_new_since_the_one_before() {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let id = conformance::id(1);
        store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
        let mut ada = Replica::new(ClientId(7), "text");
        for step in 0..6 {
            let update = ada.edit(|text| match step {
                4 => text.delete(0, 8).unwrap(),
                _ => text.push("wörd\n"),
            });
            let entry = Entry { update: update.1.unwrap(), ..conformance::entry("") };
            store.append(id, vec![entry]).await.unwrap();
        }
        for seq in [2, 5] {
            versions::add(&*store, id, &version(seq)).await.unwrap();
        }
        assert_eq!(measured(&store, id).await, [(5, 12, 2, 0), (2, 10, 10, 0)]);
        // Another one between them changes what the later one has that is new.
        versions::add(&*store, id, &version(4)).await.unwrap();
        versions::add(&*store, id, &Version { id: "same".into(), ..version(4) }).await.unwrap();
        assert_eq!(
            measured(&store, id).await,
            [(5, 12, 0, 8), (4, 20, 10, 0), (4, 20, 10, 0), (2, 10, 10, 0)]
        );
    }
}
