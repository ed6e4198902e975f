//! What a document said at some moments, as whole states, by applying its entries from the
//! beginning; and the edit that makes it say that again.
//!
//! Holds one document and one page of entries at a time, however long the past is.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::{HistoryError, aside::aside};
use crate::{
    crdt::{
        Bounds, DocumentState,
        content::{self, RestoreError},
    },
    ids::{ClientId, DocumentId, Seq},
    limits::HISTORY_PAGE_BYTES,
    storage::{Store, StoredEntry},
};

/// Gives `look` the whole state after each of these entries, in their order, which must be
/// ascending; 0 is the empty document.
///
/// # Errors
/// When there is no such entry or it was cut off and its state is not kept, or the past cannot be read.
pub async fn states<T: Send + 'static>(
    store: Arc<dyn Store>,
    id: DocumentId,
    seqs: Vec<Seq>,
    mut look: impl FnMut(Seq, Bytes) -> Result<T, HistoryError> + Send + 'static,
) -> Result<Vec<T>, HistoryError> {
    aside(move |runtime| {
        let mut replay = Replay::default();
        let mut seen = Vec::with_capacity(seqs.len());
        let floor = runtime.block_on(store.kept(id))?.floor;
        for seq in seqs {
            if Seq(0) < seq && seq < floor {
                let base = runtime.block_on(store.base(id, seq))?;
                let state = base.ok_or(HistoryError::Cut(floor))?.entry.update;
                seen.push(look(seq, state)?);
                continue;
            }
            while replay.at < seq {
                if replay.page.is_empty() {
                    replay.page = runtime.block_on(page(&*store, id, replay.at))?;
                }
                replay.apply(seq)?;
            }
            seen.push(look(seq, replay.state()?)?);
        }
        Ok(seen)
    })
    .await
}

/// The entries that follow one, as many as are held at a time.
async fn page(
    store: &dyn Store,
    id: DocumentId,
    after: Seq,
) -> Result<VecDeque<StoredEntry>, HistoryError> {
    Ok(store.history(id, after, HISTORY_PAGE_BYTES).await?.into())
}

/// The whole state after an entry. `permit` is held while the work lasts, also when nobody waits for
/// it any more.
///
/// # Errors
/// As [`states`].
pub async fn state(
    store: Arc<dyn Store>,
    id: DocumentId,
    seq: Seq,
    permit: impl Send + 'static,
) -> Result<Bytes, HistoryError> {
    let look = move |_, state| {
        let _working = &permit;
        Ok(state)
    };
    let states = states(store, id, vec![seq], look).await?;
    states.into_iter().next().ok_or(HistoryError::Missing)
}

/// The edit, written as `client`, that makes a document of the state `now` say what it said `then`;
/// `None` when it does. `permit` is held while the work lasts.
///
/// # Errors
/// When one of them cannot be read, or has content that cannot be written again.
pub async fn way_back(
    now: Bytes,
    then: Bytes,
    client: ClientId,
    permit: impl Send + 'static,
) -> Result<Result<Option<Bytes>, RestoreError>, HistoryError> {
    aside(move |_| {
        let found = content::restore(&now, &then, client);
        drop(permit);
        Ok(found)
    })
    .await
}

/// A document on its way through its past.
struct Replay {
    document: DocumentState,
    at: Seq,
    /// Entries that come next.
    page: VecDeque<StoredEntry>,
}

impl Default for Replay {
    fn default() -> Self {
        // What was stored has been admitted; nobody writes here.
        let bounds = Bounds { update_bytes: usize::MAX, document_bytes: usize::MAX };
        let document = DocumentState::new(ClientId(1), bounds, Arc::from([]));
        Self { document, at: Seq(0), page: VecDeque::new() }
    }
}

