//! The journal's files: their names, headers and growth. Acknowledgements depend on these bytes.
//!
//! A file takes whole commits, each with one sync, and ends with a *roll*: how many records each
//! document has in it, so that whatever is damaged later can be laid at the right door. Knows
//! nothing of what records mean.

use std::{
    collections::HashMap,
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{BufMut, Bytes};

use crate::{
    ids::{DocumentId, Seq},
    storage::{
        disk::{Disk, DiskFile},
        record::{self, FileKey, Head, ROLL, Record},
    },
    telemetry::warnings::{CommitNotCut, JournalFileStays},
};

/// Records begin here; two copies of the header lie before, in sectors of their own.
pub(crate) const START: u64 = 1024;

/// More commits than any disk survives; beyond it counting on would overflow.
const COMMITS_MAX: u64 = 1 << 62;

const COPIES: [u64; 2] = [0, 512];
const HEADER: usize = 40;
const MAGIC: [u8; 8] = *b"cscrlog\x01";

/// A journal file's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Number and salt.
    pub(crate) key: FileKey,
    /// The number of the file's first commit; the file before ends with the one before.
    pub(crate) first_commit: u64,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The journal file's number.
    pub(crate) file: u64,
    /// Where it begins.
    pub(crate) offset: u64,
    /// Its whole length.
    pub(crate) bytes: u32,
}

/// Why a commit did not become durable.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// It could not be written; what was written of it is cut off and it may be tried again.
    Write(io::Error),
    /// A sync failed: what is on the disk is unknown, and nothing may be acknowledged any more.
    Sync(io::Error),
}

/// How many records of a document a file holds, and its last seq.
pub(crate) type Roll = HashMap<DocumentId, (u32, Seq)>;

/// The path of a journal file.
pub(crate) fn path(log: &Path, number: u64) -> PathBuf {
    log.join(format!("{number:08}.log"))
}

/// The number in a journal file's name.
pub(crate) fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".log")?;
    (name.len() >= 8 && name.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| name.parse().ok())
        .flatten()
}

/// Reads whichever copy of the header is sound.
pub(crate) fn header(bytes: &[u8], number: u64) -> Option<Header> {
    COPIES.iter().find_map(|at| {
        let start = usize::try_from(*at).expect("a small number");
        let copy = bytes.get(start..start + HEADER)?;
        let field = |at: usize| {
            u64::from_le_bytes(copy[at..at + 8].try_into().expect("eight bytes were sliced"))
        };
        let sound = copy[..8] == MAGIC
            && field(8) == number
            && field(24) <= COMMITS_MAX
            && field(32) == u64::from(crc32fast::hash(&copy[..32]));
        let key = FileKey { number, salt: field(16) };
        sound.then(|| Header { key, first_commit: field(24) })
    })
}

/// The number that a file gives itself, whatever its name is.
pub(crate) fn stated_number(bytes: &[u8]) -> Option<u64> {
    COPIES.iter().find_map(|at| {
        let start = usize::try_from(*at).expect("a small number") + 8;
        let number = u64::from_le_bytes(bytes.get(start..start + 8)?.try_into().ok()?);
        header(bytes, number).map(|header| header.key.number)
    })
}

/// Decodes a roll's payload.
pub(crate) fn read_roll(payload: &[u8]) -> Roll {
    let (rows, _) = payload.as_chunks::<28>();
    rows.iter()
        .map(|row| {
            let id: [u8; 16] = row[..16].try_into().expect("sixteen bytes were sliced");
            let seq = u64::from_le_bytes(row[16..24].try_into().expect("eight bytes were sliced"));
            let count = u32::from_le_bytes(row[24..].try_into().expect("four bytes are left"));
            (DocumentId::from_bytes(id), (count, Seq(seq)))
        })
        .collect()
}

/// The file that is being written.
pub(crate) struct JournalFile {
    file: Box<dyn DiskFile>,
    key: FileKey,
    position: u64,
    next_commit: u64,
    roll: Roll,
}

/// Reserves the most that fits: space set aside saves metadata writes later, but a disk with less
/// left than a whole journal file is not a full disk.
fn reserve_what_fits(file: &dyn DiskFile, bytes: RangeInclusive<u64>) -> io::Result<()> {
    let mut wanted = *bytes.end();
    loop {
        match file.reserve(wanted) {
            Err(error) if error.kind() == io::ErrorKind::StorageFull && wanted > *bytes.start() => {
                // What was reserved before it failed is given back.
                file.set_len(0)?;
                wanted = (wanted / 2).max(*bytes.start());
            }
            outcome => return outcome,
        }
    }
}

