//! Reads Markdown as a document. Blocks of HTML are read as HTML; of HTML within a line, formatting
//! is understood and everything else is text, as people who write `Vec<T>` mean it.

use std::sync::Arc;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{
    convert::{
        ConvertError,
        builder::{Builder, Container, End, Format},
        html::Reader as Html,
        links,
        model::{Align, Block, Cell, Image, Inline, Link, ListKind},
    },
    limits,
};

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Vec<Block>, ConvertError> {
    let text = shallow(text);
    let mut reader = Reader::new();
    for event in Parser::new_ext(&text, options()) {
        if reader.html.builder.is_full() {
            break;
        }
        reader.event(event);
    }
    reader.html.builder.finish()
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

/// The text with at most as many containers opened on one line, and as much indentation, as a
/// document may be deep: every later line would cost the parser as much again. What is deeper
/// stays as text.
fn shallow(text: &str) -> String {
    const DEEPEST: usize = 2 * limits::CONTENT_DEPTH;
    let mut shallow = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        let (mut markers, mut spaces) = (0, 0);
        loop {
            let bare = rest.trim_start_matches([' ', '\t']);
            spaces += rest.len() - bare.len();
            rest = bare;
            let digits = rest.len() - rest.trim_start_matches(|ch: char| ch.is_ascii_digit()).len();
            let marker = match rest.as_bytes().get(digits) {
                Some(b'>' | b'-' | b'*' | b'+') if digits == 0 => 1,
                Some(b'.' | b')') if (1..10).contains(&digits) => digits + 1,
                _ => break,
            };
            let quotes = rest.starts_with('>');
            if !quotes
                && !rest[marker..].is_empty()
                && !rest[marker..].starts_with([' ', '\t', '\n'])
            {
                break;
            }
            markers += 1;
            if markers > DEEPEST {
                break;
            }
            rest = &rest[marker..];
        }
        let is_rule =
            || line.trim().bytes().all(|it| b"-* \t".contains(&it)) && spaces < 4 * DEEPEST;
        if markers > DEEPEST && !is_rule() {
            shallow.push_str(&line[..line.len() - rest.len()]);
            shallow.push('\\');
            shallow.push_str(rest);
        } else if spaces > 4 * DEEPEST {
            shallow.push_str(line.trim_start_matches([' ', '\t']));
        } else {
            shallow.push_str(line);
        }
    }
    shallow
}

struct Reader {
    html: Html,
    /// Alignment of the table's columns, and the column we are in.
    columns: (Vec<Alignment>, usize),
    is_head: bool,
    code: Option<(String, String)>,
    /// A block of HTML, which comes line by line.
    block: Option<String>,
    /// An image, whose alternative text comes as text. They may lie in each other.
    image: Option<(Image, usize)>,
}

impl Reader {
    fn new() -> Self {
        let html = Html::new();
        Self {
            html,
            columns: (Vec::new(), 0),
            is_head: false,
            code: None,
            block: None,
            image: None,
        }
    }

