//! What one client received, kept so that it costs little now and can be judged later.

use std::{
    hash::{DefaultHasher, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Bytes that all clients together may still keep.
#[derive(Clone, Debug)]
pub struct Room(Arc<AtomicU64>);

impl Room {
    /// So many.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    fn take(&self, bytes: u64) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Updates as they came, and which edits were in them.
#[derive(Debug)]
pub struct Inbox {
    /// By writer: a bit for each edit.
    seen: Vec<Vec<u64>>,
    seen_count: u64,
    /// The sum of the updates' hashes: the same for the same updates in any order.
    digest: u64,
    kept: Vec<u8>,
    /// Where the update begins that came last before an edit was noted.
    earlier: usize,
    /// There was no room to keep everything.
    overflowed: bool,
    room: Room,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new(writers: usize, room: Room) -> Self {
        Self {
            seen: vec![Vec::new(); writers],
            seen_count: 0,
            digest: 0,
            kept: Vec::new(),
            earlier: 0,
            overflowed: false,
            room,
        }
    }

    /// Keeps an update.
    pub fn keep(&mut self, update: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(update);
        self.digest = self.digest.wrapping_add(hasher.finish());
        let Ok(length) = u32::try_from(update.len()) else { return self.overflowed = true };
        if self.overflowed || !self.room.take(u64::from(length) + 4) {
            return self.overflowed = true;
        }
        if self.seen_count == 0 {
            self.earlier = self.kept.len();
        }
        self.kept.extend(length.to_le_bytes());
        self.kept.extend(update);
    }

    /// Notes an edit; whether it is new.
    pub fn see(&mut self, writer: usize, number: u64) -> bool {
        let Some(bits) = self.seen.get_mut(writer) else { return false };
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= bits.len() {
            bits.resize(word + 1, 0);
        }
        let new = bits[word] & bit == 0;
        bits[word] |= bit;
        self.seen_count += u64::from(new);
        new
    }

    /// How many edits were noted.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen_count
    }

    /// Two clients with the same digest received the same updates.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Everything that was kept, in order; `None` when there was no room for all of it.
    #[must_use]
    pub fn updates(&self) -> Option<impl Iterator<Item = &[u8]>> {
        (!self.overflowed).then(|| updates_in(&self.kept))
    }

    /// What was kept before the first edit was noted: the document as it was before. All of it, when none
    /// ever was.
    #[must_use]
    pub fn earlier(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let end = if self.seen_count == 0 { self.kept.len() } else { self.earlier };
        (!self.overflowed).then(|| updates_in(&self.kept[..end]))
    }
}

fn updates_in(mut kept: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, more) = kept.split_first_chunk::<4>()?;
        let (update, more) = more.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        kept = more;
        Some(update)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_its_digest_knows_no_order() {
        let room = Room::new(1_000);
        let (mut one, mut two) = (Inbox::new(1, room.clone()), Inbox::new(1, room));
        for update in [&b"a"[..], b"", b"ccc"] {
            one.keep(update);
        }
        for update in [&b"ccc"[..], b"a", b""] {
            two.keep(update);
        }
        assert_eq!(one.updates().expect("room").collect::<Vec<_>>(), [&b"a"[..], b"", b"ccc"]);
        assert_eq!(one.digest(), two.digest());
        two.keep(b"a");
        assert_ne!(one.digest(), two.digest());
    }

    #[test]
    fn what_came_before_the_first_edit_is_known() {
        let mut inbox = Inbox::new(1, Room::new(1_000));
        for update in [&b"state"[..], b"more of it", b"an edit"] {
            inbox.keep(update);
        }
        assert_eq!(inbox.earlier().expect("room").count(), 3, "nothing was written");
        inbox.see(0, 0);
        inbox.keep(b"another");
        assert_eq!(
            inbox.earlier().expect("room").collect::<Vec<_>>(),
            [&b"state"[..], b"more of it"]
        );
    }

    #[test]
    fn an_edit_is_new_once() {
        let mut inbox = Inbox::new(2, Room::new(0));
        assert!(inbox.see(1, 70) && !inbox.see(1, 70) && inbox.see(0, 70));
        assert!(!inbox.see(2, 0), "there is no such writer");
        assert_eq!(inbox.seen(), 2);
    }

    #[test]
    fn what_has_no_room_is_said_to_be_missing() {
        let mut inbox = Inbox::new(0, Room::new(10));
        inbox.keep(b"abcdef");
        assert!(inbox.updates().is_some());
        inbox.keep(b"g");
        assert!(inbox.updates().is_none());
    }
}
