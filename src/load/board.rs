//! What was written when, and who has it: the closed loop of a document, shared by its clients.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// A document's edits on their way.
#[derive(Debug)]
pub struct Board {
    lanes: Vec<Lane>,
    /// Who has to have an edit before it is over.
    receivers: u32,
    began: Instant,
}

/// One writer's edits.
#[derive(Debug)]
struct Lane {
    sent: AtomicU64,
    over: AtomicU64,
    slots: Box<[Slot]>,
    room: Notify,
}

/// An edit on its way. Slots are used again: as many as may be on their way, and some.
#[derive(Debug, Default)]
struct Slot {
    /// Its number and one; zero for none.
    number: AtomicU64,
    at: AtomicU64,
    missing: AtomicU32,
}

impl Board {
    /// For so many writers with so many edits on their way each, which `receivers` wait for.
    #[must_use]
    pub fn new(writers: usize, on_their_way: usize, receivers: u32, began: Instant) -> Self {
        let lane = || Lane {
            sent: AtomicU64::new(0),
            over: AtomicU64::new(0),
            slots: (0..on_their_way.next_power_of_two()).map(|_| Slot::default()).collect(),
            room: Notify::new(),
        };
        Self { lanes: (0..writers).map(|_| lane()).collect(), receivers, began }
    }

    /// Notes that a writer's next edit leaves now; gives its number. `None` when as many are on
    /// their way as there may be.
    #[must_use]
    pub fn send(&self, writer: usize, most: usize) -> Option<u64> {
        let lane = &self.lanes[writer];
        let number = lane.sent.load(Relaxed);
        if self.on_their_way(writer) >= (most as u64).min(lane.slots.len() as u64) {
            return None;
        }
        let slot = lane.slot(number);
        slot.at.store(self.now(), Relaxed);
        slot.missing.store(self.receivers.max(1), Relaxed);
        slot.number.store(number + 1, Relaxed);
        lane.sent.store(number + 1, Relaxed);
        Some(number)
    }

    /// Notes that one more has an edit; gives how long it took, unless that is not known any more.
    pub fn received(&self, writer: usize, number: u64) -> Option<Duration> {
        let lane = self.lanes.get(writer)?;
        let slot = lane.slot(number);
        if slot.number.load(Relaxed) != number + 1 {
            return None;
        }
        let took = self.now().saturating_sub(slot.at.load(Relaxed));
        if slot.missing.fetch_sub(1, Relaxed) == 1 {
            slot.number.store(0, Relaxed);
            lane.over.fetch_add(1, Relaxed);
            lane.room.notify_one();
        }
        Some(Duration::from_nanos(took))
    }

    /// Resolves when a writer may look again whether there is room.
    pub async fn room(&self, writer: usize) {
        self.lanes[writer].room.notified().await;
    }

    /// How many edits a writer has sent.
    #[must_use]
    pub fn sent(&self, writer: usize) -> u64 {
        self.lanes.get(writer).map_or(0, |lane| lane.sent.load(Relaxed))
    }

    /// How many edits of a writer not everybody has.
    #[must_use]
    pub fn on_their_way(&self, writer: usize) -> u64 {
        let lane = &self.lanes[writer];
        lane.sent.load(Relaxed).saturating_sub(lane.over.load(Relaxed))
    }

    /// How many writers there are.
    #[must_use]
    pub fn writers(&self) -> usize {
        self.lanes.len()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Lane {
    fn slot(&self, number: u64) -> &Slot {
        &self.slots[(number % self.slots.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_writer_waits_until_everybody_has_an_edit() {
        let board = Board::new(1, 2, 2, Instant::now());
        assert_eq!(board.send(0, 2), Some(0));
        assert_eq!(board.send(0, 2), Some(1));
        assert_eq!(board.send(0, 2), None, "two are on their way");
        assert!(board.received(0, 0).is_some());
        assert_eq!(board.send(0, 2), None, "one of two has it");
        assert!(board.received(0, 0).is_some());
        board.room(0).await;
        assert_eq!(board.send(0, 2), Some(2));
        assert_eq!((board.sent(0), board.on_their_way(0)), (3, 2));
    }

    #[tokio::test]
    async fn what_comes_again_counts_once() {
        let board = Board::new(2, 1, 1, Instant::now());
        assert_eq!(board.send(1, 1), Some(0));
        assert!(board.received(1, 0).is_some());
        assert_eq!(board.received(1, 0), None);
        assert_eq!(board.received(1, 7), None, "never sent");
        assert_eq!(board.received(9, 0), None, "nobody");
        assert_eq!(board.on_their_way(1), 0);
    }
}
