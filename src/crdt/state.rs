//! A live document: apply updates in batches, answer state vectors, encode the whole.

use std::{
    cell::{Cell, RefCell},
    fmt,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;

use super::{
    admission::{Admitted, admit, continued, is_retired},
    deferred::Deferred,
    engine::{Broken, Change, Decoded, Engine},
    index::Index,
    order::Frontier,
    parser::{Update, parse_state_vector},
    size::Size,
    verdict::{Applied, Bounds, Broadcast, Incoming, Poisoned, Refusal, Verdict},
    writer::encode_clocks,
};
use crate::{clock::Clock, ids::ClientId, limits, telemetry::warnings::UpdateCut};

/// Updates per transaction when loading; fewer cost more transactions, more cost long block lists.
const LOAD_BATCH: usize = 256;

/// One message, or batch of live ones, is applied for about this long at a time.
const APPLY_FOR: Duration = Duration::from_secs(1);

/// A full document may grow by this part of its bound through deletions.
const DELETE_SLACK: usize = 4;

/// The update that changes nothing.
pub(super) const EMPTY: &[u8] = &[0, 0];

/// Bytes per transaction when loading, so that what is decoded and not yet applied stays small.
const LOAD_BATCH_BYTES: usize = 1 << 20;

/// A document in memory. Belongs to one thread with a large stack: the CRDT recurses over shared
/// types inside each other (at most [`limits::TYPE_DEPTH`] deep) and over clients of an update.
pub struct DocumentState {
    pub(super) engine: Engine,
    pub(super) index: Index,
    /// Tells when applying took too long, if anybody should look.
    clock: Option<Arc<dyn Clock>>,
    client: ClientId,
    bounds: Bounds,
    /// In order.
    retired: Arc<[u64]>,
    pub(super) size: Cell<Size>,
    /// The encoded state vector, until the next change.
    pub(super) vector: RefCell<Option<Bytes>>,
    /// What is stored and still to be loaded.
    pub(super) deferred: Option<Box<Deferred>>,
}

/// What was found of a message.
enum Considered {
    /// There is nothing to apply.
    Nothing,
    /// It can only be told once what was admitted before is applied.
    Later,
    /// There is something to apply.
    Now(Member),
}

/// An admitted message on its way into a transaction.
struct Member {
    index: usize,
    admitted: Admitted,
    decoded: Decoded,
}

impl fmt::Debug for DocumentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentState")
            .field("client", &self.client)
            .field("clients", &self.index.clients().len())
            .finish_non_exhaustive()
    }
}

impl DocumentState {
    /// An empty document; `client` is the server's own id in it, `retired` are client ids of
    /// earlier lives whose edits are refused.
    #[must_use]
    pub fn new(client: ClientId, bounds: Bounds, mut retired: Arc<[u64]>) -> Self {
        if !retired.is_sorted() {
            // Looked up for every client of an update.
            let mut sorted = retired.to_vec();
            sorted.sort_unstable();
            retired = sorted.into();
        }
        Self {
            engine: Engine::new(client),
            index: Index::default(),
            clock: None,
            client,
            bounds,
            retired,
            size: Cell::default(),
            vector: RefCell::default(),
            deferred: None,
        }
    }

