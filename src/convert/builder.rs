//! Puts a document together from what a reader meets, in order, and makes it fit the schema.
//!
//! Readers say what opens, closes and stands there; nothing they say can make the tree invalid, deep
//! or endless: what is missing is put in, what is too deep goes where the bound is, what does not
//! fit is let go with its content kept. Knows no format.

use std::sync::Arc;

use super::{
    ConvertError,
    model::{Block, Cell, Image, Inline, Item, Link, ListKind, Marks, Row, push_text},
    tables,
};
use crate::limits;

/// A block that holds others.
#[derive(Debug)]
pub(crate) enum Container {
    Quote,
    List(ListKind),
    /// Of a task list when it tells whether it is checked.
    Item(Option<bool>),
    Table,
    Row,
    Cell(Cell),
}

/// What closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Quote,
    List,
    Item,
    Table,
    Row,
    Cell,
}

/// Formatting that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Bold,
    Italic,
    Underline,
    Strike,
    Highlight,
    Code,
}

/// A container that is open, with what it holds so far.
#[derive(Debug)]
enum Frame {
    Root(Vec<Block>),
    Quote(Vec<Block>),
    List { kind: ListKind, items: Vec<Item>, tasks: bool },
    Item { checked: Option<bool>, blocks: Vec<Block> },
    Table(Vec<Row>),
    Row(Row),
    Cell(Cell),
}

/// What the text that comes is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    /// A heading's level.
    heading: Option<u8>,
    /// Whether somebody said that it begins; then it is kept even if it stays empty.
    told: bool,
}

