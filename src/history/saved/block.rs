//! The frame of a saved document: blocks with a head, packed and checksummed. Knows not what is in
//! them.

use std::io::{self, Read, Write};

use bytes::Bytes;
use crc32fast::Hasher;

use super::SavedError;

/// The line break shows a transfer that took the file for text.
pub(super) const MAGIC: [u8; 8] = *b"CosDoc\r\n";

/// The format written.
pub(super) const FORMAT: u32 = 1;

pub(super) const HEAD_BYTES: usize = 17;

/// A block is closed once its contents have so many bytes: larger ones pack little better, and one is
/// in memory at a time.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// Packing is done once, reading often. Beyond it the gain is a few percent for several times the work.
const LEVEL: i32 = 12;

/// 8 MiB, what the level above asks for at most: the most that unpacking may look back.
const WINDOW_LOG: u32 = 23;

/// What a block is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BlockKind {
    Header = 1,
    Users = 2,
    Entries = 3,
    Versions = 4,
    End = 5,
}

impl BlockKind {
    const ALL: [Self; 5] = [Self::Header, Self::Users, Self::Entries, Self::Versions, Self::End];
}

/// Writes blocks and remembers what the end must tell.
pub(super) struct BlockWriter<W> {
    out: W,
    sum: Hasher,
    blocks: u64,
}

impl<W: Write> BlockWriter<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, sum: Hasher::new(), blocks: 0 };
        writer.put(&MAGIC)?;
        writer.put(&FORMAT.to_le_bytes())?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }

    pub(super) fn block(&mut self, kind: BlockKind, contents: &[u8]) -> io::Result<()> {
        let too_large = |_| io::Error::new(io::ErrorKind::InvalidInput, "a block is over 4 GiB");
        let stored = zstd::bulk::compress(contents, LEVEL)?;
        let mut head = vec![kind as u8];
        head.extend(u32::try_from(contents.len()).map_err(too_large)?.to_le_bytes());
        head.extend(u32::try_from(stored.len()).map_err(too_large)?.to_le_bytes());
        head.extend(crc32fast::hash(&stored).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        self.put(&head)?;
        self.put(&stored)?;
        self.blocks += 1;
        Ok(())
    }

    /// The checksum of everything so far, and how many blocks that were.
    pub(super) fn so_far(&self) -> (u32, u64) {
        (self.sum.clone().finalize(), self.blocks)
    }

    pub(super) fn into_inner(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads blocks whoever wrote them.
pub(super) struct BlockReader<R> {
    from: R,
    sum: Hasher,
    blocks: u64,
    /// The largest contents that are unpacked.
    most: usize,
}

/// A block, unpacked.
pub(super) struct Block {
    pub(super) kind: BlockKind,
    pub(super) contents: Bytes,
    /// Of everything before it.
    pub(super) before: (u32, u64),
}

impl<R: Read> BlockReader<R> {
    pub(super) fn new(mut from: R, most: usize) -> Result<Self, SavedError> {
        let mut start = Vec::new();
        from.by_ref().take(12).read_to_end(&mut start)?;
        let (magic, format) = start.split_at(start.len().min(MAGIC.len()));
        if magic.is_empty() || magic != &MAGIC[..magic.len()] {
            return Err(SavedError::Foreign);
        }
        let format: [u8; 4] = format.try_into().map_err(|_| SavedError::Truncated)?;
        match u32::from_le_bytes(format) {
            FORMAT => {}
            0 => return Err(SavedError::Damaged("it has no format number".into())),
            newer => return Err(SavedError::Newer(newer)),
        }
        let mut sum = Hasher::new();
        sum.update(&start);
        Ok(Self { from, sum, blocks: 0, most })
    }

    pub(super) fn next(&mut self) -> Result<Block, SavedError> {
        let before = (self.sum.clone().finalize(), self.blocks);
        let number = self.blocks + 1;
        let damaged = |what: &str| SavedError::Damaged(format!("block {number} {what}"));
        let mut head = [0; HEAD_BYTES];
        self.from.read_exact(&mut head)?;
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (raw, stored, sum, own) = (word(1), word(5), word(9), word(13));
        if crc32fast::hash(&head[..13]) != own {
            return Err(damaged("has a head that fails its checksum"));
        }
        let kind = BlockKind::ALL.into_iter().find(|kind| *kind as u8 == head[0]);
        let kind = kind.ok_or_else(|| damaged("is of a kind that is not known"))?;
        let (raw, stored) = (raw as usize, stored as usize);
        if raw > self.most || stored > zstd::zstd_safe::compress_bound(self.most) {
            let what = format!("a block of {} bytes", raw.max(stored));
            return Err(SavedError::TooLarge { what, limit: self.most as u64 });
        }
        // It grows with what comes, not with what was promised.
        let mut packed = Vec::new();
        self.from.by_ref().take(stored as u64).read_to_end(&mut packed)?;
        if packed.len() < stored {
            return Err(SavedError::Truncated);
        }
        if crc32fast::hash(&packed) != sum {
            return Err(damaged("fails its checksum"));
        }
        self.sum.update(&head);
        self.sum.update(&packed);
        self.blocks += 1;
        let contents =
            unpack(&packed, raw).ok_or_else(|| damaged("does not unpack to its size"))?;
        Ok(Block { kind, contents, before })
    }

    /// Whether nothing follows.
    pub(super) fn is_at_end(&mut self) -> Result<bool, SavedError> {
        let mut rest = Vec::new();
        self.from.by_ref().take(1).read_to_end(&mut rest)?;
        Ok(rest.is_empty())
    }
}

fn unpack(packed: &[u8], raw: usize) -> Option<Bytes> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).ok()?.single_frame();
    decoder.window_log_max(WINDOW_LOG).ok()?;
    let mut contents = Vec::with_capacity(raw.min(BLOCK_BYTES) + 1);
    decoder.by_ref().take(raw as u64 + 1).read_to_end(&mut contents).ok()?;
    // Nothing may hide behind the frame.
    (contents.len() == raw && decoder.finish().is_empty()).then(|| contents.into())
}
