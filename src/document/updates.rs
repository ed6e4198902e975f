//! Edits: admit, apply, journal and fan out a batch in one turn, then owe each sender its answer.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    Permit, Unavailable, actor::Actor, durability::AfterDurable, subscriber::Answer,
    sync::in_pieces,
};
use crate::{
    crdt::{Applied, Incoming, Poisoned, Refusal, Verdict},
    identity::{Access, Author},
    ids::{Seq, SubscriberId},
    limits::BATCH_UPDATES,
    protocol::{CloseReason, ServerMessage},
    storage::Entry,
    telemetry::{
        happenings::{DocumentBroken, EditRefused},
        meter::Cause,
        warnings::UpdateQuarantined,
    },
};

/// What the server's own pages can write: `SCHEMA` in `web/src/sync/meta.js`. A page that knows less
/// must be loaded anew before it edits, or it would delete for everybody what it does not know.
const APP_SCHEMA: u32 = 1;

/// Edits of sessions that wait to be applied together, and what is due once they are.
#[derive(Debug, Default)]
pub(super) struct Batch {
    edits: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    from: SubscriberId,
    author: Arc<Author>,
    incoming: Incoming,
    permit: Option<Permit>,
}

impl Actor {
    /// Adds an edit to the batch; applies the batch when it is full.
    pub(super) fn receive_edit(
        &mut self,
        from: SubscriberId,
        incoming: Incoming,
        permit: Option<Permit>,
    ) {
        let Some(sender) = self.subscribers.get(&from) else { return };
        let author = Arc::clone(&sender.author);
        if incoming.step2 && !sender.access.may_edit() {
            // Whether it brings anything new is asked of the document as it is by then.
            self.apply_batch();
        }
        self.batch.edits.push(Edit { from, author, incoming, permit });
        if self.batch.edits.len() >= BATCH_UPDATES {
            self.apply_batch();
        }
    }

    /// Applies what has gathered.
    pub(super) fn apply_batch(&mut self) {
        let mut edits = std::mem::take(&mut self.batch.edits);
        edits.retain(|edit| self.may_edit(edit));
        if edits.is_empty() || self.poisoned {
            return;
        }
        let incoming: Vec<_> = edits.iter().map(|edit| edit.incoming.clone()).collect();
        match self.state.apply(&incoming) {
            Ok(applied) => self.on_applied(edits, applied),
            Err(poisoned) => {
                self.poisoned = true;
                self.tell_broken(&poisoned);
                if let Some(culprit) = poisoned.culprit.and_then(|index| edits.get(index)) {
                    self.quarantine(culprit.from, &culprit.incoming.update);
                }
            }
        }
    }

    /// An edit that may not be made is answered here and goes no further.
    fn may_edit(&mut self, edit: &Edit) -> bool {
        let Some(subscriber) = self.subscribers.get_mut(&edit.from) else { return false };
        let step2 = edit.incoming.step2;
        let stored = if !subscriber.access.may_edit() {
            // A SyncStep2 is part of every handshake, also of those who only read.
            step2 && self.state.holds(&edit.incoming.update)
        } else if self.durability.failed.is_some() {
            // Even what is known may be known only from what could not be stored.
            false
        } else {
            return true;
        };
        subscriber.refused |= !stored;
        if !stored {
            let may = subscriber.access.may_edit();
            let cause = if may { Cause::Unwritable } else { Cause::Forbidden };
            self.lease.meter().edits_refused[cause].add(1);
        }
        self.answer_edit(edit.from, step2, stored, false, None);
        false
    }

    /// Answers an edit that the program around the server does not allow, like one of a session that
    /// only reads.
    pub(super) fn turn_down(
        &mut self,
        from: SubscriberId,
        update: &Bytes,
        step2: bool,
        reason: String,
    ) {
        let stored = step2 && self.state.holds(update);
        let Some(subscriber) = self.subscribers.get_mut(&from) else { return };
        subscriber.refused |= !stored;
        if !stored {
            self.lease.meter().edits_refused[Cause::Forbidden].add(1);
            if !subscriber.counts() {
                subscriber.send(&ServerMessage::PermissionDenied(reason));
            }
        }
        self.answer_edit(from, step2, stored, false, None);
    }

