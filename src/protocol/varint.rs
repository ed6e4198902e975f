//! lib0 numbers, strings and byte arrays, read with explicit bounds.
//!
//! Formats as in lib0 `encoding.js` and `decoding.js`. Knows nothing of messages.

use bytes::{BufMut, Bytes, BytesMut};

use super::ProtocolError;

/// The largest number that lib0 reads: what JavaScript holds exactly.
pub const UINT_MAX: u64 = (1 << 53) - 1;

/// A position in a frame. What it reads shares the frame's memory.
#[derive(Debug)]
pub struct Reader<'a> {
    frame: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(frame: &'a Bytes) -> Self {
        Self { frame, at: 0 }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at == self.frame.len()
    }

    /// A `varUint`: seven bits a byte, low ones first, the high bit says that more follow. As lib0,
    /// takes a number written longer than it needs to be.
    ///
    /// # Errors
    /// When the frame ends within it, or it is over [`UINT_MAX`].
    pub fn uint(&mut self) -> Result<u64, ProtocolError> {
        // Eight bytes carry 56 bits, more than any number in bounds has.
        const BYTES_MAX: u32 = 8;
        let mut number = 0;
        for place in 0..BYTES_MAX {
            let byte = *self.frame.get(self.at).ok_or(ProtocolError::Truncated)?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return if number <= UINT_MAX { Ok(number) } else { Err(ProtocolError::Number) };
            }
        }
        Err(ProtocolError::Number)
    }

    /// A `varUint8Array`: its length, then the bytes.
    ///
    /// # Errors
    /// When the length is impossible, or the frame has fewer bytes left.
    pub fn bytes(&mut self) -> Result<Bytes, ProtocolError> {
        let length = usize::try_from(self.uint()?).map_err(|_| ProtocolError::Truncated)?;
        let left = self.frame.len() - self.at;
        if length > left {
            return Err(ProtocolError::Truncated);
        }
        let start = self.at;
        self.at += length;
        Ok(self.frame.slice(start..self.at))
    }

    /// So many bytes.
    ///
    /// # Errors
    /// When the frame has fewer left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtocolError> {
        let array = self.frame[self.at..].first_chunk::<N>().ok_or(ProtocolError::Truncated)?;
        self.at += N;
        Ok(*array)
    }

    /// A `varString`: its length in bytes, then UTF-8.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and when it is not UTF-8.
    pub fn text(&mut self) -> Result<String, ProtocolError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| ProtocolError::Text)
    }
}

/// Bytes that `bytes` or `uint` add at most in front of what they are given.
pub const PREFIX_MAX: usize = 10;

/// Appends a `varUint`.
pub fn uint(out: &mut BytesMut, mut number: u64) {
    while number >= 0x80 {
        out.put_u8(u8::try_from(number & 0x7f).expect("seven bits fit a byte") | 0x80);
        number >>= 7;
    }
    out.put_u8(u8::try_from(number).expect("seven bits fit a byte"));
}

/// Appends a `varUint8Array`; a `varString` when the bytes are UTF-8.
pub fn bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.reserve(PREFIX_MAX + bytes.len());
    uint(out, bytes.len() as u64);
    out.put_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<u64, ProtocolError> {
        Reader::new(&Bytes::from_static(bytes)).uint()
    }

    #[test]
    fn numbers_survive_the_trip() {
        for number in [0, 1, 127, 128, 300, 1 << 32, UINT_MAX - 1, UINT_MAX] {
            let mut out = BytesMut::new();
            uint(&mut out, number);
            assert_eq!(Reader::new(&out.freeze()).uint(), Ok(number));
        }
    }

    #[test]
    fn numbers_beyond_javascript_are_refused() {
        let max = b"\xff\xff\xff\xff\xff\xff\xff\x0f";
        let over = b"\x80\x80\x80\x80\x80\x80\x80\x10";
        assert_eq!(read(max), Ok(UINT_MAX));
        assert_eq!(read(over), Err(ProtocolError::Number));
        assert_eq!(read(&[0x80; 40]), Err(ProtocolError::Number));
        assert_eq!(read(b"\x80\x80\x00"), Ok(0), "lib0 reads what is longer than it needs to be");
        assert_eq!(read(b"\x80"), Err(ProtocolError::Truncated));
    }

    #[test]
    fn byte_arrays_share_the_frame() {
        let frame = Bytes::from_static(b"\x02abrest");
        let read = Reader::new(&frame).bytes().expect("two bytes");
        assert_eq!(&read[..], b"ab");
        assert_eq!(read.as_ptr(), frame[1..].as_ptr());
    }

    #[test]
    fn lengths_beyond_the_frame_are_refused() {
        let frame = Bytes::from_static(b"\x03ab");
        assert_eq!(Reader::new(&frame).bytes(), Err(ProtocolError::Truncated));
        let frame = Bytes::from_static(b"\xff\xff\xff\xff\xff\xff\xff\x0fab");
        assert_eq!(Reader::new(&frame).bytes(), Err(ProtocolError::Truncated));
    }

    #[test]
    fn texts_must_be_utf_8() {
        let frame = Bytes::from_static(b"\x02\xc3\x28");
        assert_eq!(Reader::new(&frame).text(), Err(ProtocolError::Text));
    }
}
