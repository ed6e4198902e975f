//! A document's mailbox: whatever is left in it when its actor ends, however it ends, is turned away.

use tokio::sync::mpsc;

use super::{Command, Unavailable, load::turn_away};

/// Commands taken in one turn.
const TURN: usize = 256;

/// Room that is kept between turns.
const KEPT: usize = 32;

#[expect(clippy::vec_box, reason = "the channel hands over what it holds")]
#[derive(Debug)]
pub(super) struct Mailbox {
    requests: mpsc::Receiver<Box<Command>>,
    /// Taken and not yet handled, the next one last.
    turn: Vec<Box<Command>>,
}

impl Mailbox {
    pub(super) fn new(requests: mpsc::Receiver<Box<Command>>) -> Self {
        Self { requests, turn: Vec::new() }
    }

    /// Waits for commands and takes a turn's worth; `false` when nobody can send any more. Loses
    /// nothing when dropped while it waits.
    pub(super) async fn fill(&mut self) -> bool {
        let count = self.requests.recv_many(&mut self.turn, TURN).await;
        self.turn.reverse();
        count > 0
    }

    /// The next command of this turn.
    pub(super) fn next(&mut self) -> Option<Command> {
        let next = self.turn.pop();
        if next.is_none() && self.turn.capacity() > KEPT {
            self.turn = Vec::new();
        }
        next.map(|command| *command)
    }

    /// Takes nothing new in.
    pub(super) fn close(&mut self) {
        self.requests.close();
    }

    /// The next command after [`Mailbox::close`]; `None` after the last.
    pub(super) async fn rest(&mut self) -> Option<Command> {
        match self.turn.pop() {
            Some(command) => Some(*command),
            None => self.requests.recv().await.map(|command| *command),
        }
    }

    pub(super) fn requests(&self) -> &mpsc::Receiver<Box<Command>> {
        &self.requests
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.close();
        while let Some(command) = self.turn.pop().or_else(|| self.requests.try_recv().ok()) {
            turn_away(*command, &Unavailable::Reloading);
        }
    }
}
