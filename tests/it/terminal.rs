//! `coscribe replay` on a terminal: however it ends, the terminal is as it was before.

use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize},
};

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// A terminal with a replay in it.
struct Screen {
    terminal: File,
    before: Termios,
    child: Child,
    output: Receiver<Vec<u8>>,
    shown: String,
}

impl Screen {
    fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let name = name.into_string().expect("a path");
        let terminal = OpenOptions::new().read(true).write(true).open(name).expect("opens");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).expect("sized");
        let before = tcgetattr(&terminal).expect("settings");
        let side = || Stdio::from(terminal.try_clone().expect("another handle"));
        let child = Command::new(env!("CARGO_BIN_EXE_coscribe"))
            .args(["replay", concat!(env!("CARGO_MANIFEST_DIR"), "/data/poem.coscribe")])
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("coscribe runs");
        let output = listen(master);
        let mut screen = Self { terminal, before, child, output, shown: String::new() };
        screen.until(ENTER);
        screen
    }

    fn until(&mut self, words: &str) {
        while !self.shown.contains(words) {
            match self.output.recv_timeout(Duration::from_millis(100)) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => {
                    let ended = self.child.try_wait().expect("it can be asked");
                    assert_eq!(ended, None, "it ended without {words:?}");
                }
            }
        }
    }

    fn is_raw(&self) -> bool {
        let now = tcgetattr(&self.terminal).expect("settings");
        !now.local_modes.contains(LocalModes::ICANON)
    }

    /// Waits for the end, which must leave everything as it was.
    fn end(mut self) -> ExitStatus {
        let status = self.child.wait().expect("it ends");
        self.until(LEAVE);
        let after = tcgetattr(&self.terminal).expect("settings");
        assert_eq!(after.local_modes, self.before.local_modes);
        assert_eq!(after.input_modes, self.before.input_modes);
        assert_eq!(after.output_modes, self.before.output_modes);
        status
    }
}

fn listen(master: OwnedFd) -> Receiver<Vec<u8>> {
    let (tell, told) = sync_channel(16);
    thread::spawn(move || {
        let mut master = File::from(master);
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = master.read(&mut bytes) {
            if tell.send(bytes[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    told
}

#[test]
fn a_signal_that_ends_a_replay_leaves_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut screen = Screen::open();
        screen.until("space pause");
        assert!(screen.is_raw());
        let process = Pid::from_child(&screen.child);
        kill_process(process, signal).expect("it is there");
        let status = screen.end();
        assert_eq!(status.code(), Some(128 + signal.as_raw()), "{signal:?}");
    }
}
