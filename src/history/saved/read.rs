//! Reads a saved document from a stream, a block at a time, and believes nothing of it.

use std::{collections::VecDeque, io::Read, sync::Arc};

use bytes::Bytes;

use super::{
    Bounds, Header, KINDS, SavedError, Version,
    block::{BLOCK_BYTES, Block, BlockKind, BlockReader},
    error::unsound,
};
use crate::{
    clock::Timestamp,
    identity::Author,
    ids::DocumentId,
    limits,
    protocol::{ProtocolError, varint},
    storage::Entry,
};

/// The last moment of the year 9999: later ones cannot be shown as dates.
const LAST_TIME: u64 = 253_402_300_799_999;

/// What stands before an update in its entry, at most.
const ENTRY_BYTES: usize = 32;

/// A saved document that is being read: header and users at once, then entry by entry.
pub struct Reader<R> {
    blocks: BlockReader<R>,
    bounds: Bounds,
    header: Header,
    users: Vec<Arc<Author>>,
    /// Entries of the block that is being read.
    entries: VecDeque<Entry>,
    /// How many entries and bytes of updates were read.
    read: (u64, u64),
    versions: Vec<Version>,
    /// Whether the end was read and found sound.
    ended: bool,
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("header", &self.header).finish_non_exhaustive()
    }
}

impl<R: Read> Reader<R> {
    /// Reads header and users.
    ///
    /// # Errors
    /// When this is no saved document, or not one within these bounds.
    pub fn open(from: R, bounds: Bounds) -> Result<Self, SavedError> {
        let most = (2 * BLOCK_BYTES).max(bounds.update_bytes.saturating_add(ENTRY_BYTES));
        let mut blocks = BlockReader::new(from, most)?;
        let first = blocks.next()?;
        if first.kind != BlockKind::Header {
            return Err(unsound("it does not begin with its header"));
        }
        let header = read_header(&first.contents)?;
        check(&header, &bounds)?;
        let (users, entries, versions) = (Vec::new(), VecDeque::new(), Vec::new());
        let read = (0, 0);
        let mut reader =
            Self { blocks, bounds, header, users, entries, read, versions, ended: false };
        while (reader.users.len() as u64) < reader.header.users {
            let Block { kind, contents, .. } = reader.blocks.next()?;
            if kind != BlockKind::Users {
                return Err(unsound("users are missing"));
            }
            reader.read_users(&contents)?;
        }
        Ok(reader)
    }

    /// What it says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Everybody who may be the author of something in it.
    pub fn users(&self) -> &[Arc<Author>] {
        &self.users
    }

    /// The next entry; `None` after the last, once everything that follows was found sound as well.
    ///
    /// # Errors
    /// When the file is not sound. What was read before may then be part of nothing.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, SavedError> {
        loop {
            if let Some(entry) = self.entries.pop_front() {
                return Ok(Some(entry));
            }
            if self.ended {
                return Ok(None);
            }
            let block = self.blocks.next()?;
            match block.kind {
                BlockKind::Entries if self.versions.is_empty() => {
                    self.read_entries(block.contents)?;
                }
                BlockKind::Versions => self.read_versions(&block.contents)?,
                BlockKind::End => self.read_end(&block)?,
                _ => return Err(unsound("its blocks are out of order")),
            }
        }
    }

    /// The versions, in order; all of them after the last entry.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    fn read_users(&mut self, contents: &Bytes) -> Result<(), SavedError> {
        let mut fields = Fields::of_many(contents)?;
        while !fields.0.is_at_end() {
            let kind = fields.byte()?;
            let kind =
                KINDS.get(usize::from(kind)).ok_or_else(|| unsound("a user is of no kind"))?;
            let (id, name) = (fields.text(limits::USER_ID_BYTES)?, fields.name()?);
            let (user, name) = (id.into(), name.into());
            self.users.push(Arc::new(Author { kind: *kind, user, name, connection: 0 }));
        }
        if self.users.len() as u64 > self.header.users {
            return Err(unsound("there are more users than its header says"));
        }
        Ok(())
    }

    fn read_entries(&mut self, contents: Bytes) -> Result<(), SavedError> {
        let mut fields = Fields::of_many(&contents)?;
        let mut time = 0;
        while !fields.0.is_at_end() {
            time = fields.time(time)?;
            let author = self.user(fields.number()?)?;
            let update = fields.0.bytes().map_err(ends_early)?;
            if update.len() > self.bounds.update_bytes {
                let what = format!("an edit of {} bytes", update.len());
                return Err(SavedError::TooLarge { what, limit: self.bounds.update_bytes as u64 });
            }
            self.read.0 += 1;
            self.read.1 += update.len() as u64;
            if self.read.0 > self.header.entries || self.read.1 > self.header.bytes {
                return Err(unsound("there are more edits than its header says"));
            }
            self.entries.push_back(Entry { time: Timestamp(time), author, update });
        }
        Ok(())
    }

    fn read_versions(&mut self, contents: &Bytes) -> Result<(), SavedError> {
        let mut fields = Fields::of_many(contents)?;
        let mut time = 0;
        while !fields.0.is_at_end() {
            let entry = fields.number()?;
            time = fields.time(time)?;
            let author = self.user(fields.number()?)?;
            let automatic = match fields.byte()? {
                0 => false,
                1 => true,
                _ => return Err(unsound("a version is of no kind")),
            };
            let name = fields.name()?;
            let before = self.versions.last().map_or(1, |version| version.entry);
            if entry < before || entry > self.read.0 {
                return Err(unsound("a version is of an edit that is not there"));
            }
            let time = Timestamp(time);
            self.versions.push(Version { name, entry, time, author, automatic });
            if self.versions.len() as u64 > self.header.versions {
                return Err(unsound("there are more versions than its header says"));
            }
        }
        Ok(())
    }

    fn read_end(&mut self, end: &Block) -> Result<(), SavedError> {
        let mut fields = Fields(varint::Reader::new(&end.contents));
        let sum = u32::from_le_bytes(fields.array()?);
        if (sum, fields.number()?) != end.before || !fields.0.is_at_end() {
            return Err(SavedError::Damaged("the whole fails its checksum".into()));
        }
        let Header { entries, versions, bytes, .. } = self.header;
        if (entries, bytes) != self.read {
            return Err(unsound("there are fewer edits than its header says"));
        }
        if versions != self.versions.len() as u64 {
            return Err(unsound("there are fewer versions than its header says"));
        }
        if !self.blocks.is_at_end()? {
            return Err(unsound("something follows its end"));
        }
        self.ended = true;
        Ok(())
    }

    fn user(&self, index: u64) -> Result<Arc<Author>, SavedError> {
        let user = usize::try_from(index).ok().and_then(|index| self.users.get(index));
        user.cloned().ok_or_else(|| unsound("something is by a user who is not there"))
    }
}