/// A document in the making.
#[derive(Debug)]
pub(crate) struct Builder {
    /// The root is always there.
    stack: Vec<Frame>,
    text: Vec<Inline>,
    line: Line,
    /// How often each format is on.
    formats: [u32; 6],
    link: Option<Arc<Link>>,
    marks: Marks,
    /// Containers that were let go because they are too deep and are not yet closed, by [`End`].
    skipped: [usize; 6],
    nodes: usize,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            stack: vec![Frame::Root(Vec::new())],
            text: Vec::new(),
            line: Line { heading: None, told: false },
            formats: [0; 6],
            link: None,
            marks: Marks::default(),
            skipped: [0; 6],
            nodes: 0,
        }
    }

    /// The document. Never without a block.
    ///
    /// # Errors
    /// When it has too many parts.
    pub(crate) fn finish(mut self) -> Result<Vec<Block>, ConvertError> {
        self.interrupt();
        while self.stack.len() > 1 {
            self.pop();
        }
        if self.is_full() {
            return Err(ConvertError::TooManyNodes);
        }
        let mut blocks = match self.stack.pop() {
            Some(Frame::Root(blocks)) => blocks,
            _ => Vec::new(),
        };
        if blocks.is_empty() {
            blocks.push(Block::Paragraph(Vec::new()));
        }
        Ok(blocks)
    }

    /// Whether more would be in vain.
    pub(crate) fn is_full(&self) -> bool {
        self.nodes > limits::CONTENT_NODES
    }

    pub(crate) fn text(&mut self, text: &str) {
        if self.is_full() || text.is_empty() {
            return;
        }
        let before = self.text.len();
        push_text(&mut self.text, text, &self.marks);
        self.nodes += self.text.len() - before;
    }

    pub(crate) fn line_break(&mut self) {
        if !self.is_full() {
            self.text.push(Inline::Break);
            self.nodes += 1;
        }
    }

    /// The line so far, for readers that fold spaces.
    pub(crate) fn line(&mut self) -> &mut Vec<Inline> {
        &mut self.text
    }

    /// Whether a line was begun and not ended.
    pub(crate) fn in_line(&self) -> bool {
        self.line.told
    }

    /// A paragraph begins, or a heading of this level.
    pub(crate) fn begin_line(&mut self, heading: Option<u8>) {
        self.interrupt();
        self.line = Line { heading: heading.map(|level| level.clamp(1, 6)), told: true };
    }

    pub(crate) fn end_line(&mut self) {
        self.flush(self.line.told);
        self.line = Line { heading: None, told: false };
    }

    /// A block comes. What is in the line goes in front of it; the rest of the line may follow.
    fn interrupt(&mut self) {
        self.flush(false);
        self.line.told = false;
    }

    fn flush(&mut self, even_empty: bool) {
        if self.text.is_empty() && !even_empty {
            return;
        }
        let text = std::mem::take(&mut self.text);
        self.push(match self.line.heading {
            Some(level) => Block::Heading(level, text),
            None => Block::Paragraph(text),
        });
    }

    /// A block without blocks in it.
    pub(crate) fn leaf(&mut self, block: Block) {
        self.interrupt();
        self.push(block);
    }

    pub(crate) fn image(&mut self, image: Image) {
        self.leaf(Block::Image(image));
    }

    fn push(&mut self, block: Block) {
        if self.is_full() {
            return;
        }
        self.nodes += 1;
        self.make_room();
        match self.stack.last_mut() {
            Some(Frame::Root(blocks) | Frame::Quote(blocks) | Frame::Item { blocks, .. }) => {
                blocks.push(block);
            }
            Some(Frame::Cell(cell)) => cell.blocks.push(block),
            _ => {}
        }
    }

    /// Opens what is missing between a list or table and a block directly in it. What follows an
    /// item without being one belongs to it.
    fn make_room(&mut self) {
        loop {
            let missing = match self.stack.last_mut() {
                Some(Frame::List { items, .. }) => match items.pop() {
                    Some(Item { checked, blocks }) => {
                        Frame::Item { checked: checked.then_some(true), blocks }
                    }
                    None => Frame::Item { checked: None, blocks: Vec::new() },
                },
                Some(Frame::Table(_)) => Frame::Row(Row::default()),
                Some(Frame::Row(_)) => Frame::Cell(Cell::new(false)),
                _ => return,
            };
            self.stack.push(missing);
        }
    }

    pub(crate) fn open(&mut self, container: Container) {
        self.interrupt();
        if self.is_full() || self.stack.len() >= 2 * limits::CONTENT_DEPTH {
            self.skipped[end_of(&container) as usize] += 1;
            return;
        }
        self.nodes += 1;
        self.prepare(&container);
        self.stack.push(match container {
            Container::Quote => Frame::Quote(Vec::new()),
            Container::List(kind) => {
                Frame::List { kind, items: Vec::new(), tasks: kind == ListKind::Task }
            }
            Container::Item(checked) => Frame::Item { checked, blocks: Vec::new() },
            Container::Table => Frame::Table(Vec::new()),
            Container::Row => Frame::Row(Row::default()),
            Container::Cell(cell) => Frame::Cell(cell),
        });
    }

    /// Makes the top of the stack what this container stands in.
    fn prepare(&mut self, container: &Container) {
        match container {
            Container::Item(_) => {
                if matches!(self.stack.last(), Some(Frame::Item { .. })) {
                    self.pop();
                }
                if !matches!(self.stack.last(), Some(Frame::List { .. })) {
                    self.make_room();
                    let kind = ListKind::Bullet;
                    self.stack.push(Frame::List { kind, items: Vec::new(), tasks: false });
                }
            }
            Container::Row | Container::Cell(_) => {
                let is_row = matches!(container, Container::Row);
                if matches!(self.stack.last(), Some(Frame::Cell(_))) {
                    self.pop();
                }
                if is_row && matches!(self.stack.last(), Some(Frame::Row(_))) {
                    self.pop();
                }
                if !matches!(self.stack.last(), Some(Frame::Table(_) | Frame::Row(_))) {
                    self.make_room();
                    self.stack.push(Frame::Table(Vec::new()));
                }
                if !is_row && matches!(self.stack.last(), Some(Frame::Table(_))) {
                    self.stack.push(Frame::Row(Row::default()));
                }
            }
            Container::Quote | Container::List(_) | Container::Table => self.make_room(),
        }
    }

    /// Tells of the item that is open whether it is checked.
    pub(crate) fn check(&mut self, is_checked: bool) {
        let item = self.stack.iter_mut().rev().find(|frame| matches!(frame, Frame::Item { .. }));
        if let Some(Frame::Item { checked, .. }) = item {
            *checked = Some(is_checked);
        }
    }

    /// Closes the innermost of these, and what is open in it. A table's cells keep what is outside
    /// of them out of reach.
    pub(crate) fn close(&mut self, end: End) {
        self.interrupt();
        if let Some(less) = self.skipped[end as usize].checked_sub(1) {
            self.skipped[end as usize] = less;
            return;
        }
        let in_table = matches!(end, End::Table | End::Row | End::Cell);
        for at in (1..self.stack.len()).rev() {
            let frame = &self.stack[at];
            if frame.end() == Some(end) {
                while self.stack.len() > at {
                    self.pop();
                }
                return;
            }
            let walled = if in_table { Some(End::Table) } else { Some(End::Cell) };
            if frame.end() == walled {
                return;
            }
        }
    }

    fn pop(&mut self) {
        let Some(frame) = self.stack.pop() else { return };
        match (frame, self.stack.last_mut()) {
            (Frame::Item { checked, blocks }, Some(Frame::List { items, tasks, .. })) => {
                *tasks |= checked.is_some();
                items.push(item(checked, blocks));
            }
            (Frame::Row(row), Some(Frame::Table(rows))) => {
                if !row.cells.is_empty() {
                    rows.push(row);
                }
            }
            (Frame::Cell(mut cell), Some(Frame::Row(row))) => {
                if cell.blocks.is_empty() {
                    cell.blocks.push(Block::Paragraph(Vec::new()));
                }
                row.cells.push(cell);
            }
            (frame, _) => {
                if let Some(block) = whole(frame) {
                    self.push(block);
                }
            }
        }
    }

    pub(crate) fn on(&mut self, format: Format) {
        self.formats[format as usize] += 1;
        self.settle();
    }

    pub(crate) fn off(&mut self, format: Format) {
        let count = &mut self.formats[format as usize];
        *count = count.saturating_sub(1);
        self.settle();
    }

    pub(crate) fn link(&mut self, link: Option<Arc<Link>>) {
        self.link = link;
        self.settle();
    }

    /// Formats the text that comes like this and like nothing else.
    pub(crate) fn format(&mut self, marks: &Marks) {
        self.marks = marks.settled();
    }

    fn settle(&mut self) {
        let on = |format: Format| self.formats[format as usize] > 0;
        let marks = Marks {
            bold: on(Format::Bold),
            italic: on(Format::Italic),
            underline: on(Format::Underline),
            strike: on(Format::Strike),
            highlight: on(Format::Highlight),
            code: on(Format::Code),
            link: self.link.clone(),
        };
        self.marks = marks.settled();
    }
}

