//! How many bytes of edits may be on their way to the disk: for one connection, and for all.
//!
//! A connection takes a permit before it hands an edit to a document and is not read while there
//! is none, so that TCP slows the sender down; the permit returns when the edit is durable.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

/// A number of bytes to share.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    limit: usize,
    returned: Notify,
    /// What is taken here is taken there too.
    parent: Option<Arc<Budget>>,
}

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit, returned: Notify::new(), parent: None })
    }

    /// A share of this budget with a bound of its own.
    #[must_use]
    pub fn share(self: &Arc<Self>, limit: usize) -> Arc<Self> {
        let parent = Some(Arc::clone(self));
        Arc::new(Self { used: AtomicUsize::new(0), limit, returned: Notify::new(), parent })
    }

    /// Bytes taken and not yet returned.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// Takes bytes if they are left. Something larger than the whole budget may go when it goes
    /// alone, or it could never go at all.
    #[must_use]
    pub fn try_take(self: &Arc<Self>, bytes: usize) -> Option<Permit> {
        self.take_bytes(bytes).then(|| Permit { budget: Arc::clone(self), bytes })
    }

    /// Takes bytes, waiting for others to return theirs.
    pub async fn take(self: &Arc<Self>, bytes: usize) -> Permit {
        loop {
            let own = self.returned.notified();
            let parent = async {
                match &self.parent {
                    Some(parent) => parent.returned.notified().await,
                    None => std::future::pending().await,
                }
            };
            tokio::pin!(own, parent);
            own.as_mut().enable();
            // Polled once so that it listens before the attempt; a return in between is not missed.
            let mut returned = std::pin::pin!(async {
                tokio::select! { () = own => {}, () = parent => {} }
            });
            let first = futures_util::poll!(returned.as_mut());
            if let Some(permit) = self.try_take(bytes) {
                return permit;
            }
            if first.is_pending() {
                returned.await;
            }
        }
    }

    fn take_bytes(&self, bytes: usize) -> bool {
        let fits = |used: usize| (used == 0 || used + bytes <= self.limit).then_some(used + bytes);
        let own = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok();
        if own && self.parent.as_ref().is_some_and(|parent| !parent.take_bytes(bytes)) {
            self.used.fetch_sub(bytes, Ordering::AcqRel);
            self.returned.notify_waiters();
            return false;
        }
        own
    }

    fn return_bytes(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        self.returned.notify_waiters();
        if let Some(parent) = &self.parent {
            parent.return_bytes(bytes);
        }
    }
}

/// Bytes taken from a [`Budget`], returned on drop.
#[derive(Debug)]
pub struct Permit {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.return_bytes(self.bytes);
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
}