impl Replay {
    /// Applies what there is of the page up to a seq.
    fn apply(&mut self, until: Seq) -> Result<(), HistoryError> {
        let next = self.page.front().map(|stored| stored.seq);
        match next {
            None => return Err(HistoryError::Beyond { asked: until, last: self.at }),
            // Seqs are dense but where the past was cut.
            Some(next) if next > until => return Err(HistoryError::Cut(next)),
            Some(_) => {}
        }
        let due = self.page.partition_point(|stored| stored.seq <= until);
        let due: Vec<_> = self.page.drain(..due).collect();
        let updates = due.iter().map(|stored| &stored.entry.update[..]);
        self.document.load(updates).map_err(HistoryError::Damaged)?;
        self.at = due.last().map_or(self.at, |stored| stored.seq);
        Ok(())
    }

    fn state(&self) -> Result<Bytes, HistoryError> {
        self.document.snapshot().map_err(HistoryError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Timestamp,
        crdt::replica::Replica,
        storage::{Entry, conformance, memory::Memory},
    };

    async fn written(words: &[&str]) -> (Arc<dyn Store>, DocumentId) {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let id = conformance::id(1);
        store.create(&conformance::name("a"), id, Timestamp(1)).await.unwrap();
        let mut ada = Replica::new(ClientId(7), "text");
        for word in words {
            let update = ada.edit(|text| text.push(word)).1.unwrap();
            let entry = Entry { update, ..conformance::entry("") };
            store.append(id, vec![entry]).await.unwrap();
        }
        (store, id)
    }

    fn text(state: &[u8]) -> String {
        content::text(state).unwrap()
    }

    #[tokio::test]
    async fn a_document_says_at_each_moment_what_was_typed_until_then() {
        let (store, id) = written(&["one", " two", " three"]).await;
        let seqs = vec![Seq(0), Seq(1), Seq(1), Seq(3)];
        let look = |seq, state: Bytes| Ok((seq, text(&state)));
        let seen = states(Arc::clone(&store), id, seqs, look).await.unwrap();
        let expected = [(0, ""), (1, "one"), (1, "one"), (3, "one two three")];
        assert_eq!(seen, expected.map(|(seq, text)| (Seq(seq), text.to_owned())));
        let beyond = state(store, id, Seq(4), ()).await;
        assert!(
            matches!(beyond, Err(HistoryError::Beyond { asked: Seq(4), last: Seq(3) })),
            "{beyond:?}"
        );
    }

    #[tokio::test]
    async fn a_long_past_is_read_page_by_page() {
        let words = ["a", "b", "c"].map(|letter| letter.repeat(HISTORY_PAGE_BYTES / 2));
        let (store, id) = written(&[&*words[0], &*words[1], &*words[2]]).await;
        let pages = [page(&*store, id, Seq(0)).await, page(&*store, id, Seq(2)).await];
        assert_eq!(pages.map(|page| page.unwrap().len()), [2, 1]);
        let look = move |_, state: Bytes| Ok(text(&state) == words.concat());
        assert_eq!(states(store, id, vec![Seq(3)], look).await.unwrap(), [true]);
    }

    #[tokio::test]
    async fn what_cannot_be_applied_is_damage_and_not_left_out() {
        let (store, id) = written(&["one"]).await;
        store.append(id, vec![conformance::entry("junk")]).await.unwrap();
        assert!(state(Arc::clone(&store), id, Seq(1), ()).await.is_ok());
        let broken = state(store, id, Seq(2), ()).await;
        assert!(matches!(broken, Err(HistoryError::Damaged(_))), "{broken:?}");
    }

    /// Tells on which thread it was given back.
    struct Permit(std::sync::mpsc::SyncSender<Option<String>>);

    impl Drop for Permit {
        fn drop(&mut self) {
            let name = std::thread::current().name().map(str::to_owned);
            // Who asked may have stopped listening.
            let _ = self.0.send(name);
        }
    }

    #[tokio::test]
    async fn a_permit_is_given_back_by_the_work_and_not_by_who_stops_waiting_for_it() {
        let (store, id) = written(&["one"]).await;
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let mut asked = Box::pin(state(store, id, Seq(1), Permit(tell)));
        // Hanging up may come before or after the answer.
        let _ = futures_util::poll!(asked.as_mut());
        drop(asked);
        assert_eq!(told.recv().unwrap().as_deref(), Some("past"));
    }
}
