//! The names and attributes that Tiptap gives to the nodes and marks of our schema.
//!
//! The only place that knows them: everything else has the shapes of `model`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    ConvertError,
    builder::{Builder, Container, End},
    links,
    model::{Align, Block, Cell, Image, Inline, Item, Link, ListKind, Marks, Row},
};
use crate::crdt::content::{Mark, Names, Node};

/// What is read of a document.
pub(crate) const NAMES: Names = Names {
    attributes: &[
        "level", "start", "checked", "language", "colspan", "rowspan", "colwidth", "align", "src",
        "alt", "title", "width", "height",
    ],
    marks: &["bold", "italic", "underline", "strike", "code", "link", "highlight"],
};

/// Elements of the schema, for those who want to complain about others.
pub(crate) const ELEMENTS: [&str; 16] = [
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "listItem",
    "taskList",
    "taskItem",
    "blockquote",
    "codeBlock",
    "horizontalRule",
    "hardBreak",
    "table",
    "tableRow",
    "tableHeader",
    "tableCell",
    "image",
];

/// Whatever a document holds, as the schema allows it. Of what is unknown the text stays.
pub(crate) fn to_model(nodes: &[Node]) -> Result<Vec<Block>, ConvertError> {
    let mut reader = Reader { builder: Builder::new(), link: None };
    reader.nodes(nodes);
    reader.builder.finish()
}

struct Reader {
    builder: Builder,
    /// The last link met, as many stretches share one.
    link: Option<(Arc<Mark>, Option<Arc<Link>>)>,
}

impl Reader {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text { text, marks } => {
                    let marks = self.marks(marks);
                    self.builder.format(&marks);
                    self.builder.text(text);
                }
                Node::Element { name, attributes, children } => {
                    self.element(name, attributes, children);
                }
            }
        }
    }

    fn element(&mut self, name: &str, attributes: &Map<String, Value>, children: &[Node]) {
        let number = |key: &str| attributes.get(key).and_then(Value::as_i64);
        match name {
            "paragraph" => self.line(None, children),
            "heading" => {
                let level = number("level").unwrap_or(1).clamp(1, 6);
                self.line(u8::try_from(level).ok(), children);
            }
            "hardBreak" => self.builder.line_break(),
            "horizontalRule" => self.builder.leaf(Block::Rule),
            "image" => {
                if let Some(image) = image(attributes) {
                    self.builder.image(image);
                }
            }
            "codeBlock" => {
                let mut text = String::new();
                code(children, &mut text);
                self.builder.leaf(Block::Code { language: string(attributes, "language"), text });
            }
            _ => match container(name, attributes) {
                Some((container, end)) => {
                    self.builder.open(container);
                    self.nodes(children);
                    self.builder.close(end);
                }
                // Somebody's own kind of text within a line, or a block of theirs.
                None if self.builder.in_line() => self.nodes(children),
                None => {
                    self.builder.end_line();
                    self.nodes(children);
                    self.builder.end_line();
                }
            },
        }
    }

    fn line(&mut self, heading: Option<u8>, children: &[Node]) {
        self.builder.begin_line(heading);
        self.nodes(children);
        self.builder.end_line();
    }

    fn marks(&mut self, marks: &[Arc<Mark>]) -> Marks {
        let mut found = Marks::default();
        for mark in marks {
            match &mark.name[..] {
                "bold" => found.bold = true,
                "italic" => found.italic = true,
                "underline" => found.underline = true,
                "strike" => found.strike = true,
                "highlight" => found.highlight = true,
                "code" => found.code = true,
                "link" => found.link = self.link(mark),
                _ => {}
            }
        }
        found
    }

    fn link(&mut self, mark: &Arc<Mark>) -> Option<Arc<Link>> {
        if let Some((same, link)) = &self.link
            && Arc::ptr_eq(same, mark)
        {
            return link.clone();
        }
        let href = links::link(&string(&mark.attributes, "href"));
        let title = || links::title(&string(&mark.attributes, "title"));
        let link = href.map(|href| Arc::new(Link { href, title: title() }));
        self.link = Some((mark.clone(), link.clone()));
        link
    }
}

fn container(name: &str, attributes: &Map<String, Value>) -> Option<(Container, End)> {
    Some(match name {
        "blockquote" => (Container::Quote, End::Quote),
        "bulletList" => (Container::List(ListKind::Bullet), End::List),
        "taskList" => (Container::List(ListKind::Task), End::List),
        "orderedList" => {
            let start = attributes.get("start").and_then(Value::as_u64).unwrap_or(1);
            let start = u32::try_from(start).unwrap_or(1);
            (Container::List(ListKind::Ordered(start)), End::List)
        }
        "listItem" => (Container::Item(None), End::Item),
        "taskItem" => {
            let checked = attributes.get("checked").and_then(Value::as_bool);
            (Container::Item(Some(checked.unwrap_or(false))), End::Item)
        }
        "table" => (Container::Table, End::Table),
        "tableRow" => (Container::Row, End::Row),
        "tableHeader" | "tableCell" => {
            let small = |key: &str| attributes.get(key).and_then(small);
            let widths = attributes.get("colwidth").and_then(Value::as_array);
            let cell = Cell {
                colspan: small("colspan").unwrap_or(1),
                rowspan: small("rowspan").unwrap_or(1),
                widths: widths.and_then(|widths| widths.iter().map(self::small).collect()),
                align: Align::parse(&string(attributes, "align")),
                ..Cell::new(name == "tableHeader")
            };
            (Container::Cell(cell), End::Cell)
        }
        _ => return None,
    })
}

