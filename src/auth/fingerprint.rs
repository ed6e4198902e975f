//! A short stand-in for bytes that nobody can make others stand for.

use ring::digest::{Context, SHA256};

/// The fingerprint of some parts; other parts have another, also when they only begin elsewhere.
#[must_use]
pub fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut print = [0; 32];
    print.copy_from_slice(hash.finish().as_ref());
    print
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn other_parts_have_another_fingerprint() {
        assert_eq!(fingerprint([&b"ab"[..], b"c"]), fingerprint([&b"ab"[..], b"c"]));
        assert_ne!(fingerprint([&b"ab"[..], b"c"]), fingerprint([&b"a"[..], b"bc"]));
    }
}