    /// Bounds how long one message may keep the thread: some cost the CRDT quadratic time, such as
    /// thousands of items inserted at one place. What was applied by then is kept and the verdict is
    /// [`Verdict::Incomplete`], so that an honest sender is asked for the rest.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Applies stored updates (a snapshot, then entries), several per transaction.
    ///
    /// # Errors
    /// When one cannot be read or leaves the document incomplete: what was stored is damaged. The
    /// document must then be dropped.
    pub fn load<'a>(&mut self, updates: impl Iterator<Item = &'a [u8]>) -> Result<(), String> {
        let (mut decoded, mut bytes) = (Vec::new(), 0);
        for (number, stored) in updates.enumerate() {
            let blame =
                |reason: &str| format!("stored update {number} cannot be applied: {reason}");
            let stored = Bytes::copy_from_slice(stored);
            let update = Update::parse(&stored).map_err(|malformed| blame(malformed.0))?;
            let admitted =
                admit(&stored, &update, &mut self.index).map_err(|malformed| blame(malformed.0))?;
            if !admitted.complete {
                return Err(blame("something it depends on is missing"));
            }
            self.engine.note_documents(self.index.keep());
            let clients = update.sections.len();
            let Some(update) = admitted.update else { continue };
            bytes += update.len();
            self.size.set(self.size.get().changed(update.len()));
            decoded.extend(Engine::decode_whole(&update, clients).map_err(blame)?);
            if decoded.len() >= LOAD_BATCH || bytes >= LOAD_BATCH_BYTES {
                self.load_batch(std::mem::take(&mut decoded))?;
                bytes = 0;
            }
        }
        self.load_batch(decoded)?;
        self.pardon();
        Ok(())
    }

    /// Who wrote in this life is welcome in it, although it may be retired under its name: documents
    /// are renamed back and restored from copies.
    fn pardon(&mut self) {
        let stays = |client: &u64| self.index.end(*client) == 0;
        if !self.retired.iter().all(stays) {
            self.retired = self.retired.iter().copied().filter(stays).collect();
        }
    }

    fn load_batch(&mut self, decoded: Decoded) -> Result<(), String> {
        self.vector.take();
        if decoded.is_empty() {
            return Ok(());
        }
        match self.engine.apply(vec![decoded], false, &|| false) {
            Ok(Change { pending: false, .. }) => Ok(()),
            Ok(_) => Err("stored updates left something pending".into()),
            Err(broken) => Err(format!("stored updates broke the document: {}", broken.reason)),
        }
    }

    /// Admits and applies messages in order.
    ///
    /// # Errors
    /// When the CRDT panicked; see [`Poisoned`].
    pub fn apply(&mut self, incoming: &[Incoming]) -> Result<Applied, Poisoned> {
        self.load_before(incoming)?;
        let mut applied =
            Applied { verdicts: vec![Verdict::Known; incoming.len()], broadcasts: Vec::new() };
        let mut batch: Vec<Member> = Vec::new();
        for (index, message) in incoming.iter().enumerate() {
            let alone = |member: &Member| message.step2 || !member.admitted.inserts;
            let mut considered = self.consider(index, message, batch.is_empty(), &mut applied);
            if let Considered::Later = considered {
                self.commit(std::mem::take(&mut batch), false, &mut applied)?;
                considered = self.consider(index, message, true, &mut applied);
            }
            let Considered::Now(mut member) = considered else { continue };
            if alone(&member) || batch.len() == limits::BATCH_UPDATES {
                let whole = self.commit(std::mem::take(&mut batch), false, &mut applied)?;
                if !whole {
                    // It was admitted on top of what then was not applied.
                    let again = self.consider(index, message, true, &mut applied);
                    let Considered::Now(again) = again else { continue };
                    member = again;
                }
            }
            if alone(&member) {
                self.commit(vec![member], message.step2, &mut applied)?;
            } else {
                batch.push(member);
            }
        }
        self.commit(batch, false, &mut applied)?;
        Ok(applied)
    }

    /// Applies an update that the server itself brings, such as a copy or a backup: it may hold edits
    /// of client ids that are retired for everybody else.
    ///
    /// # Errors
    /// When the CRDT panicked; see [`Poisoned`].
    pub fn apply_own(&mut self, update: Bytes) -> Result<Applied, Poisoned> {
        let retired = std::mem::take(&mut self.retired);
        let applied = self.apply(&[Incoming { update, step2: true }]);
        self.retired = retired;
        self.pardon();
        applied
    }

    /// Whether so many bytes more, which are no deletions, fit into the document.
    #[must_use]
    pub fn has_room_for(&self, bytes: usize) -> bool {
        let limit = self.bounds.document_bytes;
        if self.size.get().exceeds(limit, bytes) && self.size.get().is_stale(limit) {
            self.size.set(self.size.get().measured(self.engine.encode().len()));
        }
        !self.size.get().exceeds(limit, bytes)
    }

    /// Admits one message; if there is something to apply, its verdict comes with that. `settled` says
    /// that all that was admitted before is applied.
    fn consider(
        &mut self,
        index: usize,
        message: &Incoming,
        settled: bool,
        applied: &mut Applied,
    ) -> Considered {
        let (verdict, member) = match self.admit(index, message, settled) {
            Ok(None) => return Considered::Later,
            Err(refusal) => (Verdict::Refused(refusal), None),
            Ok(Some(member)) if member.admitted.complete => (Verdict::Known, Some(member)),
            Ok(Some(member)) => (Verdict::Incomplete(None), Some(member)),
        };
        applied.verdicts[index] = verdict;
        let member = member.filter(|member| member.admitted.update.is_some());
        member.map_or(Considered::Nothing, Considered::Now)
    }

    /// Admits one message, or gives none if that can only be told once everything before it is applied.
    fn admit(
        &mut self,
        index: usize,
        message: &Incoming,
        settled: bool,
    ) -> Result<Option<Member>, Refusal> {
        let bytes = message.update.len();
        let limit =
            if message.step2 { self.bounds.document_bytes } else { self.bounds.update_bytes };
        if bytes > limit {
            return Err(Refusal::TooLarge { bytes, limit });
        }
        let update = Update::parse(&message.update)?;
        if is_retired(&update, &self.index, &self.retired) {
            return Err(Refusal::Retired);
        }
        let continued = continued(&update, &self.index);
        if !continued.is_empty() && !settled {
            return Ok(None);
        }
        if !continued.iter().all(|it| self.goes_on(it)) {
            return Err(Refusal::Malformed("a block goes on otherwise than it began"));
        }
        let admitted = admit(&message.update, &update, &mut self.index)?;
        let decoded = Engine::decode(admitted.update.as_deref().unwrap_or_default());
        let checked = decoded.map_err(Refusal::Malformed).and_then(|decoded| {
            self.check_documents()?;
            self.check_size(&admitted)?;
            Ok(decoded)
        });
        match checked {
            Ok(decoded) => {
                self.engine.note_documents(self.index.keep());
                Ok(Some(Member { index, admitted, decoded }))
            }
            Err(refusal) => {
                self.index.revert();
                Err(refusal)
            }
        }
    }

    fn check_documents(&mut self) -> Result<(), Refusal> {
        let (new, limit) = (self.index.new_documents(), limits::DOCUMENTS_INSIDE);
        let fits = |there: usize| there.saturating_add(new) <= limit;
        if new == 0 || fits(self.engine.documents()) || fits(self.engine.count_documents()) {
            return Ok(());
        }
        Err(Refusal::TooManyInside { limit })
    }

    fn check_size(&self, admitted: &Admitted) -> Result<(), Refusal> {
        let mut limit = self.bounds.document_bytes;
        if !admitted.inserts {
            // Deletions may go on, but holes take room too: every second letter of a long text.
            limit += limit / DELETE_SLACK;
        }
        let added = admitted.update.as_ref().map_or(0, Bytes::len);
        let over = || self.size.get().exceeds(limit, added);
        if over() && self.size.get().is_stale(limit) {
            self.size.set(self.size.get().measured(self.engine.encode().len()));
        }
        if over() {
            return Err(Refusal::Full { limit });
        }
        self.size.set(self.size.get().admitted(added));
        Ok(())
    }

    /// Applies messages in one transaction and says what became of them; returns whether they were
    /// applied whole.
    fn commit(
        &mut self,
        mut members: Vec<Member>,
        step2: bool,
        applied: &mut Applied,
    ) -> Result<bool, Poisoned> {
        let (Some(first), Some(last)) = (members.first(), members.last()) else { return Ok(true) };
        let range = first.index..last.index + 1;
        self.vector.take();
        self.size.set(self.size.get().settled());
        let decoded = members.iter_mut().map(|m| std::mem::take(&mut m.decoded)).collect();
        let clock = self.clock.clone();
        let end = clock.as_ref().map(|clock| clock.elapsed() + APPLY_FOR);
        let stop = || clock.as_ref().map(|clock| clock.elapsed()) > end;
        let change = self
            .engine
            .apply(decoded, step2 || members.len() > 1, &stop)
            .map_err(|broken| self.poison(broken, &members))?;
        if change.pending {
            self.salvage(&members, change.update, applied);
            return Ok(false);
        }
        if !change.any {
            return Ok(true);
        }
        let mut broadcast = change.update;
        let together = members.len() > 1;
        for member in members {
            let own = member.admitted.update.unwrap_or_default();
            let entry = if step2 { broadcast.clone() } else { own };
            if !together {
                broadcast = entry.clone();
            }
            self.size.set(self.size.get().changed(member.admitted.weight));
            applied.verdicts[member.index] = if member.admitted.complete {
                Verdict::Applied(entry)
            } else {
                Verdict::Incomplete(Some(entry))
            };
        }
        applied.broadcasts.push(Broadcast { update: broadcast, members: range });
        Ok(true)
    }

    /// The time was over, or (as a belt) the library left something pending that admission let pass.
    /// What was integrated is kept as the first member's entry.
    fn salvage(&mut self, members: &[Member], integrated: Bytes, applied: &mut Applied) {
        UpdateCut { edits: &members.len() }.note();
        for member in members {
            applied.verdicts[member.index] = Verdict::Incomplete(None);
        }
        self.rebuild_index();
        if let [first, ..] = members
            && integrated != EMPTY
        {
            applied.verdicts[first.index] = Verdict::Incomplete(Some(integrated.clone()));
            let range = first.index..members[members.len() - 1].index + 1;
            applied.broadcasts.push(Broadcast { update: integrated, members: range });
        }
    }

    /// Counts again from what the library holds.
    fn rebuild_index(&mut self) {
        let state = Bytes::from(self.engine.encode());
        self.index = Index::default();
        if let Ok(update) = Update::parse(&state)
            && admit(&state, &update, &mut self.index).is_ok()
        {
            self.engine.note_documents(self.index.keep());
        }
    }

    fn poison(&mut self, broken: Broken, members: &[Member]) -> Poisoned {
        self.index = Index::default();
        let culprit = broken.culprit.map(|position| members[position].index);
        Poisoned { culprit, reason: broken.reason }
    }

    /// The state vector, encoded (version 1).
    #[must_use]
    pub fn state_vector(&self) -> Bytes {
        self.vector
            .borrow_mut()
            .get_or_insert_with(|| encode_clocks(self.index.clients().collect()))
            .clone()
    }

    /// What a peer with this state vector lacks, as one update with the whole delete set.
    ///
    /// # Errors
    /// When the state vector is malformed.
    pub fn diff(&self, state_vector: &[u8]) -> Result<Bytes, Refusal> {
        let clocks = parse_state_vector(state_vector)?;
        let known = clocks.into_iter().filter_map(|(client, clock)| {
            let clock = clock.min(self.index.end(client));
            (clock > 0).then_some((client, clock))
        });
        let diff = self.engine.diff(known);
        diff.map(Bytes::from).ok_or(Refusal::Malformed("its state vector cannot be answered"))
    }

    /// The whole state as one update, checked by decoding it into a fresh document.
    ///
    /// # Errors
    /// When it does not decode to the same state, or is not loaded; then it must not be stored.
    pub fn snapshot(&self) -> Result<Bytes, String> {
        if self.is_deferred() {
            return Err("it has not been loaded yet".into());
        }
        let state = self.engine.snapshot()?;
        self.size.set(self.size.get().measured(state.len()));
        Ok(state.into())
    }

    /// Client ids that have written in the document.
    #[must_use]
    pub fn clients(&self) -> Vec<u64> {
        self.index.clients().map(|(client, _)| client).collect()
    }

    /// The text of a root of that name and type `Y.Text`; empty when there is none.
    #[must_use]
    pub fn text(&mut self, root: &str) -> String {
        self.engine.text(root)
    }

    /// The clocks as admission counts them.
    #[cfg(test)]
    pub(super) fn index_clocks(&self) -> Vec<(u64, u32)> {
        let mut clocks: Vec<_> = self.index.clients().collect();
        clocks.sort_unstable();
        clocks
    }

    /// How many runs the index of depths has.
    #[cfg(test)]
    pub(super) fn index_runs(&self) -> usize {
        self.index.runs()
    }

    /// The encoded state, and the clocks as the library counts them.
    #[cfg(test)]
    pub(super) fn engine_state(&self) -> (Vec<u8>, Vec<(u64, u32)>) {
        let mut clocks = self.engine.clocks();
        clocks.sort_unstable();
        (self.engine.encode(), clocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_admission_overlooked_is_dropped_and_the_rest_stays() {
        let bounds = Bounds { update_bytes: 1000, document_bytes: 1000 };
        let mut document = DocumentState::new(ClientId(99), bounds, Arc::from([]));
        let honest = Bytes::from_static(&[1, 1, 5, 0, 4, 1, 1, b't', 1, b'x', 0]);
        let waits = [1, 1, 6, 0, 0x84, 7, 9, 1, b'y', 0];
        let mut member = |index, decoded: &[u8]| {
            let incoming = Incoming { update: honest.clone(), step2: false };
            let member = document.admit(index, &incoming, true).expect("it is honest");
            let member = member.expect("all before it is applied");
            Member { decoded: Engine::decode(decoded).expect("it decodes"), ..member }
        };
        let members = vec![member(0, &honest), member(1, &waits)];
        let verdicts = vec![Verdict::Known; 2];
        let mut applied = Applied { verdicts, broadcasts: Vec::new() };
        document.commit(members, false, &mut applied).expect("the document stays whole");
        let kept = Verdict::Incomplete(Some(honest.clone()));
        assert_eq!(applied.verdicts, [kept, Verdict::Incomplete(None)]);
        assert_eq!(applied.broadcasts, [Broadcast { update: honest, members: 0..2 }]);
        assert_eq!(&document.state_vector()[..], [1, 5, 1]);
    }
}
