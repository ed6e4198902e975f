//! Writes a document as Markdown.

use super::{
    escape::{self, Place},
    inline,
};
use crate::convert::{
    ConvertError,
    model::{Align, Block, Image, Inline, Item, ListKind, Row},
    tables,
    written::Lines,
};

/// What stands where Markdown needs something and the document has nothing.
const NOTHING: &str = "&nbsp;";

/// Writes a document.
pub(crate) fn write(blocks: &[Block]) -> Result<String, ConvertError> {
    let mut lines = Lines::default();
    write_blocks(&mut lines, blocks, Around { tight: false, star: false });
    lines.finish()
}

/// What blocks stand in.
#[derive(Clone, Copy)]
struct Around {
    /// No empty lines between.
    tight: bool,
    /// Items whose marker is a star: there, three stars make no line.
    star: bool,
}

fn is_empty(block: &Block) -> bool {
    match block {
        Block::Paragraph(line) => line.is_empty(),
        Block::Quote(blocks) => blocks.iter().all(is_empty),
        _ => false,
    }
}

fn write_blocks(lines: &mut Lines, blocks: &[Block], around: Around) {
    let mut before: Option<&Block> = None;
    // Whether the last list had the other sign: lists that touch would become one.
    let mut other = false;
    for block in blocks.iter().filter(|block| !is_empty(block)) {
        if before.is_some() && !around.tight {
            lines.lines("");
        }
        other = match (before, block) {
            (Some(Block::List(last, _)), Block::List(this, _)) => {
                let ordered = |kind: &ListKind| matches!(kind, ListKind::Ordered(_));
                ordered(last) == ordered(this) && !other
            }
            _ => false,
        };
        write_block(lines, block, other, around);
        before = Some(block);
    }
}

fn write_block(lines: &mut Lines, block: &Block, other: bool, around: Around) {
    match block {
        Block::Paragraph(line) => lines.lines(&inline::line(line, Place::Line)),
        Block::Heading(level, line) => {
            let signs = "#".repeat(usize::from(*level));
            let mut text = inline::line(&without_breaks(line), Place::Line);
            if text.ends_with('#') && !text.ends_with("\\#") {
                // It would close the heading.
                text.insert(text.len() - 1, '\\');
            }
            lines.lines(format!("{signs} {text}").trim_end());
        }
        Block::Rule => lines.lines(if around.star { "---" } else { "***" }),
        Block::Code { language, text } => code(lines, language, text),
        Block::Image(image) => lines.lines(&picture(image)),
        Block::Quote(blocks) => {
            lines.indent("> ", "> ");
            write_blocks(lines, blocks, Around { tight: false, star: false });
            lines.outdent();
        }
        Block::List(kind, items) => list(lines, *kind, items, other),
        Block::Table(rows) => table(lines, rows),
    }
}

fn list(lines: &mut Lines, kind: ListKind, items: &[Item], other: bool) {
    let tight = items.iter().all(is_tight);
    for (at, item) in items.iter().enumerate() {
        if at > 0 && !tight {
            lines.lines("");
        }
        let marker = match kind {
            ListKind::Ordered(start) => {
                // Markdown takes nine digits; only the first number counts.
                let number = u64::from(start).saturating_add(at as u64).min(999_999_999);
                format!("{number}{} ", if other { ")" } else { "." })
            }
            _ if other => "* ".to_owned(),
            _ => "- ".to_owned(),
        };
        lines.indent(&marker, &" ".repeat(marker.len()));
        let check = match (kind, item.checked) {
            (ListKind::Task, true) => "[x] ",
            (ListKind::Task, false) => "[ ] ",
            _ => "",
        };
        let around = Around { tight, star: other && !matches!(kind, ListKind::Ordered(_)) };
        write_item(lines, item, check, around);
        lines.outdent();
    }
}

/// An item that is a line, perhaps with a list below. A line that begins with a break may be a tag
/// alone, which would take in what follows.
fn is_tight(item: &Item) -> bool {
    let (first, rest) = match item.blocks.split_first() {
        Some((Block::Paragraph(line), rest)) => (line, rest),
        _ => return false,
    };
    (!first.is_empty() || rest.is_empty())
        && match rest {
            [] => true,
            [Block::List(kind, items)] => may_follow(*kind, items) && items.iter().all(is_tight),
            _ => false,
        }
}

