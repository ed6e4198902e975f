//! Puts a store that was written anew in the place of the one it was made from, in one step, and keeps
//! the old one beside it. Knows directories of the machine's file system; nothing of what is in them.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use crate::storage::{disk, recovery::OpenError};

/// What is in a store that is being written, until it gets its format.
const UNFINISHED: [&str; 3] = ["log", "archive", "FORMAT.tmp"];

/// A sibling of a directory, whose name has this behind its own.
#[must_use]
pub fn beside(directory: &Path, ending: &str) -> PathBuf {
    let mut name = directory.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    directory.with_file_name(name)
}

/// The sibling of a directory into which what takes its place is to be written. What an earlier attempt
/// left there unfinished is removed.
///
/// # Errors
/// When the directory cannot be exchanged for another, or something else is there.
pub fn prepare(place: &Path, ending: &str) -> Result<PathBuf, OpenError> {
    let new = beside(place, ending);
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev());
    let own = device(place).map_err(OpenError::disk("look at", place))?;
    if place.parent().is_none_or(|parent| device(parent).is_ok_and(|it| it != own)) {
        let problem = "is a volume of its own, in whose place no other directory can be put; name \
                       one with --into";
        return Err(OpenError::Format { path: place.to_owned(), problem: problem.to_owned() });
    }
    let listed = match fs::read_dir(&new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(new),
        listed => listed.map_err(OpenError::disk("list", &new))?,
    };
    for entry in listed {
        let entry = entry.map_err(OpenError::disk("list", &new))?;
        if !UNFINISHED.iter().any(|name| entry.file_name() == *name) {
            let problem = "is in the way; it may be a store that was written before: move it away";
            return Err(OpenError::Format { path: new, problem: problem.to_owned() });
        }
    }
    fs::remove_dir_all(&new).map_err(OpenError::disk("remove", &new))?;
    Ok(new)
}

/// Exchanges the two directories, so that at no moment there is none at `place`, and gives the old one the
/// name `old`. The new one gets the owner that the old one had.
///
/// # Errors
/// When a directory is a mount point, or the file system cannot do that; then both are where they were.
pub fn swap(place: &Path, new: &Path, old: &Path) -> Result<(), OpenError> {
    adopt(place, new).map_err(OpenError::disk("give the owner of the old store to", new))?;
    disk::exchange(new, place)
        .map_err(OpenError::disk("put the new store in the place of", place))?;
    fs::rename(new, old).map_err(OpenError::disk("rename", new))?;
    let parent = place.parent().filter(|path| !path.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let synced = fs::File::open(parent).and_then(|directory| directory.sync_all());
    synced.map_err(OpenError::disk("sync", parent))
}

/// Whoever repairs may be another user than the server is.
fn adopt(old: &Path, new: &Path) -> io::Result<()> {
    let owner = fs::metadata(old)?;
    fs::set_permissions(new, owner.permissions())?;
    let mut left = vec![new.to_owned()];
    while let Some(path) = left.pop() {
        let found = fs::symlink_metadata(&path)?;
        if (found.uid(), found.gid()) != (owner.uid(), owner.gid()) {
            chown(&path, Some(owner.uid()), Some(owner.gid()))?;
        }
        if found.is_dir() {
            for entry in fs::read_dir(&path)? {
                left.push(entry?.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_new_one_stands_in_the_place_of_the_old_and_belongs_to_whom_that_did() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, file) in [("store", "what was"), ("new", "what is")] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join(file), "").unwrap();
        }
        fs::set_permissions(at("store"), fs::Permissions::from_mode(0o750)).unwrap();
        // Only root can give things away.
        let given = chown(at("store"), Some(12_345), Some(12_345)).is_ok();
        swap(&at("store"), &at("new"), &at("old")).unwrap();
        assert!(at("store/what is").exists() && at("old/what was").exists() && !at("new").exists());
        let found = fs::metadata(at("store")).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o750);
        for path in ["store", "store/what is"] {
            let owner = fs::metadata(at(path)).unwrap().uid();
            assert!(!given || owner == 12_345, "{path} belongs to {owner}");
        }
    }
}
