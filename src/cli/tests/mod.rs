//! The commands, run on real directories: what they write, and what they say when they cannot.

mod keeping;

use std::{path::Path, sync::Arc};

use clap::CommandFactory;

use super::*;
use crate::{
    clock::SystemClock,
    identity::AuthorKind,
    ids::{DocumentName, Seq},
    storage::{
        disk::StdDisk,
        local::{Local, LocalOptions},
        reader::Reader,
    },
};

/// A Yjs update (version 1): client 1 writes "hi" into the text `t`.
const HI: &[u8] = &[1, 1, 1, 0, 4, 1, 1, b't', 2, b'h', b'i', 0];

/// The same client's next letter, `!`, which builds on the two.
const MORE: &[u8] = &[1, 1, 1, 2, 0x84, 1, 1, 1, b'!', 0];

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    let words = std::iter::once("coscribe").chain(line.split_whitespace());
    Arguments::try_parse_from(with_command(words.map(OsString::from)))
}

/// Runs a command on a store in `dir`, where `./` leads; gives what it wrote.
fn run(dir: &Path, line: &str) -> Result<(ExitCode, String), String> {
    let mut out = Vec::new();
    let line = line.replace("./", &format!("{}/", dir.display()));
    let line = format!("{line} --data {}/store", dir.display());
    let code = execute(parse(&line).unwrap().command, &mut out).map_err(|error| told(&error))?;
    Ok((code, String::from_utf8_lossy(&out).into_owned()))
}

fn look(dir: &Path) -> Reader {
    store::look(&dir.join("store")).unwrap()
}

fn with_files() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    write("hi.yjs", HI);
    write("more.yjs", MORE);
    write("junk.yjs", b"this is no update");
    dir
}

fn text(update: &[u8]) -> String {
    store::on_large_stack(|| {
        let mut state = store::empty();
        state.load(std::iter::once(update)).map_err(store::damaged)?;
        Ok(state.text("t"))
    })
    .unwrap()
}

#[test]
fn the_arguments_are_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn without_a_command_it_serves() {
    for line in ["", "serve", "--memory", "--listen 9000 --memory"] {
        assert!(matches!(parse(line), Ok(Arguments { command: Command::Serve(_) })), "{line}");
    }
}

#[test]
fn help_and_version_are_about_the_program() {
    for line in ["--help", "-V", "serve --help"] {
        assert!(!parse(line).unwrap_err().use_stderr(), "{line}");
    }
    let help = parse("--help").unwrap_err().to_string();
    assert!(help.contains("Commands:") && help.contains("coscribe [COMMAND]\n"), "{help}");
    assert!(parse("srve").unwrap_err().to_string().contains("serve"));
}

#[test]
fn a_cause_is_told_once() {
    let error = anyhow::anyhow!("no space").context("cannot write x: no space").context("import");
    assert_eq!(told(&error), "import: cannot write x: no space");
}

#[test]
fn what_is_imported_is_kept_with_its_origin_and_comes_out_again() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    run(dir.path(), "import ./more.yjs notes").unwrap();
    run(dir.path(), "export notes --output ./out.yjs").unwrap();
    assert_eq!(text(&std::fs::read(dir.path().join("out.yjs")).unwrap()), "hi!");
    assert!(!dir.path().join("out.yjs.unfinished").exists());
    let mut reader = look(dir.path());
    let id = reader.find(&DocumentName::new("notes").unwrap()).unwrap().unwrap();
    let entries = reader.entries(id, Seq(0), usize::MAX).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].entry.author.kind, AuthorKind::Import);
    assert_eq!(&*entries[0].entry.author.name, "hi.yjs");
}

#[test]
fn files_of_other_formats_become_documents_and_come_out_again() {
    let dir = with_files();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("plan.md", "# Plan\n\n- [x] *write*\n");
    write("page.html", "<title>A page</title><p>hi <b>you</b></p>");
    let (_, told) = run(dir.path(), "import ./plan.md plan").unwrap();
    assert!(told.starts_with("imported "), "{told}");
    let (_, text) = run(dir.path(), "export plan --format md").unwrap();
    assert_eq!(text, "# Plan\n\n- [x] *write*\n");
    run(dir.path(), "export plan --output ./plan.html").unwrap();
    let page = std::fs::read_to_string(dir.path().join("plan.html")).unwrap();
    assert!(page.contains("<title>plan</title>") && page.contains("<em>write</em>"), "{page}");
    run(dir.path(), "import ./page.html page").unwrap();
    let (_, page) = run(dir.path(), "export page --format html").unwrap();
    assert!(page.contains("<title>A page</title>"), "{page}");
    run(dir.path(), "import ./plan.md kept --kind markdown --title Mine").unwrap();
    let (_, text) = run(dir.path(), "export kept --format txt").unwrap();
    assert_eq!(text, "# Plan\n\n- [x] *write*\n");
}

