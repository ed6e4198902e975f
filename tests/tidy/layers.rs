//! Who may use whom: modules by row, outside libraries by their one home.

use super::source::{code_only, first_word, is_word};

/// A module may use modules of earlier rows. Only the first row may look sideways.
const ROWS: &[&[&str]] = &[
    &["few", "ids", "identity", "limits", "clock", "random", "error", "telemetry"],
    &["crdt", "protocol", "auth", "storage", "hooks"],
    &["session", "document", "history", "convert", "webhooks"],
    &["http", "client"],
    &["server"],
    &["load"],
    &["cli"],
];

/// Each of these is named in its home only, so that replacing it is one change. A home is a folder,
/// or a file (or the folder it became).
const DOORS: &[(&str, &[&str])] = &[
    ("yrs", &["src/crdt/"]),
    ("sled", &["src/storage/index.rs"]),
    (
        "rustix",
        &[
            "src/storage/disk.rs",
            "src/server/files.rs",
            "src/cli/replay/terminal.rs",
            "src/history/threads.rs",
            "src/load/machine.rs",
        ],
    ),
    ("warp", &["src/http/"]),
    ("hyper", &["src/http/"]),
    ("hyper_util", &["src/http/"]),
    ("tokio_tungstenite", &["src/http/", "src/client/"]),
    ("tower_service", &["src/http/"]),
    ("tungstenite", &["src/http/", "src/client/"]),
    ("ring", &["src/auth/"]),
    ("base64", &["src/auth/", "src/http/fallback/", "src/webhooks/"]),
    ("clap", &["src/cli/"]),
    ("brotli", &["src/history/"]),
    ("flate2", &["src/history/", "src/load/recorded.rs"]),
    ("pulldown_cmark", &["src/convert/markdown/"]),
    ("imara_diff", &["src/crdt/content/"]),
    ("html5gum", &["src/convert/html/"]),
];

/// Complaints about what a source file names.
pub(crate) fn check(name: &str, text: &str) -> Vec<String> {
    let Some(module) = module_of(name) else { return Vec::new() };
    let code = code_only(text);
    let mut complaints = doors(name, &code);
    if code.contains("super::super") {
        complaints.push(format!("{name}: climbs with super::super; name it from `crate::`"));
    }
    // The roots name everything: that is their job.
    if matches!(module, "lib" | "main") {
        return complaints;
    }
    let Some(here) = row(module) else {
        complaints.push(format!("{name}: the module {module} is in no row"));
        return complaints;
    };
    let mut used = after_path("crate", &code);
    if is_module_root(name) {
        used.extend(after_path("super", &code).into_iter().filter(|it| row(it).is_some()));
    }
    used.sort_unstable();
    used.dedup();
    for there in used.into_iter().filter(|there| there != module) {
        match row(&there) {
            Some(below) if below < here || (below == 0 && here == 0) => {}
            Some(_) => complaints.push(format!("{name}: may not use crate::{there}")),
            None => complaints.push(format!("{name}: crate::{there} is in no row")),
        }
    }
    complaints
}

/// The top module that a file of `src` belongs to.
pub(crate) fn module_of(name: &str) -> Option<&str> {
    name.ends_with(".rs").then(|| name.strip_prefix("src/"))??.split(['/', '.']).next()
}

fn doors(name: &str, code: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, line) in code.lines().enumerate() {
        for (library, homes) in DOORS {
            if names_library(line, library) && !homes.iter().any(|home| is_home(name, home)) {
                let at = index + 1;
                complaints.push(format!(
                    "{name}:{at}: {library} is named only in {}",
                    homes.join(" and ")
                ));
            }
        }
    }
    complaints
}

fn is_home(name: &str, home: &str) -> bool {
    let folder = home.strip_suffix(".rs").map_or(home.to_owned(), |stem| format!("{stem}/"));
    name == home || name.starts_with(&folder)
}

/// Whether a line names a library: at the start of a path, or in `use library` without one.
fn names_library(line: &str, library: &str) -> bool {
    line.match_indices(library).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + library.len()..]);
        let starts = !before.ends_with(is_word) && !before.trim_end().ends_with("::");
        let root = starts || before.trim_start() == "::" || before.ends_with(" ::");
        let imported = before.trim_start().trim_start_matches("pub ").trim() == "use";
        root && !after.starts_with(is_word) && (after.trim_start().starts_with("::") || imported)
    })
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// Whether `super` means the crate in this file.
fn is_module_root(name: &str) -> bool {
    let depth = name.matches('/').count();
    depth == 1 || (depth == 2 && name.ends_with("/mod.rs"))
}

