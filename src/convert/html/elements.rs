//! What the elements of HTML mean to a document. Knows no tree.

use std::collections::BTreeMap;

use crate::convert::builder::Format;

/// What an element is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Paragraph,
    Heading(u8),
    Quote,
    Bullets,
    Numbers,
    Item,
    Table,
    Row,
    Cell,
    HeaderCell,
    Code,
    Rule,
    Break,
    Image,
    Link,
    Title,
    Checkbox,
    Format(Format),
    /// Formatting by style only.
    Span,
    /// Begins and ends a line, and means nothing else.
    Block,
    /// Gone, with what is in it.
    Dropped,
    /// Its content is all there is to it.
    Transparent,
}

pub(super) fn element(name: &[u8]) -> Element {
    match name {
        b"p" => Element::Paragraph,
        b"h1" => Element::Heading(1),
        b"h2" => Element::Heading(2),
        b"h3" => Element::Heading(3),
        b"h4" => Element::Heading(4),
        b"h5" => Element::Heading(5),
        b"h6" => Element::Heading(6),
        b"blockquote" => Element::Quote,
        b"ul" | b"menu" | b"dir" => Element::Bullets,
        b"ol" => Element::Numbers,
        b"li" => Element::Item,
        b"table" => Element::Table,
        b"tr" => Element::Row,
        b"td" => Element::Cell,
        b"th" => Element::HeaderCell,
        b"pre" | b"listing" => Element::Code,
        b"hr" => Element::Rule,
        b"br" => Element::Break,
        b"img" => Element::Image,
        b"a" => Element::Link,
        b"title" => Element::Title,
        b"input" => Element::Checkbox,
        b"span" | b"font" => Element::Span,
        b"b" | b"strong" => Element::Format(Format::Bold),
        b"i" | b"em" | b"cite" | b"dfn" | b"var" => Element::Format(Format::Italic),
        b"u" | b"ins" => Element::Format(Format::Underline),
        b"s" | b"del" | b"strike" => Element::Format(Format::Strike),
        b"mark" => Element::Format(Format::Highlight),
        b"code" | b"kbd" | b"samp" | b"tt" => Element::Format(Format::Code),
        b"script" | b"style" | b"template" | b"noscript" | b"iframe" | b"object" | b"svg"
        | b"math" | b"canvas" | b"audio" | b"video" | b"textarea" | b"select" | b"button"
        | b"noembed" | b"noframes" | b"xmp" => Element::Dropped,
        b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd"
        | b"details" | b"div" | b"dl" | b"dt" | b"fieldset" | b"figcaption" | b"figure"
        | b"footer" | b"form" | b"head" | b"header" | b"html" | b"legend" | b"main" | b"nav"
        | b"section" | b"summary" | b"search" | b"hgroup" => Element::Block,
        _ => Element::Transparent,
    }
}

/// An element's attributes, by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) BTreeMap<Vec<u8>, Vec<u8>>);

impl Attributes {
    pub(super) fn text(&self, name: &str) -> String {
        let value = self.0.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value));
        value.unwrap_or_default().into_owned()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name.as_bytes())
    }

    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.text(name).trim().trim_end_matches("px").parse().ok()
    }

    /// What its style says about one property.
    pub(super) fn style(&self, property: &str) -> Option<String> {
        self.text("style").split(';').find_map(|rule| {
            let (name, value) = rule.split_once(':')?;
            let same = name.trim().eq_ignore_ascii_case(property);
            same.then(|| value.trim().to_ascii_lowercase())
        })
    }

    /// Formatting by style, as word processors in browsers write it.
    pub(super) fn formats(&self) -> Vec<Format> {
        if !self.has("style") {
            return Vec::new();
        }
        let decoration = self.style("text-decoration").unwrap_or_default();
        let line = self.style("text-decoration-line").unwrap_or_default();
        let decorated = |word: &str| decoration.contains(word) || line.contains(word);
        let weight = self.style("font-weight").unwrap_or_default();
        let heavy = weight.parse().is_ok_and(|weight: u32| weight >= 600);
        [
            (weight == "bold" || weight == "bolder" || heavy, Format::Bold),
            (self.style("font-style").is_some_and(|style| style == "italic"), Format::Italic),
            (decorated("underline"), Format::Underline),
            (decorated("line-through"), Format::Strike),
        ]
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, format)| format)
        .collect()
    }

    /// Whether a bold element says that it is not: Google Docs wraps everything in such a one.
    pub(super) fn is_not_bold(&self) -> bool {
        self.style("font-weight").is_some_and(|weight| weight == "normal" || weight == "400")
    }
}
