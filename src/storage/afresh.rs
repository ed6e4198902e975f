//! A store that is written whole, from records: into a directory that nobody else uses yet, archives
//! first and its format last, so that nothing takes an unfinished one for a store.

use std::sync::Arc;

use crate::{
    random::Random,
    storage::{
        archive::{ArchiveError, ArchiveWriter},
        disk::Disk,
        format::write_format,
        journal::{CommitError, Header, JournalFile, START},
        keeper::measure,
        reading::Directories,
        record::{FileKey, Record},
        recovery::OpenError,
        seal::MERGED_BYTES,
    },
};

/// A store on its way to the disk.
pub(crate) struct Afresh<'a> {
    disk: &'a Arc<dyn Disk>,
    directories: &'a Directories,
    writer: ArchiveWriter<'a>,
    number: u64,
}

impl<'a> Afresh<'a> {
    /// Begins one. Its directories are made; they must be empty.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn begin(
        disk: &'a Arc<dyn Disk>,
        directories: &'a Directories,
    ) -> Result<Self, OpenError> {
        for directory in [&directories.root, &directories.log, &directories.archive] {
            disk.create_dir(directory).map_err(OpenError::disk("create", directory))?;
        }
        let writer = ArchiveWriter::begin(&**disk, &directories.archive, 1..=1, &measure)?;
        Ok(Self { disk, directories, writer, number: 1 })
    }

    /// Adds a record: first all that are not content, in the order in which they were written; then the
    /// content of one document after the other, states first, each in the order of its seqs.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn push(&mut self, record: Record) -> Result<(), ArchiveError> {
        if record.kind.is_content() && self.writer.bytes() > MERGED_BYTES / 2 {
            self.number += 1;
            let range = self.number..=self.number;
            let directory = &self.directories.archive;
            let next = ArchiveWriter::begin(&**self.disk, directory, range, &measure)?;
            std::mem::replace(&mut self.writer, next).finish()?;
        }
        self.writer.push(record)
    }

    /// Makes it a store.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn finish(self, random: &dyn Random) -> Result<(), OpenError> {
        let Self { disk, directories, writer, number } = self;
        writer.finish()?;
        let Directories { root, log, .. } = directories;
        let mut salt = [0; 8];
        random.fill(&mut salt);
        let key = FileKey { number: number + 1, salt: u64::from_le_bytes(salt) };
        let header = Header { key, first_commit: 1 };
        match JournalFile::create(disk, log, header, START..=START) {
            Ok(_) => {}
            Err(CommitError::Write(error) | CommitError::Sync(error)) => {
                return Err(OpenError::disk("create a journal file in", log)(error));
            }
        }
        write_format(&**disk, root).map_err(OpenError::disk("write", root.join("FORMAT")))
    }
}
