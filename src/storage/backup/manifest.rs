//! What a backup says about itself: a line of JSON and a line with its checksum.
//!
//! Nothing it names is believed to be a path: only names of archives and journal files are taken.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{BackupError, create_anew};
use crate::{
    clock::Timestamp,
    storage::{
        archive,
        disk::{self, Disk},
        files::StoreFile,
        format::FORMATS,
        journal,
    },
};

/// The format that this version writes.
const FORMAT: u32 = 1;

/// What [`super::take`] wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The format of the backup.
    pub(super) backup: u32,
    /// The format of the store.
    pub(super) store: u32,
    /// Which store it is, if that said so.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// Everything that was saved by then is in it.
    pub(super) begun: Timestamp,
    /// The newest journal file in it.
    pub(super) journal: u64,
    /// That file's salt, by which another life of the store is told from this one; 0 if it was damaged.
    pub(super) salt: u64,
    /// What was damaged when it was copied, a sentence each.
    pub(super) damage: Vec<String>,
    /// All files, in order.
    pub(super) files: Vec<Kept>,
    /// Copies of earlier backups that may hold what is damaged in `files`. They are not restored.
    #[serde(default)]
    pub(super) aside: Vec<Kept>,
}

/// A file of the store, and its copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Where it was in the store.
    pub(super) path: String,
    /// What its copy is called.
    pub(super) copy: String,
    /// How long it is.
    pub(super) bytes: u64,
    /// The CRC-32 of all its bytes.
    pub(super) crc32: u32,
    /// Of an archive: the CRC-32 of its last bytes, which hold the checksum of its table, which holds
    /// those of its content. So a copy is known without reading the archive again.
    pub(super) tail: Option<u32>,
    /// Whether it was the newest journal file, to which more may have been written since.
    #[serde(default)]
    pub(super) growing: bool,
    /// What is damaged in it, a sentence each; `None` where that was not kept.
    #[serde(default)]
    pub(super) flaws: Option<Vec<String>>,
}

impl Kept {
    /// What kind of file it is; `None` when its path is none that a store has, or its copy is called
    /// otherwise than we call one of those bytes.
    pub(super) fn file(&self) -> Option<StoreFile> {
        let path = Path::new(&self.path);
        let file = archive::parse_file_name(path).map(StoreFile::Archive);
        let file = file.or_else(|| journal::number(path).map(StoreFile::Journal))?;
        let sum = self.copy.rsplit_once('.').and_then(|(_, sum)| u32::from_str_radix(sum, 16).ok());
        let is_named = is_copy(&self.copy) && sum == Some(self.crc32);
        (is_named && file.relative() == path).then_some(file)
    }
}

/// Whether a file in `files` has a name that only we give: that of a file of a store, and behind it a
/// checksum.
pub(super) fn is_copy(name: &str) -> bool {
    let is_name = Path::new(name).file_name().is_some_and(|it| it == name);
    let is_sum = |sum: &str| sum.len() == 8 && sum.bytes().all(|it| it.is_ascii_hexdigit());
    let is_made = |(of, sum)| is_sum(sum) && is_of_a_store(of);
    is_name && name.rsplit_once('.').is_some_and(is_made)
}

/// Whether a file in `files` is a copy, or one that was being made.
pub(super) fn is_ours(name: &str) -> bool {
    is_copy(name) || name.strip_suffix(".tmp").is_some_and(is_of_a_store)
}

fn is_of_a_store(name: &str) -> bool {
    let path = Path::new(name);
    archive::parse_file_name(path).is_some() || journal::number(path).is_some()
}

fn path(backup: &Path) -> PathBuf {
    backup.join("MANIFEST")
}

/// Reads it; `None` when there is none.
pub(super) fn read(disk: &dyn Disk, backup: &Path) -> Result<Option<Manifest>, BackupError> {
    let path = path(backup);
    let file = match disk.open(&path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(BackupError::disk("open", &path))?,
    };
    let bytes = disk::read_all(&*file).map_err(BackupError::disk("read", &path))?;
    let damaged =
        || BackupError::unfit(&path, "is damaged; the copies in `files` are of no use without it");
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
    let (body, sum) = text.trim_end_matches('\n').rsplit_once('\n').ok_or_else(damaged)?;
    if sum != checksum(body) {
        return Err(damaged());
    }
    let value: serde_json::Value = serde_json::from_str(body).map_err(|_| damaged())?;
    for (key, known, what) in [("backup", FORMAT, "backup"), ("store", FORMATS.number, "store")] {
        let found = value[key].as_u64().ok_or_else(damaged)?;
        if found > u64::from(known) {
            let problem = format!(
                "says {what} format {found}, but this version knows {known}; use the version that \
                 wrote it, or a newer one"
            );
            return Err(BackupError::unfit(&path, problem));
        }
    }
    let manifest: Manifest = serde_json::from_value(value).map_err(|_| damaged())?;
    if manifest.files.iter().chain(&manifest.aside).any(|kept| kept.file().is_none()) {
        return Err(damaged());
    }
    Ok(Some(manifest))
}

/// Writes it in place of the one before, in one step.
pub(super) fn write(
    disk: &dyn Disk,
    backup: &Path,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    let (path, unfinished) = (path(backup), backup.join("MANIFEST.tmp"));
    let body = serde_json::to_string(manifest)
        .map_err(|error| BackupError::disk("write", &unfinished)(io::Error::other(error)))?;
    let text = format!("{body}\n{}\n", checksum(&body));
    let file = create_anew(disk, &unfinished)?;
    file.write_at(text.as_bytes(), 0).map_err(BackupError::disk("write", &unfinished))?;
    file.sync().map_err(BackupError::disk("sync", &unfinished))?;
    disk.rename(&unfinished, &path).map_err(BackupError::disk("rename", &unfinished))?;
    disk.sync_dir(backup).map_err(BackupError::disk("sync", backup))
}

fn checksum(body: &str) -> String {
    format!("crc32 {:08x}", crc32fast::hash(body.as_bytes()))
}

impl Manifest {
    /// One without files yet.
    pub(super) fn of(begun: Timestamp, key: crate::storage::record::FileKey) -> Self {
        Self {
            backup: FORMAT,
            store: FORMATS.number,
            id: None,
            begun,
            journal: key.number,
            salt: key.salt,
            damage: Vec::new(),
            files: Vec::new(),
            aside: Vec::new(),
        }
    }

    /// What a store that was made of this backup says it is from.
    pub(super) fn calls_itself(&self) -> String {
        format!("{}-{}-{:016x}", self.begun.0, self.journal, self.salt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_called_after_its_file_and_its_bytes() {
        let kept = |path: &str, copy: &str, crc32| Kept {
            path: path.to_owned(),
            copy: copy.to_owned(),
            bytes: 9,
            crc32,
            tail: None,
            growing: false,
            flaws: None,
        };
        let (path, copy) = ("log/00000007.log", "00000007.log.0000beef");
        assert_eq!(kept(path, copy, 0xbeef).file(), Some(StoreFile::Journal(7)));
        for (path, copy, crc32) in [
            (path, copy, 0xbeee),
            (path, "00000007.log", 0xbeef),
            (path, "../00000007.log.0000beef", 0xbeef),
            ("00000007.log", copy, 0xbeef),
        ] {
            assert_eq!(kept(path, copy, crc32).file(), None, "{path} {copy} {crc32:x}");
        }
    }
}
