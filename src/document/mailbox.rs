//! A document's mailbox: whatever is left in it when its actor ends, however it ends, is turned away.

use std::task::{Context, Poll, ready};

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

    /// Waits for commands and takes a turn's worth; `false` when nobody can send any more.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let count = ready!(self.requests.poll_recv_many(context, &mut self.turn, TURN));
        self.turn.reverse();
        Poll::Ready(count > 0)
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
