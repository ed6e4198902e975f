//! Writes a document as a page that stands alone.
//!
//! Its elements and attributes are those that the editor writes to the clipboard, so that a page
//! reads back as it was.

use std::fmt::Write as _;

use crate::{
    convert::{
        ConvertError,
        model::{Align, Block, Cell, Image, Inline, Item, ListKind, Marks, Row, plain},
        written::Lines,
    },
    limits,
};

const STYLE: &str = include_str!("style.css");

/// Writes a page.
pub(crate) fn write(title: &str, blocks: &[Block]) -> Result<String, ConvertError> {
    let mut page = Lines::default();
    page.lines("<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">");
    page.lines("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.lines(&format!("<title>{}</title>", escaped(title)));
    page.lines(&format!("<style>\n{STYLE}</style>\n</head>\n<body>"));
    write_blocks(&mut page, blocks);
    page.lines("</body>\n</html>");
    page.finish()
}

fn write_blocks(page: &mut Lines, blocks: &[Block]) {
    blocks.iter().for_each(|block| write_block(page, block));
}

fn write_block(page: &mut Lines, block: &Block) {
    match block {
        Block::Paragraph(line) => page.lines(&format!("<p{}>{}</p>", spaces(line), inline(line))),
        Block::Heading(level, line) => {
            page.lines(&format!("<h{level}{}>{}</h{level}>", spaces(line), inline(line)));
        }
        Block::Rule => page.lines("<hr>"),
        Block::Image(image) => page.lines(&picture(image)),
        Block::Quote(blocks) => {
            page.lines("<blockquote>");
            write_blocks(page, blocks);
            page.lines("</blockquote>");
        }
        Block::Code { language, text } => {
            let class = match &language[..] {
                "" => String::new(),
                language => format!(" class=\"language-{}\"", escaped(language)),
            };
            // Browsers take away the first line feed.
            page.lines(&format!("<pre><code{class}>\n{}\n</code></pre>", escaped(text)));
        }
        Block::List(kind, items) => list(page, *kind, items),
        Block::Table(rows) => {
            page.lines("<table>");
            rows.iter().for_each(|row| write_row(page, row));
            page.lines("</table>");
        }
    }
}

fn list(page: &mut Lines, kind: ListKind, items: &[Item]) {
    let (start, end) = match kind {
        ListKind::Bullet => ("<ul>".to_owned(), "</ul>"),
        ListKind::Ordered(1) => ("<ol>".to_owned(), "</ol>"),
        ListKind::Ordered(start) => (format!("<ol start=\"{start}\">"), "</ol>"),
        ListKind::Task => ("<ul data-type=\"taskList\">".to_owned(), "</ul>"),
    };
    page.lines(&start);
    for item in items {
        if kind == ListKind::Task {
            let (checked, sign) = (item.checked, if item.checked { " checked" } else { "" });
            page.lines(&format!("<li data-type=\"taskItem\" data-checked=\"{checked}\">"));
            page.lines(&format!("<label><input type=\"checkbox\" disabled{sign}></label>\n<div>"));
            write_blocks(page, &item.blocks);
            page.lines("</div>\n</li>");
        } else {
            page.lines("<li>");
            write_blocks(page, &item.blocks);
            page.lines("</li>");
        }
    }
    page.lines(end);
}

fn write_row(page: &mut Lines, row: &Row) {
    page.lines("<tr>");
    for cell in &row.cells {
        let name = if cell.header { "th" } else { "td" };
        page.lines(&format!("<{name}{}>", cell_attributes(cell)));
        write_blocks(page, &cell.blocks);
        page.lines(&format!("</{name}>"));
    }
    page.lines("</tr>");
}

fn cell_attributes(cell: &Cell) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: String| {
        write!(text, " {name}=\"{value}\"").expect("writing to a string cannot fail");
    };
    if cell.colspan > 1 {
        add("colspan", cell.colspan.to_string());
    }
    if cell.rowspan > 1 {
        add("rowspan", cell.rowspan.to_string());
    }
    if let Some(widths) = &cell.widths {
        add("data-colwidth", widths.iter().map(u16::to_string).collect::<Vec<_>>().join(","));
    }
    if let Some(align) = cell.align.map(Align::as_str) {
        add("style", format!("text-align: {align}"));
    }
    text
}

fn picture(image: &Image) -> String {
    let mut text = format!("<img src=\"{}\" alt=\"{}\"", escaped(&image.src), escaped(&image.alt));
    let mut add = |name: &str, value: &str| {
        write!(text, " {name}=\"{}\"", escaped(value)).expect("writing to a string cannot fail");
    };
    if !image.title.is_empty() {
        add("title", &image.title);
    }
    for (name, size) in [("width", image.width), ("height", image.height)] {
        if let Some(size) = size {
            add(name, &size.to_string());
        }
    }
    text.push('>');
    text
}

/// Says that spaces count, where some would be lost otherwise.
fn spaces(line: &[Inline]) -> &'static str {
    let text = plain(line);
    let lost = text.starts_with(' ')
        || text.ends_with(' ')
        || text.contains(['\t', '\n'])
        || text.contains("  ");
    if lost { " style=\"white-space: pre-wrap\"" } else { "" }
}

fn inline(line: &[Inline]) -> String {
    let mut text = String::new();
    for (at, part) in line.iter().enumerate() {
        if text.len() > limits::EXPORT_BYTES {
            break;
        }
        match part {
            // Of two, because a browser does not show the one before the end.
            Inline::Break if at + 1 == line.len() => text.push_str("<br><br>"),
            Inline::Break => text.push_str("<br>"),
            Inline::Text(words, marks) => formatted(&mut text, words, marks),
        }
    }
    text
}

fn formatted(text: &mut String, words: &str, marks: &Marks) {
    let tags = [
        (marks.highlight, "mark"),
        (marks.underline, "u"),
        (marks.strike, "s"),
        (marks.bold, "strong"),
        (marks.italic, "em"),
        (marks.code, "code"),
    ];
    if let Some(link) = &marks.link {
        text.push_str(&format!("<a href=\"{}\"", escaped(&link.href)));
        if !link.title.is_empty() {
            text.push_str(&format!(" title=\"{}\"", escaped(&link.title)));
        }
        text.push_str(" rel=\"noopener noreferrer nofollow\">");
    }
    let open = tags.iter().filter(|(on, _)| *on);
    open.clone().for_each(|(_, tag)| text.push_str(&format!("<{tag}>")));
    text.push_str(&escaped(words));
    open.rev().for_each(|(_, tag)| text.push_str(&format!("</{tag}>")));
    if marks.link.is_some() {
        text.push_str("</a>");
    }
}

/// Text that means itself, in elements and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Neither is allowed in a page, whatever a document holds.
            ch if ch.is_control() && !matches!(ch, '\n' | '\t') => {}
            _ => escaped.push(ch),
        }
    }
    escaped
}
