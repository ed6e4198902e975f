//! How the server tells that something is wrong: in no other way than one that has a name and is counted.

use super::source::code_only;

/// The server's own code, but for where lines are written. Commands tell who typed them, and a client
/// belongs to the program around it.
const ELSEWHERE: [&str; 4] = ["src/telemetry/", "src/cli/", "src/client/", "src/load/"];

/// What would write such a line past the list of docs/metrics.md.
const BARE: [&str; 4] = ["warn!(", "error!(", "Level::WARN", "Level::ERROR"];

/// Complaints about a source file.
pub(crate) fn check(name: &str, text: &str) -> Vec<String> {
    if !name.starts_with("src/") || ELSEWHERE.iter().any(|folder| name.starts_with(folder)) {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for (index, line) in code_only(text).lines().enumerate() {
        if BARE.iter().any(|bare| line.contains(bare)) {
            let at = index + 1;
            complaints.push(format!(
                "{name}:{at}: a warning or an error is noted, not written: telemetry::warnings"
            ));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_wrong_is_told_by_name() {
        let bare = ["tracing::warn!(\"x\");", "error!(%e, \"x\")", "event!(Level::ERROR, \"x\")"];
        for line in bare {
            assert_eq!(check("src/document/actor.rs", line).len(), 1, "{line}");
            assert!(check("src/telemetry/warnings.rs", line).is_empty());
            assert!(check("src/cli/check.rs", line).is_empty());
            assert!(check("tests/it/api.rs", line).is_empty());
        }
        for line in
            ["tracing::info!(\"warn!(\")", "// error!(", "#[error(\"x\")]", "Failed.note();"]
        {
            assert!(check("src/document/actor.rs", line).is_empty(), "{line}");
        }
    }
}
