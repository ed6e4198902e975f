//! The format of a store: what its file `FORMAT` says, and the steps by which one of an older format becomes
//! one of ours.
//!
//! Knows the file and the order of the steps; what a step rewrites only the step knows. `FORMAT.md` beside
//! this file tells what a step must keep to.

use std::{io, path::Path};

use crate::storage::{
    disk::{self, Disk},
    reading::Directories,
    recovery::OpenError,
};

#[cfg(test)]
mod tests;

/// What the file `FORMAT` says, before the number.
const FORMAT: &str = "coscribe store ";

/// Between the number and that of the format that the store is being brought from.
const FROM: &str = " from ";

/// The formats that a version knows.
#[derive(Clone, Copy)]
pub(crate) struct Formats<'a> {
    /// The one that it reads and writes.
    pub(crate) number: u32,
    /// How older ones become that: the last one ends with it, each begins with what the one before it
    /// ends with.
    pub(crate) steps: &'a [Step],
}

/// How a store of a format becomes one of the next.
///
/// It may be interrupted anywhere and is then begun again, so twice must give the same as once, and half of
/// it must lose nothing.
pub(crate) type Step = fn(&dyn Disk, &Directories) -> Result<(), OpenError>;

/// Those of this version. Format 1 is the first.
pub(crate) const FORMATS: Formats<'static> = Formats { number: 1, steps: &[] };

/// What the file `FORMAT` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// There is none.
    Missing,
    /// It cannot be understood.
    Damaged,
    /// This format.
    Number(u32),
    /// It is being brought to the first of these formats, and is of the second or half of the one after.
    Between(u32, u32),
}

/// Reads the file `FORMAT`.
pub(crate) fn read_format(disk: &dyn Disk, root: &Path) -> Result<Written, OpenError> {
    let path = root.join("FORMAT");
    let file = match disk.open(&path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Written::Missing),
        file => file.map_err(OpenError::disk("open", &path))?,
    };
    let bytes = disk::read_all(&*file).map_err(OpenError::disk("read", &path))?;
    Ok(understood(&bytes).unwrap_or(Written::Damaged))
}

fn understood(bytes: &[u8]) -> Option<Written> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end().strip_prefix(FORMAT)?;
    match text.split_once(FROM) {
        None => text.parse().ok().map(Written::Number),
        Some((to, from)) => Some(Written::Between(to.parse().ok()?, from.parse().ok()?)),
    }
}

impl Formats<'_> {
    /// The oldest format that there is a way from.
    fn oldest(&self) -> u32 {
        self.number - u32::try_from(self.steps.len()).unwrap_or(self.number)
    }

    /// Whether the store says that its format is this version's; fails when it says another.
    ///
    /// # Errors
    /// When it is of another format, in between, or cannot be understood.
    pub(crate) fn check(&self, disk: &dyn Disk, root: &Path) -> Result<bool, OpenError> {
        let known = self.number;
        let problem = match read_format(disk, root)? {
            Written::Missing => return Ok(false),
            Written::Number(number) if number == known => return Ok(true),
            Written::Number(number) | Written::Between(_, number)
                if self.reaches(number) && number < known =>
            {
                format!(
                    "says format {number}, which the server brings to format {known} when it is \
                     started; start it once"
                )
            }
            Written::Number(number) | Written::Between(number, _) => self.unknown(number),
            Written::Damaged => format!(
                "is damaged; it should say \"{FORMAT}{known}\", and `coscribe repair` writes it anew"
            ),
        };
        Err(OpenError::Format { path: root.join("FORMAT"), problem })
    }

    /// Brings a store of an older format to this version's, step by step, and goes on where that was
    /// interrupted. The store must be locked. Whether there is one at all.
    ///
    /// # Errors
    /// As [`Formats::check`], or when a step fails; the next attempt goes on with it.
    pub(crate) fn reach(
        &self,
        disk: &dyn Disk,
        directories: &Directories,
    ) -> Result<bool, OpenError> {
        let root = &directories.root;
        let mut from = match read_format(disk, root)? {
            Written::Number(number) if self.reaches(number) => number,
            Written::Between(to, from) if to <= self.number && self.reaches(from) => from,
            _ => return self.check(disk, root),
        };
        let failed = |error| OpenError::disk("write", root.join("FORMAT"))(error);
        while from < self.number {
            tracing::info!(from, to = self.number, "the store is brought to a newer format");
            // From here on no version that knows only the older one may take it for its own.
            let now = format!("{}{FROM}{from}", self.number);
            write(disk, root, &now).map_err(failed)?;
            let step = self.steps[(from - self.oldest()) as usize];
            step(disk, directories)?;
            from += 1;
            if from == self.number {
                write(disk, root, &self.number.to_string()).map_err(failed)?;
            }
        }
        Ok(true)
    }

    fn reaches(&self, number: u32) -> bool {
        (self.oldest()..=self.number).contains(&number)
    }

    fn unknown(&self, number: u32) -> String {
        let known = self.number;
        format!(
            "says format {number}, but this version knows {known}; use the version that wrote it, or \
             a newer one"
        )
    }
}

/// Writes the format that this version writes, which makes a directory a store.
pub(crate) fn write_format(disk: &dyn Disk, root: &Path) -> io::Result<()> {
    write_number(disk, root, FORMATS.number)
}

/// Writes that the store is of this format.
pub(crate) fn write_number(disk: &dyn Disk, root: &Path, number: u32) -> io::Result<()> {
    write(disk, root, &number.to_string())
}

fn write(disk: &dyn Disk, root: &Path, what: &str) -> io::Result<()> {
    let unfinished = root.join("FORMAT.tmp");
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&unfinished)?;
    file.write_at(format!("{FORMAT}{what}\n").as_bytes(), 0)?;
    file.sync()?;
    disk.rename(&unfinished, &root.join("FORMAT"))?;
    disk.sync_dir(root)
}