#[test]
fn a_file_that_is_no_update_never_meets_a_document_that_is_there() {
    let dir = with_files();
    std::fs::write(dir.path().join("plan.md"), "hello").unwrap();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    let error = run(dir.path(), "import ./plan.md notes").unwrap_err();
    assert!(error.contains("there is a document `notes` already"), "{error}");
    let error = run(dir.path(), "import ./plan.md other --format json").unwrap_err();
    assert!(error.contains("plan.md: not a document as JSON"), "{error}");
    assert!(parse("import ./plan.md x --format docx").is_err());
    assert_eq!(look(dir.path()).documents().len(), 1);
}

#[test]
fn what_is_there_already_is_not_recorded_again() {
    let dir = with_files();
    let (_, told) = run(dir.path(), "import ./hi.yjs notes").unwrap();
    assert_eq!(told, "imported 12 bytes into `notes`\n");
    let (_, told) = run(dir.path(), "import ./hi.yjs notes").unwrap();
    assert_eq!(told, "`notes` has everything in the file already\n");
    assert_eq!(look(dir.path()).documents()[0].last, Seq(1));
}

#[test]
fn a_file_that_cannot_be_taken_whole_leaves_nothing() {
    let dir = with_files();
    let error = run(dir.path(), "import ./junk.yjs notes").unwrap_err();
    assert!(error.contains("not a valid Yjs update"), "{error}");
    let error = run(dir.path(), "import ./more.yjs notes").unwrap_err();
    assert!(error.contains("builds on edits"), "{error}");
    let error = run(dir.path(), "import ./absent.yjs notes").unwrap_err();
    assert!(error.contains("absent.yjs"), "{error}");
    assert!(look(dir.path()).documents().is_empty());
}

#[test]
fn a_missing_document_is_told_with_what_there_is() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs meeting-notes").unwrap();
    let error = run(dir.path(), "export meetingnotes --output ./out.yjs").unwrap_err();
    assert!(error.contains("did you mean `meeting-notes`?"), "{error}");
    let error = run(dir.path(), "export zzz --output ./out.yjs").unwrap_err();
    assert!(error.contains("lists the 1 there are"), "{error}");
    assert!(!dir.path().join("out.yjs").exists());
}

#[test]
fn looking_makes_no_store() {
    let dir = with_files();
    for line in ["inspect", "export notes --output ./out.yjs"] {
        let error = run(dir.path(), line).unwrap_err();
        assert!(error.contains("there is no directory"), "{error}");
    }
    assert!(!dir.path().join("store").exists());
}

#[test]
fn beside_a_running_server_one_can_read_and_not_write() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    let options = LocalOptions::new(dir.path().join("store"));
    let clock = Arc::new(SystemClock::new());
    let (_running, _) = Local::open(options, Arc::new(StdDisk), clock).unwrap();
    run(dir.path(), "export notes --output ./out.yjs").unwrap();
    let (_, told) = run(dir.path(), "inspect --json").unwrap();
    let found: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(found["documents"][0]["name"], "notes");
    assert_eq!(found["documents"][0]["last"], 1);
    assert_eq!(found["damage"], serde_json::json!([]));
    assert!(!found["files"][0]["path"].as_str().unwrap().starts_with('/'));
    let error = run(dir.path(), "import ./more.yjs notes").unwrap_err();
    assert!(error.contains("in use by another process"), "{error}");
}

#[test]
fn damage_is_told_by_the_exit_code() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    run(dir.path(), "import ./hi.yjs other").unwrap();
    let (code, told) = run(dir.path(), "inspect").unwrap();
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(told.contains("2 documents, 24 bytes of edits"), "{told}");
    let reader = look(dir.path());
    let newest = reader.files().unwrap().pop().unwrap();
    let mut bytes = std::fs::read(&newest.path).unwrap();
    // Within the first document's entry: what follows is sound, so this is no torn end.
    let at = bytes.windows(HI.len()).position(|window| window == HI).expect("the entry is there");
    bytes[at] ^= 1;
    std::fs::write(&newest.path, bytes).unwrap();
    for line in ["inspect", "inspect --quick"] {
        let (code, told) = run(dir.path(), line).unwrap();
        assert_eq!(code, ExitCode::FAILURE);
        assert!(told.contains("damage:\n"), "{told}");
    }
}

