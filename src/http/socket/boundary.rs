//! Follows the bytes of WebSocket frames to tell when they stand between two messages.
//!
//! Reads lengths and nothing else (RFC 6455 §5.2); judging the frames is the library's work.

/// The longest head of a frame: two bytes, eight of length, four of mask.
const HEAD: usize = 14;

/// Where in the frames a stream stands.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    head: [u8; HEAD],
    /// So much of the head is there.
    read: u8,
    /// So much of the payload is still to come.
    left: u64,
    /// Fragments came and the last one has not.
    open: bool,
}

impl Boundary {
    /// Takes in what was read next.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len() as u64);
                self.left -= skipped;
                bytes = &bytes[usize::try_from(skipped).unwrap_or(bytes.len())..];
                continue;
            }
            self.head[usize::from(self.read)] = byte;
            self.read += 1;
            bytes = rest;
            if let Some(length) = self.payload() {
                let (last, control) = (self.head[0] & 0x80 != 0, self.head[0] & 0x08 != 0);
                self.open = if control { self.open } else { !last };
                self.left = length;
                self.read = 0;
            }
        }
    }

    /// Whether every message that began is complete.
    pub(super) fn is_between_messages(&self) -> bool {
        self.read == 0 && self.left == 0 && !self.open
    }

    /// The payload's length, once the head is complete.
    fn payload(&self) -> Option<u64> {
        let read = usize::from(self.read);
        let second = *self.head[..read].get(1)?;
        let bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if read < 2 + bytes + mask {
            return None;
        }
        let length = self.head[2..2 + bytes].iter();
        let long = length.fold(0, |length, byte| length << 8 | u64::from(*byte));
        Some(if bytes == 0 { u64::from(second & 0x7f) } else { long })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame: its first byte and so much payload.
    fn frame(first: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match payload {
            0..126 => frame.push(0x80 | u8::try_from(payload).unwrap()),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((payload as u64).to_be_bytes());
            }
        }
        frame.extend([0xaa; 4]);
        frame.extend(vec![0x82; payload]);
        frame
    }

    #[test]
    fn only_the_end_of_a_whole_message_is_between_messages() {
        for payload in [0, 1, 125, 126, 65_535, 65_536] {
            let frame = frame(0x82, payload);
            let mut boundary = Boundary::default();
            assert!(boundary.is_between_messages());
            for (at, byte) in frame.iter().enumerate() {
                assert!(at == 0 || !boundary.is_between_messages(), "{at} of {payload}");
                boundary.follow(&[*byte]);
            }
            assert!(boundary.is_between_messages(), "{payload}");
            boundary.follow(&[&frame[..], &frame[..]].concat());
            assert!(boundary.is_between_messages(), "two at once of {payload}");
        }
    }

    #[test]
    fn fragments_are_one_message_whatever_comes_between_them() {
        let mut boundary = Boundary::default();
        for (first, between) in [(0x02, false), (0x89, false), (0x00, false), (0x80, true)] {
            boundary.follow(&frame(first, 10));
            assert_eq!(boundary.is_between_messages(), between, "{first:#x}");
        }
        boundary.follow(&frame(0x89, 0));
        assert!(boundary.is_between_messages());
    }
}
