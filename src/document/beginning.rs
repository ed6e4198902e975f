//! Edits by the server that concern a document as a whole: its beginning, and what it says about
//! itself. Journalled now, shown to others once they are durable.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Unavailable, actor::Actor, durability::AfterDurable, sync::in_pieces};
use crate::{
    crdt::{MetaChanges, Poisoned, Verdict},
    identity::Author,
    ids::Seq,
    storage::Entry,
};

/// What writing in `meta` takes on top of a title: a client id, keys, a kind, a language.
const META_BYTES: usize = 256;

/// Where the outcome goes.
type Reply = oneshot::Sender<Result<Seq, Unavailable>>;

impl Actor {
    /// Begins the document's life with content and what it says about itself.
    pub(super) fn begin(
        &mut self,
        content: Option<Bytes>,
        meta: &MetaChanges,
        author: Arc<Author>,
        reply: Reply,
    ) {
        let before = self.state.state_vector();
        let outcome = if self.born { Err(Unavailable::Taken) } else { self.first(content, meta) };
        match outcome {
            Ok(updates) if updates.is_empty() => {
                drop(reply.send(Err(Unavailable::Refused("there is nothing in it".into()))));
            }
            Ok(updates) => self.publish(updates, &author, before, reply),
            Err(reason) => drop(reply.send(Err(reason))),
        }
    }

    fn first(
        &mut self,
        content: Option<Bytes>,
        meta: &MetaChanges,
    ) -> Result<Vec<Bytes>, Unavailable> {
        self.check_writable()?;
        let mut updates = Vec::new();
        if let Some(content) = content {
            updates.extend(self.bring(content)?);
        }
        let said = self.state.edit_meta(meta).map_err(|poisoned| self.broken(&poisoned))?;
        updates.extend(said);
        Ok(updates)
    }

    /// Applies what somebody wants the document to begin with: all of it, or the document is loaded
    /// again as if nothing had happened.
    fn bring(&mut self, content: Bytes) -> Result<Option<Bytes>, Unavailable> {
        let applied = self.state.apply_own(content).map_err(|poisoned| self.broken(&poisoned))?;
        match applied.verdicts.into_iter().next().unwrap_or(Verdict::Known) {
            Verdict::Applied(update) => Ok(Some(update)),
            Verdict::Known => Ok(None),
            Verdict::Refused(refusal) => Err(Unavailable::Refused(refusal.to_string())),
            Verdict::Incomplete(_) => {
                self.poisoned = true;
                Err(Unavailable::Refused("it depends on edits that are not in it".into()))
            }
        }
    }

    /// Writes in `meta`.
    pub(super) fn edit_meta(&mut self, changes: &MetaChanges, author: Arc<Author>, reply: Reply) {
        let before = self.state.state_vector();
        let outcome = if self.born { self.check_writable() } else { Err(Unavailable::Missing) };
        let room = changes.title.as_ref().map_or(0, String::len) + META_BYTES;
        let outcome = outcome.and_then(|()| {
            if !self.state.has_room_for(room) {
                return Err(Unavailable::Refused("the document has reached its size limit".into()));
            }
            self.state.edit_meta(changes).map_err(|poisoned| self.broken(&poisoned))
        });
        match outcome {
            Ok(update) => self.publish(update.into_iter().collect(), &author, before, reply),
            Err(reason) => drop(reply.send(Err(reason))),
        }
    }

    /// Journals updates that are applied already, and answers once they are durable.
    fn publish(&mut self, updates: Vec<Bytes>, author: &Arc<Author>, before: Bytes, reply: Reply) {
        if !updates.is_empty() {
            self.sync_cache = None;
            let time = self.setup.clock.now();
            let entry =
                |update: &Bytes| Entry { time, author: Arc::clone(author), update: update.clone() };
            self.append(updates.iter().map(entry).collect(), Vec::new());
        }
        let updates = updates.into_iter().flat_map(in_pieces).map(|piece| (piece, None)).collect();
        let position = self.durability.appended;
        let outcome = Ok(());
        self.durability.wait_for(AfterDurable { position, before, updates, outcome, reply });
        self.release_durable();
    }

    fn check_writable(&self) -> Result<(), Unavailable> {
        match &self.durability.failed {
            Some(reason) => Err(Unavailable::Unwritable(reason.clone())),
            None => Ok(()),
        }
    }

    fn broken(&mut self, poisoned: &Poisoned) -> Unavailable {
        self.poisoned = true;
        self.tell_broken(poisoned);
        Unavailable::Refused(poisoned.to_string())
    }
}