impl JournalFile {
    /// Creates a file, reserves its space and makes it durable. After an error of
    /// [`CommitError::Write`] nothing of it is left that a later attempt would trip over.
    pub(crate) fn create(
        disk: &Arc<dyn Disk>,
        log: &Path,
        header: Header,
        reserve: RangeInclusive<u64>,
    ) -> Result<Self, CommitError> {
        let path = path(log, header.key.number);
        match Self::write_header(&**disk, &path, header, reserve) {
            Ok(file) => {
                file.sync().map_err(CommitError::Sync)?;
                disk.sync_dir(log).map_err(CommitError::Sync)?;
                let Header { key, first_commit } = header;
                let roll = Roll::new();
                Ok(Self { file, key, position: START, next_commit: first_commit, roll })
            }
            Err(error) => {
                if let Err(error) = disk.remove(&path)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    JournalFileStays { path: &path.display(), reason: &error }.note();
                }
                Err(CommitError::Write(error))
            }
        }
    }

    fn write_header(
        disk: &dyn Disk,
        path: &Path,
        header: Header,
        reserve: RangeInclusive<u64>,
    ) -> io::Result<Box<dyn DiskFile>> {
        // One may be left by an attempt whose clean-up failed as well. No commit ever went there.
        let file = match disk.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                disk.remove(path)?;
                disk.create(path)?
            }
            result => result?,
        };
        reserve_what_fits(&*file, reserve)?;
        let mut copy = Vec::with_capacity(HEADER);
        copy.put_slice(&MAGIC);
        copy.put_u64_le(header.key.number);
        copy.put_u64_le(header.key.salt);
        copy.put_u64_le(header.first_commit);
        copy.put_u64_le(u64::from(crc32fast::hash(&copy)));
        for at in COPIES {
            file.write_at(&copy, at)?;
        }
        Ok(file)
    }

    /// Which file it is.
    pub(crate) fn key(&self) -> FileKey {
        self.key
    }

    /// The number that the next commit will have.
    pub(crate) fn next_commit(&self) -> u64 {
        self.next_commit
    }

    /// Whether nothing was written to it.
    pub(crate) fn is_empty(&self) -> bool {
        self.position == START
    }

    /// Whether this many bytes more would make it longer than `limit`. An empty file takes anything.
    pub(crate) fn is_full(&self, bytes: u64, limit: u64) -> bool {
        self.position > START && self.position + bytes > limit
    }

    /// Writes the records as one commit and syncs; gives their places.
    pub(crate) fn commit<'a>(
        &mut self,
        records: impl ExactSizeIterator<Item = &'a Record>,
        buffer: &mut Vec<u8>,
    ) -> Result<Vec<Place>, CommitError> {
        let count = records.len();
        let mut places = Vec::with_capacity(count);
        let mut touched = Vec::with_capacity(count);
        buffer.clear();
        for (index, record) in records.enumerate() {
            let start = buffer.len();
            let head = Head {
                kind: record.kind as u8,
                first: index == 0,
                last: index + 1 == count,
                document: record.document,
                seq: record.seq,
                commit: self.next_commit,
                length: length(&record.payload),
            };
            record::encode(buffer, self.key, self.position, &head, &record.payload);
            let bytes = u32::try_from(buffer.len() - start).expect("payloads are bounded");
            let offset = self.position + start as u64;
            places.push(Place { file: self.key.number, offset, bytes });
            touched.push((record.document, record.seq));
        }
        self.write(buffer)?;
        for (document, seq) in touched {
            let row = self.roll.entry(document).or_default();
            *row = (row.0 + 1, seq.max(row.1));
        }
        Ok(places)
    }

    /// Ends the file with its roll and gives back the space it does not need.
    pub(crate) fn finish(&mut self) -> Result<(), CommitError> {
        let payload = self.roll_payload();
        let head = Head {
            kind: ROLL,
            first: true,
            last: true,
            document: DocumentId::from_bytes([0; 16]),
            seq: Seq(0),
            commit: self.next_commit,
            length: length(&payload),
        };
        let mut buffer = Vec::new();
        record::encode(&mut buffer, self.key, self.position, &head, &payload);
        // The length is set first, so that the one sync covers both.
        let end = self.position + buffer.len() as u64;
        self.file.set_len(end).map_err(CommitError::Write)?;
        self.write(&buffer)
    }

    fn roll_payload(&self) -> Bytes {
        let mut rows: Vec<_> = self.roll.iter().collect();
        rows.sort_unstable();
        let mut payload = Vec::with_capacity(rows.len() * 28);
        for (document, (count, seq)) in rows {
            payload.put_slice(document.as_bytes());
            payload.put_u64_le(seq.0);
            payload.put_u32_le(*count);
        }
        payload.into()
    }

    fn write(&mut self, commit: &[u8]) -> Result<(), CommitError> {
        if let Err(error) = self.file.write_at(commit, self.position) {
            // Half a commit must not stay: if the process ends now, the next one should find the
            // file as it was. It is also cut when found, so failing here loses nothing.
            if let Err(error) = self.file.set_len(self.position) {
                CommitNotCut { file: &self.key.number, reason: &error }.note();
            }
            return Err(CommitError::Write(error));
        }
        self.file.sync().map_err(CommitError::Sync)?;
        self.position += commit.len() as u64;
        self.next_commit += 1;
        Ok(())
    }
}

fn length(payload: &Bytes) -> u32 {
    u32::try_from(payload.len()).expect("payloads are bounded when they are handed in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_counts_to_the_end_is_none() {
        let written = |first_commit: u64| {
            let mut copy = MAGIC.to_vec();
            [7, 1, first_commit].iter().for_each(|field| copy.extend(u64::to_le_bytes(*field)));
            let sum = u64::from(crc32fast::hash(&copy));
            copy.extend(sum.to_le_bytes());
            header(&copy, 7).map(|header| header.first_commit)
        };
        assert_eq!(written(5), Some(5));
        assert_eq!(written(u64::MAX), None);
    }
}
