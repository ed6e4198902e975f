//! The server killed while people type: at random moments and in the middle of its n-th sync.

use std::time::Duration;

use coscribe::random::{Random, SeededRandom};

use crate::{
    alone,
    bench::{Bench, Fault},
    note, rounds,
    server::{Launch, Server},
    skip,
};

/// Killed after a while.
struct AtAnyMoment;

impl Fault for AtAnyMoment {
    fn prepare(&mut self, launch: Launch, _: &SeededRandom) -> Launch {
        launch
    }

    async fn strike(&mut self, server: Server, random: &SeededRandom) {
        tokio::time::sleep(Duration::from_millis(200 + random.below(1_300))).await;
        server.kill();
    }
}

/// Killed as it asks the disk to sync, some time after the editors are back.
#[derive(Default)]
struct AtSync {
    struck: usize,
}

impl Fault for AtSync {
    fn prepare(&mut self, launch: Launch, random: &SeededRandom) -> Launch {
        let when = 30 + random.below(200);
        launch
            .fault("trace=fdatasync,fsync")
            .fault(&format!("inject=fdatasync,fsync:signal=SIGKILL:when={when}"))
    }

    async fn strike(&mut self, mut server: Server, _: &SeededRandom) {
        // Few syncs on a slow machine: then it is killed all the same.
        self.struck += usize::from(server.ended(Duration::from_secs(6)).await.is_some());
        server.kill();
    }
}

/// Asked to stop while everybody types.
#[derive(Default)]
struct Stop {
    clean: usize,
}

impl Fault for Stop {
    fn prepare(&mut self, launch: Launch, _: &SeededRandom) -> Launch {
        launch
    }

    async fn strike(&mut self, server: Server, random: &SeededRandom) {
        tokio::time::sleep(Duration::from_millis(200 + random.below(500))).await;
        let status = server.stop().await;
        self.clean += usize::from(status.is_some_and(|status| status.success()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_stop_under_load_stops_cleanly_and_loses_nothing() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut bench = Bench::new(&directory.path().join("store"), 12);
    let rounds = rounds(2, 10);
    let mut fault = Stop::default();
    note("asked to stop:");
    let report = bench.play(rounds, &mut fault).await;
    assert_eq!(report.violations, Vec::<String>::new());
    assert_eq!(fault.clean, rounds, "not every stop ended with success: {}", bench.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let mut bench = Bench::new(&data, 1);
    let rounds = rounds(5, 50);
    note("killed at random moments:");
    let report = bench.play(rounds, &mut AtAnyMoment).await;
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.acked > 100 * rounds, "only {} edits were acknowledged", report.acked);
    assert!(sealed(&data), "no journal file was sealed, so this proved too little");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed_in_a_sync() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("killing in a sync needs strace");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let mut bench = Bench::new(&data, 2);
    note("killed in a sync:");
    let mut fault = AtSync::default();
    let report = bench.play(rounds(3, 50), &mut fault).await;
    assert_eq!(report.violations, Vec::<String>::new());
    assert!(report.acked > 100, "only {} edits were acknowledged", report.acked);
    assert!(fault.struck > 0, "no sync was interrupted, so this proved too little");
}

pub(crate) fn has_strace() -> bool {
    std::process::Command::new("strace").arg("-V").output().is_ok_and(|it| it.status.success())
}

/// Whether sealing has left an archive.
pub(crate) fn sealed(data: &std::path::Path) -> bool {
    std::fs::read_dir(data.join("archive")).is_ok_and(|mut files| files.next().is_some())
}
