//! Two lists of reports side by side: those of the same scenario and settings, and what has no
//! counterpart.

use std::fmt::Write;

use super::table::number;
use crate::load::report::{Figure, Report};

/// Settings that say who was measured rather than how.
const WHO: [&str; 2] = ["server", "dialect"];

/// Which report stands beside which.
#[derive(Debug)]
pub(super) struct Compared<'a> {
    pairs: Vec<(&'a Report, &'a Report)>,
    only_before: Vec<&'a Report>,
    only_after: Vec<&'a Report>,
}

impl<'a> Compared<'a> {
    /// Puts each report beside the first of the others that measured the same the same way, of the same
    /// dialect if there is one.
    pub(super) fn of(before: &'a [Report], after: &'a [Report]) -> Self {
        let mut beside: Vec<Option<usize>> = vec![None; before.len()];
        let mut left: Vec<usize> = (0..after.len()).collect();
        for same_dialect in [true, false] {
            for (mine, beside) in before.iter().zip(&mut beside).filter(|it| it.1.is_none()) {
                let is_its = |other: &Report| {
                    let matching = !same_dialect || dialect(mine) == dialect(other);
                    matching && mine.scenario == other.scenario && how(mine) == how(other)
                };
                let found = left.iter().position(|it| is_its(&after[*it]));
                *beside = found.map(|place| left.remove(place));
            }
        }
        let all = || before.iter().zip(&beside);
        Self {
            pairs: all().filter_map(|(one, place)| Some((one, &after[(*place)?]))).collect(),
            only_before: all().filter(|it| it.1.is_none()).map(|it| it.0).collect(),
            only_after: left.into_iter().map(|place| &after[place]).collect(),
        }
    }

    /// Whether nothing stands beside anything.
    pub(super) fn is_nothing(&self) -> bool {
        self.pairs.is_empty()
    }

    /// For people.
    pub(super) fn table(&self) -> String {
        let mut out = String::new();
        for (before, after) in &self.pairs {
            pair(&mut out, before, after);
        }
        for (place, reports) in [("first", &self.only_before), ("second", &self.only_after)] {
            for report in reports {
                let told = |it: &(String, String)| format!("{} {}", it.0, it.1);
                let settings: Vec<_> = how(report).into_iter().map(told).collect();
                let _infallible = writeln!(
                    out,
                    "only in the {place}: {} ({})",
                    name(report),
                    settings.join(", ")
                );
            }
        }
        if self.is_nothing() {
            out.push_str(
                "nothing to compare: no two reports have the same scenario and settings\n",
            );
        }
        out
    }
}

fn pair(out: &mut String, before: &Report, after: &Report) {
    let _infallible = writeln!(out, "{} / {}\n", name(after), name(before));
    let lines: Vec<_> = before.compared(after);
    let width = lines.iter().map(|it| it.0.name.chars().count()).max().unwrap_or(0);
    for (before, after, ratio) in lines {
        let (one, two) = (number(before.value), number(after.value));
        let Figure { name, unit, .. } = before;
        let ratio = if ratio.is_finite() { format!("{ratio:.3} ×") } else { String::new() };
        let line = format!("  {name:width$}  {one:>10}  {two:>10}  {ratio:>9}  {unit}");
        let _infallible = writeln!(out, "{}", line.trim_end());
    }
    for report in [before, after] {
        if let Some(why) = report.complaint() {
            let _infallible = writeln!(out, "  not comparable: {} {why}", name(report));
        }
    }
    out.push('\n');
}

fn setting<'a>(report: &'a Report, name: &str) -> Option<&'a str> {
    report.settings.iter().find(|it| it.0 == name).map(|it| &*it.1)
}

fn dialect(report: &Report) -> Option<&str> {
    setting(report, "dialect")
}

fn name(report: &Report) -> String {
    let server = setting(report, "server").unwrap_or("?");
    let dialect = dialect(report).map_or_else(String::new, |it| format!(", {it}"));
    format!("{} of {server}{dialect}", report.scenario)
}

/// How it was measured.
fn how(report: &Report) -> Vec<&(String, String)> {
    let mut how: Vec<_> = report.settings.iter().filter(|it| !WHO.contains(&&*it.0)).collect();
    how.sort();
    how
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(scenario: &str, server: &str, dialect: &str, clients: &str) -> Report {
        let settings = [("server", server), ("dialect", dialect), ("clients", clients)];
        Report {
            scenario: scenario.to_owned(),
            settings: settings.map(|it| (it.0.to_owned(), it.1.to_owned())).into(),
            seconds: 1.0,
            edits: clients.parse().expect("a number"),
            ..Report::default()
        }
    }

    #[test]
    fn reports_stand_beside_those_of_the_same_scenario_and_settings_wherever_these_are() {
        let before = [
            report("fan-out", "ours", "y-websocket", "2"),
            report("fan-out", "ours", "y-websocket", "50"),
            report("saved", "ours", "y-sweet", "2"),
        ];
        let after = [
            report("storm", "theirs", "y-websocket", "2"),
            report("fan-out", "theirs", "hocuspocus", "50"),
            report("fan-out", "theirs", "y-websocket", "2"),
        ];
        let compared = Compared::of(&before, &after);
        let pairs: Vec<_> = compared.pairs.iter().map(|it| (it.0.edits, it.1.edits)).collect();
        assert_eq!(pairs, [(2, 2), (50, 50)]);
        let table = compared.table();
        for words in [
            "fan-out of theirs, hocuspocus / fan-out of ours, y-websocket",
            "only in the first: saved of ours, y-sweet (clients 2)",
            "only in the second: storm of theirs, y-websocket (clients 2)",
        ] {
            assert!(table.contains(words), "{words} is not in\n{table}");
        }
    }

    #[test]
    fn the_same_dialect_goes_first_and_what_is_there_twice_is_used_once() {
        let of = |dialect| report("fan-out", "any", dialect, "2");
        let before = [of("y-sweet"), of("y-websocket"), of("hocuspocus")];
        let after = [of("hocuspocus"), of("y-websocket")];
        let compared = Compared::of(&before, &after);
        let pairs: Vec<_> =
            compared.pairs.iter().map(|it| (dialect(it.0), dialect(it.1))).collect();
        let same = ["y-websocket", "hocuspocus"].map(|it| (Some(it), Some(it)));
        assert_eq!(pairs, same);
        assert!(compared.table().contains("only in the first: fan-out of any, y-sweet"));
    }

    #[test]
    fn what_has_nothing_to_stand_beside_is_no_comparison() {
        let (before, after) =
            ([report("fan-out", "a", "d", "2")], [report("fan-out", "a", "d", "3")]);
        let compared = Compared::of(&before, &after);
        assert!(compared.is_nothing());
        assert!(compared.table().contains("nothing to compare"), "{}", compared.table());
    }
}
