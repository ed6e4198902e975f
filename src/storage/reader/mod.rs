//! A look at a store from outside: for `inspect`, `export` and whoever wants to know whether the
//! files are sound. Takes no lock, opens no sled, writes nothing, and works beside a running server.
//!
//! What it shows is what a restart would find at this moment.

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        DocumentInfo, Kept, Record, StoreError, StoredEntry,
        archive::{self, Archive, ArchiveError},
        disk::Disk,
        format::FORMATS,
        journal,
        reading::{self, Directories, Trouble, Wanted},
        recovery::{self, Mode, OpenError, Recovered, Report},
        tables::Tables,
    },
};

/// How often to look again when a running server moves files meanwhile.
const ATTEMPTS: usize = 5;

/// A store, seen from outside.
pub struct Reader {
    disk: Arc<dyn Disk>,
    directories: Directories,
    tables: Tables,
    report: Report,
}

/// A file of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Where it is.
    pub path: PathBuf,
    /// Its length. Of the newest journal file much is only reserved.
    pub bytes: u64,
}

impl Reader {
    /// Looks at the store in this directory.
    ///
    /// # Errors
    /// When there is none, a newer version wrote it, or the disk refuses.
    pub fn open(directory: &Path, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let directories = Directories::new(directory);
        if !FORMATS.check(&*disk, directory)? {
            return Err(OpenError::Format {
                path: directory.to_owned(),
                problem: "holds no store: it has no file FORMAT".into(),
            });
        }
        let mut attempt = 1;
        let Recovered { tables, report, .. } = loop {
            match recovery::recover(&*disk, &directories, Mode::Look) {
                // A merge that takes place while the directory is listed can look like a gap.
                Ok(recovered) if recovered.report.damage.is_empty() || attempt == ATTEMPTS => {
                    break recovered;
                }
                Err(error) if attempt == ATTEMPTS || !error.is_vanished() => return Err(error),
                _ => attempt += 1,
            }
        };
        Ok(Self { disk, directories, tables, report })
    }

    /// What opening it found.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// All living documents whose name is known, in the order of their names' bytes.
    #[must_use]
    pub fn documents(&self) -> Vec<DocumentInfo> {
        self.tables.catalog.list("", None, usize::MAX)
    }

    /// The document of this name.
    ///
    /// # Errors
    /// When it is not there and names were lost, so that nobody can say whether it ever was.
    pub fn find(&self, name: &DocumentName) -> Result<Option<DocumentId>, StoreError> {
        self.tables.find(name)
    }

    /// The small records beside a document.
    ///
    /// # Errors
    /// When the document is damaged or none.
    pub fn records(&self, id: DocumentId) -> Result<Vec<(Box<str>, Record)>, StoreError> {
        self.tables.check(id).and_then(|()| self.tables.catalog.records(id, ""))
    }

    /// Reads entries after a seq in order, about `max_bytes` of updates at a time and at least one
    /// while there are more.
    ///
    /// # Errors
    /// When the document is damaged or none, or the disk refuses.
    pub fn entries(
        &mut self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let last = self.tables.catalog.life(id)?.last;
            match self.read(id, after, max_bytes)? {
                Ok(page) if page.is_empty() && after < last => {
                    return Err(StoreError::Damaged(format!("entries after {after} are missing")));
                }
                Ok(page) => return Ok(page),
                // Another archive may have taken the name of the one that was to be read.
                Err(Trouble::Vanished | Trouble::Damaged(_)) if attempt < ATTEMPTS => {
                    self.look_again()?;
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
    }

    /// Documents of which something is damaged, with their names as far as those are known, and why.
    #[must_use]
    pub fn set_aside(&self) -> Vec<(DocumentId, Option<DocumentName>, String)> {
        self.tables.set_aside()
    }

    /// What retention left of a document's past.
    #[must_use]
    pub fn kept(&self, id: DocumentId) -> Kept {
        self.tables.kept(id)
    }

    /// The state that is kept of a moment ([`Kept::has_state`]).
    ///
    /// # Errors
    /// When it is damaged or not there, or the disk refuses.
    pub fn base(&mut self, id: DocumentId, seq: Seq) -> Result<StoredEntry, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.tables.check(id)?;
            let missing = || StoreError::Damaged(format!("the state of entry {seq} is missing"));
            let place = self.tables.base(id, seq).ok_or_else(missing)?;
            let key = |number| self.tables.keys.get(&number).copied();
            match reading::read_base(&*self.disk, &self.directories, &key, id, (seq, &place)) {
                Ok(state) => return Ok(state),
                Err(Trouble::Vanished | Trouble::Damaged(_)) if attempt < ATTEMPTS => {
                    self.look_again()?;
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
    }

    fn look_again(&mut self) -> Result<(), StoreError> {
        let again = Self::open(&self.directories.root, self.disk.clone());
        *self = again.map_err(|error| StoreError::Read(error.to_string()))?;
        Ok(())
    }

    fn read(
        &self,
        id: DocumentId,
        after: Seq,
        max_bytes: usize,
    ) -> Result<Result<Vec<StoredEntry>, Trouble>, StoreError> {
        let contents = self.tables.contents(id, after, max_bytes)?;
        let key = |number| self.tables.keys.get(&number).copied();
        let wanted = Wanted { id, contents: &contents, key: &key, after, max_bytes };
        Ok(reading::read_entries(&*self.disk, &self.directories, &wanted))
    }

    /// The files of journal and archive, in order.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn files(&self) -> Result<Vec<FileInfo>, OpenError> {
        let mut files = Vec::new();
        for directory in [&self.directories.archive, &self.directories.log] {
            let mut paths =
                self.disk.list(directory).map_err(OpenError::disk("list", directory))?;
            paths.retain(|path| {
                journal::number(path).is_some() || archive::parse_file_name(path).is_some()
            });
            paths.sort();
            for path in paths {
                let length = self.disk.open(&path, false).and_then(|file| file.len());
                match length {
                    Ok(bytes) => files.push(FileInfo { path, bytes }),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(OpenError::disk("open", path)(error)),
                }
            }
        }
        Ok(files)
    }

    /// Checks every byte of journal and archives; gives a sentence for each thing that is wrong, with
    /// file, offset and document as far as they are known. A file that the disk does not give is one of
    /// them.
    ///
    /// # Errors
    /// When the directory cannot be listed, or an archive is of a newer format.
    pub fn verify(&self) -> Result<Vec<String>, OpenError> {
        // The journal was read whole when the store was opened.
        let mut found = self.report.damage.clone();
        let directory = &self.directories.archive;
        for range in archive::list_archives(&*self.disk, directory)? {
            let path = directory.join(archive::file_name(&range));
            match Archive::open(&*self.disk, &path).and_then(|archive| archive.verify()) {
                Ok(flaws) => found.extend(flaws.iter().map(ToString::to_string)),
                Err(error) if error.is_damage() => found.push(error.to_string()),
                // Merged away since it was listed; what took its place was verified when written.
                Err(ArchiveError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound => {}
                // What the disk does not give is not to be had, and the rest is still looked at.
                Err(error @ ArchiveError::Io { .. }) => found.push(error.to_string()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }
}