#[test]
fn a_document_with_its_past_goes_out_and_comes_in_again_as_another() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    run(dir.path(), "import ./more.yjs notes").unwrap();
    run(dir.path(), "export --saved notes -o ./past.coscribe").unwrap();
    let (_, piped) = run(dir.path(), "export notes --saved").unwrap();
    assert!(piped.starts_with("CosDoc"));
    let (_, told) = run(dir.path(), "import ./past.coscribe").unwrap();
    assert_eq!(told, "imported 2 edits with their times and authors as `past`\n");
    let mut reader = look(dir.path());
    let past = |reader: &mut Reader, name: &str| {
        let id = reader.find(&DocumentName::new(name).unwrap()).unwrap().unwrap();
        let entries = reader.entries(id, Seq(0), usize::MAX).unwrap();
        entries.into_iter().map(|stored| stored.entry).collect::<Vec<_>>()
    };
    let (before, after) = (past(&mut reader, "notes"), past(&mut reader, "past"));
    assert_eq!((before.len(), &before), (2, &after));
    let error = run(dir.path(), "import ./past.coscribe notes").unwrap_err();
    assert!(error.contains("there is a document `notes` already"), "{error}");
}

#[test]
fn a_saved_document_that_is_not_sound_leaves_nothing() {
    let dir = with_files();
    run(dir.path(), "import ./hi.yjs notes").unwrap();
    run(dir.path(), "export notes -o ./whole.coscribe").unwrap();
    let bytes = std::fs::read(dir.path().join("whole.coscribe")).unwrap();
    std::fs::write(dir.path().join("part.coscribe"), &bytes[..bytes.len() - 9]).unwrap();
    std::fs::write(dir.path().join("junk.coscribe"), "# Notes\n").unwrap();
    let error = run(dir.path(), "import ./part.coscribe").unwrap_err();
    assert!(error.contains("part.coscribe: the file ends in the middle"), "{error}");
    let error = run(dir.path(), "import ./junk.coscribe").unwrap_err();
    assert!(error.contains("junk.coscribe: this is not a saved document"), "{error}");
    assert_eq!(look(dir.path()).documents().len(), 1);
    let (_, told) = run(dir.path(), "inspect").unwrap();
    assert!(told.contains("1 document,"), "{told}");
}

/// A file as y-sweet writes it, with these entries under the document's number.
fn y_sweet_file(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let number = [0, 0, 0, 1];
    let keyed = |key: &[u8]| [&[0, 1], &number[..], key].concat();
    let mut all = vec![(b"\0\0doc\0".to_vec(), number.to_vec())];
    all.extend(entries.iter().map(|(key, value)| (keyed(key), value.to_vec())));
    let mut file = (all.len() as u64).to_le_bytes().to_vec();
    for text in all.iter().flat_map(|(key, value)| [key, value]) {
        file.extend((text.len() as u64).to_le_bytes());
        file.extend(text);
    }
    file
}

#[test]
fn the_documents_of_y_sweet_come_in_under_their_names_and_again_with_what_is_new() {
    let dir = with_files();
    let write = |name: &str, bytes: &[u8]| {
        let folder = dir.path().join("old").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("data.ysweet"), bytes).unwrap();
    };
    write("plan", &y_sweet_file(&[(&[0], HI)]));
    write("new", &0_u64.to_le_bytes());
    std::fs::create_dir(dir.path().join("old/other")).unwrap();
    let (code, told) = run(dir.path(), "import --y-sweet ./old").unwrap();
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(told.starts_with("imported 2 documents (12 bytes) from "), "{told}");
    write("plan", &y_sweet_file(&[(&[0], HI), (&[2, 0, 0, 0, 1, 0], MORE)]));
    write("broken", b"12345678");
    let (code, told) = run(dir.path(), "import --y-sweet ./old").unwrap();
    assert_eq!(code, ExitCode::FAILURE);
    assert!(told.starts_with("imported 1 document (10 bytes) from "), "{told}");
    assert!(told.contains("\n1 document had nothing new\n"), "{told}");
    assert!(told.contains("not imported: `broken`: this is no data.ysweet"), "{told}");
    run(dir.path(), "export plan --output ./out.yjs").unwrap();
    assert_eq!(text(&std::fs::read(dir.path().join("out.yjs")).unwrap()), "hi!");
    let names: Vec<_> = look(dir.path()).documents().iter().map(|it| it.name.to_string()).collect();
    assert_eq!(names, ["new", "plan"]);
    let error = run(dir.path(), "import --y-sweet ./").unwrap_err();
    assert!(error.contains("there is no document of y-sweet in "), "{error}");
    assert!(parse("import --y-sweet ./old plan").is_err());
}
