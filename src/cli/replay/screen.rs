//! Draws a moment of a replay as lines for a terminal. Pure: from values to text.

use super::{CUT, player::Player, source::Recording};
use crate::{
    cli::words,
    history::film::{self, Frame, Line, Span},
};

/// Colours of authors (of the 256 that terminals have), to be read on black and on white.
const COLOURS: [u8; 8] = [33, 166, 35, 133, 136, 37, 161, 103];

/// The ground of code and of what is highlighted: grey enough for black and for white letters.
const GROUND: u8 = 236;

/// Text is not wider than what is good to read.
const WIDTH: usize = 84;

/// How it is to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) colours: bool,
    /// Whether the keys are told.
    pub(super) keys: bool,
}

/// What is drawn from one picture to the next.
pub(super) struct Screen<'a> {
    recording: &'a Recording,
    look: Look,
    /// The first line of the text that is shown.
    top: usize,
}

/// A stretch of a line with one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Run {
    text: String,
    style: Style,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    colour: Option<u8>,
    marks: film::Look,
    dim: bool,
    /// The caret.
    block: bool,
}

const PLAIN: film::Look =
    film::Look { bold: false, italic: false, underline: false, strike: false, ground: false };
const STRONG: film::Look = film::Look { bold: true, ..PLAIN };
const DIM: Style = Style { colour: None, marks: PLAIN, dim: true, block: false };
const BOLD: Style = Style { colour: None, marks: STRONG, dim: false, block: false };

impl<'a> Screen<'a> {
    pub(super) fn new(recording: &'a Recording, look: Look) -> Self {
        Self { recording, look, top: 0 }
    }

    /// The picture, as many lines as the screen has.
    pub(super) fn draw(
        &mut self,
        player: &Player,
        (columns, lines): (usize, usize),
    ) -> Vec<String> {
        let rows = player.rows();
        let frame = self.recording.film.frame(rows);
        let wide = columns.saturating_sub(4).clamp(10, WIDTH);
        let author = rows.checked_sub(1).map(|row| self.recording.users[row]);
        let (text, caret) = wrap(&frame, wide, author);
        let room = lines.saturating_sub(6);
        self.follow(caret, text.len(), room);
        let mut drawn = vec![self.title(rows, columns), self.legend(author, columns), Vec::new()];
        let shown = text.into_iter().skip(self.top).take(room);
        drawn.extend(shown.map(|line| [vec![run("  ", Style::default())], line].concat()));
        drawn.resize(lines.saturating_sub(3).max(3), Vec::new());
        drawn.push(Vec::new());
        drawn.push(self.bar(player, columns));
        drawn.push(self.foot(columns));
        drawn.truncate(lines);
        drawn.iter().map(|line| self.paint(line)).collect()
    }

    /// Keeps the place of the last edit in sight, with some lines below it.
    fn follow(&mut self, caret: Option<usize>, lines: usize, room: usize) {
        let last = lines.saturating_sub(room);
        if let Some(caret) = caret {
            if caret < self.top + 1 {
                self.top = caret.saturating_sub(1);
            } else if caret + 2 > self.top + room {
                self.top = (caret + 1 + room / 4).saturating_sub(room);
            }
        }
        self.top = self.top.min(last);
    }

    fn title(&self, rows: usize, columns: usize) -> Vec<Run> {
        let times = &self.recording.times;
        let time = times.get(rows.saturating_sub(1)).copied().unwrap_or_default();
        let time = words::moment(time);
        let title = clip(&self.recording.title, columns.saturating_sub(time.len() + 6));
        let gap = columns.saturating_sub(count(&title) + time.len() + 4);
        vec![run("  ", DIM), run(&title, BOLD), run(&" ".repeat(gap), DIM), run(&time, DIM)]
    }

    /// Who writes, and who of them wrote last.
    fn legend(&self, author: Option<u32>, columns: usize) -> Vec<Run> {
        let mut line = vec![run("  ", DIM)];
        let mut left = columns.saturating_sub(4);
        for (user, name) in self.recording.names.iter().enumerate() {
            let name = clip(name, 20);
            let Some(rest) = left.checked_sub(count(&name) + 5) else {
                line.push(run("…", DIM));
                break;
            };
            left = rest;
            let active = author == u32::try_from(user).ok();
            let colour = Some(COLOURS[user % COLOURS.len()]);
            let marks = if active { STRONG } else { PLAIN };
            let style = Style { colour, marks, ..Style::default() };
            line.push(run(if active { "● " } else { "○ " }, style));
            line.push(run(&name, style));
            line.push(run("   ", DIM));
        }
        line
    }

