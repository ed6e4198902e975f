//! A rich document as every format here sees it: what our schema allows, and nothing else.
//!
//! The shapes are those of the editor's schema, so that whatever is built of them is valid there.
//! Knows no format and no node names.

use std::sync::Arc;

/// A block of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    Paragraph(Vec<Inline>),
    Heading(u8, Vec<Inline>),
    List(ListKind, Vec<Item>),
    Quote(Vec<Block>),
    Code { language: String, text: String },
    Rule,
    Table(Vec<Row>),
    Image(Image),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Bullet,
    /// With the first item's number.
    Ordered(u32),
    Task,
}

/// An item of a list. The first block is always a paragraph.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Whether it is done; told in task lists only.
    pub(crate) checked: bool,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
}

/// A cell. Never without a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) header: bool,
    pub(crate) colspan: u16,
    pub(crate) rowspan: u16,
    /// Widths of its columns in pixels, where somebody set them.
    pub(crate) widths: Option<Vec<u16>>,
    pub(crate) align: Option<Align>,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

impl Align {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Center => "center",
            Self::Right => "right",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Left, Self::Center, Self::Right].into_iter().find(|align| align.as_str() == text)
    }
}

/// An image somewhere else, or in its address.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Image {
    pub(crate) src: String,
    pub(crate) alt: String,
    pub(crate) title: String,
    pub(crate) width: Option<u16>,
    pub(crate) height: Option<u16>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Inline {
    Text(String, Marks),
    Break,
}

/// Formatting of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Marks {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) underline: bool,
    pub(crate) strike: bool,
    pub(crate) highlight: bool,
    pub(crate) code: bool,
    pub(crate) link: Option<Arc<Link>>,
}

/// Where a text leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) title: String,
}

impl Marks {
    /// What the schema allows together: code stands alone. Of a link that is code the link stays, as
    /// it says more.
    pub(crate) fn settled(&self) -> Self {
        match (self.code, &self.link) {
            (true, None) => Self { code: true, ..Self::default() },
            (true, Some(_)) => Self { code: false, ..self.clone() },
            _ => self.clone(),
        }
    }
}

impl Cell {
    pub(crate) fn new(header: bool) -> Self {
        Self { header, colspan: 1, rowspan: 1, widths: None, align: None, blocks: Vec::new() }
    }
}

/// Adds text, to the last stretch when it is formatted the same.
pub(crate) fn push_text(line: &mut Vec<Inline>, text: &str, marks: &Marks) {
    if text.is_empty() {
        return;
    }
    match line.last_mut() {
        Some(Inline::Text(last, same)) if same == marks => last.push_str(text),
        _ => line.push(Inline::Text(text.to_owned(), marks.clone())),
    }
}

/// The text of a line, breaks as line feeds.
pub(crate) fn plain(line: &[Inline]) -> String {
    line.iter()
        .map(|part| match part {
            Inline::Text(text, _) => text,
            Inline::Break => "\n",
        })
        .collect()
}
