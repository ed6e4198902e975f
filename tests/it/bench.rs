//! `coscribe bench` against whole servers: every dialect and scenario, clients that converge, and a
//! server that loses edits.

use std::{
    process::{Command, Output},
    time::Duration,
};

use coscribe::{
    ids::DocumentName,
    load::{
        dialect::{Dialect, Heard},
        joining::join_until,
        report::Report,
    },
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::Instant,
};

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

/// A number that a scenario told by name.
fn figure(report: &Report, name: &str) -> Option<f64> {
    report.more.iter().find(|it| it.name == name).map(|it| it.value)
}

/// How something was chosen.
fn setting<'a>(report: &'a Report, name: &str) -> Option<&'a str> {
    report.settings.iter().find(|it| it.0 == name).map(|it| &*it.1)
}

fn told(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// A door in front of a server: it hangs up on the first `refused`, and opens when `waits_for` others
/// stand before it.
async fn door(to: String, refused: usize, waits_for: usize) -> (String, JoinHandle<()>) {
    let door = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("ws://{}/ws", door.local_addr().expect("bound"));
    let opened = tokio::spawn(async move {
        let mut waiting = Vec::new();
        for number in 0..refused + waits_for {
            let (client, _) = door.accept().await.expect("somebody comes");
            if number >= refused {
                waiting.push(client);
            }
        }
        let passing = waiting.into_iter().map(|mut client| {
            let to = to.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.expect("the server");
                let _until_either_hangs_up = copy_bidirectional(&mut client, &mut server).await;
            })
        });
        for passes in passing.collect::<Vec<_>>() {
            passes.await.expect("it passes");
        }
    });
    (url, opened)
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
    let told = names.contains(&"times the relay's CPU");
    let notes = report.notes.join("; ");
    assert!(told || notes.contains("the relay used less CPU than the system counts"), "{notes}");
    let relayed = sound(&["fan-out", "--server", "relay", "--clients", "4", "--edits", "60"]);
    assert_eq!(relayed.deliveries, 180);
}

#[test]
fn a_relay_that_is_no_baseline_costs_no_measurement() {
    let load = ["fan-out", "--clients", "3", "--edits", "50", "--window", "50", "--baseline"];
    let lossy = ["--server", "memory", "--loses", "20", "--patience", "1"];
    let report = sound(&[&load[..], &lossy].concat());
    assert_eq!(report.deliveries, 100);
    let notes = report.notes.join("; ");
    assert!(notes.contains("no baseline: the relay did not converge"), "{notes}");
    assert_eq!(figure(&report, "times the relay's CPU"), None);
    // One client that waits for acknowledgements has nobody to whom a relay could deliver.
    let alone = ["saved", "--edits", "20", "--dialect", "y-sweet", "--baseline"];
    let notes = sound(&alone).notes.join("; ");
    assert!(notes.contains("no baseline: nothing is delivered to one client"), "{notes}");
}

#[test]
fn the_relays_framing_is_told_where_it_is_another() {
    let load = ["fan-out", "--clients", "5", "--seconds", "1", "--window", "16", "--baseline"];
    let report = sound(&[&load[..], &["--dialect", "hocuspocus"]].concat());
    assert!(figure(&report, "times the relay's CPU").is_some(), "{:?}", report.notes);
    assert_eq!(report.notes, ["the relay ran in y-websocket framing, not hocuspocus"]);
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
    let small = ["--edits", "50", "--edit-bytes", "16", "--documents", "1"];
    let slow = sound(&[&["slow", "--clients", "2", "--slow", "2"][..], &small].concat());
    assert_eq!(slow.convergence.as_ref().expect("clients").converged, 4);
    let notes = slow.notes.join("; ");
    assert!(notes.contains("no reader fell behind"), "so little fits into buffers: {notes}");
}

#[test]
fn slow_readers_fall_behind_and_are_caught_up_by_one_difference() {
    let report = sound(&["slow", "--documents", "1", "--slow", "3"]);
    assert_eq!(report.convergence.as_ref().expect("clients").converged, 5);
    for name in ["readers behind", "times a reader fell behind"] {
        assert!(figure(&report, name).is_some_and(|it| it > 2.5), "{name}: {:?}", report.more);
    }
    assert_eq!(figure(&report, "caught up by one difference"), Some(3.0));
    for name in [
        "caught up in",
        "memory while readers are behind",
        "memory after they caught up",
        "memory without slow readers",
        "memory of a slow reader",
    ] {
        assert!(figure(&report, name).is_some(), "{name}: {:?}", report.more);
    }
    assert!(report.notes.is_empty(), "{:?}", report.notes);
}

