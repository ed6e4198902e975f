//! Reads the primitive values of lib0's version 1 encoding from bytes nobody has checked.
//!
//! Never allocates, never recurses, never trusts a count. Knows no grammar; that is `parser`'s.

use crate::{ids::ClientId, limits};

/// Why bytes are not what they claim to be, for the log and the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// A place in unchecked bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// What was read since an earlier place.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed("the bytes end too early"))?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned number of at most eight bytes, up to `max`.
    pub(super) fn number(&mut self, max: u64) -> Result<u64, Malformed> {
        const BYTES: usize = 8;
        let rest = &self.bytes[self.at..];
        let mut value = 0;
        for (index, byte) in rest.iter().take(BYTES).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.at += index + 1;
                return if value <= max {
                    Ok(value)
                } else {
                    Err(Malformed("a number is too big"))
                };
            }
        }
        let ends = rest.len() < BYTES;
        Err(Malformed(if ends { "the bytes end too early" } else { "a number has too many bytes" }))
    }

    /// A number of things that take at least `size` bytes each, so not more than can follow.
    pub(super) fn count(&mut self, size: usize) -> Result<usize, Malformed> {
        let count = self.number(u64::from(u32::MAX))?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.remaining() / size)
            .ok_or(Malformed("it claims more than it holds"))
    }

    pub(super) fn client(&mut self) -> Result<u64, Malformed> {
        self.number(ClientId::MAX)
    }

    pub(super) fn clock(&mut self) -> Result<u32, Malformed> {
        let clock = self.number(u64::from(limits::CLOCK_MAX))?;
        u32::try_from(clock).map_err(|_| Malformed("a clock is too big"))
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        if count > self.remaining() {
            return Err(Malformed("the bytes end too early"));
        }
        self.at += count;
        Ok(())
    }

    /// A run of bytes with its length in front.
    pub(super) fn buffer(&mut self) -> Result<&'a [u8], Malformed> {
        let count = self.count(1)?;
        let start = self.at;
        self.skip(count)?;
        Ok(&self.bytes[start..self.at])
    }

    pub(super) fn string(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.buffer()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    /// A map key, root name, attribute or element name.
    pub(super) fn key(&mut self) -> Result<&'a str, Malformed> {
        let key = self.string()?;
        if key.len() > limits::KEY_BYTES { Err(Malformed("a key is too long")) } else { Ok(key) }
    }

    /// A JSON text that nests within the bound.
    pub(super) fn json(&mut self) -> Result<&'a str, Malformed> {
        let text = self.string()?;
        check_json(text)?;
        Ok(text)
    }

    /// Passes over one plain value (lib0 `Any`).
    pub(super) fn any(&mut self) -> Result<(), Malformed> {
        // How many values, and whether with keys, are still to come on each level.
        let mut open = [(0_usize, false); limits::ANY_DEPTH as usize];
        let mut depth = 0;
        loop {
            if let Some((count, keys)) = self.any_head()? {
                let level = open.get_mut(depth).ok_or(Malformed("a value nests too deep"))?;
                *level = (count, keys);
                depth += 1;
            }
            loop {
                let Some(level) = depth.checked_sub(1) else { return Ok(()) };
                if open[level].0 > 0 {
                    open[level].0 -= 1;
                    if open[level].1 {
                        self.string()?;
                    }
                    break;
                }
                depth = level;
            }
        }
    }

    /// One value, or the head of one that holds others: how many, and whether each has a key.
    fn any_head(&mut self) -> Result<Option<(usize, bool)>, Malformed> {
        match self.byte()? {
            // undefined, null, true, false
            127 | 126 | 121 | 120 => {}
            // integer
            125 => {
                let start = self.at;
                while self.byte()? >= 0x80 {
                    if self.at - start >= 10 {
                        return Err(Malformed("a number has too many bytes"));
                    }
                }
            }
            // 32 bit float; 64 bit float, 64 bit integer
            124 => self.skip(4)?,
            123 | 122 => self.skip(8)?,
            119 => drop(self.string()?),
            118 => return self.count(2).map(|count| Some((count, true))),
            117 => return self.count(1).map(|count| Some((count, false))),
            116 => drop(self.buffer()?),
            _ => return Err(Malformed("a value has an unknown type")),
        }
        Ok(None)
    }
}

/// Whether a text is JSON that nests within [`limits::ANY_DEPTH`].
pub(super) fn check_json(text: &str) -> Result<(), Malformed> {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits::ANY_DEPTH {
            return Err(Malformed("a value nests too deep"));
        }
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(drop)
        .map_err(|_| Malformed("a value is not JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_believed_only_as_far_as_bytes_follow() {
        assert_eq!(Reader::new(&[2, 0, 0]).count(1), Ok(2));
        assert!(Reader::new(&[2, 0]).count(1).is_err());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0x7a]).count(1).is_err());
        assert!(Reader::new(&[2, 0, 0, 0]).count(2).is_err());
    }

    #[test]
    fn numbers_end_within_eight_bytes() {
        let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(Reader::new(&max).client(), Ok(ClientId::MAX));
        let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f];
        assert!(Reader::new(&over).client().is_err());
        assert!(Reader::new(&[0x80; 20]).number(u64::MAX).is_err());
    }

    #[test]
    fn values_nest_to_their_bound_and_no_further() {
        let nested = |depth: u32| {
            let mut bytes = [117, 1].repeat(depth as usize);
            bytes.push(126);
            Reader::new(&bytes).any()
        };
        assert_eq!(nested(limits::ANY_DEPTH), Ok(()));
        assert!(nested(limits::ANY_DEPTH + 1).is_err());
        assert!(nested(100_000).is_err());
    }

    #[test]
    fn a_value_is_read_to_its_last_byte() {
        // {"a": [1, "x", null], "b": {}} followed by one byte that is not part of it.
        let bytes = [118, 2, 1, b'a', 117, 3, 125, 1, 119, 1, b'x', 126, 1, b'b', 118, 0, 0xff];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.any(), Ok(()));
        assert_eq!(reader.remaining(), 1);
    }

    #[test]
    fn json_must_be_valid_and_shallow() {
        assert_eq!(check_json(r#"{"a":"[[[","b":[1,2]}"#), Ok(()));
        assert!(check_json("{").is_err());
        assert!(check_json("").is_err());
        assert!(check_json(&format!("{}{}", "[".repeat(33), "]".repeat(33))).is_err());
        assert_eq!(check_json(&format!("{}{}", "[".repeat(32), "]".repeat(32))), Ok(()));
    }
}
