//! Writes a saved document to a stream, a block at a time.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

use bytes::BytesMut;

use super::{
    Header, KINDS, Version,
    block::{BLOCK_BYTES, BlockKind, BlockWriter},
};
use crate::{clock::Timestamp, identity::Author, limits, protocol::varint, storage::Entry};

/// A saved document in the making. The header comes first and must be true: whoever writes knows the
/// users and the counts beforehand.
pub struct Writer<W> {
    blocks: BlockWriter<W>,
    users: HashMap<Arc<Author>, u64>,
    kind: BlockKind,
    block: BytesMut,
    /// The time that the next one in this block is told from.
    time: u64,
}

impl<W: Write> Writer<W> {
    /// Begins with the header and the users that entries and versions may then have.
    ///
    /// # Errors
    /// When the stream takes no more.
    pub fn new(out: W, header: &Header, users: &[Arc<Author>]) -> io::Result<Self> {
        let mut blocks = BlockWriter::new(out)?;
        blocks.block(BlockKind::Header, &header_bytes(header))?;
        let numbered = users.iter().zip(0..);
        let users = numbered.clone().map(|(user, index)| (anywhere(user), index)).collect();
        let kind = BlockKind::Users;
        let mut writer = Self { blocks, users, kind, block: BytesMut::new(), time: 0 };
        for (user, _) in numbered {
            let kind = KINDS.iter().zip(0..).find(|(kind, _)| **kind == user.kind);
            writer.block.extend_from_slice(&[kind.map_or(0, |(_, number)| number)]);
            let id = clean(&user.user, usize::MAX, limits::USER_ID_BYTES);
            varint::bytes(&mut writer.block, id.as_bytes());
            put_name(&mut writer.block, &user.name);
            writer.close_if(BLOCK_BYTES)?;
        }
        Ok(writer)
    }

    /// Adds an entry. All come before the first version.
    ///
    /// # Errors
    /// When the author is not among the users, or the stream takes no more.
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.switch(BlockKind::Entries)?;
        if self.block.len() + entry.update.len() > BLOCK_BYTES {
            self.close_if(1)?;
        }
        let user = self.user(&entry.author)?;
        self.put_time(entry.time);
        varint::uint(&mut self.block, user);
        varint::bytes(&mut self.block, &entry.update);
        self.close_if(BLOCK_BYTES)
    }

    /// Adds a version; in order of their entries.
    ///
    /// # Errors
    /// When the author is not among the users, or the stream takes no more.
    pub fn version(&mut self, version: &Version) -> io::Result<()> {
        self.switch(BlockKind::Versions)?;
        let user = self.user(&version.author)?;
        varint::uint(&mut self.block, version.entry);
        self.put_time(version.time);
        varint::uint(&mut self.block, user);
        self.block.extend_from_slice(&[version.automatic.into()]);
        put_name(&mut self.block, &version.name);
        self.close_if(BLOCK_BYTES)
    }

    /// Ends the file; gives the stream back, flushed.
    ///
    /// # Errors
    /// When the stream takes no more.
    pub fn finish(mut self) -> io::Result<W> {
        self.switch(BlockKind::End)?;
        let (sum, blocks) = self.blocks.so_far();
        self.block.extend_from_slice(&sum.to_le_bytes());
        varint::uint(&mut self.block, blocks);
        self.close_if(1)?;
        self.blocks.into_inner()
    }

    fn user(&self, author: &Arc<Author>) -> io::Result<u64> {
        let known = self.users.get(author).or_else(|| self.users.get(&anywhere(author)));
        known.copied().ok_or_else(|| io::Error::other("an author is not among the users"))
    }

    fn put_time(&mut self, time: Timestamp) {
        let since = i128::from(time.0) - i128::from(self.time);
        let since = i64::try_from(since).unwrap_or_default();
        varint::uint(&mut self.block, ((since << 1) ^ (since >> 63)) as u64);
        self.time = time.0;
    }

    fn switch(&mut self, kind: BlockKind) -> io::Result<()> {
        if self.kind != kind {
            self.close_if(1)?;
            self.kind = kind;
        }
        Ok(())
    }

    /// Writes the block if it has at least so many bytes.
    fn close_if(&mut self, bytes: usize) -> io::Result<()> {
        if self.block.len() >= bytes {
            self.blocks.block(self.kind, &self.block)?;
            self.block.clear();
            self.time = 0;
        }
        Ok(())
    }
}

/// The author without the connection, whose number means nothing elsewhere.
pub(super) fn anywhere(author: &Arc<Author>) -> Arc<Author> {
    if author.connection == 0 {
        return Arc::clone(author);
    }
    Arc::new(Author { connection: 0, ..Author::clone(author) })
}

fn put_name(out: &mut BytesMut, name: &str) {
    let letters: String = name.chars().take(limits::AUTHOR_LETTERS).collect();
    varint::bytes(out, clean(&letters, usize::MAX, usize::MAX).as_bytes());
}

/// What a reader takes of a text that nobody checked: no control characters, so many UTF-16 units and
/// bytes.
fn clean(text: &str, mut units: usize, mut bytes: usize) -> String {
    let fits = |letter: &char| {
        let left = (units.checked_sub(letter.len_utf16()), bytes.checked_sub(letter.len_utf8()));
        let (Some(left_units), Some(left_bytes)) = left else { return false };
        (units, bytes) = (left_units, left_bytes);
        true
    };
    text.chars().filter(|letter| !letter.is_control()).take_while(fits).collect()
}

pub(super) fn header_bytes(header: &Header) -> BytesMut {
    let mut out = BytesMut::new();
    out.extend_from_slice(header.life.as_bytes());
    let kind = header.kind.map_or("", crate::crdt::Kind::as_str);
    let title = clean(&header.title, limits::TITLE_UNITS, usize::MAX);
    let lang = clean(&header.lang, usize::MAX, limits::LANG_BYTES);
    for text in [&title[..], kind, &lang] {
        varint::bytes(&mut out, text.as_bytes());
    }
    let Header { created, saved, users, entries, versions, bytes, cut, .. } = header;
    for number in [created.0, saved.0, *users, *entries, *versions, *bytes] {
        varint::uint(&mut out, number.min(varint::UINT_MAX));
    }
    if *cut {
        varint::uint(&mut out, 1);
    }
    out
}
