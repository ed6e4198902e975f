//! Does what a policy says: makes the states that stand for what is cut, and has the store cut.

use std::sync::Arc;

use super::{
    Policy,
    plan::{horizon, missing, plan},
};
use crate::{
    clock::Timestamp,
    history::{HistoryError, states::states},
    identity::{Author, AuthorKind},
    ids::{DocumentId, Seq},
    limits::HISTORY_PAGE_BYTES,
    storage::{
        Entry, Kept, Store, StoredEntry,
        versions::{self, VersionError},
    },
};

/// About how many bytes of states go into the store at a time.
const STEP_BYTES: usize = 16 << 20;

/// Most states that do.
const STEP_STATES: usize = 64;

/// Cuts off what the policy does not keep of a document with this last entry; whether that was
/// anything. What is interrupted is gone on with the next time.
///
/// # Errors
/// When the past cannot be read, or cannot be cut now.
pub async fn apply(
    store: &Arc<dyn Store>,
    (id, last): (DocumentId, Seq),
    policy: Policy,
    now: Timestamp,
) -> Result<bool, HistoryError> {
    let kept = store.kept(id).await?;
    if policy == Policy::Forever && !kept.is_cut() {
        return Ok(false);
    }
    let named = versions::list(&**store, id).await?;
    let old = match horizon(policy, now) {
        Some(horizon) => last_before(&**store, id, kept.floor, horizon).await?,
        None => None,
    };
    let seqs: Vec<_> = named.iter().map(|version| version.seq).collect();
    if policy == Policy::Forget {
        for version in &named {
            match versions::remove(&**store, id, &version.id).await {
                Ok(()) | Err(VersionError::Missing | VersionError::TooMany) => {}
                Err(VersionError::Store(error)) => return Err(error.into()),
            }
        }
    }
    match plan(policy, &kept, (old, last), &seqs) {
        Some(planned) => cut(store, id, kept, planned).await.map(|()| true),
        None => Ok(false),
    }
}

/// The last entry before the first one that was received after a moment.
async fn last_before(
    store: &dyn Store,
    id: DocumentId,
    floor: Seq,
    horizon: Timestamp,
) -> Result<Option<Seq>, HistoryError> {
    let mut before = None;
    let (mut after, mut bytes) = (floor, 1);
    loop {
        let page = store.history(id, after, bytes).await?;
        let Some(end) = page.last() else { return Ok(before) };
        after = end.seq;
        for stored in &page {
            if stored.entry.time > horizon {
                return Ok(before);
            }
            before = Some(stored.seq);
        }
        // Most often the very first entry is young enough.
        bytes = HISTORY_PAGE_BYTES;
    }
}

/// Cuts step by step, so that the states of many versions are never all in memory: each step is a cut
/// at a moment that is kept.
async fn cut(
    store: &Arc<dyn Store>,
    id: DocumentId,
    mut kept: Kept,
    planned: Kept,
) -> Result<(), HistoryError> {
    let mut at_once = 1;
    let mut left = missing(&planned, &kept);
    while !left.is_empty() {
        // A past cannot be cut at its first entry.
        let first = usize::from(left[0] < Seq(2));
        let rest = left.split_off((at_once + first).min(left.len()));
        let seqs = std::mem::replace(&mut left, rest);
        let floor = seqs.last().copied().unwrap_or(planned.floor);
        let mut times = Vec::with_capacity(seqs.len());
        for seq in &seqs {
            times.push(time_of(&**store, id, *seq).await?);
        }
        let found =
            states(Arc::clone(store), id, seqs.clone(), |seq, state| Ok((seq, state))).await?;
        let size = found.iter().map(|(_, state)| state.len()).max().unwrap_or(0);
        at_once = (STEP_BYTES / size.max(1)).clamp(1, STEP_STATES);
        let bases = found.into_iter().zip(times).map(|((seq, update), time)| StoredEntry {
            seq,
            entry: Entry { time, author: before(), update },
        });
        let moments = planned.moments.iter().copied().filter(|seq| *seq < floor).collect();
        kept = Kept { floor, moments };
        store.cut(id, kept.clone(), bases.collect()).await?;
    }
    if kept != planned {
        store.cut(id, planned, Vec::new()).await?;
    }
    Ok(())
}

/// When an entry was received.
async fn time_of(store: &dyn Store, id: DocumentId, seq: Seq) -> Result<Timestamp, HistoryError> {
    let page = store.history(id, Seq(seq.0.saturating_sub(1)), 1).await?;
    let found = page.first().filter(|stored| stored.seq == seq);
    found.map(|stored| stored.entry.time).ok_or(HistoryError::Cut(seq))
}

/// Whose a state is that stands for what many wrote.
fn before() -> Arc<Author> {
    Arc::new(Author { kind: AuthorKind::Server, user: "".into(), name: "".into(), connection: 0 })
}
