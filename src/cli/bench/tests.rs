//! What the tables say.

use super::{comparing::Compared, table};
use crate::load::{
    converge::Convergence,
    histogram::Summary,
    machine::Usage,
    report::{LOST, Report, ServerUse},
};

fn report(user: f64) -> Report {
    let after = Usage { user, resident: 2048, peak: 4096, ..Usage::default() };
    Report {
        scenario: "fan-out".to_owned(),
        settings: vec![("server".to_owned(), "relay".to_owned())],
        seconds: 2.0,
        edits: 10,
        deliveries: 1_000,
        delivery: Some(Summary {
            count: 1_000,
            p50: 0.25,
            p90: 1.5,
            p99: 12.0,
            max: 250.0,
            mean: 1.0,
        }),
        server: Some(ServerUse { before: Usage::default(), after }),
        convergence: Some(Convergence { clients: 2, converged: 2, ..Convergence::default() }),
        ..Report::default()
    }
}

fn compared(before: &Report, after: &Report) -> String {
    let (before, after) = ([before.clone()], [after.clone()]);
    Compared::of(&before, &after).table()
}

#[test]
fn a_report_tells_what_people_ask_for() {
    let text = table::report(&report(0.5));
    for words in [
        "fan-out: server relay",
        "10 in 2.00 s, 5.00/s",
        "p50 0.250 ms, p90 1.50, p99 12.0, at most 250 (1000)",
        "CPU per delivery  500 µs",
        "2.0 MiB, at most 4.0 MiB so far",
        "2 of 2 clients have everything",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

#[test]
fn who_did_not_converge_is_told() {
    let mut report = report(0.5);
    let complaints = vec!["client 1 of doc: lacks 1 of 3 edits".to_owned()];
    let convergence =
        Convergence { clients: 2, converged: 1, lost: 1, complaints, ..Convergence::default() };
    report.convergence = Some(convergence);
    let text = table::report(&report);
    assert!(text.contains("1 of 2 clients have everything; 1 edits lost"), "{text}");
    assert!(text.contains("client 1 of doc: lacks 1 of 3 edits"), "{text}");
    let compared = compared(&report, &self::report(0.5));
    assert!(compared.contains("did not converge"), "{compared}");
}

#[test]
fn who_lost_what_was_promised_is_told_also_against_nobody() {
    let crashed = |lost| {
        let mut report = report(0.5);
        report.tell(LOST, lost, "");
        report
    };
    let compared = compared(&crashed(0.0), &crashed(7.0));
    let row = compared.lines().find(|it| it.contains(LOST)).unwrap_or_else(|| panic!("{compared}"));
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["edits", "lost", "0", "7.00"]);
    assert!(compared.contains("not comparable:") && compared.contains("lost what it promised"));
    assert!(crashed(0.0).is_sound());
    assert!(!crashed(7.0).is_sound());
}

#[test]
fn what_is_to_be_known_about_the_numbers_is_told() {
    let mut report = report(0.5);
    report.note("no baseline: the relay did not converge");
    report.tell_promises(0, 0);
    let text = table::report(&report);
    assert!(text.contains("no baseline: the relay did not converge"), "{text}");
    assert!(text.contains("the server promised nothing before it was killed"), "{text}");
}

#[test]
fn a_comparison_is_a_ratio_of_what_both_have() {
    let text = compared(&report(0.5), &report(1.0));
    assert!(text.contains("0.500") || text.contains("2.000 ×"), "{text}");
    assert!(
        text.contains("server CPU per delivery         500        1000    2.000 ×  µs"),
        "{text}"
    );
}