#[test]
fn of_a_days_visitors_some_open_documents_that_are_not_open() {
    for (dialect, server) in [("y-websocket", "coscribe"), ("hocuspocus", "memory")] {
        let load = ["mixed", "--documents", "2", "--clients", "3", "--edits", "8", "--rate", "40"];
        let day = ["--visitors", "5", "--old-documents", "12"];
        let how = ["--dialect", dialect, "--server", server];
        let report = sound(&[&load[..], &day, &how].concat());
        assert_eq!(report.convergence.as_ref().expect("clients").converged, 8);
        let cold = figure(&report, "cold visits").expect("cold visits");
        assert!(cold > 1.5, "two of five go round: {:?}", report.more);
        assert_eq!(figure(&report, "documents read for visits"), Some(cold), "each was read");
        assert!(figure(&report, "warm visits").is_some_and(|it| it > 2.5), "{:?}", report.more);
        assert!(figure(&report, "cold visit p50").is_some() && report.notes.is_empty());
        assert_eq!(setting(&report, "old documents"), Some("12"));
    }
}

#[test]
fn a_published_trace_is_typed_as_it_was_written() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("trace.json");
    let json = r#"{"startContent":"","endContent":"b😀","txns":[
        {"patches":[[0,0,"a😀"]]},{"patches":[[0,1,"b"],[2,0,"!"]]},{"patches":[[2,1,""]]}]}"#;
    std::fs::write(&file, json).expect("room for a file");
    let path = file.to_str().expect("a path in UTF-8");
    let report = sound(&["trace", "--clients", "3", "--file", path]);
    assert_eq!((report.edits, report.deliveries), (4, 8));
    assert_eq!(setting(&report, "history"), Some("trace.json"));
}

#[test]
fn connections_without_writers_are_measured() {
    let idle = sound(&["idle", "--clients", "20", "--seconds", "0.1", "--bring", "20000"]);
    assert!(idle.more.iter().any(|it| it.name == "idle connection"), "{:?}", idle.more);
    let storm = sound(&["storm", "--clients", "30", "--documents", "3"]);
    assert_eq!(storm.joined.expect("times").count, 30);
    assert_eq!(setting(&storm, "at once"), Some("30"));
    assert_eq!(figure(&storm, "dials refused"), Some(0.0));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_everybody_at_once_and_who_is_not_let_in_comes_again() {
    let server = harness::serve(None, "127.0.0.1:0").await;
    let (url, opened) = door(server.addresses()[0].to_string(), 3, 100).await;
    let report = tokio::task::spawn_blocking(move || {
        sound(&["storm", "--url", &url, "--clients", "100", "--documents", "4"])
    });
    let report = report.await.expect("it runs");
    assert_eq!(report.joined.as_ref().expect("times").count, 100);
    assert_eq!(figure(&report, "dials refused"), Some(3.0));
    opened.await.expect("the door opened");
    server.shutdown().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_takes_until_the_frame_arrives_and_not_until_it_is_understood() {
    let server = harness::serve(None, "127.0.0.1:0").await;
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let name = DocumentName::new("doc").expect("a good name");
    let line = Dialect::YWebsocket.line(&url, &name).await.expect("needs no token");
    let (began, mut came) = (Instant::now(), Duration::ZERO);
    let joined = join_until(&line, Duration::from_secs(60), |heard| {
        came = began.elapsed();
        // A client that thinks for as long again.
        while began.elapsed() < came * 2 {
            std::hint::spin_loop();
        }
        matches!(heard, Heard::State(_))
    });
    let took = joined.await.expect("in step").took;
    assert!(took <= came, "{took:?} of {came:?}");
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
        let promised = figure(&report, "edits promised");
        assert!(promised.is_some_and(|promised| promised > 0.0), "{dialect}");
        assert_eq!(figure(&report, "edits lost"), Some(0.0), "{dialect}");
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

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_promised_nothing_is_proven() {
    let server = harness::serve(None, "127.0.0.1:0").await;
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let looked =
        tokio::task::spawn_blocking(move || bench(&["crash", "--url", &url, "--look", "doc=0"]));
    let (output, report) = looked.await.expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(report.is_some() && told(&output).contains("promised nothing"), "{}", told(&output));
    for scenario in ["crash", "cold"] {
        let (output, report) = bench(&[scenario, "--rounds", "0"]);
        assert!(!output.status.success() && report.is_none(), "{}", told(&output));
        assert!(told(&output).contains("1 at least"), "{}", told(&output));
    }
    server.shutdown().await.expect("it stops");
}

#[test]
fn reports_are_compared_by_what_they_measured() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, reports: &[&Report]| {
        let path = directory.path().join(name);
        let json = serde_json::to_vec(reports).expect("JSON");
        std::fs::write(&path, json).expect("room for a file");
        path
    };
    let load = |clients| sound(&["fan-out", "--edits", "5", "--clients", clients]);
    let (two, three) = (load("2"), load("3"));
    let compare = |before: &std::path::Path, after: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coscribe"));
        let command = command.args(["bench", "compare"]).arg(before).arg(after);
        command.output().expect("the program can be run")
    };
    let (all, some) = (file("all.json", &[&two, &three]), file("some.json", &[&three]));
    let output = compare(&all, &some);
    assert!(output.status.success() && told(&output).contains("deliveries"), "{}", told(&output));
    assert!(told(&output).contains("only in the first: fan-out"), "{}", told(&output));
    assert!(told(&output).contains("clients 2"), "{}", told(&output));
    let output = compare(&file("other.json", &[&two]), &some);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("nothing to compare"), "{}", told(&output));
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
