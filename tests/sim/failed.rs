//! Histories that failed before, in a file that is no part of the repository: the next run begins with
//! them, and one that passes is forgotten. Knows lines; not what is in them.

use std::{fs, io, path::Path};

/// The lines of the file, the oldest first; none when there is no file.
pub(crate) fn read(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
}

/// Adds a line, once.
pub(crate) fn add(file: &Path, line: &str) -> io::Result<()> {
    let mut lines = read(file);
    lines.retain(|known| known != line);
    lines.push(line.to_owned());
    write(file, &lines)
}

/// Forgets a line.
pub(crate) fn forget(file: &Path, line: &str) -> io::Result<()> {
    let mut lines = read(file);
    lines.retain(|known| known != line);
    write(file, &lines)
}

fn write(file: &Path, lines: &[String]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn what_failed_is_there_the_next_time_until_it_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sim/failed.txt");
    assert_eq!(read(&file), Vec::<String>::new());
    for line in ["seed=1 people=2", "seed=2", "seed=1 people=2"] {
        add(&file, line).expect("room for a line");
    }
    assert_eq!(read(&file), ["seed=2", "seed=1 people=2"]);
    forget(&file, "seed=2").expect("room for a line");
    assert_eq!(read(&file), ["seed=1 people=2"]);
}
