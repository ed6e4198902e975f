//! Puts right checksums over bytes that were changed, so that what lies behind them is tried as well.
//! Knows where each format keeps its own, as `FORMAT.md`, `FORMAT-archive.md` and `FORMAT-saved.md`
//! draw it.

use crc32fast::{Hasher, hash};

/// Of every header and record of a journal file with this number.
pub(super) fn journal(bytes: &mut [u8], number: u64) {
    for at in [0, 512] {
        if let Some(header) = bytes.get_mut(at..at + 40) {
            let sum = u64::from(hash(&header[..32]));
            header[32..40].copy_from_slice(&sum.to_le_bytes());
        }
    }
    let Some(salt) = bytes.get(16..24).map(<[u8]>::to_vec) else { return };
    let sum = |at: usize, parts: &[&[u8]]| {
        let mut hasher = Hasher::new();
        hasher.update(&number.to_le_bytes());
        hasher.update(&salt);
        hasher.update(&(at as u64).to_le_bytes());
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize().to_le_bytes()
    };
    let mut at = 1024;
    while at + 48 <= bytes.len() {
        if bytes[at..at + 4] != *b"csR1" {
            at += 8;
            continue;
        }
        let head = sum(at, &[&bytes[at..at + 12], &bytes[at + 16..at + 48]]);
        bytes[at + 12..at + 16].copy_from_slice(&head);
        let length = word(bytes, at + 4) as usize;
        let trailer = at.saturating_add(48).saturating_add(length.next_multiple_of(8));
        if trailer.checked_add(40).is_none_or(|end| end > bytes.len()) {
            at += 8;
            continue;
        }
        let body = sum(at, &[&bytes[at..trailer]]);
        bytes[trailer + 32..trailer + 36].copy_from_slice(&body);
        let own = sum(trailer, &[&bytes[trailer..trailer + 36]]);
        bytes[trailer + 36..trailer + 40].copy_from_slice(&own);
        at = trailer + 40;
    }
}

/// Of an archive's header, segments, table and tail.
pub(super) fn archive(bytes: &mut [u8]) {
    if bytes.len() < 32 + 40 {
        return;
    }
    seal(&mut bytes[..32]);
    let heads: Vec<usize> = (32..bytes.len().saturating_sub(84))
        .filter(|at| bytes[*at..].starts_with(b"Seg\x1a"))
        .collect();
    for at in heads {
        let stored = word(bytes, at + 4 + 44) as usize;
        if let Some(contents) = bytes.get(at + 84..(at + 84).saturating_add(stored))
            && bytes[at + 4] != 3
        {
            let sum = hash(contents).to_le_bytes();
            bytes[at + 4 + 48..at + 4 + 52].copy_from_slice(&sum);
        }
        seal(&mut bytes[at..at + 84]);
    }
    let tail = bytes.len() - 40;
    let table = usize::try_from(long(bytes, tail + 16)).unwrap_or(usize::MAX);
    let start = table.saturating_add(84);
    if let Some(lines) = bytes.get(start..tail) {
        let sum = hash(lines).to_le_bytes();
        bytes[tail + 28..tail + 32].copy_from_slice(&sum);
        bytes[table + 4 + 48..table + 4 + 52].copy_from_slice(&sum);
        seal(&mut bytes[table..table + 84]);
    }
    seal(&mut bytes[tail..]);
}

/// Of the blocks of a saved document, and what its end says of all of them.
pub(super) fn saved(bytes: &mut [u8]) {
    let mut at = 12;
    while at + 17 <= bytes.len() {
        let end = (at + 17).saturating_add(word(bytes, at + 5) as usize);
        let Some(stored) = bytes.get(at + 17..end) else { return };
        let sum = hash(stored).to_le_bytes();
        bytes[at + 9..at + 13].copy_from_slice(&sum);
        let own = hash(&bytes[at..at + 13]).to_le_bytes();
        bytes[at + 13..at + 17].copy_from_slice(&own);
        at = end;
    }
}

fn seal(bytes: &mut [u8]) {
    let (body, sum) = bytes.split_at_mut(bytes.len() - 4);
    sum.copy_from_slice(&hash(body).to_le_bytes());
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |long| u64::from_le_bytes(*long))
}
