//! Which store this is: an id that is made once, by which a backup knows whose it is.
//!
//! Beside the id stands which backup the store was restored from, if it was: it may go on with that
//! one. A store without the file is as good as any other; it gets one when it is opened next.

use std::{io, path::Path};

use crate::{
    random::Random,
    storage::disk::{self, Disk},
    telemetry::warnings::StoreUnnamed,
};

/// What the file says, before the id.
const ID: &str = "coscribe store id ";

/// What its second line says, before the backup.
const ORIGIN: &str = "restored from ";

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// Random, and never that of another store.
    pub(crate) id: String,
    /// The backup that it was restored from, as that calls itself.
    pub(crate) origin: Option<String>,
}

/// Reads it; `None` when there is none, or it says nothing that is understood.
pub(crate) fn read(disk: &dyn Disk, root: &Path) -> io::Result<Option<Lineage>> {
    let file = match disk.open(&root.join("ID"), false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let bytes = disk::read_all(&*file)?;
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let mut lines = text.lines();
    let id = lines.next().and_then(|line| line.strip_prefix(ID));
    let id = id.filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let origin = lines.next().and_then(|line| line.strip_prefix(ORIGIN)).map(str::to_owned);
    Ok(id.map(|id| Lineage { id: id.to_owned(), origin }))
}

/// Makes sure that there is one. A disk that does not take it keeps nobody from opening the store.
pub(crate) fn ensure(disk: &dyn Disk, root: &Path, random: &dyn Random) {
    let made = match disk.open(&root.join("ID"), false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => write(disk, root, None, random),
        file => file.map(drop),
    };
    if let Err(error) = made {
        StoreUnnamed { reason: &error }.note();
    }
}

/// Writes one with a new id.
pub(crate) fn write(
    disk: &dyn Disk,
    root: &Path,
    origin: Option<&str>,
    random: &dyn Random,
) -> io::Result<()> {
    let mut id = [0; 16];
    random.fill(&mut id);
    let mut text = format!("{ID}{:032x}\n", u128::from_be_bytes(id));
    if let Some(origin) = origin {
        text += &format!("{ORIGIN}{origin}\n");
    }
    let unfinished = root.join("ID.tmp");
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&unfinished)?;
    file.write_at(text.as_bytes(), 0)?;
    file.sync()?;
    disk.rename(&unfinished, &root.join("ID"))?;
    disk.sync_dir(root)
}
