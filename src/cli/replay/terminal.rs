//! The terminal itself: raw keys in, pictures out, and everything as it was when it is over, also after
//! a panic and when the process is told to end. The only file that touches one.

use std::{
    io::{self, Read, Write},
    panic,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr},
};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    player::{Player, Wish},
    screen::{Look, Screen},
    source::Recording,
};
use crate::clock::{Clock, SystemClock};

/// Between two pictures.
const TICK: Duration = Duration::from_millis(33);

/// Onto a screen of our own, without its caret; and back.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?25h\x1b[?1049l";

/// Plays until it is over or somebody has seen enough; gives the number of the signal that ended it,
/// or 0.
pub(super) fn play(recording: &Recording, player: &mut Player) -> anyhow::Result<u8> {
    let told_to_end = signals().context("cannot listen to signals")?;
    let terminal = Terminal::enter().context("cannot use the terminal")?;
    let colours = std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let mut screen = Screen::new(recording, Look { colours, keys: true });
    let clock = SystemClock::new();
    let (mut before, mut shown) = (clock.elapsed(), Vec::new());
    let mut size = (0, 0);
    loop {
        let now_size = terminal.size();
        if now_size != size {
            shown.clear();
            size = now_size;
        }
        let picture = screen.draw(player, size);
        show(&picture, &mut shown)?;
        for wish in terminal.wishes(TICK)? {
            if wish == Wish::Quit {
                return Ok(0);
            }
            player.wish(wish);
        }
        let signal = told_to_end.load(Ordering::Relaxed);
        if signal != 0 {
            return Ok(signal);
        }
        let now = clock.elapsed();
        player.pass(now.saturating_sub(before));
        before = now;
        if player.is_over() && !terminal.waits {
            return Ok(0);
        }
    }
}

/// The number of the signal that tells the process to end, once there is one: from now on none ends it
/// by itself, which would leave the terminal in our hands.
fn signals() -> io::Result<Arc<AtomicU8>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [mut interrupt, mut terminate, mut hang_up] = {
        let _inside = runtime.enter();
        let [one, two, three] = kinds.map(signal);
        [one?, two?, three?]
    };
    let told = Arc::new(AtomicU8::new(0));
    let tell = Arc::clone(&told);
    let wait = move || {
        let kind = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => kinds[0],
                _ = terminate.recv() => kinds[1],
                _ = hang_up.recv() => kinds[2],
            }
        });
        tell.store(u8::try_from(kind.as_raw_value()).unwrap_or(u8::MAX), Ordering::Relaxed);
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(told)
}

/// Writes the lines that have changed.
fn show(picture: &[String], shown: &mut Vec<String>) -> io::Result<()> {
    let mut out = String::new();
    if shown.len() != picture.len() {
        out.push_str("\x1b[2J");
        *shown = vec![String::new(); picture.len()];
    }
    for (number, (new, old)) in picture.iter().zip(shown.iter_mut()).enumerate() {
        if new != old {
            out.push_str(&format!("\x1b[{};1H\x1b[2K{new}", number + 1));
            old.clone_from(new);
        }
    }
    if !out.is_empty() {
        let mut terminal = io::stdout().lock();
        terminal.write_all(out.as_bytes())?;
        terminal.flush()?;
    }
    Ok(())
}

/// A terminal in our hands; given back on drop.
struct Terminal {
    before: Arc<Mutex<Option<Termios>>>,
    /// Whether the end is shown until somebody leaves.
    waits: bool,
}

impl Terminal {
    fn enter() -> io::Result<Self> {
        let settings = tcgetattr(io::stdin())?;
        let mut raw = settings.clone();
        raw.make_raw();
        let before = Arc::new(Mutex::new(Some(settings)));
        let terminal = Self { before: Arc::clone(&before), waits: true };
        // What a panic says must be on the usual screen to be read.
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore(&before);
            usual(panic);
        }));
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        io::stdout().write_all(ENTER)?;
        io::stdout().flush()?;
        Ok(terminal)
    }

    /// Columns and lines.
    fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(io::stdout()).ok();
        let size = size.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        size.filter(|(columns, lines)| *columns > 0 && *lines > 0).unwrap_or((80, 24))
    }

    /// What was wished for in the meantime.
    fn wishes(&self, wait: Duration) -> io::Result<Vec<Wish>> {
        let stdin = io::stdin();
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
        let ready = match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
            // A change of the window's size interrupts.
            Err(rustix::io::Errno::INTR) => 0,
            ready => ready?,
        };
        if ready == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = [0; 64];
        match stdin.lock().read(&mut bytes)? {
            // The terminal is gone.
            0 => Ok(vec![Wish::Quit]),
            count => Ok(wishes(&bytes[..count])),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore(&self.before);
    }
}

fn restore(before: &Mutex<Option<Termios>>) {
    let before = before.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(settings) = before {
        // There is nothing else to try when the terminal is gone.
        let _gone = io::stdout().write_all(LEAVE).and_then(|()| io::stdout().flush());
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &settings);
    }
}

/// What keys mean, as terminals send them.
pub(super) fn wishes(mut bytes: &[u8]) -> Vec<Wish> {
    const KEYS: [(&[u8], Wish); 22] = [
        (b"\x1b[1;2D", Wish::Step(-100)),
        (b"\x1b[1;2C", Wish::Step(100)),
        (b"\x1b[5~", Wish::Step(-100)),
        (b"\x1b[6~", Wish::Step(100)),
        (b"\x1b[1~", Wish::Start),
        (b"\x1b[4~", Wish::End),
        (b"\x1b[D", Wish::Step(-10)),
        (b"\x1b[C", Wish::Step(10)),
        (b"\x1bOD", Wish::Step(-10)),
        (b"\x1bOC", Wish::Step(10)),
        (b"\x1b[H", Wish::Start),
        (b"\x1b[F", Wish::End),
        (b"\x1bOH", Wish::Start),
        (b"\x1bOF", Wish::End),
        (b",", Wish::Step(-1)),
        (b".", Wish::Step(1)),
        (b" ", Wish::Pause),
        (b"+", Wish::Faster),
        (b"=", Wish::Faster),
        (b"-", Wish::Slower),
        (b"q", Wish::Quit),
        (b"\x03", Wish::Quit),
    ];
    let mut wishes = Vec::new();
    while !bytes.is_empty() {
        if let Some((key, wish)) = KEYS.iter().find(|(key, _)| bytes.starts_with(key)) {
            wishes.push(*wish);
            bytes = &bytes[key.len()..];
            continue;
        }
        // The escape key by itself; what begins with it and means nothing is passed over whole.
        if bytes == b"\x1b" {
            wishes.push(Wish::Quit);
        }
        let skipped = match bytes {
            [0x1b, b'[', rest @ ..] => {
                2 + rest
                    .iter()
                    .position(|it| (0x40..=0x7e).contains(it))
                    .map_or(rest.len(), |at| at + 1)
            }
            _ => 1,
        };
        bytes = &bytes[skipped..];
    }
    wishes
}
