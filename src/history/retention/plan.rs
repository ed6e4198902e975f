//! What a policy means for one document; pure.

use super::Policy;
use crate::{clock::Timestamp, ids::Seq, storage::Kept};

const DAY: u64 = 24 * 3600 * 1000;

/// The moment up to which a policy does not keep entries; `None` when age does not matter.
#[must_use]
pub fn horizon(policy: Policy, now: Timestamp) -> Option<Timestamp> {
    match policy {
        Policy::Days { days } => Some(Timestamp(now.0.saturating_sub(u64::from(days) * DAY))),
        Policy::Forever | Policy::Versions | Policy::Forget => None,
    }
}

/// What is to be kept from now on, given what is; `None` when nothing changes. `old` is the last of
/// the entries, counted from the first that is kept without a gap, that are older than the horizon;
/// `last` is the last of all.
#[must_use]
pub fn plan(
    policy: Policy,
    kept: &Kept,
    (old, last): (Option<Seq>, Seq),
    versions: &[Seq],
) -> Option<Kept> {
    let wanted = match policy {
        Policy::Forever => Seq(0),
        Policy::Days { .. } => old.unwrap_or(Seq(0)),
        Policy::Versions | Policy::Forget => last,
    };
    // A single entry already is the state it would be replaced by.
    let wanted = if wanted < Seq(2) { Seq(0) } else { wanted };
    let floor = wanted.max(kept.floor);
    let has_state = |seq: &Seq| *seq > kept.floor || kept.has_state(*seq);
    let mut moments: Vec<Seq> = match policy {
        Policy::Forget => Vec::new(),
        _ => versions.iter().copied().filter(|seq| *seq < floor).filter(has_state).collect(),
    };
    moments.sort_unstable();
    moments.dedup();
    let planned = Kept { floor, moments };
    (planned.is_cut() && planned != *kept).then_some(planned)
}

/// The moments whose states have to be made for a plan, in order.
#[must_use]
pub fn missing(planned: &Kept, kept: &Kept) -> Vec<Seq> {
    let states = planned.moments.iter().chain([&planned.floor]);
    states.copied().filter(|seq| !kept.has_state(*seq)).collect()
}
