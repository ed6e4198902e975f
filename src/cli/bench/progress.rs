//! What is told on a terminal while a measurement runs: one line that is written over.

use std::{
    io::{IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Cells of the bar.
const WIDTH: u64 = 30;

/// Between two pictures.
const PAUSE: Duration = Duration::from_millis(100);

/// The line, if somebody can see it.
#[derive(Debug)]
pub(super) struct Progress {
    last: Option<Mutex<(String, Instant)>>,
}

impl Progress {
    /// On standard error, when that is a terminal.
    pub(super) fn new() -> Self {
        let seen = std::io::stderr().is_terminal();
        Self { last: seen.then(|| Mutex::new((String::new(), Instant::now()))) }
    }

    /// Shows how much is done.
    pub(super) fn tell(&self, what: &str, done: u64, all: u64) {
        let Some(last) = &self.last else { return };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 == what && last.1.elapsed() < PAUSE {
            return;
        }
        *last = (what.to_owned(), Instant::now());
        show(&line(what, done, all));
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.last.is_some() {
            show("");
        }
    }
}

/// A terminal that is gone sees nothing.
fn show(line: &str) {
    let mut terminal = std::io::stderr();
    let _gone = write!(terminal, "\r\x1b[K{line}").and_then(|()| terminal.flush());
}

fn line(what: &str, done: u64, all: u64) -> String {
    let part = |of: u64| done.min(all) * of / all.max(1);
    let full = part(WIDTH);
    let bar: String = (0..WIDTH).map(|cell| if cell < full { '█' } else { '░' }).collect();
    format!("{bar} {:>3} %  {what}", part(100))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_bar_fills_and_never_overflows() {
        assert!(line("x", 0, 10).starts_with('░'));
        assert!(line("writing", 5, 10).ends_with(" 50 %  writing"));
        assert!(!line("x", 20, 10).contains('░'));
        assert!(line("x", 0, 0).contains("  0 %"));
    }
}
