//! How often an address may show something that counts for nothing: enough for a mistake and an
//! expired token, too little to try many.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::limits::{FAILURE_ADDRESSES, FAILURES, FAILURES_WITHIN};

/// Counts failures by address.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    since: Duration,
}

impl Throttle {
    /// Whether an address has failed so often that it is not listened to for now.
    #[must_use]
    pub fn is_shut(&self, address: IpAddr, now: Duration) -> bool {
        let failures = self.lock();
        failures.get(&address).is_some_and(|it| it.count >= FAILURES && it.is_recent(now))
    }

    /// An address showed something that counts for nothing.
    pub fn failed(&self, address: IpAddr, now: Duration) {
        let mut failures = self.lock();
        if failures.len() >= FAILURE_ADDRESSES && !failures.contains_key(&address) {
            failures.retain(|_, it| it.is_recent(now));
            if failures.len() >= FAILURE_ADDRESSES {
                // So many at once is no longer one who tries; the signatures hold by themselves.
                failures.clear();
            }
        }
        let entry = failures.entry(address).or_insert(Failures { count: 0, since: now });
        if !entry.is_recent(now) {
            *entry = Failures { count: 0, since: now };
        }
        entry.count += 1;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn is_recent(self, now: Duration) -> bool {
        now.saturating_sub(self.since) < FAILURES_WITHIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn who_fails_too_often_waits_and_others_do_not() {
        let (throttle, now) = (Throttle::default(), Duration::from_secs(5));
        for _ in 0..FAILURES {
            assert!(!throttle.is_shut(address(1), now));
            throttle.failed(address(1), now);
        }
        assert!(throttle.is_shut(address(1), now));
        assert!(!throttle.is_shut(address(2), now));
        assert!(!throttle.is_shut(address(1), now + FAILURES_WITHIN));
        throttle.failed(address(1), now + FAILURES_WITHIN);
        assert!(!throttle.is_shut(address(1), now + FAILURES_WITHIN));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..=u32::try_from(FAILURE_ADDRESSES).unwrap() {
            throttle.failed(IpAddr::V4(number.into()), Duration::ZERO);
        }
        assert!(throttle.lock().len() <= FAILURE_ADDRESSES);
    }
}
