//! A file system in a file that can lose its power. Needs root, loop devices and Python.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use tempfile::TempDir;

/// A mounted image; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct LoopImage {
    directory: TempDir,
}

impl LoopImage {
    /// Makes and mounts one; an error says what this machine lacks.
    pub(crate) fn create(kind: &str) -> Result<Self, String> {
        if !rustix::process::getuid().is_root() {
            return Err("mounting needs root".to_owned());
        }
        let directory = tempfile::tempdir().expect("a temporary directory");
        let image = Self { directory };
        std::fs::create_dir(image.mount_point()).expect("a fresh directory");
        run("truncate", &["-s", "512M", &text(&image.file())])?;
        run(&format!("mkfs.{kind}"), &["-q", &text(&image.file())])?;
        image.mount()?;
        Ok(image)
    }

    /// Where its files are.
    pub(crate) fn mount_point(&self) -> PathBuf {
        self.directory.path().join("mounted")
    }

    /// Cuts the power: whatever was not synced is gone when it is mounted again.
    pub(crate) fn cut(&self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shutdown.py");
        run("python3", &[&text(&script), &text(&self.mount_point())]).expect("the power is cut");
    }

    /// Mounts it anew. Nobody may have files open in it.
    pub(crate) fn remount(&self) {
        self.unmount();
        self.mount().expect("an image that was mounted before");
        // A file system that was still the old one would refuse this.
        let probe = self.mount_point().join(".probe");
        std::fs::write(&probe, b"x").expect("the image can be written again");
        std::fs::remove_file(&probe).expect("our own file");
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    fn mount(&self) -> Result<(), String> {
        run("mount", &["-o", "loop", &text(&self.file()), &text(&self.mount_point())])
    }

    /// Returns only when the loop device is free again: a mount before that finds the dead one.
    fn unmount(&self) {
        for _ in 0..500 {
            let _ = run("umount", &[&text(&self.mount_point())]);
            let loops = Command::new("losetup").arg("-j").arg(self.file()).output();
            if loops.is_ok_and(|output| output.stdout.is_empty()) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the image stays mounted");
    }
}

impl Drop for LoopImage {
    fn drop(&mut self) {
        self.unmount();
    }
}

/// Runs a program that says nothing when all is well.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn text(path: &Path) -> String {
    path.to_str().expect("temporary paths are plain").to_owned()
}
