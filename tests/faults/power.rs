//! The power cut while people type, on real file systems; and disks that lie, to see the judge
//! notice (a test of power loss that has never failed proves nothing).

use std::time::Duration;

use coscribe::random::{Random, SeededRandom};

use crate::{
    alone,
    bench::{Bench, Fault, Report},
    kill::{has_strace, sealed},
    loop_image::LoopImage,
    note, rounds,
    server::{Launch, Server},
    skip,
};

/// Syncs that take 30 ms: an answer that does not wait for its sync is then nearly always early.
const SLOW: [&str; 2] = ["trace=fdatasync", "inject=fdatasync:delay_enter=30000"];

/// The power goes; perhaps the disk was slow or had lied before.
struct PowerCut<'a> {
    image: &'a LoopImage,
    /// Options for strace, from the second round on: the first round's store is sound, so that what
    /// is lost later was not simply never there.
    faults: Vec<String>,
    rounds: usize,
}

impl Fault for PowerCut<'_> {
    fn prepare(&mut self, launch: Launch, _: &SeededRandom) -> Launch {
        self.rounds += 1;
        let faults = if self.rounds > 1 { &self.faults[..] } else { &[] };
        faults.iter().fold(launch, |launch, fault| launch.fault(fault))
    }

    async fn strike(&mut self, server: Server, random: &SeededRandom) {
        // Under the five seconds after which file systems write by themselves.
        tokio::time::sleep(Duration::from_millis(300 + random.below(1_500))).await;
        server.freeze().await;
        self.image.cut();
        server.kill();
        self.image.remount();
    }
}

async fn play(kind: &str, seed: u64, rounds: usize, faults: &[String]) -> Option<Report> {
    let image = match LoopImage::create(kind) {
        Ok(image) => image,
        Err(why) => {
            skip(&format!("power loss on {kind}: {why}"));
            return None;
        }
    };
    // Two directories that do not exist yet: both must be made durable.
    let data = image.mount_point().join("data/store");
    let mut bench = Bench::new(&data, seed);
    let report = bench
        .play(rounds, &mut PowerCut { image: &image, faults: faults.to_vec(), rounds: 0 })
        .await;
    let has_sealed = sealed(&data) || !report.violations.is_empty();
    assert!(has_sealed, "no journal file was sealed, so this proved too little");
    Some(report)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let _turn = alone().await;
    for kind in ["ext4", "xfs"] {
        note(&format!("power cut on {kind}:"));
        let rounds = rounds(3, 20);
        let Some(report) = play(kind, 3, rounds, &[]).await else { continue };
        assert_eq!(report.violations, Vec::<String>::new());
        assert!(report.acked > 100, "only {} edits were acknowledged", report.acked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_comes_before_its_sync() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("slow syncs need strace");
    }
    note("power cut with slow syncs:");
    let rounds = rounds(3, 20);
    let Some(report) = play("ext4", 13, rounds, &SLOW.map(String::from)).await else { return };
    assert_eq!(report.violations, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn red_control_acks_before_the_sync_are_noticed() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("lying about syncs needs strace");
    }
    note("red control, syncs that do nothing:");
    let lies = ["trace=fdatasync,fsync", "inject=fdatasync,fsync:retval=0"].map(String::from);
    let Some(report) = play("ext4", 4, 4, &lies).await else { return };
    assert!(lost(&report), "syncs that did nothing lost nothing: the judge is blind");
}

#[tokio::test(flavor = "multi_thread")]
async fn red_control_a_journal_deleted_before_its_archive_is_synced_is_noticed() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("lying about syncs needs strace");
    }
    note("red control, archives that are not synced:");
    let image = match LoopImage::create("ext4") {
        Ok(image) => image,
        Err(why) => return skip(&format!("power loss: {why}")),
    };
    let data = image.mount_point().join("data/store");
    let mut faults =
        vec!["trace=fdatasync,fsync".to_owned(), "inject=fdatasync,fsync:retval=0".to_owned()];
    faults.extend(unsynced_archives().map(|it| data.join(it).to_str().expect("plain").to_owned()));
    let mut bench = Bench::new(&data, 5);
    let report = bench.play(5, &mut PowerCut { image: &image, faults, rounds: 0 }).await;
    assert!(lost(&report), "archives that were not synced lost nothing: the judge is blind");
}

/// The archives of the first journal files, alone and merged, while they are written.
fn unsynced_archives() -> impl Iterator<Item = String> {
    (1..=40).flat_map(|first| {
        (first..=40).map(move |last| format!("archive/{first:08}-{last:08}.arc.tmp"))
    })
}

fn lost(report: &Report) -> bool {
    report.violations.iter().any(|it| it.contains("is lost") || it.contains("acknowledged"))
}