/// The names that follow `root::`, also within a group such as `root::{a, b::{c, d}}`.
fn after_path(root: &str, code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(root) {
        let after = code[at + root.len()..].trim_start();
        if code[..at].ends_with(is_word) {
            continue;
        }
        let Some(tail) = after.strip_prefix("::") else { continue };
        match tail.trim_start().strip_prefix('{') {
            Some(group) => names.extend(group_heads(group)),
            None => names.push(first_word(tail.trim_start()).to_owned()),
        }
    }
    names.retain(|name| !name.is_empty() && name != root && name != "self");
    names
}

/// First names of the members of a `use` group, given what follows its opening brace.
fn group_heads(group: &str) -> Vec<String> {
    let (mut heads, mut depth, mut expecting) = (Vec::new(), 0_usize, true);
    for (at, ch) in group.char_indices() {
        match ch {
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            '{' => depth += 1,
            ',' if depth == 0 => expecting = true,
            _ if expecting && is_word(ch) => {
                heads.push(first_word(&group[at..]).to_owned());
                expecting = false;
            }
            _ => {}
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::check;

    fn complaints(name: &str, text: &str) -> String {
        check(name, text).join("\n")
    }

    #[test]
    fn lower_rows_may_be_used() {
        for (name, text) in [
            ("src/storage/index.rs", "use sled::Db;\nuse crate::{clock::Clock, ids};"),
            ("src/storage/index/check.rs", "use sled::Db;"),
            ("src/document/actor.rs", "use crate::{crdt, storage::Store};"),
            ("src/document/actor.rs", "use crate::document::command::Command;"),
            ("src/ids.rs", "use crate::{limits, random::Random};"),
            ("src/http/socket.rs", "use tokio_tungstenite::accept_async;"),
            ("src/main.rs", "fn main() { coscribe::cli::run() }"),
            ("src/lib.rs", "pub use crate::server::Server;"),
            ("src/document/mod.rs", "//! See [`crate::http`].\nmod tests { use super::*; }"),
            ("src/session/mod.rs", "let _ = \"crate::http warp::filter\";"),
        ] {
            assert_eq!(complaints(name, text), "", "{name}: {text}");
        }
    }

    #[test]
    fn siblings_and_upper_rows_may_not() {
        for (name, text, expected) in [
            (
                "src/storage/mod.rs",
                "use crate::{\n    ids::Seq,\n    protocol::{Message, sync},\n};",
                "src/storage/mod.rs: may not use crate::protocol",
            ),
            (
                "src/history/replay.rs",
                "use crate::document::DocumentHandle;",
                "src/history/replay.rs: may not use crate::document",
            ),
            ("src/ids.rs", "crate :: crdt :: x();", "src/ids.rs: may not use crate::crdt"),
            (
                "src/crdt/mod.rs",
                "use super::storage;",
                "src/crdt/mod.rs: may not use crate::storage",
            ),
            ("src/ids.rs", "crate::mystery::x();", "src/ids.rs: crate::mystery is in no row"),
            (
                "src/crdt/mod.rs",
                "use crate::Server;",
                "src/crdt/mod.rs: crate::Server is in no row",
            ),
            ("src/new/mod.rs", "", "src/new/mod.rs: the module new is in no row"),
            (
                "src/crdt/a/b.rs",
                "use super::super::state;",
                "src/crdt/a/b.rs: climbs with super::super; name it from `crate::`",
            ),
        ] {
            assert_eq!(complaints(name, text), expected);
        }
    }

    #[test]
    fn libraries_stay_at_home() {
        for text in [
            "let doc = yrs::Doc::new();",
            "use yrs::{Doc, Text};",
            "use yrs;",
            "pub use yrs as crdt_library;",
            "use ::yrs::Doc;",
            "    let x: Vec<yrs :: Doc>;",
        ] {
            let expected = "src/document/actor.rs:1: yrs is named only in src/crdt/";
            assert_eq!(complaints("src/document/actor.rs", text), expected, "{text}");
        }
        for text in ["let warped = my_warp::x();", "self.yrs();", "storage::sled::x();"] {
            assert_eq!(complaints("src/document/actor.rs", text), "", "{text}");
        }
        assert_eq!(
            complaints("src/storage/local.rs", "use rustix::fs;"),
            "src/storage/local.rs:1: rustix is named only in src/storage/disk.rs and src/server/files.rs and \
             src/cli/replay/terminal.rs and src/history/threads.rs and src/load/machine.rs"
        );
        assert_eq!(
            complaints("src/load/mod.rs", "use tokio_tungstenite::x;"),
            "src/load/mod.rs:1: tokio_tungstenite is named only in src/http/ and src/client/"
        );
    }
}