fn image(attributes: &Map<String, Value>) -> Option<Image> {
    let size = |key: &str| attributes.get(key).and_then(small);
    Some(Image {
        src: links::image(&string(attributes, "src"))?,
        alt: links::title(&string(attributes, "alt")),
        title: links::title(&string(attributes, "title")),
        width: size("width"),
        height: size("height"),
    })
}

/// The text of code: no formatting, breaks as line feeds.
fn code(nodes: &[Node], into: &mut String) {
    for node in nodes {
        match node {
            Node::Text { text, .. } => into.push_str(text),
            Node::Element { name, .. } if &**name == "hardBreak" => into.push('\n'),
            Node::Element { children, .. } => code(children, into),
        }
    }
}

fn string(attributes: &Map<String, Value>, key: &str) -> String {
    attributes.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A small number, also where somebody wrote it as text.
fn small(value: &Value) -> Option<u16> {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))?;
    (0.0..=f64::from(u16::MAX)).contains(&number).then_some(number as u16)
}

/// The nodes of a document, as Tiptap would make them.
pub(crate) fn from_model(blocks: &[Block]) -> Vec<Node> {
    let mut writer = Writer { link: None };
    writer.blocks(blocks)
}

struct Writer {
    /// The last link written, as many stretches share one.
    link: Option<(Arc<Link>, Arc<Mark>)>,
}

fn element(name: &str, attributes: Value, children: Vec<Node>) -> Node {
    let Value::Object(attributes) = attributes else { unreachable!("written as an object") };
    Node::Element { name: name.into(), attributes, children }
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) -> Vec<Node> {
        blocks.iter().map(|block| self.block(block)).collect()
    }

    fn block(&mut self, block: &Block) -> Node {
        match block {
            Block::Paragraph(line) => element("paragraph", json!({}), self.line(line)),
            Block::Heading(level, line) => {
                element("heading", json!({ "level": level }), self.line(line))
            }
            Block::List(kind, items) => self.list(*kind, items),
            Block::Quote(blocks) => element("blockquote", json!({}), self.blocks(blocks)),
            Block::Code { language, text } => {
                let text = Node::Text { text: text.clone(), marks: Vec::new() };
                let empty = matches!(&text, Node::Text { text, .. } if text.is_empty());
                let children = if empty { Vec::new() } else { vec![text] };
                element("codeBlock", json!({ "language": or_null(language) }), children)
            }
            Block::Rule => element("horizontalRule", json!({}), Vec::new()),
            Block::Table(rows) => {
                let rows = rows.iter().map(|row| self.row(row)).collect();
                element("table", json!({}), rows)
            }
            Block::Image(image) => {
                let attributes = json!({
                    "src": image.src,
                    "alt": or_null(&image.alt),
                    "title": or_null(&image.title),
                    "width": image.width,
                    "height": image.height,
                });
                element("image", attributes, Vec::new())
            }
        }
    }

    fn list(&mut self, kind: ListKind, items: &[Item]) -> Node {
        let (name, attributes, item_name) = match kind {
            ListKind::Bullet => ("bulletList", json!({}), "listItem"),
            ListKind::Ordered(start) => {
                ("orderedList", json!({ "start": start, "type": null }), "listItem")
            }
            ListKind::Task => ("taskList", json!({}), "taskItem"),
        };
        let item = |item: &Item| {
            let attributes = match kind {
                ListKind::Task => json!({ "checked": item.checked }),
                _ => json!({}),
            };
            element(item_name, attributes, self.blocks(&item.blocks))
        };
        element(name, attributes, items.iter().map(item).collect())
    }

    fn row(&mut self, row: &Row) -> Node {
        let cell = |cell: &Cell| {
            let name = if cell.header { "tableHeader" } else { "tableCell" };
            let attributes = json!({
                "colspan": cell.colspan,
                "rowspan": cell.rowspan,
                "colwidth": cell.widths,
                "align": cell.align.map(Align::as_str),
            });
            element(name, attributes, self.blocks(&cell.blocks))
        };
        element("tableRow", json!({}), row.cells.iter().map(cell).collect())
    }

    fn line(&mut self, line: &[Inline]) -> Vec<Node> {
        line.iter()
            .map(|part| match part {
                Inline::Break => element("hardBreak", json!({}), Vec::new()),
                Inline::Text(text, marks) => {
                    Node::Text { text: text.clone(), marks: self.marks(marks) }
                }
            })
            .collect()
    }

    fn marks(&mut self, marks: &Marks) -> Vec<Arc<Mark>> {
        let simple = [
            (marks.bold, "bold"),
            (marks.italic, "italic"),
            (marks.underline, "underline"),
            (marks.strike, "strike"),
            (marks.code, "code"),
            (marks.highlight, "highlight"),
        ];
        let link = marks.link.as_ref().map(|link| self.link(link));
        let simple = simple
            .into_iter()
            .filter(|(on, _)| *on)
            .map(|(_, name)| Arc::new(Mark { name: name.to_owned(), attributes: Map::new() }));
        link.into_iter().chain(simple).collect()
    }

    /// With the attributes that the editor gives to a new link.
    fn link(&mut self, link: &Arc<Link>) -> Arc<Mark> {
        if let Some((same, mark)) = &self.link
            && Arc::ptr_eq(same, link)
        {
            return mark.clone();
        }
        let attributes = json!({
            "href": link.href,
            "target": "_blank",
            "rel": "noopener noreferrer nofollow",
            "class": null,
            "title": or_null(&link.title),
        });
        let Value::Object(attributes) = attributes else { unreachable!("written as an object") };
        let mark = Arc::new(Mark { name: "link".to_owned(), attributes });
        self.link = Some((link.clone(), mark.clone()));
        mark
    }
}

fn or_null(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