    fn builder(&mut self) -> &mut Builder {
        &mut self.html.builder
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.text(&text),
            Event::Code(text) if self.image.is_some() => self.text(&text),
            Event::Code(text) => {
                self.builder().on(Format::Code);
                self.text(&text);
                self.builder().off(Format::Code);
            }
            Event::Html(html) => match &mut self.block {
                Some(block) => block.push_str(&html),
                None => self.html.feed(&html),
            },
            Event::InlineHtml(html) => {
                if self.image.is_some() || !self.html.formatting(&html) {
                    self.text(&html);
                }
            }
            Event::SoftBreak => self.text(" "),
            Event::HardBreak if self.image.is_some() => self.text(" "),
            Event::HardBreak => self.builder().line_break(),
            Event::Rule => self.builder().leaf(Block::Rule),
            Event::TaskListMarker(checked) => self.builder().check(checked),
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text);
            }
        }
    }

    /// A space that does not break is how an empty paragraph is written where one must be.
    fn forget_nothing(&mut self) {
        let line = self.builder().line();
        if matches!(&line[..], [Inline::Text(text, _)] if text == "\u{a0}") {
            line.clear();
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((image, _)) = &mut self.image {
            if image.alt.len() < limits::ADDRESS_BYTES {
                image.alt.push_str(text);
            }
        } else if let Some((_, code)) = &mut self.code {
            code.push_str(text);
        } else {
            self.builder().text(text);
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.builder().begin_line(None),
            Tag::Heading { level, .. } => self.builder().begin_line(Some(number(level))),
            Tag::BlockQuote(_) => self.builder().open(Container::Quote),
            Tag::CodeBlock(CodeBlockKind::Indented) => self.code = Some(Default::default()),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                let language = info.split([' ', ',']).next().unwrap_or_default();
                self.code = Some((links::title(language), String::new()));
            }
            Tag::MetadataBlock(_) => self.code = Some(("yaml".into(), String::new())),
            Tag::HtmlBlock => self.block = Some(String::new()),
            Tag::List(None) => self.builder().open(Container::List(ListKind::Bullet)),
            Tag::List(Some(start)) => {
                let start = u32::try_from(start).unwrap_or(1);
                self.builder().open(Container::List(ListKind::Ordered(start)));
            }
            Tag::Item => self.builder().open(Container::Item(None)),
            Tag::Table(columns) => {
                self.columns = (columns, 0);
                self.builder().open(Container::Table);
            }
            Tag::TableHead | Tag::TableRow => {
                self.is_head = matches!(tag, Tag::TableHead);
                self.columns.1 = 0;
                self.builder().open(Container::Row);
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.builder().on(Format::Italic),
            Tag::Strong => self.builder().on(Format::Bold),
            Tag::Strikethrough => self.builder().on(Format::Strike),
            Tag::Link { dest_url, title, .. } => {
                let title = links::title(&title);
                let link = links::link(&dest_url).map(|href| Arc::new(Link { href, title }));
                self.builder().link(link);
            }
            Tag::Image { dest_url, title, .. } => match &mut self.image {
                Some((_, depth)) => *depth += 1,
                None => {
                    let (src, title) = (dest_url.into_string(), links::title(&title));
                    self.image = Some((Image { src, title, ..Image::default() }, 0));
                }
            },
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Paragraph => {
                self.forget_nothing();
                self.builder().end_line();
            }
            TagEnd::Heading(_) => self.builder().end_line(),
            TagEnd::BlockQuote(_) => self.builder().close(End::Quote),
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) => {
                if let Some((language, mut text)) = self.code.take() {
                    if text.ends_with('\n') {
                        text.pop();
                    }
                    self.builder().leaf(Block::Code { language, text });
                }
            }
            TagEnd::HtmlBlock => {
                let block = self.block.take().unwrap_or_default();
                self.html.feed(&block);
                self.html.end_block();
            }
            TagEnd::List(_) => self.builder().close(End::List),
            TagEnd::Item => {
                self.forget_nothing();
                self.builder().close(End::Item);
            }
            TagEnd::Table => self.builder().close(End::Table),
            TagEnd::TableHead | TagEnd::TableRow => self.builder().close(End::Row),
            TagEnd::TableCell => self.builder().close(End::Cell),
            TagEnd::Emphasis => self.builder().off(Format::Italic),
            TagEnd::Strong => self.builder().off(Format::Bold),
            TagEnd::Strikethrough => self.builder().off(Format::Strike),
            TagEnd::Link => self.builder().link(None),
            TagEnd::Image => match self.image.take() {
                Some((image, 0)) => self.image_ends(image),
                Some((image, depth)) => self.image = Some((image, depth - 1)),
                None => {}
            },
            _ => {}
        }
    }

    fn cell(&mut self) {
        let (columns, at) = &mut self.columns;
        let align = match columns.get(*at) {
            Some(Alignment::Left) => Some(Align::Left),
            Some(Alignment::Center) => Some(Align::Center),
            Some(Alignment::Right) => Some(Align::Right),
            _ => None,
        };
        *at += 1;
        let cell = Cell { align, ..Cell::new(self.is_head) };
        self.builder().open(Container::Cell(cell));
    }

    fn image_ends(&mut self, image: Image) {
        let alt = links::title(&image.alt);
        match links::image(&image.src) {
            Some(src) => self.builder().image(Image { src, alt, ..image }),
            None => self.builder().text(&alt),
        }
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
