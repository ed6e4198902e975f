//! Turns at work that keeps a core busy: a few at a time, some more in line, the rest are sent away.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::Failure;
use crate::{document::Unavailable, limits::Limits};

#[derive(Debug)]
pub(super) struct Turns {
    /// Those at work and in line.
    line: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
    patience: Duration,
}

/// One turn; over when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _line: OwnedSemaphorePermit,
    _at_work: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new(limits: &Limits) -> Self {
        let Limits { conversions, conversions_waiting, conversions_wait, .. } = *limits;
        Self {
            line: Arc::new(Semaphore::new(conversions.saturating_add(conversions_waiting))),
            at_work: Arc::new(Semaphore::new(conversions)),
            patience: conversions_wait,
        }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self) -> Result<Turn, Failure> {
        let line = Arc::clone(&self.line).try_acquire_owned().map_err(|_| Failure::Busy)?;
        let at_work = timeout(self.patience, Arc::clone(&self.at_work).acquire_owned()).await;
        let at_work = at_work.map_err(|_| Failure::Busy)?.map_err(|_| Failure::Busy)?;
        Ok(Turn { _line: line, _at_work: at_work })
    }
}

impl Turn {
    /// Works off the threads that serve. The turn ends with the work, not with the request: nobody
    /// gets more than a share by hanging up.
    pub(super) async fn work<T, E>(
        self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, Failure>
    where
        T: Send + 'static,
        E: Into<Failure> + Send + 'static,
    {
        let working = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(self);
            outcome
        });
        working.await.map_err(|_| Unavailable::Reloading)?.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(patience: Duration) -> Turns {
        let (conversions, conversions_waiting) = (2, 1);
        let limits = Limits {
            conversions,
            conversions_waiting,
            conversions_wait: patience,
            ..Limits::default()
        };
        Turns::new(&limits)
    }

    #[tokio::test]
    async fn who_finds_the_line_full_is_sent_away_and_who_waits_gets_the_next_turn() {
        let turns = turns(Duration::from_hours(1));
        let (one, _two) = (turns.take().await.unwrap(), turns.take().await.unwrap());
        let mut waiting = Box::pin(turns.take());
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        assert!(matches!(turns.take().await, Err(Failure::Busy)));
        drop(one);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_bound() {
        let turns = turns(Duration::ZERO);
        let _working = (turns.take().await.unwrap(), turns.take().await.unwrap());
        assert!(matches!(turns.take().await, Err(Failure::Busy)));
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_although_nobody_waits_for_it() {
        let turns = turns(Duration::ZERO);
        let (finish, finished) = std::sync::mpsc::sync_channel::<()>(1);
        let _other = turns.take().await.unwrap();
        let mut work = Box::pin(turns.take().await.unwrap().work(move || {
            // An error is an end as well.
            let _ = finished.recv();
            Ok::<(), Failure>(())
        }));
        assert!(futures_util::poll!(work.as_mut()).is_pending());
        drop(work);
        assert!(matches!(turns.take().await, Err(Failure::Busy)));
        drop(finish);
    }
}