    fn on_applied(&mut self, edits: Vec<Edit>, applied: Applied) {
        if !applied.broadcasts.is_empty() {
            self.sync_cache = None;
        }
        let updates: Vec<_> = applied
            .broadcasts
            .into_iter()
            .flat_map(|broadcast| {
                let mut senders = edits[broadcast.members].iter().map(|edit| edit.from);
                let first = senders.next();
                let alone = first.filter(|first| senders.all(|sender| sender == *first));
                in_pieces(broadcast.update).into_iter().map(move |piece| (piece, alone))
            })
            .collect();
        if !updates.is_empty() {
            self.fan_out(updates);
            self.count_batch(&edits);
        }

        let time = self.setup.clock.now();
        let (mut entries, mut permits) = (Vec::new(), Vec::new());
        let mut outcomes = Vec::with_capacity(edits.len());
        for (mut edit, verdict) in edits.into_iter().zip(applied.verdicts) {
            if let Verdict::Applied(update) | Verdict::Incomplete(Some(update)) = &verdict {
                entries.push(Entry { time, author: edit.author, update: update.clone() });
                permits.extend(edit.permit.take());
            }
            outcomes.push((edit.from, edit.incoming.step2, verdict, edit.permit));
        }
        if !entries.is_empty() {
            self.append(entries, permits);
        }
        for (from, step2, verdict, permit) in outcomes {
            self.conclude(from, step2, verdict, permit);
        }
    }

    fn count_batch(&self, edits: &[Edit]) {
        let meter = self.lease.meter();
        meter.batches.add(1);
        let oldest = edits.iter().find_map(|edit| edit.permit.as_ref());
        if let Some(permit) = oldest.filter(|_| self.subscribers.len() > 1) {
            meter.delivery_time.note(permit.since.elapsed());
        }
    }

    pub(super) fn tell_broken(&self, poisoned: &Poisoned) {
        let document = self.lease.name();
        self.lease.meter().note(&DocumentBroken { document, reason: poisoned });
    }

    /// Owes the sender its answer, and asks for what was missing.
    fn conclude(
        &mut self,
        from: SubscriberId,
        step2: bool,
        verdict: Verdict,
        permit: Option<Permit>,
    ) {
        let stored = !matches!(verdict, Verdict::Refused(_));
        // A resync that brought nothing new and is incomplete brought what there is: what its client
        // still lacks was never seen by anybody, so asking again would ask for ever. One that
        // brought something may only have been too much for one turn.
        let ask = match verdict {
            Verdict::Incomplete(None) => !step2,
            Verdict::Incomplete(Some(_)) => true,
            _ => false,
        };
        self.answer_edit(from, step2, stored, ask, permit);
        if let Verdict::Refused(refusal) = verdict {
            self.refuse(from, refusal);
        }
    }

    /// Owes the answer to an edit, after those that a resync held up until it came; all of them wait
    /// on if the rest has to be asked for.
    fn answer_edit(
        &mut self,
        from: SubscriberId,
        step2: bool,
        stored: bool,
        ask: bool,
        permit: Option<Permit>,
    ) {
        let (counted, released) = if step2 { self.settle_step2(from) } else { (true, Vec::new()) };
        if ask {
            self.ask_for_missing(from);
        } else if stored && !step2 {
            self.arrive(from);
        }
        for answer in released {
            match answer {
                answer if stored => self.owe(from, answer, None),
                Answer::Status(_) => self.owe(from, Answer::Status(false), None),
                Answer::Barrier(_) => {}
            }
        }
        if counted && self.subscribers.get(&from).is_some_and(|it| it.counts()) {
            self.owe(from, Answer::Status(stored), permit);
        }
    }

    /// A client that edits before it has answered the first question may be one that never answers;
    /// from here on it hears of what was received, which is all that can be vouched for. What the
    /// edit itself builds on is not missing, or it would not have fitted.
    fn arrive(&mut self, id: SubscriberId) {
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        if std::mem::take(&mut subscriber.arriving) {
            for answer in subscriber.held.take().unwrap_or_default() {
                self.owe(id, answer, None);
            }
        }
    }

    fn refuse(&mut self, from: SubscriberId, refusal: Refusal) {
        let cause = match refusal {
            Refusal::Malformed(_) => Cause::Malformed,
            Refusal::TooLarge { .. } => Cause::TooLarge,
            Refusal::Full { .. } | Refusal::TooManyInside { .. } => Cause::Full,
            Refusal::Retired => Cause::Retired,
        };
        let (document, connection) = (self.lease.name(), &from.connection);
        let told = EditRefused { document, connection, reason: &refusal, cause };
        self.lease.meter().note(&told);
        let reason = match &refusal {
            Refusal::Malformed(_) => return self.strike(from, &refusal),
            Refusal::TooLarge { .. } | Refusal::Full { .. } | Refusal::TooManyInside { .. } => {
                CloseReason::TooLarge(refusal.to_string())
            }
            Refusal::Retired => CloseReason::Replaced,
        };
        let Some(subscriber) = self.subscribers.get(&from) else { return };
        // A Hocuspocus provider reconnects whatever the close code and sends the same again, so it
        // keeps its socket and its unanswered edit; the others can be stopped.
        if !subscriber.counts() {
            subscriber.turn_away(reason);
        }
    }