impl Frame {
    fn end(&self) -> Option<End> {
        match self {
            Self::Root(_) => None,
            Self::Quote(_) => Some(End::Quote),
            Self::List { .. } => Some(End::List),
            Self::Item { .. } => Some(End::Item),
            Self::Table(_) => Some(End::Table),
            Self::Row(_) => Some(End::Row),
            Self::Cell(_) => Some(End::Cell),
        }
    }
}

fn end_of(container: &Container) -> End {
    match container {
        Container::Quote => End::Quote,
        Container::List(_) => End::List,
        Container::Item(_) => End::Item,
        Container::Table => End::Table,
        Container::Row => End::Row,
        Container::Cell(_) => End::Cell,
    }
}

/// An item as the schema wants it: a paragraph comes first.
fn item(checked: Option<bool>, mut blocks: Vec<Block>) -> Item {
    if !matches!(blocks.first(), Some(Block::Paragraph(_))) {
        blocks.insert(0, Block::Paragraph(Vec::new()));
    }
    Item { checked: checked == Some(true), blocks }
}

/// What was built in a frame, if anything.
fn whole(frame: Frame) -> Option<Block> {
    match frame {
        Frame::Quote(blocks) if !blocks.is_empty() => Some(Block::Quote(blocks)),
        Frame::List { kind, mut items, tasks } if !items.is_empty() => {
            let kind = if tasks { ListKind::Task } else { kind };
            if kind != ListKind::Task {
                items.iter_mut().for_each(|item| item.checked = false);
            }
            Some(Block::List(kind, items))
        }
        Frame::Table(mut rows) if !rows.is_empty() => {
            tables::square(&mut rows);
            Some(Block::Table(rows))
        }
        _ => None,
    }
}
