//! What goes wrong in a history: connections, disks, processes and machines.

use coscribe::random::Random;

use crate::{mistake::Mistake, world::World};

impl World {
    /// Perhaps something breaks, for somebody or for all.
    pub(crate) fn trouble(&mut self, who: usize) {
        let options = self.options.clone();
        if Self::chance(&self.network, options.drops, 1000) {
            self.disconnect(who);
        }
        if Self::chance(&self.network, options.stalls, 1000) {
            self.stall(who);
        }
        if Self::chance(&self.network, options.vanishings, 1000)
            && let Some(line) = self.disconnect(who)
        {
            self.trace.note(format!("{} that was without a word", self.now));
            self.lines.vanished.push(line);
        }
        if Self::chance(&self.faults, options.crashes, 1000) {
            self.crash();
        }
        if Self::chance(&self.faults, options.disk_faults, 1000) {
            self.spoil_the_disk();
        }
        if Self::chance(&self.faults, options.clock_jumps, 1000) {
            self.host.clock.jump(self.faults.below(u64::MAX));
        }
    }

    /// Somebody does not read for a while.
    fn stall(&mut self, who: usize) {
        let until = self.now + 20 + self.network.below(400);
        let Some(line) = self.lines.line_of(who) else { return };
        line.stalled_until = until;
        line.forgets = self.mistake == Some(Mistake::QueueDropped);
        self.trace.note(format!("{} {who} stalls", self.now));
    }

    /// The process ends, or the machine, at once or at some operation of the disk that is to come.
    fn crash(&mut self) {
        match self.faults.below(3) {
            0 => {
                self.trace.note(format!("{} the process is killed", self.now));
                self.host.kill();
                self.start_again();
            }
            1 => self.lose_power(),
            _ => {
                let at = self.host.disk.operations() + 1 + self.faults.below(20);
                self.trace.note(format!("{} the power will go at operation {at}", self.now));
                self.host.disk.set(|faults| faults.power_off_at = Some(at));
            }
        }
    }

    fn lose_power(&mut self) {
        self.trace.note(format!("{} the power goes", self.now));
        self.host.cut_power(&self.faults);
        self.start_again();
    }

    /// What was on its way to people when the server ended may still arrive; then all are alone.
    fn start_again(&mut self) {
        self.hear_the_last();
        for who in 0..self.people.len() {
            self.disconnect(who);
        }
        self.lines.vanished.clear();
        self.liars.iter_mut().for_each(|liar| liar.line = None);
        self.start();
    }

    /// A write or a sync fails soon, or there is hardly any room.
    fn spoil_the_disk(&mut self) {
        let (disk, soon) = (&self.host.disk, 1 + self.faults.below(6));
        let kind = self.faults.below(3);
        self.trace.note(format!("{} the disk fails in way {kind}", self.now));
        match kind {
            0 => {
                let at = disk.writes() + soon;
                disk.set(|faults| faults.write_error_at = Some(at));
            }
            1 => {
                let at = disk.syncs() + soon;
                disk.set(|faults| faults.sync_error_at = Some(at));
            }
            _ => {
                let used: usize = disk.files().values().map(Vec::len).sum();
                let room = used as u64 + self.faults.below(3000);
                disk.set(|faults| faults.capacity = Some(room));
                self.full_until = self.now + self.faults.below(2000);
            }
        }
    }

    /// What happens by itself: power that is off ends the server, a full disk gets room again, and an
    /// operator restarts a server that has stopped saving.
    pub(crate) fn look_after_the_machine(&mut self) {
        if self.host.disk.is_off() {
            self.lose_power();
        }
        if self.now >= self.full_until {
            self.host.disk.set(|faults| faults.capacity = None);
        }
        let failed = self.host.process.as_ref().is_some_and(|it| it.health().failed);
        if failed && (self.is_resting || Self::chance(&self.faults, 1, 50)) {
            self.trace.note(format!("{} the server is restarted, as it saves nothing", self.now));
            self.host.kill();
            self.start_again();
        }
    }
}
