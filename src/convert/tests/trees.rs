//! Documents made by chance from a seed.

use std::sync::Arc;

use super::*;
use crate::random::{Random, SeededRandom};

/// Text made of what formats trip over.
const WORDS: &[&str] = &[
    "a",
    "word",
    "Zoë",
    "日本",
    "😀",
    " ",
    "  ",
    "*",
    "**",
    "_",
    "__",
    "`",
    "``",
    "~",
    "~~",
    "[",
    "]",
    "](",
    "![",
    "<",
    "<b>",
    "</u>",
    "<!--",
    "&",
    "&amp;",
    "&#32;",
    "\\",
    "\\*",
    "#",
    "# ",
    "> ",
    "- ",
    "+",
    "1. ",
    "2)",
    "10",
    "---",
    "===",
    "***",
    "|",
    "||",
    ":--",
    "!",
    "\"",
    "'",
    "(",
    ")",
    "http://a.b",
    "snake_case_name",
    "a*b",
    "x_",
    "_x",
    ".",
    ",",
    "\u{a0}x",
    "é",
    "$",
    "{",
    "}",
    "^",
    "@",
    "=",
    "+ ",
    "<T>",
    "[x] ",
    "[ ] ",
    "[^1]",
    "~~~",
    "```",
    "\tx",
    "&copy",
    "<http://a>",
];

/// What a format can carry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Everything,
    Markdown,
}

pub(super) struct Trees {
    random: SeededRandom,
    reach: Reach,
}

impl Trees {
    pub(super) fn new(seed: u64, reach: Reach) -> Self {
        Self { random: SeededRandom::new(seed), reach }
    }

    fn below(&self, end: u64) -> u64 {
        self.random.below(end)
    }

    fn chance(&self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn words(&self, most: u64) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| WORDS[self.below(WORDS.len() as u64) as usize]).collect()
    }

    pub(super) fn document(&self) -> Vec<Block> {
        self.blocks(3, 5)
    }

    fn blocks(&self, depth: u32, most: u64) -> Vec<Block> {
        (0..=self.below(most)).map(|_| self.block(depth)).collect()
    }

    fn block(&self, depth: u32) -> Block {
        match self.below(if depth == 0 { 6 } else { 12 }) {
            0..=2 => Block::Paragraph(self.line(true)),
            3 => {
                let level = 1 + self.below(6) as u8;
                Block::Heading(level, self.line(self.reach == Reach::Everything))
            }
            4 => self.code(),
            5 if self.chance(2) => Block::Rule,
            5 => Block::Image(self.image()),
            6 => Block::Quote(self.blocks(depth - 1, 3)),
            7 => self.table(depth - 1),
            _ => self.list(depth - 1),
        }
    }

    fn code(&self) -> Block {
        let mut text = self.words(6).replace('\t', " ");
        if self.chance(2) {
            text = format!("{text}\n\n  {}", self.words(4).replace('\t', " "));
        }
        let language = if self.chance(2) { "rust".into() } else { String::new() };
        Block::Code { language, text }
    }

    fn image(&self) -> Image {
        let everything = self.reach == Reach::Everything;
        Image {
            src: "https://example.org/a (1).png?x=1&y=<2>".into(),
            alt: links::title(&self.words(4)),
            title: if self.chance(2) { links::title(&self.words(4)) } else { String::new() },
            width: (everything && self.chance(2)).then_some(20),
            height: None,
        }
    }

    fn list(&self, depth: u32) -> Block {
        let kind = match self.below(3) {
            0 => ListKind::Bullet,
            1 => ListKind::Ordered(self.below(20) as u32),
            _ => ListKind::Task,
        };
        let items = (0..=self.below(3)).map(|_| {
            let mut blocks =
                vec![Block::Paragraph(if self.chance(6) { vec![] } else { self.line(true) })];
            if self.chance(2) {
                blocks.extend(self.blocks(depth, 2));
            }
            Item { checked: kind == ListKind::Task && self.chance(2), blocks }
        });
        Block::List(kind, items.collect())
    }

    fn table(&self, depth: u32) -> Block {
        let everything = self.reach == Reach::Everything;
        let columns = 1 + self.below(3);
        let aligns: Vec<_> = (0..columns)
            .map(|_| {
                [None, Some(Align::Left), Some(Align::Center), Some(Align::Right)]
                    [self.below(4) as usize]
            })
            .collect();
        let row = |at: u64| {
            let cells = aligns.iter().map(|align| {
                let header = if everything { self.chance(2) } else { at == 0 };
                let mut cell = Cell { align: *align, ..Cell::new(header) };
                if everything && self.chance(2) {
                    cell.blocks = self.blocks(depth.min(1), 2);
                    cell.widths = self.chance(2).then(|| vec![100]);
                } else {
                    let line = if self.chance(5) { Vec::new() } else { self.line(true) };
                    cell.blocks.push(Block::Paragraph(line));
                }
                cell
            });
            Row { cells: cells.collect() }
        };
        let mut rows: Vec<Row> = (0..=self.below(3)).map(row).collect();
        if everything && columns > 1 && self.chance(3) {
            rows[0].cells.pop();
            rows[0].cells[0].colspan = 2;
            rows[0].cells[0].widths = None;
        }
        Block::Table(rows)
    }

    fn line(&self, breaks: bool) -> Vec<Inline> {
        let mut line = Vec::new();
        for at in 0..=self.below(5) {
            if breaks && at > 0 && self.chance(6) {
                line.push(Inline::Break);
            } else {
                push_text(&mut line, &self.words(3), &self.marks());
            }
        }
        line
    }

    fn marks(&self) -> Marks {
        if self.chance(2) {
            return Marks::default();
        }
        let href = ["https://a.example/x_(y)?a=b&c=d", "mailto:ada@a.example", "#here"];
        let link = || Link {
            href: href[self.below(3) as usize].into(),
            title: if self.chance(2) { links::title(&self.words(3)) } else { String::new() },
        };
        let marks = Marks {
            bold: self.chance(3),
            italic: self.chance(3),
            underline: self.chance(6),
            strike: self.chance(4),
            highlight: self.chance(6),
            code: self.chance(6),
            link: self.chance(4).then(|| Arc::new(link())),
        };
        marks.settled()
    }
}
