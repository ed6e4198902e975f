//! Lines of formatted text as Markdown.
//!
//! Whether asterisks mean what they should depends on what stands around them, in ways too subtle
//! to predict. So a formatted line is written as people would, read back, and where that gives
//! another line, written again with tags, which always mean the same.

use std::sync::Arc;

use super::{
    escape::{self, Place},
    read::read,
};
use crate::{
    convert::model::{Block, Inline, Link, Marks, push_text},
    limits,
};

/// How often a line is looked over; one that needs more is written with tags.
const TIDYINGS: usize = 8;

/// How bold, italic and struck text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Signs,
    Tags,
}

/// Formatting that is open, outermost first.
#[derive(Clone, Debug, PartialEq)]
enum Open {
    Link(Arc<Link>),
    Highlight,
    Underline,
    Strike,
    Bold,
    Italic,
}

/// A line as Markdown, its breaks as line feeds.
pub(super) fn line(line: &[Inline], place: Place) -> String {
    let line = tidy(line);
    let signs = write(&line, Style::Signs, place);
    let is_formatted = line.iter().any(
        |part| matches!(part, Inline::Text(_, marks) if marks.bold || marks.italic || marks.strike),
    );
    if !is_formatted || reads_as(&signs, &line, place) {
        return signs;
    }
    write(&line, Style::Tags, place)
}

/// The line without formatting of spaces at its own edge, which Markdown cannot say, and of code,
/// as a reader would give it.
pub(crate) fn tidy(line: &[Inline]) -> Vec<Inline> {
    let mut tidied = tidy_once(line);
    // Spaces that lost their formatting may be the edge of others.
    for _ in 0..TIDYINGS {
        let again = tidy_once(&tidied);
        if again == tidied {
            break;
        }
        tidied = again;
    }
    tidied
}

fn tidy_once(line: &[Inline]) -> Vec<Inline> {
    let mut tidied = Vec::with_capacity(line.len());
    for (at, part) in line.iter().enumerate() {
        let Inline::Text(text, marks) = part else {
            tidied.push(Inline::Break);
            continue;
        };
        let emphasis = |part: Option<&Inline>| match part {
            Some(Inline::Text(_, marks)) => (marks.bold, marks.italic, marks.strike),
            _ => (false, false, false),
        };
        let before = emphasis(at.checked_sub(1).and_then(|at| line.get(at)));
        let after = emphasis(line.get(at + 1));
        let bare = |beside: (bool, bool, bool)| Marks {
            bold: marks.bold && beside.0,
            italic: marks.italic && beside.1,
            strike: marks.strike && beside.2,
            ..marks.clone()
        };
        let middle = text.trim();
        if middle.is_empty() || marks.code {
            let both = (before.0 && after.0, before.1 && after.1, before.2 && after.2);
            let marks = if marks.code { marks.settled() } else { bare(both) };
            push_text(&mut tidied, text, &marks);
            continue;
        }
        let start = text.len() - text.trim_start().len();
        push_text(&mut tidied, &text[..start], &bare(before));
        push_text(&mut tidied, middle, marks);
        push_text(&mut tidied, &text[start + middle.len()..], &bare(after));
    }
    tidied
}

fn reads_as(markdown: &str, line: &[Inline], place: Place) -> bool {
    let found = match place {
        Place::Line => read(markdown),
        Place::Cell => read(&format!("|{markdown}|\n|-|\n")),
    };
    match (found.as_deref(), place) {
        (Ok([Block::Paragraph(found)]), Place::Line) => found == line,
        (Ok([Block::Table(rows)]), Place::Cell) => match &rows[..] {
            [row] => {
                row.cells.len() == 1 && row.cells[0].blocks == [Block::Paragraph(line.to_vec())]
            }
            _ => false,
        },
        _ => false,
    }
}

fn write(line: &[Inline], style: Style, place: Place) -> String {
    let mut text = String::new();
    let mut open: Vec<Open> = Vec::new();
    // A backslash before the end would be one.
    let last_words = line.iter().rposition(|part| matches!(part, Inline::Text(..)));
    for (at, part) in line.iter().enumerate() {
        if text.len() > limits::EXPORT_BYTES {
            break;
        }
        match part {
            Inline::Break => {
                escape::end(&mut text);
                let words_follow = last_words.is_some_and(|last| at < last);
                text.push_str(if words_follow && place == Place::Line { "\\\n" } else { "<br>" });
            }
            Inline::Text(words, marks) => {
                change(&mut text, &mut open, marks, style);
                if marks.code {
                    escape::code(&mut text, words, place);
                } else {
                    escape::text(&mut text, words, place);
                }
            }
        }
    }
    change(&mut text, &mut open, &Marks::default(), style);
    escape::end(&mut text);
    text
}

/// Closes and opens what has to be.
fn change(text: &mut String, open: &mut Vec<Open>, marks: &Marks, style: Style) {
    let wanted = wanted(marks);
    let keep = open.iter().take_while(|it| wanted.contains(it)).count();
    for closed in open.drain(keep..).rev() {
        text.push_str(&sign(&closed, style, true));
    }
    for opened in wanted {
        if !open.contains(&opened) {
            text.push_str(&sign(&opened, style, false));
            open.push(opened);
        }
    }
}

fn wanted(marks: &Marks) -> Vec<Open> {
    let link = marks.link.clone().map(Open::Link);
    let simple = [
        (marks.highlight, Open::Highlight),
        (marks.underline, Open::Underline),
        (marks.strike, Open::Strike),
        (marks.bold, Open::Bold),
        (marks.italic, Open::Italic),
    ];
    link.into_iter().chain(simple.into_iter().filter(|(on, _)| *on).map(|(_, it)| it)).collect()
}

fn sign(open: &Open, style: Style, closes: bool) -> String {
    let tag = |name: &str| if closes { format!("</{name}>") } else { format!("<{name}>") };
    match (open, style) {
        (Open::Link(link), _) if closes => {
            format!("]({})", escape::target(&link.href, &link.title))
        }
        (Open::Link(_), _) => "[".to_owned(),
        (Open::Highlight, _) => tag("mark"),
        (Open::Underline, _) => tag("u"),
        (Open::Strike, Style::Signs) => "~~".to_owned(),
        (Open::Bold, Style::Signs) => "**".to_owned(),
        (Open::Italic, Style::Signs) => "*".to_owned(),
        (Open::Strike, Style::Tags) => tag("s"),
        (Open::Bold, Style::Tags) => tag("strong"),
        (Open::Italic, Style::Tags) => tag("em"),
    }
}
