//! One client of a measurement: joins, writes if it is a writer, counts what comes, and keeps it.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, Sleep, sleep_until, timeout},
};

use super::{
    board::Board,
    converge::End,
    dialect::{Acknowledged, Heard, Line},
    edits::presence,
    error::Failed,
    histogram::Histogram,
    inbox::{Inbox, Room},
    plan::{Awaited, Pace, Plan},
    script::Script,
};
use crate::client::wire::Wire;

/// Time to be brought in step, the wait for one's turn to dial included.
const JOIN_TIMEOUT: Duration = Duration::from_secs(120);

/// How far the measurement is; each step includes those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Clients connect.
    Joining,
    /// Writers write.
    Writing,
    /// Writers have stopped; what is on its way arrives.
    Arriving,
    /// Slow readers read all they left.
    CatchingUp,
    /// Clients hang up.
    Over,
}

/// What all clients share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) began: Instant,
    pub(super) joined: AtomicUsize,
    pub(super) failed: AtomicBool,
    pub(super) delivered: AtomicU64,
    pub(super) acknowledged: AtomicU64,
    /// Nanoseconds after `began` at which something arrived last.
    pub(super) latest: AtomicU64,
    /// Edits that slow readers have seen.
    pub(super) caught_up: AtomicU64,
    pub(super) dialling: Semaphore,
    pub(super) room: Room,
}

/// A client before it runs.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) shared: Arc<Shared>,
    pub(super) line: Line,
    pub(super) board: Arc<Board>,
    pub(super) script: Arc<Script>,
    /// Its number among the writers of its document.
    pub(super) writer: Option<usize>,
    /// Reads nothing while others do.
    pub(super) slow: bool,
    /// Under which it shows its presence.
    pub(super) id: u64,
    /// Shifts it against the others, so that not all write at once.
    pub(super) shift: f64,
}

/// What one client found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) end: End,
    pub(super) delivery: Histogram,
    pub(super) acknowledged: Histogram,
    pub(super) joined: Duration,
    pub(super) frames: u64,
    pub(super) bytes: u64,
}

/// A client at work.
struct Work {
    member: Member,
    wire: Wire,
    found: Found,
    /// What is to be acknowledged: edits with their numbers, and what was answered.
    unanswered: VecDeque<(Option<u64>, Instant)>,
    /// How often it showed its presence.
    shown: u64,
    /// What was found in a frame; kept for its memory.
    edits: Vec<(usize, u64)>,
}

enum Event {
    Frame(Bytes),
    Tick,
    Presence,
    Room,
    Phase,
}

impl Member {
    /// Runs until the measurement is over or the connection is gone.
    pub(super) async fn run(self) -> Result<Found, Failed> {
        let shared = Arc::clone(&self.shared);
        let writers = self.board.writers();
        let inbox = Inbox::new(writers, shared.room.clone());
        let mut found = Found {
            end: End { inbox, expected: 0, gone: None },
            delivery: Histogram::default(),
            acknowledged: Histogram::default(),
            joined: Duration::ZERO,
            frames: 0,
            bytes: 0,
        };
        let joining = async {
            let _permit = shared.dialling.acquire().await;
            join(&self.line, &mut found).await
        };
        let silent = Failed::Silent(JOIN_TIMEOUT.as_secs());
        let joined = timeout(JOIN_TIMEOUT, joining).await.map_err(|_| silent).and_then(|it| it);
        let (wire, answers) = match joined {
            Ok(joined) => joined,
            Err(error) => {
                shared.failed.store(true, Relaxed);
                return Err(error);
            }
        };
        shared.joined.fetch_add(1, Relaxed);
        let unanswered = (0..answers).map(|_| (None, Instant::now())).collect();
        Ok(Work { member: self, wire, found, unanswered, shown: 0, edits: Vec::new() }.run().await)
    }
}

/// Connects and waits until the client is in step; also gives how many of its answers are yet to be
/// acknowledged.
async fn join(line: &Line, found: &mut Found) -> Result<(Wire, usize), Failed> {
    let dialled = Instant::now();
    let mut wire = Wire::connect(&line.url).await?;
    for frame in line.opening() {
        wire.send(frame)?;
    }
    let mut answers = 0;
    loop {
        let frame = wire.receive().await?;
        // What the client makes of a frame is not the server's time.
        found.joined = dialled.elapsed();
        found.bytes += frame.len() as u64;
        found.frames += 1;
        match line.hear(&frame)? {
            Heard::Question => {
                answers += usize::from(line.counts_answers());
                wire.send(line.nothing())?;
            }
            Heard::Saved(_) => answers = answers.saturating_sub(1),
            Heard::State(update) => {
                found.end.inbox.keep(&update);
                wire.flush().await?;
                return Ok((wire, answers));
            }
            Heard::Edit(update) => found.end.inbox.keep(&update),
            Heard::Refused(why) => return Err(Failed::Refused(why)),
            Heard::Other => {}
        }
    }
}