    fn bar(&self, player: &Player, columns: usize) -> Vec<Run> {
        let (rows, range) = (player.rows(), player.range());
        let state = if player.is_at_end() {
            "■"
        } else if player.is_playing() {
            "▶"
        } else {
            "‖"
        };
        let of = self.recording.film.rows();
        let told =
            format!("  {rows:>width$} of {of}   {}", player.speed(), width = of.to_string().len());
        let length = columns.saturating_sub(count(&told) + 6).min(WIDTH);
        let all = (range.end - range.start).max(1);
        let place = |rows: usize| (rows - range.start) * length / all;
        let done = place(rows);
        let mut line = vec![run(&format!("  {state} "), Style::default())];
        let marks: Vec<usize> = self
            .recording
            .versions
            .iter()
            .filter(|(_, rows)| range.contains(rows))
            .map(|(_, rows)| place(*rows))
            .collect();
        for at in 0..length {
            let (letter, style) = match (marks.contains(&at), at < done) {
                (true, true) => ("◆", Style::default()),
                (true, false) => ("◇", DIM),
                (false, true) => ("━", Style::default()),
                (false, false) => ("─", DIM),
            };
            match line.last_mut().filter(|last| last.style == style) {
                Some(last) => last.text.push_str(letter),
                None => line.push(run(letter, style)),
            }
        }
        line.push(run(&told, DIM));
        line
    }

    fn foot(&self, columns: usize) -> Vec<Run> {
        let cut = self.recording.cut.then_some(CUT);
        let keys = self.look.keys.then_some("space pause   ← → seek   + − speed   q quit");
        let words: Vec<_> = cut.into_iter().chain(keys).collect();
        if words.is_empty() {
            return Vec::new();
        }
        vec![run("  ", DIM), run(&clip(&words.join("   "), columns.saturating_sub(4)), DIM)]
    }

    fn paint(&self, line: &[Run]) -> String {
        let mut out = String::new();
        for Run { text, style } in line {
            let codes = if self.look.colours { codes(*style) } else { String::new() };
            if codes.is_empty() {
                out.push_str(text);
            } else {
                out.push_str(&format!("\x1b[{codes}m{text}\x1b[0m"));
            }
        }
        let bare = out.trim_end_matches(' ').len();
        out.truncate(bare);
        out
    }
}

fn codes(style: Style) -> String {
    let mut codes: Vec<String> = Vec::new();
    let marks = style.marks;
    let flags = [
        (marks.bold, "1"),
        (style.dim, "2"),
        (marks.italic, "3"),
        (marks.underline, "4"),
        (style.block, "7"),
        (marks.strike, "9"),
    ];
    codes.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, code)| code.to_owned()));
    codes.extend(style.colour.map(|colour| format!("38;5;{colour}")));
    codes.extend((marks.ground && !style.block).then(|| format!("48;5;{GROUND}")));
    codes.join(";")
}

fn run(text: &str, style: Style) -> Run {
    Run { text: text.to_owned(), style }
}

/// A letter with its look.
type Letter = (char, Style);

/// The lines of a moment, broken where they are too wide, and which of them has the caret.
fn wrap(frame: &Frame, wide: usize, author: Option<u32>) -> (Vec<Vec<Run>>, Option<usize>) {
    let mut lines = Vec::new();
    let mut caret_line = None;
    for (number, line) in frame.lines.iter().enumerate() {
        let caret = frame.caret.filter(|(at, _)| *at == number).map(|(_, letters)| letters);
        let lead: Vec<Letter> = line.lead.chars().map(|letter| (letter, DIM)).collect();
        let letters = letters(line, caret, author);
        let room = wide.saturating_sub(lead.len()).max(8);
        let mut rest = &letters[..];
        let mut first = true;
        loop {
            let (now, later) = rest.split_at(break_at(rest, room));
            if now.iter().any(|(_, style)| style.block) {
                caret_line = Some(lines.len());
            }
            let before = if first { lead.clone() } else { vec![(' ', DIM); lead.len()] };
            lines.push(runs(before.iter().chain(now)));
            (rest, first) = (later, false);
            if rest.is_empty() {
                break;
            }
        }
    }
    (lines, caret_line)
}

fn letters(line: &Line, caret: Option<usize>, author: Option<u32>) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    for Span { user, look, text } in &line.spans {
        let colour = user.map(|user| COLOURS[user as usize % COLOURS.len()]);
        let marks = film::Look { bold: look.bold || line.heading, ..*look };
        let style = Style { colour, marks, dim: user.is_none(), block: false };
        // What a terminal would act on is not text.
        let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
        letters.extend(text.chars().map(|letter| (shown(letter), style)));
    }
    if let Some(at) = caret {
        let colour = author.map(|user| COLOURS[user as usize % COLOURS.len()]);
        let style = Style { colour, block: true, ..Style::default() };
        match letters.get_mut(at) {
            Some((_, under)) => *under = style,
            None => letters.push((' ', style)),
        }
    }
    letters
}

/// Where a line ends: behind the last space that fits, or where it must.
fn break_at(letters: &[Letter], room: usize) -> usize {
    if letters.len() <= room {
        return letters.len();
    }
    let space = letters[..room].iter().rposition(|(letter, _)| *letter == ' ');
    space.map_or(room, |at| at + 1)
}

fn runs<'a>(letters: impl Iterator<Item = &'a Letter>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (letter, style) in letters {
        match runs.last_mut().filter(|last| last.style == *style) {
            Some(last) => last.text.push(*letter),
            None => runs.push(Run { text: letter.to_string(), style: *style }),
        }
    }
    runs
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn clip(text: &str, most: usize) -> String {
    let clean = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    if count(text) <= most {
        return clean.collect();
    }
    clean.take(most.saturating_sub(1)).chain(['…']).collect()
}
