//! What is written reads back as it was: documents by chance, through every format.

use super::{
    trees::{Reach, Trees},
    *,
};

#[test]
fn a_document_holds_what_was_written_into_it() {
    for seed in 0..rounds(300) {
        let blocks = Trees::new(seed, Reach::Everything).document();
        assert_eq!(blocks_of(&state_of(&blocks)), blocks, "seed {seed}");
    }
}

#[test]
fn json_carries_everything() {
    for seed in 0..rounds(300) {
        let blocks = Trees::new(seed, Reach::Everything).document();
        let json = export(&state_of(&blocks), Format::Json).expect("written");
        let read = import(&json, Format::Json, &About::default(), ClientId(9)).expect("read");
        assert_eq!(blocks_of(&read), blocks, "seed {seed}: {}", String::from_utf8_lossy(&json));
    }
}

#[test]
fn html_carries_everything() {
    for seed in 0..rounds(600) {
        let blocks = Trees::new(seed, Reach::Everything).document();
        let page = html::write("a title", &blocks).expect("written");
        let (title, read) = html::read(&page).expect("read");
        assert_eq!(read, blocks, "seed {seed}:\n{page}");
        assert_eq!(title.as_deref(), Some("a title"));
    }
}

#[test]
fn markdown_carries_what_it_can() {
    for seed in 0..rounds(1500) {
        let blocks = Trees::new(seed, Reach::Markdown).document();
        let text = markdown::write(&blocks).expect("written");
        let read = markdown::read(&text).expect("read");
        for (read, written) in read.iter().zip(&carried(&blocks)) {
            assert_eq!(read, written, "seed {seed}:\n{text}");
        }
        assert_eq!(read.len(), blocks.len(), "seed {seed}:\n{text}");
        let again = markdown::write(&read).expect("written");
        assert_eq!(again, text, "seed {seed}");
    }
}

/// The document as Markdown can carry it.
fn carried(blocks: &[Block]) -> Vec<Block> {
    blocks.iter().map(carried_block).collect()
}

fn carried_block(block: &Block) -> Block {
    let tidy = |line: &Vec<Inline>| markdown::tidy(line);
    match block {
        Block::Paragraph(line) => Block::Paragraph(tidy(line)),
        Block::Heading(level, line) => Block::Heading(*level, tidy(line)),
        Block::Quote(blocks) => Block::Quote(carried(blocks)),
        Block::List(kind, items) => {
            let item = |item: &Item| Item { blocks: carried(&item.blocks), ..*item };
            Block::List(*kind, items.iter().map(item).collect())
        }
        Block::Table(rows) => {
            let cell = |cell: &Cell| Cell { blocks: carried(&cell.blocks), ..cell.clone() };
            let row = |row: &Row| Row { cells: row.cells.iter().map(cell).collect() };
            Block::Table(rows.iter().map(row).collect())
        }
        other => other.clone(),
    }
}
