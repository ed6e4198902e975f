//! What any file must look like: it says what it is, is not too long, leaves nothing behind.

/// Twice this is hard to read in one sitting; see CONTRIBUTING for when to split sooner.
const LINES_MAX: usize = 500;

/// Marks of unfinished work.
const LEFTOVERS: &[&str] = &["FIXME", "TODO", "todo!(", "dbg!(", "unimplemented!("];

/// Where people and build machines keep things. Nothing in the repository may depend on them.
const MACHINE_PATHS: &[&str] = &["/home/", "/Users/", "/root/", "/work/", "/tmp/", "C:\\Users\\"];

/// Complaints about one file.
pub(crate) fn check(name: &str, text: &str) -> Vec<String> {
    // These checks name what they look for.
    if name == "tests/tidy/text.rs" {
        return Vec::new();
    }
    let ours_rust = name.ends_with(".rs");
    let ours = ours_rust || name.starts_with("web/src/");
    let mut complaints = Vec::new();
    if ours_rust && !text.starts_with("//! ") {
        complaints.push(format!("{name}:1: the first line must say what the file is (`//! …`)"));
    }
    let lines = text.lines().count();
    if ours && lines > LINES_MAX {
        complaints.push(format!("{name}: {lines} lines, split it (at most {LINES_MAX})"));
    }
    for (index, line) in text.lines().enumerate() {
        let at = index + 1;
        let leftovers = LEFTOVERS.iter().filter(|mark| ours && line.contains(**mark));
        complaints.extend(leftovers.map(|mark| format!("{name}:{at}: leftover {mark}")));
        let paths = MACHINE_PATHS.iter().filter(|path| starts_a_path(line, path));
        complaints.extend(paths.map(|path| format!("{name}:{at}: names a machine's {path}")));
    }
    complaints
}

/// Whether `path` stands in a line as the beginning of a path, not within a URL or another path.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let inside = |ch: char| ch.is_alphanumeric() || "._-})]*~…".contains(ch);
        !line[..at].ends_with(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn files_say_what_they_are() {
        assert!(check("src/a.rs", "//! A file.\n").is_empty());
        assert!(check("src/a.rs", "use std::fs;\n")[0].contains("src/a.rs:1"));
        assert!(check("tests/it/a.rs", "// No doc.\n")[0].contains("must say what the file is"));
    }

    #[test]
    fn files_stay_short() {
        let lines = |count: usize| format!("//! Doc.\n{}", "x\n".repeat(count - 1));
        assert!(check("src/a.rs", &lines(500)).is_empty());
        assert_eq!(check("src/a.rs", &lines(501)), ["src/a.rs: 501 lines, split it (at most 500)"]);
        assert_eq!(check("web/src/a.js", &lines(501)).len(), 1);
        assert!(check("web/vendor/a.js", &lines(501)).is_empty());
    }

    #[test]
    fn unfinished_work_is_not_committed() {
        for text in ["// FIXME: x", "// TODO", "todo!()", "dbg!(x)", "unimplemented!()"] {
            assert_eq!(check("src/a.rs", &format!("//! Doc.\n{text}")).len(), 1, "{text}");
        }
        assert_eq!(check("web/src/a.js", "// TODO").len(), 1);
        assert!(check("README.md", "# TODO lists, edited together").is_empty());
    }

    #[test]
    fn no_file_knows_the_machine_it_was_written_on() {
        for text in [
            "see /home/ada/notes",
            "\"/work/x\"",
            "file:///Users/ada",
            "cd /root/x",
            "--data=/tmp/x",
            "C:\\Users\\ada",
        ] {
            assert_eq!(check("README.md", text).len(), 1, "{text}");
        }
        for text in ["https://example.org/home/x", "src/work/mod.rs", "/var/lib/coscribe"] {
            assert!(check("README.md", text).is_empty(), "{text}");
        }
    }
}