/// Whether a list may stand directly below a line. An empty item or another number than one would
/// be part of the line.
fn may_follow(kind: ListKind, items: &[Item]) -> bool {
    let first = items.first().and_then(|item| item.blocks.first());
    matches!(kind, ListKind::Bullet | ListKind::Task | ListKind::Ordered(1))
        && first.is_some_and(|block| !is_empty(block))
}

fn write_item(lines: &mut Lines, item: &Item, check: &str, around: Around) {
    let (first, rest) = match item.blocks.split_first() {
        Some((Block::Paragraph(line), rest)) => (&line[..], rest),
        _ => (&[][..], &item.blocks[..]),
    };
    let next = rest.iter().find(|block| !is_empty(block));
    let text = match inline::line(first, Place::Line) {
        // Indented code would follow the marker otherwise, or a paragraph take its place.
        text if text.is_empty()
            && (!check.is_empty() || matches!(next, Some(Block::Paragraph(_)))) =>
        {
            NOTHING.to_owned()
        }
        text => text,
    };
    if text.is_empty() && next.is_some() {
        return write_blocks(lines, rest, around);
    }
    lines.lines(&format!("{check}{text}"));
    if next.is_some() {
        if !around.tight {
            lines.lines("");
        }
        write_blocks(lines, rest, around);
    }
}

fn without_breaks(line: &[Inline]) -> Vec<Inline> {
    line.iter()
        .map(|part| match part {
            Inline::Break => Inline::Text(" ".into(), Default::default()),
            text => text.clone(),
        })
        .collect()
}

fn code(lines: &mut Lines, language: &str, text: &str) {
    let longest = text.split(|ch| ch != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String =
        language.chars().filter(|ch| !ch.is_whitespace() && !"`,\\&".contains(*ch)).collect();
    lines.lines(&format!("{fence}{language}"));
    if !text.is_empty() {
        lines.lines(text);
    }
    lines.lines(&fence);
}

fn picture(image: &Image) -> String {
    let mut text = "![".to_owned();
    escape::text(&mut text, &image.alt, Place::Line);
    format!("{text}]({})", escape::target(&image.src, &image.title))
}

fn table(lines: &mut Lines, rows: &[Row]) {
    let columns = tables::widths(rows).into_iter().max().unwrap_or(0);
    for (at, row) in rows.iter().enumerate() {
        let mut text = String::from("|");
        let mut filled = 0;
        for cell in &row.cells {
            text.push(' ');
            text.push_str(&cell_text(&cell.blocks));
            text.push_str(" |");
            filled += usize::from(cell.colspan);
            text.push_str(&"  |".repeat(usize::from(cell.colspan) - 1));
        }
        text.push_str(&"  |".repeat(columns.saturating_sub(filled)));
        lines.lines(&text);
        if at == 0 {
            lines.lines(&head_line(row, columns));
        }
    }
}

fn head_line(row: &Row, columns: usize) -> String {
    let mut text = String::from("|");
    let mut filled = 0;
    for cell in &row.cells {
        let sign = match cell.align {
            None => " --- |",
            Some(Align::Left) => " :-- |",
            Some(Align::Center) => " :-: |",
            Some(Align::Right) => " --: |",
        };
        text.push_str(&sign.repeat(usize::from(cell.colspan)));
        filled += usize::from(cell.colspan);
    }
    text.push_str(&" --- |".repeat(columns.saturating_sub(filled)));
    text
}

/// What is in a cell, on one line.
fn cell_text(blocks: &[Block]) -> String {
    let mut parts = Vec::new();
    flatten(blocks, &mut parts);
    parts.join("<br>")
}

fn flatten(blocks: &[Block], parts: &mut Vec<String>) {
    for block in blocks.iter().filter(|block| !is_empty(block)) {
        match block {
            Block::Paragraph(line) | Block::Heading(_, line) => {
                parts.push(inline::line(line, Place::Cell));
            }
            Block::Code { text, .. } => {
                for line in text.lines().filter(|line| !line.is_empty()) {
                    let mut code = String::new();
                    escape::code(&mut code, line, Place::Cell);
                    parts.push(code);
                }
            }
            Block::Image(image) => parts.push(picture(image)),
            Block::Rule => {}
            Block::Quote(blocks) => flatten(blocks, parts),
            Block::List(_, items) => items.iter().for_each(|item| flatten(&item.blocks, parts)),
            Block::Table(rows) => {
                let cells = rows.iter().flat_map(|row| &row.cells);
                cells.for_each(|cell| flatten(&cell.blocks, parts));
            }
        }
    }
}
