//! The repository checks itself: layers, doors, module docs, file length, leftovers, warnings, complete maps.
//!
//! Each check is a function from names and texts to complaints, so that it is itself easy to test;
//! only this file reads the disk.

mod layers;
mod listing;
mod promises;
mod source;
mod telling;
mod text;
mod web;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file with its path from the repository's root, `/` between folders.
struct File {
    name: String,
    text: String,
}

#[test]
fn the_repository_is_tidy() {
    let files = text_files(Path::new(env!("CARGO_MANIFEST_DIR")));
    let names: Vec<&str> = files.iter().map(|file| &file.name[..]).collect();
    let text_of = |name: &str| files.iter().find(|file| file.name == name).map(|it| &it.text[..]);

    let mut complaints = Vec::new();
    for File { name, text } in &files {
        complaints.extend(text::check(name, text));
        complaints.extend(layers::check(name, text));
        complaints.extend(telling::check(name, text));
        complaints.extend(web::check(name, text));
    }
    complaints.extend(listing::check_architecture(&names, text_of("ARCHITECTURE.md")));
    complaints.extend(listing::check_examples(&names, text_of("examples/README.md")));
    let tests = promises::Tests(files.iter().map(|it| (&it.name[..], &it.text[..])).collect());
    let (limits, reached) = (text_of("src/limits.rs"), text_of("tests/limits.md"));
    complaints.extend(promises::check_limits(reached, limits, &tests));
    complaints.extend(promises::check_faults(text_of("tests/faults/README.md"), &tests));
    assert!(complaints.is_empty(), "untidy:\n{}\n", complaints.join("\n"));
}

#[test]
fn the_walk_finds_sources_and_passes_over_what_is_built() {
    let files = text_files(Path::new(env!("CARGO_MANIFEST_DIR")));
    let has = |name: &str| files.iter().any(|file| file.name == name);
    assert!(has("src/lib.rs") && has("tests/tidy/main.rs") && has("Cargo.toml"));
    assert!(!files.iter().any(|file| file.name.starts_with("target/")));
}

/// Every file that is UTF-8, in order, without what tools build or download. Git is not asked: a
/// copy of the sources without its history is checked as well.
fn text_files(root: &Path) -> Vec<File> {
    let mut files = Vec::new();
    for path in walk(root, root) {
        let name = name_in(root, &path);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("cannot read {name}: {error}"));
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { name, text });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn walk(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder that was opened can be read");
        let kind = entry.file_type().expect("a listed file has a type");
        let path = entry.path();
        if is_ignored(&name_in(root, &path)) {
            continue;
        }
        if kind.is_dir() {
            found.extend(walk(root, &path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found
}

/// What `.gitignore` names, and folders of tools.
fn is_ignored(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    let hidden = last.starts_with('.') && ![".ci", ".cargo", ".github"].contains(&last);
    hidden || last == "node_modules" || name == "target" || name == "data/store"
}

fn name_in(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).expect("the walk stays below its root");
    below.to_str().expect("file names in the repository are UTF-8").replace('\\', "/")
}
