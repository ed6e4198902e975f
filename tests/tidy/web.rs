//! Who may import whom in `web/src`: pages wire features, features use parts, parts use vendor.

use std::iter;

/// A folder may import from later rows and from itself.
const ROWS: &[&[&str]] = &[
    &["pages"],
    &["editor", "home", "presence", "dashboard"],
    &["history"],
    &["sync", "api", "device", "ui"],
    &["i18n"],
    &["mount", "vendor"],
];

/// Complaints about what a module of `web/src` imports.
pub(crate) fn check(name: &str, text: &str) -> Vec<String> {
    let Some(path) = name.strip_prefix("web/src/") else { return Vec::new() };
    if !path.ends_with(".js") {
        return Vec::new();
    }
    let folder = path.split('/').next().unwrap_or(path);
    let Some(here) = row(folder) else {
        return vec![format!("{name}: the folder {folder} is in no row")];
    };
    let mut complaints = Vec::new();
    for specifier in imports(text) {
        let there = target_folder(name, specifier);
        if there == folder {
            continue;
        }
        match row(&there) {
            Some(below) if below > here => {}
            Some(_) => complaints.push(format!("{name}: may not import {specifier}")),
            None => complaints.push(format!("{name}: {specifier} is in no row")),
        }
    }
    complaints
}

fn row(folder: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&folder))
}

/// The folder that a specifier leads to; a bare one goes through the import map to `vendor`.
fn target_folder(name: &str, specifier: &str) -> String {
    let absolute = if let Some(path) = specifier.strip_prefix('/') {
        path.to_owned()
    } else if specifier.starts_with('.') {
        let folder = name.strip_prefix("web/").unwrap_or(name).rsplit_once('/');
        resolve(folder.map_or("", |(folder, _)| folder), specifier)
    } else {
        return "vendor".to_owned();
    };
    let below = absolute.strip_prefix("src/").unwrap_or(&absolute);
    below.split('/').next().unwrap_or(below).to_owned()
}

fn resolve(folder: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a module imports, statically or not. Comments are passed over line by line, which is enough
/// for JSDoc types.
fn imports(text: &str) -> Vec<&str> {
    let code = text.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with("/*") && !line.starts_with('*')
    });
    code.flat_map(|line| {
        let starts = ["from ", "import ", "import("].into_iter();
        starts.flat_map(move |start| after_each(line, start)).filter_map(quoted)
    })
    .collect()
}

fn after_each<'a>(line: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = line;
    iter::from_fn(move || {
        let at = rest.find(start)?;
        rest = &rest[at + start.len()..];
        Some(rest)
    })
}

fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|ch| matches!(ch, '\'' | '"' | '`'))?;
    text[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn later_rows_may_be_imported() {
        for (name, text) in [
            ("web/src/pages/home.js", "import { x } from '../presence/people.js'"),
            ("web/src/pages/home.js", "import * as Y from 'yjs'"),
            ("web/src/editor/text.js", "import { y } from './small_steps.js'"),
            ("web/src/editor/text.js", "import { y } from \"../ui/element.js\""),
            ("web/src/ui/dialog.js", "export * from '/vendor/core.js'"),
            ("web/src/sync/socket.js", "/** @type {import('../pages/home.js').X} */"),
            ("web/src/styles.css", "@import 'x'"),
            ("web/test/socket.test.js", "import '../src/pages/home.js'"),
        ] {
            assert!(check(name, text).is_empty(), "{name}: {text}");
        }
    }

    #[test]
    fn features_do_not_import_each_other_and_parts_nothing_above() {
        for (name, text, specifier) in [
            ("web/src/editor/text.js", "import '../presence/people.js'", "../presence/people.js"),
            ("web/src/sync/socket.js", "await import('../ui/toast.js')", "../ui/toast.js"),
            ("web/src/ui/toast.js", "export { x } from '/src/pages/home.js'", "/src/pages/home.js"),
            ("web/src/api/a/b.js", "import x from '../../editor/text.js'", "../../editor/text.js"),
        ] {
            assert_eq!(check(name, text), [format!("{name}: may not import {specifier}")]);
        }
    }

    #[test]
    fn every_folder_has_a_row() {
        let complaint = "web/src/misc/x.js: the folder misc is in no row";
        assert_eq!(check("web/src/misc/x.js", ""), [complaint]);
        let complaint = "web/src/ui/x.js: ../misc/x.js is in no row";
        assert_eq!(check("web/src/ui/x.js", "import '../misc/x.js'"), [complaint]);
    }
}
