//! How many bytes of edits may be on their way to the disk: for one connection, and for all.
//!
//! A connection takes a permit before it hands an edit to a document and is not read while there
//! is none, so that TCP slows the sender down; the permit returns when the edit is durable.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// A number of bytes to share. Who waits for some gets them in turn, so that many who want little
/// do not keep one from what it wants.
#[derive(Debug)]
pub struct Budget {
    left: Arc<Semaphore>,
    limit: usize,
    /// What is taken here is taken there too.
    parent: Option<Arc<Budget>>,
}

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self::with(limit, None))
    }

    /// A share of this budget with a bound of its own.
    #[must_use]
    pub fn share(self: &Arc<Self>, limit: usize) -> Arc<Self> {
        Arc::new(Self::with(limit, Some(Arc::clone(self))))
    }

    fn with(limit: usize, parent: Option<Arc<Self>>) -> Self {
        let limit = limit.clamp(1, Semaphore::MAX_PERMITS);
        Self { left: Arc::new(Semaphore::new(limit)), limit, parent }
    }

    /// Bytes taken and not yet returned.
    #[must_use]
    pub fn used(&self) -> usize {
        self.limit - self.left.available_permits()
    }

    /// Takes bytes if they are left. Something larger than the whole budget takes all of it, or it
    /// could never go at all.
    #[must_use]
    pub fn try_take(self: &Arc<Self>, bytes: usize) -> Option<Permit> {
        let own = Arc::clone(&self.left).try_acquire_many_owned(self.cost(bytes)).ok()?;
        let parent = match &self.parent {
            Some(parent) => {
                let left = Arc::clone(&parent.left);
                Some(left.try_acquire_many_owned(parent.cost(bytes)).ok()?)
            }
            None => None,
        };
        Some(Permit::new(own, parent))
    }

    /// Takes bytes, waiting for others to return theirs.
    pub async fn take(self: &Arc<Self>, bytes: usize) -> Permit {
        let own = self.take_own(bytes).await;
        // With the own bytes in hand, because everybody waits in the other line.
        let parent = match &self.parent {
            Some(parent) => Some(parent.take_own(bytes).await),
            None => None,
        };
        Permit::new(own, parent)
    }

    async fn take_own(&self, bytes: usize) -> OwnedSemaphorePermit {
        let taking = Arc::clone(&self.left).acquire_many_owned(self.cost(bytes));
        taking.await.expect("nobody closes a budget")
    }

    fn cost(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.min(self.limit)).unwrap_or(u32::MAX)
    }
}

/// Bytes taken from a [`Budget`], returned on drop.
#[derive(Debug)]
pub struct Permit {
    _own: OwnedSemaphorePermit,
    _parent: Option<OwnedSemaphorePermit>,
    /// When it was taken: what it is for arrived then.
    pub(super) since: Instant,
}

impl Permit {
    fn new(own: OwnedSemaphorePermit, parent: Option<OwnedSemaphorePermit>) -> Self {
        Self { _own: own, _parent: parent, since: Instant::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_shared_and_returned() {
        let budget = Budget::new(10);
        let first = budget.try_take(6).expect("fits");
        assert!(budget.try_take(5).is_none());
        let second = budget.try_take(4).expect("fits exactly");
        drop(first);
        assert_eq!(budget.used(), 4);
        drop(second);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn more_than_the_whole_goes_alone() {
        let budget = Budget::new(10);
        let large = budget.try_take(50).expect("alone");
        assert!(budget.try_take(1).is_none());
        drop(large);
        assert!(budget.try_take(1).is_some());
    }

    #[test]
    fn a_share_is_bounded_by_itself_and_by_the_whole() {
        let whole = Budget::new(10);
        let (one, two) = (whole.share(8), whole.share(8));
        let first = one.try_take(7).expect("fits both");
        assert!(one.try_take(2).is_none());
        assert!(two.try_take(4).is_none());
        assert_eq!(two.used(), 0);
        drop(first);
        assert_eq!((one.used(), whole.used()), (0, 0));
    }

    #[tokio::test]
    async fn waiters_go_on_when_bytes_return() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).expect("fits");
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(3).await }
        });
        tokio::task::yield_now().await;
        drop(held);
        let permit = waiting.await.expect("no panic");
        assert_eq!(budget.used(), 3);
        drop(permit);
    }

    #[tokio::test]
    async fn who_wants_much_is_not_overtaken_for_ever_by_those_who_want_little() {
        let budget = Budget::new(10);
        let held = budget.try_take(6).expect("fits");
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(9).await }
        });
        tokio::task::yield_now().await;
        assert!(budget.try_take(1).is_none());
        drop(held);
        drop(waiting.await.expect("no panic"));
        assert_eq!(budget.used(), 0);
    }
}
