//! Whole conversions, as pages, HTTP and the command line ask for them.

use super::*;

fn about(kind: Kind) -> About {
    About { title: Some("Mine".into()), kind: Some(kind), lang: Some("rust".into()) }
}

fn text_of(state: &[u8], format: Format) -> String {
    String::from_utf8(export(state, format).expect("exported")).expect("text")
}

#[test]
fn a_file_becomes_the_kind_that_is_asked_for() {
    let source = b"\xef\xbb\xbf# A\r\n\r\n*b*\r\n";
    let rich = import(source, Format::Markdown, &About::default(), ClientId(1)).expect("read");
    assert_eq!(read_meta(&rich).expect("read").kind, Some(Kind::Rich));
    assert_eq!(text_of(&rich, Format::Text), "A\n\nb\n");
    let kept = import(source, Format::Markdown, &about(Kind::Markdown), ClientId(1)).expect("read");
    assert_eq!(read_meta(&kept).expect("read"), about(Kind::Markdown));
    assert_eq!(text_of(&kept, Format::Markdown), "# A\n\n*b*\n");
    assert!(text_of(&kept, Format::Html).contains("<h1>A</h1>"));
    let code = import(source, Format::Markdown, &about(Kind::Code), ClientId(1)).expect("read");
    assert!(text_of(&code, Format::Html).contains("<pre><code class=\"language-rust\">\n# A"));
    let json = text_of(&code, Format::Json);
    let again =
        import(json.as_bytes(), Format::Json, &About::default(), ClientId(2)).expect("read");
    let found = read_meta(&again).expect("read");
    assert_eq!((found.kind, found.lang.as_deref()), (Some(Kind::Code), Some("rust")));
    assert_eq!(text_of(&again, Format::Text), "# A\n\n*b*\n");
    let back =
        import(json.as_bytes(), Format::Json, &about(Kind::Rich), ClientId(2)).expect("read");
    assert_eq!(text_of(&back, Format::Markdown), "```rust\n# A\n\n*b*\n\n```\n");
}

#[test]
fn a_document_is_told_about_without_losing_anything() {
    let state = state_of(&[paragraph("hello")]);
    let changes = About { title: Some("New".into()), ..About::default() };
    let change = edit_meta(&state, &changes, ClientId(8)).expect("edited");
    assert_ne!(&change[..], [0, 0]);
    let with = import(&state, Format::Update, &changes, ClientId(8)).expect("imported");
    assert_eq!(read_meta(&with).expect("read").title.as_deref(), Some("New"));
    assert_eq!(read_meta(&with).expect("read").kind, Some(Kind::Rich));
    assert_eq!(blocks_of(&with), [paragraph("hello")]);
    let nothing = edit_meta(&with, &changes, ClientId(8)).expect("edited");
    assert_eq!(&nothing[..], [0, 0]);
    let same = import(&state, Format::Update, &About::default(), ClientId(8)).expect("imported");
    assert_eq!(same, state);
}

#[test]
fn titles_are_cut_where_the_web_app_cuts_them() {
    let title = "😀".repeat(limits::TITLE_UNITS);
    let about = About { title: Some(title), ..About::default() };
    let state = import(b"a", Format::Text, &about, ClientId(1)).expect("read");
    let title = read_meta(&state).expect("read").title.expect("a title");
    assert_eq!(title.encode_utf16().count(), limits::TITLE_UNITS);
}

#[test]
fn files_convert_without_a_document() {
    let json = convert(b"# A", Format::Markdown, Format::Json).expect("converted");
    let expected = r#"{"type":"doc","content":[{"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"A"}]}]}"#;
    assert_eq!(String::from_utf8_lossy(&json), format!("{expected}\n"));
    let update = convert(b"# A", Format::Markdown, Format::Update).expect("converted");
    assert_eq!(update, convert(b"# A", Format::Markdown, Format::Update).expect("converted"));
    assert_eq!(convert(&update, Format::Update, Format::Markdown).expect("converted"), b"# A\n");
}

#[test]
fn formats_are_known_by_name_and_file() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
        assert_eq!(Format::of_file_name(&format!("A.b.{format}")), Some(format));
        assert!(!format.media_type().is_empty());
    }
    assert_eq!(Format::of_file_name("README.MD"), Some(Format::Markdown));
    assert_eq!(Format::of_file_name("md"), None);
    let error = "docx".parse::<Format>().expect_err("unknown").to_string();
    assert_eq!(error, "there is no format `docx`: md, html, txt, json or yjs");
}

#[test]
fn an_empty_document_has_a_form_in_every_format() {
    for (format, expected) in [
        (Format::Markdown, ""),
        (Format::Text, "\n"),
        (Format::Json, "{\"type\":\"doc\",\"content\":[{\"type\":\"paragraph\"}]}\n"),
    ] {
        assert_eq!(text_of(&[0, 0], format), expected);
    }
    for bytes in [&b""[..], b"{", b"\xff\xfe\x00"] {
        assert!(import(bytes, Format::Json, &About::default(), ClientId(1)).is_err());
    }
    let empty = import(b"", Format::Markdown, &About::default(), ClientId(1)).expect("read");
    assert_eq!(blocks_of(&empty), [paragraph("")]);
}

#[test]
fn only_text_is_read_as_text() {
    for format in [Format::Markdown, Format::Html, Format::Text, Format::Json] {
        let error = import(b"a\xff\xfeb", format, &About::default(), ClientId(1));
        assert_eq!(error, Err(ConvertError::NotText));
    }
    let utf16 = b"\xff\xfeh\0i\0";
    let state = import(utf16, Format::Text, &About::default(), ClientId(1)).expect("read");
    assert_eq!(blocks_of(&state), [paragraph("hi")]);
}
