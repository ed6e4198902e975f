//! `coscribe bench` against whole servers: every dialect and scenario, clients that converge, and a
//! server that loses edits.

use std::process::{Command, Output};

use coscribe::load::report::Report;

use crate::harness;

/// Runs the command; gives what it did and the report it wrote.
fn bench(arguments: &[&str]) -> (Output, Option<Report>) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_coscribe"))
        .arg("bench")
        .args(arguments)
        .arg("--json")
        .arg(&file)
        .output()
        .expect("the program can be run");
    let report = std::fs::read(&file).ok();
    let report = report.map(|json| serde_json::from_slice(&json).expect("a report"));
    (output, report)
}

/// Runs one that goes well.
fn sound(arguments: &[&str]) -> Report {
    let (output, report) = bench(arguments);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}\n{out}\n{err}");
    report.expect("it wrote a report")
}

#[test]
fn everybody_converges_in_every_dialect_and_the_server_is_watched() {
    for dialect in ["y-websocket", "hocuspocus", "y-sweet"] {
        let load = ["--documents", "2", "--clients", "3", "--writers", "2", "--edits", "40"];
        let rest = ["--window", "4", "--dialect", dialect, "--server", "memory"];
        let report = sound(&[&["fan-out"][..], &load, &rest].concat());
        assert_eq!((report.edits, report.deliveries), (160, 320), "{dialect}");
        let convergence = report.convergence.expect("clients");
        assert_eq!((convergence.clients, convergence.converged), (6, 6), "{dialect}");
        assert_eq!(report.delivery.expect("times").count, 320, "{dialect}");
        assert!(report.server.expect("it is on this machine").after.resident > 0, "{dialect}");
    }
}

#[test]
fn what_is_lost_is_told_and_the_exit_code_says_so() {
    let relay = ["fan-out", "--server", "relay", "--clients", "3", "--patience", "1"];
    let (output, report) =
        bench(&[&relay[..], &["--edits", "50", "--loses", "20", "--window", "50"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let convergence = report.expect("a report nevertheless").convergence.expect("clients");
    assert_eq!((convergence.clients, convergence.converged), (3, 1), "the writer has its own");
    assert_eq!(convergence.lost, 4);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("lacks 2 of 50 edits"), "{told}");
}

#[test]
fn the_relay_loses_nothing_and_is_the_measure() {
    let report = sound(&["fan-out", "--clients", "4", "--edits", "60", "--baseline"]);
    let names: Vec<_> = report.more.iter().map(|figure| &figure.name[..]).collect();
    // A run this short may use less CPU than the system counts; then there is no ratio to tell.
    assert!(names.is_empty() || names.contains(&"times the relay's CPU"), "{names:?}");
    let relayed = sound(&["fan-out", "--server", "relay", "--clients", "4", "--edits", "60"]);
    assert_eq!(relayed.deliveries, 180);
}

#[test]
fn acknowledgements_are_counted_one_for_each_edit() {
    for dialect in ["hocuspocus", "y-sweet"] {
        let load = ["saved", "--documents", "2", "--writers", "2", "--edits", "30"];
        let report = sound(&[&load[..], &["--window", "4", "--dialect", dialect]].concat());
        assert_eq!(report.acknowledged.expect("times").count, 120, "{dialect}");
    }
    let (output, _) = bench(&["saved", "--dialect", "y-websocket"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("y-websocket has no acknowledgements"), "{told}");
}

#[test]
fn histories_slow_readers_and_visitors_end_with_the_same() {
    let trace = sound(&["trace", "--length", "400", "--clients", "3", "--window", "64"]);
    assert_eq!((trace.edits, trace.deliveries), (400, 800));
    let slow = sound(&["slow", "--clients", "2", "--slow", "2", "--edits", "50", "--window", "8"]);
    assert_eq!(slow.convergence.expect("clients").converged, 4);
    let mixed = ["mixed", "--documents", "2", "--clients", "3", "--edits", "8", "--rate", "40"];
    let mixed = sound(&[&mixed[..], &["--visitors", "3"]].concat());
    assert_eq!(mixed.convergence.expect("clients").converged, 8);
}

#[test]
fn connections_without_writers_are_measured() {
    let idle = sound(&["idle", "--clients", "20", "--seconds", "0.1", "--bring", "20000"]);
    assert!(idle.more.iter().any(|it| it.name == "idle connection"), "{:?}", idle.more);
    let storm = sound(&["storm", "--clients", "30", "--documents", "3"]);
    assert_eq!(storm.joined.expect("times").count, 30);
    let cold = sound(&["cold", "--length", "500", "--rounds", "2", "--dialect", "hocuspocus"]);
    assert_eq!(cold.joined.expect("times").count, 2);
    assert!(cold.bytes > 500, "the document came back: {} bytes", cold.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_measured_by_its_address() {
    let server = harness::serve(None, "127.0.0.1:0").await;
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let report = tokio::task::spawn_blocking(move || {
        sound(&["fan-out", "--url", &url, "--edits", "20", "--dialect", "hocuspocus"])
    });
    assert_eq!(report.await.expect("it runs").deliveries, 20);
    server.shutdown().await.expect("it stops");
}

#[test]
fn a_server_that_is_not_there_is_told_in_words() {
    let (output, report) = bench(&["fan-out", "--url", "ws://127.0.0.1:1/ws"]);
    assert_eq!((output.status.code(), report), (Some(1), None));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("coscribe: cannot connect to ws://127.0.0.1:1/ws/bench-"), "{told}");
}

#[test]
fn a_killed_server_has_lost_nothing_that_it_acknowledged() {
    for dialect in ["y-sweet", "hocuspocus"] {
        let report = sound(&["crash", "--rounds", "1", "--seconds", "0.3", "--dialect", dialect]);
        let figure = |name| report.more.iter().find(|it| it.name == name).map(|it| it.value);
        assert!(figure("edits promised").is_some_and(|promised| promised > 0.0), "{dialect}");
        assert_eq!(figure("edits lost"), Some(0.0), "{dialect}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_and_is_not_there_is_counted() {
    let server = harness::serve(None, "127.0.0.1:0").await;
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let report = tokio::task::spawn_blocking(move || {
        bench(&["crash", "--url", &url, "--look", "never-written=7"])
    });
    let (output, report) = report.await.expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let report = report.expect("a report nevertheless");
    assert!(report.more.iter().any(|it| it.name == "edits lost" && it.value > 6.5));
    server.shutdown().await.expect("it stops");
}

#[test]
fn scaling_is_a_row_for_each_point_and_a_chart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let chart = directory.path().join("chart.svg");
    for (axis, points) in
        [("clients", "2,3"), ("documents", "1,2"), ("size", "100,20000"), ("history", "10,300")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_coscribe"))
            .args(["bench", "scaling", axis, "--points", points, "--seconds", "0.2", "--baseline"])
            .arg("--chart")
            .arg(&chart)
            .output()
            .expect("the program can be run");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{axis}: {told}\n{problem}");
        assert_eq!(told.lines().count(), 3, "{axis}: {told}");
        let picture = std::fs::read_to_string(&chart).expect("a chart");
        assert!(picture.starts_with("<svg") && picture.contains("coscribe"), "{axis}");
    }
}
