//! Decides what of an update may reach the CRDT, against what the document holds.
//!
//! Nothing that is admitted can stay pending: the walk in `order` is exact, and deletions are
//! clipped to what is known. An honest client may hold pieces that wait for others and send them;
//! that is told apart from bytes which no client writes.
//!
//! Not detected: other content under a client id and clocks that are taken already. The first to
//! arrive stays, for everyone alike; telling would need the content of the whole document.

use bytes::Bytes;

use super::{
    index::Index,
    order::{Frontier, Order, Run, order},
    parser::{Block, Delete, Id, Kind, Malformed, Update},
    writer::Writer,
};

/// What may be applied of an update.
#[derive(Debug)]
pub(super) struct Admitted {
    /// An update of exactly that, if there is anything. Deletions in it may be known already.
    pub(super) update: Option<Bytes>,
    /// Whether it holds new blocks.
    pub(super) inserts: bool,
    /// By how many bytes it may change the size of the document, either way; rather too many.
    pub(super) weight: usize,
    /// Whether nothing of it was left out for lack of something it depends on.
    pub(super) complete: bool,
}

/// Admits an update; the index then holds its blocks as not yet kept.
///
/// # Errors
/// When no Yjs client writes this; the index is as before.
pub(super) fn admit(
    bytes: &Bytes,
    update: &Update<'_>,
    index: &mut Index,
) -> Result<Admitted, Malformed> {
    let order = order(update, index).inspect_err(|_| index.revert())?;
    let (deletes, clipped) = clip(update, index);
    let inserts = !order.runs.is_empty();
    let complete = order.complete && !clipped;
    let update = if !inserts && deletes.is_empty() {
        None
    } else if complete && update.plain && !order.overlaps && order.by_unit.is_empty() {
        Some(detach(bytes))
    } else {
        Some(write(update, &order, &deletes, bytes.len()))
    };
    let weight = update.as_ref().map_or(0, Bytes::len) + weigh(&deletes, inserts);
    Ok(Admitted { update, inserts, weight, complete })
}

/// Whether an update holds blocks of clients of an earlier life of the
/// document, which are given in order.
pub(super) fn is_retired(update: &Update<'_>, index: &Index, retired: &[u64]) -> bool {
    !retired.is_empty()
        && update.sections.iter().any(|section| {
            section.end > index.end(section.client)
                && retired.binary_search(&section.client).is_ok()
        })
}

/// A block of which the document holds the beginning.
#[derive(Debug)]
pub(super) struct Continued {
    /// The last unit that the document holds.
    pub(super) last: Id,
    /// The unit before which the block says it stands.
    pub(super) right_origin: Option<Id>,
}

/// The blocks of an update of which the document holds the beginning; clients join what was typed in a
/// row, and send all of it again.
pub(super) fn continued(update: &Update<'_>, index: &Index) -> Vec<Continued> {
    let sections = update.sections.iter().filter_map(|section| {
        let end = index.end(section.client);
        if section.clock >= end || section.end <= end {
            return None;
        }
        let block = section.blocks().find(|block| block.end() > end)?;
        let last = Id { client: section.client, clock: end - 1 };
        // Collected garbage stands nowhere.
        let stands = block.id.clock < end && !matches!(block.kind, Kind::Gc | Kind::Skip);
        stands.then_some(Continued { last, right_origin: block.right_origin })
    });
    sections.collect()
}

/// Bytes that do not keep a connection's read buffer alive.
fn detach(bytes: &Bytes) -> Bytes {
    const SHARED_FROM: usize = 64 * 1024;
    if bytes.len() < SHARED_FROM { Bytes::copy_from_slice(bytes) } else { bytes.clone() }
}

/// The deletions of units that are known, and whether there were others.
fn clip(update: &Update<'_>, index: &Index) -> (Vec<Delete>, bool) {
    let mut clipped = false;
    let deletes = update.deletes().filter_map(|delete| {
        let known = index.end(delete.id.client).saturating_sub(delete.id.clock);
        clipped |= known < delete.len;
        (known > 0).then_some(Delete { id: delete.id, len: delete.len.min(known) })
    });
    let deletes = deletes.collect();
    (deletes, clipped)
}

/// A deletion may split an item in three. What it frees counts for updates that do nothing else:
/// each of those has an effect, while others could name what is gone already again and again.
fn weigh(deletes: &[Delete], inserts: bool) -> usize {
    const SPLIT: usize = 32;
    let weight = |units: u32| if inserts { SPLIT } else { SPLIT.max(units as usize) };
    deletes.iter().map(|delete| weight(delete.len)).sum()
}

fn write(update: &Update<'_>, order: &Order<'_>, deletes: &[Delete], size: usize) -> Bytes {
    // Runs of one section follow each other in clocks, though not in the order of integration.
    let mut taken: Vec<Option<Run<'_>>> = vec![None; update.sections.len()];
    for run in &order.runs {
        taken[run.section].get_or_insert(*run).end = run.end;
    }
    let mut writer = Writer::with_capacity(size);
    writer.count(taken.iter().flatten().count());
    for run in taken.iter().flatten() {
        let client = update.sections[run.section].client;
        let by_unit = |block: &Block<'_>| order.by_unit.contains(&block.id);
        let count = |block: Block<'_>| {
            if by_unit(&block) {
                (run.end.min(block.end()) - run.from.max(block.id.clock)) as usize
            } else {
                1
            }
        };
        writer.section(run.blocks().map(count).sum(), Id { client, clock: run.from });
        for block in run.blocks() {
            if by_unit(&block) {
                writer.units(&block, run.from, run.end);
            } else {
                writer.block(&block, run.from, run.end);
            }
        }
    }
    writer.deletes(deletes);
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(index: &mut Index, bytes: &'static [u8]) -> Admitted {
        let bytes = Bytes::from_static(bytes);
        let update = Update::parse(&bytes).expect("it follows the grammar");
        let admitted = admit(&bytes, &update, index).expect("it could be honest");
        index.keep();
        admitted
    }

    #[test]
    fn only_what_depends_on_nothing_unknown_is_written() {
        let mut index = Index::default();
        // Client 5 types "ab", deletes three units of its own and one of a stranger; client 6
        // waits for the third unit.
        let admitted = take(
            &mut index,
            &[
                2, 1, 5, 0, 4, 1, 1, b't', 2, b'a', b'b', 1, 6, 0, 0x84, 5, 2, 1, b'x', //
                2, 5, 1, 1, 2, 7, 1, 0, 1,
            ],
        );
        assert!(admitted.inserts && !admitted.complete);
        let expected = [1, 1, 5, 0, 4, 1, 1, b't', 2, b'a', b'b', 1, 5, 1, 1, 1];
        assert_eq!(admitted.update.as_deref(), Some(&expected[..]));
    }

    #[test]
    fn gaps_and_empty_blocks_are_passed_over() {
        let mut index = Index::default();
        take(&mut index, &[1, 1, 5, 0, 4, 1, 1, b't', 2, b'a', b'b', 0]);
        // A gap over what is known, an empty text, a letter, a gap, and a letter behind it.
        let admitted = take(
            &mut index,
            &[1, 5, 5, 0, 10, 2, 0x84, 5, 1, 0, 0x84, 5, 1, 1, b'c', 10, 1, 0x84, 5, 1, 1, b'd', 0],
        );
        assert!(!admitted.complete);
        let expected = [1, 1, 5, 2, 0x84, 5, 1, 1, b'c', 0];
        assert_eq!(admitted.update.as_deref(), Some(&expected[..]));
    }
}
