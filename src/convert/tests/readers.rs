//! What files of people become.

use super::*;

fn of_html(html: &str) -> String {
    markdown::write(&html::read(html).expect("read").1).expect("written")
}

fn of_markdown(text: &str) -> String {
    let page = html::write("", &markdown::read(text).expect("read")).expect("written");
    let body = page.split_once("<body>\n").expect("a body").1;
    body.trim_end_matches("</body>\n</html>\n").to_owned()
}

#[test]
fn pages_keep_what_a_document_can_hold() {
    for (html, text) in [
        ("<p>a <b>b</b>\n  c</p>", "a **b** c\n"),
        ("a<br>b", "a\\\nb\n"),
        ("<div>a</div><div>b</div>", "a\n\nb\n"),
        ("<p>a<p>b", "a\n\nb\n"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c\n"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b\n"),
        ("<b><p>a</p><p>b</p></b>", "**a**\n\n**b**\n"),
        ("<b><i>a</b>b</i>", "***a****b*\n"),
        (
            "<pre><code class='language-rust hljs'>fn\n <b>x</b>\n</code></pre>",
            "```rust\nfn\n x\n```\n",
        ),
        ("<p>a <img src='b.png' alt='B'> c</p>", "a\n\n![B](b.png)\n\nc\n"),
        ("<p><img src='b.png'></p>", "![](b.png)\n"),
        (
            "<table><thead><tr><th>a<th>b<tbody><tr><td>1<td>2</table>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |\n",
        ),
        ("<ol start=3><li>a</ol>", "3. a\n"),
        ("<span style='font-weight:700;font-style:italic'>a</span>b", "***a***b\n"),
        ("<b style='font-weight:normal'>a</b>", "a\n"),
        ("<ul><li><input type=checkbox checked> a</ul>", "- [x] a\n"),
        ("<a href='https://a.example'>a</a>", "[a](https://a.example)\n"),
        ("<details><summary>a</summary>b</details>", "a\n\nb\n"),
        ("<unknown-thing>a</unknown-thing>", "a\n"),
        ("<p>1 &lt; 2 &amp; &eacute;</p>", "1 < 2 & é\n"),
    ] {
        assert_eq!(of_html(html), text, "{html}");
    }
}

#[test]
fn pages_lose_what_runs() {
    for (html, text) in [
        ("a<script>alert(1)</script>b", "ab\n"),
        ("a<style>p{}</style><svg><text>x</text><svg></svg></svg>b", "ab\n"),
        ("<a href='javascript:alert(1)'>a</a>", "a\n"),
        ("<a href='java\nscript:alert(1)'>a</a>", "a\n"),
        ("<a href='&#106;avascript:alert(1)'>a</a>", "a\n"),
        ("<img src='data:image/svg+xml;base64,aaaa' alt=x>", "x\n"),
        ("<p onclick='x()' style='background:url(x)'>a</p>", "a\n"),
        ("<iframe src='https://a.example'>x</iframe>a", "a\n"),
    ] {
        assert_eq!(of_html(html), text, "{html}");
    }
}

#[test]
fn markdown_is_read_as_people_write_it() {
    for (text, html) in [
        ("a\nb", "<p>a b</p>\n"),
        ("a <u>b</u> <mark>c</mark> Vec<T>", "<p>a <u>b</u> <mark>c</mark> Vec&lt;T&gt;</p>\n"),
        ("<div align=center>\n\n**a**\n\n</div>", "<p><strong>a</strong></p>\n"),
        ("<script>x</script>\n\na", "<p>a</p>\n"),
        ("Use <script> and go on", "<p>Use &lt;script&gt; and go on</p>\n"),
        ("<!-- x -->\n\na <!-- y -->b", "<p>a b</p>\n"),
        ("[a](javascript:x) ![b](javascript:y)", "<p>a b</p>\n"),
        ("a[^1] $x$", "<p>a[^1] $x$</p>\n"),
        ("Title\n===", "<h1>Title</h1>\n"),
        ("    code", "<pre><code>\ncode\n</code></pre>\n"),
        (
            "---\ntitle: x\n---\n\na",
            "<pre><code class=\"language-yaml\">\ntitle: x\n</code></pre>\n<p>a</p>\n",
        ),
    ] {
        assert_eq!(of_markdown(text), html, "{text}");
    }
}

#[test]
fn markdown_reads_well() {
    for text in [
        "# Plan\n\nSome *words*, some **bold**, `code` and [a link](https://a.example).\n",
        "- one\n- two\n  - three\n\n1. first\n2. second\n",
        "- [ ] open\n- [x] done\n",
        "> quoted\n>\n> more\n",
        "snake_case, a < b, 5 * 3? No: 5 \\* 3; Q&A, #1 and C#\n",
        "***\n\n```js\nlet a = `b`\n```\n",
    ] {
        let read = markdown::read(text).expect("read");
        let expected = text.replace("5 * 3?", "5 \\* 3?");
        assert_eq!(markdown::write(&read).expect("written"), expected);
    }
}

#[test]
fn long_rows_of_signs_are_not_taken_for_depth() {
    let signs = ["+", "-", "*", "=", "+-", "1."].map(|sign| sign.repeat(100));
    let rule = format!("+{}+", "-".repeat(98));
    let text = format!("```\n{}\n{rule}\n```\n", signs.join("\n"));
    let read = markdown::read(&text).expect("read");
    assert_eq!(markdown::write(&read).expect("written"), text);
    for rule in ["- ".repeat(90), "*".repeat(100)] {
        assert_eq!(markdown::read(&rule).expect("read"), [Block::Rule]);
    }
}

#[test]
fn plain_text_keeps_its_paragraphs() {
    let read = plain::read("a\nb\n\n\n c \n").expect("read");
    assert_eq!(markdown::write(&read).expect("written"), "a\\\nb\n\n&#32;c\n");
    let blocks = markdown::read("# A\n\n- b\n  - c\n\n> d\n\n|x|y|\n|-|-|\n|1|2|").expect("read");
    assert_eq!(plain::write(&blocks).expect("written"), "A\n\n- b\n  - c\n\n> d\n\nx\ty\n1\t2\n");
}

#[test]
fn json_is_checked_and_the_fault_is_placed() {
    for (json, fault) in [
        ("{", "not a document as JSON: EOF while parsing"),
        ("[]", "neither `doc` nor `text`"),
        (
            r#"{"type":"doc","content":[{"type":"paragraph"},{"type":"video"}]}"#,
            "the unknown node `video` at content[1]",
        ),
        (
            r#"{"type":"doc","content":[{"type":"blockquote","content":[{"type":"listItem"}]}]}"#,
            "`listItem` inside `blockquote` at content[0].content[0]",
        ),
        (
            r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a","marks":[{"type":"comment"}]}]}]}"#,
            "the unknown mark `comment` at content[0].content[0]",
        ),
        (
            r#"{"type":"doc","content":[{"type":"text","text":"a"}]}"#,
            "`text` inside `doc` at content[0]",
        ),
        (r#"{"type":"doc","content":{}}"#, "`content` that is no list at the top"),
        (r#"{"type":"text"}"#, "it has no `text`"),
        (r#"{"type":"text","kind":"x","text":""}"#, "not `x`"),
    ] {
        let error = import(json.as_bytes(), Format::Json, &About::default(), ClientId(1));
        let error = error.expect_err(json).to_string();
        assert!(error.contains(fault), "{json}: {error}");
    }
}