/// Resolves when a writer may look again whether there is room; never for a reader.
async fn room_of(board: Arc<Board>, writer: Option<usize>) {
    match writer {
        Some(writer) => board.room(writer).await,
        None => std::future::pending().await,
    }
}

/// Resolves when the phase is another one, or nobody is there to say so.
async fn change_of(mut phases: watch::Receiver<Phase>) {
    let _or_over = phases.changed().await;
}

impl Work {
    async fn run(mut self) -> Found {
        if let Err(gone) = self.work().await {
            self.found.end.gone = Some(gone.to_string());
        }
        let Self { member, wire, mut found, .. } = self;
        let own = member.writer.map_or(0, |writer| member.board.sent(writer));
        let all: u64 = (0..member.board.writers()).map(|it| member.board.sent(it)).sum();
        found.end.expected = all - own;
        if found.end.gone.is_none() {
            wire.close().await;
        }
        found
    }

    async fn work(&mut self) -> Result<(), Failed> {
        let shared = Arc::clone(&self.member.shared);
        let mut phases = shared.phase.subscribe();
        if self.member.slow {
            let _closed = phases.wait_for(|phase| *phase >= Phase::CatchingUp).await;
        }
        let mut phase = *phases.borrow_and_update();
        let (board, writer) = (Arc::clone(&self.member.board), self.member.writer);
        let mut room = Box::pin(room_of(Arc::clone(&board), writer));
        let mut changed = Box::pin(change_of(phases.clone()));
        let mut tick: Option<Pin<Box<Sleep>>> = None;
        let mut presence = self.presence_timer();
        while phase < Phase::Over {
            let event = poll_fn(|context| {
                self.poll(context, &mut room, &mut changed, tick.as_mut(), presence.as_mut())
            })
            .await?;
            match event {
                Event::Frame(frame) => self.hear(&frame)?,
                Event::Phase => {
                    phase = *phases.borrow_and_update();
                    changed.set(change_of(phases.clone()));
                    if phase == Phase::Writing {
                        tick = self.first_tick();
                        self.write_window()?;
                    }
                }
                Event::Room => {
                    room.set(room_of(Arc::clone(&board), writer));
                    if phase == Phase::Writing {
                        self.write_window()?;
                    }
                }
                Event::Tick => {
                    if phase == Phase::Writing {
                        self.write_one()?;
                    }
                    tick = self.next_tick(tick);
                }
                Event::Presence => {
                    self.show_presence()?;
                    presence = self.presence_timer();
                }
            }
        }
        Ok(())
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        room: &mut Pin<Box<impl Future<Output = ()>>>,
        changed: &mut Pin<Box<impl Future<Output = ()>>>,
        tick: Option<&mut Pin<Box<Sleep>>>,
        presence: Option<&mut Pin<Box<Sleep>>>,
    ) -> Poll<Result<Event, Failed>> {
        if let Poll::Ready(frame) = self.wire.poll_receive(context) {
            return Poll::Ready(Ok(Event::Frame(frame?)));
        }
        if changed.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(Event::Phase));
        }
        if self.member.writer.is_some() && room.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(Event::Room));
        }
        if tick.is_some_and(|tick| tick.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Ok(Event::Tick));
        }
        if presence.is_some_and(|it| it.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Ok(Event::Presence));
        }
        Poll::Pending
    }

    fn hear(&mut self, frame: &Bytes) -> Result<(), Failed> {
        self.found.frames += 1;
        self.found.bytes += frame.len() as u64;
        let came = self.now();
        match self.member.line.hear(frame)? {
            Heard::Edit(update) | Heard::State(update) => self.take(&update, came),
            Heard::Question => {
                if self.member.line.counts_answers() {
                    self.unanswered.push_back((None, Instant::now()));
                }
                self.wire.send(self.member.line.nothing())?;
            }
            Heard::Saved(which) => self.acknowledged(which, came),
            Heard::Refused(why) => return Err(Failed::Refused(why)),
            Heard::Other => {}
        }
        Ok(())
    }

    fn take(&mut self, update: &Bytes, came: u64) {
        let mut edits = std::mem::take(&mut self.edits);
        self.member.script.edits_in(update, |writer, number| edits.push((writer, number)));
        // Some servers send everything back to who wrote it, where it is known already.
        let is_own = |edit: &(usize, u64)| Some(edit.0) == self.member.writer;
        if edits.is_empty() || !edits.iter().all(is_own) {
            self.found.end.inbox.keep(update);
        }
        let mut any = false;
        for (writer, number) in edits.drain(..) {
            any |= self.see(writer, number);
        }
        self.edits = edits;
        if any {
            self.arrived(came);
        }
    }

    /// Notes an edit of somebody else; whether it is new.
    fn see(&mut self, writer: usize, number: u64) -> bool {
        if self.member.writer == Some(writer) || !self.found.end.inbox.see(writer, number) {
            return false;
        }
        let shared = &self.member.shared;
        if self.member.slow {
            shared.caught_up.fetch_add(1, Relaxed);
            return true;
        }
        shared.delivered.fetch_add(1, Relaxed);
        if shared.plan.awaited == Awaited::Delivery
            && let Some(took) = self.member.board.received(writer, number)
        {
            self.found.delivery.record(took);
        }
        true
    }

    fn acknowledged(&mut self, which: Acknowledged, came: u64) {
        let Some(writer) = self.member.writer else { return };
        while let Some((number, at)) = self.unanswered.front().copied() {
            if matches!((which, number), (Acknowledged::UpTo(last), Some(it)) if it > last) {
                break;
            }
            self.unanswered.pop_front();
            if let Some(number) = number {
                self.found.acknowledged.record(at.elapsed());
                self.member.shared.acknowledged.fetch_add(1, Relaxed);
                if self.member.shared.plan.awaited == Awaited::Acknowledgement {
                    self.member.board.received(writer, number);
                }
                self.arrived(came);
            }
            if which == Acknowledged::Next {
                break;
            }
        }
    }

    /// Nanoseconds of the measurement.
    fn now(&self) -> u64 {
        u64::try_from(self.member.shared.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that something arrived then.
    fn arrived(&self, came: u64) {
        self.member.shared.latest.fetch_max(came, Relaxed);
    }

    /// Writes as much as may be on its way.
    fn write_window(&mut self) -> Result<(), Failed> {
        if let Pace::Window(_) = self.member.shared.plan.pace {
            while self.write_one()? {}
        }
        Ok(())
    }

    /// Writes one edit, if there is one and room for it.
    fn write_one(&mut self) -> Result<bool, Failed> {
        let plan = &self.member.shared.plan;
        let Some(writer) = self.member.writer else { return Ok(false) };
        let sent = self.member.board.sent(writer);
        if self.member.script.is_over(sent) {
            return Ok(false);
        }
        let Some(number) = self.member.board.send(writer, plan.on_their_way()) else {
            return Ok(false);
        };
        let update = self.member.script.edit(writer, number);
        self.found.end.inbox.keep(&update);
        self.wire.send(self.member.line.edit(&update))?;
        if plan.asks_for_acknowledgement {
            self.unanswered.push_back((Some(number), Instant::now()));
            if let Some(question) = self.member.line.question(number) {
                self.wire.send(question)?;
            }
        }
        Ok(true)
    }

    fn first_tick(&self) -> Option<Pin<Box<Sleep>>> {
        let Pace::Rate(rate) = self.member.shared.plan.pace else { return None };
        let pause = Duration::from_secs_f64(self.member.shift / rate);
        self.member.writer.map(|_| Box::pin(sleep_until(Instant::now() + pause)))
    }

    /// Due a whole pause after it was due before, however late it came.
    fn next_tick(&self, tick: Option<Pin<Box<Sleep>>>) -> Option<Pin<Box<Sleep>>> {
        let Pace::Rate(rate) = self.member.shared.plan.pace else { return None };
        let mut tick = tick?;
        let due = tick.deadline() + Duration::from_secs_f64(1.0 / rate);
        tick.as_mut().reset(due);
        Some(tick)
    }

    fn presence_timer(&self) -> Option<Pin<Box<Sleep>>> {
        let every = self.member.shared.plan.presence?;
        let shifted = every.mul_f64(0.5 + self.member.shift);
        Some(Box::pin(sleep_until(Instant::now() + shifted)))
    }

    fn show_presence(&mut self) -> Result<(), Failed> {
        self.shown += 1;
        let states = presence(self.member.id, self.shown);
        self.wire.send(self.member.line.presence(&states))?;
        Ok(())
    }
}
