//! How many connections there may be, in total (`connections`) and from one address
//! (`connections_per_address`).
//!
//! Counts only; what a connection is and what it is told when there is no room is the listener's
//! business.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for connections. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct Slots {
    total: Arc<Semaphore>,
    size: u32,
    per_address: usize,
    addresses: Counts,
}

/// Room for one connection, given back when the last clone is dropped. An upgraded socket keeps the
/// slot of the request that it came from.
#[derive(Clone, Debug)]
pub struct Slot(#[expect(dead_code, reason = "held for its drop")] Arc<Held>);

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// All slots are taken.
    #[error("the server has as many connections as it allows (max-connections)")]
    Full,
    /// This address has taken its share.
    #[error(
        "this address has as many connections as the server allows (max-connections-per-address)"
    )]
    Address,
}

type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

#[derive(Debug)]
struct Held {
    _total: OwnedSemaphorePermit,
    counted: Option<(Counts, IpAddr)>,
}

impl Slots {
    /// Room for `total` connections, of which one address may take `per_address`.
    #[must_use]
    pub fn new(total: usize, per_address: usize) -> Self {
        // `closed` waits for all permits in one call, which counts them in 32 bits.
        let size = u32::try_from(total.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            total: Arc::new(Semaphore::new(size as usize)),
            size,
            per_address,
            addresses: Arc::default(),
        }
    }

    /// Takes a slot for a connection from this address, or from one that is not to be counted.
    ///
    /// Loopback addresses are not counted by address: proxies live there.
    ///
    /// # Errors
    /// When there is no room.
    pub fn take(&self, address: impl Into<Option<IpAddr>>) -> Result<Slot, NoRoom> {
        let permit = Arc::clone(&self.total).try_acquire_owned().map_err(|_| NoRoom::Full)?;
        let Some(key) = address.into().map(counted_as).filter(|key| !key.is_loopback()) else {
            return Ok(Slot(Arc::new(Held { _total: permit, counted: None })));
        };
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(key).or_default();
        if *count >= self.per_address {
            return Err(NoRoom::Address);
        }
        *count += 1;
        let counted = Some((Arc::clone(&self.addresses), key));
        Ok(Slot(Arc::new(Held { _total: permit, counted })))
    }

    /// How many slots are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        (self.size as usize).saturating_sub(self.total.available_permits())
    }

    /// Resolves once every slot was given back. To be called when no more are taken.
    pub async fn closed(&self) {
        // The semaphore is never closed, and a failure would mean that nobody can hold a slot.
        let _all = self.total.acquire_many(self.size).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some((addresses, key)) = &self.counted else { return };
        let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(key);
            }
        }
    }
}

/// What an address counts as: IPv4 mapped into IPv6 as IPv4, and IPv6 by its /64, because that is
/// what one customer is given.
pub(super) fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_slot_is_given_back_with_its_last_clone() {
        let slots = Slots::new(1, 10);
        let slot = slots.take(ip("192.0.2.1")).unwrap();
        let upgraded = slot.clone();
        drop(slot);
        assert_eq!(slots.take(ip("192.0.2.2")).unwrap_err(), NoRoom::Full);
        drop(upgraded);
        assert!(slots.take(ip("192.0.2.2")).is_ok());
    }

    #[test]
    fn one_address_cannot_take_all_and_an_ipv6_network_counts_as_one() {
        let slots = Slots::new(100, 1);
        let _held: Vec<_> =
            ["192.0.2.1", "2001:db8::1"].map(|text| slots.take(ip(text)).unwrap()).into();
        for again in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::2"] {
            assert_eq!(slots.take(ip(again)).unwrap_err(), NoRoom::Address, "{again}");
        }
        assert!(slots.take(ip("2001:db8:0:1::1")).is_ok());
        assert_eq!(slots.taken(), 2, "a refusal must not keep a slot");
    }

    #[test]
    fn a_freed_address_is_forgotten() {
        let slots = Slots::new(100, 1);
        drop(slots.take(ip("192.0.2.1")).unwrap());
        assert!(slots.addresses.lock().unwrap().is_empty());
    }

    #[test]
    fn loopback_is_not_counted_by_address() {
        let slots = Slots::new(100, 0);
        assert!(slots.take(ip("127.0.0.9")).is_ok());
        assert!(slots.take(ip("::1")).is_ok());
        assert!(slots.take(ip("::ffff:127.0.0.1")).is_ok());
    }
}
