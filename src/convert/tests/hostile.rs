//! Files and documents made to hurt: nothing breaks down, and nothing that runs comes out.

use super::{
    trees::{Reach, Trees},
    *,
};
use crate::{
    crdt::corpus::hostile_updates,
    random::{Random, SeededRandom},
};

/// Everything that may be asked for; what comes back is a result or an error with words.
fn try_everything(bytes: &[u8]) {
    for format in Format::ALL {
        assert_ne!(export(bytes, format), Err(ConvertError::Broken), "{bytes:?}");
        let read = import(bytes, format, &About::default(), ClientId(3));
        assert_ne!(read, Err(ConvertError::Broken), "{bytes:?}");
    }
    let about = About { title: Some("x".into()), ..About::default() };
    assert_ne!(edit_meta(bytes, &about, ClientId(3)), Err(ConvertError::Broken), "{bytes:?}");
}

/// A file of any text format becomes a document that comes out in every format.
fn try_text(text: &str) {
    for format in [Format::Markdown, Format::Html, Format::Text] {
        let read = import(text.as_bytes(), format, &About::default(), ClientId(3));
        let state = read.unwrap_or_else(|error| panic!("{format}: {error}"));
        for to in Format::ALL {
            if let Err(error) = export(&state, to) {
                panic!("{format} to {to}: {error}");
            }
        }
    }
}

#[test]
fn the_corpus_of_hostile_updates_does_no_harm() {
    for (name, bytes) in hostile_updates() {
        for format in Format::ALL {
            assert_ne!(export(&bytes, format), Err(ConvertError::Broken), "{name}");
        }
    }
}

#[test]
fn damaged_documents_do_no_harm() {
    for seed in 0..rounds(150) {
        let random = SeededRandom::new(seed);
        let mut bytes = state_of(&Trees::new(seed, Reach::Everything).document()).to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[at] = random.below(256) as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                _ => drop(bytes.remove(at)),
            }
        }
        try_everything(&bytes);
    }
}

/// What texts are made of.
const PARTS: &[&str] = &[
    "<b>",
    "</b>",
    "<p>",
    "</p>",
    "<ul>",
    "<li>",
    "</ul>",
    "<table>",
    "<td>",
    "<tr>",
    "</table>",
    "<pre>",
    "</pre>",
    "<a href='javascript:x'>",
    "</a>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "<img src=x>",
    "<td colspan=9999 rowspan=9999>",
    "<ol start=99999999999>",
    "<",
    ">",
    "&",
    "&#0;",
    "&#x110000;",
    "*",
    "**",
    "_",
    "`",
    "```",
    "~~~",
    "[",
    "]",
    "(",
    ")",
    "![",
    "](x)",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "1. ",
    "    ",
    "|",
    "|-|\n",
    "---",
    "===",
    "\\",
    "word",
    "😀",
    "\0",
    "\u{feff}",
    "<br>",
    "<h1>",
    "</h1>",
    "<blockquote>",
    "<input type=checkbox>",
    "[x] ",
    "<title>",
    "<svg>",
    "<![CDATA[",
    "<?x",
];

#[test]
fn texts_by_chance_become_documents() {
    for seed in 0..rounds(300) {
        let random = SeededRandom::new(seed);
        let part = |_| PARTS[random.below(PARTS.len() as u64) as usize];
        let text: String = (0..1 + random.below(60)).map(part).collect();
        try_text(&text);
    }
}

#[test]
fn whatever_is_read_fits_the_schema() {
    // Our own JSON is checked when it is read.
    for html in [
        "<table><ul><li>a</table>b",
        "<li>a<td>b<tr>c</li>d",
        "<ul>a<p>b<table>c</ul>d",
        "<blockquote></blockquote><ul></ul><table><tr></tr></table>",
        "<td colspan=0 rowspan=70000>x</td><td colspan=1000>",
        "<h1>a<h2>b<p>c<hr>d",
    ] {
        let json = convert(html.as_bytes(), Format::Html, Format::Json).expect("converted");
        convert(&json, Format::Json, Format::Text)
            .unwrap_or_else(|error| panic!("{html}: {error}"));
    }
}

