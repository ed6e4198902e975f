//! Reads HTML as a document, from its tags as they come.
//!
//! The tokenizer is that of the HTML standard. The standard's tree is not built: what is kept of a
//! page is a small part of it, which the builder puts right, and the standard's way takes quadratic
//! time on pages made for that.

use std::sync::Arc;

use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::elements::{Attributes, Element, element};
use crate::{
    convert::{
        ConvertError,
        builder::{Builder, Container, End, Format},
        links,
        model::{Align, Block, Cell, Image, Inline, Link, ListKind},
    },
    limits,
};

/// Spans whose formatting is remembered until they close.
const SPANS: usize = 256;

/// Reads a page; gives its title as well.
pub(crate) fn read(text: &str) -> Result<(Option<String>, Vec<Block>), ConvertError> {
    let mut reader = Reader::new();
    reader.feed(text);
    reader.trim();
    let title = links::title(&reader.title.unwrap_or_default());
    Ok(((!title.is_empty()).then_some(title), reader.builder.finish()?))
}

/// Reads pieces of HTML into a document.
pub(crate) struct Reader {
    pub(crate) builder: Builder,
    title: Option<String>,
    in_title: bool,
    /// The element whose content is dropped, and how many of its name are open.
    dropped: Option<(Vec<u8>, usize)>,
    /// A block of code, with its language.
    code: Option<(String, String)>,
    /// What each open span formats.
    spans: Vec<Vec<Format>>,
    /// Spans that are open beyond those.
    more_spans: usize,
    /// Whether the line says that its spaces count.
    keeps_spaces: bool,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self {
            builder: Builder::new(),
            title: None,
            in_title: false,
            dropped: None,
            code: None,
            spans: Vec::new(),
            more_spans: 0,
            keeps_spaces: false,
        }
    }

    pub(crate) fn feed(&mut self, html: &str) {
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            if self.builder.is_full() {
                return;
            }
            match token {
                Ok(Token::StartTag(tag)) => {
                    let attributes = tag.attributes.into_iter();
                    let attributes = attributes.map(|(name, value)| (name.0, value.value.0));
                    self.start(&tag.name.0, &Attributes(attributes.collect()), tag.self_closing);
                }
                Ok(Token::EndTag(tag)) => self.end(&tag.name.0),
                Ok(Token::String(text)) => self.text(&String::from_utf8_lossy(&text.value.0)),
                _ => {}
            }
        }
    }

    /// Reads a tag within a line of text, if it is one that formats; `false` when it is none.
    pub(crate) fn formatting(&mut self, html: &str) -> bool {
        let name = html.trim_start_matches(['<', '/']);
        let end = name.find(|ch: char| !ch.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = name[..end].to_ascii_lowercase();
        let known = matches!(
            element(name.as_bytes()),
            Element::Format(_) | Element::Break | Element::Link | Element::Image
        );
        match &name[..] {
            // Spaces before it are meant, in Markdown.
            "br" => self.builder.line_break(),
            _ if known => self.feed(html),
            _ => {}
        }
        known || html.starts_with("<!--")
    }

    /// A piece is over that stands for itself: what it left open does not concern what follows.
    pub(crate) fn end_block(&mut self) {
        self.end_code();
        self.dropped = None;
        self.in_title = false;
        self.break_line();
    }

    /// Takes away spaces at the end of the line, which a browser does not show.
    fn trim(&mut self) {
        if self.keeps_spaces {
            return;
        }
        let line = self.builder.line();
        while let Some(Inline::Text(text, marks)) = line.last_mut() {
            if !marks.code {
                text.truncate(text.trim_end_matches(' ').len());
            }
            if !text.is_empty() {
                return;
            }
            line.pop();
        }
    }

    fn break_line(&mut self) {
        self.trim();
        // A break before the end of a line shows nothing.
        let line = self.builder.line();
        if line.len() > 1 && matches!(line.last(), Some(Inline::Break)) {
            line.pop();
        }
        self.builder.end_line();
        self.keeps_spaces = false;
    }

    fn start(&mut self, name: &[u8], attributes: &Attributes, self_closing: bool) {
        if let Some((dropped, depth)) = &mut self.dropped {
            if dropped == name && !self_closing {
                *depth += 1;
            }
            return;
        }
        let element = element(name);
        if let Some((language, text)) = &mut self.code {
            match element {
                Element::Break => text.push('\n'),
                Element::Format(Format::Code) if language.is_empty() && text.is_empty() => {
                    *language = language_of(attributes);
                }
                _ => {}
            }
            return;
        }
        match element {
            Element::Dropped => {
                if !self_closing {
                    self.dropped = Some((name.to_vec(), 1));
                }
            }
            Element::Format(format) => {
                if !(format == Format::Bold && attributes.is_not_bold()) {
                    self.builder.on(format);
                }
            }
            Element::Span => self.span(attributes.formats()),
            Element::Link => self.link(attributes),
            Element::Break => {
                self.trim();
                self.builder.line_break();
            }
            Element::Image => {
                self.trim();
                self.image(attributes);
            }
            Element::Title => self.in_title = self.title.is_none(),
            Element::Checkbox => {
                if attributes.text("type").eq_ignore_ascii_case("checkbox") {
                    self.builder.check(attributes.has("checked"));
                }
            }
            Element::Transparent => {}
            _ => {
                self.break_line();
                self.block(element, attributes);
            }
        }
    }

    fn block(&mut self, element: Element, attributes: &Attributes) {
        let is_tasks = |name: &str| attributes.text("data-type") == name;
        if matches!(element, Element::Paragraph | Element::Heading(_)) {
            self.keeps_spaces =
                attributes.style("white-space").is_some_and(|space| space.starts_with("pre"));
        }
        match element {
            Element::Paragraph => self.builder.begin_line(None),
            Element::Heading(level) => self.builder.begin_line(Some(level)),
            Element::Quote => self.builder.open(Container::Quote),
            Element::Bullets if is_tasks("taskList") => {
                self.builder.open(Container::List(ListKind::Task));
            }
            Element::Bullets => self.builder.open(Container::List(ListKind::Bullet)),
            Element::Numbers => {
                let start = attributes.number("start").unwrap_or(1);
                self.builder.open(Container::List(ListKind::Ordered(start)));
            }
            Element::Item => {
                let checked = attributes.text("data-checked");
                let is_task = is_tasks("taskItem") || attributes.has("data-checked");
                self.builder.open(Container::Item(is_task.then_some(checked == "true")));
            }
            Element::Table => self.builder.open(Container::Table),
            Element::Row => self.builder.open(Container::Row),
            Element::Cell | Element::HeaderCell => {
                self.builder.open(Container::Cell(cell(element, attributes)));
            }
            Element::Code => self.code = Some((language_of(attributes), String::new())),
            Element::Rule => self.builder.leaf(Block::Rule),
            _ => {}
        }
    }

    fn image(&mut self, attributes: &Attributes) {
        let alt = links::title(&attributes.text("alt"));
        match links::image(&attributes.text("src")) {
            Some(src) => self.builder.image(Image {
                src,
                alt,
                title: links::title(&attributes.text("title")),
                width: attributes.number("width"),
                height: attributes.number("height"),
            }),
            None => self.text(&alt),
        }
    }

    fn span(&mut self, formats: Vec<Format>) {
        if self.spans.len() == SPANS {
            self.more_spans += 1;
            return;
        }
        for format in &formats {
            self.builder.on(*format);
        }
        self.spans.push(formats);
    }

    fn end_span(&mut self) {
        if let Some(less) = self.more_spans.checked_sub(1) {
            self.more_spans = less;
            return;
        }
        for format in self.spans.pop().unwrap_or_default() {
            self.builder.off(format);
        }
    }

    fn link(&mut self, attributes: &Attributes) {
        let title = links::title(&attributes.text("title"));
        let link = links::link(&attributes.text("href"));
        self.builder.link(link.map(|href| Arc::new(Link { href, title })));
    }

    fn end(&mut self, name: &[u8]) {
        if let Some((dropped, depth)) = &mut self.dropped {
            if dropped == name {
                *depth -= 1;
                if *depth == 0 {
                    self.dropped = None;
                }
            }
            return;
        }
        let element = element(name);
        if element == Element::Title {
            self.in_title = false;
            return;
        }
        if self.code.is_some() {
            if element == Element::Code {
                self.end_code();
            }
            return;
        }
        let container = match element {
            Element::Format(format) => return self.builder.off(format),
            Element::Span => return self.end_span(),
            Element::Link => return self.builder.link(None),
            Element::Transparent | Element::Dropped | Element::Checkbox => return,
            Element::Break | Element::Rule | Element::Image => return,
            Element::Quote => End::Quote,
            Element::Bullets | Element::Numbers => End::List,
            Element::Item => End::Item,
            Element::Table => End::Table,
            Element::Row => End::Row,
            Element::Cell | Element::HeaderCell => End::Cell,
            _ => return self.break_line(),
        };
        self.break_line();
        self.builder.close(container);
    }

    fn end_code(&mut self) {
        if let Some((language, text)) = self.code.take() {
            let text = text.strip_prefix('\n').unwrap_or(&text);
            let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
            self.builder.leaf(Block::Code { language, text });
        }
    }

    fn text(&mut self, text: &str) {
        if self.dropped.is_some() {
            return;
        }
        if self.in_title {
            let title = self.title.get_or_insert_default();
            if title.len() < limits::ADDRESS_BYTES {
                title.push_str(text);
            }
            return;
        }
        if let Some((_, code)) = &mut self.code {
            return code.push_str(text);
        }
        if self.keeps_spaces {
            return self.builder.text(text);
        }
        let space = |ch: char| matches!(ch, ' ' | '\n' | '\t' | '\r' | '\u{c}');
        let folds = match self.builder.line().last() {
            None | Some(Inline::Break) => true,
            Some(Inline::Text(text, _)) => text.ends_with(' '),
        };
        let mut folded = String::with_capacity(text.len());
        let mut after_space = folds;
        for ch in text.chars() {
            if !space(ch) {
                folded.push(ch);
            } else if !after_space {
                folded.push(' ');
            }
            after_space = space(ch);
        }
        self.builder.text(&folded);
    }
}

fn cell(element: Element, attributes: &Attributes) -> Cell {
    let align = attributes.style("text-align").unwrap_or_else(|| attributes.text("align"));
    let widths =
        attributes.text("data-colwidth").split(',').map(|it| it.trim().parse().ok()).collect();
    Cell {
        colspan: attributes.number("colspan").unwrap_or(1),
        rowspan: attributes.number("rowspan").unwrap_or(1),
        widths,
        align: Align::parse(&align),
        ..Cell::new(element == Element::HeaderCell)
    }
}

fn language_of(attributes: &Attributes) -> String {
    let classes = attributes.text("class");
    let language = classes
        .split_whitespace()
        .find_map(|class| class.strip_prefix("language-").or_else(|| class.strip_prefix("lang-")));
    links::title(language.unwrap_or_default())
}
