//! Maps that must be complete: ARCHITECTURE.md names every module, examples/README.md every example.

use super::layers::module_of;

/// Complaints about the map of the modules, given all files and its text.
pub(crate) fn check_architecture(names: &[&str], map: Option<&str>) -> Vec<String> {
    let Some(map) = map else { return vec!["ARCHITECTURE.md: is missing".to_owned()] };
    let mut modules: Vec<&str> = names.iter().filter_map(|name| module_of(name)).collect();
    modules.retain(|module| !matches!(*module, "lib" | "main"));
    modules.dedup();
    modules
        .into_iter()
        .filter(|module| !map.contains(&format!("`{module}`")))
        .map(|module| format!("ARCHITECTURE.md: does not mention `{module}`"))
        .collect()
}

/// Complaints about the list of examples, given all files and its text.
pub(crate) fn check_examples(names: &[&str], list: Option<&str>) -> Vec<String> {
    let examples = names.iter().filter_map(|name| name.strip_prefix("examples/"));
    let mut examples = examples.filter(|name| *name != "README.md").peekable();
    let Some(list) = list else {
        let missing = examples.peek().map(|_| "examples/README.md: is missing".to_owned());
        return missing.into_iter().collect();
    };
    examples
        .filter(|example| !list.contains(*example))
        .map(|example| format!("examples/README.md: does not mention {example}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_on_the_map() {
        let names = ["src/ids.rs", "src/lib.rs", "src/crdt/mod.rs", "src/crdt/x.rs", "tests/a.rs"];
        assert!(check_architecture(&names, Some("`ids` and `crdt`")).is_empty());
        assert_eq!(
            check_architecture(&names, Some("`ids` and crdt")),
            ["ARCHITECTURE.md: does not mention `crdt`"]
        );
        assert_eq!(check_architecture(&names, None), ["ARCHITECTURE.md: is missing"]);
    }

    #[test]
    fn every_example_is_listed() {
        let names = ["examples/README.md", "examples/a.rs", "examples/browser/b.html"];
        assert!(check_examples(&names, Some("a.rs browser/b.html")).is_empty());
        assert_eq!(
            check_examples(&names, Some("a.rs b.html")),
            ["examples/README.md: does not mention browser/b.html"]
        );
        assert_eq!(check_examples(&names[1..], None), ["examples/README.md: is missing"]);
        assert!(check_examples(&[], None).is_empty());
    }
}
