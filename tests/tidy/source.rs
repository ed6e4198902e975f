//! Rust source without its comments and literals, so that checks see names only where they are code.
//!
//! Knows just enough of the lexer: line and nested block comments, strings, raw strings, characters.

/// The code alone: line breaks stay, so that line numbers do; each literal becomes `""`.
pub(crate) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(ch) = rest.chars().next() {
        let in_word = code.ends_with(is_word);
        let (skipped, literal) = match ch {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (block_comment(rest), false),
            '"' => (string(rest), true),
            'r' | 'b' | 'c' if !in_word && raw_string(rest).is_some() => {
                (raw_string(rest).unwrap_or_default(), true)
            }
            '\'' if character(rest).is_some() => (character(rest).unwrap_or_default(), true),
            _ => {
                code.push(ch);
                rest = &rest[ch.len_utf8()..];
                continue;
            }
        };
        if literal {
            code.push_str("\"\"");
        }
        code.extend(rest[..skipped].chars().filter(|ch| *ch == '\n'));
        rest = &rest[skipped..];
    }
    code
}

/// Whether a character can stand in a name.
pub(crate) fn is_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_'
}

/// The name at the start of a text; empty when there is none.
pub(crate) fn first_word(text: &str) -> &str {
    &text[..text.find(|ch| !is_word(ch)).unwrap_or(text.len())]
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, ch) in rest.char_indices().skip(1) {
        match ch {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c']);
    let body = body.strip_prefix('r')?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let body = body[hashes..].strip_prefix('"')?;
    let start = rest.len() - body.len();
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

/// A character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest[1..].char_indices();
    let (_, first) = inside.next()?;
    if first == '\\' {
        // The escaped character may itself be a quote.
        inside.next()?;
        return inside.find(|(_, ch)| *ch == '\'').map(|(at, _)| at + 2);
    }
    let (at, after) = inside.next()?;
    (after == '\'').then_some(at + 2)
}

#[cfg(test)]
mod tests {
    use super::code_only;

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(code_only("a // crate::x\nb"), "a \nb");
        assert_eq!(code_only("a /* x /* y */ z\n */ b"), "a \n b");
        assert_eq!(code_only(r#"f("// \" no", 1) // yes"#), r#"f("", 1) "#);
        assert_eq!(code_only("r#\"a \" b\"# + br\"x\\\" + c"), "\"\" + \"\" + c");
        assert_eq!(code_only(r"'a' '\'' '\u{1f}' '/' b'x' &'a str"), r#""" "" "" "" b"" &'a str"#);
        assert_eq!(code_only("number\"x\""), "number\"\"");
    }

    #[test]
    fn line_numbers_stay() {
        let source = "a\n/*\n\n*/ \"x\ny\" b\n";
        assert_eq!(code_only(source).lines().count(), source.lines().count());
    }
}