    /// Counts bytes that no Yjs client writes. The sender is asked for its state, which heals an
    /// honest one, and hears nothing as saved meanwhile.
    pub(super) fn strike(&mut self, id: SubscriberId, refusal: &Refusal) {
        let limit = self.setup.limits.strikes;
        let Some(subscriber) = self.subscribers.get_mut(&id) else { return };
        subscriber.strikes += 1;
        if subscriber.strikes >= limit {
            subscriber.outbox.close(CloseReason::Malformed(refusal.to_string()));
        } else if !subscriber.counts() {
            self.ask_for_missing(id);
        }
    }

    /// Sends away who sent an update that broke the CRDT, and keeps its bytes for the developers.
    fn quarantine(&self, from: SubscriberId, update: &Bytes) {
        let hex: String = update.iter().take(4096).map(|byte| format!("{byte:02x}")).collect();
        let (document, connection) = (self.lease.name(), &from.connection);
        UpdateQuarantined { document, connection, hex: &hex }.note();
        if let Some(subscriber) = self.subscribers.get(&from) {
            let reason = "the update cannot be applied".to_owned();
            subscriber.outbox.close(CloseReason::Malformed(reason));
        }
    }

    /// An edit by the server itself: journalled now, shown to others once it is durable.
    pub(super) fn edit_by_server(
        &mut self,
        update: Bytes,
        author: Arc<Author>,
        expected: Option<Seq>,
        reply: oneshot::Sender<Result<Seq, Unavailable>>,
    ) {
        let refused = Unavailable::Refused;
        if let Some(reason) = &self.durability.failed {
            let _ = reply.send(Err(Unavailable::Unwritable(reason.clone())));
            return;
        }
        // Who could name the entry has read it, so it is durable: whatever is on its way came after.
        if expected.is_some() && self.durability.settled_at() != expected {
            let _ = reply.send(Err(Unavailable::Changed));
            return;
        }
        let before = self.state.state_vector();
        let applied = match self.state.apply(&[Incoming { update, step2: true }]) {
            Ok(applied) => applied,
            Err(poisoned) => {
                self.poisoned = true;
                self.tell_broken(&poisoned);
                let _ = reply.send(Err(refused(poisoned.to_string())));
                return;
            }
        };
        self.sync_cache = None;
        let verdict = applied.verdicts.into_iter().next().unwrap_or(Verdict::Known);
        let (update, outcome) = match verdict {
            Verdict::Applied(update) => (Some(update), Ok(())),
            Verdict::Known => (None, Ok(())),
            Verdict::Incomplete(part) => {
                (part, Err(refused("it depends on edits the document lacks".into())))
            }
            Verdict::Refused(refusal) => (None, Err(refused(refusal.to_string()))),
        };
        if let Some(update) = update {
            let time = self.setup.clock.now();
            self.append(vec![Entry { time, author, update }], Vec::new());
        }
        let updates = applied.broadcasts.into_iter().flat_map(|it| in_pieces(it.update));
        let updates = updates.map(|piece| (piece, None)).collect();
        let position = self.durability.appended;
        self.durability.wait_for(AfterDurable { position, before, updates, outcome, reply });
        self.release_durable();
    }

    /// Greets our own clients with the document's epoch, again when it is born.
    pub(super) fn greet_everyone(&self) {
        for subscriber in self.subscribers.values().filter(|it| it.greet) {
            subscriber.send(&self.hello(subscriber.access, subscriber.open));
        }
    }

    /// What a client of ours must know; `open` tells it that there are no rights to give or to take.
    pub(super) fn hello(&self, access: Access, open: bool) -> ServerMessage {
        ServerMessage::Hello(self.greeting(access, open).to_string())
    }

    /// Tells owners in our own clients that so many requests for access wait.
    pub(super) fn tell_owners(&self, waiting: usize) {
        let listening = self.subscribers.values().filter(|it| it.greet);
        for subscriber in listening.filter(|it| it.access == Access::Owner) {
            let mut hello = self.greeting(subscriber.access, subscriber.open);
            hello["asked"] = waiting.into();
            subscriber.send(&ServerMessage::Hello(hello.to_string()));
        }
    }

    fn greeting(&self, access: Access, open: bool) -> serde_json::Value {
        serde_json::json!({
            "epoch": self.epoch().map(|id| id.to_string()),
            "access": access,
            "open": open,
            "version": env!("CARGO_PKG_VERSION"),
            "app": APP_SCHEMA,
            "largest": self.setup.limits.update_bytes,
        })
    }
}
