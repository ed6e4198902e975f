//! Turns: the newest taker has it, and whoever had it before learns that it is gone.

use tokio::sync::watch;

/// Hands out turns.
#[derive(Debug, Default)]
pub(super) struct Turns(watch::Sender<u64>);

/// A turn, until somebody takes the next one.
#[derive(Debug)]
pub(super) struct Turn {
    number: u64,
    newest: watch::Receiver<u64>,
}

impl Turns {
    pub(super) fn take(&self) -> Turn {
        let mut number = 0;
        self.0.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        Turn { number, newest: self.0.subscribe() }
    }
}

impl Turn {
    /// Resolves when somebody else has the turn.
    pub(super) async fn lost(&mut self) {
        let number = self.number;
        // Whoever gives turns outlives them: he is held by those who take them.
        let _taken_or_gone = self.newest.wait_for(|newest| *newest != number).await.is_ok();
    }
}
