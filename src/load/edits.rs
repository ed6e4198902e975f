//! What writers type: edits that a reader finds again in whatever a server makes of them.
//!
//! Each edit is one insertion of ASCII text that begins with a mark: who wrote it, and its number.
//! A mark is found in a frame by looking at bytes, also when the server joined several edits, so a
//! reader need not decode anything. The bytes of an edit are written here by hand (update v1): making
//! them with a replica would cost the load generator more than the server.

use bytes::{BufMut, Bytes, BytesMut};

use crate::protocol::varint;

/// The shared text that edits go to.
pub const ROOT: &str = "text";

/// Begins a mark. None of the letters, and no part of an edit's other bytes that letters follow.
const MARK: u8 = b'~';

/// Digits of a mark.
const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-";

/// Digits of a writer, and of a number.
const WRITER_DIGITS: usize = 2;
const NUMBER_DIGITS: usize = 4;

/// Bytes of a mark, and so of the smallest edit.
pub const MARK_BYTES: usize = 1 + WRITER_DIGITS + NUMBER_DIGITS;

/// Writers of one document.
pub const WRITERS_MAX: usize = 1 << (6 * WRITER_DIGITS);

/// Edits of one writer.
pub const EDITS_MAX: u64 = 1 << (6 * NUMBER_DIGITS);

/// Info bytes of a text block: at the beginning of a root, or after another.
const TEXT_AT_ROOT: u8 = 0x04;
const TEXT_AFTER: u8 = 0x84;

/// Somebody who adds to a text, one edit after the other, always behind their own last one.
#[derive(Clone, Copy, Debug)]
pub struct Typist {
    client: u64,
    writer: usize,
    bytes: usize,
}

impl Typist {
    /// The writer with this number in its document, whose edits have so many bytes of text.
    #[must_use]
    pub fn new(client: u64, writer: usize, bytes: usize) -> Self {
        Self { client, writer, bytes: bytes.max(MARK_BYTES) }
    }

    /// The edit with this number, as an update. It depends on those before.
    #[must_use]
    pub fn edit(&self, number: u64) -> Bytes {
        let clock = number * self.bytes as u64;
        let mut out = BytesMut::with_capacity(self.bytes + 32);
        // One client with one block.
        for number in [1, 1, self.client, clock] {
            varint::uint(&mut out, number);
        }
        if clock == 0 {
            out.put_slice(&[TEXT_AT_ROOT, 1]);
            varint::bytes(&mut out, ROOT.as_bytes());
        } else {
            out.put_u8(TEXT_AFTER);
            varint::uint(&mut out, self.client);
            varint::uint(&mut out, clock - 1);
        }
        varint::uint(&mut out, self.bytes as u64);
        out.put_slice(&mark(self.writer, number));
        out.put_bytes(b' ', self.bytes - MARK_BYTES);
        // Nothing is deleted.
        out.put_u8(0);
        out.freeze()
    }
}

/// What somebody shows of themselves for the so-manieth time.
#[must_use]
pub fn presence(client: u64, clock: u64) -> Bytes {
    let mut out = BytesMut::new();
    for number in [1, client, clock] {
        varint::uint(&mut out, number);
    }
    let state = format!("{{\"user\":{{\"name\":\"Bench {client}\"}},\"at\":{clock}}}");
    varint::bytes(&mut out, state.as_bytes());
    out.freeze()
}

/// The mark of an edit.
#[must_use]
pub fn mark(writer: usize, number: u64) -> [u8; MARK_BYTES] {
    let mut mark = [MARK; MARK_BYTES];
    write(&mut mark[1..=WRITER_DIGITS], writer as u64);
    write(&mut mark[1 + WRITER_DIGITS..], number);
    mark
}

/// Finds the marks in bytes: writers and numbers.
pub fn marks(bytes: &[u8]) -> impl Iterator<Item = (usize, u64)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += bytes[at..].iter().position(|byte| *byte == MARK)? + 1;
            let digits = bytes.get(at..at + MARK_BYTES - 1)?;
            let (writer, number) = digits.split_at(WRITER_DIGITS);
            if let (Some(writer), Some(number)) = (read(writer), read(number)) {
                at += digits.len();
                return Some((usize::try_from(writer).ok()?, number));
            }
        }
    })
}

fn write(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = LETTERS[(number % 64) as usize];
        number /= 64;
    }
}

fn read(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            b'+' => 62,
            b'-' => 63,
            _ => return None,
        };
        Some(number * 64 + u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crdt::replica::Replica, ids::ClientId};

    #[test]
    fn edits_are_updates_that_every_replica_takes() {
        let mut replica = Replica::new(ClientId(99), ROOT);
        let (ada, bob) = (Typist::new(5, 0, 7), Typist::new(1 << 31, 1, 9));
        for number in 0..200 {
            replica.apply(&ada.edit(number)).expect("sound");
            replica.apply(&bob.edit(number)).expect("sound");
        }
        let text = replica.text();
        assert_eq!(text.len(), 200 * 16);
        let found: Vec<_> = marks(text.as_bytes()).collect();
        assert_eq!(found.iter().filter(|it| it.0 == 0).count(), 200);
        assert!(found.windows(2).all(|it| it[0].0 != it[1].0 || it[0].1 + 1 == it[1].1));
    }

    #[test]
    fn a_mark_is_found_in_each_edit_once_whatever_its_clock_is() {
        for bytes in [7, 16, 48, 126] {
            let typist = Typist::new(0x7e_7e7e, 4095, bytes);
            for number in 0..20_000 {
                let edit = typist.edit(number);
                assert_eq!(marks(&edit).collect::<Vec<_>>(), [(4095, number)], "{bytes}");
            }
        }
    }

    #[test]
    fn marks_are_found_in_joined_text_and_nothing_else_is_one() {
        let joined = [mark(0, 0), mark(1, 64), mark(4095, EDITS_MAX - 1)].concat();
        let found: Vec<_> = marks(&joined).collect();
        assert_eq!(found, [(0, 0), (1, 64), (4095, EDITS_MAX - 1)]);
        for none in [&b"~"[..], b"~00000", b"~~~~~~~", b"00000000", b"~000 000"] {
            assert_eq!(marks(none).count(), 0);
        }
        assert_eq!(marks(b"~0~000000").collect::<Vec<_>>(), [(0, 0)]);
    }
}