#[test]
fn depth_and_repetition_are_bounded() {
    const MANY: usize = 50_000;
    for part in [
        "> ",
        ">",
        "- ",
        "1. ",
        "* ",
        "[",
        "![",
        "](",
        "**a ",
        "*",
        "_a",
        "`",
        "~~",
        "<b>",
        "<div>",
        "<ul>",
        "<li>",
        "<ul><li>",
        "<blockquote>",
        "<table><tr><td>",
        "</ul>",
        "<a href=x>",
        "<span style='x'>",
        "<svg>",
        "<p",
        "<a b",
        "&",
        "&#",
        "<!--",
        "<![CDATA[",
        "\\",
        "|",
        "|-|\n",
        "<pre>",
        "\n- ",
        "\n> - ",
        "[a](",
        "[a]: b\n",
        "<td>",
        "<font>",
        "\"",
        "a\n\n",
        "<p>a",
        "<br>",
        "# ",
        "```\n",
    ] {
        let text = part.repeat(MANY / 5);
        let page = html::read(&text).expect("read").1;
        for blocks in [markdown::read(&text).expect("read"), page] {
            for written in [markdown::write(&blocks), html::write("", &blocks), json_of(&blocks)] {
                written.expect("written");
            }
        }
        try_text(&part.repeat(200));
    }
    let nested = |open: &str, close: &str| open.repeat(60) + close.repeat(60).as_str();
    let json = nested(r#"{"type":"doc","content":["#, "]}");
    try_everything(json.as_bytes());
    try_everything("[".repeat(MANY).as_bytes());
    let attributes: String = (0..MANY).map(|number| format!(" a{number}=x")).collect();
    try_text(&format!("<p{attributes}>x"));
    let stairs: String = (0..400).map(|depth| " ".repeat(2 * depth) + "- a\n").collect();
    try_text(&(stairs + &"\n".repeat(MANY)));
}

#[test]
fn lists_are_as_deep_as_their_bound_and_what_is_deeper_is_put_there() {
    for depth in [limits::CONTENT_DEPTH, limits::CONTENT_DEPTH + 10] {
        let text = format!("{}deepest", "<ul><li>".repeat(depth));
        let written = json_of(&html::read(&text).expect("read").1).expect("written");
        assert_eq!(written.matches("bulletList").count(), limits::CONTENT_DEPTH, "{written}");
        assert!(written.contains("deepest"));
    }
}

#[test]
fn large_files_are_refused_before_they_are_read() {
    let file = vec![b'a'; limits::IMPORT_BYTES + 1];
    for format in [Format::Markdown, Format::Html, Format::Text, Format::Json] {
        let error = import(&file, format, &About::default(), ClientId(3)).expect_err("too large");
        assert!(matches!(error, ConvertError::TooLarge { .. }), "{error}");
    }
}

#[test]
fn too_many_parts_are_refused() {
    let file = "a\n\n".repeat(limits::CONTENT_NODES / 2 + 1);
    let error = import(file.as_bytes(), Format::Text, &About::default(), ClientId(3));
    assert_eq!(error, Err(ConvertError::TooManyNodes));
}

#[test]
fn a_file_that_would_grow_too_large_is_not_written() {
    let part = "x".repeat(1 << 20);
    let mut lines = written::Lines::default();
    for _ in 0..limits::EXPORT_BYTES >> 20 {
        lines.lines(&part);
    }
    assert_eq!(lines.finish(), Err(ConvertError::ResultTooLarge));
    let blocks = vec![paragraph(&part); (limits::EXPORT_BYTES >> 20) + 1];
    assert_eq!(plain::write(&blocks), Err(ConvertError::ResultTooLarge));
    assert_eq!(json_of(&blocks), Err(ConvertError::ResultTooLarge));
}

fn json_of(blocks: &[Block]) -> Result<String, ConvertError> {
    let body = Understood::Rich(blocks.to_vec());
    json::write(&Document { meta: Meta::default(), body })
}

#[test]
fn stored_links_that_run_do_not_come_out() {
    use crate::crdt::content::{Mark, Node};
    use serde_json::{Map, Value};
    let attributes = |key: &str, value: &str| -> Map<String, Value> {
        [(key.to_owned(), Value::from(value))].into_iter().collect()
    };
    let address = "java\u{1}script:alert(1)";
    let link = Mark { name: "link".into(), attributes: attributes("href", address) };
    let text = Node::Text { text: "click <b>".into(), marks: vec![link.into()] };
    let block = |name: &str, attributes, children| Node::Element {
        name: name.into(),
        attributes,
        children,
    };
    let language = attributes("language", "x\" onload=\"x\n```\n<script>");
    let body = vec![
        block("paragraph", Map::new(), vec![text]),
        block("image", attributes("src", "javascript:alert(1)"), vec![]),
        block("codeBlock", language, vec![]),
        block("script", Map::new(), vec![Node::Text { text: "alert(2)".into(), marks: vec![] }]),
    ];
    let meta = Meta { title: Some("</title><script>".into()), ..Meta::default() };
    let state = content::write(&Content { meta, body: Body::Rich(body) }, ClientId(4));
    for format in [Format::Html, Format::Markdown, Format::Json, Format::Text] {
        let file = String::from_utf8(export(&state, format).expect("written")).expect("text");
        assert!(!file.contains("script:"), "{format}: {file}");
        assert!(format != Format::Html || !file.contains("<script"), "{file}");
        assert!(file.contains("click") && file.contains("alert(2)"), "{format}: {file}");
    }
    let page = String::from_utf8(export(&state, Format::Html).expect("written")).expect("text");
    assert!(!page.contains("onload=\""), "{page}");
}
