//! A damaged store's files under the names that they give themselves, as some may have been exchanged,
//! renamed or copied over each other. Only for reading.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::storage::{
    archive::{self, Archive},
    disk::{self, Disk, DiskFile},
    files::StoreFile,
    journal::{self, START},
    reading::Directories,
    recovery::OpenError,
};

/// The disk with these files under other names.
pub(super) struct View<'a> {
    disk: &'a dyn Disk,
    directories: &'a Directories,
    /// Where each really lies.
    places: BTreeMap<PathBuf, PathBuf>,
    /// Further files that say they are one of those.
    pub(super) copies: Vec<(StoreFile, PathBuf)>,
    /// What has another name than it should have, a sentence each.
    pub(super) flaws: Vec<String>,
}

/// How much a file is to be believed to be the one that it is taken for, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// It says so, and so does its name.
    Both,
    /// It says so, under the name of another.
    Itself,
    /// It says so, under a name that is none.
    Stray,
    /// It says nothing any more.
    Name,
}

impl<'a> View<'a> {
    /// Looks at what each file says of itself.
    pub(super) fn of(disk: &'a dyn Disk, directories: &'a Directories) -> Result<Self, OpenError> {
        let mut view = Self {
            disk,
            directories,
            places: BTreeMap::new(),
            copies: Vec::new(),
            flaws: Vec::new(),
        };
        let mut claims = Vec::new();
        for directory in [&directories.log, &directories.archive] {
            let mut paths = list(disk, directory).map_err(OpenError::disk("list", directory))?;
            paths.sort();
            for path in paths.into_iter().filter(|path| !is_unfinished(path)) {
                let stated = stated(disk, &path).map_err(OpenError::disk("read", &path))?;
                let named = named(&path);
                let Some(file) = stated.clone().or_else(|| named.clone()) else { continue };
                let claim = match (&stated, &named) {
                    _ if path == file.path(directories) && stated.is_some() => Claim::Both,
                    (None, _) => Claim::Name,
                    (_, Some(_)) => Claim::Itself,
                    (_, None) => Claim::Stray,
                };
                claims.push((claim, file, path));
            }
        }
        claims.sort_by_key(|(claim, ..)| *claim);
        for (claim, file, path) in claims {
            view.take(claim, file, path);
        }
        Ok(view)
    }

    fn take(&mut self, claim: Claim, file: StoreFile, path: PathBuf) {
        let shown = file.path(self.directories);
        // An archive under no name was set aside, as others stand for what is in it.
        let set_aside = claim == Claim::Stray && matches!(file, StoreFile::Archive(_));
        if set_aside || self.places.contains_key(&shown) {
            if claim != Claim::Stray {
                self.flaws.push(format!("{} is a copy of {}", path.display(), shown.display()));
            }
            return self.copies.push((file, path));
        }
        if shown != path {
            self.flaws.push(format!("{} is {}", path.display(), shown.display()));
        }
        self.places.insert(shown, path);
    }

    /// Whether there is no file at all.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.copies.is_empty()
    }
}

/// The files of a directory, none where there is no such directory.
fn list(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<PathBuf>> {
    match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

/// One that is still being written has no name yet, and says what it is to become.
fn is_unfinished(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tmp")
}

fn named(path: &Path) -> Option<StoreFile> {
    let archive = archive::parse_file_name(path).map(StoreFile::Archive);
    archive.or_else(|| journal::number(path).map(StoreFile::Journal))
}

fn stated(disk: &dyn Disk, path: &Path) -> io::Result<Option<StoreFile>> {
    let file = disk.open(path, false)?;
    // What cannot be read says nothing; reading the rest of it tells why.
    let start = usize::try_from(START).unwrap_or(usize::MAX);
    let beginning = disk::read_range(&*file, 0, start).unwrap_or_default();
    if let Some(number) = journal::stated_number(&beginning) {
        return Ok(Some(StoreFile::Journal(number)));
    }
    Ok(Archive::stated_range(&*file).unwrap_or_default().map(StoreFile::Archive))
}

/// Nothing is changed through it.
fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for View<'_> {
    fn create(&self, _: &Path) -> io::Result<Box<dyn DiskFile>> {
        refused()
    }

    fn open(&self, path: &Path, _: bool) -> io::Result<Box<dyn DiskFile>> {
        let is_copy = self.copies.iter().any(|(_, copy)| copy == path);
        match self.places.get(path) {
            Some(real) => self.disk.open(real, false),
            None if is_copy => self.disk.open(path, false),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let inside = self.places.keys().filter(|path| path.parent() == Some(directory));
        Ok(inside.cloned().collect())
    }

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }
}
