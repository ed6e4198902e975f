//! Plain text: the words of a document, and documents of words.

use super::{
    ConvertError,
    builder::Builder,
    model::{Block, ListKind, plain},
    written::Lines,
};

/// Paragraphs stand between empty lines.
pub(crate) fn read(text: &str) -> Result<Vec<Block>, ConvertError> {
    let mut builder = Builder::new();
    let mut open = false;
    for line in text.split('\n') {
        let line = line.trim_end();
        if line.is_empty() {
            if open {
                builder.end_line();
            }
            open = false;
            continue;
        }
        if open {
            builder.line_break();
        } else {
            builder.begin_line(None);
        }
        open = true;
        builder.text(line);
    }
    if open {
        builder.end_line();
    }
    builder.finish()
}

/// The words, with lists and quotes as people write them in letters.
pub(crate) fn write(blocks: &[Block]) -> Result<String, ConvertError> {
    let mut lines = Lines::default();
    write_blocks(&mut lines, blocks, false);
    lines.finish()
}

fn write_blocks(lines: &mut Lines, blocks: &[Block], in_item: bool) {
    for (at, block) in blocks.iter().enumerate() {
        let list_of_item = in_item && at == 1 && matches!(block, Block::List(..));
        if at > 0 && !list_of_item {
            lines.lines("");
        }
        write_block(lines, block);
    }
}

fn write_block(lines: &mut Lines, block: &Block) {
    match block {
        Block::Paragraph(line) | Block::Heading(_, line) => lines.lines(&plain(line)),
        Block::Code { text, .. } => lines.lines(text),
        Block::Rule => lines.lines("* * *"),
        Block::Image(image) => {
            let words = if image.alt.is_empty() { &image.src } else { &image.alt };
            lines.lines(words);
        }
        Block::Quote(blocks) => {
            lines.indent("> ", "> ");
            write_blocks(lines, blocks, false);
            lines.outdent();
        }
        Block::List(kind, items) => {
            for (at, item) in items.iter().enumerate() {
                let marker = match kind {
                    ListKind::Bullet => "- ".to_owned(),
                    ListKind::Ordered(start) => format!("{}. ", u64::from(*start) + at as u64),
                    ListKind::Task if item.checked => "[x] ".to_owned(),
                    ListKind::Task => "[ ] ".to_owned(),
                };
                lines.indent(&marker, &" ".repeat(marker.len()));
                write_blocks(lines, &item.blocks, true);
                lines.outdent();
            }
        }
        Block::Table(rows) => {
            for row in rows {
                let cells: Vec<_> = row
                    .cells
                    .iter()
                    .map(|cell| {
                        let mut inside = Lines::default();
                        write_blocks(&mut inside, &cell.blocks, false);
                        let text = inside.finish().unwrap_or_default();
                        text.split_whitespace().collect::<Vec<_>>().join(" ")
                    })
                    .collect();
                lines.lines(&cells.join("\t"));
            }
        }
    }
}
