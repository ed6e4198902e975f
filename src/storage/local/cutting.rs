//! Cutting off the beginning of a past: the states that stand for it and the record that says so go
//! into the journal in one commit, and from then on the keeper rewrites what still holds the rest.

use super::{ATTEMPTS, Local, ready};
use crate::{
    ids::{DocumentId, Seq},
    storage::{
        Kept, StoreError, StoreFuture, StoredEntry, cut,
        keeper::Shared,
        payload::Change,
        reading::{self, Trouble},
    },
};

impl Local {
    /// See [`Store::kept`](crate::storage::Store::kept). What is not durable yet does not count.
    pub(super) fn kept_of(&self, id: DocumentId) -> Result<Kept, StoreError> {
        let tables = self.engine.shared.tables();
        tables.check(id).map(|()| tables.kept(id))
    }

    /// See [`Store::base`](crate::storage::Store::base).
    pub(super) fn read_base(&self, id: DocumentId, seq: Seq) -> StoreFuture<Option<StoredEntry>> {
        self.read(id, move |shared, _| {
            let mut attempt = 0;
            loop {
                attempt += 1;
                let rewritten = shared.tables().rewritten;
                match one(shared, id, seq) {
                    Err(Trouble::Vanished) if attempt < ATTEMPTS => {}
                    Err(Trouble::Damaged(_))
                        if attempt < ATTEMPTS && shared.has_rewritten_since(rewritten) => {}
                    outcome => return Ok(outcome?),
                }
            }
        })
    }

    /// See [`Store::cut`](crate::storage::Store::cut).
    pub(super) fn cut_off(
        &self,
        id: DocumentId,
        kept: Kept,
        bases: Vec<StoredEntry>,
    ) -> StoreFuture<()> {
        let mut tables = self.engine.shared.tables();
        let allowed = || -> Result<Change, StoreError> {
            tables.check(id)?;
            let life = tables.catalog.life(id)?;
            let record = life.keyed.get(cut::KEY);
            let before = record.and_then(Kept::read).unwrap_or_default();
            let seqs: Vec<_> = bases.iter().map(|stored| stored.seq).collect();
            kept.check(&before, &seqs, life.last, &tables.catalog.records(id, "")?)?;
            let revision = record.map_or(0, |record| record.revision);
            tables.catalog.put_record(id, cut::KEY, revision, Some(kept.written()))
        };
        let change = match allowed() {
            Ok(change) => change,
            Err(error) => return ready(Err(error)),
        };
        let state = bases.iter().find(|stored| stored.seq == kept.floor);
        let state = state.map(|stored| stored.entry.update.clone());
        let floor = kept.floor;
        let last = tables.catalog.life(id).map_or(floor, |life| life.last);
        let mut changes: Vec<_> =
            bases.into_iter().map(|stored| (stored.seq, Change::Base(stored.entry))).collect();
        changes.push((last, change));
        let written = self.write_at(&mut tables, id, changes, Some(kept));
        drop(tables);
        let (engine, desk) = (self.engine.clone(), self.engine.keeper.desk().clone());
        Box::pin(async move {
            written.await?;
            desk.add_cut(id, floor, state);
            // What was cut may lie in the journal file that is being written, which is sealed, and so
            // rewritten, once another is begun.
            engine.committer.begin_anew();
            Ok(())
        })
    }
}

fn one(shared: &Shared, id: DocumentId, seq: Seq) -> Result<Option<StoredEntry>, Trouble> {
    let (place, keys) = {
        let tables = shared.tables();
        (tables.base(id, seq), tables.keys.clone())
    };
    let Some(place) = place else { return Ok(None) };
    let key = |number| keys.get(&number).copied();
    reading::read_base(&*shared.disk, &shared.directories, &key, id, (seq, &place)).map(Some)
}
