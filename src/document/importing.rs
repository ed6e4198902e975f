//! A document that comes with its past: many entries with their own times and authors, all or none.
//!
//! Until everything is stored it lies in the bin under a name that nobody knows. What a crash
//! interrupts is never seen as a document and is swept away with the rest of the bin.

use bytes::Bytes;

use super::{Documents, Event, Unavailable, bin, card, sync::NOTHING};
use crate::{
    clock::Timestamp,
    crdt::Meta,
    ids::{DocumentId, DocumentName, Seq},
    protocol::CloseReason,
    random::Random,
    storage::{Entry, Kept, Store, StoreError, StoredEntry},
};

/// Entries are handed to the store about so many bytes at a time.
const PAGE_BYTES: usize = 1 << 20;

/// Besides its update an entry takes about so much in the journal.
const ENTRY_BYTES: usize = 64;

/// Makes records, keys and values, of the seqs of moments.
pub type Records = Box<dyn FnOnce(&[Seq]) -> Vec<(String, Bytes)> + Send>;

/// What a document begins with. The entries have passed admission, in this order.
pub struct Brought {
    /// What it says about itself.
    pub meta: Meta,
    /// When it began, wherever that was.
    pub created: Timestamp,
    /// Its past.
    pub entries: Vec<Entry>,
    /// Whether the first entry stands for edits that are kept nowhere; people are told.
    pub cut: bool,
    /// Moments, as numbers of entries counted from 1, in order, whose seqs `records` needs.
    pub moments: Vec<u64>,
    /// Makes the records that are kept beside it: keys and values.
    pub records: Records,
}

impl std::fmt::Debug for Brought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brought").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Documents {
    /// Begins a document that comes with its past; resolves when everything is durable.
    ///
    /// # Errors
    /// When the name is taken, or nothing can be written; then there is nothing of it.
    pub async fn import(&self, name: &DocumentName, brought: Brought) -> Result<(), Unavailable> {
        self.check_free(name).await?;
        // Who waits at the name for a document to begin finds it there.
        let _held = self.hold(name, CloseReason::Restart).await?;
        let setup = self.setup();
        let id = bring_in(&*setup.store, name, brought, setup.clock.now(), &*setup.random).await?;
        self.events().tell(name, || Event::Created { id });
        Ok(())
    }
}

/// Stores a document that comes with its past under a free name.
///
/// # Errors
/// When the name is taken, or nothing can be written; then there is nothing of it.
pub async fn bring_in(
    store: &dyn Store,
    name: &DocumentName,
    brought: Brought,
    now: Timestamp,
    random: &dyn Random,
) -> Result<DocumentId, Unavailable> {
    let id = DocumentId::new(random);
    let (hiding_place, hidden) = (DocumentName::random(random), bin::record(now));
    // Handed over together, so that no crash leaves it in the open.
    let created = store.create(&hiding_place, id, brought.created);
    let hidden = store.put_record(id, bin::KEY, 0, Some(hidden));
    created.await?;
    let stored = async {
        let revision = hidden.await?;
        let Brought { meta, mut entries, mut moments, records, cut, .. } = brought;
        let base = entries.first().filter(|_| cut).cloned();
        if let Some(base) = &base {
            // What is cut off is what is before a moment, and there is nothing before the first.
            entries.insert(0, Entry { update: NOTHING, ..base.clone() });
            moments.iter_mut().for_each(|moment| *moment += 1);
        }
        let seqs = append(store, id, entries, &moments).await?;
        if let Some(base) = base {
            begin_later(store, id, base).await?;
        }
        let card = card::record(&meta).map(|card| (card::KEY.to_owned(), card));
        for (key, value) in records(&seqs).into_iter().chain(card) {
            store.put_record(id, &key, 0, Some(value)).await?;
        }
        match store.rename(id, name, now).await {
            Err(StoreError::Conflict(_)) => return Err(Unavailable::Taken),
            renamed => renamed?,
        }
        store.put_record(id, bin::KEY, revision, None).await?;
        Ok(id)
    };
    let outcome = stored.await;
    if outcome.is_err() {
        // What went wrong first is what is told; what stays is swept with the bin.
        let _left_behind = store.delete(id, now, Vec::new()).await.is_err();
    }
    outcome
}

/// Cuts off the first of the entries, so that the past of the document begins with the second.
async fn begin_later(store: &dyn Store, id: DocumentId, base: Entry) -> Result<(), StoreError> {
    let seq = Seq(2);
    let kept = Kept { floor: seq, moments: Vec::new() };
    match store.cut(id, kept, vec![StoredEntry { seq, entry: base }]).await {
        // An engine may keep every past whole: then only the note is missing.
        Err(StoreError::Refused(_)) => Ok(()),
        cut => cut,
    }
}

/// Appends entries; gives the seqs of some.
async fn append(
    store: &dyn Store,
    id: DocumentId,
    entries: Vec<Entry>,
    moments: &[u64],
) -> Result<Vec<Seq>, StoreError> {
    let mut moments = moments.iter().copied().peekable();
    let (mut seqs, mut page, mut bytes) = (Vec::new(), Vec::new(), 0);
    let last = entries.len() as u64;
    for (entry, number) in entries.into_iter().zip(1..) {
        bytes += entry.update.len() + ENTRY_BYTES;
        page.push(entry);
        // Only of the last entry of a call the store tells the seq.
        let wanted = moments.peek() == Some(&number);
        if bytes >= PAGE_BYTES || wanted || number == last {
            let seq = store.append(id, std::mem::take(&mut page)).await?;
            bytes = 0;
            while moments.next_if_eq(&number).is_some() {
                seqs.push(seq);
            }
        }
    }
    Ok(seqs)
}

/// What has no records.
impl Default for Brought {
    fn default() -> Self {
        Self {
            meta: Meta::default(),
            created: Timestamp(0),
            entries: Vec::new(),
            cut: false,
            moments: Vec::new(),
            records: Box::new(|_| Vec::new()),
        }
    }
}
