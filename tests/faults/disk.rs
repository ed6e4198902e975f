//! Disks that fail: a sync that errors, no space, a second server. No answer may lie, reading goes
//! on, and what can recover does.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    alone,
    bench::{export, read_fresh},
    checker::violations,
    editor::Editor,
    kill::has_strace,
    long,
    loop_image::run,
    server::Launch,
    skip,
    wire::Framing,
};

const PACE: Duration = Duration::from_millis(2);
const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_sync_nothing_is_called_saved_until_a_restart() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("failing syncs need strace");
    }
    let places: Vec<usize> = if long() { (1..60).collect() } else { vec![1, 3, 25, 40] };
    for place in places {
        sync_fails_at(place).await;
    }
}

/// The server has the edit in memory, so a client that comes back has nothing to bring: that must
/// not look saved.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_could_not_be_synced_is_not_called_saved_to_those_who_come_back() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("failing syncs need strace");
    }
    for framing in [Framing::Hocuspocus, Framing::YWebsocket] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("store");
        let launch = Launch::new(&data, &directory.path().join("log"))
            .fault("trace=fdatasync")
            .fault("inject=fdatasync:error=EIO:when=20");
        let server = launch.start().await;
        let mut editor = Editor::new("ann", "note", framing, 5).who_never_deletes();
        let mut online = editor.go_online(server.port).await.expect("the editor connects");
        while editor.refused == 0 {
            // With y-websocket no answer comes any more, or the connection ends.
            let typing = editor.type_and_settle(&mut online);
            if !matches!(tokio::time::timeout(Duration::from_secs(2), typing).await, Ok(Ok(()))) {
                break;
            }
        }
        let back = editor.go_online(server.port);
        let _ = tokio::time::timeout(Duration::from_secs(2), back).await;
        let (acked, typed) = (editor.journal.acked, editor.journal.ops.len());
        assert!(acked > 0, "nothing was ever saved");
        assert!(acked < typed, "{framing:?}: called saved on coming back");
        server.kill();
        let content = export("note", &data).expect("the document can be exported");
        assert_eq!(violations(&[&editor.journal], &content), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_that_cannot_reserve_space_is_good_enough() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("failing reservations need strace");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"))
        .fault("trace=fallocate")
        .fault("inject=fallocate:error=EOPNOTSUPP");
    let server = launch.start().await;
    let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, 5);
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    editor.type_for(&mut online, PACE, Duration::from_secs(1)).await.expect("typing works");
    editor.settle(&mut online).await.expect("answers come");
    assert_eq!(editor.journal.acked, editor.journal.ops.len());
    server.kill();
    let content = export("note", &data).expect("the document can be exported");
    assert_eq!(violations(&[&editor.journal], &content), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_is_tried_again_and_is_not_called_saved_before() {
    let _turn = alone().await;
    if !has_strace() {
        return skip("failing writes need strace");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"));
    for error in ["EIO", "ENOSPC"] {
        let faulty = launch
            .clone()
            .fault("trace=pwrite64")
            .fault(&format!("inject=pwrite64:error={error}:when=40..44"));
        let server = faulty.start().await;
        let mut editor = Editor::new(error, error, Framing::Hocuspocus, 5);
        let mut online = editor.go_online(server.port).await.expect("the editor connects");
        editor.type_for(&mut online, PACE, Duration::from_secs(3)).await.expect("typing works");
        server.becomes(200, SOON).await.expect("writing works again");
        editor.settle(&mut online).await.expect("answers come");
        assert_eq!((editor.refused, editor.journal.acked), (0, editor.journal.ops.len()));
        server.kill();
        let content = export(error, &data).expect("the document can be exported");
        assert_eq!(violations(&[&editor.journal], &content), Vec::<String>::new(), "{error}");
    }
}

async fn sync_fails_at(place: usize) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let launch = Launch::new(&data, &directory.path().join("log"));
    let faulty = launch
        .clone()
        .fault("trace=fdatasync")
        .fault(&format!("inject=fdatasync:error=EIO:when={place}"));
    let mut server = match faulty.try_start().await {
        Ok(server) => server,
        Err(why) => {
            let said = why.log.contains("Input/output error")
                && why.status.and_then(|it| it.code()) == Some(1);
            assert!(said, "a start that failed at sync {place} does not say why: {why:?}");
            launch.start().await.kill();
            return;
        }
    };
    let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, 5);
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    while server.ready().0 == 200 {
        // How the connection ends, if it does, is not the question.
        let _ = editor.type_for(&mut online, PACE, Duration::from_millis(50)).await;
    }
    let (status, why) = server.ready();
    assert_eq!(status, 503);
    assert!(why.contains("sync") || why.contains("disk"), "/readyz does not say why: {why}");
    let _ = editor.type_for(&mut online, PACE, Duration::from_millis(300)).await;
    let acked = editor.journal.acked;
    assert!(acked > 0 || place < 20, "sync {place} failed before anything was typed");
    let _ = editor.type_for(&mut online, PACE, Duration::from_millis(300)).await;
    assert_eq!(editor.journal.acked, acked, "called saved after a failed sync");
    assert!(editor.refused > 0, "nobody told the editor");
    assert!(server.exited().is_none(), "reading ends too");
    read_fresh(server.port, "note").await.expect("reading goes on");
    server.kill();

    let content = export("note", &data).expect("the document can be exported");
    assert_eq!(violations(&[&editor.journal], &content), Vec::<String>::new());
    let server = launch.start().await;
    assert_eq!(server.ready().0, 200, "a restart helps");
    editor.go_online(server.port).await.expect("the editor comes back");
    assert_eq!(editor.journal.acked, editor.journal.ops.len(), "everything is saved now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_answers_and_a_freed_one_brings_them() {
    let _turn = alone().await;
    let disk = match SmallDisk::mount() {
        Ok(disk) => disk,
        Err(why) => return skip(&format!("a full disk: {why}")),
    };
    let data = disk.path().join("store");
    let launch = Launch::new(&data, &disk.outside.path().join("log"));
    let server = launch.start().await;
    let mut editor = Editor::new("ann", "note", Framing::Hocuspocus, 6);
    let mut online = editor.go_online(server.port).await.expect("the editor connects");
    editor.type_for(&mut online, PACE, Duration::from_secs(1)).await.expect("there is space");
    editor.settle(&mut online).await.expect("there is space");

    disk.fill();
    let typing = async {
        // Enough for what was reserved ahead; the answers stop when it is used up.
        loop {
            editor.type_for(&mut online, PACE, Duration::from_millis(100)).await?;
            if server.ready().0 == 503 {
                return Ok::<(), crate::wire::Gone>(());
            }
        }
    };
    let stopped = tokio::time::timeout(Duration::from_secs(60), typing).await;
    stopped.expect("/readyz notices a full disk").expect("the connection outlives a full disk");
    let (_, why) = server.ready();
    assert!(why.contains("space") || why.contains("full"), "/readyz does not say why: {why}");
    read_fresh(server.port, "note").await.expect("reading goes on");
    let held = export("note", &data).expect("the document can be exported");
    assert_eq!(violations(&[&editor.journal], &held), Vec::<String>::new());

    disk.free();
    server.becomes(200, SOON).await.expect("space helps without a restart");
    editor.settle(&mut online).await.expect("what waited is answered");
    assert_eq!(editor.refused, 0);
    assert_eq!(editor.journal.acked, editor.journal.ops.len());

    disk.fill();
    server.kill();
    let server = launch.start().await;
    let seen =
        read_fresh(server.port, "note").await.expect("a full server can be started and read");
    assert_eq!(violations(&[&editor.journal], &seen), Vec::<String>::new());
    disk.free();
    server.becomes(200, SOON).await.expect("space helps a server started without any");
    let mut online = editor.go_online(server.port).await.expect("the editor comes back");
    editor.type_and_settle(&mut online).await.expect("typing goes on");
    assert_eq!(editor.journal.acked, editor.journal.ops.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_directory_is_told_why_not() {
    let _turn = alone().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("store");
    let first = Launch::new(&data, &directory.path().join("log")).start().await;
    let second = Launch::new(&data, &directory.path().join("second")).try_start().await;
    let second = second.expect_err("two servers on one directory");
    assert_eq!(second.status.and_then(|status| status.code()), Some(1), "{}", second.log);
    let named = data.to_str().expect("a plain path");
    assert!(second.log.contains(named), "it does not name the directory: {}", second.log);
    assert_eq!(first.ready().0, 200);
    first.kill();
    let third = Launch::new(&data, &directory.path().join("third")).start().await;
    assert_eq!(third.ready().0, 200, "a lock outlived its holder");
}

/// A disk in memory, soon full.
struct SmallDisk {
    outside: TempDir,
}

impl SmallDisk {
    fn mount() -> Result<Self, String> {
        if !rustix::process::getuid().is_root() {
            return Err("mounting needs root".to_owned());
        }
        let disk = Self { outside: tempfile::tempdir().expect("a temporary directory") };
        std::fs::create_dir(disk.path()).expect("a fresh directory");
        let place = disk.path();
        let place = place.to_str().expect("a plain path");
        run("mount", &["-t", "tmpfs", "-o", "size=32m", "tmpfs", place])?;
        Ok(disk)
    }

    fn path(&self) -> PathBuf {
        self.outside.path().join("small")
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Takes all that is left.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.filler()).expect("a file takes no space");
        for block in [vec![0; 65_536], vec![0; 4_096]] {
            while filler.write_all(&block).is_ok() {}
        }
    }

    fn free(&self) {
        remove(&self.filler());
    }
}

fn remove(path: &Path) {
    std::fs::remove_file(path).expect("our own file");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let place = self.path();
        // Lazily: a server of a failed test may still be going down.
        let _ = run("umount", &["-l", place.to_str().expect("a plain path")]);
    }
}