fn read_header(contents: &Bytes) -> Result<Header, SavedError> {
    let mut fields = Fields(varint::Reader::new(contents));
    let life = DocumentId::from_bytes(fields.array()?);
    let title = fields.text(4 * limits::TITLE_UNITS)?;
    let kind = fields.text(16)?;
    let kind = match &kind[..] {
        "" => None,
        kind => Some(kind.parse().map_err(|_| unsound("it is of a kind that is not known"))?),
    };
    let lang = fields.text(limits::LANG_BYTES)?;
    let mut times = [Timestamp(0); 2];
    for time in &mut times {
        *time = Timestamp(fields.number()?);
        check_time(time.0)?;
    }
    let mut counts = [0; 4];
    for count in &mut counts {
        *count = fields.number()?;
    }
    let cut = !fields.0.is_at_end();
    if cut && (fields.number()? != 1 || !fields.0.is_at_end()) {
        return Err(unsound("its header is too long"));
    }
    let ([created, saved], [users, entries, versions, bytes]) = (times, counts);
    Ok(Header { life, title, kind, lang, created, saved, users, entries, versions, bytes, cut })
}

/// What a header promises must be within bounds before anything of it is read.
fn check(header: &Header, bounds: &Bounds) -> Result<(), SavedError> {
    if header.title.encode_utf16().count() > limits::TITLE_UNITS {
        return Err(unsound("its title is too long"));
    }
    if header.entries == 0 {
        return Err(unsound("there is nothing in it"));
    }
    for (what, count, limit) in [
        ("users", header.users, limits::SAVED_USERS),
        ("edits", header.entries, bounds.entries),
        ("versions", header.versions, limits::SAVED_VERSIONS),
        ("bytes of edits", header.bytes, bounds.bytes),
    ] {
        if count > limit {
            return Err(SavedError::TooLarge { what: format!("{count} {what}"), limit });
        }
    }
    Ok(())
}

const NO_NAME: &str = "a name is too long or not of letters";

/// What is left of a block's contents.
struct Fields<'a>(varint::Reader<'a>);

impl<'a> Fields<'a> {
    /// Of a block with any number of things but none: an endless row of blocks with nothing in them
    /// would keep a reader busy for nothing.
    fn of_many(contents: &'a Bytes) -> Result<Self, SavedError> {
        if contents.is_empty() {
            return Err(unsound("a block is empty"));
        }
        Ok(Self(varint::Reader::new(contents)))
    }

    fn number(&mut self) -> Result<u64, SavedError> {
        self.0.uint().map_err(ends_early)
    }

    fn byte(&mut self) -> Result<u8, SavedError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SavedError> {
        self.0.array().map_err(ends_early)
    }

    fn text(&mut self, most: usize) -> Result<String, SavedError> {
        let text = self.0.text().map_err(ends_early)?;
        let sound = text.len() <= most && !text.chars().any(char::is_control);
        if sound { Ok(text) } else { Err(unsound(NO_NAME)) }
    }

    /// Of a person or a version.
    fn name(&mut self) -> Result<String, SavedError> {
        // Letters have at most four bytes.
        let name = self.text(4 * limits::AUTHOR_LETTERS)?;
        let sound = name.chars().count() <= limits::AUTHOR_LETTERS;
        if sound { Ok(name) } else { Err(unsound(NO_NAME)) }
    }

    fn time(&mut self, before: u64) -> Result<u64, SavedError> {
        let coded = self.number()?;
        let since = (coded >> 1) as i64 ^ -((coded & 1) as i64);
        let time = before.checked_add_signed(since);
        let time = time.ok_or_else(|| unsound("something is from before 1970"))?;
        check_time(time)?;
        Ok(time)
    }
}

fn check_time(time: u64) -> Result<(), SavedError> {
    if time > LAST_TIME { Err(unsound("something is from after the year 9999")) } else { Ok(()) }
}

fn ends_early(error: ProtocolError) -> SavedError {
    unsound(match error {
        ProtocolError::Text => "a name is not UTF-8",
        _ => "a block ends in the middle of something",
    })
}
