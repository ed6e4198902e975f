//! Lists of what a test must reach, held against the tests there are: every bound of `limits.rs` in
//! `tests/limits.md`, every fault and attack in `tests/faults/README.md`.

use crate::source::is_word;

/// A line of such a list: what it is about, and the cell with its tests or a reason.
struct Row<'a> {
    about: &'a str,
    proof: &'a str,
}

/// Complaints about the list of limits, given its text and that of `limits.rs`.
pub(crate) fn check_limits(
    list: Option<&str>,
    limits: Option<&str>,
    tests: &Tests<'_>,
) -> Vec<String> {
    const LIST: &str = "tests/limits.md";
    let (Some(list), Some(limits)) = (list, limits) else {
        return vec![format!("{LIST}: is missing")];
    };
    let names = names_of_limits(limits);
    let mut complaints = check(LIST, list, &names, tests);
    for Row { about, proof } in list.lines().filter_map(row) {
        // A bound that no test reaches is a hope.
        if proof.starts_with("no test") {
            complaints.push(format!("{LIST}: {about} has no test"));
        }
        for (file, _) in places(proof).filter_map(|place| place.split_once("::")) {
            if !tests.speak_of(file, about) {
                complaints.push(format!("{LIST}: {about}: {file} does not speak of it"));
            }
        }
    }
    complaints
}

/// Complaints about the list of faults and attacks, given its text.
pub(crate) fn check_faults(list: Option<&str>, tests: &Tests<'_>) -> Vec<String> {
    const LIST: &str = "tests/faults/README.md";
    let Some(list) = list else { return vec![format!("{LIST}: is missing")] };
    let numbered = |letter: char, most: u32| (1..=most).map(move |it| format!("{letter}{it}"));
    let names: Vec<String> = numbered('D', 16).chain(numbered('B', 18)).collect();
    check(LIST, list, &names, tests)
}

/// The sources that tests are looked for in: names and texts.
pub(crate) struct Tests<'a>(pub(crate) Vec<(&'a str, &'a str)>);

impl Tests<'_> {
    /// Whether a file has a function of this name.
    fn has(&self, file: &str, test: &str) -> bool {
        let function = [format!("fn {test}("), format!("test('{test}'")];
        let in_it = |text: &str| function.iter().any(|it| text.contains(&it[..]));
        self.0.iter().any(|(name, text)| *name == file && in_it(text))
    }

    /// Whether a file has this word somewhere; one that is not there is complained of elsewhere.
    fn speak_of(&self, file: &str, word: &str) -> bool {
        let found = self.0.iter().find(|(name, _)| *name == file);
        found.is_none_or(|(_, text)| text.split(|ch| !is_word(ch)).any(|it| it == word))
    }
}

fn check(list_name: &str, list: &str, names: &[String], tests: &Tests<'_>) -> Vec<String> {
    let rows: Vec<Row<'_>> = list.lines().filter_map(row).collect();
    let mut complaints = Vec::new();
    for name in names {
        match rows.iter().filter(|row| row.about == name).count() {
            1 => {}
            0 => complaints.push(format!("{list_name}: nothing says which test reaches {name}")),
            _ => complaints.push(format!("{list_name}: {name} stands there twice")),
        }
    }
    for Row { about, proof } in rows {
        if !names.iter().any(|name| name == about) {
            complaints.push(format!("{list_name}: there is no {about}"));
        }
        let named: Vec<_> = places(proof).collect();
        for place in &named {
            let found = place.split_once("::").is_some_and(|(file, test)| tests.has(file, test));
            if !found {
                complaints.push(format!("{list_name}: {about}: there is no test {place}"));
            }
        }
        if named.is_empty() && !proof.starts_with("no test: ") {
            complaints.push(format!("{list_name}: {about} has neither a test nor a reason"));
        }
    }
    complaints
}

/// The tests that a cell names.
fn places(proof: &str) -> impl Iterator<Item = &str> {
    proof.split('`').skip(1).step_by(2)
}

/// A line whose first cell is one name in backticks, and no file's.
fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.strip_prefix("| `")?.split(" | ");
    let about = cells.next()?.strip_suffix('`').filter(|about| !about.contains('.'))?;
    Some(Row { about, proof: cells.next()?.trim() })
}

/// The constants, and the fields of `Limits`.
fn names_of_limits(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_struct = false;
    for line in text.lines() {
        let name = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        if let Some(constant) = line.strip_prefix("pub const ") {
            names.push(name(constant));
        }
        in_struct = (in_struct || line.starts_with("pub struct Limits")) && line != "}";
        if let Some(field) = line.strip_prefix("    pub ").filter(|_| in_struct) {
            names.push(name(field));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: &str =
        "pub const A: usize = 1;\nconst B: u8 = 1;\npub struct Limits {\n    pub c: usize,\n}\n";

    fn complaints(list: &str) -> Vec<String> {
        let tests = Tests(vec![
            ("src/a.rs", "    fn reaches_a() { A }"),
            ("src/b.rs", "    fn reaches_a() { AA }"),
            ("x.mjs", "test('it is so', A, c)"),
        ]);
        check_limits(Some(list), Some(LIMITS), &tests)
    }

    #[test]
    fn every_limit_has_a_test_that_is_there_and_speaks_of_it() {
        let sound = "| `A` | `src/a.rs::reaches_a` | 413 |\n| `c` | `x.mjs::it is so` | |\n";
        assert!(complaints(sound).is_empty());
        assert!(complaints(&sound.replace("src/a.rs::reaches_a", "x.mjs::it is so")).is_empty());
        for (from, to, complaint) in [
            ("| `A`", "| A", "nothing says which test reaches A"),
            ("| `c`", "| `d`", "nothing says which test reaches c"),
            ("reaches_a", "reaches_b", "A: there is no test src/a.rs::reaches_b"),
            ("`x.mjs::it is so`", "later", "c has neither a test nor a reason"),
            ("`x.mjs::it is so`", "no test: a timer", "c has no test"),
            ("src/a.rs", "src/b.rs", "A: src/b.rs does not speak of it"),
        ] {
            let found = complaints(&sound.replace(from, to));
            assert!(found[0].ends_with(complaint), "{found:?}");
        }
        assert!(complaints(&sound.replace("`c`", "`d`"))[1].ends_with("there is no d"));
        assert!(complaints(&format!("{sound}{sound}"))[0].ends_with("A stands there twice"));
    }
}
